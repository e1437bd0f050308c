# SPDX-License-Identifier: BSD-2-Clause
# list.sh - list tells what is registered, for a reader and for a program

. "$(dirname "$0")/common.sh"

ok "an empty registry is listed" "$NACRE" list
said 'nothing is registered' "as such"
is "$("$NACRE" list --json)" "[]" "and as an empty array"
is "$("$NACRE" list --names)" "" "and as no name"

registration one "$work/lib/one.so" one.so.1 "$work/proxy/one.so"
registration two "$work/lib/tw\"o
.so" '' "$work/proxy/two.so"
fails 3 "a malformed registration is an error" "$NACRE" list
said 'two.conf:2' "that names file and line"
said 'one ' "and the others are listed all the same"

odd=$(printf '%s/lib/\\"tw\303\266\377.so' "$work")
registration two "$odd" '' "$work/proxy/two.so"
ok "registrations are listed" "$NACRE" list
said "does not work: the proxy $work/proxy/one.so cannot be found" "with what is wrong with them"
is "$("$NACRE" list --names | tr '\n' ' ')" "one two " "names alone are one per line"
ok "-v lists every key" "$NACRE" list -v
said 'memory_mb      1024' "with its value"
if command -v python3 >/dev/null; then
	"$NACRE" list --json >"$work/json"
	ok "--json prints valid JSON for odd file names" python3 -c '
import json, sys
two = json.load(open(sys.argv[1]))[1]
assert two["name"] == "two", two
assert two["extension"].endswith("\\\"tw\u00f6\ufffd.so"), two
assert two["memory_mb"] == 1024 and two["allow_net"] is False and two["allow_read"] == []' "$work/json"
	ok "probe prints facts" "$NACRE" probe
	"$NACRE" probe --json >"$work/json"
	ok "probe --json prints valid JSON" python3 -c '
import json, sys
facts = json.load(open(sys.argv[1]))
assert isinstance(facts["seccomp"], bool) and isinstance(facts["landlock_abi"], int), facts' \
		"$work/json"
else
	skip "--json prints valid JSON" "python3 is not installed"
fi
finish
