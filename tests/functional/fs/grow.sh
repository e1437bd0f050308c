#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# grow.sh - ext2, ext3 and ext4 take what a larger volume has: against e2fsck, resize2fs and the kernel
. "$(dirname "$0")/../../own_mounts.sh"
. "$(dirname "$0")/common.sh"
requires_program resize2fs

# Images stay in memory, where this test has mounts of its own.
if [ -n "${own_mounts:-}" ] && mount -t tmpfs -o size=4g nacre-test "$work" 2>/dev/null; then
	at_exit 'umount "$work"'
fi
reference=$work/reference tree=$work/tree
mkdir -p "$tree/deep/er"
head -c 1500000 /dev/urandom >"$tree/data"
seq 1 20000 >"$tree/deep/er/numbers"
ln -s er/numbers "$tree/deep/link"

# fresh OPTIONS SIZE: a file system with the tree in it
fresh()
{
	rm -f "$image"
	truncate -s "$2" "$image"
	# shellcheck disable=SC2086 # words
	mke2fs -q -F -d "$tree" $1 "$image" 2>/dev/null
	e2fsck -fp "$image" >/dev/null 2>&1 # mke2fs does not count a quota
}

# grow SIZE: the volume has become larger, and its file system with it
grow()
{
	truncate -s "$1" "$image"
	vol w resize "$(stat -c %s "$image")"
}

# What dumpe2fs counts, without what may differ.
counts()
{
	dumpe2fs -h "$1" 2>/dev/null |
		grep -E '^(Inode count|Block count|Free inodes|Block size|First block|Fragments|Blocks per group|Inodes per group)'
	dumpe2fs "$1" 2>/dev/null | grep -c '^Group '
}

files()
{
	for file in data deep/er/numbers; do
		vol r cat "/$file" | cmp -s - "$tree/$file" || return 1
	done
	test "$(vol r link /deep/link)" = er/numbers
}

reserved()
{
	dumpe2fs -h "$1" 2>/dev/null | sed -n 's/^Reserved block count: *//p'
}

# A name, mke2fs's options, the size before, the size after.
while IFS='|' read -r name options from to; do
	fresh "$options" "$from"
	cp --sparse=always "$image" "$reference"
	ok "$name: it grows from $from to $to" grow "$to"
	ok "$name: e2fsck finds nothing" e2fsck -fn "$image"
	truncate -s "$to" "$reference"
	e2fsck -fp "$reference" >/dev/null 2>&1
	ok "$name: resize2fs does the same to a copy" resize2fs "$reference"
	is "$(counts "$image")" "$(counts "$reference")" "$name: blocks, groups and inodes are as many"
	difference=$(($(reserved "$image") - $(reserved "$reference")))
	ok "$name: and the reserved blocks ($difference)" test "${difference#-}" -le 1
	ok "$name: the files are as they were" files
done <<END
ext2, 1 KiB|-t ext2 -b 1024|24M|300M
ext2, 4 KiB|-t ext2 -b 4096|24M|1G
ext2, revision 0|-t ext2 -b 4096 -r 0|24M|2G
ext3|-t ext3 -b 1024 -J size=4|32M|1G
ext4|-t ext4 -b 4096|128M|8G
ext4, 1 KiB|-t ext4 -b 1024|24M|900M
ext4, larger flex groups|-t ext4 -b 1024 -G 64|24M|900M
ext4, 32 bits|-t ext4 -b 4096 -O ^64bit|64M|8G
ext4, 64 bits|-t ext4 -b 4096 -O 64bit|64M|8G
ext4, no checksums|-t ext4 -b 4096 -O ^metadata_csum,^uninit_bg|64M|2G
ext4, checksums of groups|-t ext4 -b 4096 -O ^metadata_csum,uninit_bg|64M|4G
ext4, no flex groups|-t ext4 -b 4096 -O ^flex_bg|64M|4G
ext4, no resize inode|-t ext4 -b 4096 -O ^resize_inode|64M|4G
ext4, descriptors in their groups|-t ext4 -b 1024 -O meta_bg,^resize_inode|24M|2G
ext4, two backups|-t ext4 -b 1024 -O sparse_super2|24M|600M
ext4, two backups, from one group|-t ext4 -b 1024 -O sparse_super2|7M|600M
ext4, no journal|-t ext4 -b 4096 -O ^has_journal|64M|1G
ext4, small groups|-t ext4 -b 4096 -g 8192 -J size=4|64M|2G
ext4, files in inodes|-t ext4 -b 4096 -O inline_data -I 256|64M|1G
ext4, orphan file|-t ext4 -b 4096 -O orphan_file|64M|1G
ext4, quota|-t ext4 -b 4096 -O quota|64M|1G
ext4, no more than the last group|-t ext4 -b 4096|100M|127M
ext4, a last group cut short|-t ext4 -b 4096|64M|1073M
ext4, a last group too short|-t ext4 -b 4096|64M|1025M
ext4, by some pages|-t ext4 -b 1024|24M|25202688
ext4, 3 TiB|-t ext4 -b 4096|4G|3T
END

# More descriptors than there is room for: they go where the kernel would put them.
while IFS='|' read -r options first second; do
	fresh "$options" 24M
	ok "$options: it grows beyond the room for descriptors" grow "$first"
	ok "$options: e2fsck finds nothing" e2fsck -fn "$image"
	dumpe2fs -h "$image" 2>/dev/null | grep '^Filesystem features:' >"$work/features"
	ok "$options: descriptors are in their groups" grep -q ' meta_bg' "$work/features"
	fails 1 "$options: nothing is reserved for them any more" grep -q ' resize_inode' "$work/features"
	ok "$options: the files are as they were" files
	ok "$options: it grows again" grow "$second"
	ok "$options: e2fsck finds nothing then" e2fsck -fn "$image"
	is "$(vol r info | sed 's/.*size=\([0-9]*\) .*/\1/')" "$(stat -c %s "$image")" "$options: it has the volume's size"
done <<END
-t ext4 -b 1024 -O ^resize_inode|5G|11G
-t ext4 -b 1024 -O resize_inode|30G|31G
-t ext2 -b 1024 -O ^resize_inode|5G|11G
-t ext4 -b 1024 -O ^resize_inode,sparse_super2 -G 4|5G|11G
END

fresh '-t ext4 -b 4096' 64M
for size in 65M 200M 201M 1027M 9G; do
	ok "to $size" grow $size
	ok "e2fsck finds nothing" e2fsck -fn "$image"
done
ok "the files are as they were" files
vol w create /new 100644 0 0 , put /new 0 "$tree/data" >/dev/null
ok "a file may be written then" e2fsck -fn "$image"
cp --sparse=always "$image" "$reference"
truncate -s 20G "$reference"
ok "resize2fs takes it from there" resize2fs "$reference"
ok "and e2fsck finds nothing" e2fsck -fn "$reference"
cp --sparse=always "$image" "$reference"
ok "to what it has: nothing to do" vol w resize $((9 << 30))
ok "or to less" vol w resize $((1 << 30))
ok "nothing was changed by that" e2fsck -fn "$image"
is "$(counts "$image")" "$(counts "$reference")" "it is as large as it was"

# In one go with other changes, and where the blocks were something else's before.
for options in '-t ext2 -b 1024' '-t ext4 -b 4096' '-t ext4 -b 1024 -O ^flex_bg,^metadata_csum'; do
	fresh "$options" 24M
	head -c 60M /dev/urandom >>"$image"
	truncate -s 400M "$image"
	size=$(stat -c %s "$image")
	ok "$options: over what another file system left" vol w remove /data , resize "$size" , create /new 100644 0 0 , \
		put /new 0 "$tree/data"
	ok "$options: e2fsck finds nothing" e2fsck -fn "$image"
	ok "$options: what was written is there" sh -c "'$drive' '$image' '?' r cat /new | cmp - '$tree/data'"
done

# What is refused is as it was.
refused() # ERRNO SENTENCE SIZE
{
	truncate -s "$3" "$image"
	cp --sparse=always "$image" "$reference"
	fails 1 "$2" vol w resize "$(stat -c %s "$image")"
	said "$1" "$2: that is said"
	ok "$2: and has changed nothing" cmp -n $((64 << 20)) "$image" "$reference"
	fails 1 "$2: it is known before" vol r resize "$(stat -c %s "$image")"
	said "$1" "$2: with the same reason"
}
fresh '-t ext4 -b 4096 -O bigalloc -C 16384' 64M
refused EOPNOTSUPP "clusters do not grow" 200M
fresh '-t ext2 -b 1024 -r 0' 24M
refused EOPNOTSUPP "nor what is too old for more descriptors" 2G
if truncate -s 5T "$work/large" 2>/dev/null; then
	fresh '-t ext4 -b 1024 -O ^64bit' 24M
	refused EFBIG "nor blocks that 32 bits cannot number" 5T
else
	skip "nor blocks that 32 bits cannot number" "files cannot be so large here"
fi
rm -f "$work/large"
fresh '-t ext4 -b 1024' 24M
list=$(dbg 'stat <7>' | sed -n 's/.*(DIND):\([0-9]*\).*/\1/p')
printf '\1\2\3\4' | dd of="$image" bs=1 seek=$((list * 1024 + 4)) conv=notrunc status=none
refused EUCLEAN "nor where the resize inode is damaged" 200M
fresh '-t ext4 -b 1024' 24M
fails 1 "nothing grows beyond its volume" vol w resize 200000000
said ENOSPC "that is said"

fresh '-t ext4 -b 4096' 64M
truncate -s 8G "$image"
cp --sparse=always "$image" "$reference"
ok "whether it could grow is known without writing" vol r resize $((8 << 30))
ok "and nothing is written" cmp -n $((64 << 20)) "$image" "$reference"

# The kernel fills what has grown.
if [ "$(id -u)" -eq 0 ]; then
	mkdir -p "$work/mnt"
	at_exit 'if mountpoint -q "$work/mnt" 2>/dev/null; then umount "$work/mnt"; fi'
	for options in '-t ext4 -b 4096' '-t ext4 -b 1024 -O ^resize_inode' '-t ext3 -b 1024' '-t ext4 -O sparse_super2'; do
		fresh "$options" 24M
		grow 300M
		ok "$options: the kernel mounts it" mount -o loop "$image" "$work/mnt"
		before=$(stat -f -c %b "$work/mnt")
		cat /dev/zero >"$work/mnt/filler" 2>/dev/null
		ok "$options: and fills it" test "$(stat -c %s "$work/mnt/filler")" -gt 240000000
		ok "$options: the files are as they were" diff -r "$tree/deep" "$work/mnt/deep"
		ok "$options: it is unmounted" umount "$work/mnt"
		ok "$options: e2fsck finds nothing" e2fsck -fn "$image"
		debugfs -w -R 'ssv overhead_clusters 0' "$image" 2>/dev/null
		mount -o loop "$image" "$work/mnt"
		is "$(stat -f -c %b "$work/mnt")" "$before" "$options: the kernel counts as much for bookkeeping"
		ok "$options: it is unmounted" umount "$work/mnt"
	done
else
	skip "the kernel fills what has grown" "this needs root"
fi
finish
