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
ok "unregister takes it back" "$NACRE" unregister who
is "$("$NACRE" exec -- "$work/host" "$work/lib/libwho.so" 2>/dev/null | grep -c lost)" 0 \
	"and hosts load the extension itself again"
finish
