#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# One construct of C: what is generated for it compiles without a warning, and the host cannot tell it
# from the extension itself. The source is the overlay, with EXTENSION the library, with HOST the host.
nacre=$1 overlay=$2 library=$3 host=$4 include=$5
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export NACRE_REGISTRY="$work/registry" NACRE_LOG="$work/log"
count=0

ok() { # $1: 0 where the expectation $2 holds
	count=$((count + 1))
	[ "$1" -eq 0 ] || printf 'not '
	printf 'ok %d - %s\n' "$count" "$2"
}

"$nacre" wrap "$overlay" --extension "$library" -o "$work/out" --no-build > "$work/text" 2>&1
ok $? "it is generated"
sed 's/^/# /' "$work/text"
for cc in gcc clang; do
	command -v $cc > /dev/null || continue
	for part in proxy stub; do
		$cc -std=gnu11 -D_GNU_SOURCE -fPIC -O2 -Wall -Wextra -Werror -Wshadow -fvisibility=hidden \
			-fno-strict-aliasing -iquote "$(dirname "$overlay")" -I"$include" \
			-c -o "$work/$part.o" "$work/out/$part.c" > "$work/text" 2>&1
		ok $? "$part.c compiles with $cc without a warning"
		head -5 "$work/text" | sed 's/^/# /'
	done
done
"$host" > "$work/direct" 2>&1
ok $? "the host runs with the library itself"
"$nacre" register construct --overlay "$overlay" --extension "$library" > "$work/text" 2>&1
ok $? "the library is registered"
sed 's/^/# /' "$work/text"
"$nacre" exec -- "$host" > "$work/proxied" 2>&1
ok $? "the host runs with the proxy"
diff "$work/direct" "$work/proxied" | sed 's/^/# /'
[ -s "$work/direct" ] && cmp -s "$work/direct" "$work/proxied"
ok $? "it prints the same, line for line"
[ ! -s "$work/log" ]
ok $? "nothing went wrong on the way"
[ -s "$work/log" ] && sed 's/^/# /' "$work/log"
printf '1..%d\n' "$count"
