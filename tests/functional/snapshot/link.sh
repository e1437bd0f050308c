#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# link.sh NACRE WRITER - a disk in use is converted to another computer over a link that is bad, and over one that breaks
#
# Two network namespaces with sshd between them. The link loses packets (nft), has little room and rate (tc tbf) and takes its
# time (delay.py). Mounts of its own, but no process ids of its own: see convert.sh.
if [ -z "${own_net:-}" ] && unshare -n -m true 2>/dev/null; then
	own_net=yes exec unshare -n -m bash "$0" "$@"
fi
. "$(dirname "$0")/../../functions.sh"
nacre=$(realpath "$1") writer=$2 here=$(realpath "$(dirname "$0")/../transfer")
. "$here/common.sh"
. "$(dirname "$0")/place.sh"
requires_root
PATH=$PATH:/usr/sbin:/sbin
requires_program mke2fs sfdisk losetup addpart e2fsck qemu-img jq python3 ssh ssh-keygen sshd ip tc nft nsenter setpriv pkill
[ -n "${own_net:-}" ] || skip_all "this computer gives no namespaces"
make_far
make_place 96
start_writer "$on" 2000000

goes_on() { timeout 3 touch "$on/goes-on" && rm "$on/goes-on"; }
# The copy is whole, and has all that was promised up to $first.
whole() # NAME
{
	ok "that copy mounts" mount_copy "$1" 96
	ok "and has all that was promised before" awk -v want="$first" '$1 != NR {exit 1} END {exit NR < want}' "$work/copied/journal"
	umount "$work/copied"
	ok "its file system is clean" e2fsck -fn "$out/copy.img?offset=1048576"
}
# Some of it is there.
begun()
{
	until [ -e "$out/$1.partial/disk0.vhd.partial" ] || ! kill -0 $pid 2>/dev/null; do sleep 0.1; done
	sleep 1
}
promised() { tail -n 1 "$on/journal" 2>/dev/null || echo 0; }

far nft 'add table ip t; add chain ip t in { type filter hook input priority 0; }; add rule ip t in numgen random mod 100 lt 2 counter drop'
ok "a link that is bad" tc qdisc add dev near root tbf rate 100mbit burst 16kb limit 48kb
printf 'ProxyCommand python3 %s/delay.py %%h %%p\n' "$here" >"$work/delayed"
first=$(promised)
ok "a disk in use is converted over it" "$nacre" convert "$loop" "root@10.99.0.2:$out/bad" --ssh "${NACRE_SSH/-F none/-F $work/delayed}" \
	--no-check --no-hooks --json -q
[ "$status" -eq 0 ] || tap_note "$work/sshd.log"
is "$(jq -r '.volumes[0].consistency' "$work/out")" "file system" "its volume is file-system-consistent"
tap_note <<<"frozen $(jq .frozen_us "$work/out") us; $(far nft list ruleset | grep -o 'packets [0-9]*' | tail -n 1) lost, $(tc -s qdisc show dev near | grep -o 'dropped [0-9]*')"
ok "packets were lost" test "$(far nft list ruleset | sed -n 's/.*packets \([0-9]*\).*/\1/p')" -gt 0
whole bad
far nft delete table ip t
tc qdisc del dev near root

# It breaks in the middle.
first=$(promised)
"$nacre" convert "$loop" "root@10.99.0.2:$out/cut" --no-check --no-hooks -q --bwlimit 6M >"$work/out" 2>"$work/err" &
pid=$!
begun cut
ip link set near down
wait $pid
status=$?
is "$status" 8 "a link that breaks is an error"
ok "the source goes on" goes_on
ok "there is no machine" test ! -e "$out/cut"
ip link set near up
sleep 4 # until sshd notices as well
ok "it goes on when it is mended" "$nacre" convert "$loop" "root@10.99.0.2:$out/cut" --no-check --no-hooks -q --resume
whole cut

# The far end is killed: at the instant, and in the middle.
mkdir "$work/hooks"
printf '#!/bin/sh\n[ "$1" != freeze ] || pkill -9 -f "receive --root %s\$"\n' "$out" >"$work/hooks/kill"
chmod 755 "$work/hooks/kill"
fails 8 "a far end that is killed at the instant is an error" \
	"$nacre" convert "$loop" "root@10.99.0.2:$out/instant" --no-check --hooks "$work/hooks" -q
ok "the source goes on" goes_on
ok "there is no machine" test ! -e "$out/instant"
"$nacre" convert "$loop" "root@10.99.0.2:$out/killed" --no-check --no-hooks -q --bwlimit 6M >"$work/out" 2>"$work/err" &
pid=$!
begun killed
pkill -9 -f "receive --root $out\$"
wait $pid
status=$?
is "$status" 8 "a far end that is killed is an error"
ok "the source goes on" goes_on
ok "there is no machine" test ! -e "$out/killed"
finish
