#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# xfs.sh - the driver for XFS against the kernel and xfsprogs
. "$(dirname "$0")/../../own_mounts.sh"
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/drivers.sh"
PATH=$PATH:/usr/sbin:/sbin
requires_program mkfs.xfs xfs_repair xfs_db python3
can_mount xfs || skip_all "this needs root and a kernel with XFS"

make_tree "$work/in"
(cd "$work/in" && mknod etc/null c 1 3 && mknod etc/disk b 259 65537)
uuid=01234567-89ab-cdef-0123-456789abcdef

fresh() # OPTIONS...
{
	rm -f "$work/image"
	truncate -s 320M "$work/image"
	mkfs.xfs -q -L 'system root' -m "uuid=$uuid" "$@" "$work/image"
}

# Bytes that are not free by the heads of the groups.
counted()
{
	free=$(xfs_db -r -c 'agf 0' -c 'p freeblks' -c 'agf 1' -c 'p freeblks' -c 'agf 2' -c 'p freeblks' \
		-c 'agf 3' -c 'p freeblks' "$1" | awk '{n += $3} END {print n}')
	echo $((335544320 - free * $(xfs_db -r -c 'sb 0' -c 'p blocksize' "$1" | awk '{print $3}')))
}

for options in '' '-b size=1024 -n size=8192 -i size=512' '-m bigtime=1 -i nrext64=1'; do
	# shellcheck disable=SC2086 # words
	fresh $options 2>"$work/err" || { skip "XFS with $options" "mkfs.xfs cannot make it"; continue; }
	attach xfs rw "$work/image" 2>"$work/err" || { skip "XFS with $options" "the kernel does not know it"; continue; }
	cp -a "$work/in/." "$work/mnt/"
	[ -s "$work/dirty" ] || { sync -f "$work/mnt/etc"; cp --sparse=always "$work/image" "$work/dirty"; }
	rm -rf "$work/mnt/gone"
	detach
	ok "XFS (${options:-as it comes}) is described" on "$work/image" info
	said "xfs label=system root uuid=$uuid size=335544320 " "by label, UUID and size"
	said " state=0" "and as clean"
	whole "XFS (${options:-as it comes})" "$work/image" "$work/in"
	ok "its map is copied" on "$work/image" copy "$work/copy"
	ok "xfs_repair finds no fault in the copy" xfs_repair -n "$work/copy"
	whole "the copy" "$work/copy" "$work/in"
	for file in boot/initrd boot/vmlinuz; do
		ok "$file is found on the device" sh -c "'$drive' '$driver' '$work/image' r fetch /$file | cmp - '$work/in/$file'"
	done
	fails 1 "a file with holes" on "$work/image" fetch /split
	said EOPNOTSUPP "is not told"
	ok "the kernel mounts the copy" attach xfs ro,nouuid "$work/copy"
	ok "the kernel finds the same files in it" diff -r --no-dereference -x fifo -x null -x disk "$work/in/etc" "$work/mnt/etc"
	ok "the large ones too" diff -r "$work/in/boot" "$work/mnt/boot"
	ok "and those with holes" cmp "$work/in/split" "$work/mnt/split"
	detach
	is "$(used_of "$work/image")" "$(counted "$work/image")" "the map has as many bytes as are not free"
done

# Version 4, which the kernel may not know any more; its own mkfs fills it.
mkdir -p "$work/old/etc" "$work/old/wide"
cp "$work/in/boot/vmlinuz" "$work/old/"
cp "$work/in/etc/file"* "$work/old/etc/"
(cd "$work/old/wide" && seq -f 'number%.0f' 400 | xargs touch)
ln -s ../vmlinuz "$work/old/etc/kernel"
prototype()
{
	(cd "$1" && for file in *; do
		if [ -L "$file" ]; then echo "$file l--777 0 0 $(readlink "$file")"
		elif [ -d "$file" ]; then echo "$file d--755 0 0"; prototype "$1/$file"; echo '$'
		else echo "$file ---644 0 0 $1/$file"; fi
	done)
}
{ printf '/dev/null\n0 0\nd--755 0 0\n'; prototype "$work/old"; echo '$'; } >"$work/prototype"
fresh -m crc=0 -p "$work/prototype" >"$work/out" 2>&1
ok "version 4 is described" on "$work/image" info
said " state=0" "as clean"
whole "version 4" "$work/image" "$work/old"
ok "its map is copied" on "$work/image" copy "$work/copy"
ok "xfs_repair finds no fault in the copy" xfs_repair -n "$work/copy"
whole "the copy" "$work/copy" "$work/old"
is "$(used_of "$work/image")" "$(counted "$work/image")" "the map has as many bytes as are not free"

fresh
ok "the kernel mounts it" attach xfs rw "$work/image"
cp -a "$work/in/etc" "$work/mnt/"
detach
ok "links are read" on "$work/image" link /etc/kernel , link /etc/long-link
said ../boot/vmlinuz "short ones"
said "$(readlink "$work/in/etc/long-link")" "and long ones"
ok "device nodes are read" on "$work/image" stat /etc/null , stat /etc/disk
said " dev=1:3" "with their numbers"
said " dev=259:65537" "large ones too"
ok "times are read" on "$work/image" stat /etc/empty
said " mtime=$(stat -c %.9Y "$work/in/etc/empty") " "as they are"
fails 1 "what is not there is not found" on "$work/image" stat /etc/nothing
said ENOENT "with the reason"
fails 1 "nothing is written" on "$work/image" create /file
said EROFS "with the reason"
fails 1 "it is not opened for writing" write_on "$work/image" info
said EOPNOTSUPP "with the reason"
ok "a log that was not emptied" on "$work/dirty" info
said " state=1" "is said to be dirty"

cp "$work/image" "$work/broken"
printf x | dd of="$work/broken" bs=1 seek=$((512 + 50)) conv=notrunc status=none
fails 1 "a group's head with a wrong checksum is refused" on "$work/broken" map
said EUCLEAN "as damaged"
cp "$work/image" "$work/broken"
printf x | dd of="$work/broken" bs=1 seek=150 conv=notrunc status=none
fails 1 "so is a superblock" on "$work/broken" info
said EUCLEAN "as damaged"
head -c 100000000 "$work/image" >"$work/short"
fails 1 "and a volume that is shorter than its file system" on "$work/short" info
said EUCLEAN "as damaged"
finish
