#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# ntfs.sh - the driver for NTFS against ntfs-3g
. "$(dirname "$0")/../../own_mounts.sh"
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/drivers.sh"
PATH=$PATH:/usr/sbin:/sbin
here=$(dirname "$0")
requires_program mkntfs ntfs-3g ntfsfix ntfsinfo ntfscluster python3
requires_root
[ -c /dev/fuse ] || skip_all "there is no /dev/fuse"

guid='{3808876b-c176-4e48-b7ae-04046e6cc752}'
special="$work/special"
make_tree "$work/in" 600
find "$work/in" -type l -delete -o -type p -delete
rm "$work/in/sparse"
mkdir -p "$special/System Volume Information"
head -c 3000000 /dev/urandom >"$special/pagefile.sys"
head -c 500000 /dev/urandom >"$special/swapfile.sys"
{ printf hibr; head -c 2000000 /dev/urandom; } >"$special/hiberfil.sys"
head -c 1000000 /dev/urandom >"$special/System Volume Information/{01234567-89ab-cdef-0123-456789abcdef}$guid"
seq 100000 >"$special/System Volume Information/tracking.log"

fresh() # OPTIONS...
{
	rm -f "$work/image"
	truncate -s 64M "$work/image"
	mkntfs -q -Q -F -L 'System' "$@" "$work/image" >"$work/out" 2>&1
}

mount_ntfs() # OPTIONS IMAGE
{
	mkdir -p "$work/mnt"
	ntfs-3g -o "$1" "$2" "$work/mnt"
}

round() # A size in whole clusters
{
	echo $((($1 + cluster - 1) / cluster * cluster))
}

for cluster in 4096 1024 65536; do
	fresh -c "$cluster"
	mount_ntfs rw "$work/image" || { skip "NTFS in clusters of $cluster" "ntfs-3g cannot mount"; continue; }
	cp -r --sparse=always "$work/in/." "$work/mnt/"
	mkdir "$work/mnt/gone" && seq 100000 >"$work/mnt/gone/file" && rm -r "$work/mnt/gone"
	detach
	ok "NTFS in clusters of $cluster is described" on "$work/image" info
	serial=$(od -A n -t x8 -j 72 -N 8 "$work/image" | tr -d ' ' | tr a-f A-F)
	said "ntfs label=System uuid=$serial size=67108352 " "by label, serial number and size"
	said " state=0" "and as clean"
	whole "NTFS in clusters of $cluster" "$work/image" "$work/in"
	ok "its map is copied" on "$work/image" copy "$work/copy"
	ok "ntfsfix finds no fault in the copy" ntfsfix -n "$work/copy"
	whole "the copy" "$work/copy" "$work/in"
	mount_ntfs ro "$work/copy"
	ok "ntfs-3g finds the same files in it" diff -r "$work/in" "$work/mnt"
	detach
	free=$(ntfsinfo -m "$work/image" | awk '/Free Clusters/ {print $3}')
	total=$(ntfsinfo -m "$work/image" | awk '/Volume Size in Clusters/ {print $5}')
	is "$(used_of "$work/image")" "$(((total - free) * cluster + 512))" \
		"the map has as many bytes as ntfsinfo counts, and the boot sector's copy"
done

cluster=4096
fresh
mount_ntfs rw "$work/image"
cp -r "$special/." "$work/mnt/"
detach
ok "files that nobody needs are told apart" on "$work/image" used , info
said " page=$(($(round 3000000) + $(round 500000))) " "page files by their clusters"
said " hibernation=$(round 2000004) " "the hibernation file"
said " shadow=$(round 1000000) " "shadow copies"
said " state=4" "and a hibernated system is said"
ok "the map is copied" on "$work/image" copy "$work/copy"
ok "ntfsfix finds no fault in the copy" ntfsfix -n "$work/copy"
mount_ntfs ro "$work/copy"
ok "page files have their size" test "$(stat -c %s "$work/mnt/pagefile.sys")" = 3000000
ok "and are empty in the copy" cmp -n 3000000 "$work/mnt/pagefile.sys" /dev/zero
ok "so is the hibernation file" cmp -n 2000004 "$work/mnt/hiberfil.sys" /dev/zero
ok "other files are there" cmp "$special/System Volume Information/tracking.log" \
	"$work/mnt/System Volume Information/tracking.log"
detach
ok "a file is found whatever its capitals" on "$work/copy" stat /PAGEFILE.SYS

# A table in many pieces: its record has a list of attributes then.
fresh
mount_ntfs rw "$work/image"
python3 - "$work/mnt" <<-'END'
	import os, sys
	os.chdir(sys.argv[1])
	for i in range(1500):  # small files and clusters in turn: the table grows between them
	    with open("f%d" % i, "wb") as f:
	        f.write(b"%d" % i * (1 if i % 2 else 1500))
	with open("pieces", "wb") as f:
	    for i in range(1500):
	        f.seek(i * 8192)
	        f.write(b"%4096d" % i)
END
cp "$work/mnt/pieces" "$work/pieces"
cp "$work/mnt/f1498" "$work/f1498"
detach
on "$work/image" cat/pieces >"$work/read"
ok "a file with a list of attributes is read as it is" cmp "$work/read" "$work/pieces"
on "$work/image" cat/f1498 >"$work/read"
ok "and one far behind in the table" cmp "$work/read" "$work/f1498"
ok "its record has such a list" grep -q 'ATTRIBUTE_LIST' <(ntfsinfo -F pieces "$work/image")

fresh
ok "bad clusters are made" "$here/badclus.py" "$work/image" 9000 7
ok "ntfsinfo takes that" ntfsinfo -i 8 "$work/image"
ok "they are told apart" on "$work/image" used
said " bad=$((7 * 4096)) " "with their bytes"
ok "at their place" on "$work/image" map
said "$((9000 * 4096)) $((7 * 4096)) 4" "where they are"

# The flag is in the volume's information, an attribute of 12 bytes with version 3.1 before it.
ok "chkdsk is asked for" ntfsfix "$work/image"
ok "which makes it dirty" on "$work/image" info
said " state=1" "and is said"

fresh
fails 1 "nothing is written" on "$work/image" create /file
said EROFS "with the reason"
fails 1 "it is not opened for writing" write_on "$work/image" info
said EOPNOTSUPP "with the reason"
mft=$(ntfsinfo -m "$work/image" | awk '/LCN of Data Attribute for FILE_MFT/ {print $NF}')
printf xx | dd of="$work/image" bs=1 seek=$((mft * 4096 + 510)) conv=notrunc status=none
fails 1 "half a record is not taken for a whole one" on "$work/image" info
said EUCLEAN "but as damaged"
finish
