# SPDX-License-Identifier: BSD-2-Clause
# disks.sh - disks of machines as distributions install them, small and made without root
#
# A tree is a directory; put_NAME puts it into a partition of $disk, at a sector.

PATH=$PATH:/usr/sbin:/sbin
disk=${work:?}/disk tree=$work/tree
mib=2048 # sectors

# file PATH: into the tree, from stdin
file()
{
	mkdir -p "$tree/$(dirname "$1")"
	cat >"$tree/$1"
}

# disk SIZE: a new one; sfdisk's script from stdin
disk()
{
	rm -f "$disk"
	truncate -s "$1" "$disk"
	sfdisk -q --wipe never "$disk" >/dev/null
}

# put_ext SECTOR MIB [OPTION...]: the tree
put_ext()
{
	put_at=$1 put_size=$2
	shift 2
	mke2fs -q -F -t ext4 -E offset=$((put_at * 512)),root_owner=0:0 -d "$tree" "$@" "$disk" "${put_size}M"
}

# put_file SECTOR FILE: an image of a file system that was made beside the disk
put_file()
{
	dd if="$2" of="$disk" bs=1M seek=$(($1 * 512)) oflag=seek_bytes conv=notrunc,sparse status=none
	rm -f "$2"
}

# put_esp SECTOR MIB FILE...: FAT with empty files of these names
put_esp()
{
	put_at=$1
	truncate -s "$2M" "$work/fat"
	shift 2
	mkfs.vfat -i ABCD1234 -n EFI "$work/fat" >/dev/null
	for put_path; do
		put_made=
		for put_part in $(dirname "$put_path" | tr / ' '); do
			put_made=$put_made/$put_part
			mmd -D s -i "$work/fat" "::$put_made" >/dev/null 2>&1
		done
		: >"$work/empty"
		mcopy -D o -i "$work/fat" "$work/empty" "::$put_path"
	done
	put_file "$put_at" "$work/fat"
}

put_swap() # SECTOR MIB UUID
{
	truncate -s "$2M" "$work/swap"
	mkswap -q -U "$3" "$work/swap" 2>/dev/null
	put_file "$1" "$work/swap"
}

# elf: the beginning of a program for the machine with this number, on stdout
elf()
{
	printf '\177ELF\002\001\001\0\0\0\0\0\0\0\0\0\003\0%b\0\001\0\0\0' "\\0$(printf %o "$1")"
}

kernel() # VERSION DRIVER...
{
	kernel_version=$1
	shift
	mkdir -p "$tree/usr/lib/modules/$kernel_version"
	for kernel_driver; do
		echo "kernel/drivers/$kernel_driver.ko:"
	done | file "usr/lib/modules/$kernel_version/modules.dep"
	: | file "usr/lib/modules/$kernel_version/modules.builtin"
}

# merged: /bin, /lib, /sbin are links into /usr
merged()
{
	rm -rf "$tree"
	mkdir -p "$tree/usr/bin" "$tree/usr/sbin" "$tree/usr/lib" "$tree/boot" "$tree/etc"
	for merged_name in bin sbin lib; do
		ln -s "usr/$merged_name" "$tree/$merged_name"
	done
	elf 62 >"$tree/usr/bin/dash"
	ln -s dash "$tree/usr/bin/sh"
}

# debian_tree: a web server with a static address, a device name for its swap, an old rule for its NIC
debian_tree()
{
	merged
	mkdir -p "$tree/etc/initramfs-tools"
	file usr/lib/os-release <<-'END'
		PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
		NAME="Debian GNU/Linux"
		VERSION_ID="12"
		ID=debian
	END
	ln -s ../usr/lib/os-release "$tree/etc/os-release"
	file etc/fstab <<-'END'
		# <file system> <mount point> <type> <options> <dump> <pass>
		UUID=11111111-2222-3333-4444-555555555555 / ext4 errors=remount-ro 0 1
		/dev/sda3 none swap sw 0 0
		LABEL=data /srv/two\040words ext4 defaults 0 2
		/dev/disk/by-id/wwn-0x5000c500a1b2c3d4-part4 /backup ext4 noauto 0 2
		/dev/sr0 /media/cdrom0 udf,iso9660 user,noauto 0 0
		server:/home /home nfs defaults 0 0
	END
	echo web1 | file etc/hostname
	kernel 6.1.0-18-amd64 block/virtio_blk net/virtio_net virtio/virtio_pci ata/ata_piix
	kernel 6.1.0-9-amd64 block/virtio_blk net/virtio_net virtio/virtio_pci
	: | file boot/vmlinuz-6.1.0-18-amd64
	: | file boot/initrd.img-6.1.0-18-amd64
	: | file boot/vmlinuz-6.1.0-9-amd64
	file etc/udev/rules.d/70-persistent-net.rules <<-'END'
		# PCI device 0x8086:0x100e (e1000)
		SUBSYSTEM=="net", ACTION=="add", DRIVERS=="?*", ATTR{address}=="52:54:00:AB:cd:01", ATTR{dev_id}=="0x0", ATTR{type}=="1", KERNEL=="eth*", NAME="eth0"
	END
	file etc/network/interfaces <<-'END'
		auto lo
		iface lo inet loopback
		allow-hotplug eth0
		iface eth0 inet static
			address 192.168.7.20
			netmask 255.255.255.0
			gateway 192.168.7.1
		iface eth0 inet6 auto
		auto br0
		iface br0 inet dhcp
			bridge_ports eth1
	END
	: | file usr/sbin/smartd
	: | file usr/sbin/update-initramfs
	file etc/mdadm/mdadm.conf <<-'END'
		ARRAY /dev/md0 metadata=1.2 UUID=1:2:3:4
	END
}

debian_disk() # [SIZE]
{
	debian_tree
	disk "${1:-340M}" <<-'END'
		label: dos
		label-id: 0xc0ffee01
		start=2048, size=409600, type=83, bootable
		start=411648, size=131072, type=83
		start=542720, size=65536, type=82
		start=608256, size=65536, type=83
	END
	put_ext 2048 200 -U 11111111-2222-3333-4444-555555555555 -L root
	rm -rf "$tree"
	mkdir "$tree"
	put_ext 411648 64 -L data
	put_ext 608256 32
	put_swap 542720 32 aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee
}

# redhat_disk: UEFI, /boot of its own, root on xfs or ext4
redhat_disk()
{
	merged
	mkdir -p "$tree/etc/dracut.conf.d" "$tree/boot/loader/entries"
	file etc/os-release <<-'END'
		NAME="Rocky Linux"
		VERSION="9.3 (Blue Onyx)"
		ID="rocky"
		ID_LIKE="rhel centos fedora"
		VERSION_ID="9.3"
		PRETTY_NAME="Rocky Linux 9.3 (Blue Onyx)"
	END
	file etc/fstab <<-'END'
		UUID=99999999-2222-3333-4444-555555555555 / ext4 defaults 0 0
		UUID=88888888-2222-3333-4444-555555555555 /boot ext4 defaults 0 0
		UUID=ABCD-1234 /boot/efi vfat umask=0077 0 2
	END
	echo db1.example.org | file etc/hostname
	echo SELINUX=enforcing | file etc/selinux/config
	kernel 5.14.0-362.8.1.el9_3.x86_64 block/virtio_blk net/virtio_net
	echo kernel/drivers/virtio/virtio_pci.ko | file usr/lib/modules/5.14.0-362.8.1.el9_3.x86_64/modules.builtin
	: | file usr/bin/dracut
	file etc/sysconfig/network-scripts/ifcfg-eno1 <<-'END'
		TYPE=Ethernet
		BOOTPROTO=none
		DEVICE=eno1
		HWADDR="52:54:00:00:00:0A"
		IPADDR=10.1.2.3
		PREFIX=16
	END
	file etc/NetworkManager/system-connections/eno2.nmconnection <<-'END'
		[connection]
		id=eno2
		type=ethernet
		interface-name=eno2

		[ethernet]
		mac-address=52:54:00:00:00:0B

		[ipv4]
		address1=10.9.8.7/24,10.9.8.1
		method=manual
	END
	file etc/NetworkManager/system-connections/bond0.nmconnection <<-'END'
		[connection]
		type=bond
		interface-name=bond0
	END
	disk 340M <<-'END'
		label: gpt
		start=2048, size=131072, type=U, name="EFI System Partition"
		start=133120, size=131072, type=L
		start=264192, size=409600, type=L
	END
	mkdir "$work/boot.tree"
	mv "$tree/boot/loader" "$work/boot.tree/"
	put_ext 264192 200 -U 99999999-2222-3333-4444-555555555555
	rm -rf "$tree"
	mv "$work/boot.tree" "$tree"
	: | file vmlinuz-5.14.0-362.8.1.el9_3.x86_64
	: | file initramfs-5.14.0-362.8.1.el9_3.x86_64.img
	put_ext 133120 64 -U 88888888-2222-3333-4444-555555555555
	put_esp 2048 64 EFI/BOOT/BOOTX64.EFI EFI/rocky/grubx64.efi
}

# arch_disk: kernels named after their package, systemd-networkd
arch_disk()
{
	merged
	file etc/os-release <<-'END'
		NAME="Arch Linux"
		PRETTY_NAME="Arch Linux"
		ID=arch
		BUILD_ID=rolling
	END
	file etc/fstab <<-'END'
		PARTUUID=0a0b0c0d-01 / ext4 rw,relatime 0 1
	END
	: | file etc/mkinitcpio.conf
	kernel 6.6.8-arch1-1 block/virtio_blk net/virtio_net virtio/virtio_pci
	echo linux | file usr/lib/modules/6.6.8-arch1-1/pkgbase
	: | file boot/vmlinuz-linux
	: | file boot/initramfs-linux.img
	file etc/systemd/network/10-lan.link <<-'END'
		[Match]
		PermanentMACAddress=52-54-00-00-00-1a
		[Link]
		Name=lan
	END
	file etc/systemd/network/20-lan.network <<-'END'
		# the office
		[Match]
		Name=lan
		[Network]
		DHCP=no
		Address=172.16.0.9/20
	END
	disk 512M <<-'END'
		label: dos
		label-id: 0x0a0b0c0d
		start=2048, size=409600, type=83
	END
	put_ext 2048 200
}

# alpine_disk: no merged /usr, busybox, flavours of kernels; a link that leads through others, one that loops
alpine_disk()
{
	rm -rf "$tree"
	mkdir -p "$tree/bin" "$tree/lib/modules" "$tree/usr/lib" "$tree/boot" "$tree/etc/mkinitfs" "$tree/var/real"
	elf 183 >"$tree/bin/busybox"
	ln -s /bin/busybox "$tree/bin/sh"
	file var/real/os-release <<-'END'
		NAME="Alpine Linux"
		ID=alpine
		VERSION_ID=3.19.0
		PRETTY_NAME="Alpine Linux v3.19"
	END
	ln -s ../../../../../var/./link//os-release "$tree/usr/lib/os-release"
	ln -s real/../real "$tree/var/link"
	ln -s ../usr/lib/os-release "$tree/etc/os-release"
	ln -s loop "$tree/etc/loop"
	ln -s loop/x "$tree/etc/hostname"
	file etc/fstab <<-'END'
		/dev/vda1 / ext4 rw 0 1
	END
	mkdir -p "$tree/lib/modules/6.6.7-0-lts"
	echo kernel/drivers/block/virtio_blk.ko.gz: | file lib/modules/6.6.7-0-lts/modules.dep
	: | file boot/vmlinuz-lts
	: | file boot/initramfs-lts
	file etc/network/interfaces <<-'END'
		auto eth0
		iface eth0 inet dhcp
	END
	disk 512M <<-'END'
		label: dos
		start=2048, size=409600, type=83
	END
	put_ext 2048 200
}

# ubuntu_disk: the whole disk is one file system; netplan
ubuntu_disk()
{
	merged
	file etc/os-release <<-'END'
		ID=ubuntu
		ID_LIKE=debian
		PRETTY_NAME='Ubuntu 22.04 LTS'
	END
	file etc/fstab <<-'END'
		LABEL=cloudimg-rootfs / ext4 defaults 0 1
	END
	file etc/netplan/50-cloud-init.yaml <<-'END'
		# made by cloud-init
		network:
		    version: 2
		    ethernets:
		        enp1s0:
		            match: {macaddress: "52:54:00:00:00:2a"}
		            set-name: uplink
		            nameservers:
		                addresses: [1.1.1.1, 8.8.8.8]
		            addresses:
		            - 10.20.30.40/24
		            - fe80::1/64
		            routes:
		            - to: default
		              via: 10.20.30.1
		        enp2s0:
		            dhcp4: true
		            match:
		                macaddress: '52:54:00:00:00:2b'
		    bonds:
		        bond0:
		            interfaces: [enp3s0]
	END
	rm -f "$disk"
	truncate -s 200M "$disk"
	put_ext 0 200 -L cloudimg-rootfs
}
