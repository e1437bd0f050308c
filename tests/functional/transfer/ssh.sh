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
PATH=$PATH:/usr/sbin:/sbin
requires_program mke2fs sfdisk mkswap qemu-img debugfs e2fsck jq python3 ssh ssh-keygen sshd ip nsenter
[ -n "${own_net:-}" ] && [ -n "${own_mounts:-}" ] || skip_all "this computer gives no namespaces"
. "$(dirname "$0")/common.sh"
vms=$work/vms here=$(realpath "$(dirname "$0")")
make_machine

make_far

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
