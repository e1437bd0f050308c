# SPDX-License-Identifier: BSD-2-Clause
# inspect.sh - nacre inspect on disks of machines

. "$(dirname "$0")/../../functions.sh"
requires_program jq
. "$(dirname "$0")/disks.sh"
requires_program sfdisk mke2fs mkswap mkfs.vfat mmd mcopy
export NACRE_LOG="$work/log"

# inspect: $disk as JSON into $work/json
inspect()
{
	"$NACRE" inspect --json "$disk" >"$work/json"
}
fact() # FILTER
{
	jq -r "$1" "$work/json"
}
finding() # WHAT: the reasons
{
	jq -r --arg what "$1" '.findings[] | select(.what == $what) | .severity + ": " + .why' "$work/json"
}

debian_disk
before=$(sha256sum <"$disk")
ok "a Debian disk is inspected" inspect
is "$(fact '[.firmware, .disks[0].table.kind, .disks[0].table.id, .disks[0].table.boot_record] | join(" ")')" "bios mbr 0xc0ffee01 none" \
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
	"note: fstab has swap on /dev/sda3: a virtual disk is /dev/vda" "a device name in fstab is found"
is "$(finding 'a disk named by its hardware' | cut -d : -f 1,2)" \
	"warning: fstab has /backup on /dev/disk/by-id/wwn-0x5000c500a1b2c3d4-part4" "and a WWN"
is "$(finding 'Linux RAID' | cut -d : -f 1,2)" "warning: /etc/mdadm/mdadm.conf names 1 array" "arrays are found"
is "$(finding smartd | cut -d : -f 1)" "note" "and a service without hardware"
is "$(finding 'no kernel with virtio drivers')" "" "its kernel has virtio drivers"
is "$(sha256sum <"$disk")" "$before" "the disk is as it was"
ok "a person gets text" "$NACRE" inspect "$disk"
said "System      Debian GNU/Linux 12 (bookworm), x86_64" "with the system"
said "   1    1.0 MiB  200.0 MiB  ext4  " "sizes that can be read"
is "$(awk 'length > 100' "$work/out" | grep -v '^  Kernel')" "" "and lines that fit"

redhat_disk
ok "a disk like Red Hat's is inspected" inspect
is "$(fact '[.firmware, .disks[0].table.kind, .volumes[0].esp, .volumes[0].partlabel] | join("|")')" "uefi|gpt|true|EFI System Partition" \
	"UEFI is told by the ESP"
is "$(fact '.system | [.id, .family, .hostname, .initramfs_tool, .selinux] | join(" ")')" \
	"rocky redhat db1.example.org dracut true" "the family is found by what the system says that it is like"
is "$(fact '.system.kernels[] | [.image, .initramfs] | join(" ")')" \
	"/boot/vmlinuz-5.14.0-362.8.1.el9_3.x86_64 /boot/initramfs-5.14.0-362.8.1.el9_3.x86_64.img" \
	"the kernel is found on the other volume that is mounted at /boot"
is "$(fact '.nics[] | [.name, .mac, .address] | join(" ")')" "eno1 52:54:00:00:00:0a 10.1.2.3/16
eno2 52:54:00:00:00:0b 10.9.8.7/24" "ifcfg and keyfile name their cards; a bond is none"
is "$(finding 'no kernel with virtio drivers')" "" "a driver that is built in counts"

arch_disk
ok "an Arch disk is inspected" inspect
is "$(fact '.system | [.id, .family, .initramfs_tool] | join(" ")')" "arch arch mkinitcpio" "its family is its own"
is "$(fact '.system.kernels[] | [.version, .image, .initramfs] | join(" ")')" \
	"6.6.8-arch1-1 /boot/vmlinuz-linux /boot/initramfs-linux.img" "its kernel is named after a package"
is "$(fact '.nics[] | [.name, .mac, .address] | join(" ")')" "lan 52:54:00:00:00:1a 172.16.0.9/20" \
	"a .link file gives the name, a .network file the address"
is "$(fact '.volumes[0].mount')" "/" "PARTUUID in fstab is understood"

alpine_disk
ok "an Alpine disk is inspected" inspect
is "$(fact '.system | [.id, .version, .family, .architecture, .initramfs_tool] | join(" ")')" \
	"alpine 3.19.0 alpine aarch64 mkinitfs" "through links to links, which end at the root"
is "$(fact '.system.kernels[] | [.version, .image, .initramfs] | join(" ")')" \
	"6.6.7-0-lts /boot/vmlinuz-lts /boot/initramfs-lts" "its kernel is named after a flavour"
is "$(fact '.nics[] | [.name, .address] | join(" ")')" "eth0 dhcp" "a card without a MAC is one"
is "$(finding 'no kernel with virtio drivers' | cut -d : -f 1,2)" \
	"obstacle: 6.6.7-0-lts lacks virtio_pci, virtio_net" "drivers that are missing are named"

ubuntu_disk
ok "a disk without a partition table is inspected" inspect
is "$(fact '[.disks[0].table.kind, .volumes[0].number, .volumes[0].mount, .system.family] | join(" ")')" "none 0 / debian" \
	"it is one volume"
is "$(fact '.nics[] | [.name, .mac, .address] | join(" ")')" "uplink 52:54:00:00:00:2a 10.20.30.40/24
enp2s0 52:54:00:00:00:2b dhcp" "netplan gives names, MACs and addresses; a name server's address is none"

# What is known, but not read.
rm -rf "$tree"
mkdir "$tree"
disk 512M <<-'END'
	label: gpt
	start=2048, size=65536
	start=67584, size=65536
	start=133120, size=65536
	start=198656, size=65536
	start=264192, size=65536
	start=329728, size=65536
	start=395264, size=65536
	start=460800, size=65536
END
python3 - "$disk" <<-'END'
	import struct, sys
	disk = open(sys.argv[1], 'r+b')
	def put(partition, offset, data):
	    disk.seek((2048 + 65536 * partition) * 512 + offset)
	    disk.write(data)
	# LVM: a label, a physical volume with a data and a metadata area, the text of a volume group
	uuid = b'abcdef' + b'ABCD' * 5 + b'012345'
	header = uuid + struct.pack('<QQQQQQQQ', 1 << 25, 1 << 20, 0, 0, 0, 4096, 1 << 19, 0) + bytes(16)
	put(0, 512, b'LABELONE' + struct.pack('<QII', 1, 0, 32) + b'LVM2 001' + header)
	text = b'vg0 {\nid = "x"\nphysical_volumes {\npv0 {\nid = "y"\n}\n}\nlogical_volumes {\nroot {\nid = "z"\nsegment1 {\n}\n}\nswap_1 {\n}\n}\n}\n\0'
	put(0, 4096, bytes(4) + b' LVM2 x[5A%r0N*>' + struct.pack('<IQQQQII', 1, 4096, 1 << 19, 512, len(text), 0, 0))
	put(0, 4096 + 512, text)
	# md: a mirror with metadata 1.2, a RAID 5 with 0.90 at the end
	put(1, 4096, struct.pack('<IIII', 0xa92b4efc, 1, 0, 0) + bytes(range(16)) + b'host:0'.ljust(32, b'\0') + bytes(8) +
	    struct.pack('<iiQii', 1, 0, 60000, 0, 2))
	put(2, 65536 * 512 - 65536, struct.pack('<IIIIIIIiIII', 0xa92b4efc, 0, 90, 0, 0, 0, 0, 5, 0, 3, 3))
	put(3, 0, b'LUKS\xba\xbe' + struct.pack('>HQ', 2, 16384) + bytes(8) + b'secret'.ljust(48, b'\0') + bytes(96) +
	    b'12345678-1234-1234-1234-123456789abc\0')
	put(3, 4096, b'{"tokens":{"0":{"type":"systemd-tpm2","keyslots":["1"]}}}')
	put(4, 0, b'\xeb\x58\x90-FVE-FS-\0\2')
	put(5, 0, b'something of their own' * 100)
	put(6, 1024, b'\xff' * 56 + b'\x53\xef' + b'\xff' * 966)
END
ok "a disk of what cannot be read is inspected" inspect
is "$(fact '[.volumes[] | .type // "-"] | join(" ")')" "lvm2 linux_raid linux_raid luks bitlocker - - -" "each is known by its magic number"
is "$(fact '.volumes[0] | .label + " " + .uuid')" "vg0 abcdef-ABCD-ABCD-ABCD-ABCD-ABCD-012345" "a volume group is named"
is "$(finding 'a member of a volume group (LVM)' | cut -d : -f 1,2)" \
	"obstacle: partition 1 belongs to group vg0 with the volumes root, swap_1" "with its volumes"
is "$(finding 'one half of a mirror (Linux RAID)' | cut -d , -f 1,2)" \
	"warning: partition 2 is part of a mirror of 2 disks (metadata 1.2, name host:0): in a virtual machine without the others the array comes up degraded" \
	"a mirror is told"
is "$(finding 'a member of a Linux RAID' | cut -d : -f 1,2)" \
	"obstacle: partition 3 is part of a RAID 5 of 3 disks (metadata 0.90)" "from another RAID"
is "$(fact '.volumes[3] | .label + " " + .uuid')" "secret 12345678-1234-1234-1234-123456789abc" "an encrypted volume has a label and a UUID"
is "$(finding "encryption bound to this computer's TPM" | cut -d , -f 1)" \
	"obstacle: partition 4 is unlocked by a key in the TPM" "a key in the TPM is found"
is "$(finding 'an encrypted volume (BitLocker)' | cut -d ' ' -f 1-3)" "obstacle: partition 5" "BitLocker is told"
is "$(finding 'an unknown file system' | cut -d ' ' -f 1-3 | tr '\n' ' ')" "note: partition 6 note: partition 7 " \
	"what is unknown is copied whole; an empty partition is no worry"
is "$(finding 'no system in sight' | cut -d , -f 1)" "obstacle: it may be on partition 1 (lvm2)" "and where a system may be"
if command -v cryptsetup >/dev/null; then
	truncate -s 32M "$disk.luks"
	echo secret | cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --label vault "$disk.luks" -
	cp "$disk.luks" "$disk"
	ok "a volume made by cryptsetup is inspected" inspect
	is "$(fact '.volumes[0] | .type + " " + .label + " " + .uuid')" "luks vault $(cryptsetup luksUUID "$disk.luks")" "as cryptsetup sees it"
else
	skip "a volume made by cryptsetup is inspected" "cryptsetup is not installed"
fi
finish
