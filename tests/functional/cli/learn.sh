# SPDX-License-Identifier: BSD-2-Clause
# learn.sh - exec --learn looks like the host from outside, and shows what was learned

. "$(dirname "$0")/common.sh"

registration who /bin/sh '' /bin/sh
fails 7 "the exit status is the host's" "$NACRE" exec --learn -- sh -c 'exit 7'
said 'nothing was learned' "an empty profile is said"
run sh -c '"$NACRE" exec --learn -- sh -c "kill -9 \$\$" & wait $!'
is "$status" 137 "the signal that ends the host ends nacre"
run "$NACRE" exec --learn -- sh -c 'echo "allow_read = /etc/x" >"$NACRE_LEARN/who.conf"'
said 'allow_read = /etc/x' "what was learned is shown"
said "cat '$NACRE_REGISTRY/data/.learned/who.conf' >>'$NACRE_REGISTRY/registry.d/who.conf'" \
	"with the command that adopts it"
run "$NACRE" exec --learn -- true
said 'nothing was learned' "the profile of an earlier run is not shown again"
registration other /bin/cat '' /bin/cat
run "$NACRE" exec --learn -- sh -c 'echo "allow_read = /etc/x" >"$NACRE_LEARN/other.conf"'
said 'other needs' "each registration has a profile of its own"
is "$(grep -c 'who needs' "$work/err")" 0 "and nothing is said of one that needs nothing"
run "$NACRE" exec --learn -- sh -c \
	'echo "allow_read = /a" >"$NACRE_LEARN/other.conf"; echo "allow_net = yes" >"$NACRE_LEARN/who.conf"'
is "$(grep '^    ' "$work/err" | tr '\n' ';')" "    allow_read = /a;    allow_net = yes;" \
	"two of them are shown one after the other"
said "who.conf' >>'$NACRE_REGISTRY/registry.d/who.conf'" "each with its command"
said "other.conf' >>'$NACRE_REGISTRY/registry.d/other.conf'" "and the other"
(
	"$NACRE" exec --learn -- sh -c \
		'trap "echo got; exit 3" TERM; echo ready; while :; do sleep 0.1; done' >"$work/sig" 2>/dev/null &
	child=$!
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		grep -q ready "$work/sig" 2>/dev/null && break
		sleep 0.1
	done
	kill -TERM $child
	wait $child
	echo $? >>"$work/sig"
)
is "$(tr '\n' ' ' <"$work/sig")" "ready got 3 " "a signal for nacre reaches the host"
run "$NACRE" exec --learn -- sh -c '(sleep 0.3; echo "allow_net = yes" >"$NACRE_LEARN/who.conf") & exit 0'
said 'allow_net = yes' "a profile that is written after the host's end is waited for"
NACRE_LEARN=/tmp/x run "$NACRE" exec -- sh -c 'echo "${NACRE_LEARN-unset}"'
said unset "without --learn nothing is learned"
finish
