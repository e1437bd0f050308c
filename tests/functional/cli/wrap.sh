# SPDX-License-Identifier: BSD-2-Clause
# wrap.sh - an overlay of the user's own: generated, compiled, registered, called

. "$(dirname "$0")/common.sh"
requires_program "$CC"
requires_file "$(dirname "$NACRE")/nacre-generator"

mkdir "$work/include"
echo 'const char *who(void);' >"$work/include/who.h"
cat >"$work/overlay.h" <<-END
	#include <who.h>
	#include <nacre/overlay.h>
	NACRE_INTERFACE(who, version("1"), on_fail("lost"), deadline(2000));
	const char *who(void) nacre(string, interned);
END
cat >"$work/library.c" <<-END
	#include <unistd.h>
	#include <stdio.h>
	const char *who(void);
	const char *who(void) { static char text[32]; sprintf(text, "%d", getpid()); return text; }
END
mkdir "$work/lib"
$CC -shared -fPIC "$work/library.c" -o "$work/lib/libwho.so"
dlopen_host "$work/host"

ok "sources are written" "$NACRE" wrap "$work/overlay.h" -I "$work/include" --no-build \
	--extension "$work/lib/libwho.so" -o "$work/made"
is "$(ls "$work/made" | tr '\n' ' ')" "audit.txt proxy.c stub.c symbols.map " "and nothing is compiled"
ok "proxy and stub are compiled" "$NACRE" wrap "$work/overlay.h" --include="$work/include" \
	--extension "$work/lib/libwho.so" -o "$work/made"
ok "into shared objects" test -s "$work/made/proxy.so" -a -s "$work/made/stub.so"
fails 2 "a directory is required" "$NACRE" wrap "$work/overlay.h" --extension "$work/lib/libwho.so"
said '-o DIR is missing' "and the message says so"
fails 3 "a header that is not found is an error" "$NACRE" wrap "$work/overlay.h" \
	--extension "$work/lib/libwho.so" -o "$work/other"
said 'overlay.h:1' "that names file and line"
fails 3 "so is a header that is no overlay" "$NACRE" wrap "$work/include/who.h" \
	--extension "$work/lib/libwho.so" -o "$work/other"

ok "register generates what it needs" env TMPDIR="$work" "$NACRE" register who \
	--overlay "$work/overlay.h" -I "$work/include" --extension "$work/lib/libwho.so" --memory 0
is "$(find "$work" -maxdepth 1 -name 'nacre-wrap*')" "" "and leaves no temporary directory"
host=$("$NACRE" exec -- sh -c 'echo $$; exec "$1" "$2"' sh "$work/host" "$work/lib/libwho.so" 2>&1)
is "$(echo "$host" | grep -c '^[0-9]*$')" 2 "a host calls the extension"
ok "which runs in a process of its own" test "$(echo "$host" | head -1)" != "$(echo "$host" | tail -1)"

# Two extensions that read a file each: what one needs is not allowed to the other.
for name in one two; do
	echo $name >"$work/$name.txt"
	cat >"$work/$name.c" <<-END
		#include <fcntl.h>
		#include <unistd.h>
		const char *who(void);
		const char *who(void)
		{
			static char text[8];
			int fd = open("$work/$name.txt", O_RDONLY);
			return fd < 0 || read(fd, text, 3) != 3 ? "denied" : text;
		}
	END
	$CC -shared -fPIC "$work/$name.c" -o "$work/lib/$name.so"
	"$NACRE" register $name --overlay "$work/overlay.h" -I "$work/include" \
		--extension "$work/lib/$name.so" >/dev/null
done
both="$work/host $work/lib/one.so $work/lib/two.so $work/lib/one.so"
is "$("$NACRE" exec -- $both | tr '\n' ' ')" "denied denied denied " "extensions do not get at files"
run "$NACRE" exec --learn -- $both
is "$(grep -c -x one "$work/out") $(grep -c -x two "$work/out")" "2 1" "a learning run denies nothing"
for name in one two; do
	is "$(grep -v '^#' "$NACRE_REGISTRY/data/.learned/$name.conf")" "allow_read = $work/$name.txt" \
		"the profile of $name says what $name needs, and no more"
	cat "$NACRE_REGISTRY/data/.learned/$name.conf" >>"$NACRE_REGISTRY/registry.d/$name.conf"
done
is "$("$NACRE" exec -- $both | tr '\n' ' ')" "one two one " "with the profiles each gets its own"
for name in one two; do
	"$NACRE" unregister $name >/dev/null
done

ok "unregister takes it back" "$NACRE" unregister who
is "$("$NACRE" exec -- "$work/host" "$work/lib/libwho.so" 2>/dev/null | grep -c lost)" 0 \
	"and hosts load the extension itself again"
finish
