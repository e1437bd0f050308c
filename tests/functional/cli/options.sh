# SPDX-License-Identifier: BSD-2-Clause
# options.sh - words that nacre does not know are refused, with where to look

. "$(dirname "$0")/common.sh"

fails 2 "no command is a usage error" "$NACRE"
fails 2 "an unknown command is a usage error" "$NACRE" frobnicate
said 'nacre help' "which points to the help"
ok "help lists the commands" "$NACRE" help
said 'unregister' "all of them"
ok "--help does the same" "$NACRE" --help
ok "--version prints the version" "$NACRE" --version
said 'nacre 0.' "with the program's name"
fails 2 "an unknown option is a usage error" "$NACRE" list --colour
said '--colour: unknown option' "which names it"
fails 2 "an unknown letter is a usage error" "$NACRE" list -x
fails 2 "a missing value is a usage error" "$NACRE" log --lines
fails 2 "a value for a flag is a usage error" "$NACRE" list --json=yes
fails 2 "a number that is none is a usage error" "$NACRE" log -n ten
said 'whole number from 1' "which tells what is taken"
fails 2 "a number out of range is a usage error" "$NACRE" log -n 0
fails 2 "an overlong number is a usage error" "$NACRE" log -n 99999999999999999999999
fails 2 "a word outside the choice is a usage error" "$NACRE" register x --profile fast
said 'balanced|latency|thrifty' "which lists them"
fails 2 "a missing operand is a usage error" "$NACRE" unregister
fails 2 "an operand too many is a usage error" "$NACRE" unregister a b
ok "letters may be joined to values" "$NACRE" log -n5
ok "and options come behind operands" "$NACRE" log name -n 5
for command in $("$NACRE" help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
	ok "$command explains itself" "$NACRE" "$command" --help
	said "usage: nacre $command" "with a usage line"
done
if [ -w /dev/full ]; then
	run sh -c '"$NACRE" help >/dev/full'
	is "$status" 4 "output that cannot be written is an error"
fi
finish
