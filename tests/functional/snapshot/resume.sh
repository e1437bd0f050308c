#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# resume.sh NACRE WRITER - the copy of a disk in use is cut short, and gone on with: at another instant, with nothing sent twice
#
# Mounts of its own, but no process ids of its own: as convert.sh.
if [ -z "${own_mounts:-}" ] && unshare -m true 2>/dev/null; then
	own_mounts=yes exec unshare -m bash "$0" "$@"
fi
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/../../ssh.sh"
. "$(dirname "$0")/place.sh"
nacre=$(realpath "$1") writer=$2 cut="python3 $(realpath "$(dirname "$0")")/../transfer/cut.py"
requires_root
requires_program mke2fs sfdisk losetup addpart e2fsck qemu-img jq python3 pgrep

make_place 128
head -c 24000000 /dev/urandom >"$on/var/more"
sync "$on/var/more"

make_ssh "$work/ssh"

start_writer "$on" 2000000

options=(--no-check --no-hooks -q --ssh "$work/ssh" --max-freeze 20000)
convert() { "$nacre" convert "$loop" "$@" "${options[@]}"; }
bytes_there() { echo $(($(stat -c %b "$out/$1.partial/disk0.vhd.partial" 2>/dev/null || echo 0) * 512)); }
until_there() # NAME BYTES
{
	for _ in $(seq 200); do
		[ "$(bytes_there "$1")" -lt "$2" ] || break
		sleep 0.02
	done
}

# What was written when is known by the writer's journal: line N is N.
good_copy() # NAME PROMISED
{
	rm -f "$out/copy.img"
	mount_copy "$1" 128 || return 1
	cmp "$on/var/more" "$work/copied/var/more" && cmp "$work/tree/var/data" "$work/copied/var/data" &&
		awk -v want="$2" '$1 != NR {exit 1} END {exit NR < want}' "$work/copied/journal"
	local status=$?
	umount "$work/copied"
	e2fsck -fn "$out/copy.img?offset=1048576" >/dev/null 2>&1 || status=2
	rm -f "$out/copy.img"
	return $status
}

# Killed here, in the first pass and whenever, into a directory.
for bytes in 3000000 9000000 12000000; do
	"$nacre" convert "$loop" "$out/near" "${options[@]}" --resume --bwlimit 16M >/dev/null 2>&1 &
	pid=$!
	until_there near $bytes
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
done
ok "a copy that was killed is no machine" test ! -e "$out/near" -a -e "$out/near.partial"
had=$(bytes_there near)
fails 6 "without a word it is not gone on with" convert "$out/near"
echo new >"$on/var/new"
sync "$on/var/new"
promised=$(tail -n 1 "$on/journal")
ok "it is gone on with, at another instant" convert "$out/near" --resume --json
cp "$work/out" "$work/json"
ok "what was there is not written again: $(jq .there "$work/json") of $had bytes" \
	test "$(jq .there "$work/json")" -ge $((had * 3 / 4)) -a "$had" -gt 4000000
ok "the copy is of the new instant, and clean" good_copy near "$promised"

# The same over a connection: killed here, killed there, cut.
for side in near far cut; do
	for bytes in 4000000 9000000; do
		[ $side != cut ] || make_ssh "$work/ssh" "$cut 3000000"
		"$nacre" convert "$loop" "me@there:$out/far-$side" "${options[@]}" --resume --bwlimit 8M >/dev/null 2>&1 &
		pid=$!
		[ $side = cut ] || until_there far-$side $bytes
		case $side in
		near) kill -9 $pid ;;
		far) kill -9 "$(pgrep -f "receive --root $out\$" | head -n 1)" ;;
		esac 2>/dev/null
		wait $pid 2>/dev/null
		make_ssh "$work/ssh"
		for _ in 1 2 3 4 5 6 7 8 9 10; do # the far end needs a moment to notice
			pgrep -f "receive --root $out\$" >/dev/null || break
			sleep 0.2
		done
	done
	sleep 0.3
	ok "$side: no machine is there" test ! -e "$out/far-$side" -a -e "$out/far-$side.partial"
	had=$(bytes_there far-$side)
	promised=$(tail -n 1 "$on/journal")
	ok "$side: it is gone on with" convert "me@there:$out/far-$side" --resume --json
	cp "$work/out" "$work/json"
	ok "$side: what was there is not sent again: $(jq .there "$work/json") of $had bytes" \
		test "$(jq .there "$work/json")" -ge $((had * 3 / 4)) -a "$had" -gt 500000
	ok "$side: the copy is of the new instant, and clean" good_copy far-$side "$promised"
	rm -rf "${out:?}/far-$side"
done

stop_writer
finish
