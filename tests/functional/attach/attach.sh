#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# attach.sh - images as disks of this computer: written, refused, busy, killed, full (C5, C13)
. "$(dirname "$0")/../../own_mounts.sh"
. "$(dirname "$0")/../../functions.sh"
requires_root
requires_program qemu-img mkfs.ext4 e2fsck sfdisk jq losetup fusermount3 setpriv
requires_file /dev/fuse /dev/loop-control
[ -n "${own_mounts:-}" ] || skip_all "this needs mounts of its own"
nacre=${1:?}
# What is attached by others is none of this test's business.
mount -t tmpfs -o mode=755 run /run || skip_all "nothing can be mounted"
mnt=$work/mnt
mkdir "$mnt"

blank() # FILE FORMAT MIB
{
	truncate -s "$3M" "$work/blank"
	case $2 in
	vpc) qemu-img convert -O vpc -o force_size=on "$work/blank" "$1" ;;
	*) qemu-img convert -O "$2" "$work/blank" "$1" ;;
	esac
}

attach() # ARGUMENT...: $device
{
	run "$nacre" attach "$@"
	device=$(cat "$work/out")
	[ "$status" -eq 0 ] || tap_show
}

gone() # DEVICE: no loop device is left, after a moment
{
	local i
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ -e "/sys/block/${1#/dev/}/loop/backing_file" ] || return 0
		sleep 0.1
	done
	return 1
}

# One of the two processes that an attached image has; all that this namespace of processes sees is ours.
process() # keeper|server
{
	pgrep -x "nacre-$1"
}

no_processes()
{
	local i
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		process keeper >/dev/null || process server >/dev/null || return 0
		sleep 0.1
	done
	return 1
}

# What is written arrives.
blank "$work/disk.vhd" vpc 100
attach --writable "$work/disk.vhd"
ok "a dynamic VHD is attached" test -b "$device"
is "$(blockdev --getsize64 "$device")" $((100 << 20)) "with its size"
is "$(blockdev --getss "$device")" 512 "and sectors of 512 bytes"
ok "a file system is made on it" mkfs.ext4 -q "$device"
ok "and mounted" mount "$device" "$mnt"
head -c 20000000 /dev/urandom >"$mnt/data"
sum=$(sha256sum <"$mnt/data")
fails 4 "it cannot be detached while it is mounted" "$nacre" detach "$device"
said "is in use: mounted at $mnt" "which says where"
umount "$mnt"
dd if="$device" of="$work/disk.raw" bs=1M status=none
exec 7<"$device"
fails 4 "nor while a program has it open" "$nacre" detach "$work/disk.vhd"
said "open in bash (process $$)" "which says which"
exec 7<&-
ok "then it is detached" "$nacre" detach "$device"
ok "the device is none any more" gone "$device"
ok "and no process is left" no_processes
ok "the image is whole" qemu-img info "$work/disk.vhd"
ok "and has every byte" qemu-img compare -f raw -F vpc "$work/disk.raw" "$work/disk.vhd"
ok "the file system in it is clean" e2fsck -fn "$work/disk.raw"
ok "only what was written takes room" test "$(stat -c %s "$work/disk.vhd")" -lt $((90 << 20))
attach "$work/disk.vhd"
mount -o ro "$device" "$mnt"
is "$(sha256sum <"$mnt/data")" "$sum" "attached again it has the file"
umount "$mnt"

# Read only is the default.
before=$(sha256sum <"$work/disk.vhd")
is "$(blockdev --getro "$device")" 1 "without --writable the device is read-only"
run dd if=/dev/zero of="$device" bs=4096 count=1 conv=fsync
ok "and takes no write" test "$status" -ne 0
fails 6 "nobody can attach it for writing meanwhile" "$nacre" attach --writable "$work/disk.vhd"
said "attached already" "with the reason"
first=$device
attach "$work/disk.vhd"
ok "a second reader can" test -b "$device" -a "$device" != "$first"
fails 2 "then the image alone does not say which one" "$nacre" detach "$work/disk.vhd"
ok "but the device does" "$nacre" detach "$first"
ok "and the image, where there is one" "$nacre" detach "$work/disk.vhd"
is "$(sha256sum <"$work/disk.vhd")" "$before" "no byte of the image has changed"
fails 5 "what is not attached cannot be detached" "$nacre" detach "$device"
attach -w "$work/disk.vhd"
fails 6 "there is one writer" "$nacre" attach -w "$work/disk.vhd"
fails 6 "who is alone" "$nacre" attach "$work/disk.vhd"
fails 7 "and it is no source for a conversion meanwhile" "$nacre" convert "$work/disk.vhd" "$work/vm"
said "attached as $device" "with the reason"
fails 7 "nor mended" "$nacre" repair "$work/disk.vhd"
said "attached as $device" "with the reason"

# The server has nothing that it does not need.
server=$(process server)
is "$(sed -n 's/^CapEff:\t//p' "/proc/$server/status")" 0000000000000000 "the server has no capabilities"
is "$(sed -n 's/^NoNewPrivs:\t//p; s/^Seccomp:\t//p' "/proc/$server/status" | tr '\n' ' ')" "1 2 " \
	"can get none, and is filtered"
is "$(find "/proc/$server/fd" -lname "$work/*" -printf '%l\n')" "$work/disk.vhd" "and has the image open, no other file"

# The list.
ok "the list" "$nacre" attach --list
said "$work/disk.vhd" "names the image"
said "read-write" "and how it is attached"
run "$nacre" attach --list --json
is "$(jq -r '.[0] | [.device, .image, .format, .size, .writable, .alive] | map(tostring) | join(" ")' "$work/out")" \
	"$device $work/disk.vhd vhd $((100 << 20)) true true" "as JSON as well"
fails 2 "--list goes with nothing else" "$nacre" attach --list "$work/disk.vhd"

# The server is killed: the device vanishes with it.
kill -9 "$server"
ok "when its server is killed the device goes" gone "$device"
ok "with all processes" no_processes
ok "the list still knows" "$nacre" attach --list
said "its server was ended by signal 9" "how it ended"
ok "until all is cleaned up" "$nacre" detach --all
said "signal 9" "which tells once more"
ok "then" "$nacre" attach --list
said "nothing is attached" "there is nothing"

# ... also where it is mounted: what waits fails, and the device goes with the mount.
attach -w "$work/disk.vhd"
mount "$device" "$mnt"
kill -9 "$(process server)"
run timeout 20 sh -c "dd if=$device of=/dev/null bs=1M iflag=direct count=1"
ok "with its server killed a mounted disk fails, and nobody waits" test "$status" -ne 0 -a "$status" -ne 124
fails 4 "what is left cannot be cleaned up while it is mounted" timeout 20 "$nacre" detach --all
said "mounted at $mnt" "which says where"
ok "it can be unmounted" timeout 20 umount "$mnt"
ok "then the device is gone" gone "$device"
ok "and the rest is cleaned up" "$nacre" detach --all
ok "the image can be attached again" "$nacre" attach -w "$work/disk.vhd"
device=$(cat "$work/out")
ok "and the file system finds itself again" sh -c "e2fsck -fp $device; [ \$? -le 1 ]"

# The keeper is killed: nobody is left to end it, it ends by itself, and nothing is lost.
dd if=/dev/zero of="$device" bs=1M count=3 seek=90 status=none
kill -9 "$(process keeper)"
ok "when its keeper is killed the device goes" gone "$device"
ok "and the server with it" no_processes
ok "what was written is in the image" sh -c "qemu-img convert -O raw -f vpc $work/disk.vhd $work/raw &&
	cmp -n 3145728 -i $((90 << 20)):0 $work/raw /dev/zero"
ok "the rest is cleaned up" "$nacre" detach --all

# Both are killed, with what was written on its way: nobody waits for the other.
attach -w "$work/disk.vhd"
mount "$device" "$mnt"
dd if=/dev/zero of="$mnt/more" bs=1M count=20 status=none
kill -9 "$(process server)" "$(process keeper)"
ok "with both killed a mounted disk can be unmounted" timeout 30 umount "$mnt"
ok "then the device is gone" gone "$device"
ok "and the rest is cleaned up" "$nacre" detach --all
attach -w "$work/disk.vhd"
dd if=/dev/zero of="$device" bs=1M count=20 seek=60 status=none &
sleep 0.02
kill -9 "$(process server)" "$(process keeper)"
wait
ok "the same without a mount" gone "$device"
ok "leaves no process" no_processes
ok "and nothing else" "$nacre" detach --all

# Partitions, whether the kernel knows tables or not.
truncate -s 40M "$work/parts.raw"
printf 'label: gpt\nstart=2048, size=20480\nstart=22528, size=20480\n' | sfdisk -q "$work/parts.raw"
attach -w "$work/parts.raw"
is "$(blockdev --getsize64 "${device}p1") $(blockdev --getsize64 "${device}p2")" "10485760 10485760" \
	"partitions are devices of their own"
mkfs.ext4 -q "${device}p2"
mount "${device}p2" "$mnt"
fails 4 "a disk whose partition is mounted cannot be detached" "$nacre" detach "$work/parts.raw"
said "mounted at $mnt" "which says where"
umount "$mnt"
ok "else it can" "$nacre" detach "$work/parts.raw"
ok "the partitions are gone" test ! -e "/sys/class/block/${device#/dev/}p1"
dd if="$work/parts.raw" of="$work/part" bs=512 skip=22528 count=20480 status=none
ok "what was written to one is in its place" e2fsck -fn "$work/part"

# Other formats are only read.
for format in qcow2 vhdx vpc; do
	suffix=$format
	qemu-img convert -f raw -O "$format" "$work/parts.raw" "$work/other.$suffix"
done
for format in qcow2 vhdx; do
	attach "$work/other.$format"
	ok "$format is attached, and has every byte" cmp "$device" "$work/parts.raw"
	ok "and detached" "$nacre" detach "$device"
	fails 7 "$format cannot be written" "$nacre" attach --writable "$work/other.$format"
done
ok "no process is left" no_processes

# Many at once.
for i in 1 2 3 4 5 6; do
	blank "$work/many$i.vhd" vpc 8
done
for i in 1 2 3 4 5 6; do
	"$nacre" attach -w "$work/many$i.vhd" >"$work/device$i" &
done
wait
is "$(cat "$work"/device? | sort -u | wc -l)" 6 "six at once have six devices"
for i in 1 2 3 4 5 6; do
	echo "this is $i" | dd of="$(cat "$work/device$i")" bs=512 conv=sync status=none
done
ok "all of them are detached" "$nacre" detach --all
for i in 1 2 3 4 5 6; do
	is "$(qemu-img dd -f vpc -O raw bs=512 count=1 if="$work/many$i.vhd" of="$work/first" && head -n1 "$work/first")" \
		"this is $i" "the image $i has what was written to its own"
done

# An image that lies.
cp "$work/disk.vhd" "$work/lies.vhd"
printf '\0\0\0\377\0\0\0\0' | dd of="$work/lies.vhd" bs=1 seek=$(($(stat -c %s "$work/lies.vhd") - 512 + 48)) conv=notrunc status=none
printf '\0\0\0\377\0\0\0\0' | dd of="$work/lies.vhd" bs=1 seek=48 conv=notrunc status=none
fails 3 "a VHD whose footer lies is refused" "$nacre" attach "$work/lies.vhd"
said "lies.vhd" "by name"
head -c 3000000 "$work/disk.vhd" >"$work/short.vhd"
fails 3 "one that was cut short as well" "$nacre" attach -w "$work/short.vhd"
fails 5 "what is not there is said to be" "$nacre" attach "$work/absent.vhd"
fails 3 "a directory is no disk" "$nacre" attach "$work"
ok "no process is left of these" no_processes
is "$(ls -A /run/nacre/attach)" "" "and no file"

# Full: the disk fails as a disk does, and what it had it has.
mkdir "$work/small"
mount -t tmpfs -o size=24m small "$work/small"
blank "$work/small/full.vhd" vpc 64
attach -w "$work/small/full.vhd"
head -c 4194304 /dev/urandom >"$work/four"
ok "there is room for this" dd if="$work/four" of="$device" bs=1M oflag=direct
run dd if=/dev/zero of="$device" bs=1M seek=10 oflag=direct
said "Input/output error" "a full disk is an I/O error"
ok "what was there is there" cmp -n 4194304 "$device" "$work/four"
fails 4 "when it is detached" "$nacre" detach "$device"
said "did not reach the image" "that is told"
said "make room" "with the remedy"
ok "the image is detached" gone "$device"
ok "the image is sound" qemu-img compare -f vpc -F vpc "$work/small/full.vhd" "$work/small/full.vhd"
ok "and has what was written before" sh -c "qemu-img dd -f vpc -O raw bs=1M count=4 if=$work/small/full.vhd of=$work/got &&
	cmp $work/got $work/four"
umount "$work/small"

# Without a device.
attach --file --writable "$work/disk.vhd"
ok "as a file it has every byte" qemu-img compare -f raw -F vpc -U "$device" "$work/disk.vhd"
ok "and takes writes" sh -c "echo written | dd of=$device bs=512 seek=100 conv=notrunc,sync,fsync status=none"
exec 7<"$device"
fails 4 "it cannot be detached while it is open" "$nacre" detach "$device"
said "open in" "which says by whom"
exec 7<&-
ok "then it can" "$nacre" detach "$device"
is "$(qemu-img dd -f vpc -O raw bs=512 skip=100 count=101 if="$work/disk.vhd" of="$work/first" && head -n1 "$work/first")" \
	written "what was written is in the image"
attach --file "$work/disk.vhd"
kill -9 "$(process server)"
run cat "$device"
ok "with its server killed it fails" test "$status" -ne 0
ok "and is cleaned up" "$nacre" detach --all
ok "with its mount" test ! -e "${device%/*}"

# Without root.
# The build may be where only root gets to.
chmod 755 "$work"
install -m 755 "$nacre" "$work/nacre"
install -d -o nobody "$work/runtime"
install -o nobody "$work/disk.vhd" "$work/mine.vhd"
qemu-img convert -O raw -f vpc "$work/disk.vhd" "$work/raw"
chmod 644 "$work/raw"
nobody() # COMMAND...
{
	setpriv --reuid=nobody --regid=nogroup --clear-groups env XDG_RUNTIME_DIR="$work/runtime" HOME=/ "$@"
}
if nobody test -w /dev/fuse && nobody test -x "$work/nacre"; then
	run nobody "$work/nacre" attach "$work/mine.vhd"
	device=$(cat "$work/out")
	is "$status" 0 "without root an image is attached"
	said "a block device needs root" "as a file, and says so"
	ok "its user can read it" nobody cmp "$device" "$work/raw"
	fails 3 "which is no device" nobody sh -c "test -b $device || exit 3"
	ok "and detach it" nobody "$work/nacre" detach --all
	ok "nothing is left" sh -c "test ! -e ${device%/*} && ! grep -q nacre /proc/self/mountinfo"
else
	skip "without root an image is attached as a file" "its user gets to neither /dev/fuse nor the program"
fi
ok "at the end there is no process" no_processes
is "$(ls -A /run/nacre/attach)" "" "and nothing attached"
finish
