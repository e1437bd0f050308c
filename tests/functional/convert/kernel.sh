#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# kernel.sh NACRE - machines whose root no driver writes: converted, repaired and undone with --trust-kernel-mount
. "$(dirname "$0")/../../own_mounts.sh"
. "$(dirname "$0")/../../functions.sh"
nacre=${1:?}
requires_root
requires_program mkfs.xfs xfs_repair mkfs.btrfs btrfs setfattr getfattr sfdisk qemu-img cpio lz4 mcopy setpriv jq
requires_file /dev/fuse /dev/loop-control
[ -n "${own_mounts:-}" ] || skip_all "this needs mounts of its own"
# shellcheck source=tests/functional/inventory/disks.sh
. "$(dirname "$0")/../inventory/disks.sh"
# shellcheck source=tests/functional/fixup/trees.sh
. "$(dirname "$0")/../fixup/trees.sh"
export NACRE_LOG="$work/log"
root=11111111-2222-3333-4444-555555555555 mnt=$work/mnt at=69632 size=340
mkdir "$mnt"

# The root's file system, with /boot in it: names of the old disk, labels, owners, links that lead elsewhere.
tree()
{
	rm -rf "$tree"
	fedora_tree
	file etc/fstab <<-END
		/dev/nvme0n1p2 / $1 defaults 0 0
		UUID=ABCD-1234 /boot/efi vfat umask=0077 0 2
	END
	initramfs boot/initramfs-5.14.0-362.el9.x86_64.img lz4 -l -q -
	: | file boot/vmlinuz-5.14.0-362.el9.x86_64
	mkdir "$tree/boot/efi"
	printf 'title Rocky\noptions root=/dev/nvme0n1p2 ro quiet\n' | file boot/loader/entries/x.conf
	echo 'GRUB_CMDLINE_LINUX="quiet"' | file etc/default/grub
	echo precious >"$work/precious"
	ln -s "$work/precious" "$tree/etc/crypttab"
	find "$tree" -exec touch -h -d 2021-02-03T04:05:06.7Z {} +
}

put_tree() # MOUNTPOINT
{
	cp -a "$tree/." "$1"
	chown 12:34 "$1/etc/default/grub"
	chmod 600 "$1/etc/default/grub"
	setfattr -n security.selinux -v system_u:object_r:etc_t:s0 "$1/etc/fstab"
	setfattr -n security.selinux -v unconfined_u:object_r:boot_t:s0 "$1/etc/default/grub"
	touch -d 2021-02-03T04:05:06.7Z "$1/etc/default/grub"
}

machine_disk() # FILE-SYSTEM: an ESP, and the root in a file system that was made beside the disk
{
	disk 380M <<-END
		label: gpt
		start=2048, size=67584, type=U
		start=$at, size=$((size * 2048)), type=L
	END
	put_file "$at" "$1"
	put_esp 2048 33 EFI/rocky/shimx64.efi EFI/rocky/grubx64.efi
}

xfs()
{
	tree xfs
	truncate -s "${size}M" "$work/fs"
	mkfs.xfs -q -m "uuid=$root" "$work/fs"
	mount -o loop "$work/fs" "$mnt"
	put_tree "$mnt"
	umount "$mnt"
	machine_disk "$work/fs"
}

# The root of disk $1 into $work/root.
extract()
{
	qemu-img convert -O raw "$1" "$work/raw"
	dd if="$work/raw" of="$work/root" bs=1M iflag=skip_bytes skip=$((at * 512)) count="$size" conv=sparse status=none
}

# Every file of $work/root: mode, owner, time, attributes, content. No mount that writes.
facts()
{
	mount -o "loop,ro$1" "$work/root" "$mnt"
	(cd "$mnt" && find . -printf '%p %m %U %G %s %l ' \( -type d -printf '\n' -o -printf '%T@\n' \) | sed 's/^\(\.[^ ]* [0-9]* [^ ]* [^ ]*\) [0-9]* *$/\1/' | sort
		find . -type f -exec sha256sum {} + | sort
		getfattr -R -h -d -m - . 2>/dev/null)
	umount "$mnt"
}

holds() # SENTENCE FILE TEXT
{
	ok "$1" grep -qF -- "$3" "$mnt/$2"
}

# The root of a machine in $mnt has what the fixes put there.
fixed() # NAME
{
	holds "$1: fstab has the root's UUID" etc/fstab "UUID=$root / "
	holds "$1: so has the boot entry" boot/loader/entries/x.conf "options root=UUID=$root ro quiet"
	holds "$1: the NIC keeps its name" etc/systemd/network/10-nacre-eno1.link Name=eno1
	holds "$1: dracut adds the drivers" etc/dracut.conf.d/90-nacre.conf virtio_blk
	ok "$1: the archive behind the initramfs has virtio_blk" sh -c \
		"lz4 -dcq <$mnt/boot/initramfs-5.14.0-362.el9.x86_64.img | grep -aq kernel/drivers/block/virtio_blk.ko.xz"
	ok "$1: LVM's list of devices is gone" test ! -e "$mnt/etc/lvm/devices/system.devices"
	is "$(getfattr -h --only-values -n security.selinux "$mnt/etc/fstab" 2>/dev/null)" system_u:object_r:etc_t:s0 \
		"$1: a changed file keeps its label"
	is "$(stat -c %a,%u,%g "$mnt/etc/default/grub")" 600,12,34 "$1: owner and mode"
	is "$(cat "$work/precious")" precious "$1: a file of this computer that a link names is as it was"
}

xfs
cp --sparse=always "$disk" "$work/original"
fails 7 "XFS: no driver writes it" "$nacre" convert "$disk" "$work/no" --no-check -q
said "--trust-kernel-mount" "which is said, with the remedy"
ok "XFS: and nothing was copied" sh -c "! ls -d $work/no*"
ok "XFS: what would be done is told without it" "$nacre" convert "$disk" --plan
said fstab "and names the fixes"
ok "XFS: converted with --trust-kernel-mount" "$nacre" convert "$disk" "$work/vm" --no-check -q --trust-kernel-mount
tap_note "$work/out"
ok "XFS: the source is as it was" cmp "$disk" "$work/original"
ok "XFS: no process has a mount" sh -c '! pgrep -x nacre-mount'
extract "$work/vm/disk0.vhd"
ok "XFS: the copy's file system is clean" xfs_repair -n "$work/root"
mount -o loop,ro "$work/root" "$mnt"
fixed XFS
umount "$mnt"
ok "XFS: the changes are in the record" sh -c \
	"jq -r '.. | .path? // empty' $work/vm/nacre.json | grep -qx /etc/fstab"
printf '#!/bin/bash\nshift\nPATH=%s:$PATH exec bash -c "$*"\n' "$(dirname "$(realpath "$nacre")")" >"$work/ssh"
chmod 755 "$work/ssh"
ok "XFS: converted to another computer, with the fix-ups made here" \
	"$nacre" convert "$disk" "me@there:$work/far" --ssh "$work/ssh" --no-check -q --trust-kernel-mount --fix-at source
ok "XFS: no process has a mount" sh -c '! pgrep -x nacre-mount'
extract "$work/far/disk0.vhd"
ok "XFS: that copy's file system is clean" xfs_repair -n "$work/root"
mount -o loop,ro "$work/root" "$mnt"
fixed XFS
umount "$mnt"
rm -rf "$work/far"
cp --sparse=always "$work/original" "$work/raw"
extract "$work/original"
facts ,nouuid >"$work/before"
ok "XFS: all of them are looked at" sh -c "grep -q '^./etc/default/grub 600 12 34 .*1612325106.7' $work/before &&
	grep -q 'security.selinux=.*boot_t' $work/before && grep -qE '^[0-9a-f]{64}  ./boot/initramfs' $work/before"
fails 7 "XFS: undo needs it as well" "$nacre" repair --undo "$work/vm/disk0.vhd"
said "--trust-kernel-mount" "and says so"
ok "XFS: undone" "$nacre" repair --undo --trust-kernel-mount "$work/vm/disk0.vhd"
extract "$work/vm/disk0.vhd"
facts ,nouuid >"$work/after"
ok "XFS: every file is as it was, with owner, mode, time and attributes" diff "$work/before" "$work/after"
ok "XFS: and the file system is clean" xfs_repair -n "$work/root"
ok "XFS: the undo directory is gone" test ! -e "$work/vm/disk0.vhd.undo"

# In place, and once more.
ok "XFS: repaired in place" "$nacre" repair -q --trust-kernel-mount "$disk"
extract "$disk"
mount -o loop,ro "$work/root" "$mnt"
fixed "XFS in place"
umount "$mnt"
ok "XFS: once more" "$nacre" repair -q --trust-kernel-mount "$disk"
said " 0 changes" "changes nothing"
ok "XFS: and undone" "$nacre" repair --undo --trust-kernel-mount "$disk"
extract "$disk"
facts ,nouuid >"$work/after"
ok "XFS: to what it was" diff "$work/before" "$work/after"

# A log that waits, as of a machine that was switched off: the kernel replays it.
mount -o loop "$work/root" "$mnt"
echo late >"$mnt/etc/late"
sync "$mnt/etc/late"
cp --sparse=always "$work/root" "$work/dirty"
umount "$mnt"
put_file "$at" "$work/dirty"
run "$nacre" inspect "$disk"
said "not unmounted" "XFS: a log that waits is seen"
ok "XFS: a log that waits is replayed" "$nacre" convert "$disk" "$work/dirty.vm" --no-check -q --trust-kernel-mount
extract "$work/dirty.vm/disk0.vhd"
ok "XFS: then the file system is clean" xfs_repair -n "$work/root"
mount -o loop,ro "$work/root" "$mnt"
holds "XFS: and has what the log had" etc/late late
umount "$mnt"

# Larger.
cp --sparse=always "$work/original" "$disk"
ok "XFS: a larger disk, with the last partition grown" \
	"$nacre" convert "$disk" "$work/large" --no-check -q --trust-kernel-mount --size 600M --grow-last --format raw
size=$((600 - 34))
extract "$work/large/disk0.raw"
ok "XFS: the file system has grown and is clean" xfs_repair -n "$work/root"
mount -o loop,ro,nouuid "$work/root" "$mnt"
ok "XFS: it has the room" test "$(df --output=size -m "$mnt" | tail -n 1)" -gt 400
umount "$mnt"

# btrfs as Fedora has it: the root and /home are subvolumes, which a plain mount does not show. The kernel tells
# two btrfs apart by their UUIDs alone, so it is this test's own.
root=$(cat /proc/sys/kernel/random/uuid) size=340
rm -rf "$work/dirty.vm" "$work/large" "$work/vm"
tree btrfs
file etc/fstab <<-END
	/dev/nvme0n1p2 / btrfs subvol=root,compress=zstd:1 0 0
	/dev/nvme0n1p2 /home btrfs subvol=home,compress=zstd:1 0 0
	UUID=ABCD-1234 /boot/efi vfat umask=0077 0 2
END
mkdir "$tree/home"
printf 'title Rocky\noptions root=/dev/nvme0n1p2 ro rootflags=subvol=root quiet\n' | file boot/loader/entries/x.conf
truncate -s "${size}M" "$work/fs"
mkfs.btrfs -q -U "$root" "$work/fs" >/dev/null 2>&1
mount -o loop "$work/fs" "$mnt"
btrfs -q subvolume create "$mnt/root" >/dev/null
btrfs -q subvolume create "$mnt/home" >/dev/null
put_tree "$mnt/root"
echo hello >"$mnt/home/letter"
umount "$mnt"
machine_disk "$work/fs"
cp --sparse=always "$disk" "$work/original"
fails 7 "btrfs: no driver writes it" "$nacre" convert "$disk" "$work/no" --no-check -q
said "--trust-kernel-mount" "which is said, with the remedy"
ok "btrfs: converted with --trust-kernel-mount" "$nacre" convert "$disk" "$work/vm" --no-check -q --trust-kernel-mount
ok "btrfs: the source is as it was" cmp "$disk" "$work/original"
extract "$work/vm/disk0.vhd"
ok "btrfs: the copy's file system is clean" btrfs check --readonly "$work/root"
mount -o loop,ro,subvol=root "$work/root" "$mnt"
holds "btrfs: fstab has the root's UUID, and still its subvolume" etc/fstab "UUID=$root / btrfs subvol=root,compress=zstd:1"
holds "btrfs: also for /home" etc/fstab "UUID=$root /home btrfs subvol=home"
holds "btrfs: the boot entry has it" boot/loader/entries/x.conf "options root=UUID=$root ro rootflags=subvol=root quiet"
holds "btrfs: dracut adds the drivers" etc/dracut.conf.d/90-nacre.conf virtio_blk
is "$(getfattr -h --only-values -n security.selinux "$mnt/etc/fstab" 2>/dev/null)" system_u:object_r:etc_t:s0 \
	"btrfs: a changed file keeps its label"
umount "$mnt"
ok "btrfs: undone" "$nacre" repair --undo --trust-kernel-mount "$work/vm/disk0.vhd"
extract "$work/vm/disk0.vhd"
facts ,subvolid=5 >"$work/after"
ok "btrfs: and the file system is clean" btrfs check --readonly "$work/root"
extract "$work/original"
facts ,subvolid=5 >"$work/before"
ok "btrfs: every file is as it was, with owner, mode, time and attributes" diff "$work/before" "$work/after"
ok "btrfs: a file of this computer that a link names is as it was" grep -qx precious "$work/precious"

chmod 755 "$work"
install -m 755 "$nacre" "$work/nacre" # the build may be where only root gets to
fails 2 "only root may ask for it" setpriv --reuid=nobody --regid=nogroup --clear-groups \
	"$work/nacre" repair --trust-kernel-mount "$work/original"
said "needs root" "which is said"
ok "no process has a mount at the end" sh -c '! pgrep -x nacre-mount'
finish
