#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# device.sh - block devices as source and as target
. "$(dirname "$0")/../../functions.sh"
images=$(realpath "$1")
requires_root
requires_program losetup mkfs.ext4 blockdev
cd "$work" || exit 99

truncate -s 8M src
"$images" write src 0 5000 65
"$images" write src 5000000 5000 66

attach() # FILE OPTION...: its loop device in $loop
{
	loop=$(losetup --find --show "${@:2}" "$1" 2>/dev/null) || skip_all "there is no loop device"
	at_exit "losetup -d $loop"
}

attach src --read-only
is "$("$images" info "$loop")" "raw 8388608" "a block device has its size"
ok "it is read" "$images" copy "$loop" copy vhd
ok "byte for byte" qemu-img compare -f raw -F vpc src copy

head -c 10M /dev/urandom >disk
attach disk
ok "a disk is written onto a device" "$images" copy src "$loop" raw
ok "where it reads as it should, and zeroes where nothing was" cmp -n 8388608 src "$loop"
truncate -s 12M big
fails 7 "a device that is too small is refused" "$images" copy big "$loop" raw
said "take a larger device" "with the remedy"
fails 2 "a VHD is not put onto one" "$images" copy src "$loop" vhd
mkfs.ext4 -q -F "$loop"
mkdir at
if mount "$loop" at 2>/dev/null; then
	at_exit "umount '$work/at'"
	fails 4 "a device that is in use is refused" "$images" copy src "$loop" raw
	said "unmount it first" "with the remedy"
else
	skip "a device that is in use is refused" "nothing can be mounted here"
fi

truncate -s 4M four
if loop=$(losetup --find --show -b 4096 four 2>/dev/null); then
	at_exit "losetup -d $loop"
	is "$("$images" sector "$loop")" 4096 "sectors of 4096 bytes are seen"
else
	skip "sectors of 4096 bytes are seen" "there is no loop device with such"
fi

# A full file system.
mkdir small
if mount -t tmpfs -o size=2M none small 2>/dev/null; then
	at_exit "umount '$work/small'"
	for format in raw vhd vhd-fixed; do
		head -c 6M /dev/urandom >random
		fails 4 "a full file system ends a copy to $format" "$images" copy random small/img $format
		said "make room" "with the remedy"
		is "$(ls small)" "" "and nothing is left on it"
	done
else
	skip "a full file system ends a copy" "nothing can be mounted here"
fi
finish
