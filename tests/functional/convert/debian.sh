#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# debian.sh NACRE TOOLS FIRMWARE - the disk of an old computer becomes a virtual machine that boots from virtio
#
# Real packages and a real systemd (tools/debian-disk), booted under QEMU. The old network name and address,
# all file systems, swap, and no failed unit; what was not meant to change did not. The new disk is larger: the last
# partition has what it has more, the root's with BIOS, swap with UEFI.
. "$(dirname "$0")/../../functions.sh"
here=$(cd "$(dirname "$0")" && pwd)
nacre=$1 tools=$2 firmware=$3
requires_program mmdebstrap qemu-system-x86_64 qemu-img mke2fs grub-mkimage mdir python3 debugfs

disk=$work/old.img
ok "a Debian disk of an old computer is made ($firmware)" "$tools/debian-disk" "$disk" "$firmware"
[ "$status" = 0 ] || finish
before=$(sha256sum <"$disk")
ok "its inventory can be taken" "$nacre" inspect "$disk" --json
is "$(jq -r .firmware "$work/out" 2>/dev/null)" "$firmware" "and names the firmware"
# The firmware that boots the result remembers nothing, so it needs the fallback loader that only the fix-up makes.
[ "$firmware" != uefi ] || is "$(mdir -b -i "$disk@@1M" ::/EFI)" "::/EFI/debian/" "its firmware remembered where the loader is: there is no fallback"
ok "the plan can be told" "$nacre" convert "$disk" --plan
ok "it is converted, and the boot check passes" "$nacre" convert "$disk" "$work/vm" --size 6G --grow-last --memory 512 --timeout 500 --json
cp "$work/out" "$work/result.json"
tap_note "$work/err"
is "$(jq .boots "$work/result.json")" true "the virtual machine comes up"
is "$(sha256sum <"$disk")" "$before" "the source is as it was, bit for bit"
is "$(qemu-img info --output=json -f vpc "$work/vm/disk0.vhd" | jq '."virtual-size"')" $((6 << 30)) "the VHD has the size that was asked for"
used=$(jq .used "$work/result.json") read=$(jq .read "$work/result.json")
ok "no more than what is used was read ($read of $used bytes)" test "$read" -le $((used + used / 100))

nic='virtio-net-pci,netdev=n,mac=52:54:00:a1:b2:c3'
bios=''
[ "$firmware" != uefi ] || bios='-bios /usr/share/ovmf/OVMF.fd'
# shellcheck disable=SC2086 # a list of words
run python3 "$here/guest.py" 500 \
	'systemctl is-system-running --wait; ip -br address show; echo; findmnt -no SOURCE,TARGET /; findmnt -no TARGET /boot/efi; swapon --show=NAME,SIZE --noheadings; stat -f -c "root: %b %S" /; echo; systemctl --failed --no-legend --plain' \
	qemu-system-x86_64 -M q35 -accel tcg -cpu qemu64 -m 512 $bios -nodefaults -display none -serial stdio -snapshot \
	-drive "file=$work/vm/disk0.vhd,format=vpc,if=none,id=d" -device virtio-blk-pci,drive=d,bootindex=0 \
	-netdev user,id=n -device "$nic"
cp "$work/out" "$work/guest"
tap_note "$work/guest" "$work/err"
ok "somebody can log in on the serial line" test "$status" = 0
ok "the network card has its old name and address" grep -q '^lan0 .*10\.0\.2\.77/24' "$work/guest"
ok "the root is on the virtio disk" grep -q '^/dev/vda[0-9] */' "$work/guest"
read -r _ blocks size < <(grep '^root: ' "$work/guest")
if [ "$firmware" = uefi ]; then
	ok "swap is in use, and has grown" grep -q '^/dev/vda[0-9] *4\.[0-9]G' "$work/guest"
else
	ok "swap is in use" grep -q '^/dev/vda[0-9] *128M' "$work/guest"
	ok "the root's file system has grown" test $((blocks * size)) -gt $((5 << 30))
fi
[ "$firmware" != uefi ] || ok "the EFI system partition is mounted" grep -q '^/boot/efi' "$work/guest"
ok "no unit failed" grep -qx running "$work/guest"
finish
