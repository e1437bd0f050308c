#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# root.sh NACRE WRITER BUILD - a machine copies the disks that it runs from, while a program writes to them
#
# In QEMU: the root file system of this computer is nobody's to be frozen. The kernel is Debian's, and not the one that runs
# here. nacre and what it starts lie on the root file system, and so does what it prints.
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/../../disks.sh"
nacre=$(realpath "$1") writer=$(realpath "$2") build=$(realpath "$3")
requires_kernel
requires_program debugfs e2fsck jq qemu-img
export TMPDIR=$work

tree=$work/root
tree_busybox "$tree"
mkdir -p "$tree"/{data,dst,var/load,usr/bin,lib/modules}
for name in umount mkfifo rm kill touch sync dmesg true; do ln -sf busybox "$tree/bin/$name"; done
printf 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n' >"$tree/etc/os-release"
printf '/dev/vda1 / ext4 defaults 0 1\n/dev/vdc /data ext4 defaults 0 2\n' >"$tree/etc/fstab"
echo itself >"$tree/etc/hostname"
mkdir -p "$tree/usr/lib/udev/rules.d"
touch "$tree/usr/lib/udev/rules.d/80-net-setup-link.rules" # its network cards are named by .link files
tree_nacre "$tree" "$build" "$writer"
cat >"$tree/sbin/init" <<END
#!/bin/sh
mount -o remount,rw /
mount -t tmpfs run /run
mount -t ext4 /dev/vdb /dst
mount -t ext4 /dev/vdc /data
export PATH=/bin:/sbin:/usr/bin HOME=/ TMPDIR=/run
busybox dd if=/dev/urandom of=/swapped bs=1M count=12 2>/dev/null
busybox mkswap /swapped >/dev/null && busybox swapon /swapped && busybox head -c 4096 /swapped >/dst/header
mkfifo /run/stop
$writer /var/load 2000000 </run/stop >/run/said &
exec 9>/run/stop
until grep -q writing /run/said; do sleep 1; done
tail_of() { busybox tail -n 1 /var/load/journal; }
echo "at first: \$(tail_of)" >/dev/ttyS0
$nacre convert / /dst/web1 --plan 2>/dst/plan
echo "before the instant" >/data/late
$nacre convert / --disk /dev/vdc /dst/web1 --no-check --no-hooks --json --max-freeze 20000 >/result 2>/progress
echo "status \$?" >/dev/ttyS0
busybox cp /result /progress /dst/
busybox cat /progress /result >/dev/ttyS0
echo "then: \$(tail_of)" >/dev/ttyS0
(
	set -o pipefail
	$nacre convert / - --no-hooks -q --max-freeze 20000 2>/dev/ttyS0 | busybox cat >/dst/streamed.vhd
)
echo "streamed \$?" >/dev/ttyS0
# Killed at any moment, it leaves a root that works.
n=0
while [ \$n -lt 4 ]; do
	$nacre convert / /dst/web2 --no-check --no-hooks -q >/dev/null 2>&1 &
	busybox usleep \$((n * 700000 + 300000))
	kill -9 \$! 2>/dev/null
	wait \$! 2>/dev/null
	rm -rf /dst/web2 /dst/web2.partial
	n=\$((n + 1))
done
sleep 1
touch /still-works && echo "the root works" >/dev/ttyS0
exec 9>&-
sleep 1
busybox cat /run/said >/dev/ttyS0
umount /dst
sync
poweroff -f
END
chmod 755 "$tree/sbin/init"
busybox_initramfs "$work/initrd" virtio_pci virtio_blk virtio_net ext4
make_bios_disk "$kernel" "$work/initrd" "$tree" "$work/disk.img" "" 220
truncate -s 600M "$work/dst.img"
mke2fs -q -t ext4 "$work/dst.img"
truncate -s 64M "$work/data.img"
mke2fs -q -t ext4 "$work/data.img"
run_machine 400 -netdev hubport,id=n,hubid=0 -device virtio-net-pci,netdev=n,mac=52:54:00:a1:b2:c3,romfile= \
	-drive "file=$work/dst.img,format=raw,if=none,id=b,cache=unsafe" -device virtio-blk-pci,drive=b \
	-drive "file=$work/data.img,format=raw,if=none,id=c,cache=unsafe" -device virtio-blk-pci,drive=c
ok "a machine copies its own disks" grep -qx 'status 0' "$work/said"
debugfs -R "dump /result $work/result" "$work/dst.img" 2>/dev/null
is "$(jq -r '[.volumes[] | .mount + " " + .consistency] | sort | join(", ")' "$work/result")" "/ file system, /data file system" \
	"its volumes are file-system-consistent"
debugfs -R "dump /plan $work/plan" "$work/dst.img" 2>/dev/null
ok "what is on another disk is told before" grep -q '^nacre: warning: /data: is mounted from /dev/vdc' "$work/plan"
is "$(grep -c 'is mounted from' "$work/plan")" 1 "but not the place where the machine goes"
ok "and was frozen for milliseconds ($(jq .frozen_us "$work/result") us)" test "$(jq .frozen_us "$work/result")" -lt 2000000
debugfs -R "dump /web1/disk0.vhd $work/disk0.vhd" "$work/dst.img" 2>/dev/null
ok "the copy is a disk" qemu-img convert -f vpc -O raw "$work/disk0.vhd" "$work/copy.img"
dd if="$work/copy.img" of="$work/part.img" bs=1M skip=1 conv=sparse status=none
run e2fsck -p "$work/part.img" # a file was open and unlinked; more than that it would not mend
ok "whose root needs nothing but its orphans removed" test "$status" -le 1
ok "and then is clean" e2fsck -fn "$work/part.img"
first=$(sed -n 's/^at first: //p' "$work/said")
debugfs -R "dump /var/load/journal $work/journal" "$work/part.img" 2>/dev/null
ok "and has all that was promised before (${first:-nothing} lines, and more)" \
	awk -v want="${first:-1000000}" '$1 != NR {exit 1} END {exit NR < want}' "$work/journal"
is "$(debugfs -R 'cat /etc/fstab' "$work/part.img" 2>/dev/null | cut -d' ' -f1,2)" "UUID=$disk_uuid /
UUID=$(blkid -p -o value -s UUID "$work/data.img") /data" "it is mended: its own names for its disks are understood"
debugfs -R "dump /web1/disk1.vhd $work/disk1.vhd" "$work/dst.img" 2>/dev/null
ok "the second disk is a disk" qemu-img convert -f vpc -O raw "$work/disk1.vhd" "$work/copy1.img"
ok "with a clean file system" e2fsck -fn "$work/copy1.img"
is "$(debugfs -R 'cat /late' "$work/copy1.img" 2>/dev/null)" "before the instant" "as it was at the instant"
cp "$work/part.img" "$work/first.img"
ok "it streams its own disk to a pipe" grep -qx 'streamed 0' "$work/said"
debugfs -R "dump /streamed.vhd $work/streamed.vhd" "$work/dst.img" 2>/dev/null
ok "what came is a disk" qemu-img convert -f vpc -O raw "$work/streamed.vhd" "$work/copy.img"
dd if="$work/copy.img" of="$work/part.img" bs=1M skip=1 conv=sparse status=none
run e2fsck -p "$work/part.img"
ok "whose root needs nothing but its orphans removed, too" test "$status" -le 1
debugfs -R "dump /var/load/journal $work/journal" "$work/part.img" 2>/dev/null
then=$(sed -n 's/^then: //p' "$work/said")
ok "and has all that was promised before (${then:-nothing} lines, and more)" \
	awk -v want="${then:-1000000}" '$1 != NR {exit 1} END {exit NR < want}' "$work/journal"
is "$(debugfs -R 'cat /etc/fstab' "$work/part.img" 2>/dev/null | head -n 1 | cut -d' ' -f1,2)" "UUID=$disk_uuid /" "it is mended as well"
ok "its network card keeps its name" grep -qi MACAddress=52:54:00:a1:b2:c3 \
	<(debugfs -R 'cat /etc/systemd/network/10-nacre-eth0.link' "$work/part.img" 2>/dev/null)
mv "$work/first.img" "$work/part.img"
debugfs -R "dump /swapped $work/swapped" "$work/part.img" 2>/dev/null
debugfs -R "dump /header $work/header" "$work/dst.img" 2>/dev/null
ok "of a swap file in use the header is there" cmp -n 4096 "$work/swapped" "$work/header"
is "$(wc -c <"$work/swapped")" $((12 << 20)) "and its size"
ok "and hardly anything else of it, as only whole grains are left out" \
	test "$(tail -c +4097 "$work/swapped" | tr -d '\0' | wc -c)" -lt 65536
ok "a conversion that is killed leaves a root that works" grep -qx 'the root works' "$work/said"
finish
