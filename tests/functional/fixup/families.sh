#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# families.sh - trees as Arch, Alpine, Ubuntu and openSUSE lay them out: plan, apply, once more, undo
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/guests.sh"

systemd()
{
	: | file usr/lib/udev/rules.d/80-net-setup-link.rules
	: | file usr/lib/systemd/systemd
	: | file usr/lib/systemd/system/serial-getty@.service
}

# one_disk [SWAP]: BIOS, the tree in the first partition
one_disk()
{
	find "$tree" -exec touch -h -d 2021-02-03T04:05:06Z {} +
	disk 60M <<-'END'
		label: dos
		start=2048, size=81920, type=83, bootable
		start=83968, size=16384, type=82
	END
	put_ext 2048 40 -U "$root"
	put_swap 83968 8 "$swap"
}

# systemd-boot on an ESP that is /boot: kernels lie on FAT; entries too
arch()
{
	rm -rf "$tree"
	merged
	systemd
	modules 6.6.8-arch1-1 .zst
	printf 'NAME="Arch Linux"\nID=arch\n' | file etc/os-release
	echo linux | file usr/lib/modules/6.6.8-arch1-1/pkgbase
	printf '# vim:set ft=sh\nMODULES=(ext4)\nHOOKS=(base udev autodetect modconf block filesystems)\n' | file etc/mkinitcpio.conf
	printf '/dev/nvme0n1p2 / ext4 rw,relatime 0 1\n/dev/nvme0n1p1 /boot vfat rw 0 2\n/dev/sdb1 /data ext4 defaults 0 2\n' | file etc/fstab
	echo 'root=/dev/nvme0n1p2 rw' | file etc/kernel/cmdline
	printf '[Match]\nPermanentMACAddress=52-54-00-00-00-1a\n[Link]\nName=lan\n' | file etc/systemd/network/05-lan.link
	printf '[Match]\nName=lan\nDriver=igb\nPath=pci-0000:02:00.0\n[Network]\nAddress=172.16.0.9/20\n' | file etc/systemd/network/20-lan.network
	printf 'Section "Device"\n\tIdentifier "card"\n\tDriver "nvidia"\n\tBusID "PCI:1:0:0"\nEndSection\n' | file etc/X11/xorg.conf.d/20-nvidia.conf
	printf 'blacklist nouveau\nblacklist virtio_blk\n' | file etc/modprobe.d/local.conf
	find "$tree" -exec touch -h -d 2021-02-03T04:05:06Z {} +
	disk 120M <<-'END'
		label: gpt
		start=2048, size=69632, type=U
		start=71680, size=81920, type=L
	END
	put_ext 71680 40 -U "$root"
	put_esp 2048 34 EFI/systemd/systemd-bootx64.efi vmlinuz-linux loader/loader.conf
	dd if="$disk" of="$work/fat" bs=512 skip=2048 count=69632 status=none
	initramfs ./initramfs.tmp zstd -q
	mcopy -D o -i "$work/fat" "$tree/initramfs.tmp" ::/initramfs-linux.img
	rm "$tree/initramfs.tmp"
	mmd -D s -i "$work/fat" ::/loader/entries
	printf 'title Arch\nlinux /vmlinuz-linux\ninitrd /initramfs-linux.img\noptions root=/dev/nvme0n1p2 resume=/dev/sdb2 rw\n' >"$work/entry"
	mcopy -D o -i "$work/fat" "$work/entry" ::/loader/entries/arch.conf
	put_file 2048 "$work/fat"
}

# No systemd, no udev, no merged /usr: busybox, OpenRC, extlinux, mkinitfs
alpine()
{
	rm -rf "$tree"
	mkdir -p "$tree/bin" "$tree/lib" "$tree/boot" "$tree/etc/runlevels/default" "$tree/etc/mkinitfs/features.d"
	elf 62 >"$tree/bin/busybox"
	ln -s /bin/busybox "$tree/bin/sh"
	modules 6.6.7-0-lts .gz
	: | file boot/vmlinuz-lts
	initramfs boot/initramfs-lts gzip -n
	printf 'NAME="Alpine Linux"\nID=alpine\n' | file etc/os-release
	printf '/dev/sda1\t/\text4\trw,relatime\t0 1\n/dev/sda2\tswap\tswap\tdefaults\t0 0\n' | file etc/fstab
	echo 'features="ata base ext4 keymap kms mmc scsi usb"' | file etc/mkinitfs/mkinitfs.conf
	printf 'default_kernel_opts="quiet rootfstype=ext4"\nroot=/dev/sda1\nmodules=sd-mod,ext4\n' | file etc/update-extlinux.conf
	printf 'LABEL lts\n  LINUX vmlinuz-lts\n  INITRD initramfs-lts\n  APPEND root=/dev/sda1 modules=sd-mod,ext4 quiet\n' | file boot/extlinux.conf
	printf '::sysinit:/sbin/openrc sysinit\ntty1::respawn:/sbin/getty 38400 tty1\n' | file etc/inittab
	printf 'tty1\n' | file etc/securetty
	printf 'auto eth0\niface eth0 inet static\n\taddress 10.0.0.5/24\n' | file etc/network/interfaces
	echo '#!/sbin/openrc-run' | file etc/init.d/smartd
	ln -s /etc/init.d/smartd "$tree/etc/runlevels/default/smartd"
	ln -s /etc/init.d/sshd "$tree/etc/runlevels/default/sshd"
	one_disk
}

ubuntu()
{
	rm -rf "$tree"
	merged
	systemd
	modules 5.15.0-91-generic ''
	: | file boot/vmlinuz-5.15.0-91-generic
	initramfs boot/initrd.img-5.15.0-91-generic zstd -q
	printf 'ID=ubuntu\nID_LIKE=debian\n' | file etc/os-release
	echo MODULES=dep | file etc/initramfs-tools/initramfs.conf
	printf '/dev/disk/by-id/ata-ST500DM002_W2A1-part1 / ext4 errors=remount-ro 0 1\n/dev/disk/by-id/ata-ST500DM002_W2A1-part2 none swap sw 0 0\n' | file etc/fstab
	printf '\tlinux /boot/vmlinuz-5.15.0-91-generic root=/dev/sda1 ro nosplash\n\tinitrd /boot/initrd.img-5.15.0-91-generic\n' | file boot/grub/grub.cfg
	printf 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX=""\n' | file etc/default/grub
	printf 'GRUB_CMDLINE_LINUX_DEFAULT="resume=/dev/sda2 nosplash"\nGRUB_DISABLE_LINUX_UUID=true\n' | file etc/default/grub.d/50-settings.cfg
	printf 'network:\n  version: 2\n  ethernets:\n    uplink:\n      match: {macaddress: "52:54:00:00:00:2a"}\n      set-name: uplink\n      dhcp4: true\n' | file etc/netplan/50-cloud-init.yaml
	printf 'luks-x /dev/sda5 none luks\n' | file etc/crypttab
	for unit in open-vm-tools smartmontools thermald; do : | file "usr/lib/systemd/system/$unit.service"; done
	one_disk
}

opensuse()
{
	rm -rf "$tree"
	merged
	systemd
	modules 5.14.21-150500.55-default .zst
	: | file boot/vmlinuz-5.14.21-150500.55-default
	initramfs boot/initrd-5.14.21-150500.55-default zstd -q
	printf 'NAME="openSUSE Leap"\nID="opensuse-leap"\nID_LIKE="suse opensuse"\n' | file etc/os-release
	: | file usr/lib/dracut/dracut-init.sh
	echo '(hd0) /dev/disk/by-id/scsi-3600508b1001c' | file boot/grub2/device.map
	printf '/dev/disk/by-id/scsi-3600508b1001c-part1 / ext4 acl 1 1\n/dev/disk/by-id/scsi-3600508b1001c-part2 swap swap defaults 0 0\n' | file etc/fstab
	printf 'linux /boot/vmlinuz-5.14.21-150500.55-default root=UUID=%s resume=/dev/disk/by-id/scsi-3600508b1001c-part2 splash=silent\n' $root | file boot/grub2/grub.cfg
	printf 'GRUB_CMDLINE_LINUX_DEFAULT="resume=/dev/disk/by-id/scsi-3600508b1001c-part2 quiet"\nGRUB_CMDLINE_LINUX=""\n' | file etc/default/grub
	printf 'BOOTPROTO=static\nIPADDR=10.1.1.1/24\nSTARTMODE=auto\n' | file etc/sysconfig/network/ifcfg-eth0
	echo 'SUBSYSTEM=="net", ACTION=="add", DRIVERS=="?*", ATTR{address}=="52:54:00:00:00:3a", ATTR{dev_id}=="0x0", ATTR{type}=="1", KERNEL=="eth*", NAME="eth0"' |
		file etc/udev/rules.d/70-persistent-net.rules
	printf 'INITRD_MODULES="ata_piix"\n' | file etc/sysconfig/kernel
	printf '	filter = [ "a|/dev/disk/by-id/.*|", "r|.*|" ]\n' | file etc/lvm/lvm.conf
	one_disk
}

check Arch arch 71680 40
said_by() # FIX TEXT SENTENCE
{
	ok "$3" grep -qE "^$1: .*$2" "$work/applied"
}
holds "Arch: fstab has the root's UUID" etc/fstab "UUID=$root / ext4 rw,relatime"
holds "Arch: and the ESP's" etc/fstab "UUID=ABCD-1234 /boot vfat rw"
holds "Arch: a disk that stays behind is not waited for" etc/fstab "/dev/sdb1 /data ext4 defaults,nofail"
holds "Arch: kernels to come start by UUID" etc/kernel/cmdline "root=UUID=$root rw"
holds "Arch: the next initramfs has the drivers" etc/mkinitcpio.conf "MODULES=(ext4 virtio_pci virtio_blk"
holds "Arch: the NIC keeps its name" etc/systemd/network/10-nacre-lan.link "MACAddress=52:54:00:00:00:1a"
holds "Arch: its network asks for no driver" etc/systemd/network/20-lan.network "#Driver=igb"
holds "Arch: X takes the kernel's driver" etc/X11/xorg.conf.d/20-nvidia.conf '	Driver "modesetting"'
holds "Arch: and no slot" etc/X11/xorg.conf.d/20-nvidia.conf '#	BusID'
holds "Arch: virtio may be loaded" etc/modprobe.d/local.conf "# blacklist virtio_blk"
fat=$work/fat
dd if="$disk" of="$fat" bs=512 skip=2048 count=69632 status=none
mcopy -n -i "$fat" ::/loader/entries/arch.conf "$work/entry.now"
is "$(tail -n 1 "$work/entry.now")" "options root=UUID=$root noresume rw console=tty0 console=ttyS0,115200" "Arch: its entry too, and a resume= of another disk is gone"
ok "Arch: firmware finds systemd-boot" mdir -b -i "$fat" ::/EFI/BOOT/BOOTX64.EFI
mcopy -n -i "$fat" ::/initramfs-linux.img "$work/initramfs.now"
ok "Arch: its initramfs on FAT has virtio_blk behind it" grep -aq 'kernel/drivers/block/virtio_blk.ko' "$work/initramfs.now"
undone Arch 71680 40
dd if="$disk" of="$fat" bs=512 skip=2048 count=69632 status=none
fails 1 "Arch: the fallback loader is gone after undo" mdir -b -i "$fat" ::/EFI/BOOT/BOOTX64.EFI
mcopy -n -o -i "$fat" ::/loader/entries/arch.conf "$work/entry.now"
ok "Arch: and the entry on FAT is as it was" cmp "$work/entry.now" "$work/entry"

check Alpine alpine 2048 40
holds "Alpine: fstab" etc/fstab "UUID=$root	/	ext4	rw,relatime	0 1"
holds "Alpine: extlinux starts the root by its UUID" boot/extlinux.conf "APPEND root=UUID=$root modules=sd-mod,ext4 quiet console=tty0 console=ttyS0,115200"
holds "Alpine: and so it will" etc/update-extlinux.conf "root=UUID=$root"
holds "Alpine: the next initramfs has the drivers" etc/mkinitfs/mkinitfs.conf 'usb virtio"'
holds "Alpine: a getty" etc/inittab "ttyS0::respawn:/sbin/getty"
holds "Alpine: root may log in there" etc/securetty ttyS0
ok "Alpine: no list of MACs is made where none is known" test ! -e "$work/dump/etc/mactab"
ok "Alpine: smartd does not start" test ! -L "$work/dump/etc/runlevels/default/smartd"
ok "Alpine: sshd does" test -L "$work/dump/etc/runlevels/default/sshd"
undone Alpine 2048 40

check Ubuntu ubuntu 2048 40
holds "Ubuntu: names by-id in fstab become UUIDs" etc/fstab "UUID=$root / ext4"
ok "Ubuntu: swap's too" sh -c "! grep -q by-id '$work/dump/etc/fstab'"
holds "Ubuntu: GRUB" boot/grub/grub.cfg "root=UUID=$root ro nosplash console=tty0"
holds "Ubuntu: GRUB to come writes UUIDs" etc/default/grub.d/50-settings.cfg "#GRUB_DISABLE_LINUX_UUID=true"
ok "Ubuntu: and resumes by UUID" grep -qE 'resume=(PART)?UUID=' "$work/dump/etc/default/grub.d/50-settings.cfg"
is "$(cat "$work/dump/etc/default/grub" "$work/dump/etc/default/grub.d/50-settings.cfg" | grep -o console=ttyS0 | wc -l)" 1 "Ubuntu: with one console"
holds "Ubuntu: the NIC keeps its name" etc/systemd/network/10-nacre-uplink.link "MACAddress=52:54:00:00:00:2a"
said_by fstab "/dev/sda5 of crypttab is not on this disk" "Ubuntu: an encrypted volume that is not here is told"
for unit in open-vm-tools smartmontools thermald; do
	is "$(readlink "$work/dump/etc/systemd/system/$unit.service")" /dev/null "Ubuntu: $unit is masked"
done
undone Ubuntu 2048 40

check openSUSE opensuse 2048 40
holds "openSUSE: fstab" etc/fstab "UUID=$root / ext4 acl 1 1"
ok "openSUSE: resume= by UUID, now and later" grep -qE 'resume=(PART)?UUID=' "$work/dump/boot/grub2/grub.cfg"
ok "openSUSE: in the defaults too" grep -qE 'resume=(PART)?UUID=' "$work/dump/etc/default/grub"
ok "openSUSE: no device map" test ! -e "$work/dump/boot/grub2/device.map"
holds "openSUSE: LVM looks at every disk" etc/lvm/lvm.conf "# 	filter"
holds "openSUSE: dracut adds the drivers" etc/dracut.conf.d/90-nacre.conf virtio_blk
holds "openSUSE: so does its older mkinitrd" etc/sysconfig/kernel "virtio_blk"
holds "openSUSE: the NIC keeps its name, so ifcfg-eth0 fits" etc/systemd/network/10-nacre-eth0.link "MACAddress=52:54:00:00:00:3a"
undone openSUSE 2048 40
finish
