# SPDX-License-Identifier: BSD-2-Clause
# zlib.sh - the machine's zlib, in a registry of the test's own
#
# Arguments: NACRE ZLIB_HOST ZLIB_USERS ZLIB_PLUGIN, the programs of this room. Sets $nacre, $host, $users,
# $plugin and $libz, the library that they are linked with; exports NACRE_REGISTRY and NACRE_LOG.
nacre=$(realpath "${1:?the nacre program}") host=$(realpath "${2:?zlib-host}")
users=$(realpath "${3:?zlib-users}") plugin=$(realpath "${4:?zlib-plugin}")
export NACRE_REGISTRY=$work/registry NACRE_LOG=$work/log
export ASAN_OPTIONS=detect_leaks=0 # of hosts that are not ours

linked_libz() # PROGRAM: the libz.so.1 that it is linked with; fails where there is none
{
	ldd "$1" 2>/dev/null | sed -n 's/^\tlibz\.so\.1 => \([^ ]*\) .*/\1/p' | grep .
}
libz=$(linked_libz "$host") || skip_all "$host is not linked with libz.so.1"

register_zlib() # [OPTIONS...]
{
	"$nacre" register zlib --overlay zlib --extension "$libz" ${NACRE_TEST_PRELOAD:+--memory 0} "$@" &&
		sed -i 's/^max_failures = .*/max_failures = 1000000/' "$NACRE_REGISTRY/registry.d/zlib.conf"
}

# In how many processes was the library answered with its proxy? Needs NACRE_LOG_LEVEL=debug.
proxied_processes()
{
	grep -c 'zlib: libz\.so\.1 is answered with' "$NACRE_LOG"
}
