#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What is generated compiles without a warning under every compiler that is here.
nacre=$1 include=$2
shift 2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
count=0

ok() { # $1: 0 where the expectation $2 holds
	count=$((count + 1))
	[ "$1" -eq 0 ] || printf 'not '
	printf 'ok %d - %s\n' "$count" "$2"
}

for overlay; do
	name=$(basename "$(dirname "$overlay")")/$(basename "$overlay")
	out=$work/$count
	"$nacre" wrap "$overlay" -o "$out" --no-build > "$work/log" 2>&1
	ok $? "$name is wrapped"
	for cc in gcc clang; do
		if ! command -v $cc > /dev/null; then
			count=$((count + 1))
			printf 'ok %d - %s # SKIP no %s here\n' "$count" "$name" "$cc"
			continue
		fi
		for part in proxy stub; do
			$cc -std=gnu11 -D_GNU_SOURCE -fPIC -O2 -Wall -Wextra -Werror -Wshadow \
				-fvisibility=hidden -fno-strict-aliasing -iquote "$(dirname "$overlay")" \
				-I"$include" -c -o "$work/$part.o" "$out/$part.c" > "$work/log" 2>&1
			ok $? "$name: $part.c compiles with $cc without a warning"
			head -5 "$work/log" | sed 's/^/# /'
		done
	done
	[ "$(awk '{ gsub(/\t/, "        ") } length > 100' "$out"/*.c | grep -vc '\\$')" -eq 0 ]
	ok $? "$name: no line of it is longer than 100 columns"
done
printf '1..%d\n' "$count"
