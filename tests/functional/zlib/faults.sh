#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# faults.sh - a host of zlib gets what the overlay declares when its virtual process is lost
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/zlib.sh"

ok "zlib can be registered" register_zlib --deadline 1000
cat >"$work/wanted" <<-END
	behind a proxy
	20 of 20 sums right after a kill
	version after a kill: $(sed -n 's/^#define ZLIB_VERSION "\(.*\)"/\1/p' /usr/include/zlib.h)
	compress after a kill: 0, uncompress after another: 0, the same
	begun: 0
	in use: 0
	after a kill: -2 -2
	nothing moved
	reset -2, end -2
	another: 0, ended 0
	begun: 0
	works again: 1, 100000, ended 0
	never begun: -2 -2 -2 -2
	begun: 0
	stopped: -2, at its deadline
	ended -2, sums are right
	begun: 0
	the child: is told, and computes
	its parent goes on: 1, 100000, ended 0
	under fire: served, 0 wrong
END
in_host "$host" faults >"$work/proxied" 2>"$work/said"
ok "the host ends in good order" test $? -eq 0
tap_note "$work/said"
ok "each loss is what the overlay declares" diff -u "$work/wanted" "$work/proxied"
ok "the log names the call and the cause" grep -q 'deflate: virtual process [0-9]* is lost: ' "$work/log"
ok "no answer broke the interface" sh -c '! grep "broke the interface" "$0"' "$work/log"
finish
