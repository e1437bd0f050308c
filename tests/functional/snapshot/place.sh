# SPDX-License-Identifier: BSD-2-Clause
# place.sh - a disk that is in use, for shell tests: sourced after functions.sh
#
#	make_place MIB [SERVE]: $loop a disk of so many MiB with a small system on its first partition, mounted at $on;
#	$out a place on another file system; both in memory, both gone with the mount namespace. SERVE is called before there is
#	a loop device: it may set $served, which the device is then on instead of $disk.
#	start_writer DIRECTORY RATE: the program $writer writes there, as writer.c has it; its longest write is in $work/longest
#	once stop_writer has stopped it; $writing: its process
# shellcheck shell=bash

make_place()
{
	local tree=$work/tree
	mnt=$work/mnt on=$work/mnt/on out=$work/mnt/out disk=$work/mnt/disk.img
	mkdir -p "$tree"/{bin,boot/grub,etc,lib/modules,usr/bin,var} "$mnt" "$work/copied"
	cp /bin/true "$tree/bin/sh"
	printf 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n' >"$tree/etc/os-release"
	printf '/dev/sda1 / ext4 defaults 0 1\n' >"$tree/etc/fstab"
	echo oldbox >"$tree/etc/hostname"
	head -c 9000000 /dev/urandom >"$tree/var/data"
	mount -t tmpfs none "$mnt"
	mkdir "$on" "$out"
	at_exit "umount -l '$on' 2>/dev/null; umount -l '$mnt'"
	truncate -s "$1M" "$disk"
	printf 'label: dos\nstart=2048, size=%dM, type=83, bootable\n' $(($1 - 8)) | sfdisk -q "$disk"
	mke2fs -q -t ext4 -E offset=1048576 -d "$tree" "$disk" $(($1 - 8))M 2>/dev/null
	[ $# -lt 2 ] || "$2"
	loop=$(losetup -P -f --show "${served:-$disk}") || skip_all "no loop device can be had"
	addpart "$loop" 1 2048 $((($1 - 8) * 2048))
	mount "${loop}p1" "$on"
	losetup -d "$loop" # when the last user is gone; its partition goes with it (-P)
	tap_note <<<"$loop on $on"
}

# The disk of a machine in $out is mounted at $work/copied.
mount_copy() # NAME MIB
{
	qemu-img convert -f vpc -O raw "$out/$1/disk0.vhd" "$out/copy.img" &&
		mount -o "loop,offset=1048576,sizelimit=$((($2 - 8) << 20))" "$out/copy.img" "$work/copied"
}

start_writer() # DIRECTORY RATE
{
	mkfifo "$work/stop"
	"$writer" "$1" "$2" <"$work/stop" >"$work/longest" &
	writing=$!
	exec 9>"$work/stop"
	at_exit "exec 9>&-; kill $writing 2>/dev/null; wait $writing 2>/dev/null"
	until grep -q writing "$work/longest" 2>/dev/null; do sleep 0.05; done
}

stop_writer()
{
	exec 9>&-
	wait $writing
}
