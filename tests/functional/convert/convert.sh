#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# convert.sh NACRE - conversions and repairs of a small disk, good and bad input, without booting
. "$(dirname "$0")/../../functions.sh"
nacre=$1
requires_program mke2fs sfdisk mkswap qemu-img debugfs e2fsck jq virt-xml-validate

uuid=11111111-2222-4333-8444-555555555555 swap=11111111-2222-4333-8444-666666666666
tree=$work/tree disk=$work/disk.img
mkdir -p "$tree"/{bin,boot/grub,etc/udev/rules.d,lib/modules,usr/bin,var}
cp /bin/true "$tree/bin/sh"
printf 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n' >"$tree/etc/os-release"
printf '/dev/sda1 / ext4 defaults 0 1\n/var/swapfile none swap sw 0 0\n/dev/sda2 none swap sw 0 0\n' >"$tree/etc/fstab"
printf "menuentry 'x' {\n\tlinux /boot/vmlinuz root=/dev/sda1 ro\n}\n" >"$tree/boot/grub/grub.cfg"
echo oldbox >"$tree/etc/hostname"
head -c 3000000 /dev/urandom >"$tree/var/data"
mkswap_file() # PATH: with something left in it
{
	head -c 3000000 /dev/urandom >"$1"
	truncate -s 2M "$1"
	mkswap -q -U 33333333-2222-4333-8444-666666666666 "$1" >/dev/null 2>&1
}
mkswap_file "$tree/var/swapfile"
make_disk() # OUT: MBR, 60 MiB of ext4, 2 MiB of swap
{
	truncate -s 64M "$1"
	printf 'label: dos\nstart=2048, size=60M, type=83, bootable\nsize=2M, type=82\n' | sfdisk -q "$1"
	mke2fs -q -t ext4 -U $uuid -E offset=1048576 -d "$tree" "$1" 60M 2>/dev/null
	truncate -s 2M "$work/swap"
	mkswap -q -U $swap -L old "$work/swap" >/dev/null 2>&1
	head -c 1000000 /dev/urandom | dd of="$work/swap" bs=4096 seek=1 conv=notrunc status=none
	dd if="$work/swap" of="$1" bs=1M seek=61 conv=notrunc status=none
}
in_disk() { debugfs -R "cat $2" "$1?offset=1048576" 2>/dev/null; }
make_disk "$disk"
cp --sparse=always "$disk" "$work/original.img"

ok "a plan is told" "$nacre" convert "$disk" --plan
said 'fstab' "it names what would be changed"
ok "and changes nothing" cmp "$disk" "$work/original.img"

ok "a disk is converted" "$nacre" convert "$disk" "$work/web1" --no-check --json
cp "$work/out" "$work/json"
cp "$work/err" "$work/events"
is "$(jq -es length "$work/json")" 1 "the result is one JSON object"
is "$(jq -rR 'fromjson | .event' "$work/events" | sort -u | tr '\n' ' ')" "fix progress stage " "progress is a JSON object a line"
ok "bytes are among it, to the end" jq -es 'map(select(.event == "progress")) | last | .done == .total and .total > 3000000 and .rate > 0 and .left_s == 0' "$work/events"
ok "and what is fixed" jq -es 'any(.event == "fix" and .name == "fstab")' "$work/events"
ok "the source is as it was" cmp "$disk" "$work/original.img"
used=$(jq .used "$work/json") read=$(jq .read "$work/json")
ok "no more is read than what is used: $read of $used bytes" test "$read" -le $((used + used / 100))
ok "swap does not travel" test "$(jq .skipped "$work/json")" -gt 2000000
is "$(qemu-img info --output=json -f vpc "$work/web1/disk0.vhd" | jq '."virtual-size"')" $((64 << 20)) "and has the source's size"
ok "libvirt's schema holds for the domain" virt-xml-validate "$work/web1/web1.xml" domain
is "$(jq -r .machine.name "$work/web1/nacre.json")" web1 "the record names the machine"
ok "a directory above it is made" "$nacre" convert "$disk" "$work/vms/web1" --no-check -q
ok "with the machine in it" test -e "$work/vms/web1/nacre.json"
fails 4 "two of them are not" "$nacre" convert "$disk" "$work/far/vms/web1" --no-check -q
said "far/vms: cannot be made: No such file" "and it is said which"
ok "nothing is left of that" test ! -e "$work/far"
qemu-img convert -f vpc -O raw "$work/web1/disk0.vhd" "$work/copy.img"
ok "the copy's file system is clean" e2fsck -fn "$work/copy.img?offset=1048576"
is "$(in_disk "$work/copy.img" /var/data | sha256sum)" "$(sha256sum <"$tree/var/data" | sed 's/$//')" "files are the same"
is "$(in_disk "$work/copy.img" /etc/fstab | head -n 1)" "UUID=$uuid / ext4 defaults 0 1" "fstab names the volume by its UUID"
is "$(in_disk "$work/copy.img" /etc/fstab | tail -n 1)" "UUID=$swap none swap sw 0 0" "and the swap area"
dd if="$work/copy.img" of="$work/newswap" bs=1M skip=61 count=2 status=none
is "$(blkid -p -s UUID -o value "$work/newswap")" $swap "swap is made anew with its UUID"
is "$(blkid -p -s LABEL -o value "$work/newswap")" old "and its label"
ok "with nothing in it" cmp -n $((2 * 1048576 - 4096)) -i 4096:0 "$work/newswap" /dev/zero

in_disk "$work/copy.img" /var/swapfile >"$work/newswap"
ok "of a swap file the header travels" cmp -n 65536 "$work/newswap" "$tree/var/swapfile"
is "$(stat -c %s "$work/newswap")" $((2 << 20)) "with the size"
ok "and nothing else" cmp -n $((2 * 1048576 - 65536)) -i 65536:0 "$work/newswap" /dev/zero
ok "which is counted as skipped" test "$(jq .skipped "$work/json")" -gt 4000000

for format in raw vhd-fixed; do
	ok "to $format" "$nacre" convert "$disk" "$work/$format" --no-check --format $format -q
	file=$(find "$work/$format" -name 'disk0.*' -type f)
	driver=vpc
	[ $format = vhd-fixed ] || driver=raw
	ok "QEMU reads it" qemu-img convert -f $driver -O raw "$file" "$work/again.img"
	ok "its file system is clean" e2fsck -fn "$work/again.img?offset=1048576"
	is "$(in_disk "$work/again.img" /etc/fstab | sha256sum)" "$(in_disk "$work/copy.img" /etc/fstab | sha256sum)" "and was mended in the same way"
done
ok "onto a larger disk" "$nacre" convert "$disk" "$work/large" --no-check --size 200M -q
is "$(qemu-img info --output=json -f vpc "$work/large/disk0.vhd" | jq '."virtual-size"')" $((200 << 20)) "it has the size that was asked for"

fails 6 "a directory that is there is not touched" "$nacre" convert "$disk" "$work/web1" --no-check
fails 6 "as JSON" "$nacre" convert "$disk" "$work/web1" --no-check --json
cp "$work/err" "$work/events"
ok "the error is an event as well" jq -es 'last | .event == "error" and .code == 6 and (.text | test("already"))' "$work/events"
fails 6 "as JSON, quiet" "$nacre" convert "$disk" "$work/web1" --no-check --json -q
is "$(jq -r .event "$work/err")" error "nothing but the error is told"
fails 2 "a disk cannot shrink" "$nacre" convert "$disk" "$work/none" --no-check --size 1M
ok "and nothing is left of that" test ! -e "$work/none"
fails 2 "a size that is none" "$nacre" convert "$disk" "$work/none" --size many
fails 5 "a source that is not there" "$nacre" convert "$work/nothing.img" "$work/none" --no-check
head -c 3000000 "$disk" >"$work/short.img"
run "$nacre" convert "$work/short.img" "$work/none" --no-check
ok "a disk that is cut off is an error" test "$status" -ne 0
ok "and nothing is left of that" test ! -e "$work/none"
truncate -s 8M "$work/empty.img"
fails 7 "a disk with nothing on it" "$nacre" convert "$work/empty.img" "$work/none" --no-check
ok "and nothing is left of that" test ! -e "$work/none"
cp --sparse=always "$disk" "$work/broken.img"
dd if=/dev/urandom of="$work/broken.img" bs=1024 seek=1026 count=4 conv=notrunc status=none
run "$nacre" convert "$work/broken.img" "$work/none" --no-check
ok "a damaged file system is an error in words, not a crash" test "$status" -gt 0 -a "$status" -lt 10

# Killed while it works, what is left has no name of a machine or of a disk, and is gone on with. One that was faster
# than the kill is tried again.
for _ in 1 2 3 4 5; do
	rm -rf "$work/killed" "$work/killed.partial"
	"$nacre" convert "$disk" "$work/killed" --no-check -q &
	pid=$!
	until [ -e "$work/killed.partial/disk0.vhd.blocks" ] || ! kill -0 $pid 2>/dev/null; do :; done
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
	[ -e "$work/killed" ] || break
done
ok "a killed conversion leaves no machine" test ! -e "$work/killed"
ok "but what it had of one" test -d "$work/killed.partial"
fails 6 "it is not begun anew over that" "$nacre" convert "$disk" "$work/killed" --no-check -q
said "--resume" "and the remedy is said"
fails 6 "nor gone on with as another disk" "$nacre" convert "$disk" "$work/killed" --no-check -q --resume --size 200M
ok "it is gone on with" "$nacre" convert "$disk" "$work/killed" --no-check -q --resume
qemu-img convert -f vpc -O raw "$work/killed/disk0.vhd" "$work/resumed.img"
ok "its file system is clean" e2fsck -fn "$work/resumed.img?offset=1048576"
for file in /var/data /etc/fstab /boot/grub/grub.cfg; do
	is "$(in_disk "$work/resumed.img" $file | sha256sum)" "$(in_disk "$work/copy.img" $file | sha256sum)" "$file is as in one that was not killed"
done
fails 6 "what is whole is not resumed" "$nacre" convert "$disk" "$work/killed" --no-check -q --resume

cp --sparse=always "$disk" "$work/repair.img"
ok "a repair's plan" "$nacre" repair "$work/repair.img" --plan
ok "changes nothing" cmp "$disk" "$work/repair.img"
ok "an image is repaired in place" "$nacre" repair "$work/repair.img" -q
ok "it is clean" e2fsck -fn "$work/repair.img?offset=1048576"
ok "a second time there is nothing to do" "$nacre" repair "$work/repair.img" -q
said ' 0 changes' "and it says so"
ok "undone" "$nacre" repair "$work/repair.img" --undo -q
for file in /etc/fstab /boot/grub/grub.cfg; do
	is "$(in_disk "$work/repair.img" $file | sha256sum)" "$(in_disk "$disk" $file | sha256sum)" "$file is as it was, bit for bit"
done
fails 5 "nothing can be undone twice" "$nacre" repair "$work/repair.img" --undo
finish
