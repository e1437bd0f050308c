# SPDX-License-Identifier: BSD-2-Clause
# disks.sh - disks that boot, made without root and without mounting anything; sourced after functions.sh
#
#	. "$(dirname "$0")/../../disks.sh"
#	requires_kernel
#	busybox_initramfs "$work/initrd" "$NACRE_SOURCES"
#	make_bios_disk "$kernel" "$work/initrd" "$work/root" "$work/disk.img"
#
# $kernel is Debian's cloud kernel (its virtio drivers are modules), $modules its modules.

# requires_kernel: what the functions below need, or the test is skipped.
requires_kernel()
{
	requires_program grub-mkimage mke2fs sfdisk cpio gzip qemu-system-x86_64
	requires_file /usr/lib/grub/i386-pc/boot.img /bin/busybox
	kernel=''
	for disk_kernel in /boot/vmlinuz-*-cloud-amd64; do
		[ -r "$disk_kernel" ] && kernel=$disk_kernel
	done
	[ -n "$kernel" ] || skip_all "linux-image-cloud-amd64 is not installed"
	modules=/lib/modules/${kernel#/boot/vmlinuz-}
}

# tree_busybox DIRECTORY: a root with busybox and its usual names.
tree_busybox()
{
	mkdir -p "$1/bin" "$1/sbin" "$1/dev" "$1/proc" "$1/sys" "$1/run" "$1/tmp" "$1/etc" "$1/mnt"
	cp /bin/busybox "$1/bin/busybox"
	for disk_name in sh mount mkdir sleep echo cat switch_root insmod poweroff getty login ls grep setsid \
		hostname printf reboot; do
		ln -sf busybox "$1/bin/$disk_name"
	done
}

# tree_programs DIRECTORY FILE...: programs and libraries at the same places as here, with what they are linked to.
tree_programs()
{
	disk_tree=$1
	shift
	for disk_part; do
		cp --parents "$disk_part" "$disk_tree/"
		strip -g "$disk_tree$disk_part" 2>/dev/null
	done
	ldd "$@" 2>/dev/null | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p; s/^\t\(\/[^ ]*\).*/\1/p' | sort -u | while read -r disk_part; do
		mkdir -p "$disk_tree${disk_part%/*}"
		cp -L "$disk_part" "$disk_tree$disk_part"
	done
}

# tree_nacre DIRECTORY BUILD FILE...: the same of nacre, as it was built in BUILD, and more.
tree_nacre()
{
	# shellcheck disable=SC2046 # a list of words
	tree_programs "$1" $(find "$2"/src/cli/nacre "$2"/src/extension/vproc/nacre-vproc "$2"/overlays/fs "$2"/src/fs \
		\( -name '*.so' -o -perm -100 \) -type f ! -name '*.p') "${@:3}"
}

# A kernel that patches its own code, as where it begins to trace, may hang in QEMU with a thread for each processor: one goes on
# with the breakpoint of a moment ago, in code that it has translated. Tests that trace say -accel tcg,thread=single.

# until_ended PID SECONDS: a machine that ends by itself, or is ended.
until_ended()
{
	for _ in $(seq "$2"); do
		kill -0 "$1" 2>/dev/null || break
		sleep 1
	done
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

# run_machine SECONDS QEMU-ARGUMENT...: start $work/disk.img with $kernel and $work/initrd, until it ends; what it said is in $work/said
run_machine()
{
	qemu-system-x86_64 -M q35 -accel tcg,thread=single -cpu max -smp 2 -m 768 -nodefaults -display none -monitor none \
		-serial "file:$work/serial" -no-reboot -kernel "$kernel" -initrd "$work/initrd" \
		-append "root=UUID=$disk_uuid ro console=ttyS0 quiet mitigations=off tsc=unstable" \
		-drive "file=$work/disk.img,format=raw,if=none,id=root,cache=unsafe" -device virtio-blk-pci,drive=root "${@:2}" &
	qemu=$!
	at_exit "kill $qemu 2>/dev/null; wait $qemu 2>/dev/null"
	until_ended $qemu "$1"
	tr -d '\r' <"$work/serial" >"$work/said"
	tap_note "$work/said"
}

# busybox_initramfs OUT DRIVER...: mounts what root= says, once the drivers (virtio_blk, ata_piix...) are
# loaded, and goes there; else it ends in a shell that says (initramfs), as initramfs-tools does. Without
# drivers it is an initramfs that cannot see its disk.
busybox_initramfs()
{
	disk_out=$1
	shift
	disk_tree=$(mktemp -d "$work/initramfs.XXXXXX")
	tree_busybox "$disk_tree"
	: >"$disk_tree/load"
	for disk_driver; do
		modprobe -S "${modules##*/}" --show-depends "$disk_driver" 2>/dev/null |
			sed -n 's/^insmod //p' >>"$disk_tree/load.all"
	done
	[ ! -e "$disk_tree/load.all" ] || awk '!seen[$1]++ { print $1 }' "$disk_tree/load.all" >"$disk_tree/load"
	while read -r disk_driver; do
		cp "$disk_driver" "$disk_tree/"
		echo "insmod /${disk_driver##*/}"
	done <"$disk_tree/load" >"$disk_tree/drivers"
	cat >"$disk_tree/init" <<-'END'
		#!/bin/sh
		mount -t proc proc /proc
		mount -t sysfs sysfs /sys
		mount -t devtmpfs dev /dev
		echo "Loading, please wait..."
		. /drivers
		for word in $(cat /proc/cmdline); do
			case $word in
			root=*) root=${word#root=} ;;
			esac
		done
		case $root in
		UUID=*) found=$(busybox findfs "$root" 2>/dev/null) ;;
		*) found=$root ;;
		esac
		n=0
		while [ ! -b "$found" ] && [ $n -lt 10 ]; do
			n=$((n + 1))
			busybox usleep 100000
			case $root in
			UUID=*) found=$(busybox findfs "$root" 2>/dev/null) ;;
			esac
		done
		if mount -t ext4 "$found" /mnt 2>/dev/null; then
			mount -o move /proc /mnt/proc
			mount -o move /sys /mnt/sys
			mount -o move /dev /mnt/dev
			exec switch_root /mnt /sbin/init
		fi
		echo "Gave up waiting for root file system device."
		echo "ALERT!  $root does not exist.  Dropping to a shell!"
		printf '(initramfs) '
		while :; do sleep 1000; done
	END
	chmod 755 "$disk_tree/init"
	(cd "$disk_tree" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet | gzip -1) >"$disk_out"
	rm -rf "$disk_tree"
}

# make_bios_disk KERNEL INITRD ROOTDIR OUT [APPEND [MIB]]: an MBR, GRUB behind it, and one ext4 partition
# with ROOTDIR and /boot, where /boot/grub/grub.cfg starts the kernel with root=UUID= and APPEND. KERNEL
# or INITRD may be empty. The file system's UUID is in $disk_uuid.
make_bios_disk()
{
	disk_stage=$(mktemp -d "$work/stage.XXXXXX")
	disk_uuid=11111111-2222-4333-8444-555555555555
	disk_mib=${6:-48}
	cp -a "$3/." "$disk_stage/"
	mkdir -p "$disk_stage/boot/grub"
	[ -z "$1" ] || cp "$1" "$disk_stage/boot/vmlinuz"
	[ -z "$2" ] || cp "$2" "$disk_stage/boot/initrd"
	[ -e "$disk_stage/boot/grub/grub.cfg" ] || cat >"$disk_stage/boot/grub/grub.cfg" <<-END
		linux /boot/vmlinuz root=UUID=$disk_uuid ro ${5:-console=ttyS0 mitigations=off tsc=unstable}
		initrd /boot/initrd
		boot
	END
	rm -f "$4"
	truncate -s "${disk_mib}M" "$4"
	mke2fs -q -t ext4 -U "$disk_uuid" -L root -E "offset=1048576,root_owner=0:0" -d "$disk_stage" "$4" \
		"$((disk_mib - 1))M" >/dev/null 2>&1 || return 1
	grub_bios "$4"
	rm -rf "$disk_stage"
}

# grub_bios DISK: GRUB's boot.img and core.img, and a table whose first partition is active and Linux.
grub_bios()
{
	grub-mkimage -O i386-pc -p '(hd0,msdos1)/boot/grub' -o "$work/core.img" biosdisk part_msdos ext2 normal \
		linux echo serial terminal || return 1
	dd if=/usr/lib/grub/i386-pc/boot.img of="$1" bs=440 count=1 conv=notrunc status=none
	dd if="$work/core.img" of="$1" bs=512 seek=1 conv=notrunc status=none
	echo 'start=2048, type=83, bootable' | sfdisk -q --no-reread --no-tell-kernel "$1"
}

# make_uefi_disk KERNEL INITRD ROOTDIR OUT [APPEND [MIB]]: a GPT with an EFI system partition, whose fallback
# loader is GRUB with a configuration of its own, and an ext4 partition with ROOTDIR and /boot.
make_uefi_disk()
{
	disk_stage=$(mktemp -d "$work/stage.XXXXXX")
	disk_uuid=11111111-2222-4333-8444-555555555555
	disk_mib=${6:-56}
	cp -a "$3/." "$disk_stage/"
	mkdir -p "$disk_stage/boot"
	cp "$1" "$disk_stage/boot/vmlinuz"
	cp "$2" "$disk_stage/boot/initrd"
	cat >"$work/grub-uefi.cfg" <<-END
		search --fs-uuid --set=root $disk_uuid
		linux /boot/vmlinuz root=UUID=$disk_uuid ro ${5:-console=ttyS0 mitigations=off tsc=unstable}
		initrd /boot/initrd
		boot
	END
	grub-mkimage -O x86_64-efi -p / -c "$work/grub-uefi.cfg" -o "$work/bootx64.efi" part_gpt ext2 search \
		search_fs_uuid linux all_video || return 1
	rm -f "$4" "$work/esp.img"
	truncate -s 4M "$work/esp.img"
	mkfs.vfat -F 12 "$work/esp.img" >/dev/null && mmd -i "$work/esp.img" ::/EFI ::/EFI/BOOT &&
		mcopy -i "$work/esp.img" "$work/bootx64.efi" ::/EFI/BOOT/BOOTX64.EFI || return 1
	truncate -s "${disk_mib}M" "$4"
	printf 'label: gpt\nstart=2048, size=8192, type=U\nstart=10240, type=L\n' |
		sfdisk -q --no-reread --no-tell-kernel "$4" 2>/dev/null || return 1
	dd if="$work/esp.img" of="$4" bs=1M seek=1 conv=notrunc status=none
	mke2fs -q -t ext4 -U "$disk_uuid" -L root -E "offset=5242880,root_owner=0:0" -d "$disk_stage" "$4" \
		"$((disk_mib - 6))M" >/dev/null 2>&1 || return 1
	rm -rf "$disk_stage"
}
