#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# hostile.sh - a driver that crashes, hangs or lies costs its volume, and nothing else
. "$(dirname "$0")/common.sh"
export NACRE_TEST_DEADLINE=1000

# try HOW r|w COMMANDS
try()
{
	printf '%s' "$1" >"$image"
	truncate -s 65536 "$image"
	try_how=$2
	shift 2
	"$drive" "$image" hostile "$try_how" "$@"
}

fails_as() # CODE HOW COMMANDS
{
	code=$1 how=$2
	shift 2
	fails 1 "$how: an error comes back" try "$how" r "$@"
	said "error $code" "$how: of the right kind"
}

ok "as long as it behaves, all is well" try '' r info , map , list / , stat /x , cat /x
start=$(date +%s)
fails_as 8 'hang open' info
ok "hang open: the deadline holds for the first call" test $(($(date +%s) - start)) -lt 30
for call in open describe; do
	fails_as 8 "crash $call" info
	fails_as 8 "exit $call" info
done
fails_as 8 'crash map' map
fails_as 8 'crash list' list /
fails_as 8 'crash stat' stat /x
fails_as 8 'crash read' cat /x
fails_as 8 'hang list' list /
ok "crash close: nothing of what was only read is missing" try 'crash close' r stat /x
fails 1 "crash close: what was written may be" try 'crash close' w stat /x
fails 1 "close fails: that is told" try 'close fails' w stat /x
run try 'crash stat' r stat /x , stat /x , list / , map
is "$(grep -c 'error 8 ESTALE' "$work/out") $(grep -c 'is lost' "$work/log")" "4 $(grep -c 'is lost' "$work/log")" \
	"a volume whose driver is lost stays lost"
said "$work/log" "and the log that says why is named"
: >"$work/log"
try 'crash stat' r stat /x , stat /x , list / , map >"$work/out"
is "$(grep -c 'nacre_fs_' "$work/log")" 1 "no other virtual process is started for it"

for how in 'odd result' 'negative result' 'large read' 'wild user'; do
	fails_as 8 "$how" info
done
fails_as 3 'no handle' info
fails_as 8 'map too many' map
for how in 'map outside' 'map far outside' 'map nothing' 'map odd use' 'map forever' 'map overlap'; do
	fails_as 3 "$how" map
done
for how in 'name 0' 'name 1' 'name 2' 'name 3' 'name endless' 'list forever'; do
	fails_as 3 "$how" list /
done
fails_as 8 'long read' cat /x
fails_as 3 'no read' cat /x
fails_as 7 'large file' cat /x
run try 'endless info' r info
is "$(head -n1 "$work/out" | cut -c1-25)" 'xxxxxxxxxxxxxxx label=xxx' "endless info: texts end"
fails_as 8 'a link without an end' link /x
run try 'reach' w info
memory=no-memory
[ "${FS_SANITIZED:-no}" = no ] || memory=memory
said "label=22 22 22 0 22 no-file no-net $memory" "it reaches its volume and nothing else"
ok "nothing was made" test ! -e /tmp/nacre-hostile
finish
