#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# throttle.sh NACRE - a disk that is written faster than it can be copied: its programs are slowed down, if that is asked for
#
# Mounts of its own, but no process ids of its own: the watchdog of a conversion outlives a test that is killed.
if [ -z "${own_mounts:-}" ] && unshare -m true 2>/dev/null; then
	own_mounts=yes exec unshare -m bash "$0" "$@"
fi
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/place.sh"
nacre=$1
requires_root
requires_program mke2fs sfdisk losetup addpart e2fsck qemu-img jq
blkio=/sys/fs/cgroup/blkio
[ -e $blkio/blkio.throttle.write_bps_device ] || skip_all "there is no control group file system of version 1 with blkio"
make_place 160

group=$blkio/nacre-test-$$
mkdir $group
at_exit "for _ in 1 2 3 4 5 6 7 8 9 10; do rmdir $group && break; sleep 0.2; done"
limits=$group/blkio.throttle.write_bps_device
# Past the page cache: else version 1 does not know whose writes they are. In large pieces: other tests trace as well, and the
# kernel loses some changes then; where there are few, few are lost.
head -c 80M /dev/urandom >"$on/load"
sync
(
	echo $BASHPID >$group/cgroup.procs
	while [ ! -e "$mnt/stop" ]; do
		dd if=/dev/zero of="$on/load" bs=4M count=20 oflag=direct conv=notrunc status=none
		sleep 0.5
	done
) &
writing=$!
at_exit "touch '$mnt/stop'; kill $writing 2>/dev/null; wait $writing 2>/dev/null"

# At 20 MB a second 80 MB are never up to date; 16 MB have room in memory.
slowly() { "$nacre" convert "$loop" "$out/$1" --no-check --no-hooks --bwlimit 20M --max-freeze 2500 "${@:2}"; }
fails 7 "what is written faster than it can be copied" slowly web1
said "are written faster" "is an error"
said "--throttle-unit" "whose message names a way out"
ok "and there is no machine" test ! -e "$out/web1"
rm -rf "$out/web1.partial"
is "$(cat "$limits")" "" "nobody was slowed down who was not named"

number=$(stat -c %Hr:%Lr "$loop" 2>/dev/null) && [ "$number" != "?Hr:?Lr" ] || number=$(cat "/sys/block/${loop#/dev/}/dev")
echo "$number 900000000" >"$limits"
ok "with --throttle-cgroup it is copied" slowly web2 --throttle-cgroup $group --json
cp "$work/out" "$work/json"
cp "$work/err" "$work/events"
tap_note "$work/json"
ok "by slowing down the program" test "$(jq .slowed_to "$work/json")" -lt 10000000
ok "which is told when it happens, and when it ends" \
	jq -es 'map(select(.event == "slowed").rate) | length >= 2 and .[0] > 0 and last == 0' "$work/events"
is "$(cat "$limits")" "$number 900000000" "the limit is as before"
ok "the report tells it" grep -q "Slowed down" "$out/web2/report.html"
ok "the copy mounts" mount_copy web2 160
ok "what nobody wrote to is the same" cmp "$work/tree/var/data" "$work/copied/var/data"
umount "$work/copied"
ok "mounted once, its file system is clean" e2fsck -fn "$out/copy.img?offset=1048576"

(
	exec "$nacre" convert "$loop" "$out/web3" --no-check --no-hooks --bwlimit 20M --max-freeze 2500 --throttle-cgroup $group -q
) >/dev/null 2>&1 &
pid=$!
for _ in $(seq 600); do
	[ "$(cat "$limits")" = "$number 900000000" ] || break
	sleep 0.1
done
ok "it is slowed down again: $(cat "$limits")" test "$(cat "$limits")" != "$number 900000000"
kill -9 $pid
wait $pid 2>/dev/null
for _ in $(seq 50); do
	[ "$(cat "$limits")" != "$number 900000000" ] || break
	sleep 0.1
done
is "$(cat "$limits")" "$number 900000000" "nacre is killed meanwhile, and the limit is as before"
ok "its file system can be written to" touch "$on/still-there"
fails 7 "a directory that is no such control group" slowly web4 --throttle-cgroup "$work"
fails 5 "a unit that is not there" slowly web4 --throttle-unit no-such-unit
finish
