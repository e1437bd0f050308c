# SPDX-License-Identifier: BSD-2-Clause
# inspect.sh - nacre inspect on disks of machines

. "$(dirname "$0")/../../functions.sh"
requires_program jq
. "$(dirname "$0")/disks.sh"
requires_program sfdisk mke2fs mkswap mkfs.vfat mmd mcopy
export NACRE_LOG="$work/log"

# inspect: $disk as JSON into $work/json, and as text into $work/text
inspect()
{
	"$NACRE" inspect --json "$disk" >"$work/json" 2>"$work/err" &&
		"$NACRE" inspect "$disk" >"$work/text"
}
fact() # FILTER
{
	jq -r "$1" "$work/json"
}
finding() # WHAT: the reasons
{
	jq -r --arg what "$1" '.findings[] | select(.what == $what) | .severity + ": " + .why' "$work/json"
}
shows() # TEXT SENTENCE: the text has it
{
	ok "$2" grep -qF -- "$1" "$work/text"
}

debian_disk
before=$(sha256sum <"$disk")
ok "a Debian disk is inspected" inspect
is "$(fact '[.firmware, .table.kind, .table.id, .table.boot_record] | join(" ")')" "bios mbr 0xc0ffee01 none" \
	"its table and firmware are told"
is "$(fact '.system | [.id, .version, .family, .architecture, .hostname, .initramfs_tool, .selinux] | join(" ")')" \
	"debian 12 debian x86_64 web1 initramfs-tools false" "and its system"
is "$(fact '.volumes[] | [.number, .type, .mount // "-", .root] | join(" ")')" "1 ext4 / true
2 ext4 /srv/two words false
3 swap swap false
4 ext4 /backup false" "each volume has its type and its mount point, by UUID, label, device name or number"
is "$(fact '.volumes[0] | [.uuid, .label, .partuuid, .start, .length, .size, .block, .dirty] | join(" ")')" \
	"11111111-2222-3333-4444-555555555555 root c0ffee01-01 1048576 209715200 209715200 1024 false" \
	"and what its file system says of itself"
is "$(fact '.system.kernels[] | [.version, .image, .initramfs // "-"] | join(" ")')" \
	"6.1.0-18-amd64 /boot/vmlinuz-6.1.0-18-amd64 /boot/initrd.img-6.1.0-18-amd64
6.1.0-9-amd64 /boot/vmlinuz-6.1.0-9-amd64 -" "kernels come with image and initramfs, the newest first"
is "$(fact '.nics[] | [.name, .mac, .driver, .address] | join(" ")')" "eth0 52:54:00:ab:cd:01 e1000 192.168.7.20/24" \
	"its NIC has name, MAC, driver and address, put together from two files; a bridge is none"
is "$(finding 'a disk named by its order')" \
	"note: fstab mounts none from /dev/sda3: a virtual disk is /dev/vda" "a device name in fstab is found"
is "$(finding 'a disk named by its hardware' | cut -d : -f 1,2)" \
	"warning: fstab mounts /backup from /dev/disk/by-id/wwn-0x5000c500a1b2c3d4-part4" "and a WWN"
is "$(finding 'Linux RAID' | cut -d : -f 1,2)" "warning: /etc/mdadm/mdadm.conf names 1 array" "arrays are found"
is "$(finding smartd | cut -d : -f 1)" "note" "and a service without hardware"
is "$(finding 'no kernel with virtio drivers')" "" "its kernel has virtio drivers"
is "$(sha256sum <"$disk")" "$before" "the disk is as it was"
shows "System      Debian GNU/Linux 12 (bookworm), x86_64" "the text is for a person"
shows "   1    1.0 MiB  200.0 MiB  ext4  " "with sizes that can be read"
is "$(awk 'length > 100' "$work/text" | grep -v '^  Kernel')" "" "and lines that fit"

redhat_disk
ok "a disk like Red Hat's is inspected" inspect
is "$(fact '[.firmware, .table.kind, .volumes[0].esp, .volumes[0].partlabel] | join("|")')" "uefi|gpt|true|EFI System Partition" \
	"UEFI is told by the ESP"
is "$(fact '.system | [.id, .family, .hostname, .initramfs_tool, .selinux] | join(" ")')" \
	"rocky redhat db1.example.org dracut true" "the family is found by what the system says that it is like"
is "$(fact '.system.kernels[] | [.image, .initramfs] | join(" ")')" \
	"/boot/vmlinuz-5.14.0-362.8.1.el9_3.x86_64 /boot/initramfs-5.14.0-362.8.1.el9_3.x86_64.img" \
	"the kernel is found on the other volume that is mounted at /boot"
is "$(fact '.nics[] | [.name, .mac, .address] | join(" ")')" "eno1 52:54:00:00:00:0a 10.1.2.3/16
eno2 52:54:00:00:00:0b 10.9.8.7/24" "ifcfg and keyfile name their cards; a bond is none"
is "$(finding 'no kernel with virtio drivers')" "" "a driver that is built in counts"
finish
