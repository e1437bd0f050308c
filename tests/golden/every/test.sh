#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every word of an overlay at work: the host sees the same with and without a proxy.
nacre=$1 overlay=$2 library=$3 host=$4
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export NACRE_REGISTRY="$work/registry" NACRE_LOG="$work/log"
count=0

ok() { # $1: 0 where the expectation $2 holds
	count=$((count + 1))
	[ "$1" -eq 0 ] || printf 'not '
	printf 'ok %d - %s\n' "$count" "$2"
}

"$host" > "$work/direct" 2>&1
ok $? "the host runs with the library itself"
"$nacre" register every --overlay "$overlay" --extension "$library" > "$work/register" 2>&1
ok $? "the library is registered"
sed 's/^/# /' "$work/register"
"$nacre" exec -- "$host" > "$work/proxied" 2>&1
ok $? "the host runs with the proxy"
diff "$work/direct" "$work/proxied" | sed 's/^/# /'
cmp -s "$work/direct" "$work/proxied"
ok $? "it prints the same, line for line"
[ ! -s "$work/log" ]
ok $? "nothing went wrong on the way"
[ -s "$work/log" ] && sed 's/^/# /' "$work/log"
printf '1..%d\n' "$count"
