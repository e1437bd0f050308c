# SPDX-License-Identifier: BSD-2-Clause
# functions.sh - a shell test prints TAP: one line per expectation, each a sentence
#
#	. "$(dirname "$0")/../../functions.sh"
#	requires_program gcc
#	ok "true is true" true
#	finish
#
# $work is a directory that is removed at the end, whatever the end is. What this machine cannot do is
# a skip with its reason; where NACRE_MUST_WORK is set it is a failure.

set -u
export LC_ALL=C
tap_count=0 tap_failed=0 tap_finished='' tap_cleanup=''
work=$(mktemp -d "${TMPDIR:-/tmp}/nacre-test.XXXXXX") || exit 99

# at_exit COMMAND: run it at the end, before $work is removed; the last one first.
at_exit()
{
	tap_cleanup="$1
$tap_cleanup"
}

tap_end()
{
	tap_status=$?
	trap - EXIT
	# A child that a signal meets before it is somebody else has this trap, but not this work.
	# shellcheck disable=SC3028 # only bash has it, and such children
	[ "${BASHPID:-$$}" = $$ ] || exit "$tap_status"
	eval "$tap_cleanup"
	rm -rf "$work"
	if [ -z "$tap_finished" ]; then
		echo "Bail out! the test ended before its end"
		[ "$tap_status" -ne 0 ] || tap_status=99
	fi
	exit "$tap_status"
}
trap tap_end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A line per output line, so that TAP ignores it.
tap_note()
{
	sed 's/^/# /' "$@"
}

tap_line() # RESULT SENTENCE
{
	tap_count=$((tap_count + 1))
	if [ "$1" = ok ]; then
		echo "ok $tap_count - $2"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $2"
	fi
}

# finish: the plan; the test's exit status.
finish()
{
	tap_finished=yes
	echo "1..$tap_count"
	[ "$tap_failed" -eq 0 ]
	exit
}

# skip_all REASON: nothing of this test can run here.
skip_all()
{
	tap_finished=yes
	if [ -n "${NACRE_MUST_WORK:-}" ]; then
		echo "not ok 1 - this machine can run the test"
		echo "# $1"
		echo "1..1"
		exit 1
	fi
	echo "1..0 # SKIP $1"
	exit 0
}

# skip SENTENCE REASON: this one expectation cannot be checked here.
skip()
{
	if [ -n "${NACRE_MUST_WORK:-}" ]; then
		tap_line 'not ok' "$1 (skipped: $2)"
	else
		tap_count=$((tap_count + 1))
		echo "ok $tap_count - $1 # SKIP $2"
	fi
}

# run COMMAND...: its output in $work/out and $work/err, its exit status in $status.
run()
{
	status=0
	"$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
}

tap_show()
{
	echo "# exit status $status"
	tap_note "$work/out" "$work/err"
}

# ok SENTENCE COMMAND...: the command succeeds.
ok()
{
	ok_what=$1
	shift
	run "$@"
	if [ "$status" -eq 0 ]; then
		tap_line ok "$ok_what"
	else
		tap_line 'not ok' "$ok_what"
		tap_show
	fi
}

# fails CODE SENTENCE COMMAND...: the command ends with this exit status.
fails()
{
	fails_code=$1 ok_what=$2
	shift 2
	run "$@"
	if [ "$status" -eq "$fails_code" ]; then
		tap_line ok "$ok_what"
	else
		tap_line 'not ok' "$ok_what"
		echo "# wanted exit status $fails_code"
		tap_show
	fi
}

# said TEXT SENTENCE: the last command printed TEXT, to either place.
said()
{
	if grep -qF -- "$1" "$work/out" "$work/err"; then
		tap_line ok "$2"
	else
		tap_line 'not ok' "$2"
		echo "# wanted: $1"
		tap_show
	fi
}

# is GOT WANT SENTENCE
is()
{
	if [ "$1" = "$2" ]; then
		tap_line ok "$3"
	else
		tap_line 'not ok' "$3"
		printf '%s\n' "got:  $1" "want: $2" | tap_note
	fi
}

# in_host COMMAND...: by nacre exec; $nacre is the program. In a sanitized build the host has to bring
# the sanitizer's library along.
in_host()
{
	if [ -n "${NACRE_TEST_PRELOAD:-}" ]; then
		ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD=$NACRE_TEST_PRELOAD "${nacre:?}" exec -- "$@"
	else
		"${nacre:?}" exec -- "$@"
	fi
}

requires_program()
{
	for tap_program; do
		command -v "$tap_program" >/dev/null 2>&1 || skip_all "$tap_program is not installed"
	done
}

requires_file()
{
	for tap_file; do
		[ -e "$tap_file" ] || skip_all "$tap_file is not there"
	done
}

requires_root()
{
	[ "$(id -u)" -eq 0 ] || skip_all "this needs root"
}
