# SPDX-License-Identifier: BSD-2-Clause
# redirect.sh - a host asks for an extension in any way that there is, and gets the proxy

. "$(dirname "$0")/common.sh"
requires_program "$CC"

library "$work/lib/libwho.so.1.2" extension libwho.so.1
ln -s libwho.so.1.2 "$work/lib/libwho.so.1"
ln -s libwho.so.1 "$work/lib/libwho.so"
ln "$work/lib/libwho.so.1.2" "$work/lib/hard.so"
library "$work/lib/other.so" other
library "$work/proxy/libwho.so.1" proxy libwho.so.1
registration who "$work/lib/libwho.so.1" libwho.so.1 "$work/proxy/libwho.so.1"
dlopen_host "$work/host"

# opens WANT NAME SENTENCE: what the host gets for NAME under nacre exec.
opens()
{
	is "$(cd "$work" && "$NACRE" exec -- "$work/host" "$2" 2>&1)" "$1" "$3"
}

is "$("$work/host" "$work/lib/libwho.so.1")" extension "without nacre a host loads the extension"
opens proxy "$work/lib/libwho.so.1" "dlopen by absolute path gives the proxy"
opens proxy "$work/lib/libwho.so.1.2" "dlopen by the name behind a symbolic link gives the proxy"
opens proxy "$work/lib/hard.so" "dlopen by another hard link gives the proxy"
opens proxy ./lib/libwho.so.1 "dlopen by relative path gives the proxy"
opens proxy "$work/lib/../lib/./libwho.so" "dlopen by a roundabout path gives the proxy"
opens proxy libwho.so.1 "dlopen by soname gives the proxy"
opens proxy '$ORIGIN/lib/libwho.so.1.2' "dlopen relative to \$ORIGIN gives the proxy"
opens proxy '${ORIGIN}/lib/hard.so' "dlopen relative to \${ORIGIN} gives the proxy"
opens other "$work/lib/other.so" "another library is loaded as it is"
is "$(LD_LIBRARY_PATH=$work/lib "$NACRE" exec -- "$work/host" libwho.so hard.so)" "proxy
proxy" "a file that the search path finds is recognised"

echo 'const char *who(void); int puts(const char *); int main(void) { puts(who()); return 0; }' \
	>"$work/linked.c"
$CC "$work/linked.c" -o "$work/linked" -L"$work/lib" -lwho -Wl,-rpath,"$work/lib"
is "$("$work/linked")" extension "without nacre a linked host loads the extension"
is "$("$NACRE" exec -- "$work/linked")" proxy "a linked host (DT_NEEDED) gets the proxy"
is "$("$NACRE" exec -- sh -c "exec '$work/linked'")" proxy "so does a program that the host starts"
is "$("$NACRE" exec -- env LD_PRELOAD="$work/lib/hard.so" "$work/linked")" proxy \
	"a preloaded extension is its proxy too"

library "$work/again/libwho.so.1" second
registration again "$work/again/libwho.so.1" '' "$work/proxy/libwho.so.1"
library "$work/proxy/again.so" 'second proxy'
sed -i "s|^proxy = .*|proxy = $work/proxy/again.so|" "$NACRE_REGISTRY/registry.d/again.conf"
is "$(LD_LIBRARY_PATH=$work/again "$NACRE" exec -- "$work/host" libwho.so.1)" 'second proxy' \
	"where a name could mean two extensions, the file that is found decides"
opens 'second proxy' "$work/again/libwho.so.1" "two registrations do not mix"
rm "$NACRE_REGISTRY/registry.d/again.conf"

# The audit module alone, as for the children of a host that runs while the registry changes.
audit=$("$NACRE" exec -- sh -c 'echo $LD_AUDIT')
mv "$work/proxy/libwho.so.1" "$work/proxy/away"
run env LD_AUDIT="$audit" "$work/host" "$work/lib/libwho.so.1"
said "$work/proxy/libwho.so.1: cannot open shared object file" \
	"a proxy that vanished is an error that names it, and the extension is not loaded"
ok "and a line in the log" grep -q "error nacre.* who: the proxy $work/proxy/libwho.so.1" "$work/log"
mv "$work/proxy/away" "$work/proxy/libwho.so.1"
echo rubbish >"$NACRE_REGISTRY/registry.d/a.conf"
run env LD_AUDIT="$audit" "$work/host" "$work/lib/libwho.so.1"
said proxy "a malformed file leaves the other registrations in force"
ok "and is named in the log" grep -q 'registry.d/a.conf:1: not' "$work/log"
is "$(cat "$work/err")" "" "the audit module prints nothing"
finish
