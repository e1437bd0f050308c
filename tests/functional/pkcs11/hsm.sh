# SPDX-License-Identifier: BSD-2-Clause
# hsm.sh - a SoftHSM2 token of the test's own, registered in a registry of the test's own
#
# Sets $nacre, $module, $tokens; exports NACRE_REGISTRY, NACRE_LOG, SOFTHSM2_CONF. Needs $work and $1, the
# nacre program.
nacre=${1:?the nacre program}
module=/usr/lib/softhsm/libsofthsm2.so
tokens=$work/tokens
export work NACRE_REGISTRY=$work/registry NACRE_LOG=$work/log SOFTHSM2_CONF=$work/softhsm2.conf

make_token()
{
	mkdir -p "$tokens"
	printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$tokens" \
		>"$SOFTHSM2_CONF"
	softhsm2-util --init-token --free --label test --so-pin 0000 --pin 1234 >/dev/null
}

register_module() # [OPTIONS...]
{
	"$nacre" register softhsm2 --overlay pkcs11 --extension "$module" \
		--allow-read "$SOFTHSM2_CONF" --allow-write "$tokens" \
		${NACRE_TEST_PRELOAD:+--memory 0} "$@" >/dev/null &&
		sed -i "s/^max_failures = .*/max_failures = 1000000/" \
			"$NACRE_REGISTRY/registry.d/softhsm2.conf"
}
