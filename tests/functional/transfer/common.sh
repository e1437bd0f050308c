# SPDX-License-Identifier: BSD-2-Clause
# common.sh - a small machine and connections to nowhere far; sourced after functions.sh
#
#	make_machine    $disk: MBR, 60 MiB of ext4 with 20 MB of data, swap; $tree: its files
#	make_far        another computer: a network namespace, 10.99.0.2, with sshd; far COMMAND runs there, $NACRE_SSH leads to it
#	same_files IMAGE         are the files in the VHD those of $tree, but for what is fixed?
# shellcheck shell=bash
uuid=11111111-2222-4333-8444-555555555555
disk=$work/disk.img tree=$work/tree

make_machine()
{
	mkdir -p "$tree"/{bin,boot/grub,etc/udev/rules.d,lib/modules,usr/bin,var}
	cp /bin/true "$tree/bin/sh"
	printf 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n' >"$tree/etc/os-release"
	printf '/dev/sda1 / ext4 defaults 0 1\n/dev/sda2 none swap sw 0 0\n' >"$tree/etc/fstab"
	printf "menuentry 'x' {\n\tlinux /boot/vmlinuz root=/dev/sda1 ro\n}\n" >"$tree/boot/grub/grub.cfg"
	echo oldbox >"$tree/etc/hostname"
	head -c 15000000 /dev/urandom >"$tree/var/data"
	yes 'well compressible' | head -c 5000000 >"$tree/var/text"
	truncate -s 64M "$disk"
	printf 'label: dos\nstart=2048, size=60M, type=83, bootable\nsize=2M, type=82\n' | sfdisk -q "$disk"
	mke2fs -q -t ext4 -U $uuid -E offset=1048576 -d "$tree" "$disk" 60M 2>/dev/null
	truncate -s 2M "$work/swap"
	mkswap -q -U 11111111-2222-4333-8444-666666666666 "$work/swap" >/dev/null 2>&1
	dd if="$work/swap" of="$disk" bs=1M seek=61 conv=notrunc status=none
}

make_far()
{
	mount -t tmpfs tmpfs /run || skip_all "nothing can be mounted"
	mkdir -p /run/sshd
	(exec setpriv --pdeathsig KILL unshare -n sleep 1000) &
	far=$!
	sleep 0.3
	far() { nsenter -t $far -n "$@"; }
	ok "there is a link between two computers" ip link add near type veth peer name far netns $far
	ip addr add 10.99.0.1/24 dev near
	ip link set near up
	far ip addr add 10.99.0.2/24 dev far
	far ip link set far up
	for key in host user; do
		ssh-keygen -q -t ed25519 -N '' -f "$work/$key"
	done
	cp "$work/user.pub" "$work/allowed"
	chmod 755 "$work"
	cat >"$work/sshd_config" <<-END
		ListenAddress 10.99.0.2
		HostKey $work/host
		AuthorizedKeysFile $work/allowed
		PidFile none
		StrictModes no
		UsePAM no
		PermitRootLogin yes
		ClientAliveInterval 1
		ClientAliveCountMax 2
		SetEnv PATH=$(dirname "$nacre"):/usr/bin:/bin
	END
	(exec nsenter -t $far -n setpriv --pdeathsig KILL "$(command -v sshd)" -D -e -f "$work/sshd_config" 2>"$work/sshd.log") &
	sshd=$!
	at_exit "kill $sshd $far 2>/dev/null"
	export NACRE_SSH="ssh -F none -i $work/user -oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null -oLogLevel=ERROR -oBatchMode=yes -oServerAliveInterval=1 -oServerAliveCountMax=2"
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		# shellcheck disable=SC2086 # words
		$NACRE_SSH root@10.99.0.2 true 2>/dev/null && break
		sleep 0.3
	done
}

same_files() # IMAGE
{
	local found=$work/found-files status=0
	rm -rf "$found" "$work/found.img"
	mkdir "$found"
	qemu-img convert -f vpc -O raw "$1" "$work/found.img" || return 1
	e2fsck -fn "$work/found.img?offset=1048576" >/dev/null 2>&1 || return 1
	debugfs -R "rdump / $found" "$work/found.img?offset=1048576" 2>/dev/null
	grep -q "^UUID=$uuid / " "$found/etc/fstab" || return 1
	diff -r -x lost+found -x fstab -x grub.cfg "$tree" "$found" || status=1
	rm -rf "$found" "$work/found.img"
	return $status
}
