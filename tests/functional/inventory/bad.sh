# SPDX-License-Identifier: BSD-2-Clause
# bad.sh - nacre inspect on what is no disk, on damaged disks, and on one that is in use

. "$(dirname "$0")/../../own_mounts.sh"
. "$(dirname "$0")/../../functions.sh"
requires_program jq
. "$(dirname "$0")/disks.sh"
requires_program sfdisk mke2fs mkswap mkfs.vfat mmd mcopy
export NACRE_LOG="$work/log"

inspect()
{
	"$NACRE" inspect --json "$disk" >"$work/json"
}
fact() # FILTER
{
	jq -r "$1" "$work/json"
}
reasons() # WHAT
{
	jq -r --arg what "$1" '.findings[] | select(.what == $what) | .why' "$work/json"
}
# damage OFFSET: with what stdin has
damage()
{
	dd of="$disk" bs=1 seek="$1" conv=notrunc status=none
}

fails 2 "a disk has to be named" "$NACRE" inspect
fails 5 "a file that is not there is absent" "$NACRE" inspect "$work/none"
said "No such file or directory" "as is said"
fails 3 "a directory is no disk" "$NACRE" inspect "$work"
said "nothing is mounted on: name a disk, an image" "as is said"
fails 2 "a format that there is not is refused" "$NACRE" inspect --format floppy "$0"
: >"$disk"
fails 3 "an empty file is no disk" "$NACRE" inspect "$disk"
head -c 700 /dev/urandom >"$disk"
ok "one that ends within a sector is looked at as far as it goes" inspect
head -c 4M /dev/urandom >"$disk"
ok "random bytes are a disk of data" inspect
is "$(fact '[.disks[0].table.kind, .system // "none"] | join(" ")')" "none none" "without table and system"
is "$(reasons 'no system')" "no volume has one: --volume says what is to be copied, as data" "as is said"

debian_disk
cp --sparse=always "$disk" "$work/debian"
truncate -s 100M "$disk"
ok "a truncated disk is inspected" inspect
is "$(reasons 'an odd partition table' | head -n 1)" "partition 1 ends 105906176 bytes beyond the end of the disk" "what is missing is told"
is "$(fact '.volumes | length')" "1" "partitions beyond the end are left out"

cp --sparse=always "$work/debian" "$disk"
# Of the superblock: blocks, block size, blocks per group, inode size.
for field in 4 24 32 40 88 254; do
	printf '\377\377\377\177' | damage $((1048576 + 1024 + field))
done
ok "an absurd superblock is borne" inspect
is "$(fact '.volumes[0] | [.root, (.problem | length > 0)] | join(" ")')" "false true" "its volume has a problem"
ok "which is a finding" test -n "$(jq -r '.findings[].what' "$work/json" | grep -e 'cannot be read' -e 'unknown file system')"
is "$(fact '.volumes[1].type')" "ext4" "and the others are read"

cp --sparse=always "$work/debian" "$disk"
head -c 150M /dev/urandom | dd of="$disk" bs=1M seek=2 conv=notrunc status=none
ok "a file system with random content is borne" inspect
cp --sparse=always "$work/debian" "$disk"
# Names and texts of hostile machines are printed without control characters.
debugfs -w -R "rm /etc/hostname" "$disk?offset=1048576" 2>/dev/null
printf '\033[2J\007evil"\\\n' >"$work/name"
debugfs -w -R "write $work/name /etc/hostname" "$disk?offset=1048576" >/dev/null 2>&1
ok "a host name with control characters is inspected" inspect
is "$(fact '.system.hostname')" '?[2J?evil"\' "and loses them"

disk 64M <<-'END'
	label: gpt
	start=2048
END
cp --sparse=always "$disk" "$work/gpt"
printf '\1' | damage 600
printf '\1' | damage $((64 * 1024 * 1024 - 512 + 30))
fails 3 "a GPT whose copies are both damaged is an error" "$NACRE" inspect "$disk"
said "the GPT is damaged" "as is said"
cp --sparse=always "$work/gpt" "$disk"
printf '\1' | damage $((64 * 1024 * 1024 - 512 + 30))
ok "with one that is whole it is none" inspect
is "$(reasons 'an odd partition table')" "the backup of the GPT cannot be used: the checksum of its header is wrong" "the other is told"

# A disk that is in use.
cp --sparse=always "$work/debian" "$disk"
mkdir -p "$work/mount"
if [ "$(id -u)" = 0 ] && mount -o loop,ro,offset=1048576 "$disk" "$work/mount" 2>/dev/null; then
	at_exit "umount $work/mount 2>/dev/null"
	ok "a disk that is mounted is inspected" inspect
	is "$(reasons 'the disk is in use' | cut -d : -f 1)" "$work/mount" "with a warning that names the mount point"
	device=$(findmnt -n -o SOURCE "$work/mount")
	ok "so is the device that is mounted" "$NACRE" inspect "$device"
	said "the disk is in use" "with the same warning"
	umount "$work/mount"
	ok "a disk that was unmounted is inspected" inspect
	is "$(reasons 'the disk is in use')" "" "without"
else
	skip "a disk that is mounted is inspected" "nothing can be mounted here"
fi
run "$NACRE" inspect --json /
if [ "$status" = 0 ]; then
	is "$(jq '.cpus > 0 and .memory_mb > 0' "$work/out")" "true" "this computer's own disk comes with CPUs and memory"
else
	ok "where / is no disk that can be read, that is said" test "$status" = 7 -o "$status" = 4
fi
finish
