#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# fidelity.sh - a host that is linked with libz sees the same through the proxy as directly
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/zlib.sh"

same() # WHAT LINES SENTENCE: zlib-host WHAT prints the same both ways, and at least LINES lines
{
	"$host" "$1" >"$work/direct" 2>&1
	echo "status $?" >>"$work/direct"
	in_host "$host" "$1" >"$work/proxied" 2>&1
	echo "status $?" >>"$work/proxied"
	ok "$3" diff -u "$work/direct" "$work/proxied"
	ok "and that is $2 lines or more" test "$(wc -l <"$work/direct")" -ge "$2"
}

ok "zlib can be registered" register_zlib
same whole 300 "whole buffers and sums are the same"
same streams 80 "streams are the same"
same odd 25 "streams that are absent, not begun, late or ended are the same"
same threads 10 "threads see the same"
ok "the runtime had nothing to say" test ! -s "$work/log"

cat >"$work/wanted" <<-'END'
	a file that is not there: not opened
	none: -1 -2 -1 0 0 0
	none: -2 -1 no line -1 -1 -1
	none: -2 -1 -1 -1 -1 0 0
	none: -2 -2 -2 no message
	an existing file: not opened, Function not implemented
	header: -2
	copy: -4
	header: -2
	copy: -4
	back: -2 -2
	table: none
END
in_host "$host" refused >"$work/proxied" 2>&1
ok "what the overlay refuses fails in zlib's own words" diff -u "$work/wanted" "$work/proxied"
"$host" refused >"$work/direct" 2>&1
ok "a file that is not open is answered as by zlib itself" \
	diff -u <(head -5 "$work/wanted") <(head -5 "$work/direct")
finish
