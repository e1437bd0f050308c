#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# kernel.sh - XFS and btrfs are changed through the kernel's own mount: all that fs.h offers, and no way out of it
. "$(dirname "$0")/../../own_mounts.sh"
# shellcheck source=tests/functional/fs/common.sh
. "$(dirname "$0")/common.sh"
requires_root
requires_program mkfs.xfs xfs_repair mkfs.btrfs btrfs setfattr getfattr
requires_file /dev/fuse /dev/loop-control
[ -n "${own_mounts:-}" ] || skip_all "this needs mounts of its own"
mnt=$work/mnt
mkdir "$mnt"
head -c 1500000 /dev/urandom >"$work/first"
head -c 700001 /dev/urandom >"$work/second"
echo "of this computer" >"$work/host"
label=system_u:object_r:etc_t:s0

populate()
{
	mkdir -p "$mnt/etc/old" "$mnt/many" "$mnt/a/b" "$mnt/empty"
	echo '/dev/sda2 / xfs defaults 0 0' >"$mnt/etc/fstab"
	cp "$work/first" "$mnt/etc/initrd"
	echo gone >"$mnt/etc/gone"
	ln -s "$work/host" "$mnt/etc/escape"
	ln -s ../../../../../../../.. "$mnt/up"
	ln -s etc "$mnt/within"
	mknod "$mnt/zero" c 1 5
	mkfifo "$mnt/pipe"
	setfattr -n security.selinux -v "$label" "$mnt/etc/fstab"
	setfattr -n user.note -v hello "$mnt/etc/fstab"
	for i in $(seq 1500); do : >"$mnt/many/a file with quite a long name, number $i"; done
	chown -h 1000:70000 "$mnt/etc/escape" "$mnt/etc/gone"
	touch -d 2021-02-03T04:05:06.7Z "$mnt/etc/fstab"
}

make() # TYPE
{
	rm -f "$image"
	truncate -s 400M "$image"
	case $1 in
	xfs) mkfs.xfs -q "$image" ;;
	btrfs) mkfs.btrfs -q "$image" 2>/dev/null ;;
	esac
	mount -o loop "$image" "$mnt"
	populate
	umount "$mnt"
}

sound() # TYPE: the kernel left nothing to be replayed or mended
{
	case $1 in
	xfs) xfs_repair -n "$image" ;;
	btrfs) btrfs check --readonly "$image" ;;
	esac
}

no_devices() # ... and nothing on this computer, after a moment
{
	local i
	for i in $(seq 50); do
		[ -e "/sys/block/$(basename "$(cat "$work/device")")/loop/backing_file" ] || pgrep -x nacre-mount >/dev/null || return 0
		sleep 0.1
	done
	return 1
}

trusted() # COMMANDS; the loop device is noted
{
	NACRE_TEST_KERNEL=$NACRE_MOUNT timeout 60 "$drive" "$image" "$type" w \
		shell "readlink /proc/\$(pgrep -x nacre-mount)/fd/5 >$work/device" , "$@"
}

answered() # PATTERN SENTENCE: the last run's output has it
{
	if grep -q "$1" "$work/out"; then
		tap_line ok "$2"
	else
		tap_line 'not ok' "$2"
		tap_show
	fi
}

for type in xfs btrfs; do
	make "$type"
	before=$(sha256sum <"$image")
	run "$drive" "$image" "$type" w info
	said "--trust-kernel-mount" "$type: what no driver writes is refused, with the remedy"
	is "$(sha256sum <"$image")" "$before" "$type: and nothing was changed"

	ok "$type: it is changed by the kernel" trusted create /new 40750 1000 70000 , \
		create /etc/made 106640 70000 5 , put /etc/made 0 "$work/first" , time /etc/made 2500000000.123456789 , \
		put /etc/initrd 1400000 "$work/second" , truncate /etc/gone 3000000 , \
		symlink fstab /etc/fast , owner /etc/fast 70001 7 , remove /etc/old , remove /zero , \
		rename /a/b /new/b , rename '/many/a file with quite a long name, number 7' /7 , \
		set /etc/made security.selinux "$label" , set /etc/fast security.selinux "$label" , remove '/many/a file with quite a long name, number 9'
	is "$(cat "$work/out")" "" "$type: without a complaint"
	ok "$type: it is sound, and nothing is left to be replayed" sound "$type"
	ok "$type: no device is left" no_devices
	mount -o loop,ro "$image" "$mnt"
	is "$(stat -c '%f %u %g' "$mnt/new" "$mnt/etc/made" "$mnt/etc/fast" | tr '\n' ' ')" \
		"41e8 1000 70000 8da0 70000 5 a1ff 70001 7 " "$type: modes and owners are as asked for, also of a link"
	is "$(stat -c %.9Y "$mnt/etc/made")" 2500000000.123456789 "$type: times to the nanosecond"
	ok "$type: new files have their content" cmp "$mnt/etc/made" "$work/first"
	(head -c 1400000 "$work/first" && cat "$work/second") >"$work/wanted"
	ok "$type: old ones have both" cmp "$mnt/etc/initrd" "$work/wanted"
	is "$(stat -c %s "$mnt/etc/gone"),$(readlink "$mnt/etc/fast")" 3000000,fstab "$type: sizes and links, too"
	is "$(getfattr -h --only-values -n security.selinux "$mnt/etc/made" "$mnt/etc/fast" 2>/dev/null)" "$label$label" \
		"$type: and labels"
	is "$(ls "$mnt/many" | wc -l) $(ls -d "$mnt/7" "$mnt/new/b" "$mnt/etc/old" "$mnt/zero" 2>/dev/null | wc -l)" "1498 2" \
		"$type: what was renamed or removed is"
	(cd "$mnt" && find . -mindepth 1 -printf '/%P\n' | sort) >"$work/names"
	umount "$mnt"

	run trusted tree /
	is "$(sort "$work/out" | diff - "$work/names")" "" "$type: every name is seen"
	is "$(trusted get /etc/fstab user.note , get /etc/fstab security.selinux , names /etc/fstab | sort | tr '\n' ' ')" \
		"$(printf '%s\n' hello "$label" security.selinux user.note | sort | tr '\n' ' ')" "$type: attributes are read"
	is "$(trusted stat /etc/fstab)" \
		"mode=100644 uid=0 gid=0 links=1 size=29 mtime=1612325106.700000000 dev=0:0" "$type: and what stat tells"
	is "$(trusted link /etc/escape)" "$work/host" "$type: a link is told, wherever it leads"

	# No way out.
	for path in /etc/escape /up/etc/passwd /within/fstab /etc/../../../etc/passwd /zero/x /pipe; do
		run trusted cat "$path"
		answered "^error" "$type: $path is not read"
		run trusted put "$path" 0 "$work/second"
		answered "^error" "$type: nor written"
	done
	run trusted truncate /etc/escape 0 , time /etc/escape 5 , owner /etc/escape 5 5 , set /etc/escape user.x y
	is "$(cat "$work/host") $(stat -c %u "$work/host")" "of this computer 0" "$type: a file that a link names is as it was"
	is "$(trusted rename /etc/fstab /../../x , remove /.. | grep -c ^error)" 2 "$type: no name leads above"

	# Ends.
	run trusted put /etc/made 0 "$work/second" , sync , put /etc/initrd 0 "$work/second" , die
	is "$status" 137 "$type: killed in the middle"
	ok "$type: leaves no device" no_devices
	mount -o loop "$image" "$mnt"
	ok "$type: what was synchronised is there" cmp -n 700001 "$mnt/etc/made" "$work/second"
	umount "$mnt"
	ok "$type: and the file system is sound" sound "$type"
	run trusted stat /etc , shell "pkill -9 -x nacre-mount" , stat /etc , stat /etc
	is "$(grep -c '^error 8' "$work/out")" 3 "$type: when the process with the mount is killed the volume is lost, and nothing else"
	ok "$type: without a device left" no_devices
	run env NACRE_TEST_DEADLINE=300 NACRE_TEST_KERNEL="$NACRE_MOUNT" timeout 60 "$drive" "$image" "$type" w \
		stat /etc , shell "pkill -STOP -x nacre-mount" , stat /etc
	is "$status $(grep -c '^error 8' "$work/out")" "1 2" "$type: when it hangs likewise, after the deadline"
	ok "$type: and it is gone" sh -c "! pgrep -x nacre-mount"
	run trusted put /new/full 0 "$work/first" , create /new/full 100644 0 0 , truncate /new/full 100 , put /new/full 420000000 "$work/first"
	is "$(grep -c '^error' "$work/out")" 1 "$type: a file has to be made before it is written"
	truncate -s 300M "$work/large"
	run trusted put /new/full 0 "$work/large" , create /new/more 100644 0 0 , put /new/more 0 "$work/large" , sync
	answered "^error 4 ENOSPC" "$type: a full file system says so"
	ok "$type: and stays sound" sound "$type"

	# Larger.
	truncate -s 600M "$image"
	ok "$type: it takes what a larger disk has" trusted resize $((600 << 20))
	run trusted info
	ok "$type: then its size is that" grep -q "size=$((600 << 20)) " <("$drive" "$image" "$type" r info)
	ok "$type: and it is sound" sound "$type"
	ok "$type: no device is left at the end" no_devices
done

# A source with the same UUID may be mounted.
make btrfs
cp --sparse=always "$image" "$work/twin"
mount -o loop,ro "$work/twin" "$mnt"
run trusted info
said "a btrfs with its UUID is mounted here" "btrfs: whose source is mounted is refused: the kernel could take it for the copy"
umount "$mnt"
ok "btrfs: else not" trusted info
type=xfs
make xfs
cp --sparse=always "$image" "$work/twin"
mount -o loop,ro "$work/twin" "$mnt"
ok "xfs: its source may be mounted" trusted create /etc/made 100644 0 0 , put /etc/made 0 "$work/first"
umount "$mnt"

# Subvolumes are directories, whichever of them a plain mount shows.
type=btrfs
make btrfs
mount -o loop "$image" "$mnt"
btrfs -q subvolume create "$mnt/@" >/dev/null
echo "the root's" >"$mnt/@/fstab"
btrfs subvolume set-default "$mnt/@"
umount "$mnt"
is "$(trusted cat /@/fstab)" "the root's" "btrfs: subvolumes are reached by their names"
ok "btrfs: and written" trusted put /@/fstab 0 "$work/second"
mount -o loop,ro "$image" "$mnt"
ok "btrfs: a plain mount shows it" cmp -n 700001 "$mnt/fstab" "$work/second"
umount "$mnt"
ok "no device is left at the end" no_devices
finish
