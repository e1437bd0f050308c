# SPDX-License-Identifier: BSD-2-Clause
# trees.sh - what the fix-ups find in a machine, put into $tree; sourced after inventory/disks.sh
# shellcheck shell=bash

# modules VERSION SUFFIX: as depmod lists them; their content is their name
modules()
{
	local m dir=lib/modules/$1 needs
	[ ! -L "$tree/lib" ] || dir=usr/lib/modules/$1
	for m in drivers/virtio/virtio drivers/virtio/virtio_ring drivers/virtio/virtio_pci drivers/block/virtio_blk \
		drivers/net/virtio_net drivers/scsi/virtio_scsi drivers/scsi/sd_mod drivers/ata/ata_piix fs/ext4/ext4; do
		head -c 60000 /dev/urandom | file "$dir/kernel/$m.ko$2"
		needs=
		[ "$m" != drivers/block/virtio_blk ] || needs=" kernel/drivers/virtio/virtio_ring.ko$2 kernel/drivers/virtio/virtio.ko$2"
		echo "kernel/$m.ko$2:$needs"
	done | file "$dir/modules.dep"
	: | file "$dir/modules.dep.bin"
	: | file "$dir/modules.builtin"
	: | file "$dir/modules.softdep"
	echo "alias virtio:d00000002v* virtio_blk" | file "$dir/modules.alias"
}

# initramfs PATH COMPRESSOR...: an archive as a distribution makes it
initramfs()
{
	mkdir -p "$work/i/usr/lib/modules" "$work/i/etc" "$work/i/scripts"
	ln -sfn usr/lib "$work/i/lib"
	echo '#!/bin/sh' >"$work/i/init"
	local to=$1
	shift
	mkdir -p "$tree/${to%/*}"
	(cd "$work/i" && find . | cpio -o -H newc --quiet) | "$@" >"$tree/$to"
}

# fedora_tree: of the Fedora family, but for what is in /boot; $root is the UUID of its root
fedora_tree()
{
	merged
	file usr/lib/os-release <<-'END'
		NAME="Rocky Linux"
		ID="rocky"
		ID_LIKE="rhel centos fedora"
		VERSION_ID="9.3"
	END
	modules 5.14.0-362.el9.x86_64 .xz
	: | file usr/lib/dracut/dracut-init.sh
	mkdir -p "$tree/etc/dracut.conf.d" "$tree/boot"
	: | file usr/lib/udev/rules.d/80-net-setup-link.rules
	: | file usr/lib/systemd/systemd
	file etc/NetworkManager/system-connections/eno1.nmconnection <<-'END'
		[connection]
		id=eno1
		type=ethernet
		interface-name=eno1
		[ethernet]
		mac-address=52:54:00:12:34:56
		[ipv4]
		method=auto
	END
	file etc/fstab <<-END
		UUID=$root / ext4 defaults 0 0
		UUID=33333333-2222-3333-4444-555555555555 /boot ext4 defaults 0 0
		UUID=ABCD-1234 /boot/efi vfat umask=0077 0 2
	END
	echo 'IDTYPE=sys_wwid' | file etc/lvm/devices/system.devices
	echo 'SELINUX=enforcing' | file etc/selinux/config
}
