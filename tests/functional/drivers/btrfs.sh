#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# btrfs.sh - the driver for btrfs against the kernel and btrfs-progs
. "$(dirname "$0")/../../own_mounts.sh"
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/drivers.sh"
PATH=$PATH:/usr/sbin:/sbin
requires_program mkfs.btrfs btrfs python3
can_mount btrfs || skip_all "this needs root and a kernel with btrfs"

make_tree "$work/in" 200
rm "$work/in/sparse" "$work/in/etc/fifo"
size=536870912

fresh() # OPTIONS...
{
	rm -f "$work/image"
	truncate -s $size "$work/image"
	mkfs.btrfs -q -f -L 'system root' "$@" "$work/image" || return
	uuid=$(btrfs inspect-internal dump-super "$work/image" | awk '$1 == "fsid" {print $2}')
}

# What is in use by the kernel's figures, each as often as its profile keeps it; and superblocks.
counted()
{
	btrfs filesystem df --raw "$work/mnt" | awk -F '[ ,:=]+' '!/GlobalReserve/ {
		n += $NF * ($2 == "DUP" ? 2 : 1)} END {print n + 65536 + 2 * 4096}'
}

for options in '' '-m single -d dup' '-M -n 4096' '-m raid0 -d raid0'; do
	# shellcheck disable=SC2086 # words
	fresh $options >"$work/err" 2>&1 || { skip "btrfs with $options" "mkfs.btrfs cannot make it"; continue; }
	attach btrfs rw "$work/image"
	cp -a --sparse=always "$work/in/." "$work/mnt/"
	cp -a "$work/in/boot" "$work/mnt/gone"
	sync -f "$work/mnt"
	btrfs -q subvolume snapshot "$work/mnt" "$work/mnt/snapshot" >"$work/out" 2>&1
	rm -rf "$work/mnt/gone"
	rm -rf "$work/mnt/snapshot/gone"
	cp -a "$work/in/boot" "$work/mnt/snapshot/more"
	rm -rf "$work/mnt/snapshot/more"
	btrfs filesystem sync "$work/mnt"
	detach
	ok "btrfs (${options:-as it comes}) is described" on "$work/image" info
	said "btrfs label=system root uuid=$uuid size=$size " "by label, UUID and size"
	said " state=0" "and as clean"
	attach btrfs ro "$work/image"
	want=$(counted)
	detach
	ok "its map is copied" on "$work/image" copy "$work/copy"
	ok "btrfs check finds no fault in the copy, nor in the checksums of data" \
		btrfs check --readonly --check-data-csum "$work/copy"
	ok "the kernel mounts the copy" attach btrfs ro "$work/copy"
	ok "the kernel finds the same files in it" diff -r --no-dereference -x snapshot "$work/in" "$work/mnt"
	ok "and in its snapshot" diff -r --no-dereference "$work/in" "$work/mnt/snapshot"
	detach
	is "$(used_of "$work/image")" "$want" "the map has as many bytes as the kernel counts"
done

# Synced, but not committed: in the log only.
fresh >"$work/out" 2>&1
ok "the kernel mounts it" attach btrfs rw,commit=300 "$work/image"
cp -a "$work/in/etc" "$work/mnt/"
sync -f "$work/mnt"
head -c 3000000 /dev/urandom >"$work/mnt/late"
sync "$work/mnt/late"
cp "$work/mnt/late" "$work/late"
cp --sparse=always "$work/image" "$work/dirty"
detach
ok "a log that waits" on "$work/dirty" info
said " state=1" "is said as dirty"
ok "its map is copied" on "$work/dirty" copy "$work/copy"
ok "the kernel mounts it" attach btrfs rw "$work/copy"
ok "what only the log had is there after a mount" cmp "$work/late" "$work/mnt/late"
detach
ok "btrfs check finds no fault then" btrfs check --readonly --check-data-csum "$work/copy"

cp --sparse=always "$work/image" "$work/broken"
dd if=/dev/zero of="$work/broken" bs=4096 seek=16 count=1 conv=notrunc status=none
ok "a lost superblock has a copy" on "$work/broken" info
said "uuid=$uuid" "which is as good"
on "$work/image" map >"$work/map"
on "$work/broken" map >"$work/map2"
ok "and leads to the same map" cmp "$work/map" "$work/map2"
printf x | dd of="$work/image" bs=1 seek=$((65536 + 1000)) conv=notrunc status=none
printf x | dd of="$work/image" bs=1 seek=$((65536 * 1024 + 1000)) conv=notrunc status=none
fails 1 "superblocks with wrong checksums are refused" on "$work/image" info
said EUCLEAN "as damaged"
head -c 100000000 "$work/dirty" >"$work/short"
fails 1 "so is a volume that is shorter than its file system" on "$work/short" info
said EUCLEAN "as damaged"
fails 1 "files are not read" on "$work/dirty" ls /
said EOPNOTSUPP "with the reason"
fails 1 "it is not opened for writing" write_on "$work/dirty" info
said EOPNOTSUPP "with the reason"
finish
