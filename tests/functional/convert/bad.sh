#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# bad.sh NACRE - conversions of what is damaged, hostile or full, to where there is no room, and cut short
#
# Whatever happens, the source stays as it is, and nothing is left that could be taken for a machine.
. "$(dirname "$0")/../../own_mounts.sh"
. "$(dirname "$0")/../../functions.sh"
nacre=$1
requires_program mke2fs sfdisk sgdisk mkswap qemu-img debugfs e2fsck dumpe2fs jq timeout
. "$(dirname "$0")/../inventory/disks.sh"
export NACRE_LOG="$work/log"

uuid=11111111-2222-3333-4444-555555555555
small_tree()
{
	merged
	mkdir -p "$tree/boot/grub" "$tree/var"
	printf 'ID=debian\nPRETTY_NAME="Debian"\n' | file etc/os-release
	printf '/dev/sda1 / ext4 defaults 0 1\n' | file etc/fstab
	printf 'linux /vmlinuz root=/dev/sda1 ro\n' | file boot/grub/grub.cfg
	head -c "${data:-2000000}" /dev/urandom | file var/data
}

mbr_disk() # MKE2FS-OPTION...
{
	small_tree
	printf 'label: dos\nstart=2048, size=30M, type=83, bootable\n' | disk 32M
	put_ext 2048 30 -U $uuid "$@"
}

gpt_disk()
{
	small_tree
	printf 'label: gpt\nstart=2048, size=30M, type=L\n' | disk 32M
	put_ext 2048 30 -U $uuid
}

in_source() # COMMAND-OF-DEBUGFS...: done to the file system of the disk
{
	printf '%s\n' "$@" | debugfs -w "$disk?offset=1048576" >/dev/null 2>&1
}

damage() # OFFSET: with what stdin has
{
	dd of="$disk" bs=1 seek="$1" conv=notrunc status=none
}

fs_of() # DIRECTORY: the first partition of the machine in it, as a file
{
	rm -f "$work/whole" "$work/fs"
	qemu-img convert -f vpc -O raw "$1/disk0.vhd" "$work/whole"
	dd if="$work/whole" of="$work/fs" bs=1M skip=1 count=30 conv=sparse status=none
}

# convert WHAT [OPTION...]: the disk to $work/vm; what holds for each of them
convert()
{
	local before what=$1
	shift
	rm -rf "$work/vm" "$work/vm.partial"
	before=$(sha256sum <"$disk")
	run timeout 60 "$nacre" convert "$disk" "$work/vm" --no-check -q "$@"
	convert_status=$status
	cp "$work/out" "$work/convert.out"
	cp "$work/err" "$work/convert.err"
	is "$(sha256sum <"$disk")" "$before" "$what: the source is as it was"
	cp "$work/convert.out" "$work/out"
	cp "$work/convert.err" "$work/err"
	status=$convert_status
}

refused() # CODE WHAT TEXT [OPTION...]: with this text, and nothing is left
{
	local code=$1 what=$2 text=$3
	shift 3
	convert "$what" "$@"
	is "$status" "$code" "$what: refused"
	said "$text" "$what: with the reason"
	is "$(find "$work" -maxdepth 1 -name 'vm*')" "" "$what: nothing is left"
}

converted() # WHAT: and the copy is sound
{
	convert "$1"
	is "$status" 0 "$1: converted"
	[ "$status" = 0 ] || tap_show
	fs_of "$work/vm"
	ok "$1: the copy's file system is clean" e2fsck -fn "$work/fs"
	is "$(debugfs -R 'cat /etc/fstab' "$work/fs" 2>/dev/null)" "UUID=$uuid / ext4 defaults 0 1" "$1: and it is mended"
}

# Partition tables.
mbr_disk
converted "a sound disk"
truncate -s 20M "$disk"
refused 7 "a disk that was cut off" "can be read"
mbr_disk
# The third entry is an extended partition whose only record names itself as the next.
printf '\0\0\0\0\5\0\0\0\0\360\0\0\0\10\0\0' | damage 478
printf '\0\0\0\0\203\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\0\10\0\0' | damage $((0xf000 * 512 + 446))
printf '\125\252' | damage $((0xf000 * 512 + 510))
converted "a table whose logical partitions go round in a circle"
gpt_disk
printf 'XXXX' | damage $((512 + 24))
converted "a GPT whose header is damaged"
ok "a GPT whose header is damaged: the copy has two sound ones" sh -c \
	"sgdisk -v '$work/whole' | tee '$work/sgdisk' | grep -q 'No problems found'"
tap_note "$work/sgdisk"
gpt_disk
printf 'XXXX' | damage $((1024 + 60))
converted "a GPT whose entries are damaged"
gpt_disk
printf 'XXXX' | damage $((512 + 24))
printf 'XXXX' | damage $((32 * 1048576 - 512 + 24))
refused 3 "a GPT both of whose copies are damaged" "the GPT is damaged"

# File systems.
for field in 4 24 32 40 88; do
	mbr_disk
	printf '\377\377\377\177' | damage $((1048576 + 1024 + field))
	refused 7 "an absurd superblock (at $field)" "can be read"
done
mbr_disk -O '^metadata_csum'
in_source "link /usr /usr/lib/modules" "link /etc /etc/network" "link / /boot/efi" "link /boot /boot/loader"
convert "directories that contain themselves"
ok "directories that contain themselves: it ends" test "$status" -ne 124 -a "$status" -lt 10
mbr_disk
in_source "rm /etc/fstab" "symlink /etc/fstab fstab2" "symlink /etc/fstab2 /etc/fstab" "symlink /boot/grub/menu.lst ../../../../../../../../etc/passwd"
convert "links that go round in a circle, and out of the tree"
is "$status" 0 "links that go round in a circle, and out of the tree: converted"
mbr_disk
printf 'jo\njw -b 100 /dev/null\n' | debugfs -w "$disk?offset=1048576" >/dev/null 2>&1
dd if="$disk" of="$work/fs" bs=1M skip=1 count=30 status=none
debugfs -w -R 'feature needs_recovery' "$work/fs" >/dev/null 2>&1
put_file 2048 "$work/fs"
is "$(dumpe2fs -h "$disk?offset=1048576" 2>/dev/null | grep -c needs_recovery)" 1 "a journal waits"
converted "a file system that was not unmounted"
is "$(dumpe2fs -h "$work/fs" 2>/dev/null | grep -c needs_recovery)" 0 "a file system that was not unmounted: the copy's journal is empty"
mbr_disk
in_source "ssv state 3"
refused 7 "a file system that says it has errors" "repair it first"
mbr_disk
free=$(dumpe2fs -h "$disk?offset=1048576" 2>/dev/null | sed -n 's/^Free blocks: *//p')
block=$(dumpe2fs -h "$disk?offset=1048576" 2>/dev/null | sed -n 's/^Block size: *//p')
head -c $((free * block - 100000)) /dev/zero | tr '\0' x >"$work/fill"
in_source "write $work/fill fill"
rm "$work/fill"
refused 7 "a full file system" "please make room"

# Sources in VHD format that lie.
mbr_disk
qemu-img convert -f raw -O vpc -o force_size=on "$disk" "$work/sound.vhd"
mv "$disk" "$work/raw.img"
vhd() # the sound one, damaged by stdin at OFFSET from its end or its beginning
{
	cp "$work/sound.vhd" "$disk"
	damage "$1"
	printf '%s' "$(stat -c %s "$disk")" >"$work/vhd.size"
}
end=$(($(stat -c %s "$work/sound.vhd") - 512))
cp "$work/sound.vhd" "$disk"
converted "a sound VHD"
printf '\377' | vhd $((end + 50))
converted "a VHD whose footer is damaged, by its copy"
cp "$work/sound.vhd" "$disk"
for at in 50 $((end + 50)); do printf '\377' | damage "$at"; done
convert "a VHD both of whose footers are damaged" --source-format vhd
is "$status" 3 "a VHD both of whose footers are damaged: refused"
said "$disk" "and named"
python3 - "$work/sound.vhd" "$disk" <<'END'
import struct, sys
b = bytearray(open(sys.argv[1], 'rb').read())
def footer(at, **fields):
    for name, value in fields.items():
        struct.pack_into('>Q', b, at + {'size': 48, 'header': 16}[name], value)
    struct.pack_into('>I', b, at + 64, 0)
    struct.pack_into('>I', b, at + 64, ~sum(b[at:at + 512]) & 0xffffffff)
for at in 0, len(b) - 512:
    footer(at, size=1 << 40)
open(sys.argv[2], 'wb').write(b)
END
refused 3 "a VHD whose footer says more than its table has" "$disk"
cp "$work/sound.vhd" "$disk"
truncate -s 3000000 "$disk"
refused 3 "a VHD that was cut off" "cut short"
mv "$work/raw.img" "$disk"

# Names and texts with odd bytes: in the source's name, in the tree, in what the machine says of itself.
odd_name=$(printf 'a"b\047c<script>alert(1)\n\377\033[31m&.img')
mbr_disk
mkdir -p "$tree/boot/loader/entries" "$tree/etc/netplan"
entry=$(printf 'x<img src=x onerror=alert(1)>"\047\n\377\033[31m.conf')
printf 'title x\noptions root=/dev/sda1 ro\n' >"$tree/boot/loader/entries/$entry"
printf '<script>alert(2)</script>"\n' | file etc/hostname
printf 'ID=debian\nPRETTY_NAME="<script>alert(3)</script>\377\033[2J"\n' | file etc/os-release
printf '/dev/sda1 / ext4 defaults 0 1\n/dev/sdb1 /srv/<script>alert(4)</script>\377 ext4 defaults 0 2\n' | file etc/fstab
printf 'auto lan0\niface lan0 inet static\n\taddress 10.0.0.1/24"<script>\n' | file etc/network/interfaces
printf 'label: dos\nstart=2048, size=30M, type=83, bootable\n' | disk 32M
put_ext 2048 30 -U $uuid -L '<b>"old&'
mv "$disk" "$work/$odd_name"
before=$(sha256sum <"$work/$odd_name")
rm -rf "$work/vm"
ok "odd bytes everywhere: converted" "$nacre" convert "$work/$odd_name" "$work/vm" --no-check
is "$(sha256sum <"$work/$odd_name")" "$before" "odd bytes: the source is as it was"
ok "odd bytes: what is said on a terminal has no control characters of theirs" sh -c "! grep -qP '[\x00-\x08\x0b-\x1f\x7f]' '$work/out' '$work/err'"
ok "odd bytes: the plan neither" sh -c "'$nacre' convert '$work/vm/disk0.vhd' --plan 2>&1 | tee '$work/plan' | grep -q . && ! grep -qP '[\x00-\x08\x0b-\x1f\x7f]' '$work/plan'"
ok "odd bytes: nacre.json is JSON" jq -e '.changes | length > 1' "$work/vm/nacre.json"
ok "odd bytes: the report is UTF-8" iconv -f UTF-8 -t UTF-8 -o "$work/report" "$work/vm/report.html"
ok "odd bytes: and nothing of theirs is markup in it" sh -c "! grep -qE '<(script|img src=x|b>)' '$work/vm/report.html'"
ok "odd bytes: but is told" grep -q 'onerror=alert(1)' "$work/vm/report.html"
fs_of "$work/vm"
rm -rf "$work/entries"
mkdir "$work/entries"
debugfs -R "rdump /boot/loader/entries $work/entries" "$work/fs" >/dev/null 2>&1
ok "odd bytes: a file of such a name is mended" grep -rqF "options root=UUID=$uuid ro" "$work/entries"
fails 6 "a machine's name with odd bytes that is there" "$nacre" convert "$work/$odd_name" "$work/vm" --no-check
ok "a machine that is to be named so" "$nacre" convert "$work/$odd_name" "$work/vm.odd" --no-check --name '<b>"/../'
is "$(jq -r .machine.name "$work/vm.odd/nacre.json") $(cd "$work/vm.odd" && ls -- *.xml)" "b-..- b-..-.xml" "keeps what names may have"
rm -rf "$work/vm.odd"
mv "$work/$odd_name" "$disk"

# Cut short at many moments, by what a user or a system sends; then again with the same command.
data=16000000 mbr_disk
before=$(sha256sum <"$disk")
cut=0 odd=''
for signal in INT TERM HUP KILL; do
	for delay in 0.01 0.02 0.03 0.05 0.07 0.1 0.14 0.2; do
		rm -rf "$work/vm" "$work/vm.partial"
		set -m # or a program in the background ignores SIGINT
		"$nacre" convert "$disk" "$work/vm" --no-check -q >"$work/out" 2>"$work/err" &
		pid=$!
		set +m
		sleep $delay
		kill -$signal $pid 2>/dev/null
		wait $pid 2>/dev/null
		status=$?
		[ "$status" = 0 ] || cut=$((cut + 1))
		[ "$status" = 0 ] || [ "$status" -gt 128 ] || odd="$odd $signal/$delay:status $status"
		if [ ! -e "$work/vm" ]; then
			run "$nacre" convert "$disk" "$work/vm" --no-check -q
			if [ "$status" = 6 ] && grep -q -e --resume "$work/err"; then
				run "$nacre" convert "$disk" "$work/vm" --no-check -q --resume
			fi
			[ "$status" = 0 ] || odd="$odd $signal/$delay:$(cat "$work/err")"
		fi
		fs_of "$work/vm"
		e2fsck -fn "$work/fs" >"$work/out" 2>&1 || odd="$odd $signal/$delay:e2fsck"
		debugfs -R 'cat /etc/fstab' "$work/fs" 2>/dev/null | grep -q "^UUID=$uuid / ext4" || odd="$odd $signal/$delay:fstab"
		[ "$(debugfs -R 'cat /var/data' "$work/fs" 2>/dev/null | sha256sum)" = "$(sha256sum <"$tree/var/data")" ] ||
			odd="$odd $signal/$delay:data"
		[ ! -e "$work/vm.partial" ] || odd="$odd $signal/$delay:left"
	done
done
is "$odd" "" "cut short and done again, it is as if it had not been"
ok "$cut of 32 were cut short" test "$cut" -ge 8
is "$(sha256sum <"$disk")" "$before" "the source is as it was"
rm -rf "$work/vm"

# Where it goes.
mbr_disk
mkdir "$work/vm.there"
echo precious >"$work/vm.there/disk0.vhd"
fails 6 "a directory that is there is not touched" "$nacre" convert "$disk" "$work/vm.there" --no-check
is "$(cat "$work/vm.there/disk0.vhd")" precious "nor what is in it"
said "$work/vm.there" "and it is named"
: >"$work/vm.file"
fails 6 "nor a file" "$nacre" convert "$disk" "$work/vm.file" --no-check
rm -rf "$work/vm.there" "$work/vm.file"
fails 4 "a place that is not there" "$nacre" convert "$disk" "$work/no/such/vm" --no-check
said "$work/no/such" "is named"
mkdir "$work/small"
mounted() # SIZE
{
	[ "$(id -u)" = 0 ] && mount -t tmpfs -o "size=$1,mode=755" none "$work/small" 2>/dev/null
}
if mounted 1M; then
	before=$(sha256sum <"$disk")
	fails 4 "a destination that is too small is refused" "$nacre" convert "$disk" "$work/small/vm" --no-check
	said "MiB are free" "before anything is copied, with both sizes"
	is "$(ls -A "$work/small")" "" "and nothing is left there"
	umount "$work/small"
	# There is room for the data when it looks, and then it ends: in the copy, in the fix-ups, in the record.
	data=24000000 mbr_disk -O '^has_journal,^resize_inode' -N 128
	before=$(sha256sum <"$disk")
	used=$("$nacre" convert "$disk" "$work/vm" --no-check --json -q | jq .used)
	written=$(du -k "$work/vm" | tail -n 1 | cut -f1)
	rm -rf "$work/vm"
	full=0 odd=''
	echo "# $((used / 1024)) KiB are used, $written KiB are written"
	for more in 4 8 16 24 32 40 48 56 64 80 96 128 192 1024; do
		mounted $((used / 1024 + 4 + more))k
		run "$nacre" convert "$disk" "$work/small/vm" --no-check -q
		if [ "$status" = 0 ]; then
			jq -e .machine "$work/small/vm/nacre.json" >"$work/out" 2>&1 || odd="$odd $more:no record"
		else
			full=$((full + 1))
			grep -q 'No space left' "$work/err" && grep -q "small/vm" "$work/err" || odd="$odd $more:$(cat "$work/err")"
			[ "$status" = 4 ] || odd="$odd $more:$status"
			[ ! -e "$work/small/vm.partial" ] || grep -q -e --resume "$work/err" || odd="$odd $more:left"
		fi
		# What has a record has all, and a disk that has its name is mended.
		if jq -e .machine "$work/small/vm/nacre.json" >"$work/out" 2>&1; then
			[ -e "$work/small/vm/disk0.vhd" ] && [ -s "$work/small/vm/vm.xml" ] &&
				grep -q '</html>' "$work/small/vm/report.html" || odd="$odd $more:incomplete"
		fi
		if [ -e "$work/small/vm/disk0.vhd" ]; then
			fs_of "$work/small/vm"
			debugfs -R 'cat /etc/fstab' "$work/fs" 2>/dev/null | grep -q "^UUID=$uuid" || odd="$odd $more:disk"
		fi
		umount "$work/small"
	done
	is "$odd" "" "where it is full in the middle, that is said with the place, and nothing is left that looks whole"
	ok "$full of 14 sizes were too small, and some were not" test "$full" -ge 3 -a "$full" -lt 14
	is "$(sha256sum <"$disk")" "$before" "the source is as it was"
else
	skip "a destination that is too small is refused" "nothing can be mounted here"
fi
finish
