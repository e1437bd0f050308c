#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# faults.sh NACRE WRITER FAILING - what goes wrong while a disk in use is converted: said, and the source goes on
#
# The disk is a loop device on a file in user space, which fails as disks do. Mounts of its own, but no process ids of its
# own: see convert.sh.
if [ -z "${own_mounts:-}" ] && unshare -m true 2>/dev/null; then
	own_mounts=yes exec unshare -m bash "$0" "$@"
fi
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/../../ssh.sh"
. "$(dirname "$0")/place.sh"
nacre=$1 writer=$2 failing=$3 here=$(realpath "$(dirname "$0")/../transfer")
requires_root
requires_program mke2fs sfdisk losetup addpart e2fsck qemu-img jq debugfs dumpe2fs python3
requires_file /dev/fuse

serve()
{
	mkdir "$mnt/served"
	"$failing" "$mnt/served" "$disk" &
	server=$!
	at_exit "kill $server 2>/dev/null; wait $server 2>/dev/null; umount -l '$mnt/served' 2>/dev/null"
	until [ -e "$mnt/served/disk" ]; do kill -0 $server || exit; sleep 0.05; done
	served=$mnt/served/disk
	# Where 4 KiB of a file lie, as its pages do.
	at=$(debugfs -R "blocks /var/data" "$disk?offset=1048576" 2>/dev/null | tr ' ' '\n' |
		awk -v size="$(dumpe2fs -h "$disk?offset=1048576" 2>/dev/null | sed -n 's/^Block size: *//p')" \
			'NR > 1000 && $1 * size % 4096 == 0 {printf "%d\n", $1 * size + 1048576; exit}')
}
make_place 96 serve
mkdir "$work/hooks"
start_writer "$on" 2000000

convert() { "$nacre" convert "$loop" "$@" --no-check -q; }
# Who writes is not held up any more.
goes_on() { timeout 3 touch "$on/goes-on" && rm "$on/goes-on"; }
as_before() { ok "the source goes on" goes_on; }
# A hook that makes reads slow from the instant on, and whoever freezes has to be patient.
slow_hook()
{
	printf '#!/bin/sh\n[ "$1" = freeze ] && touch "%s.slow" || rm -f "%s.slow"\n' "$disk" "$disk" >"$work/hooks/slow"
	chmod 755 "$work/hooks/slow"
}
# Who may not, or where it is not possible.
if setpriv --bounding-set -sys_admin,-bpf,-perfmon true 2>/dev/null; then
	fails 7 "without the right to track it cannot be converted" \
		setpriv --bounding-set -sys_admin,-bpf,-perfmon "$nacre" convert "$loop" "$out/refused" --no-check --no-hooks -q
	said "CAP_BPF" "which is said"
	as_before
	ok "nothing is left of it" test ! -e "$out/refused" -a ! -e "$out/refused.partial"
else
	skip "without the right to track it cannot be converted" "setpriv cannot take rights away"
fi

# Reads that fail.
sync -f "$on"
echo "$at $((at + 4096)) 2        " >"$disk.bad"
ok "reads that fail twice are tried again" convert "$out/again" --no-hooks
echo "$at $((at + 4096)) 99999999 " >"$disk.bad"
fails 4 "reads that go on failing end it" convert "$out/bad" --no-hooks
said "cannot be read at byte" "which is said, with the place"
as_before
ok "nothing is left that could be taken for a machine" test ! -e "$out/bad"
rm -rf "$out/bad.partial"
ok "or what is there becomes zeroes" "$nacre" convert "$loop" "$out/zeroed" --no-check --no-hooks --on-read-error zero --json -q
is "$(jq .unreadable "$work/out")" 1 "as is told"
rm "$disk.bad"
ok "that copy mounts" mount_copy zeroed 96
different=$(cmp -l "$on/var/data" "$work/copied/var/data" | wc -l)
ok "all but one block of it is right ($different bytes)" test "$different" -gt 0 -a "$different" -le 4096
umount "$work/copied"

# The far end, and the way there.
far() # NAME [BEFORE [AFTER]]
{
	make_ssh "$work/ssh" "${@:2}"
	convert "me@there:$1" --ssh "$work/ssh" --no-hooks
}
mkdir "$out/small"
mount -t tmpfs -o size=8m tmpfs "$out/small"
at_exit "umount -l '$out/small' 2>/dev/null"
fails 4 "a far end without room" far "$out/small/web1"
said "free" "says so"
umount "$out/small"
mount -t tmpfs -o size=60m tmpfs "$out/small"
fails 4 "a far end whose disk fills up meanwhile" far "$out/small/web1" "python3 $here/cut.py 1000000 $out/small/other 60000000"
said "full" "says so, too"
as_before
umount "$out/small"
wrong=0
for _ in 1 2 3 4 5 6; do
	bytes=$((RANDOM * 340)) # it is about 11 MB
	status=0
	far "$out/cut" "python3 $here/cut.py $bytes" >"$work/out" 2>"$work/err" || status=$?
	if [ $status != 8 ] || [ -e "$out/cut" ] || ! goes_on; then
		wrong=$((wrong + 1))
		tap_note "$work/err"
		echo "# after $bytes bytes: exit status $status"
	fi
	rm -rf "$out/cut.partial"
done
is $wrong 0 "a connection that is cut anywhere is an error, without a machine, and the source goes on"
wrong=0
for bytes in 3 30 100 $((RANDOM * 250)) $((RANDOM * 250)) $((RANDOM * 250)); do
	status=0
	far "$out/flip" "python3 $here/flip.py $bytes" >"$work/out" 2>"$work/err" || status=$?
	if { [ $status != 8 ] && [ $status != 9 ]; } || [ -e "$out/flip" ] || ! goes_on; then
		wrong=$((wrong + 1))
		tap_note "$work/err"
		echo "# byte $bytes: exit status $status"
	fi
	rm -rf "$out/flip.partial"
done
is $wrong 0 "so is one bit that is not what it was"
wrong=0
for bytes in 3 60 500; do
	status=0
	far "$out/lies" cat "python3 $here/flip.py $bytes" >"$work/out" 2>"$work/err" || status=$?
	if { [ $status != 8 ] && [ $status != 9 ]; } || [ -e "$out/lies" ] || ! goes_on; then
		wrong=$((wrong + 1))
		tap_note "$work/err"
		echo "# answers, byte $bytes: exit status $status"
	fi
	rm -rf "$out/lies.partial"
done
is $wrong 0 "and one bit of the answers"

# Killed at any moment; and while everything is frozen, which a slow disk makes long.
wrong=0
for _ in 1 2 3 4 5; do
	"$nacre" convert "$loop" "$out/killed" --no-check -q --no-hooks --bwlimit 8M >/dev/null 2>&1 &
	pid=$!
	sleep "0.$((RANDOM % 9))"
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
	if [ -e "$out/killed" ] || ! goes_on; then
		wrong=$((wrong + 1))
	fi
	rm -rf "$out/killed.partial" "$out/killed"
done
is $wrong 0 "killed at any moment it leaves a source that goes on, and no machine"
slow_hook
for signal in KILL TERM; do
	"$nacre" convert "$loop" "$out/window" --no-check -q --hooks "$work/hooks" --max-freeze 60000 >/dev/null 2>"$work/err" &
	pid=$!
	held=no
	for _ in $(seq 1000); do
		if [ -e "$disk.slow" ] && ! timeout 0.15 touch "$on/held" 2>/dev/null; then
			held=yes
			break
		fi
		kill -0 $pid 2>/dev/null || break
		sleep 0.02
	done
	is $held yes "everything is frozen"
	kill -$signal $pid
	ok "killed by SIG$signal then, the source goes on" goes_on
	wait $pid 2>/dev/null
	ok "there is no machine" test ! -e "$out/window"
	for _ in $(seq 40); do
		[ -e "$disk.slow" ] || break
		sleep 0.05
	done
	ok "and the hooks were told to thaw" test ! -e "$disk.slow"
	rm -rf "$disk.slow" "$out/window.partial"
done
fails 1 "a freeze that takes too long ends it" convert "$out/long" --hooks "$work/hooks" --max-freeze 1500
said "1500 ms" "which is said"
as_before
rm -rf "$disk.slow" "$out/long.partial"

# It vanishes: first the mount, lazily, then the disk.
stop_writer
"$nacre" convert "$loop" "$out/lazy" --no-check -q --no-hooks --bwlimit 12M >"$work/out" 2>"$work/err" &
pid=$!
sleep 0.4
umount -l "$on"
wait $pid
status=$?
is $status 0 "a file system that is unmounted meanwhile, lazily, is converted"
ok "that copy mounts" mount_copy lazy 96
umount "$work/copied"
ok "its file system is clean" e2fsck -fn "$out/copy.img?offset=1048576"
ok "nothing holds it any more" sh -c "for i in 1 2 3 4 5 6 7 8 9 10; do grep -q '^${loop}p1 ' /proc/self/mounts || exit 0; sleep 0.2; done; exit 1"
served=$mnt/served/disk
loop=$(losetup -P -f --show "$served")
addpart "$loop" 1 2048 $(((96 - 8) * 2048)) 2>/dev/null
echo "$at $((at + 4096)) 99999999 " >"$disk.bad"
fails 4 "a disk that nobody uses and that cannot be read is an error, too" convert "$out/quiet"
said "Input/output error" "which is said"
rm -rf "$out/quiet.partial"
ok "or what is there becomes zeroes" "$nacre" convert "$loop" "$out/quiet" --no-check --on-read-error zero --verify --json -q
is "$(jq .unreadable "$work/out")" 1 "as is told"
is "$(jq -r '.copied.notes[] | select(.name == "Unreadable") | .value' "$out/quiet/nacre.json")" "1 places are zeroes, the first at byte $at" "and is in the record"
stream() { "$nacre" convert "$loop" - --on-read-error zero >"$out/quiet.vhd"; }
ok "streamed, too" stream
said "1 places could not be read" "which is said"
rm "$disk.bad" "$out/quiet.vhd"
ok "that copy mounts" mount_copy quiet 96
different=$(cmp -l "$work/tree/var/data" "$work/copied/var/data" | wc -l)
ok "all but one block of it is right ($different bytes)" test "$different" -gt 0 -a "$different" -le 4096
umount "$work/copied"
mount "${loop}p1" "$on"
losetup -d "$loop"
"$nacre" convert "$loop" "$out/gone" --no-check -q --no-hooks --bwlimit 8M >"$work/out" 2>"$work/err" &
pid=$!
sleep 0.5
kill -9 $server
status=timeout
for _ in $(seq 200); do
	kill -0 $pid 2>/dev/null || { wait $pid; status=$?; break; }
	sleep 0.1
done
is "$status" 4 "a disk that is pulled out ends it"
said "Input/output error" "which is said"
ok "there is no machine" test ! -e "$out/gone"
finish
