#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# fat.sh - the driver for FAT against dosfstools and mtools
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/drivers.sh"
PATH=$PATH:/usr/sbin:/sbin
requires_program mkfs.fat fsck.fat mcopy mdir
export MTOOLS_SKIP_CHECK=1 MTOOLSRC=/dev/null

umlaut=$(printf 'Gr\303\274\303\237e an \320\234\320\270\321\200.txt')
mkdir -p "$work/in/EFI/BOOT" "$work/in/EFI/a directory with a long name/deeper"
seq 1 40000 >"$work/in/EFI/BOOT/BOOTX64.EFI"
seq 1 100 >"$work/in/EFI/BOOT/grub.cfg"
seq 1 5000 >"$work/in/EFI/a directory with a long name/deeper/some very long file name, with commas; and more.conf"
echo greetings >"$work/in/$umlaut"
: >"$work/in/empty"
for i in $(seq 60); do echo "$i" >"$work/in/EFI/a directory with a long name/numbered file $i"; done

make_image() # BITS MIB OPTIONS...
{
	image=$work/fat$1
	rm -f "$image"
	truncate -s "$2M" "$image"
	mkfs.fat -F "$1" -i DEADBEEF -n 'MY ESP' "${@:3}" "$image" >/dev/null
}

for kind in "12 4" "16 20" "32 40 -s 1" "16 40 -S 2048 -s 1"; do
	# shellcheck disable=SC2086 # words
	make_image $kind
	(cd "$work/in" && LC_ALL=C.UTF-8 mcopy -s -Q -i "$image" EFI empty "$umlaut" ::)
	bits=${kind%% *}
	ok "FAT$bits ($kind) is described" on "$image" info
	said "vfat label=MY ESP uuid=DEAD-BEEF size=$(stat -c %s "$image") " "by label, serial number and size"
	said " state=0" "and as clean"
	whole "FAT$bits as mtools wrote it" "$image" "$work/in"
	ok "the map of FAT$bits is copied" on "$image" copy "$work/copy"
	ok "the copy is without fault" fsck.fat -n "$work/copy"
	whole "what was copied of FAT$bits" "$work/copy" "$work/in"
	used=$(used_of "$image") want=$(fsck.fat -nv "$image" | awk '/files,/ {split($4, n, "/"); c = n[1]}
		/bytes per cluster/ {b = $1} /Data area starts/ {d = $6} END {print c * b + d}')
	is "$used" "$want" "the map of FAT$bits has as many bytes as fsck.fat counts"

	# Into an empty one, by the driver
	# shellcheck disable=SC2086 # words
	make_image $kind
	(cd "$work/in" && find . -mindepth 1 -type d -printf 'mkdir\n/%P\n' && find . -type f -printf "put\n/%P\n$work/in/%P\n") >"$work/commands"
	mapfile -t commands <"$work/commands"
	ok "a tree is written into FAT$bits" write_on "$image" "${commands[@]}"
	ok "fsck.fat finds it without fault" fsck.fat -n "$image"
	whole "the tree in FAT$bits" "$image" "$work/in"
	mkdir "$work/out$bits"
	LC_ALL=C.UTF-8 mcopy -s -Q -i "$image" :: "$work/out$bits" 2>"$work/err" || tap_note "$work/err"
	tree_of_dir "$work/in" >"$work/want"
	tree_of_dir "$work/out$bits" >"$work/got"
	ok "mtools finds the same names and sizes" diff "$work/want" "$work/got"
	ok "and the same contents" diff -r "$work/in" "$work/out$bits"
	rm -r "$work/out$bits"
done

image=$work/fat32
sh='/EFI/Some Shell.efi'
ok "files are changed: written to, cut, lengthened, moved, removed" write_on "$image" \
	write /EFI/BOOT/grub.cfg 100000 tail , truncate /EFI/BOOT/BOOTX64.EFI 5000 , create "$sh" , \
	write "$sh" 0 hello , truncate "$sh" 70000 , \
	rename "$sh" "/EFI/BOOT/another name of it.efi" , \
	rename "/EFI/a directory with a long name/deeper" /EFI/BOOT/deeper , \
	remove "/EFI/a directory with a long name/numbered file 7" , touch /EFI/BOOT/grub.cfg 1700000000
ok "fsck.fat finds that without fault" fsck.fat -n "$image"
cp -r "$work/in" "$work/changed"
(cd "$work/changed/EFI" && { truncate -s 100000 BOOT/grub.cfg; printf tail >>BOOT/grub.cfg; truncate -s 5000 BOOT/BOOTX64.EFI
	printf hello >"BOOT/another name of it.efi"; truncate -s 70000 "BOOT/another name of it.efi"
	mv "a directory with a long name/deeper" BOOT/; rm "a directory with a long name/numbered file 7"; })
whole "the changed tree" "$image" "$work/changed"
ok "a name is found whatever its capitals" on "$image" stat /efi/boot/GRUB.CFG
said " mtime=1700000000.000000000 " "the time is as it was set"
ok "a file is moved onto another" write_on "$image" rename /EFI/BOOT/grub.cfg /empty
smile=$(printf 'smile \360\237\230\200.txt')
ok "a name beyond 16 bits is made" write_on "$image" create "/$smile" , ls /
said "100000 0 $smile" "and listed"
ok "a name gets other capitals" write_on "$image" rename /empty /EMPTY , ls /
said "100000 100004 EMPTY" "and is listed with them"
ok "fsck.fat finds that without fault too" fsck.fat -n "$image"

fails 1 "a directory that is not empty stays" write_on "$image" remove /EFI/BOOT
said ENOTEMPTY "with the reason"
fails 1 "a directory does not move into itself" write_on "$image" rename /EFI /EFI/BOOT/EFI
said EINVAL "with the reason"
fails 1 "a name that is taken is not made again" write_on "$image" create /efi
said EEXIST "with the reason"
fails 1 "a name that Windows would not take is refused" write_on "$image" create '/a:b'
said EINVAL "with the reason"
fails 1 "what does not fit is refused" write_on "$image" truncate /EMPTY 80000000
said ENOSPC "with the reason"
fails 1 "links are not for FAT" on "$image" link /EMPTY
said EINVAL "with the reason"
fails 1 "a file opened for reading is not changed" on "$image" remove /EMPTY
said EROFS "with the reason"
ok "after all that fsck.fat finds no fault" fsck.fat -n "$image"

# Left-overs of a long name that are not of this short name: the file had been renamed by a system without them.
make_image 16 20
echo one >"$work/one"
write_on "$image" put "/The long name.txt" "$work/one" >"$work/out"
at=$(grep -abo 'THELON~1TXT' "$image" | head -n 1 | cut -d: -f1)
printf 'RENAMED ' | dd of="$image" bs=1 seek="$at" conv=notrunc status=none
ok "a long name with the checksum of another is passed over" on "$image" ls /
said "100000 4 RENAMED.TXT" "and the short name shown"

# A chain that comes back to itself, and one in two files.
make_image 16 20
head -c 20000 /dev/zero >"$work/zeroes"
write_on "$image" put /A "$work/zeroes" , put /B "$work/zeroes" >"$work/out"
table=$(fsck.fat -nv "$image" | awk '/First FAT starts/ {print $6}')
cp "$image" "$work/loop"
printf '\3\0' | dd of="$work/loop" bs=1 seek=$((table + 2 * 4)) conv=notrunc status=none
fails 1 "a chain in a loop is not changed" write_on "$work/loop" remove /A
said EUCLEAN "with the reason"
ok "but its image is mapped" on "$work/loop" used
first_b=$(on "$image" map >/dev/null; fsck.fat -nv "$image" | awk '/bytes per cluster/ {print $1}')
next=$((3 + 20000 / first_b))
printf '%b' "\\x$(printf %02x "$next")\\0" | dd of="$image" bs=1 seek=$((table + 2 * 3)) conv=notrunc status=none
fails 1 "chains that share clusters are not changed" write_on "$image" remove /A
said EUCLEAN "with the reason"

# Bad clusters, a mark of not having been unmounted.
make_image 16 20
printf '\367\377' | dd of="$image" bs=1 seek=$((table + 2 * 100)) conv=notrunc status=none
printf '\1' | dd of="$image" bs=1 seek=37 conv=notrunc status=none
ok "a bad cluster is said" on "$image" used , info
said " bad=$first_b " "with its bytes"
said " state=1" "and a volume that was not unmounted as dirty"
head -c 1000000 "$image" >"$work/short"
fails 1 "a volume that is shorter than its file system is refused" on "$work/short" info
said EUCLEAN "as damaged"
fails 1 "zeroes are no FAT" on "$work/zeroes" info
said EINVAL "as unknown"
finish
