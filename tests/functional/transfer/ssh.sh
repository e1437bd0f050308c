#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# ssh.sh NACRE - two computers: network namespaces with sshd between them, whose link is slow, and cut
if [ -z "${own_net:-}" ] && unshare -n true 2>/dev/null; then
	own_net=yes exec unshare -n bash "$0" "$@"
fi
. "$(dirname "$0")/../../own_mounts.sh"
. "$(dirname "$0")/../../functions.sh"
nacre=$(realpath "$1")
requires_root
requires_program mke2fs sfdisk mkswap qemu-img debugfs e2fsck jq ssh ssh-keygen ip nsenter
PATH=$PATH:/usr/sbin:/sbin
requires_program sshd python3
[ -n "${own_net:-}" ] && [ -n "${own_mounts:-}" ] || skip_all "this computer gives no namespaces"
. "$(dirname "$0")/common.sh"
vms=$work/vms here=$(realpath "$(dirname "$0")")
make_machine

# The other computer: a network namespace that a process keeps; an sshd in it.
mount -t tmpfs tmpfs /run || skip_all "nothing can be mounted"
mkdir -p /run/sshd
unshare -n sleep 1000 &
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
far "$(command -v sshd)" -D -e -f "$work/sshd_config" 2>"$work/sshd.log" &
sshd=$!
at_exit "kill $sshd $far 2>/dev/null"
export NACRE_SSH="ssh -F none -i $work/user -oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null -oLogLevel=ERROR -oBatchMode=yes -oServerAliveInterval=1 -oServerAliveCountMax=2"
for _ in 1 2 3 4 5 6 7 8 9 10; do
	# shellcheck disable=SC2086 # words
	$NACRE_SSH root@10.99.0.2 true 2>/dev/null && break
	sleep 0.3
done

convert() { "$nacre" convert "$disk" "$@" --no-check -q; }

ok "a disk is converted over ssh" convert "root@10.99.0.2:$vms/web1"
[ "$status" -eq 0 ] || tap_note "$work/sshd.log"
ok "files are those of the source" same_files "$vms/web1/disk0.vhd"
fails 8 "a computer that refuses us" convert "nosuch@10.99.0.2:$vms/x"
said "cannot be reached, or refuses" "is said"

echo "ProxyCommand python3 $here/delay.py %h %p" >"$work/delayed"
ok "a link with a delay" convert "root@10.99.0.2:$vms/slow" --ssh "${NACRE_SSH/-F none/-F $work/delayed}"
ok "gives the same files" same_files "$vms/slow/disk0.vhd"

# Cut in the middle, and mended.
"$nacre" convert "$disk" "root@10.99.0.2:$vms/cut" --no-check -q --bwlimit 4M >"$work/out" 2>"$work/err" &
pid=$!
sleep 2
ip link set near down
wait $pid
status=$?
is "$status" 8 "a cut link is an error"
said "--resume" "and the remedy is said"
ok "there is no machine" test ! -e "$vms/cut" -a -d "$vms/cut.partial"
ip link set near up
sleep 4 # until sshd notices as well
ok "it goes on" "$nacre" convert "$disk" "root@10.99.0.2:$vms/cut" --no-check -q --json --resume
ok "with the rest: $(jq .sent "$work/out") bytes of $(jq .used "$work/out")" \
	test "$(jq .sent "$work/out")" -lt $(($(jq .used "$work/out") * 8 / 10))
ok "files are those of the source" same_files "$vms/cut/disk0.vhd"

# A key that may do this and nothing else.
mkdir "$work/only"
echo "command=\"nacre receive --root $work/only\",restrict $(cat "$work/user.pub")" >"$work/allowed"
ok "a key for receiving alone" convert "root@10.99.0.2:$vms/elsewhere"
ok "receives where it may, and nowhere else" test -e "$work/only/elsewhere/disk0.vhd" -a ! -e "$vms/elsewhere"
finish
