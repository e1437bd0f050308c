# SPDX-License-Identifier: BSD-2-Clause
# drivers.sh - a driver on an image: FILE.sh DRIVE DRIVER.so
# shellcheck shell=bash disable=SC2034,SC2154 # $work, and what the tests use
drive=$1 driver=$2

# With mounts of its own a test keeps its images in memory: they are synced often, and disks may be busy.
if [ -n "${own_mounts:-}" ] && mount -t tmpfs -o size=4g nacre-test "$work" 2>/dev/null; then
	at_exit 'umount "$work"'
fi

on() # IMAGE COMMAND...
{
	on_image=$1
	shift
	"$drive" "$driver" "$on_image" r "$@"
}

write_on() # IMAGE COMMAND...
{
	on_image=$1
	shift
	"$drive" "$driver" "$on_image" w "$@"
}

# Bytes that the map calls used.
used_of()
{
	on "$1" used | sed -n 's/^used=\([0-9]*\) .*/\1/p'
}

# The tree as the driver and as find say it: type, size, name.
tree_of_dir()
{
	(cd "$1" && find . -mindepth 1 \( -type d -printf '40000 0 /%P\n' -o -type f -printf '100000 %s /%P\n' \
		-o -type l -printf '120000 0 /%P\n' -o -type p -printf '10000 0 /%P\n' \
		-o -type c -printf '20000 0 /%P\n' -o -type b -printf '60000 0 /%P\n' \)) | sort
}

# whole SENTENCE IMAGE DIR: the driver reads all of the tree in IMAGE as it is in DIR
whole()
{
	"$drive" "$driver" "$2" r tree / | sort >"$work/tree"
	tree_of_dir "$3" >"$work/want"
	ok "$1: names, kinds and sizes" diff "$work/want" "$work/tree"
	# All files behind one another: one process, whatever their number
	mapfile -t whole_files < <(cd "$3" && find . -type f -size +0 -size -20M -printf '%P\n')
	(cd "$3" && cat -- "${whole_files[@]}") >"$work/want"
	"$drive" "$driver" "$2" r "${whole_files[@]/#/cat/}" >"$work/contents"
	ok "$1: contents" cmp "$work/want" "$work/contents"
}

# A file system of the kernel's, where this is root and the kernel knows it; gone again at the end.
attach() # TYPE OPTIONS IMAGE
{
	mkdir -p "$work/mnt"
	mount -t "$1" -o "loop,$2" "$3" "$work/mnt"
}

detach()
{
	ok "it is unmounted" umount "$work/mnt"
}

can_mount() # TYPE
{
	[ "$(id -u)" -eq 0 ] && { grep -qw "$1" /proc/filesystems || modprobe -q "$1" 2>/dev/null; }
}
at_exit 'if mountpoint -q "$work/mnt" 2>/dev/null; then umount "$work/mnt"; fi'

# A tree with all that a system's has: deep, wide, sparse, odd.
make_tree() # DIR [NAMES]: how many the widest directory has
{
	mkdir -p "$1/etc/default" "$1/boot/grub" "$1/wide" "$1/wider"
	seq 1 30000 >"$1/boot/vmlinuz"
	head -c 3000000 /dev/urandom >"$1/boot/initrd"
	echo 'root=/dev/sda1' >"$1/etc/default/grub"
	: >"$1/etc/empty"
	for i in $(seq 40); do echo "$i" >"$1/etc/file$i"; done
	for i in $(seq 400); do echo "$i"; done | (cd "$1/wide" && xargs touch)
	for i in $(seq "${2:-1500}"); do echo "a name that is a little longer, number $i"; done |
		(cd "$1/wider" && tr '\n' '\0' | xargs -0 touch)
	ln -s ../boot/vmlinuz "$1/etc/kernel"
	ln -s "$(printf 'long/%.0s' $(seq 150))" "$1/etc/long-link"
	printf end | dd of="$1/sparse" bs=1 seek=5000000000 status=none
	printf end | dd of="$1/holes" bs=1 seek=15000000 status=none
	python3 - "$1/split" <<-'END'
		import sys
		with open(sys.argv[1], "wb") as f:
		    for i in range(0, 2400, 2):
		        f.seek(i * 4096)
		        f.write(b"%4096d" % i)
	END
	mkfifo "$1/etc/fifo"
}
