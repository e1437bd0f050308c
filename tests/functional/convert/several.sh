#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# several.sh NACRE - a machine of two disks, and some volumes of them, without booting
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/../../ssh.sh"
nacre=$1
requires_program mke2fs sfdisk mkswap qemu-img debugfs e2fsck jq virt-xml-validate

root=11111111-2222-4333-8444-555555555555 swap=11111111-2222-4333-8444-666666666666
data=11111111-2222-4333-8444-777777777777
tree=$work/tree one=$work/one.img two=$work/two.img
mkdir -p "$tree"/{bin,boot/grub,data,etc/udev/rules.d,lib/modules,usr/bin,var} "$work/data"
cp /bin/true "$tree/bin/sh"
printf 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n' >"$tree/etc/os-release"
printf '/dev/sda1 / ext4 defaults 0 1\n/dev/sdb2 /data ext4 defaults 0 2\n/dev/sdb1 none swap sw 0 0\n/dev/sdc1 /far ext4 defaults 0 2\n' \
	>"$tree/etc/fstab"
printf "menuentry 'x' {\n\tlinux /boot/vmlinuz root=/dev/sda1 resume=/dev/sdb1 ro\n}\n" >"$tree/boot/grub/grub.cfg"
head -c 3000000 /dev/urandom >"$tree/var/system"
head -c 5000000 /dev/urandom >"$work/data/own"

# The first disk has the root, the second swap and data.
truncate -s 64M "$one" "$two"
printf 'label: dos\nstart=2048, type=83, bootable\n' | sfdisk -q "$one"
printf 'label: dos\nstart=2048, size=4M, type=82\nsize=50M, type=83\n' | sfdisk -q "$two"
mke2fs -q -t ext4 -U $root -E offset=1048576 -d "$tree" "$one" 60M 2>/dev/null
truncate -s 4M "$work/swap"
mkswap -q -U $swap "$work/swap" >/dev/null 2>&1
dd if="$work/swap" of="$two" bs=1M seek=1 conv=notrunc status=none
mke2fs -q -t ext4 -U $data -L data -E offset=$((5 << 20)) -d "$work/data" "$two" 50M 2>/dev/null
sum_one=$(sha256sum <"$one") sum_two=$(sha256sum <"$two")

in_disk() { debugfs -R "cat $3" "$1?offset=$2" 2>/dev/null; } # IMAGE OFFSET FILE
raw_of() { qemu-img convert -f vpc -O raw "$1" "$2"; }

ok "two disks are inspected as one machine" "$nacre" inspect --json "$one" "$two"
cp "$work/out" "$work/json"
is "$(jq -r '[.volumes[] | "\(.disk):\(.number) \(.mount // "-")"] | join(" ")' "$work/json")" "0:1 / 1:1 swap 1:2 /data" \
	"each name of fstab is a volume of the right disk"
is "$(jq -r '[.findings[] | select(.what | startswith("a volume that is not")) | .why] | length' "$work/json")" 1 "but for the one that is on neither"
ok "as text, too" "$nacre" inspect "$one" "$two"
said '1:2 ' "volumes are numbered by disk"

ok "two disks become one machine" "$nacre" convert "$one" --disk "$two" "$work/vm" --no-check --json --verify
cp "$work/out" "$work/json"
is "$(jq -r '[.disks[].file] | join(" ")' "$work/json")" "disk0.vhd disk1.vhd" "with two disks"
ok "all that was copied was compared" jq -e '.verified > 8000000' "$work/json"
is "$(jq -c '[.machine.disks[] | [.file, .format, .size]]' "$work/vm/nacre.json")" \
	'[["disk0.vhd","vhd",67108864],["disk1.vhd","vhd",67108864]]' "the record has both"
ok "libvirt's schema holds for the domain" virt-xml-validate "$work/vm/vm.xml" domain
is "$(grep -c '<disk ' "$work/vm/vm.xml") $(grep -o "dev='vd.'" "$work/vm/vm.xml" | tr '\n' ' ')" "2 dev='vda' dev='vdb' " "which has both"
is "$(grep -o 'Block map of disk' "$work/vm/report.html" | wc -l)" 2 "and the report a map of each"
raw_of "$work/vm/disk0.vhd" "$work/0.raw"
raw_of "$work/vm/disk1.vhd" "$work/1.raw"
ok "the first file system is clean" e2fsck -fn "$work/0.raw?offset=1048576"
ok "and so is the second" e2fsck -fn "$work/1.raw?offset=$((5 << 20))"
is "$(in_disk "$work/1.raw" $((5 << 20)) /own | sha256sum)" "$(sha256sum <"$work/data/own")" "files of the second are the same"
is "$(in_disk "$work/0.raw" 1048576 /etc/fstab)" "UUID=$root / ext4 defaults 0 1
UUID=$data /data ext4 defaults 0 2
UUID=$swap none swap sw 0 0
/dev/sdc1 /far ext4 defaults,nofail 0 2" "fstab names the volumes of both disks by their UUIDs"
ok "and so does the kernel's command line" test "$(in_disk "$work/0.raw" 1048576 /boot/grub/grub.cfg | grep -c "root=UUID=$root resume=UUID=$swap")" = 1
is "$(blkid -o value -s UUID -p -O 1048576 "$work/1.raw")" "$swap" "the swap area is made anew"

cp -r "$work/vm" "$work/undone"
ok "the fixes of both disks are taken back" "$nacre" repair --undo "$work/undone/disk0.vhd" "$work/undone/disk1.vhd"
raw_of "$work/undone/disk0.vhd" "$work/u.raw"
is "$(in_disk "$work/u.raw" 1048576 /etc/fstab)" "$(cat "$tree/etc/fstab")" "fstab is as it was"

# Names that are what the disks are called do not depend on their order.
sed -i 's/sdb/sdq/' "$tree/etc/fstab"
cp "$one" "$work/named.img"
mke2fs -q -F -t ext4 -U $root -E offset=1048576 -d "$tree" "$work/named.img" 60M 2>/dev/null
ok "a name that is not the next letter is understood by what is there" "$nacre" convert "$work/named.img" --disk "$two" "$work/named" --no-check
raw_of "$work/named/disk0.vhd" "$work/n.raw"
ok "as the second disk's" test "$(in_disk "$work/n.raw" 1048576 /etc/fstab | grep -c "UUID=$data\|UUID=$swap")" = 2

ok "one volume of two is copied, as data" "$nacre" convert "$one" --disk "$two" --volume /data "$work/data.vm"
said "it is data" "and said to be"
raw_of "$work/data.vm/disk1.vhd" "$work/d.raw"
is "$(in_disk "$work/d.raw" $((5 << 20)) /own | sha256sum)" "$(sha256sum <"$work/data/own")" "its files are the same"
raw_of "$work/data.vm/disk0.vhd" "$work/d.raw"
ok "the other's are not there" sh -c "! e2fsck -fn '$work/d.raw?offset=1048576' >/dev/null 2>&1"
ok "its partition is" test "$(sfdisk -l -o Start -q "$work/d.raw" | tail -n 1)" -eq 2048
ok "the volume that was left out is told" jq -e '.copied.skipped_as | has("volumes that were not asked for")' "$work/data.vm/nacre.json"

ok "the root alone is a machine" "$nacre" convert "$one" --disk "$two" --volume 1 "$work/root.vm" --no-check
raw_of "$work/root.vm/disk0.vhd" "$work/r.raw"
is "$(in_disk "$work/r.raw" 1048576 /etc/fstab | cut -d' ' -f1,4)" "UUID=$root defaults
/dev/sdb2 defaults,nofail
/dev/sdb1 sw,nofail
/dev/sdc1 defaults,nofail" "which does not wait for what was left out"
for name in UUID=$data LABEL=data 1:2; do
	ok "a volume is named by $name" "$nacre" convert "$one" --disk "$two" --volume "$name" --plan
	said 'not asked for do not' "and the others stay"
done
fails 2 "a volume that is none" "$nacre" convert "$one" --disk "$two" --volume /nowhere "$work/none"
said '1 (/), 1:1 (swap), 1:2 (/data)' "the message says which there are"
fails 2 "a disk that is named twice" "$nacre" convert "$one" --disk "$one" "$work/none"
both() { "$nacre" convert "$one" --disk "$two" - -q | cat >/dev/null; return "${PIPESTATUS[0]}"; }
fails 2 "two disks are no one stream" both
fails 7 "data alone is not guessed" "$nacre" convert "$two" "$work/none" --no-check
said '--volume' "the message says how it is asked for"
ok "nothing is left of what was refused" sh -c "! ls -d '$work'/none* 2>/dev/null"

# Another end.
make_ssh "$work/ssh"
mkdir "$work/far"
for at in host source; do
	rm -rf "$work/far/vm"
	ok "two disks are sent to another computer, fixed at the $at" \
		"$nacre" convert "$one" --disk "$two" "there:$work/far/vm" --ssh "$work/ssh" --no-check --fix-at $at
	raw_of "$work/far/vm/disk1.vhd" "$work/f.raw"
	ok "the second is the same there" cmp "$work/f.raw" "$work/1.raw"
	raw_of "$work/far/vm/disk0.vhd" "$work/f.raw"
	is "$(in_disk "$work/f.raw" 1048576 /etc/fstab)" "$(in_disk "$work/0.raw" 1048576 /etc/fstab)" "the first is fixed"
done
is "$(sha256sum <"$one")$(sha256sum <"$two")" "$sum_one$sum_two" "the sources are as they were"
finish
