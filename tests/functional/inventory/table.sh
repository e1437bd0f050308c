# SPDX-License-Identifier: BSD-2-Clause
# table.sh - partition tables as sfdisk makes them are read as sfdisk reads them; grown ones satisfy sfdisk and sgdisk

. "$(dirname "$0")/../../functions.sh"
PATH=$PATH:/usr/sbin:/sbin
requires_program sfdisk sgdisk jq
table=$NACRE_TABLE
disk=$work/disk

# disk SIZE: an empty one; sfdisk's script comes from stdin.
disk()
{
	rm -f "$disk"
	truncate -s "$1" "$disk"
	sfdisk -q --wipe never "$disk" >/dev/null
}

# The same facts from both sides, a line per partition.
theirs()
{
	sfdisk --json "$disk" 2>/dev/null | jq -r --arg d "$disk" '.partitiontable | .label as $l |
		((if .label == "dos" then "mbr" else .label end) + " " + (.id | ascii_downcase)),
		(.partitions // [] | sort_by(.node[($d | length):] | tonumber)[] |
		[.node[($d | length):], .start, .size, (.type | ascii_downcase), (.bootable // false),
		(if $l == "gpt" then (.uuid | ascii_downcase) + " " + (.name // "") else "" end)] | join(" "))' |
		sed 's/ *$//'
}
ours()
{
	"$table" "$disk" | jq -r '.kind as $k | (.kind + " " + .id),
		(.partitions | sort_by(.number)[] | [.number, .start, .size,
		(if $k == "gpt" then .type else .mbr_type end), .active,
		(if $k == "gpt" then .guid + " " + .name else "" end)] | join(" "))' | sed 's/ *$//'
}
fact() # FILTER
{
	"$table" "$disk" | jq -r "$1"
}
# damage SECTOR OFFSET BYTES...: octal escapes
damage()
{
	printf "$3" | dd of="$disk" bs=1 seek=$(($1 * 512 + $2)) conv=notrunc status=none
}
same()
{
	is "$(ours)" "$(theirs)" "$1"
}

truncate -s 64M "$disk"
is "$(fact '.kind + " " + .boot + " " + (.used | length | tostring)')" "none none 0" \
	"an empty disk has no table, no boot record and nothing to copy"

disk 4G <<-'END'
	label: dos
	label-id: 0x12ab00cd
	start=2048, size=4194304, type=83, bootable
	size=1048576, type=82
	type=5
	size=204800, type=8e
	size=204801, type=fd
	size=100000, type=83
END
same "an MBR with logical partitions is read as sfdisk reads it"
is "$(fact '.partitions[] | select(.number == 5).guid')" "12ab00cd-05" "with PARTUUIDs as the system has them"
is "$(fact '[.partitions[] | select(.extended).number] | @csv')" "3" "and its extended partition"
is "$(fact '.used | join(" ")')" "0 1 5244928 1 5451776 1 5660672 1" \
	"the MBR and each extended boot record are to be copied"
cp --sparse=always "$disk" "$work/logical"

truncate -s 6G "$disk"
ok "the last logical partition takes what is free" "$table" "$disk" grow
is "$(cat "$work/out")" "7 $((6 * 2097152 - $(fact '.partitions[] | select(.number == 7).start')))" "and is named with its length"
ok "sfdisk finds nothing wrong" sfdisk --verify "$disk"
said "No errors detected" "indeed"
same "and reads what we read"

# The chain's second record points to the first one.
cp --sparse=always "$work/logical" "$disk"
damage 5451776 $((446 + 16 + 8)) '\0\0\0\0'
is "$(fact '.warnings[0]')" "the chain of logical partitions loops after number 6" "a looping chain ends"
is "$(fact '[.partitions[].number] | join(" ")')" "1 2 3 5 6" "with what was in it"
damage 5451776 $((446 + 16 + 8)) '\377\377\377\377'
is "$(fact '.warnings[0]')" "the chain of logical partitions leaves the disk after number 6" "a chain that leaves the disk ends, too"
damage 5451776 510 '\0\0'
is "$(fact '.warnings[0]')" "the extended boot record at sector 5451776 is damaged" "and one with a damaged record"
cp --sparse=always "$work/logical" "$disk"
truncate -s 1G "$disk"
is "$(fact '.warnings | map(.[:39]) | join("|")')" \
	"partition 1 ends 1074790400 bytes beyon|partition 2 begins beyond the end of th|partition 3 begins beyond the end of th|the chain of logical partitions leaves " \
	"a truncated disk keeps what is left"
disk 1G <<-'END'
	label: dos
	start=2048, size=100000, type=83
	start=204800, size=100000, type=83
END
damage 0 $((446 + 16 + 8)) '\0\020\0\0'
is "$(fact '.warnings[0]')" "partitions 1 and 2 overlap" "overlapping partitions are named"
truncate -s 3T "$disk"
ok "on a disk of 3 TiB the last partition of an MBR grows" "$table" "$disk" grow
is "$(fact '.partitions[1] | .start + .size <= 4294967296')" "true" "no farther than an MBR reaches"

disk 4G <<-'END'
	label: gpt
	size=4M, type=21686148-6449-6E6F-744E-656564454649
	size=100M, type=U, name="EFI System"
	size=2G, name="Wurzel äöü 😀"
	size=512M, type=S
END
same "a GPT is read as sfdisk reads it"
is "$(fact '[.partitions[] | select(.esp).number, select(.bios_boot).number] | join(" ")')" "1 2" \
	"with the ESP and the BIOS boot partition"
is "$(fact '.hybrid, .used_backup, .backup_misplaced, (.warnings | length)' | tr '\n' ' ')" "false false false 0 " "in good order"
is "$(fact '.used | join(" ")')" "0 34 8388575 33" "both its copies are to be copied"
cp --sparse=always "$disk" "$work/gpt"
damage 1 40 '\1'
is "$(fact '.used_backup, .warnings[0]' | tr '\n' ' ')" \
	"true the first GPT is damaged (the checksum of its header is wrong): its backup is used " "a damaged header is found out, and the backup used"
same "which says the same"
damage 8388607 24 '\1'
fails 3 "without a backup that is an error" "$table" "$disk"
said "the GPT is damaged (the checksum of its header is wrong) and so is its backup (the checksum of its header is wrong)" "with the reasons"
cp --sparse=always "$work/gpt" "$disk"
damage 2 200 '\1'
is "$(fact '.warnings[0]')" "the first GPT is damaged (the checksum of its entries is wrong): its backup is used" "damaged entries are found out"
ok "it is mended" "$table" "$disk" fit
is "$(fact '.used_backup, (.warnings | length)' | tr '\n' ' ')" "false 0 " "from its backup"
ok "as sgdisk sees it as well" sgdisk -v "$disk"
said "No problems found" "without a remark"
cp --sparse=always "$work/gpt" "$disk"
damage 8388607 24 '\1'
is "$(fact '.backup_misplaced, .warnings[0]' | tr '\n' ' ')" \
	"true the backup of the GPT cannot be used: the checksum of its header is wrong " "a damaged backup is told"

cp --sparse=always "$work/gpt" "$disk"
truncate -s 5G "$disk"
is "$(fact '.backup_misplaced, .warnings[0]' | tr '\n' ' ')" \
	"true the backup of the GPT is not at the end of the disk, which has grown " "a grown disk has its backup where it once ended"
ok "it is moved to the end" "$table" "$disk" fit
is "$(fact '.backup_misplaced, .last' | tr '\n' ' ')" "false 10485727 " "and partitions may go on to there"
ok "sfdisk finds nothing wrong" sfdisk --verify "$disk"
said "No errors detected" "indeed"
is "$(cat "$work/err")" "" "with no remark"
ok "nor does sgdisk" sgdisk -v "$disk"
said "No problems found" "indeed"
ok "the last partition grows" "$table" "$disk" grow
is "$(cat "$work/out")" "4 6076376" "to the end"
ok "sgdisk is content again" sgdisk -v "$disk"
said "No problems found" "without a remark"
same "and sfdisk reads what we read"
cp --sparse=always "$work/gpt" "$disk"
truncate -s 7G "$disk"
ok "a disk that has just grown lets its last partition grow at once" "$table" "$disk" grow
ok "which sgdisk likes" sgdisk -v "$disk"
said "No problems found" "as well"
truncate -s 3G "$disk"
fails 3 "a table cannot be fitted to a disk that is too small" "$table" "$disk" fit
said "no room" "which is said"

cp --sparse=always "$work/gpt" "$disk"
sgdisk -h 2:3 "$disk" >/dev/null
is "$(fact '.hybrid')" "true" "a hybrid MBR is told"
same "and its GPT counts"
damage 0 510 '\0\0'
is "$(fact '.kind, .warnings[0]' | tr '\n' ' ')" "none there is a GPT without a protective MBR: systems do not see it " "a GPT without its MBR is none"
rm -f "$disk"
truncate -s 64M "$disk"
sgdisk -o -S 4 -n 1:: "$disk" >/dev/null 2>&1
same "a GPT with few entries is read, too"

if [ -f /usr/lib/grub/i386-pc/boot.img ]; then
	disk 64M <<-'END'
		label: dos
		start=2048, type=83
	END
	dd if=/usr/lib/grub/i386-pc/boot.img of="$disk" bs=440 count=1 conv=notrunc status=none
	dd if=/dev/urandom of="$disk" bs=512 seek=1 count=60 conv=notrunc status=none
	is "$(fact '.boot, .embedded, (.used | join(" "))' | tr '\n' ' ')" "grub 30720 0 61 " \
		"GRUB is known by its first stage, and the sectors behind it are to be copied"
else
	skip "GRUB is known" "grub-pc-bin is not installed"
fi
finish
