#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The host survives its library's bug and says so in its own words.
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
[ $? -ge 128 ]
ok $? "without a proxy the library's bug ends the host"

"$nacre" register thermo --overlay "$overlay" --extension "$library" > "$work/register" 2>&1
ok $? "the library is registered with its overlay"
sed 's/^/# /' "$work/register"

"$nacre" exec -- "$host" > "$work/proxied" 2>&1
ok $? "behind a proxy the host lives to its end"
cat > "$work/want" <<'END'
kitchen: 20.0
kitchen: 20.5
kitchen: 21.0
kitchen: 21.5
kitchen: 22.0
kitchen is a mercury, 1 sensor, from 20 to 22
alarm 1: kitchen has 21.5 degrees Celsius
alarm 2: kitchen has 22.0 degrees Celsius
2 above 21
cellar: No such file or directory
attic: cannot be read: Input/output error
attic: has no name now: Stale file handle
kitchen: 20.0
kitchen: 20.5
kitchen: 21.0
kitchen: 21.5
kitchen: 22.0
kitchen is a mercury, 1 sensor, from 20 to 22
alarm 1: kitchen has 21.5 degrees Celsius
alarm 2: kitchen has 22.0 degrees Celsius
2 above 21
END
diff "$work/want" "$work/proxied" | sed 's/^/# /'
cmp -s "$work/want" "$work/proxied"
ok $? "it reports the lost thermometer as an input/output error and goes on"
grep -q thermo_read "$work/log"
ok $? "the log names the call that was lost"
printf '1..%d\n' "$count"
