#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# guide.sh - every command of docs/overlays.md works, and prints what the guide says
#
#	guide.sh NACRE SOURCES
#
# A command is an indented line that begins with "$ "; indented lines below it are its output.
. "$(dirname "$0")/../../tests/functions.sh"
nacre=$(realpath "$1") sources=$(realpath "$2")
export NACRE_REGISTRY=$work/registry NACRE_LOG=$work/log NACRE_GUIDE=$nacre
requires_program cc
requires_file /lib/x86_64-linux-gnu/libz.so.1

mkdir "$work/bin" "$work/here"
ln -s "$nacre" "$work/bin/nacre"
ln -s "$sources/examples" "$sources/overlays" "$sources/tools" "$work/here"
export PATH=$work/bin:$PATH LD_LIBRARY_PATH=$work/here # the host finds its library there
cd "$work/here" || exit 99

try() # COMMAND OUTPUT: it succeeds, and prints OUTPUT, if there is any
{
	[ -n "$1" ] || return 0
	run bash -c "$1"
	if [ "$status" -ne 0 ]; then
		tap_line 'not ok' "$1"
		tap_show
	elif [ -n "$2" ]; then
		is "$(sed 's/^ *//' "$work/out" "$work/err")" "$2" "$1"
	else
		tap_line ok "$1"
	fi
}

command='' output=''
while IFS= read -r line; do
	case $line in
	*'    $ '*)
		try "$command" "$output"
		command=${line#*\$ } output=''
		;;
	'    '*) [ -z "$command" ] || output+=${output:+$'\n'}$(sed 's/^ *//' <<<"$line") ;;
	*)
		try "$command" "$output"
		command='' output=''
		;;
	esac
done <"$sources/docs/overlays.md"
try "$command" "$output"
ok "these were ten or more" test "$tap_count" -ge 10
finish
