#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The corners of the PKCS#11 overlay: a host sees the same with and without a proxy.
nacre=$1 overlay=$2 host=$3 module=/usr/lib/softhsm/libsofthsm2.so
if [ ! -r $module ] || ! command -v softhsm2-util > /dev/null; then
	echo "1..0 # SKIP SoftHSM2 is not installed"
	[ -z "$NACRE_MUST_WORK" ]
	exit
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export NACRE_REGISTRY="$work/registry" NACRE_LOG="$work/log" SOFTHSM2_CONF="$work/softhsm2.conf"
count=0

ok() { # $1: 0 where the expectation $2 holds
	count=$((count + 1))
	[ "$1" -eq 0 ] || printf 'not '
	printf 'ok %d - %s\n' "$count" "$2"
}

mkdir "$work/tokens"
printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' "$work" > "$SOFTHSM2_CONF"
softhsm2-util --init-token --free --label test --pin 1234 --so-pin 1234 > "$work/init" 2>&1
ok $? "a token is made"
"$host" $module > "$work/direct" 2>&1
ok $? "the host runs with the module itself"
"$nacre" register softhsm2 --overlay "$overlay" --extension $module \
	--allow-write "$work/tokens" --allow-read "$SOFTHSM2_CONF" > "$work/register" 2>&1
ok $? "the module is registered"
sed 's/^/# /' "$work/register"
"$nacre" exec -- "$host" $module > "$work/proxied" 2>&1
ok $? "the host runs with the proxy"
diff "$work/direct" "$work/proxied" | sed 's/^/# /'
cmp -s "$work/direct" "$work/proxied"
ok $? "it prints the same, line for line"
[ ! -s "$work/log" ]
ok $? "nothing went wrong on the way"
[ -s "$work/log" ] && sed 's/^/# /' "$work/log"
printf '1..%d\n' "$count"
