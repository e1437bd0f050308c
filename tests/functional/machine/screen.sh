#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# screen.sh - a UEFI machine that says nothing on its serial line is told by its screen; and one is run, not checked
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/../../disks.sh"
requires_kernel
requires_program mcopy mkfs.vfat
requires_file /usr/lib/grub/x86_64-efi/moddep.lst /usr/share/OVMF/OVMF_CODE_4M.fd
export TMPDIR=$work
mkdir "$work/silent"
tree_busybox "$work/root"
cat >"$work/root/sbin/init" <<'END'
#!/bin/sh
if [ -e /serial ]; then
	busybox stty -F /dev/ttyS0 raw -echo
	echo "say something" >/dev/ttyS0
	read -r words </dev/ttyS0
	mount -o remount,rw /
	echo "$words" >/heard
	echo "heard: $words" >/dev/ttyS0
	busybox sync
	busybox poweroff -f
fi
hostname silent
while :; do setsid getty -L 0 tty1 linux; sleep 1; done
END
chmod 755 "$work/root/sbin/init"
busybox_initramfs "$work/initrd" virtio_pci virtio_blk
ok "a disk for UEFI is made" make_uefi_disk "$kernel" "$work/initrd" "$work/root" "$work/silent/disk0.raw" \
	"mitigations=off tsc=unstable"
ok "and a machine around it" "$DEFINITION" "$work/silent" disk0.raw raw uefi 52:54:00:12:34:56
before=$(cd "$work/silent" && sha256sum -- *)
ok "it comes up" "$NACRE" boot "$work/silent" --check --timeout 200 --json --picture "$work/silent.png" --serial-log "$work/log"
is "$(jq -r '.stage, .root_device' "$work/out" | tr '\n' ' ')" "login prompt vda2 " \
	"which is read from its screen: the prompt, and what the kernel said of its root"
ok "its serial line had nothing of it" eval '! grep -q -e login -e EXT4 "$work/log"'
is "$(cd "$work/silent" && sha256sum -- *)" "$before" "the check changed nothing and made nothing"

# Run: the terminal is its serial line. First with changes that are thrown away, then for good.
mkdir "$work/talks"
touch "$work/root/serial"
make_bios_disk "$kernel" "$work/initrd" "$work/root" "$work/talks/disk0.raw" "console=ttyS0 quiet mitigations=off tsc=unstable"
"$DEFINITION" "$work/talks" disk0.raw raw bios
heard() # what it wrote to its disk
{
	dd if="$work/talks/disk0.raw" of="$work/part.img" bs=1M skip=1 status=none
	e2fsck -fy "$work/part.img" >/dev/null 2>&1
	debugfs -R 'cat /heard' "$work/part.img" 2>/dev/null
}
run_it() # [OPTION]: answer when it asks
{
	python3 - "$NACRE" boot "$work/talks" --headless "$@" <<-'END'
		import os, pty, select, sys, time
		pid, terminal = pty.fork()
		if pid == 0:
		    os.execv(sys.argv[1], sys.argv[1:])
		said, answered, end = b'', False, time.monotonic() + 150
		while time.monotonic() < end:
		    if not select.select([terminal], [], [], 1)[0]:
		        continue
		    try:
		        more = os.read(terminal, 4096)
		    except OSError:
		        break
		    if not more:
		        break
		    said += more
		    if b'say something' in said and not answered:
		        os.write(terminal, b'hello\n')
		        answered = True
		else:
		    os.kill(pid, 9)
		sys.stdout.write(said.decode(errors='replace'))
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
}
ok "a machine is run on the terminal, and ends when it switches itself off" run_it --snapshot
said "heard: hello" "what is typed reaches its serial line"
is "$(heard)" "" "with --snapshot its disk stays as it was"
ok "without" run_it
is "$(heard)" "hello" "it is changed"
finish
