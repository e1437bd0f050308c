#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# report.sh MAKER BROWSE - the report in a browser, wide and narrow, light and dark, and with hostile names in it
. "$(dirname "$0")/../../functions.sh"
requires_program chromium python3 jq
maker=$1 browse=$2
python3 - "$work/screen.png" <<'END'
import struct, sys, zlib
def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
rows = b''.join(b'\0' + bytes((x // 8 * 3 % 64 if y > 100 else 160) for x in range(720)) for y in range(400))
open(sys.argv[1], 'wb').write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 720, 400, 8, 0, 0, 0, 0)) +
                              chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))
END
ok "a report is made" "$maker" "$work/report.html" "$work/screen.png"
ok "it is small" test "$(stat -c %s "$work/report.html")" -lt 200000
is "$(ls "$work" | tr '\n' ' ')" "err out report.html screen.png " "and nothing beside it is left"
for view in "1280 light" "400 light" "1280 dark" "400 dark"; do
	# shellcheck disable=SC2086 # two words
	set -- $view
	python3 "$browse" "$work/report.html" "$1" "$2" "$work/page-$1-$2.png" >"$work/seen" 2>&1 || tap_note "$work/seen"
	is "$(jq -c '[.width, .width_open]' "$work/seen")" "[$1,$1]" "in $view nothing is wider than the window, folded or not"
	is "$(jq -c '[.requests - ["data"], .console, .scripts]' "$work/seen")" '[["file"],[],0]' \
		"nothing is loaded but the page, nothing complains, and what was hostile is text"
done
is "$(jq -r .headings "$work/seen")" \
	"web1|Does it boot?|What to know|Block map|Timeline|Fixes|The virtual machine|The source" "every part is there"
is "$(jq -r '.picture, .details' "$work/seen" | tr '\n' ' ')" "720 5 " "the screen's picture too, and a fold for each fix"
is "$(jq -r .background "$work/seen")" "rgb(18, 22, 28)" "dark is dark"
ok "a machine that does not boot has a report" "$maker" "$work/report.html" "$work/screen.png" failed
ok "which says so first" grep -q 'class="verdict no">&#10007; does not boot' "$work/report.html"
fails 1 "a picture that is none is refused" "$maker" "$work/other.html" "$0"
said "is no PNG" "with the reason"
ok "and no report is left" test ! -e "$work/other.html" -a ! -e "$work/other.html.new"
[ -z "${NACRE_TEST_PICTURES:-}" ] || cp "$work"/page-*.png "$NACRE_TEST_PICTURES/"
finish
