#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# machines.sh - machines on real file systems, through their drivers: plan, apply, once more, undo
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/guests.sh"

debian()
{
	rm -rf "$tree"
	debian_tree
	modules 6.1.0-18-amd64 ''
	modules 6.1.0-9-amd64 ''
	initramfs boot/initrd.img-6.1.0-18-amd64 zstd -q
	initramfs boot/initrd.img-6.1.0-9-amd64 gzip -n
	file etc/fstab <<-'END'
		# <file system> <mount point>   <type>  <options>       <dump>  <pass>
		/dev/sda1       /               ext4    errors=remount-ro 0       1
		/dev/sda2       none            swap    sw              0       0
		/dev/sr0        /media/cdrom0   udf,iso9660 user,noauto     0       0
	END
	printf '\tlinux\t/boot/vmlinuz-6.1.0-18-amd64 root=/dev/sda1 ro quiet\n' | file boot/grub/grub.cfg
	echo '(hd0) /dev/sda' | file boot/grub/device.map
	echo 'GRUB_CMDLINE_LINUX=""' | file etc/default/grub
	echo 'RESUME=/dev/sda2' | file etc/initramfs-tools/conf.d/resume
	echo MODULES=dep | file etc/initramfs-tools/initramfs.conf
	echo ata_piix | file etc/initramfs-tools/modules
	: | file usr/lib/udev/rules.d/80-net-setup-link.rules
	: | file usr/lib/systemd/systemd
	: | file usr/lib/systemd/system/serial-getty@.service
	: | file usr/lib/systemd/system/smartmontools.service
	mkdir -p "$tree/etc/systemd/system" "$tree/etc/lvm/devices"
	ln -s /lib/systemd/system/smartmontools.service "$tree/etc/systemd/system/smartmontools.service"
	echo 'IDTYPE=sys_wwid' | file etc/lvm/devices/system.devices
	chmod 600 "$tree/etc/default/grub"
	find "$tree" -exec touch -h -d 2021-02-03T04:05:06Z {} +
	disk 60M <<-'END'
		label: dos
		start=2048, size=81920, type=83, bootable
		start=83968, size=16384, type=82
	END
	rm -f "$disk.ext"
	mke2fs -q -F -t ext4 -I 256 -E root_owner=0:0 -d "$tree" -U "$root" "$disk.ext" 40M
	adorn
	put_file 2048 "$disk.ext"
	put_swap 83968 8 "$swap"
}

# What a file may have besides its bytes, on those that are changed, removed, or unlinked
adorn()
{
	local path
	for path in /etc/fstab /etc/default/grub /boot/grub/grub.cfg /etc/lvm/devices/system.devices \
		/etc/systemd/system/smartmontools.service /etc /etc/lvm/devices \
		/etc/systemd/system /; do
		printf '%s\n' "sif $path mtime_extra 0x1d6f3454" "sif $path uid 1$(printf %s "$path" | wc -c)" "sif $path gid 70" \
			"ea_set $path security.selinux system_u:object_r:label_of_${#path}_t:s0"
		case $path in
		*smartmontools*) ;; # a link has no others
		*) printf 'ea_set %s user.note "%s"\n' "$path" "$(head -c 300 /dev/zero | tr '\0' n)" ;;
		esac
	done >"$work/adorn"
	printf 'ea_set /etc/lvm/devices/system.devices security.capability "\\001\\000\\000\\002\\040\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000"\n' >>"$work/adorn"
	debugfs -w -f "$work/adorn" "$disk.ext" >"$work/adorned" 2>&1
}

fedora()
{
	rm -rf "$tree" "$work/boot"
	fedora_tree
	disk 120M <<-'END'
		label: gpt
		start=2048, size=67584, type=U
		start=69632, size=61440, type=L
		start=131072, size=81920, type=L
	END
	find "$tree" -exec touch -h -d 2021-02-03T04:05:06Z {} +
	put_ext 131072 40 -U "$root"
	mv "$tree" "$work/root"
	mkdir "$tree"
	initramfs ./initramfs-5.14.0-362.el9.x86_64.img lz4 -l -q -
	: | file vmlinuz-5.14.0-362.el9.x86_64
	mkdir "$tree/efi"
	printf 'title Rocky\noptions root=/dev/nvme0n1p3 ro crashkernel=1G-4G:192M\n' | file loader/entries/x.conf
	find "$tree" -exec touch -h -d 2021-02-03T04:05:06Z {} +
	put_ext 69632 30 -U 33333333-2222-3333-4444-555555555555
	rm -rf "$tree"
	mv "$work/root" "$tree"
	put_esp 2048 33 EFI/rocky/shimx64.efi EFI/rocky/grubx64.efi
}

# Of debugfs's stat: a line for each thing that a file keeps
stats()
{
	awk '/^debugfs: *stat/ { path = $NF }
		/^Inode:/ { sub(/.*Type/, "Type"); sub(/Flags.*/, ""); print path, $0 }
		/^User:/ || / mtime:/ || /^Fast link/ || /^  *[a-z]*\..* = / { print path, $0 }'
}

check Debian debian 2048 40
ok "Debian: files were given what files may have" test "$(grep -c 'label_of_\|1d6f3454' "$work/before")" = 16
is "$(now_of /etc/fstab)" "$(before_of /etc/fstab)" "Debian: what a fix writes keeps owner, mode and attributes"
is "$(now_of /etc/systemd/system/smartmontools.service)" \
	"$(before_of /etc/systemd/system/smartmontools.service | sed s/label_of_[0-9]*/label_of_19/)" \
	"Debian: a link that takes the place of another has its owner, and a label"
ok "Debian: so is LVM's list of devices" test ! -e "$work/dump/etc/lvm/devices/system.devices"
holds "Debian: fstab has the root's UUID" etc/fstab "UUID=$root       /               ext4"
# its UUID where the driver for swap is there, else the partition's
ok "Debian: and the swap area has no device name" sh -c "! grep -q '^/dev/sda' '$work/dump/etc/fstab' && grep -qE '^(UUID=$swap|PARTUUID=[0-9a-f-]+) ' '$work/dump/etc/fstab'"
holds "Debian: GRUB starts the root by its UUID" boot/grub/grub.cfg "root=UUID=$root ro quiet console=tty0 console=ttyS0"
holds "Debian: the NIC keeps its name" etc/systemd/network/10-nacre-eth0.link "MACAddress=52:54:00:ab:cd:01"
ok "Debian: smartd is masked" test "$(readlink "$work/dump/etc/systemd/system/smartmontools.service")" = /dev/null
is "$(stat -c %a,%u,%g "$work/dump/etc/default/grub")" 600,117,70 "Debian: a changed file keeps owner and mode"
size=$(stat -c %s "$tree/boot/initrd.img-6.1.0-18-amd64")
mkdir "$work/u"
(cd "$work/u" && tail -c +$((size + 1)) "$work/dump/boot/initrd.img-6.1.0-18-amd64" | sed -z '1s/^\x00*//' | cpio -id --quiet 2>/dev/null
	cd "$work/u" && find . -type f | sort) >"$work/found"
ok "Debian: the archive behind the initramfs has virtio_blk" cmp \
	"$work/u/lib/modules/6.1.0-18-amd64/kernel/drivers/block/virtio_blk.ko" \
	"$tree/usr/lib/modules/6.1.0-18-amd64/kernel/drivers/block/virtio_blk.ko"
ok "Debian: and the .link file" test -s "$work/u/etc/systemd/network/10-nacre-eth0.link"
echo "# the fix-up of two kernels took $(sed -n 's/^time: //p' "$work/applied") s; wanted: 0.5 s on an idle machine"
undone Debian 2048 40

check Rocky fedora 69632 30
holds "Rocky: the entry has the root's UUID" loader/entries/x.conf "options root=UUID=$root ro crashkernel"
ok "Rocky: what follows LZ4 is LZ4: all of it can be unpacked" sh -c \
	"cd '$work' && lz4 -dcq <dump/initramfs-5.14.0-362.el9.x86_64.img >all.cpio && grep -aq 'kernel/drivers/block/virtio_blk.ko.xz' all.cpio"
fat=$work/fat
dd if="$disk" of="$fat" bs=512 skip=2048 count=67584 status=none
ok "Rocky: firmware finds shim" mdir -i "$fat" ::/EFI/BOOT/BOOTX64.EFI
ok "Rocky: and shim GRUB" mdir -i "$fat" ::/EFI/BOOT/grubx64.efi
facts 131072 40 >/dev/null
ok "Rocky: LVM's list of devices is gone" test ! -e "$work/dump/etc/lvm/devices/system.devices"
holds "Rocky: the NIC keeps its name" etc/systemd/network/10-nacre-eno1.link Name=eno1
holds "Rocky: dracut adds the drivers" etc/dracut.conf.d/90-nacre.conf virtio_blk
undone Rocky 69632 30

# A full disk: refused before anything changes.
debian
dd if="$disk" of="$work/ext" bs=1M iflag=skip_bytes skip=1048576 count=40 conv=sparse status=none
free=$(dumpe2fs -h "$work/ext" 2>/dev/null | sed -n 's/^Free blocks: *//p')
block=$(dumpe2fs -h "$work/ext" 2>/dev/null | sed -n 's/^Block size: *//p')
head -c $((free * block - 600000)) /dev/zero | tr '\0' x >"$work/fill"
debugfs -w -R "write $work/fill fill" "$work/ext" >/dev/null 2>&1
put_file 2048 "$work/ext"
whole=$(sha256sum <"$disk")
facts 2048 40 >"$work/before"
fails 7 "a full file system is refused" "$fixup" "$disk" "$work/undo" apply
said "please make room" "with the reason and the remedy"
facts 2048 40 >"$work/after"
ok "and no file changes" diff "$work/before" "$work/after"
is "$(sha256sum <"$disk")" "$whole" "nor any byte of the disk"
finish
