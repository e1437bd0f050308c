#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# btrfs.sh - nacre inspect and nacre repair --plan on machines whose root is a subvolume of btrfs
. "$(dirname "$0")/../../own_mounts.sh"
. "$(dirname "$0")/../../functions.sh"
requires_program jq
. "$(dirname "$0")/disks.sh"
requires_program sfdisk mkfs.btrfs btrfs mke2fs
{ [ "$(id -u)" -eq 0 ] && { grep -qw btrfs /proc/filesystems || modprobe -q btrfs; }; } ||
	skip_all "this needs root and a kernel with btrfs"
at_exit 'if mountpoint -q "$work/mnt" 2>/dev/null; then umount "$work/mnt"; fi'
export NACRE_LOG="$work/log"

# empty OPTIONS: a btrfs of its own in $work/fs, mounted with these options. Each has its own UUID: to the
# kernel two devices with the same one are the same file system.
empty()
{
	uuid=$(cat /proc/sys/kernel/random/uuid)
	rm -f "$work/fs"
	truncate -s 200M "$work/fs"
	mkfs.btrfs -q -f -U $uuid "$work/fs" >"$work/made" 2>&1
	mkdir -p "$work/mnt"
	mount -t btrfs -o "loop,$1" "$work/fs" "$work/mnt"
}

volume() # PATH...
{
	for volume_path; do btrfs -q subvolume create "$work/mnt/$volume_path" >>"$work/made" 2>&1; done
}

# fill PATH NAME FSTAB: the tree of a system with this name
fill()
{
	debian_tree
	echo "$2" | file etc/hostname
	mkdir -p "$tree/home" "$tree/var"
	printf '%s\n' "$3" | file etc/fstab
	cp -a "$tree/." "$work/mnt/$1/"
}

# done_with: what was mounted becomes partition 2 of the disk, partition 1 is a file system for /boot
done_with()
{
	sync -f "$work/mnt"
	umount "$work/mnt"
	rm -f "$disk"
	disk 300M <<-'END'
		label: dos
		start=2048, size=65536, type=83, bootable
		start=67584, size=409600, type=83
	END
	rm -rf "$tree"
	mkdir -p "$tree"
	[ -z "${1:-}" ] || printf '%s\n' "$1" | file "loader/entries/x-6.1.0.conf"
	put_ext 2048 32
	put_file 67584 "$work/fs"
	"$NACRE" inspect --json "$disk" >"$work/json"
	[ "$(fact '.system | type')" = object ] || { jq -c . "$work/json" && return 1; }
}

fact() # FILTER
{
	jq -r "$1" "$work/json"
}

root_of()
{
	fact '[.system.hostname, (.volumes[] | select(.root) | .subvolume // "/")] | join(" ")'
}

mounts_of()
{
	fact '.volumes[] | select(.root) | .mounts | map(.path + "=" + .subvolume) | join(" ")'
}

fstab_of() # SUBVOLUME...: a line for each, PATH=SUBVOLUME
{
	for fstab_line; do echo "UUID=$uuid ${fstab_line%%=*} btrfs ${fstab_line#*=} 0 0"; done
}

for method in zstd zlib lzo; do
	empty "compress-force=$method"
	volume @ @home
	fill @ "ubuntu-$method" "$(fstab_of /=defaults,subvol=@ /home=defaults,subvol=@home | sed '2s|^UUID=[^ ]*|/dev/sda2|'; seq 1 3000 | sed 's/^/# /')"
	mkdir "$work/mnt/@home/user"
	ok "Ubuntu, $method: it is inspected" done_with
	is "$(root_of)" "ubuntu-$method /@" "Ubuntu, $method: the root is found"
	is "$(mounts_of)" "/home=/@home" "Ubuntu, $method: and what else is mounted"
done
ok "Ubuntu: a plan is made" "$NACRE" repair --plan "$disk"
said "/etc/fstab" "of files that were compressed"

empty rw
volume root home
fill root fedora "$(fstab_of /=subvol=root,compress=zstd:1 /home=subvol=home)"
cp -a "$work/mnt/root" "$work/mnt/a-copy"
echo copied >"$work/mnt/a-copy/etc/hostname"
btrfs subvolume set-default "$(btrfs inspect-internal rootid "$work/mnt/home")" "$work/mnt"
ok "Fedora: it is inspected" done_with "options root=UUID=$uuid ro rootflags=subvol=root rhgb"
is "$(root_of)" "fedora /root" "Fedora: rootflags name the root, whatever is the default"
is "$(mounts_of)" "/home=/home" "Fedora: and /home is beside it"

empty rw
volume @ @/.snapshots @/home @/var @/opt
mkdir -p "$work/mnt/@/.snapshots/1" "$work/mnt/@/.snapshots/2"
volume @/.snapshots/1/snapshot @/.snapshots/2/snapshot
fill @/.snapshots/1/snapshot suse-old "$(fstab_of /=defaults /home=subvol=/@/home)"
fill @/.snapshots/2/snapshot suse "$(fstab_of /=defaults /home=subvol=/@/home /var=subvol=/@/var \
	/.snapshots=subvol=/@/.snapshots /data=subvolid=300)"
btrfs subvolume set-default "$(btrfs inspect-internal rootid "$work/mnt/@/.snapshots/2/snapshot")" "$work/mnt"
ok "openSUSE: it is inspected" done_with
is "$(root_of)" "suse /@/.snapshots/2/snapshot" "openSUSE: the default subvolume is the root"
is "$(mounts_of)" "/home=/@/home /var=/@/var /.snapshots=/@/.snapshots" "openSUSE: others are mounted in it"
is "$(fact '.findings[] | select(.what == "a mount that is not followed") | .why')" \
	"/data: fstab names its subvolume by a number only" "openSUSE: one by number is told"

empty rw
volume @rootfs
fill @rootfs debian "$(fstab_of /=defaults,subvol=@rootfs)"
ok "Debian: it is inspected" done_with
is "$(root_of)" "debian /@rootfs" "Debian: the root has a name that is known"

empty rw
volume old system
fill old outdated "$(fstab_of /=subvol=system)"
fill system odd "$(fstab_of /=rw,subvol=/system)"
ok "another: it is inspected" done_with
is "$(root_of)" "odd /system" "another: fstab says of itself that it is the root's"

empty rw
fill . top "$(fstab_of /=defaults)"
ok "without subvolumes: it is inspected" done_with
is "$(root_of)" "top /" "without subvolumes: the top is the root"
is "$(fact '.volumes[] | select(.root) | .mount')" / "and mounted as such"
finish
