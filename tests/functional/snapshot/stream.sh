#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# stream.sh NACRE WRITER - a disk in use goes through a pipe as a VHD, as it is at one instant, while a program writes to it
#
# Mounts of its own, but no process ids of its own: the watchdog of a conversion outlives a test that is killed.
if [ -z "${own_mounts:-}" ] && unshare -m true 2>/dev/null; then
	own_mounts=yes exec unshare -m bash "$0" "$@"
fi
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/place.sh"
nacre=$1 writer=$2
requires_root
requires_program mke2fs sfdisk losetup addpart e2fsck qemu-img jq
make_place 192
spool=$mnt/spool
mkdir "$spool" "$work/hooks"
mount -t tmpfs -o size=300M none "$spool"
at_exit "umount -l '$spool'"

start_writer "$on" 10000000

# A hook notes what was promised before the instant, and when the first byte came.
cat >"$work/hooks/10-note" <<-END
	#!/bin/sh
	[ "\$1" = freeze ] && tail -n 1 "$on/journal" >"$work/promised"
	[ "\$1" = freeze ] && wc -c <"$out/web1/disk0.vhd" >"$work/before"
	exit 0
END
chmod 755 "$work/hooks/10-note"
mkdir "$out/web1"
stream() # OPTION...
{
	"$nacre" convert "$on" - --max-freeze 20000 "$@" | cat >"$out/web1/disk0.vhd"
	return "${PIPESTATUS[0]}"
}
is_empty() { [ -z "$(ls -A "$spool")" ] && [ "$(df --output=used "$spool" | tail -n 1)" -eq 0 ]; }

ok "a mounted disk is streamed while a program writes to it" \
	stream --spool "$spool" --hooks "$work/hooks" --require application
tap_note "$work/err"
said "application-consistent: frozen" "its consistency is told"
said "frozen " "and for how long it was frozen"
is "$(cat "$work/before")" 0 "nothing was sent before the instant"
ok "the program still runs" kill -0 $writing
ok "nothing is left of the copy" is_empty
ok "what came mounts" mount_copy web1 192
ok "what nobody wrote to is the same" cmp "$work/tree/var/data" "$work/copied/var/data"
ok "all that was promised before the instant is there" \
	awk -v want="$(cat "$work/promised")" '$1 != NR {exit 1} END {exit NR < want}' "$work/copied/journal"
is "$(cut -d= -f1 "$work/copied/etc/fstab" | head -n 1)" UUID "and it is mended"
umount "$work/copied"
ok "mounted once, its file system is clean" e2fsck -fn "$out/copy.img?offset=1048576"
ok "it is not larger than what is in use and was written" test "$(stat -c %s "$out/web1/disk0.vhd")" -lt 170000000

ok "with --json" stream --spool "$spool" --no-hooks --json --size 300M
is "$(jq -rR 'fromjson | .event' "$work/err" | sort -u | tr '\n' ' ')" "fix progress result round stage " \
	"all that is told is a JSON object a line"
cp "$work/err" "$work/events"
ok "with the result at last" jq -es 'last | .event == "result" and .frozen_us > 0 and .volumes[0].consistency == "file system"' "$work/events"
is "$(qemu-img info --output=json -f vpc "$out/web1/disk0.vhd" | jq '."virtual-size"')" $((300 << 20)) "onto a larger disk"
run env TMPDIR="$on" "$nacre" convert "$on" - --no-hooks --max-freeze 20000
is "$status" 0 "a usual place that lies on the disk is passed over"

fails 4 "a place on the disk itself is refused" stream --spool "$on" --no-hooks
said "which is converted" "and it is said why"
mkdir "$mnt/small"
mount -t tmpfs -o size=8M none "$mnt/small"
at_exit "umount -l '$mnt/small'"
fails 4 "a place that is too small is" stream --spool "$mnt/small" --no-hooks
said "MiB are needed" "and it is said how much is needed"
ok "nothing was sent" test ! -s "$out/web1/disk0.vhd"
fails 4 "a place that is not there" stream --spool "$mnt/none" --no-hooks
early() { "$nacre" convert "$on" - --spool "$spool" --no-hooks --max-freeze 20000 | head -c 3000000 >/dev/null; return "${PIPESTATUS[0]}"; }
fails 8 "a reader that ends early" early
ok "nothing is left of the copy then" is_empty

for signal in TERM KILL; do
	(exec "$nacre" convert "$on" - --spool "$spool" --no-hooks --bwlimit 20M -q >"$work/cut") 2>/dev/null &
	pid=$!
	until ! kill -0 $pid 2>/dev/null || [ "$(df --output=used "$spool" | tail -n 1)" -gt 1000 ]; do sleep 0.05; done
	ok "SIG$signal: a copy is there, without a name" test -z "$(ls -A "$spool")" -a "$(df --output=used "$spool" | tail -n 1)" -gt 1000
	kill -$signal $pid
	wait $pid 2>/dev/null
	ok "SIG$signal: and nothing afterwards" is_empty
	ok "SIG$signal: nor was anything sent" test ! -s "$work/cut"
done
ok "the source is as writable as before" touch "$on/still-there"

stop_writer
finish
