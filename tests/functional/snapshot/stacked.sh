#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# stacked.sh NACRE WRITER TRACKER BUILD - disks that are made of others: their changes are told, and they are converted while they work
#
# In QEMU, with Debian's kernel: arrays of md and what the device mapper makes belong to the whole computer. Each is the tracker
# test's to write to; an array with a system on its partition, and a disk as multipath has it (the device mapper upon the device mapper),
# are then converted while a program writes to them.
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/../../disks.sh"
nacre=$(realpath "$1") writer=$(realpath "$2") tracker=$(realpath "$3") build=$(realpath "$4")
requires_kernel
requires_program debugfs e2fsck jq qemu-img mdadm dmsetup addpart
export TMPDIR=$work

# A system on the first partition of a disk of its own.
system=$work/system
mkdir -p "$system"/{bin,boot/grub,etc,lib/modules,usr/bin,var}
cp /bin/true "$system/bin/sh"
printf 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n' >"$system/etc/os-release"
printf '/dev/md1p1 / ext4 defaults 0 1\n' >"$system/etc/fstab"
echo stacked >"$system/etc/hostname"
head -c 9000000 /dev/urandom >"$system/var/data"
truncate -s 96M "$work/system.img"
printf 'label: dos\nstart=2048, size=88M, type=83, bootable\n' | sfdisk -q "$work/system.img"
mke2fs -q -t ext4 -E offset=1048576 -d "$system" "$work/system.img" 88M 2>/dev/null

tree=$work/root
tree_busybox "$tree"
mkdir -p "$tree"/{dst,on,usr/bin,lib/modules}
for name in umount mkfifo rm kill sync dmesg true head tail mknod; do ln -sf busybox "$tree/bin/$name"; done
tree_nacre "$tree" "$build" "$writer" "$tracker" "$(command -v mdadm)" "$(command -v dmsetup)" "$(command -v addpart)"
cat >"$tree/sbin/init" <<END
#!/bin/sh
mount -o remount,rw /
mount -t tmpfs run /run
mount -t tmpfs tmp /tmp
mount -t ext4 /dev/vdb /dst
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/ TMPDIR=/tmp NACRE_MUST_WORK=1 DM_DISABLE_UDEV=1
exec >/dev/ttyS0 2>&1
tracked() { $tracker \$2 >/run/tap; echo "tracked \$1 \$?"; grep -v '^ok' /run/tap | busybox sed "s/^/  /"; }
mdadm --build /dev/md0 --level=0 --raid-devices=2 --chunk=64 /dev/vdc /dev/vdd >/dev/null
tracked raid0 /dev/md0
mdadm --stop /dev/md0 >/dev/null
mdadm --build /dev/md0 --level=1 --raid-devices=2 --assume-clean --size=65536 /dev/vde /dev/vdf >/dev/null
tracked raid1 /dev/md0
mdadm --stop /dev/md0 >/dev/null
dm() { dmsetup create -u "\$2" "\$1"; }
printf '0 65536 linear /dev/vdc 0\n65536 65536 linear /dev/vdd 0\n' | dm two t
tracked linear /dev/mapper/two
dmsetup remove two
echo '0 131072 striped 2 128 /dev/vdc 0 /dev/vdd 0' | dm striped t
tracked striped /dev/mapper/striped
dmsetup remove striped
paths() { echo "0 \$1 multipath 2 queue_mode bio 0 1 1 round-robin 0 1 1 \$2 1" | dm \$3 \$4; }
paths 131072 /dev/vde several t
tracked paths /dev/mapper/several
dmsetup remove several

converted() # NAME DISK PARTITION
{
	mount -t ext4 \$3 /on || return
	rm -f /run/stop
	mkfifo /run/stop
	$writer /on 2000000 </run/stop >/run/said &
	exec 9>/run/stop
	until grep -q writing /run/said; do sleep 1; done
	echo "first \$1 \$(tail -n 1 /on/journal)"
	$nacre convert \$2 /dst/\$1 --no-check --no-hooks --json --max-freeze 20000 >/dst/\$1.json 2>/run/progress
	echo "converted \$1 \$?"
	busybox tail -n 3 /run/progress
	exec 9>&-
	wait
	umount /on
}
mdadm --build /dev/md1 --level=1 --raid-devices=2 --assume-clean --size=98304 /dev/vdg /dev/vdh >/dev/null
[ -e /dev/md1p1 ] || addpart /dev/md1 1 2048 180224
converted raid1 /on /dev/md1p1
mdadm --stop /dev/md1 >/dev/null
paths 196608 /dev/vdg whole mpath-test
echo '0 180224 linear /dev/mapper/whole 2048' | dm whole-part1 part1-mpath-test
converted mapper /on /dev/mapper/whole-part1
converted below /dev/vdg /dev/mapper/whole-part1
umount /dst
sync
poweroff -f
END
chmod 755 "$tree/sbin/init"
busybox_initramfs "$work/initrd" virtio_pci virtio_blk ext4 loop raid0 raid1 dm_mod dm_multipath dm_round_robin
make_bios_disk "$kernel" "$work/initrd" "$tree" "$work/disk.img" "" 220
disks=()
for disk in "dst 400M" "a 32M" "b 32M" "c 64M" "d 64M" "e 0" "f 0"; do
	name=${disk% *} size=${disk#* }
	if [ "$size" = 0 ]; then
		cp --sparse=always "$work/system.img" "$work/$name.img"
	else
		truncate -s "$size" "$work/$name.img"
	fi
	disks+=(-drive "file=$work/$name.img,format=raw,if=none,id=$name,cache=unsafe,discard=unmap" -device "virtio-blk-pci,drive=$name")
done
mke2fs -q -t ext4 "$work/dst.img"
run_machine 600 "${disks[@]}"
ok "changes of an array with stripes are told" grep -qx 'tracked raid0 0' "$work/said"
ok "of a mirror" grep -qx 'tracked raid1 0' "$work/said"
ok "of two disks that the device mapper makes one" grep -qx 'tracked linear 0' "$work/said"
ok "and of its stripes" grep -qx 'tracked striped 0' "$work/said"
ok "of a disk that is reached by several paths" grep -qx 'tracked paths 0' "$work/said"
for name in raid1 mapper below; do
	ok "$name: it is converted while it works" grep -qx "converted $name 0" "$work/said"
	debugfs -R "dump /$name.json $work/json" "$work/dst.img" 2>/dev/null
	[ $name = below ] || is "$(jq -r .sources[0] "$work/json")" "$([ $name = raid1 ] && echo /dev/md1 || echo /dev/dm-0)" "$name: its disk is found by the mount point"
	is "$(jq -r '.volumes[0].consistency' "$work/json")" "file system" "$name: its volume is file-system-consistent"
	debugfs -R "dump /$name/disk0.vhd $work/disk0.vhd" "$work/dst.img" 2>/dev/null
	ok "$name: the copy is a disk" qemu-img convert -f vpc -O raw "$work/disk0.vhd" "$work/copy.img"
	dd if="$work/copy.img" of="$work/part.img" bs=1M skip=1 count=88 conv=sparse status=none
	run e2fsck -p "$work/part.img" # a file was open and unlinked; more than that it would not mend
	ok "$name: whose root needs nothing but its orphans removed" test "$status" -le 1
	debugfs -R "dump /journal $work/journal" "$work/part.img" 2>/dev/null
	debugfs -R "dump /var/data $work/data" "$work/part.img" 2>/dev/null
	first=$(sed -n "s/^first $name //p" "$work/said")
	ok "$name: and has all that was promised before (${first:-nothing} lines, and more)" \
		awk -v want="${first:-1000000}" '$1 != NR {exit 1} END {exit NR < want}' "$work/journal"
	ok "$name: what nobody wrote to is the same" cmp "$system/var/data" "$work/data"
done
finish
