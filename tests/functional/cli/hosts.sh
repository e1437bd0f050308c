# SPDX-License-Identifier: BSD-2-Clause
# hosts.sh - exec refuses a host that cannot be redirected, and says why; all others just run

. "$(dirname "$0")/common.sh"
requires_program "$CC"

run "$NACRE" exec -- true
is "$status" 0 "with an empty registry a host runs all the same"
said 'nothing is registered' "and a warning says that nothing is isolated"

library "$work/lib/libwho.so" extension
library "$work/proxy/libwho.so" proxy
registration who "$work/lib/libwho.so" '' "$work/proxy/libwho.so"

run "$NACRE" exec -- true
is "$(cat "$work/out" "$work/err")" "" "exec itself prints nothing"
fails 7 "the exit status is the host's" "$NACRE" exec -- sh -c 'exit 7'
is "$("$NACRE" exec -- sh -c 'echo "$@"' zero --json -n 1)" "--json -n 1" \
	"what follows the host is the host's"
is "$("$NACRE" exec sh -c 'echo "$1"' zero --help)" "--help" "even without --"
fails 2 "exec without a host is a usage error" "$NACRE" exec --
audit=$("$NACRE" exec -- sh -c 'echo $LD_AUDIT')
is "$(LD_AUDIT=/nonexistent.so "$NACRE" exec -- sh -c 'echo $LD_AUDIT' 2>"$work/err")" \
	"$audit:/nonexistent.so" "the user's own audit modules are kept"
is "$("$NACRE" exec -- "$NACRE" exec -- sh -c 'echo $LD_AUDIT')" "$audit" \
	"an exec within an exec adds no second module"
is "$("$NACRE" exec --log=rel.log -- sh -c 'echo $NACRE_LOG')" "$PWD/rel.log" \
	"--log makes the file's name absolute"

fails 5 "a program that is not there is refused" "$NACRE" exec -- no-such-program
said 'no such program' "and the message says so"
echo text >"$work/text"
fails 4 "a file that is not executable is refused" "$NACRE" exec -- "$work/text"
chmod +x "$work/text"
fails 7 "an executable text without #! is refused" "$NACRE" exec -- "$work/text"
said 'neither an ELF program nor a script' "and the message says so"

dlopen_host "$work/host"
if $CC -static "$work/linked.c" -o "$work/static" 2>/dev/null ||
   { echo 'int main(void) { return 0; }' >"$work/static.c" &&
     $CC -static "$work/static.c" -o "$work/static" 2>/dev/null; }; then
	fails 7 "a static host is refused" "$NACRE" exec -- "$work/static"
	said 'static program' "and the message says so"
	echo "#! $work/static with arguments" >"$work/script"
	chmod +x "$work/script"
	fails 7 "so is a script whose interpreter is static" "$NACRE" exec -- "$work/script"
	said "$work/script: is a script for $work/static" "and the message names both"
else
	skip "a static host is refused" "no static C library"
fi
printf '#!/bin/sh\necho script "$1"\n' >"$work/script"
chmod +x "$work/script"
is "$("$NACRE" exec -- "$work/script" runs)" 'script runs' "a script of a dynamic interpreter runs"
printf '#!%s/loop\n' "$work" >"$work/loop"
chmod +x "$work/loop"
fails 7 "a script that interprets itself is refused" "$NACRE" exec -- "$work/loop"

# patch FILE OFFSET OCTAL...: change bytes of a copy of the host.
patch()
{
	cp "$work/host" "$1"
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
patch "$work/bits32" 4 '\001'
fails 7 "a 32-bit host is refused" "$NACRE" exec -- "$work/bits32"
said '32-bit' "and the message says so"
patch "$work/machine" 18 '\026\000'
fails 7 "a host for another machine is refused" "$NACRE" exec -- "$work/machine"
said 'another machine' "and the message says so"
patch "$work/broken" 54 '\001\000'
fails 3 "a malformed host is refused" "$NACRE" exec -- "$work/broken"
said 'malformed ELF' "and the message says so"
$CC -Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1 "$work/host.c" -o "$work/musl"
fails 7 "a host with a loader that knows no audit modules is refused" "$NACRE" exec -- "$work/musl"
said 'ld-musl' "and the message names the loader"
fails 7 "a library is refused" "$NACRE" exec -- "$work/lib/libwho.so"

chmod 4755 "$work/host"
ok "a setuid host that changes nothing runs" "$NACRE" exec -- "$work/host"
chmod 755 "$work/host"
if [ "$(id -u)" -eq 0 ]; then
	cp "$work/host" "$work/setuid"
	cp "$work/host" "$work/setgid"
	chown 65534:65534 "$work/setuid" "$work/setgid"
	chmod 4755 "$work/setuid"
	chmod 2755 "$work/setgid"
	fails 7 "a setgid host is refused" "$NACRE" exec -- "$work/setgid"
	said 'is setgid' "and the message says so"
	setuid=$work/setuid
else
	setuid=$(find /usr/bin /bin -perm -4001 -user root -type f 2>/dev/null | head -1)
fi
if [ -n "$setuid" ]; then
	fails 7 "a setuid host is refused" "$NACRE" exec -- "$setuid"
	said 'is setuid' "and the message says so"
else
	skip "a setuid host is refused" "this user can make none and the system has none"
fi

mv "$work/proxy/libwho.so" "$work/proxy/away"
fails 5 "a missing proxy stops exec" "$NACRE" exec -- true
said "who: the proxy $work/proxy/libwho.so cannot be found" "and the message names both"
said 'nacre register who --force' "and the remedy"
mv "$work/proxy/away" "$work/proxy/libwho.so"
echo 'colour = red' >"$NACRE_REGISTRY/registry.d/bad.conf"
fails 3 "a malformed registration stops exec" "$NACRE" exec -- true
said 'bad.conf:1: unknown key' "and the message names file and line"
finish
