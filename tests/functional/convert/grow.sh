#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# grow.sh NACRE - disks are converted into larger ones, and the last partition takes what there is, whatever is in it
. "$(dirname "$0")/../../functions.sh"
nacre=$1
PATH=$PATH:/usr/sbin:/sbin
requires_program mke2fs sfdisk mkswap qemu-img debugfs e2fsck dumpe2fs jq mkfs.xfs mkfs.vfat python3

root=11111111-2222-4333-8444-555555555555 home=11111111-2222-4333-8444-777777777777
tree=$work/tree disk=$work/disk.img
mkdir -p "$tree"/{bin,boot/grub,etc,home,lib/modules,lib/systemd,usr/bin,var}
cp /bin/true "$tree/bin/sh"
printf 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n' >"$tree/etc/os-release"
printf "menuentry 'x' {\n\tlinux /boot/vmlinuz root=/dev/sda1 ro\n}\n" >"$tree/boot/grub/grub.cfg"
head -c 3000000 /dev/urandom >"$tree/var/data"

# part NUMBER DISK: its first and its last-but-one sector, of 512 bytes, as START SIZE
part()
{
	sfdisk -J "$2" 2>/dev/null | jq -r --arg n "$1" '.partitiontable.partitions[] | select(.node | endswith("." + "img" + $n)) | "\(.start) \(.size)"'
}

# into NUMBER IMAGE: a partition's content
into()
{
	read -r start size < <(part "$1" "$disk")
	dd if="$2" of="$disk" bs=512 seek="$start" conv=notrunc,sparse status=none
}

# make SIZE FSTAB: a disk with sfdisk's table from stdin, an ext4 root on its partition 1
make()
{
	printf '%b' "$2" >"$tree/etc/fstab"
	rm -f "$disk"
	truncate -s "$1" "$disk"
	sfdisk -q "$disk" || return 1
	read -r start size < <(part 1 "$disk")
	rm -f "$work/root"
	truncate -s $((size * 512)) "$work/root"
	mke2fs -q -t ext4 -U $root -d "$tree" "$work/root" 2>/dev/null
	into 1 "$work/root"
}

# convert SIZE: the plan, then the machine, then its disk as $work/copy.img
convert()
{
	rm -rf "$work/vm"
	ok "$what: a plan is told" "$nacre" convert "$disk" --plan --size "$1" --grow-last
	grep -E '^  grow ' "$work/err" | sed 's/^  grow *//' >"$work/planned"
	ok "$what: it is converted" "$nacre" convert "$disk" "$work/vm" --no-check --size "$1" --grow-last
	grep -E '^  grow ' "$work/err" | sed 's/^  grow *//' >"$work/done"
	qemu-img convert -f vpc -O raw "$work/vm/disk0.vhd" "$work/copy.img"
	ok "$what: the table is right" sfdisk --verify "$work/copy.img"
	said 'No errors detected' "$what: sfdisk finds nothing"
}

# has FILE TEXT SENTENCE
has()
{
	ok "$what: $3" grep -qF -- "$2" "$1"
}

# grown NUMBER SIZE: partition NUMBER ends at SIZE bytes or less than 2 MiB before
grown()
{
	read -r start size < <(part "$1" "$work/copy.img")
	ok "$what: partition $1 reaches to the end" test $(((start + size) * 512)) -gt $(($2 - 2097152)) -a $(((start + size) * 512)) -le "$2"
}

# same NUMBER: partition NUMBER is as long as it was
same()
{
	is "$(part "$1" "$work/copy.img")" "$(part "$1" "$disk")" "$what: partition $1 is as it was"
}

# fills NUMBER: an ext4 file system is clean and has its partition
fills()
{
	read -r start size < <(part "$1" "$work/copy.img")
	ok "$what: e2fsck finds nothing in partition $1" e2fsck -fn "$work/copy.img?offset=$((start * 512))"
	dumpe2fs -h "$work/copy.img?offset=$((start * 512))" >"$work/super" 2>/dev/null
	is $(($(sed -n 's/^Block count: *//p' "$work/super") * $(sed -n 's/^Block size: *//p' "$work/super"))) \
		$((size * 512 / 4096 * 4096)) "$what: the file system has all of it"
}

# file NUMBER PATH: of an ext4 file system
file()
{
	read -r start size < <(part "$1" "$work/copy.img")
	debugfs -R "cat $2" "$work/copy.img?offset=$((start * 512))" 2>/dev/null
}

what='MBR, a primary partition'
printf 'label: dos\nstart=6144, size=60M, type=83, bootable\nstart=2048, size=2M, type=82\n' |
	make 63M '/dev/sda1 / ext4 defaults 0 1\n'
cp --sparse=always "$disk" "$work/before.img"
convert 400M
grown 1 $((400 << 20))
same 2
fills 1
is "$(cat "$work/done")" "partition 1 (ext4, /) grows from 60.0 MiB to 397.0 MiB, its file system with it" "$what: it is said"
is "$(cat "$work/planned")" "$(cat "$work/done")" "$what: and the plan said so before"
is "$(file 1 /var/data | sha256sum)" "$(sha256sum <"$tree/var/data")" "$what: files are the same"
ok "$what: the source is as it was" cmp "$disk" "$work/before.img"
is "$(jq -r '.copied.notes[] | select(.name == "Last partition") | .value' "$work/vm/nacre.json")" "$(cat "$work/done")" "$what: it is in the record"
has "$work/vm/report.html" 'its file system with it' "and in the report"

what='as large as it was'
convert 63M
same 1
has "$work/done" 'partition 1 (ext4, /) has no free space behind it' "it is said"

what='MBR, a logical partition'
rm -f "$work/home"
truncate -s 20M "$work/home"
mke2fs -q -t ext4 -U $home -d "$tree/var" "$work/home"
printf 'label: dos\n1: start=2048, size=40M, type=83, bootable\n2: start=83968, size=23M, type=5\n5: start=86016, size=20M, type=83\n' |
	make 66M '/dev/sda1 / ext4 defaults 0 1\n/dev/sda5 /home ext4 defaults 0 2\n'
into 5 "$work/home"
convert 1G
same 1
grown 2 $((1 << 30))
grown 5 $((1 << 30))
fills 1
fills 5
is "$(file 5 /data | sha256sum)" "$(sha256sum <"$tree/var/data")" "$what: files are the same"

what='GPT'
printf 'label: gpt\nstart=6144, size=60M, type=L\nstart=2048, size=2M, type=S\n' |
	make 66M '/dev/sda1 / ext4 defaults 0 1\n'
convert 3G
grown 1 $((3 << 30))
fills 1
is "$(cat "$work/planned")" "$(cat "$work/done")" "$what: the plan said so before"

what='swap is last'
swap=11111111-2222-4333-8444-666666666666
truncate -s 2M "$work/swap"
mkswap -q -U $swap -L old "$work/swap" >/dev/null 2>&1
printf 'label: dos\nstart=2048, size=60M, type=83, bootable\nsize=2M, type=82\n' |
	make 64M '/dev/sda1 / ext4 defaults 0 1\n/dev/sda2 none swap sw 0 0\n'
into 2 "$work/swap"
convert 200M
same 1
grown 2 $((200 << 20))
has "$work/done" 'partition 2 (swap) grows from 2.0 MiB to 139.0 MiB: the swap area is made as large' "it is said"
read -r start size < <(part 2 "$work/copy.img")
is "$(dd if="$work/copy.img" bs=512 skip=$((start + 2)) count=1 status=none | od -An -tu4 -j4 -N4 | tr -d ' ')" \
	$((size * 512 / 4096 - 1)) "$what: the area's last page is the partition's"
dd if="$work/copy.img" of="$work/newswap" bs=512 skip="$start" status=none
is "$(blkid -p -s UUID -o value "$work/newswap") $(blkid -p -s LABEL -o value "$work/newswap")" "$swap old" "$what: UUID and label are as they were"

# What no driver enlarges: the machine does, or a person.
truncate -s 320M "$work/xfs"
mkfs.xfs -q -f -m uuid=$home "$work/xfs"
what='XFS, in a machine that enlarges it'
cp /bin/true "$tree/lib/systemd/systemd-growfs"
printf 'label: gpt\nstart=2048, size=60M, type=L\nsize=320M, type=L\n' |
	make 384M "/dev/sda1 / ext4 defaults 0 1\\nUUID=$home /home xfs defaults,noatime 0 2\\n"
into 2 "$work/xfs"
convert 1G
grown 2 $((1 << 30))
has "$work/done" 'its file system follows at the first start' "it is said"
is "$(cat "$work/planned")" "$(cat "$work/done")" "$what: and the plan said so before"
is "$(file 1 /etc/fstab | tail -n 1)" "UUID=$home /home xfs defaults,noatime,x-systemd.growfs 0 2" "$what: fstab asks for it"
ok "$what: it is left out where that is wanted" "$nacre" convert "$disk" --plan --size 1G --grow-last --skip growfs
said 'xfs_growfs in the machine enlarges it' "$what: and it is said what is left to do then"
what='XFS, in a machine that does not'
rm "$tree/lib/systemd/systemd-growfs"
printf 'label: gpt\nstart=2048, size=60M, type=L\nsize=320M, type=L\n' |
	make 384M '/dev/sda1 / ext4 defaults 0 1\n/dev/sda2 /home xfs defaults 0 2\n'
into 2 "$work/xfs"
convert 1G
grown 2 $((1 << 30))
has "$work/done" 'what is in it does not: xfs_growfs in the machine enlarges it' "it is said"
is "$(cat "$work/planned")" "$(cat "$work/done")" "$what: and the plan said so before"
is "$(file 1 /etc/fstab | tail -n 1)" "UUID=$home /home xfs defaults 0 2" "$what: fstab does not ask for it"
has "$work/vm/report.html" 'xfs_growfs' "the report warns"

what='FAT'
truncate -s 32M "$work/fat"
mkfs.vfat "$work/fat" >/dev/null
printf 'label: dos\nstart=2048, size=40M, type=83\nsize=32M, type=c\n' | make 80M '/dev/sda1 / ext4 defaults 0 1\n'
into 2 "$work/fat"
convert 200M
grown 2 $((200 << 20))
has "$work/done" 'fatresize in the machine enlarges it' "it is said"

what='clusters'
rm -f "$work/bigalloc"
truncate -s 32M "$work/bigalloc"
mke2fs -q -t ext4 -O bigalloc "$work/bigalloc" 2>/dev/null
into 2 "$work/bigalloc"
convert 200M
grown 2 $((200 << 20))
has "$work/done" 'resize2fs in the machine enlarges it' "it is said"
read -r start size < <(part 2 "$work/copy.img")
ok "$what: e2fsck finds nothing" e2fsck -fn "$work/copy.img?offset=$((start * 512))"

# Members of something larger, by what their beginning says.
head_of()
{
	python3 - "$1" "$work/head" <<-'END'
		import struct, sys
		out = bytearray(8192)
		if sys.argv[1] == 'lvm':
		    out[512:512 + 64] = b'LABELONE' + struct.pack('<QII', 1, 0, 32) + b'LVM2 001' + bytes(32)
		elif sys.argv[1] == 'md':
		    out[4096:4096 + 72] = struct.pack('<IIII', 0xa92b4efc, 1, 0, 0) + bytes(range(16)) + b'host:0'.ljust(32, b'\0') + bytes(8)
		elif sys.argv[1] == 'luks':
		    out[0:8] = b'LUKS\xba\xbe\0\1'
		    out[168:208] = b'11111111-2222-4333-8444-888888888888'.ljust(40, b'\0')
		else:
		    out[0:64] = bytes(range(1, 65))
		open(sys.argv[2], 'wb').write(out)
	END
}
for what in lvm luks md unknown; do
	printf 'label: dos\nstart=2048, size=40M, type=83\nsize=8M, type=8e\n' | make 56M '/dev/sda1 / ext4 defaults 0 1\n'
	head_of $what
	into 2 "$work/head"
	convert 200M
	case $what in
	lvm) grown 2 $((200 << 20)); has "$work/done" 'pvresize, then lvextend -r, in the machine enlarges it' "it is said" ;;
	luks) grown 2 $((200 << 20)); has "$work/done" 'cryptsetup resize, then' "it is said" ;;
	md) same 2; has "$work/done" 'keeps its size: a member of an array may be found by what is at its end' "it is said" ;;
	*) same 2; has "$work/done" 'keeps its size: what is in it is not known' "it is said" ;;
	esac
	is "$(cat "$work/planned")" "$(cat "$work/done")" "$what: and the plan said so before"
	has "$work/vm/report.html" 'a last partition that did not grow as a whole' "the report warns"
done
finish
