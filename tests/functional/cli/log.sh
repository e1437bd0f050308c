# SPDX-License-Identifier: BSD-2-Clause
# log.sh - log shows the last lines, of all or of one registration

. "$(dirname "$0")/common.sh"

ok "a log that nobody wrote is no error" "$NACRE" log
said "$work/log: nothing has been logged" "and its place is named"
is "$("$NACRE" log --path)" "$work/log" "--path prints the place"
i=0
while [ $i -lt 30 ]; do
	i=$((i + 1))
	printf '2026-01-01T00:00:00.000Z error nacre[1] %s: line %s\n' a $i
	printf '2026-01-01T00:00:00.000Z error nacre[1] %s: line a: %s\n' b $i
done >"$work/log"
is "$("$NACRE" log | wc -l)" 20 "it shows 20 lines"
is "$("$NACRE" log -n 1)" "2026-01-01T00:00:00.000Z error nacre[1] b: line a: 30" "the last ones"
is "$("$NACRE" log -n 2 a | tail -1)" "2026-01-01T00:00:00.000Z error nacre[1] a: line 30" \
	"with a name, those about it alone"
is "$("$NACRE" log -n 1000 b | wc -l)" 30 "as many as there are"
printf 'escape \033[31m\n' >>"$work/log"
is "$("$NACRE" log -n 1)" 'escape ?[31m' "what a terminal would obey is not printed"
NACRE_LOG=none run "$NACRE" log
is "$status" 5 "no log file is an error"
unset NACRE_LOG
is "$(XDG_STATE_HOME=/s "$NACRE" log --path)" /s/nacre/log "the default place follows XDG_STATE_HOME"
finish
