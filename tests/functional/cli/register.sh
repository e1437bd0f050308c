# SPDX-License-Identifier: BSD-2-Clause
# register.sh - register checks first, then makes everything or nothing; unregister takes it back

. "$(dirname "$0")/common.sh"
requires_program "$CC"

library "$work/lib/libwho.so.1.0" extension libwho.so.1
ln -s libwho.so.1.0 "$work/lib/libwho.so.1"
cat >"$work/overlay.h" <<-END
	#include <nacre/overlay.h>
	NACRE_INTERFACE(who, version("1"), on_fail(NULL));
END
conf=$NACRE_REGISTRY/registry.d/who.conf data=$NACRE_REGISTRY/data/who

register()
{
	"$NACRE" register "$@"
}

nothing_made()
{
	is "$(find "$NACRE_REGISTRY" -type f | tr '\n' ' ')" "" "and nothing is made"
}

fails 2 "an extension is required" register who --overlay "$work/overlay.h"
said '--extension LIB is missing' "and the message says so"
fails 2 "an overlay is required" register who --extension "$work/lib/libwho.so.1"
for name in ../who .who -- a/b 'a b' ''; do
	fails 2 "the name '$name' is refused" register -- "$name"
done
with="--overlay $work/overlay.h --extension"
fails 5 "a missing extension is refused" register who $with "$work/none.so"
said "$work/none.so: cannot open" "and named"
fails 7 "a script is refused" register who $with "$0"
fails 7 "a program is refused" register who $with /bin/sh
said 'a program, not a shared object' "and the message says so"
cp "$work/lib/libwho.so.1" "$work/lib/bits32.so"
printf '\001' | dd of="$work/lib/bits32.so" bs=1 seek=4 conv=notrunc 2>/dev/null
fails 7 "an object of another word size is refused" register who $with "$work/lib/bits32.so"
head -c 100 "$work/lib/libwho.so.1" >"$work/lib/cut.so"
fails 3 "an object that is cut off is refused" register who $with "$work/lib/cut.so"
fails 5 "an unknown interface is refused" register who --overlay nointerface \
	--extension "$work/lib/libwho.so.1"
fails 3 "a header that is no overlay is refused" register who --overlay "$work/library.c" \
	--extension "$work/lib/libwho.so.1"
nothing_made

cd "$work" || exit 99
ok "a dry run shows the registration" register who --dry-run --overlay overlay.h \
	--extension lib/libwho.so.1 --deadline 250 --memory=64 --max-failures 9 --profile thrifty --allow-read lib \
	--allow-write . --allow-read /etc --allow-net --allow-syscall openat --setenv A=1 --cold
cat >"$work/want" <<-END
	extension = $work/lib/libwho.so.1
	soname = libwho.so.1
	interface = who
	overlay = $work/overlay.h
	proxy = $data/libwho.so.1
	stub = $data/nacre-stub.so
	backend = process
	deadline_ms = 250
	memory_mb = 64
	max_failures = 9
	profile = thrifty
	cold = yes
	allow_net = yes
	allow_read = $work/lib
	allow_read = /etc
	allow_write = $work/.
	allow_syscall = openat
	environment = A=1
END
is "$(grep ' = ' "$work/out" | grep -v '^vproc')" "$(cat "$work/want")" "with every option in its key"
nothing_made
run register who --dry-run $with lib/libwho.so.1
is "$(grep -c '^max_failures = 0$' "$work/out")" 1 "the number of failures is the default's unless it is said"
fails 2 "more failures than a registration can say are refused" register who --dry-run \
	$with lib/libwho.so.1 --max-failures 1000001
fails 3 "a variable without a value is refused" register who --dry-run $with lib/libwho.so.1 --setenv A
fails 2 "a value with a line of its own is refused" register who --dry-run $with lib/libwho.so.1 \
	--allow-read "/a
allow_fork = yes"

run register who --dry-run --overlay pkcs11 --extension lib/libwho.so.1
if ! grep -q 'a ready pair is there' "$work/out"; then
	skip "a shipped interface is registered without a compiler" "no pair for pkcs11 was built"
	finish
fi

ok "a shipped interface is registered without a compiler" env PATH= "$NACRE" register who \
	--overlay pkcs11 --extension lib/libwho.so.1 --deadline 250
is "$("$NACRE" list --names)" who "and listed"
is "$(find "$data" -printf '%P %m\n' | sort | tr '\n' ' ')" \
	" 755 MANIFEST 644 audit.txt 644 libwho.so.1 755 nacre-stub.so 755 " \
	"with its own proxy, called like the extension, its own stub, and the report"
ok "exec finds nothing wrong with it" "$NACRE" exec -- true
fails 6 "a name is taken once" register who --overlay pkcs11 --extension lib/libwho.so.1
said '--force' "and the message has the remedy"
fails 6 "so is an extension" register who2 --overlay pkcs11 --extension lib/libwho.so.1.0
fails 2 "a proxy is no extension" register who2 --overlay pkcs11 --extension "$data/libwho.so.1"
inode=$(stat -c %i "$data/libwho.so.1")
ok "--force replaces it" register who --force --overlay pkcs11 --extension lib/libwho.so.1.0
ok "with the new values" grep -q "^extension = $work/lib/libwho.so.1.0" "$conf"
is "$(ls -A "$NACRE_REGISTRY/data" | tr '\n' ' ')" "who " "and nothing is left of the old one"
ok "nor in its directory" test ! -e "$data/libwho.so.1"
ok "a second registration is made" register other --overlay pkcs11 --extension /lib/x86_64-linux-gnu/libz.so.1
is "$(cmp "$data/libwho.so.1.0" "$NACRE_REGISTRY/data/other/libz.so.1" && stat -c %h "$data/libwho.so.1.0")" \
	1 "with a copy of its own of the proxy"
echo rubbish >>"$conf"
ok "--force replaces a malformed registration" register who --force --overlay pkcs11 \
	--extension lib/libwho.so.1

chmod -w "$NACRE_REGISTRY/registry.d"
if [ ! -w "$NACRE_REGISTRY/registry.d" ]; then
	fails 4 "a file that cannot be written is an error" register third --overlay pkcs11 \
		--extension lib/libwho.so.1
	ok "and leaves no data" test ! -e "$NACRE_REGISTRY/data/third"
fi
chmod +w "$NACRE_REGISTRY/registry.d"
cp lib/libwho.so.1 lib/fourth.so
mkdir "$NACRE_REGISTRY/registry.d/fourth.conf"
fails 4 "a file that cannot be replaced is an error" register fourth --force --overlay pkcs11 \
	--extension lib/fourth.so
ok "and leaves no data" test ! -e "$NACRE_REGISTRY/data/fourth"
rmdir "$NACRE_REGISTRY/registry.d/fourth.conf"

fails 5 "what is not registered cannot be unregistered" "$NACRE" unregister nobody
said 'not registered' "and the message says so"
fails 2 "nor what could not be" "$NACRE" unregister ../who
echo mine >"$NACRE_REGISTRY/data/other/mine"
fails 4 "a file of the user's in the data directory is not removed" "$NACRE" unregister other
is "$(ls "$NACRE_REGISTRY/data/other")" mine "but all that register made is"
ok "unregister removes a registration" "$NACRE" unregister who
ok "and its data" test ! -e "$data"
ok "and its file" test ! -e "$conf"
finish
