#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# again.sh NACRE WRITER - a disk in use is converted to the same place again and again: only what changed travels
#
# Mounts of its own, a BPF file system among them: what is left there is gone with them. No process ids of its own: as convert.sh.
if [ -z "${own_mounts:-}" ] && unshare -m true 2>/dev/null; then
	own_mounts=yes exec unshare -m bash "$0" "$@"
fi
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/../../ssh.sh"
. "$(dirname "$0")/place.sh"
nacre=$(realpath "$1") writer=$2 bpf=/sys/fs/bpf cut=$(realpath "$(dirname "$0")")/../transfer/cut.py
requires_root
requires_program mke2fs sfdisk losetup addpart e2fsck qemu-img jq python3 pgrep
make_place 192

options=(--no-check --no-hooks --max-freeze 20000)
again() { "$nacre" convert "$loop" "$@" --again --json -q "${options[@]}"; }
told() { jq -rs "last | $1" "$work/json"; }
converts() # SENTENCE DESTINATION...
{
	local sentence=$1
	shift
	ok "$sentence" again "$@"
	cp "$work/out" "$work/json"
}

# Is the copy the same as the source, but for what is mended?
same_copy() # NAME
{
	local status=0
	rm -f "$out/copy.img"
	mount_copy "$1" 192 || return 1
	diff -r -x fstab -x lost+found "$on" "$work/copied" || status=1
	grep -q ^UUID= "$work/copied/etc/fstab" || status=1
	umount "$work/copied"
	e2fsck -fn "$out/copy.img?offset=1048576" >/dev/null 2>&1 || status=2
	rm -f "$out/copy.img"
	return $status
}

umount "$bpf" 2>/dev/null # of this test's mounts alone
ok "without a place for tracking it is converted all the same" "$nacre" convert "$loop" "$out/plain" --again -q "${options[@]}"
said "mount -t bpf bpf /sys/fs/bpf" "and said how to have one"
rm -rf "$out/plain"
mount -t bpf bpf "$bpf" 2>/dev/null || skip_all "no BPF file system can be mounted"
at_exit "umount -l '$bpf'"
is "$("$nacre" tracking)" "no disk is tracked" "nothing is tracked that nobody asked for"

converts "the first time it is a whole conversion" "$out/web1"
is "$(told .tracked) $(told .tracking_goes_on)" "false true" "and tracking goes on"
ok "which is shown" sh -c "'$nacre' tracking | grep -F '$loop  to $out/web1, as of'"
uuid=$(jq -r .machine.uuid "$out/web1/nacre.json")
fails 6 "it is not overwritten by one who does not say so" "$nacre" convert "$loop" "$out/web1" "${options[@]}" -q

head -c 10000000 /dev/urandom >"$on/var/new"
fallocate -l 3000000 "$on/var/never-written"
echo changed >"$on/etc/hostname"
converts "10 MB later it is brought up to date" "$out/web1"
is "$(told .tracked)" true "by what was tracked"
[ "$(told .restarts)" -gt 0 ] || # others that begin or end to trace make the kernel lose changes
	ok "the report says so" grep -q "only what changed since" "$out/web1/report.html"
ok "no more than that is read and written: $(told .written) bytes of $(told .used)" test "$(told .written)" -lt 20000000
ok "the copy is the source" same_copy web1
is "$(jq -r .machine.uuid "$out/web1/nacre.json")" "$uuid" "the machine is the same one"
converts "with nothing changed" "$out/web1"
ok "next to nothing travels: $(told .written) bytes" test "$(told .written)" -lt 300000
rm "$on/var/new" "$on/var/never-written"
head -c 2000000 /dev/urandom | dd of="$on/var/data" bs=4096 seek=700 conv=notrunc status=none
converts "files that were removed, or written to in the middle" "$out/web1"
ok "are so in the copy" same_copy web1
converts "to a second place it is whole" "$out/web2"
is "$(told .tracked)" false "as that was never tracked"
echo both >"$on/etc/motd"
converts "both places go on" "$out/web2"
is "$(told .tracked)" true "by themselves"
converts "as does the first" "$out/web1"
ok "the copies are the source" same_copy web1
ok "both of them" same_copy web2
ok "the tracking of one is ended" "$nacre" tracking --end "$out/web2"
ok "and is not there any more" sh -c "! '$nacre' tracking | grep web2"
fails 5 "it is not ended twice" "$nacre" tracking --end "$out/web2"
rm -rf "$out/web2"

# An earlier state of the machine comes back; then none.
mv "$out/web1" "$out/old"
converts "a machine that is gone is made anew" "$out/web1"
is "$(told .tracked)" false "whatever was tracked"
rm -rf "$out/web1"
mv "$out/old" "$out/web1"
echo later >"$on/etc/motd"
converts "one of another instant than the tracking is of" "$out/web1"
is "$(told .tracked)" false "is compared as a whole"
ok "and little of it written: $(told .written) bytes, $(told .there) were there" test "$(told .written)" -lt 3000000
ok "the copy is the source" same_copy web1

# The computer is started anew: nothing is known any more.
"$nacre" tracking --end --all
head -c 1000000 /dev/urandom >"$on/var/new"
converts "where nothing was tracked" "$out/web1"
is "$(told .why_not)" "no tracking of an earlier copy was found" "all is read, which is said"
ok "and what is there already is not written: $(told .there) bytes" test "$(told .there)" -gt 9000000
ok "the copy is the source" same_copy web1

# Somebody starts the machine.
printf used | dd of="$out/web1/disk0.vhd" bs=1 seek=3000000 conv=notrunc status=none
sum=$(cat "$out/web1/"* 2>/dev/null | cksum)
fails 6 "a machine that was started is refused" again "$out/web1"
said "was the machine started?" "with the reason"
is "$(cat "$out/web1/"* 2>/dev/null | cksum)" "$sum" "and not touched"
rm -rf "$out/web1"
"$nacre" tracking --end --all

# What rots in the copy, and keeps its time. Only who reads it again finds out; from then on nothing of the note is believed.
converts "a machine whose disk is to rot" "$out/rot"
touch -r "$out/rot/disk0.vhd" "$work/time"
size=$(stat -c %s "$out/rot/disk0.vhd")
printf rot | dd of="$out/rot/disk0.vhd" bs=1 seek=$((size / 3 / 4096 * 4096 + 100)) conv=notrunc status=none
touch -r "$work/time" "$out/rot/disk0.vhd"
fails 1 "it is found out" again "$out/rot" --verify
said "differs from the source" "and said"
converts "the next time" "$out/rot" --verify
is "$(told .tracked)" false "all is compared with what is there"
ok "and put right: $(told .written) bytes are written" test "$(told .written)" -lt 1000000 -a "$(told .written)" -gt 0
ok "the copy is the source" same_copy rot
"$nacre" tracking --end "$out/rot"
rm -rf "$out/rot"
ok "a machine with another kind of disk" again "$out/raw" --format raw
echo raw >>"$on/etc/motd"
converts "is brought up to date as well" "$out/raw" --format raw
is "$(told .tracked)" true "by what was tracked"
fails 6 "a copy of another kind is not made of it" again "$out/raw" --format vhd
said "say the same --format" "which is said"
fails 6 "nor one of another size" again "$out/raw" --format raw --size 1G
ok "it has its name" test -e "$out/raw/disk0.raw" -a ! -e "$out/raw.partial"
ok "it goes on as it was" again "$out/raw" --format raw
rm -rf "$out/raw"
"$nacre" tracking --end --all

# Two disks, each with a tracking of its own, and killed as well.
truncate -s 64M "$mnt/second.img"
mke2fs -q -t ext4 "$mnt/second.img"
mkdir "$on/srv" "$work/second"
second=$(losetup -f --show "$mnt/second.img") && mount "$second" "$on/srv" && losetup -d "$second"
at_exit "umount -l '$on/srv'"
head -c 8000000 /dev/urandom >"$on/srv/data"
sync
converts "a machine of two disks" "$out/two" --disk "$second"
is "$("$nacre" tracking --json | jq length)" 2 "both are tracked"
head -c 1000000 /dev/urandom >"$on/srv/new"
rm "$on/var/new"
for _ in 1 2 3; do
	"$nacre" convert "$loop" "$out/two" --disk "$second" --again -q "${options[@]}" >/dev/null 2>&1 &
	pid=$!
	sleep "0.$((RANDOM % 4 + 1))"
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
done
converts "is brought up to date" "$out/two" --disk "$second" --verify
is "$(told .tracked)" true "by what was tracked of both"
qemu-img convert -f vpc -O raw "$out/two/disk1.vhd" "$out/second.img"
mount -o loop "$out/second.img" "$work/second"
ok "the second disk is the source's" diff -r "$on/srv" "$work/second"
umount "$work/second"
rm -rf "$out/second.img" "$out/two"
umount "$on/srv"
rmdir "$on/srv"
ok "the tracking of both is ended" "$nacre" tracking --end --all
head -c 1000000 /dev/urandom >"$on/var/new"

# Killed at any moment, again and again, while a program writes.
converts "a machine to be killed" "$out/kill"
start_writer "$on" 6000000
met=0 whole=0
for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
	promised=$(tail -n 1 "$on/journal")
	"$nacre" convert "$loop" "$out/kill" --again -q "${options[@]}" >/dev/null 2>&1 &
	pid=$!
	sleep "0.$((RANDOM % 8 + 1))"
	if kill -9 $pid 2>/dev/null; then
		met=$((met + 1))
		[ -e "$out/kill" ] && whole=$((whole + 1))
	fi
	wait $pid 2>/dev/null
done
echo "# killed $met times, $whole times with a machine"
promised=$(tail -n 1 "$on/journal")
converts "it goes on after $met kills" "$out/kill"
ok "by what was tracked all the time" test "$(told .tracked)" = true
mount_copy kill 192
ok "with all that was promised" \
	awk -v want="$promised" '$1 != NR {exit 1} END {exit NR < want}' "$work/copied/journal"
ok "what nobody wrote to is right" sh -c "cmp '$on/var/data' '$work/copied/var/data' && cmp '$on/var/new' '$work/copied/var/new'"
umount "$work/copied"
ok "its file system is clean" e2fsck -fn "$out/copy.img?offset=1048576"

# The same on another computer, as far as the instructions know: killed at its end as well, and cut.
export NACRE_SSH=$work/ssh
far=me@there:$out/far
make_ssh "$work/ssh"
converts "a machine on another computer" "$far"
met=0
for side in near far cut near far cut far cut; do
	[ $side != cut ] || make_ssh "$work/ssh" "python3 $cut $((RANDOM * 30))"
	"$nacre" convert "$loop" "$far" --again -q "${options[@]}" >/dev/null 2>&1 &
	pid=$!
	sleep "0.$((RANDOM % 8 + 1))"
	case $side in
	near) kill -9 $pid ;;
	far) kill -9 "$(pgrep -f "receive --root $out\$" | head -n 1)" ;;
	esac 2>/dev/null && met=$((met + 1))
	wait $pid 2>/dev/null
	make_ssh "$work/ssh"
	for _ in $(seq 30); do # the far end needs a moment to notice
		pgrep -f "receive --root $out\$" >/dev/null || break
		sleep 0.1
	done
done
promised=$(tail -n 1 "$on/journal")
converts "it goes on after all that" "$far" --verify
is "$(told .tracked)" true "by what was tracked all the time"
ok "with little to be sent: $(told .sent) bytes" test "$(told .sent)" -lt $(($(told .written) * 5 / 4 + 400000))
mount_copy far 192
ok "with all that was promised" \
	awk -v want="$promised" '$1 != NR {exit 1} END {exit NR < want}' "$work/copied/journal"
umount "$work/copied"
ok "its file system is clean" e2fsck -fn "$out/copy.img?offset=1048576"
stop_writer
sync
for where in source host source; do
	echo $where >>"$on/etc/motd"
	converts "fixed at the $where" "$far" --fix-at $where
	is "$(told .tracked)" true "it is brought up to date"
	ok "and the source" same_copy far
done
python3 - "$out/far/disk0.vhd" "$work/locked" <<-'END' &
	import fcntl, struct, sys, time
	f = open(sys.argv[1], "r+b")
	fcntl.fcntl(f, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 100, 1, 0))
	open(sys.argv[2], "w")
	time.sleep(60)
END
locker=$!
for _ in $(seq 50); do [ ! -e "$work/locked" ] || break; sleep 0.1; done
fails 6 "a machine that runs is not touched" again "$far"
said "shut the machine down first" "which is said"
kill $locker
wait $locker 2>/dev/null
converts "with the writer gone, the first one" "$out/kill"
ok "the copy is the source, to the last byte" same_copy kill

"$nacre" convert "$loop" "$out/kill" --again -q "${options[@]}" --bwlimit 1000 >/dev/null 2>&1 &
pid=$!
for _ in $(seq 100); do
	[ ! -e "$out/kill.partial" ] || break
	sleep 0.05
done
fails 6 "two at a time are not" again "$out/kill"
fails 6 "nor is the tracking ended under a run" "$nacre" tracking --end "$out/kill"
kill $pid
wait $pid 2>/dev/null
ok "the tracking ends at last" "$nacre" tracking --end --all
is "$(ls "$bpf/nacre" 2>/dev/null)" "" "and leaves nothing"
finish
