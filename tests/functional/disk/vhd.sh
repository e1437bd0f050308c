#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# vhd.sh - VHDs that we write are read by qemu-img as they were meant, and those that it writes by us
. "$(dirname "$0")/../../functions.sh"
images=$(realpath "$1")
requires_program qemu-img jq
cd "$work" || exit 99

# A raw disk of SIZE with data at its beginning, at its end, and across the border of two blocks.
source_disk() # SIZE FILE
{
	rm -f "$2"
	truncate -s "$1" "$2"
	"$images" write "$2" 0 300 65
	[ "$1" -le 4194304 ] || "$images" write "$2" 2000000 150000 66
	[ "$1" -le 1048576 ] || "$images" write "$2" $(($1 - 700)) 700 67
}

virtual_size()
{
	qemu-img info -f vpc --output=json "$1" | jq '."virtual-size"'
}

same_for_qemu()
{
	qemu-img compare -f raw -F vpc "$1" "$2"
}

same_bytes() # RAW IMAGE: read by us, in small pieces
{
	rm -f dump
	"$images" dump "$2" dump && cmp "$1" dump
}

gib=$((1 << 30)) chs=$((65535 * 16 * 255 * 512))
for size in 512 1048576 1049088 6292992 4294967296 $((chs - 512)) $chs $((chs + 512)) $((2040 * gib)); do
	source_disk "$size" src
	for format in vhd vhd-fixed; do
		rm -f img
		ok "a disk of $size bytes is written as $format" "$images" copy src img "$format"
		is "$(virtual_size img)" "$size" "qemu-img sees the exact size"
		ok "and the same bytes" same_for_qemu src img
		is "$("$images" info img)" "$format $size" "so do we"
		[ "$size" -gt $((1 << 23)) ] || ok "and the same bytes again" same_bytes src img
	done
	rm -f img
	ok "written without saying before what is used" "$images" grow src img vhd
	ok "it holds the same" same_for_qemu src img
done

source_disk $((2040 * gib + 512)) src
for format in vhd vhd-fixed; do
	rm -f img
	fails 7 "a disk beyond 2040 GiB is refused as $format" "$images" copy src img $format
	said "choose raw" "with the remedy"
	ok "and nothing is left" test ! -e img -a ! -e img.partial
done

rm -f img
source_disk 8388608 src
"$images" copy src img vhd >/dev/null
for block in 0 1; do
	at=$(od -An -tu1 -j$((1536 + block * 4)) -N4 img | awk '{print (($1 * 256 + $2) * 256 + $3) * 256 + $4}')
	is $((at * 512 % 4096)) 3584 "the bitmap of block $block is the last sector of its 4 KiB"
done
is "$(head -c 512 img | sha1sum)" "$(tail -c 512 img | sha1sum)" "both footers are the same"

# What qemu-img writes: sizes by geometry ("qemu"), exact ones ("qem2"), both kinds.
source_disk 6292992 src
for options in subformat=dynamic subformat=fixed subformat=dynamic,force_size=on subformat=fixed,force_size=on; do
	rm -f theirs plain
	qemu-img convert -f raw -O vpc -o "$options" src theirs
	qemu-img convert -f vpc -O raw theirs plain
	ok "what qemu-img writes with $options is read byte for byte" same_bytes plain theirs
done

# An image that is complete grows by blocks and stays complete, theirs as well as ours.
for kind in theirs ours; do
	source_disk 16777216 src
	rm -f img
	case $kind in
	theirs) qemu-img convert -f raw -O vpc -o force_size=on src img ;;
	ours) "$images" copy src img vhd >/dev/null ;;
	esac
	for at in 5000000 9000001 16776000; do
		"$images" write src $at 1200 9
		ok "a byte range is written into a VHD of $kind" "$images" write img $at 1200 9
	done
	ok "qemu-img reads it as it should be" same_for_qemu src img
	ok "so do we" same_bytes src img
	ok "qemu-io writes another block behind ours" qemu-io -f vpc -c 'write -P 5 7340032 4096' img
	qemu-io -f raw -c 'write -P 5 7340032 4096' src >/dev/null
	ok "and we read it" same_bytes src img
done

# Damage.
"$images" copy src sound vhd >/dev/null
cp sound img
truncate -s -512 img
head -c 512 /dev/zero >>img
ok "where the footer is damaged, its copy is used" same_bytes src img
fails 3 "but nothing is written there" "$images" write img 0 1 1
said "make a copy" "and the message says what to do"
dd if=/dev/zero of=img bs=512 count=1 conv=notrunc 2>/dev/null
FORMAT=vhd fails 3 "without both it is no VHD" "$images" info img
cp sound img
truncate -s 3000000 img
fails 3 "a dynamic VHD that was cut is refused" "$images" info img
said "cut short" "as what it is"
rm -f fixed
"$images" copy src fixed vhd-fixed >/dev/null
{ head -c 1000000 fixed; tail -c 512 fixed; } >img
fails 3 "so is a fixed one whose footer says more than there is" "$images" info img
said "cut short" "as what it is"
finish
