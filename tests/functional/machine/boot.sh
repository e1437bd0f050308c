#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# boot.sh - real machines in QEMU: one comes up, the others do not, and nacre says why
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/../../disks.sh"
requires_program jq
requires_kernel
export TMPDIR=$work
mkdir "$work/tmp"

# vm NAME DISK: a virtual machine's directory around a raw disk.
vm()
{
	mkdir -p "$work/$1"
	cp --reflink=auto "$2" "$work/$1/disk0.raw"
	cat >"$work/$1/nacre.json" <<-END
		{"machine": {"format": 1, "name": "$1", "uuid": "11111111-2222-4333-8444-555555555555",
		"architecture": "x86_64", "firmware": "${3:-bios}", "memory_mb": 256, "cpus": 1,
		"disks": [{"file": "disk0.raw", "format": "raw", "size": $(stat -c %s "$work/$1/disk0.raw")}],
		"nics": [{"mac": "52:54:00:12:34:56", "name": "eth0"}], "os": {"id": "tiny", "name": ""}}}
	END
}

check() # NAME [OPTION...]
{
	check_name=$1
	shift
	"$NACRE" boot "$work/$check_name" --check --timeout 150 "$@"
}

# QEMUs whose parent is this process, by their ids.
qemu_of()
{
	pgrep -P "$1" -f qemu-system || true
}

wait_for() # COMMAND...: at most 30 s
{
	for _ in $(seq 300); do
		"$@" && return 0
		sleep 0.1
	done
	return 1
}

# A root that prints a login prompt on the screen and on the serial line.
tree_busybox "$work/root"
cat >"$work/root/sbin/init" <<'END'
#!/bin/sh
hostname tiny
[ ! -b /dev/vdb ] || echo "the second disk: $(busybox head -n 1 /dev/vdb)" >/dev/ttyS0
echo "[FAILED] Failed to start odd.service - An odd one." >/dev/ttyS0
for tty in tty1 ttyS0; do
	(while :; do setsid getty -L 0 $tty vt100; sleep 1; done) &
done
while :; do sleep 1000; done
END
chmod 755 "$work/root/sbin/init"
busybox_initramfs "$work/initrd" virtio_pci virtio_blk
quiet='console=ttyS0 mitigations=off tsc=unstable'
make_bios_disk "$kernel" "$work/initrd" "$work/root" "$work/up.img" "$quiet"
vm up "$work/up.img"
echo "has this" >"$work/up/disk1.raw"
truncate -s 1M "$work/up/disk1.raw"
jq '.machine.disks += [{file: "disk1.raw", format: "raw", size: 1048576}]' "$work/up/nacre.json" >"$work/two.json"
mv "$work/two.json" "$work/up/nacre.json"
sum=$(sha256sum "$work/up/disk0.raw")
ok "a machine with a virtio disk comes up" check up --picture "$work/up.png" --serial-log "$work/up.log"
said "up comes up: login prompt after" "which is told by its login prompt"
said "root on vda1" "and by the root on the virtio disk"
said "odd.service" "units that failed are named"
is "$(sha256sum "$work/up/disk0.raw")" "$sum" "the check left the disk as it was"
is "$(ls "$work/up")" "disk0.raw
disk1.raw
nacre.json" "and nothing beside it"
ok "it has its second disk" grep -q 'the second disk: has this' "$work/up.log"
ok "the serial line's text was kept" grep -q 'Linux version' "$work/up.log"
is "$(file -b "$work/up.png" | cut -d, -f1,2)" "PNG image data, 720 x 400" "and a picture of its screen"

# The others stop on their way.
busybox_initramfs "$work/initrd.ide"
make_bios_disk "$kernel" "$work/initrd.ide" "$work/root" "$work/ide.img" "$quiet"
vm noroot "$work/ide.img"
fails 1 "a machine whose initramfs lacks virtio drivers does not come up" check noroot --json
is "$(jq -r .event "$work/err" | sort -u)" boot "its stages are told as JSON, one object a line"
is "$(jq -r '.up, .stage' "$work/out" | tr '\n' ' ')" "false initramfs " "it stops in the initramfs"
said 'stopped in its shell (ALERT!  UUID=11111111-2222-4333-8444-555555555555 does not exist.' "and says why"

make_bios_disk "$kernel" "" "$work/root" "$work/panic.img" "$quiet panic=-1"
vm panic "$work/panic.img"
fails 1 "a kernel that panics does not come up" check panic
said "the kernel panicked: VFS: Unable to mount root fs" "with the kernel's words"
said "its last lines:" "and what came before"

truncate -s 1M "$work/empty.img"
vm empty "$work/empty.img"
fails 1 "a disk without a boot loader does not come up" check empty
said "the firmware found nothing to boot from" "which is read from the screen alone"

cp "$work/up.img" "$work/lost.img"
dd if=/dev/zero of="$work/lost.img" bs=1M seek=1 count=8 conv=notrunc status=none
vm lost "$work/lost.img"
fails 1 "a boot loader without its files does not come up" check lost
said "GRUB found no configuration and stopped in its shell" "by its prompt"

# 512 bytes that do nothing for ever.
{ printf '\372\353\376'; head -c 507 /dev/zero; printf '\125\252'; } >"$work/hang.img"
truncate -s 1M "$work/hang.img"
vm hang "$work/hang.img"
fails 1 "a machine that hangs does not come up" "$NACRE" boot "$work/hang" --check --timeout 4
said 'after 4 s it was still at the stage "firmware"; the last line: Booting from Hard Disk' "and where"

"$NACRE" boot "$work/hang" --check --timeout 60 >"$work/killed.out" 2>&1 &
nacre_pid=$!
wait_for eval '[ -n "$(qemu_of $nacre_pid)" ]'
sleep 1
kill -KILL "$(qemu_of $nacre_pid)"
wait $nacre_pid
is $? 1 "when QEMU is killed the check ends"
cp "$work/killed.out" "$work/out"
: >"$work/err"
said 'QEMU ended at the stage' "and says so"

"$NACRE" boot "$work/hang" --check --timeout 60 >/dev/null 2>&1 &
nacre_pid=$!
wait_for eval '[ -n "$(qemu_of $nacre_pid)" ]'
qemu_pid=$(qemu_of $nacre_pid)
sleep 1
kill -KILL $nacre_pid
wait $nacre_pid 2>/dev/null
ok "when nacre is killed QEMU ends" wait_for eval "! kill -0 $qemu_pid 2>/dev/null"
is "$(find "$work" -maxdepth 1 -name 'nacre.*')" "" "and no temporary file is left"

# A machine that runs is not checked beside itself.
"$NACRE" boot "$work/hang" --headless </dev/null >/dev/null 2>&1 &
nacre_pid=$!
wait_for eval '[ -n "$(qemu_of $nacre_pid)" ]'
sleep 2
fails 1 "a machine that runs is not checked" "$NACRE" boot "$work/hang" --check --timeout 20
said "Is another process using the image" "as QEMU says"
kill -TERM $nacre_pid
sleep 0.5
kill -TERM $nacre_pid
wait $nacre_pid
is $? 0 "two signals end a machine that does not react to its power button"

# What no load of this computer can bring about on demand: a panic of the first kernel for want of a timer.
mkdir "$work/bin" "$work/timer"
cat >"$work/bin/qemu-system-x86_64" <<END
#!/bin/sh
echo run >>"$work/runs"
[ "\$(wc -l <"$work/runs")" -gt "\$STARVED" ] || echo "[    1.3] Kernel panic - not syncing: IO-APIC + timer doesn't work!  Boot with apic=debug" >&4
exec $(command -v qemu-system-x86_64) "\$@"
END
chmod 755 "$work/bin/qemu-system-x86_64"
emulated=$("$NACRE" boot "$work/empty" --check --timeout 60 --json | jq -r .accelerator)
starve() # TIMES MACHINE
{
	: >"$work/runs"
	STARVED=$1 PATH=$work/bin:$PATH check "$2" --json
}
if [ "$emulated" = tcg ]; then
	ok "a kernel that had no timer on a busy computer is started once more" starve 1 up
	is "$(jq -c '[.up, .again]' "$work/out")" "[true,true]" "it comes up, and that it was the second time is told"
	fails 1 "but only once" starve 9 up
	is "$(jq -c '[.up, .again]' "$work/out") $(wc -l <"$work/runs")" "[false,true] 2" "as is told"
	said "IO-APIC + timer doesn't work" "with the kernel's words"
	fails 1 "a panic for another reason is not tried again" starve 0 panic
	is "$(jq -c .again "$work/out") $(wc -l <"$work/runs")" "false 1" "as is told"
	"$NACRE" boot "$work/empty" --check --timeout 60 >"$work/out" 2>&1
	: >"$work/err"
	tried='/dev/kvm was tried and'
	[ -e /dev/kvm ] || tried='there is no /dev/kvm'
	[ ! -e /dev/kvm ] || [ -w /dev/kvm ] || tried='/dev/kvm cannot be opened by this user'
	said "KVM is not used: $tried" "why KVM is not used was found out, and is told"
else
	tap_note - <<<"KVM works here: there is no emulation that could be too slow"
fi

# Wrong directories and words.
fails 5 "a directory without a machine is refused" "$NACRE" boot "$work/tmp" --check
ln -s /etc/passwd "$work/tmp/disk0.raw"
cp "$work/hang/nacre.json" "$work/tmp/"
fails 4 "a disk that is a link is refused" "$NACRE" boot "$work/tmp" --check
fails 2 "options that do not go together are refused" "$NACRE" boot "$work/up" --check --display
(PATH=$work/none; export PATH; "$NACRE" boot "$work/hang" --check --timeout 5) >"$work/out" 2>&1
status=$?
is $status 5 "without QEMU's programs nothing is run"
said "install the package qemu-utils" "and the package is named"
finish
