#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# itself.sh BUILD TOOLS - a Debian that runs in QEMU (IDE, e1000) converts itself to another computer, which boots the result
#
# The whole way with one command, said on the machine itself while it works: ssh, receive, fix-ups and boot check at the far
# end. A service appends numbered records meanwhile, and says on the serial line what is on the disk for good; the hook for
# freeze and thaw says how far that was before and after the instant. The copy is then started with virtio, and looks itself whether
# it has all that was promised, nothing torn, and every file as it was. Then the machine is cut over: its systemd stops the
# service for good, what changed since follows, and the copy has every record there ever was.
# This is also the computer of these tests that has control groups of version 2 only: a service on a second disk is slowed down by
# io.max, and nothing of that is left afterwards.
# The far end is a network namespace of the test's with sshd in it, which QEMU's user network leads to.
. "$(dirname "$0")/../../own_mounts.sh"
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/../../disks.sh"
here=$(cd "$(dirname "$0")" && pwd)
build=$(realpath "$1") tools=$2
requires_root
PATH=$PATH:/usr/sbin:/sbin
requires_program mmdebstrap qemu-system-x86_64 qemu-img mke2fs e2fsck grub-mkimage python3 debugfs sshd ssh-keygen ip nsenter meson jq
[ -n "${own_mounts:-}" ] && unshare -n true || skip_all "this computer gives no namespaces"

# The far end: sshd on this namespace's loopback, which is 10.0.2.2 for the guest. It has a home of its own.
unshare -n sleep 10000 &
net=$!
at_exit "kill $net 2>/dev/null"
far() { exec nsenter -t "$net" -n "$@"; }
mount -t tmpfs tmpfs /run || skip_all "nothing can be mounted"
mkdir -p /run/sshd "$work/home"
mount --bind "$work/home" "$(getent passwd root | cut -d: -f6)"
chmod 755 "$work"
for key in host user; do
	ssh-keygen -q -t ed25519 -N '' -C '' -f "$work/$key"
done
cat >"$work/sshd_config" <<-END
	ListenAddress 127.0.0.1
	HostKey $work/host
	AuthorizedKeysFile $work/user.pub
	PidFile none
	StrictModes no
	UsePAM no
	PermitRootLogin yes
	SetEnv PATH=$build/src/cli:/usr/bin:/bin
END
until (far ip link set lo up) 2>/dev/null; do sleep 0.1; done
far "$(command -v sshd)" -D -e -f "$work/sshd_config" 2>"$work/sshd.log" &
sshd=$!
at_exit "kill $sshd 2>/dev/null"

# What the guest has beside Debian: nacre as it is installed, a key, and what is to happen.
tree=$work/tree
mkdir -p "$tree"/{root/.ssh,etc/systemd/system/multi-user.target.wants,etc/qemu/fsfreeze-hook.d,srv/records,usr/local/sbin}
meson install -C "$build" --no-rebuild --destdir "$tree" >/dev/null || skip_all "nacre cannot be installed: meson install fails"
find "$tree/usr/local" \( -name nacre -o -name 'nacre-*' -o -name '*.so' \) -type f -exec strip -g {} + 2>/dev/null
rm -rf "$tree"/usr/local/{include,share} "$tree"/usr/local/libexec/nacre/nacre-generator
cp "$work/user" "$tree/root/.ssh/id_ed25519"
echo "10.0.2.2 $(cat "$work/host.pub")" >"$tree/root/.ssh/known_hosts"
chmod 700 "$tree/root/.ssh"
chmod 600 "$tree/root/.ssh/id_ed25519"
head -c 40000000 /dev/urandom >"$tree/srv/data"
cat >"$tree/etc/systemd/system/itself.service" <<-END
	[Unit]
	ConditionPathExists=/dev/sda
	After=multi-user.target

	[Service]
	Environment=HOME=/root
	ExecStart=/usr/local/sbin/itself
END
printf '[Service]\nExecStart=/usr/local/sbin/records write /srv/records\n' >"$tree/etc/systemd/system/records.service"
printf '[Service]\nIOAccounting=yes\nIOWriteBandwidthMax=/dev/sdb 900M\nExecStart=/usr/local/sbin/storm\n' \
	>"$tree/etc/systemd/system/storm.service"
ln -s /etc/systemd/system/itself.service "$tree/etc/systemd/system/multi-user.target.wants/"
cat >"$tree/usr/local/sbin/itself" <<-'END'
	#!/bin/sh
	stty -F /dev/ttyS0 raw -echo
	exec >/dev/ttyS0 2>&1
	find /usr/bin /usr/sbin /usr/lib/x86_64-linux-gnu /usr/local /srv/data /var/lib/dpkg -type f | sort | xargs -d '\n' sha256sum >/srv/sums
	sync
	echo "sums $(sha256sum </srv/sums)"
	echo "files $(wc -l </srv/sums)"
	echo "root on $(findmnt -no SOURCE /), network $(readlink /sys/class/net/lan0/device/driver)"
	systemctl start records
	while [ ! -s /run/promised ]; do sleep 1; done
	/usr/local/bin/nacre convert / root@10.0.2.2:vms/self --again --memory 512 --timeout 550 >/run/said 2>/run/progress
	status=$?
	# What follows cannot be in this copy.
	cp /run/promised /srv/records/after
	sed 's/^/said /' /run/progress /run/said
	echo "status $status, $(cat /run/promised) records"
	/usr/local/bin/nacre tracking | sed 's/^/tracking /'
	ssh root@10.0.2.2 cp -r --sparse=always vms/self vms/first

	echo "service $(systemctl is-active records)"
	/usr/local/bin/nacre convert / root@10.0.2.2:vms/self --cutover --stop-unit records --memory 512 --no-check --json -q >/run/cut
	status=$?
	echo "cut $(tr -d '\n' </run/cut)"
	echo "cut over $status, service $(systemctl is-active records), $(cat /run/promised) records"
	/usr/local/bin/nacre tracking | sed 's/^/then tracking /'

	mkdir /load
	mount /dev/sdb /load
	head -c 60000000 /dev/urandom >/load/load
	systemctl start storm
	limit=/sys/fs/cgroup/system.slice/storm.service/io.max
	echo "limit before: $(cat $limit)"
	while [ ! -e /run/slow ]; do cat $limit; sleep 0.2; done | sort -u >/run/limits &
	/usr/local/bin/nacre convert / --disk /dev/sdb --volume LABEL=load root@10.0.2.2:vms/load --no-hooks --bwlimit 8M \
		--max-freeze 2500 --throttle-unit storm --json -q >/run/cut
	echo "slowed $?, to $(sed -n 's/.*"slowed_to": *\([0-9]*\).*/\1/p' /run/cut)"
	touch /run/slow
	sleep 1
	sed 's/^/limit meanwhile: /' /run/limits
	echo "limit after: $(cat $limit)"
	dmesg --level=err,crit,alert,emerg | sed 's/^/kernel /'
	sync
	poweroff -f
END
cat >"$tree/etc/qemu/fsfreeze-hook.d/promised" <<-'END'
	#!/bin/sh
	echo "hook $1 $(cat /run/promised)" >/dev/ttyS0
END
cat >"$tree/usr/local/sbin/storm" <<-'END'
	#!/bin/sh
	while :; do
		dd if=/dev/zero of=/load/load bs=4M count=14 oflag=direct conv=notrunc status=none || exit
	done
END
cat >"$tree/usr/local/sbin/records" <<-'END'
	#!/usr/bin/perl
	# records write DIR: append records, and say of each when it is on the disk. records check DIR: are they whole?
	use IO::Handle; use Time::HiRes qw(sleep time);
	my ($what, $dir) = @ARGV;
	# Every byte follows from the number; 500 to 9000 bytes, so that they begin and end anywhere in a block.
	sub record { my $n = shift; my $line = "$n " . chr(97 + $n % 26) x (500 + $n * 7919 % 8500);
		sprintf "%s %d\n", $line, unpack("%32C*", $line) }
	if ($what eq "write") {
		open my $f, ">>", "$dir/records" or die;
		open my $say, ">", "/dev/ttyS0" or die;
		for (my $n = 1;; $n++) {
			syswrite($f, record($n)) and $f->sync or die;
			open my $p, ">", "/run/promised.new" or die;
			print $p "$n\n" and close $p and rename "/run/promised.new", "/run/promised" or die;
			syswrite $say, sprintf("record %d at %.3f\n", $n, time) if $n % 10 == 0;
			sleep 0.02;
		}
	}
	open my $f, "<", "$dir/records" or die;
	my ($n, $torn) = (0, 0);
	while (my $line = <$f>) { last if $line ne record(++$n) and $torn = $n }
	print "records ", $torn ? $n - 1 : $n, $torn ? ", torn" : ", whole", "\n";
END
chmod 755 "$tree"/usr/local/sbin/* "$tree"/etc/qemu/fsfreeze-hook.d/*

disk=$work/disk.img
export NACRE_DISK_KERNEL=linux-image-amd64 NACRE_DISK_TREE=$tree
export NACRE_DISK_PACKAGES=openssh-client,libbpf1,libext2fs2,libfuse3-3,libjansson4,liblzo2-2,libnbd0,libpng16-16,libseccomp2,libxxhash0
ok "a Debian that has nacre is made" "$tools/debian-disk" "$disk" bios
[ "$status" = 0 ] || finish
nic='netdev=n,mac=52:54:00:a1:b2:c3'
truncate -s 160M "$work/load.img"
mke2fs -q -t ext4 -L load "$work/load.img"
far qemu-system-x86_64 -M pc -accel tcg -cpu max -smp 2 -m 1024 -nodefaults -display none -monitor none -serial "file:$work/serial" \
	-no-reboot -drive "file=$disk,format=raw,if=ide,cache=unsafe" \
	-drive "file=$work/load.img,format=raw,if=ide,cache=unsafe" -netdev user,id=n -device "e1000,$nic" 2>"$work/qemu.log" &
qemu=$!
at_exit "kill $qemu 2>/dev/null; wait $qemu 2>/dev/null"
until_ended $qemu 1500
tr -d '\r' <"$work/serial" >"$work/told"
grep -v '^record' "$work/told" | tap_note "$work/qemu.log" "$work/sshd.log" -
ok "it ran from IDE, with an e1000" grep -q '^root on /dev/sda1, network .*/e1000$' "$work/told"
ok "it converts itself to another computer, with one command" grep -q '^status 0,' "$work/told"
ok "its root was file-system-consistent or better" grep -qE '^said .*(application|file system)-consistent' "$work/told"
ok "the far end has booted the result" grep -q '^said boots? yes' "$work/told"
before=$(sed -n 's/^hook freeze //p' "$work/told" | head -n 1) after=$(sed -n 's/^hook thaw //p' "$work/told" | head -n 1)
last=$(sed -n 's/^status .*, \([0-9]*\) records$/\1/p' "$work/told")
ok "the program wrote before, meanwhile and after: ${before:-?}, ${after:-?} and ${last:-?} records" \
	test "${before:-0}" -gt 10 -a "${last:-0}" -gt "${after:-0}"

first=$work/home/vms/first self=$work/home/vms/self
ok "the machine is there" test -e "$first/disk0.vhd" -a -e "$first/boot.png"
is "$(jq .boot.up "$first/nacre.json")" true "its record says that it boots"

look() # DIRECTORY [COMMANDS]: start its disk with virtio, by us: the copy looks at itself
{
	run python3 "$here/../convert/guest.py" 600 "records check /srv/records; ls -1 /srv/records; ${2:-}systemctl is-system-running --wait" \
		qemu-system-x86_64 -M q35 -accel tcg -cpu max -smp 2 -m 1024 -nodefaults -display none -serial stdio -snapshot \
		-drive "file=$1/disk0.vhd,format=vpc,if=none,id=d" -device virtio-blk-pci,drive=d -netdev user,id=n -device "virtio-net-pci,$nic"
	cp "$work/out" "$work/guest"
	tap_note "$work/guest" "$work/err"
	ok "the copy starts, and lets us in" test "$status" = 0
	ok "no unit failed" grep -qx running "$work/guest"
	found=$(sed -n 's/^records \([0-9]*\), whole$/\1/p' "$work/guest")
}

look "$first" 'findmnt -no SOURCE /; readlink /sys/class/net/lan0/device/driver; ip -br address show lan0; sha256sum </srv/sums; sha256sum -c --quiet /srv/sums && echo all the same; '
ok "from virtio" grep -qx '/dev/vda1' "$work/guest"
ok "with its network card's name and address" grep -q '^lan0 .*10\.0\.2\.77/24' "$work/guest"
ok "which is virtio's" grep -q '/virtio_net$' "$work/guest"
ok "it has every record that was promised before the instant, whole, and none that came after: ${found:-none}" \
	test "${found:-0}" -ge "${before:-1}" -a "${found:-0}" -le $((${after:-0} + 1))
ok "what the source wrote after it is not there" sh -c "! grep -qx after '$work/guest'"
ok "its list of files is the source's" grep -qF "$(sed -n 's/^sums //p' "$work/told")" "$work/guest"
ok "and all $(sed -n 's/^files //p' "$work/told") files are as they were" grep -qx 'all the same' "$work/guest"

# Cut over.
ok "its changes were tracked after that" grep -q '^tracking .*10\.0\.2\.2.*vms/self' "$work/told"
ok "the service worked on" grep -qx 'service active' "$work/told"
ok "the machine is cut over, by its systemd" grep -q '^cut over 0, service inactive,' "$work/told"
sed -n 's/^cut {/{/p' "$work/told" >"$work/cut"
is "$(jq -r '.stopped | join(" ")' "$work/cut")" records "the service is named that was stopped"
ok "within a downtime that is told: $(jq .downtime_ms "$work/cut") ms" test "$(jq .downtime_ms "$work/cut")" -gt 0
is "$(jq .tracked "$work/cut")" true "what changed was known"
ok "and was all that was sent: $(jq .sent "$work/cut") bytes" test "$(jq .sent "$work/cut")" -lt 60000000
ok "nothing is tracked any more" grep -qx 'then tracking no disk is tracked' "$work/told"
last=$(sed -n 's/^cut over .*, \([0-9]*\) records$/\1/p' "$work/told")
look "$self"
ok "it has every record that there ever was, whole: ${found:-none} of ${last:-?}" \
	test "${found:-0}" -ge "${last:-1}" -a "${found:-0}" -le $((${last:-0} + 1))
ok "and what the source wrote between the two instants" grep -qx after "$work/guest"

# Slowed down.
is "$(sed -n 's/^limit before: //p' "$work/told")" '8:16 rbps=max wbps=900000000 riops=max wiops=max' "systemd gave the service a limit"
ok "it was slowed down, and its disk copied" grep -qE '^slowed 0, to [1-9][0-9]{4,6}$' "$work/told"
ok "by a limit of its control group: $(sed -n 's/^limit meanwhile: //p' "$work/told" | tr '\n' ' ')" \
	grep -qE '^limit meanwhile: 8:16 rbps=max wbps=[1-9][0-9]{4,6} ' "$work/told"
is "$(sed -n 's/^limit after: //p' "$work/told")" '8:16 rbps=max wbps=900000000 riops=max wiops=max' "which is as before after that"
ok "the copy is there" test -e "$work/home/vms/load/disk1.vhd"
finish
