#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# several.sh NACRE - two disks in use have one instant; a volume that is not asked for is neither frozen nor copied
#
# A program writes the same numbers to both disks in turn, each on the disk before the next one goes to the other. At
# one instant, the second can be behind the first by one number, never ahead of it.
if [ -z "${own_mounts:-}" ] && unshare -m true 2>/dev/null; then
	own_mounts=yes exec unshare -m bash "$0" "$@"
fi
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/place.sh"
nacre=$1
requires_root
requires_program mke2fs sfdisk losetup addpart e2fsck qemu-img jq strace python3

make_place 128
data=$mnt/data scratch=$mnt/scratch
mkdir "$data" "$scratch"
truncate -s 128M "$mnt/second.img"
printf 'label: dos\nstart=2048, size=60M, type=83\nsize=60M, type=83\n' | sfdisk -q "$mnt/second.img"
mke2fs -q -t ext4 -L data -E offset=1048576 "$mnt/second.img" 60M 2>/dev/null
mke2fs -q -t ext4 -L scratch -E offset=$((61 << 20)) "$mnt/second.img" 60M 2>/dev/null
second=$(losetup -P -f --show "$mnt/second.img") || skip_all "no loop device can be had"
addpart "$second" 1 2048 $((60 * 2048))
addpart "$second" 2 $((61 * 2048)) $((60 * 2048))
mount "${second}p1" "$data"
mount "${second}p2" "$scratch"
at_exit "umount -l '$data' '$scratch' 2>/dev/null"
losetup -d "$second"
head -c 20000000 /dev/urandom >"$scratch/heavy"
sync -f "$scratch"

cat >"$work/pairs.py" <<'END'
import os, sys
files = [os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND) for path in sys.argv[2:]]
number = 0
while not os.path.exists(sys.argv[1]):
    number += 1
    for f in files:
        os.write(f, b"%08d\n" % number)
        os.fsync(f)
END
python3 "$work/pairs.py" "$work/stop" "$on/pairs" "$data/pairs" &
writing=$!
at_exit "touch '$work/stop'; wait $writing 2>/dev/null"
until [ -s "$data/pairs" ]; do sleep 0.05; done

raw_of() { qemu-img convert -f vpc -O raw "$1" "$2"; }
pairs_of() # IMAGE MIB: the last number
{
	mount -o "loop,offset=1048576,sizelimit=$(($2 << 20))" "$1" "$work/copied" && tail -n 1 "$work/copied/pairs" | sed 's/^0*//'
	umount "$work/copied"
}

for try in 1 2 3; do
	ok "two disks in use are converted, time $try" \
		"$nacre" convert "$loop" --disk "$second" "$out/vm$try" --no-check --no-hooks --json --max-freeze 20000
	whole=$(jq .used "$work/out")
	is "$(jq -r '[.volumes[].consistency] | unique | join(" ")' "$work/out")" "file system" "all three volumes are consistent"
	raw_of "$out/vm$try/disk0.vhd" "$out/0.raw"
	raw_of "$out/vm$try/disk1.vhd" "$out/1.raw"
	first=$(pairs_of "$out/0.raw" 120) then=$(pairs_of "$out/1.raw" 60)
	ok "of one instant: $first and $then" test "$first" -ge "$then" -a "$first" -le $((then + 1)) -a "$then" -gt 0
done
ok "the first file system is clean" e2fsck -fn "$out/0.raw?offset=1048576"
ok "so is the second disk's first" e2fsck -fn "$out/1.raw?offset=1048576"
ok "and its second" e2fsck -fn "$out/1.raw?offset=$((61 << 20))"

freezes() { strace -f -qq -e trace=ioctl -e signal=none -o "$work/trace" "$@"; }
ok "a volume that is not asked for" freezes "$nacre" convert "$loop" --disk "$second" --volume 1 --volume LABEL=data "$out/some" \
	--no-check --no-hooks --json --max-freeze 20000
cp "$work/out" "$work/json"
is "$(jq -r '[.volumes[].mount] | sort | join(" ")' "$work/json")" "$(printf '%s\n' "$on" "$data" | sort | tr '\n' ' ' | sed 's/ $//')" \
	"is no volume of the snapshot"
is "$(grep -o 'ioctl([0-9]*, FIFREEZE' "$work/trace" | sort -u | wc -l)" 2 "and is not frozen"
ok "nor copied" test "$(jq .used "$work/json")" -lt $((whole - 15000000))
raw_of "$out/some/disk1.vhd" "$out/1.raw"
ok "its place is empty" sh -c "! dumpe2fs '$out/1.raw?offset=$((61 << 20))' >/dev/null 2>&1"
ok "the others are there" e2fsck -fn "$out/1.raw?offset=1048576"
ok "one volume alone is copied" "$nacre" convert "$loop" --disk "$second" --volume "PARTUUID=$(blkid -p -s PART_ENTRY_UUID -o value "${second}p1")" \
	"$out/one" --no-hooks --max-freeze 20000
said "it is data" "as data"
# Both disks are brought up to date, to one instant again.
umount /sys/fs/bpf 2>/dev/null # of this test's mounts alone
mount -t bpf bpf /sys/fs/bpf 2>/dev/null || skip_all "no BPF file system can be mounted"
at_exit "umount -l /sys/fs/bpf"
again() { "$nacre" convert "$loop" --disk "$second" "$out/again" --again --no-check --no-hooks --json --max-freeze 20000; }
ok "two disks are converted, to be converted again" again
for try in 1 2; do
	head -c 1000000 /dev/urandom >"$data/new$try"
	sync -f "$data"
	ok "again, time $try" again
	cp "$work/out" "$work/json"
	ok "what changed on both was read, and little else: $(jq .read "$work/json") bytes" \
		jq -e '.tracked and .read > 1000000 and (.read < 25000000 or .restarts > 0)' "$work/json" # others may trace just now
	raw_of "$out/again/disk0.vhd" "$out/0.raw"
	raw_of "$out/again/disk1.vhd" "$out/1.raw"
	first=$(pairs_of "$out/0.raw" 120) then=$(pairs_of "$out/1.raw" 60)
	ok "of one instant: $first and $then" test "$first" -ge "$then" -a "$first" -le $((then + 1)) -a "$then" -gt 0
	mount -o loop,offset=1048576,sizelimit=$((60 << 20)) "$out/1.raw" "$work/copied"
	ok "what is new on the second is there" cmp "$data/new$try" "$work/copied/new$try"
	umount "$work/copied"
done
ok "both file systems are clean" sh -c "e2fsck -fn '$out/0.raw?offset=1048576' && e2fsck -fn '$out/1.raw?offset=1048576'"
is "$("$nacre" tracking --json | jq length)" 2 "both are tracked on"
ok "until that is ended" "$nacre" tracking --end "$out/again"
is "$("$nacre" tracking)" "no disk is tracked" "for both"
ok "the program still runs" kill -0 $writing
finish
