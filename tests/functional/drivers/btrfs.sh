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
	if [ "${options#*raid0}" = "$options" ]; then
		rm -rf "$work/all"
		cp -a --sparse=always "$work/in" "$work/all"
		cp -a --sparse=always "$work/in" "$work/all/snapshot"
		whole "btrfs (${options:-as it comes})" "$work/image" "$work/all"
	fi
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

# Compressed files, by each method: what is text, what is not, what is small, what has holes.
for method in none zlib lzo zstd zstd:15; do
	fresh >"$work/out" 2>&1
	ok "$method: the kernel mounts it" attach btrfs "rw,compress-force=$method" "$work/image"
	cp -a --sparse=always "$work/in/." "$work/mnt/"
	seq 1 300000 | tee "$work/mnt/lines" >/dev/null
	head -c 200000 /dev/zero >"$work/mnt/zeroes"
	printf 'changed' | dd of="$work/mnt/lines" bs=1 seek=200001 conv=notrunc status=none
	truncate -s 1000001 "$work/mnt/lines"
	fallocate -l 300000 "$work/mnt/reserved" && printf begun | dd of="$work/mnt/reserved" conv=notrunc status=none
	for i in $(seq 1500 300 3900); do head -c "$i" "$work/in/boot/vmlinuz" >"$work/mnt/small$i"; done
	btrfs filesystem sync "$work/mnt"
	rm -rf "$work/all"
	cp -a --sparse=always "$work/mnt" "$work/all"
	detach
	whole "$method" "$work/image" "$work/all"
	if [ "$method" = none ]; then plain=$(used_of "$work/image"); else
		ok "$method: files are compressed indeed" test "$(used_of "$work/image")" -lt $((plain - 500000))
	fi
	cp "$work/image" "$work/$method"
done
is "$(on "$work/zstd" cat /lines | sha256sum)" "$(sha256sum <"$work/all/lines")" "a file is read in one go"
if [ "$(sha256sum <"$work/zlib")" = "$(sha256sum <"$work/lzo")" ]; then ok "the methods differ" false; fi

# Subvolumes in subvolumes, by their names; the default one by its path; attributes, owners, times.
fresh >"$work/out" 2>&1
ok "the kernel mounts it" attach btrfs rw "$work/image"
mkdir "$work/mnt/dir"
for volume in @ @/.snapshots @home dir/deep; do btrfs -q subvolume create "$work/mnt/$volume" >>"$work/out" 2>&1; done
mkdir -p "$work/mnt/@/.snapshots/1" "$work/mnt/@home/user" "$work/mnt/@/etc"
echo one >"$work/mnt/@/etc/fstab"
echo two >"$work/mnt/@home/user/file"
btrfs -q subvolume snapshot "$work/mnt/@" "$work/mnt/@/.snapshots/1/snapshot" >>"$work/out" 2>&1
echo three >"$work/mnt/@/.snapshots/1/snapshot/etc/fstab"
printf four >"$work/mnt/dir/deep/x"
mknod "$work/mnt/dir/deep/node" b 259 70000
ln -s ../x "$work/mnt/dir/deep/link"
chown -h 70000:5 "$work/mnt/dir/deep/link"
touch -d '2021-02-03 04:05:06.123456789 UTC' "$work/mnt/dir/deep/x"
chmod 4751 "$work/mnt/dir/deep/x"
python3 - "$work/mnt/dir/deep/x" <<-'END'
	import os, sys
	os.setxattr(sys.argv[1], "security.selinux", b"system_u:object_r:etc_t:s0")
	for i in range(60):
	    os.setxattr(sys.argv[1], "user.number%d" % i, b"%d" % i * 20)
END
touch "$work/mnt/swapfile"
chattr +C "$work/mnt/swapfile"
head -c 3000001 /dev/urandom >"$work/mnt/swapfile"
sync "$work/mnt/swapfile"
sed 's/.*/&/' "$work/in/boot/initrd" | head -c 500000 | dd of="$work/mnt/swapfile" bs=4096 seek=100 conv=notrunc status=none
cp "$work/mnt/swapfile" "$work/swapfile"
cp "$work/in/boot/initrd" "$work/mnt/summed"
id=$(btrfs inspect-internal rootid "$work/mnt/@/.snapshots/1/snapshot")
btrfs filesystem sync "$work/mnt"
cp --sparse=always "$work/image" "$work/before"
btrfs subvolume set-default "$id" "$work/mnt"
btrfs filesystem sync "$work/mnt"
detach
ok "without a default of its own it is described" on "$work/before" info
ok "and shows its top" sh -c "! grep -q root= '$work/out'"
ok "with one it is described" on "$work/image" info
said ' root=/@/.snapshots/1/snapshot' "and says which directory that is"
is "$(on "$work/image" cat /@/etc/fstab , cat /@home/user/file , cat /@/.snapshots/1/snapshot/etc/fstab , cat /dir/deep/x)" \
	"$(printf 'one\ntwo\nthree\nfour')" "files in subvolumes are read by the way there"
is "$(on "$work/image" ls /@/.snapshots/1/snapshot/.snapshots)" "" "what a snapshot did not take along is empty there"
fails 1 "and has nothing in it" on "$work/image" cat /@/.snapshots/1/snapshot/.snapshots/1
said ENOENT "by its number"
is "$(on "$work/image" stat /dir/deep/x)" "mode=104751 uid=0 gid=0 links=1 size=4 mtime=1612325106.123456789 dev=0:0" \
	"mode, links and time are as they are"
is "$(on "$work/image" stat /dir/deep/node | sed 's/mode=\([0-9]*\).*dev/\1 dev/') $(on "$work/image" link /dir/deep/link)" \
	"60644 dev=259:70000 ../x" "so are devices and links"
is "$(on "$work/image" stat /dir/deep/link | cut -d' ' -f1-3)" "mode=120777 uid=70000 gid=5" "and their owners"
is "$(on "$work/image" get /dir/deep/x security.selinux)" "system_u:object_r:etc_t:s0" "attributes are read"
is "$(on "$work/image" get /dir/deep/x user.number59)" "$(printf '59%.0s' $(seq 20))" "each of them"
is "$(on "$work/image" names /dir/deep/x | sort | sha256sum)" \
	"$( (echo security.selinux; for i in $(seq 0 59); do echo "user.number$i"; done) | sort | sha256sum)" "and listed"
is "$(on "$work/image" names /@)" "" "where there are none, none"
fails 1 "one that is not there" on "$work/image" get /@/etc/fstab user.none
said ENODATA "has its number"
ok "a file without checksums is found on the device" sh -c "'$drive' '$driver' '$work/image' r fetch /swapfile | cmp - '$work/swapfile'"
fails 1 "one with checksums" on "$work/image" fetch /summed
said EOPNOTSUPP "is none's business"
for path in /none /@/etc/fstab/x /@home/user/none; do fails 1 "$path is not there" on "$work/image" stat "$path"; done
fails 1 "it is not opened for writing" write_on "$work/dirty" info
said EOPNOTSUPP "with the reason"
finish
