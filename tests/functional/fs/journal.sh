#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# journal.sh - a volume that was not unmounted: what its journal holds is seen when it is opened for reading,
# and in place when it is opened for writing; debugfs writes the journals, so both sides must agree
. "$(dirname "$0")/common.sh"

tree=$work/tree
mkdir -p "$tree/dir"
head -c 300000 /dev/urandom >"$tree/dir/large"
printf 'before' >"$tree/file"
# The bytes that a block of the log begins with: such a block of data is escaped.
head -c 5000 /dev/urandom >"$work/magic"
printf '\300\073\071\230' | dd of="$work/magic" conv=notrunc status=none
head -c 20000 /dev/urandom >"$work/after"

# changed OLD NEW SIZE: the numbers of the blocks that differ, one a line
changed()
{
	cmp -l "$1" "$2" | awk -v size="$3" '{ b = int(($1 - 1) / size); if (b != last || NR == 1) print b; last = b }'
}

# log_blocks SIZE OPTIONS: what differs between $work/old and $work/new goes into $image's journal
log_blocks()
{
	changed "$work/old" "$work/new" "$1" >"$work/blocks"
	: >"$work/content"
	while read -r block; do
		dd if="$work/new" bs="$1" skip="$block" count=1 status=none >>"$work/content"
	done <"$work/blocks"
	printf 'jo %s\njw -b %s %s\njc\n' "$2" "$(tr '\n' , <"$work/blocks" | sed 's/,$//')" "$work/content" |
		debugfs -w "$image" >/dev/null 2>&1
}

flag()
{
	dumpe2fs -h "$image" 2>/dev/null | grep -c needs_recovery
}

seen() # NAME
{
	(vol r tree / , map , stat /made) >"$work/got"
	mv "$image" "$work/image.log"
	cp "$work/new" "$image"
	(vol r tree / , map , stat /made) >"$work/want"
	mv "$work/image.log" "$image"
	ok "$1: opened for reading, it is as after a replay" cmp "$work/got" "$work/want"
	vol r cat /made , cat /file >"$work/got"
	cat "$work/magic" "$work/after" >"$work/want"
	ok "$1: contents as well, escaped ones too" cmp "$work/got" "$work/want"
	vol r info >"$work/out"
	said 'state=1' "$1: that it was not unmounted is told"
	is "$(flag)" 1 "$1: and the volume is as it was"
}

one() # NAME SIZE MKE2FS-OPTIONS JOURNAL-OPTIONS
{
	rm -f "$image"
	truncate -s 48M "$image"
	# shellcheck disable=SC2086 # words
	mke2fs -q -F -b "$2" $3 -J size=4 -d "$tree" "$image" 2>/dev/null
	cp "$image" "$work/old"
	vol w create /made 100644 0 0 , put /made 0 "$work/magic" , put /file 0 "$work/after" , remove /dir/large \
		, create /dir/sub 40755 0 0
	mv "$image" "$work/new"
	cp "$work/old" "$image"
	log_blocks "$2" "$4"
	is "$(flag)" 1 "$1: a journal waits"
	seen "$1"
	ok "$1: opened for writing, it is replayed" vol w info
	is "$(flag)" 0 "$1: the journal is empty"
	ok "$1: e2fsck finds nothing" e2fsck -fn "$image"
	debugfs -R "dump /made $work/got" "$image" 2>/dev/null
	ok "$1: what was in it is in place" cmp "$work/got" "$work/magic"
}

one plain 1024 '-t ext3' ''
one wide 4096 '-t ext4 -O 64bit,^metadata_csum' ''
one checked-2 4096 '-t ext4 -O ^64bit,metadata_csum' '-c -v 2'
one checked-3 1024 '-t ext4 -O 64bit,metadata_csum' '-c -v 3'

# The last of these is in $work/old still. Its last block is free: garbage goes there, is revoked, and comes again.
head -c 1024 /dev/zero | tr '\0' A >"$work/a"
head -c 1024 /dev/zero | tr '\0' B >"$work/b"
garbage()
{
	dd if="$image" bs=1024 skip="$1" count=1 status=none | tr -d '\0' | head -c 1
}
cp "$work/old" "$image"
printf 'jo -c -v 3\njw -b 40000,40001,40002 %s\njc\n' "$work/abc" >"$work/commands"
cat "$work/a" "$work/a" "$work/a" >"$work/abc"
debugfs -w "$image" <"$work/commands" >/dev/null 2>&1
printf 'jo -c -v 3\njw -r 40000,40001\njc\n' | debugfs -w "$image" >/dev/null 2>&1
printf 'jo -c -v 3\njw -b 40001 %s\njc\n' "$work/b" | debugfs -w "$image" >/dev/null 2>&1
cp "$image" "$work/three"
vol w info >/dev/null
is "$(garbage 40000)$(garbage 40001)$(garbage 40002)" BA "what is revoked is not restored, what is written later is"

journal=$(debugfs -R 'stat <8>' "$work/three" 2>/dev/null | sed -n 's/.*(0-[0-9]*):\([0-9]*\)-.*/\1/p' | head -n1)
corrupt() # BLOCK-OF-JOURNAL: one byte of it
{
	cp "$work/three" "$image"
	printf 'X' | dd of="$image" bs=1 seek=$(((journal + $1) * 1024 + 500)) conv=notrunc status=none
}
ok "the journal's place is known" test -n "$journal"
corrupt 3
fails 1 "a block whose checksum does not hold makes the journal unusable" vol w info
said EUCLEAN "that is said"
is "$(garbage 40000)$(garbage 40002)" '' "and nothing was restored"
fails 1 "for reading as well" vol r map
corrupt 0
fails 1 "so does the checksum of its superblock" vol w info
cp "$work/three" "$image"
dd if=/dev/zero of="$image" bs=1024 seek=$((journal + 5)) count=1 conv=notrunc status=none
ok "without its commit a transaction never happened" vol w info
is "$(garbage 40002)" '' "nothing of it is restored"

# A journal that leads from itself to itself.
cp "$work/three" "$image"
for n in 1 2 3 4 5 6 7 8; do
	dd if="$image" bs=1024 skip=$((journal + 1)) seek=$((journal + n)) count=1 conv=notrunc of="$image" status=none
done
fails 1 "descriptors of descriptors end" vol r map
finish
