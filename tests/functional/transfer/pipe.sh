#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# pipe.sh NACRE - a conversion over a pipe to `nacre receive`: the result, faults at both ends, cuts, and going on
. "$(dirname "$0")/../../own_mounts.sh"
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/../../ssh.sh"
nacre=$(realpath "$1")
requires_program mke2fs sfdisk mkswap qemu-img debugfs e2fsck jq python3 pgrep
. "$(dirname "$0")/common.sh"
vms=$work/vms cut="python3 $(realpath "$(dirname "$0")")/cut.py"
make_machine
make_ssh "$work/ssh"
export NACRE_SSH=$work/ssh

convert() { "$nacre" convert "$disk" "$@" --no-check -q; }

cp --sparse=always "$disk" "$work/original.img"
ok "a disk is converted to another computer" "$nacre" convert "$disk" "me@there:$vms/web1" --no-check --json
cp "$work/out" "$work/json"
said "copying" "the stages are told here"
said "fstab" "and what is fixed there"
ok "the source is as it was" cmp "$disk" "$work/original.img"
ok "files are those of the source" same_files "$vms/web1/disk0.vhd"
is "$(jq -r .host "$work/json")" "$(hostname)" "the other computer has said who it is"
ok "no more is sent than what is used: $(jq .sent "$work/json") of $(jq .used "$work/json") bytes" \
	test "$(jq .sent "$work/json")" -le $(($(jq .used "$work/json") + 200000))
ok "nothing is left of the way there" test ! -e "$vms/web1.partial" -a ! -e "$vms/web1/disk0.vhd.blocks"
ok "a report is there" grep -q "oldbox" "$vms/web1/report.html"
ok "the same to a directory here" convert "$work/local"
for member in source copied machine; do
	is "$(jq -S "del(.. | .disk?, .uuid?, .name?, .format?, .written?, .read?)|.$member" "$vms/web1/nacre.json")" \
		"$(jq -S "del(.. | .disk?, .uuid?, .name?, .format?, .written?, .read?)|.$member" "$work/local/nacre.json")" \
		"the record's $member is as it is here"
done
ok "the domain names the place there" grep -q "$vms/web1/disk0.vhd" "$vms/web1/web1.xml"

ok "source and copy are compared" "$nacre" convert "$disk" "me@there:$vms/compared" --no-check --verify --json -q
ok "all of it: $(jq .verified "$work/out") of $(jq .used "$work/out") bytes" \
	test "$(jq .verified "$work/out")" -gt $(($(jq .used "$work/out") * 98 / 100))
"$nacre" convert "$disk" "me@there:$vms/rot" --no-check -q --bwlimit 4M >/dev/null 2>&1 &
pid=$!
sleep 2
kill -9 $pid
wait $pid 2>/dev/null
sleep 1
# What rots at the far end behind the note's back.
size=$(stat -c %s "$vms/rot.partial/disk0.vhd.partial")
for at in $((size / 8)) $((size / 4)) $((size / 3)); do
	printf rot | dd of="$vms/rot.partial/disk0.vhd.partial" bs=1 seek=$((at / 4096 * 4096 + 100)) conv=notrunc status=none
done
fails 1 "a copy that rots is found out" convert "me@there:$vms/rot" --resume --verify
said "differ from the source" "and said"
ok "it is not kept" test ! -e "$vms/rot" -a ! -e "$vms/rot.partial"
rm -rf "$vms/compared"
fails 6 "what is there is not overwritten" convert "me@there:$vms/web1"
fails 2 "a name that leads elsewhere is refused" convert "me@there:$vms/.."
fails 2 "and a hidden one" convert "me@there:$vms/.web"
fails 2 "and one that is an unfinished machine's" convert "me@there:$vms/web.partial"
fails 2 "a place without a name is none" convert "me@there:"
fails 2 "a host is no option" convert "-oProxyCommand=x:$vms/x"
ok "odd bytes in a directory are only bytes" convert "me@there:$work/it's \$(touch owned) \"odd\"/web1"
ok "nothing ran" test ! -e owned
ok "it is there" test -e "$work/it's \$(touch owned) \"odd\"/web1/disk0.vhd"

fails 5 "no nacre at the other end" convert "me@there:$vms/x" --remote-nacre /nonexistent
said "install" "is said with the remedy"
fails 5 "no program to connect with" convert "me@there:$vms/x" --ssh /nonexistent
fails 8 "one that cannot connect" convert "me@there:$vms/x" --ssh false
printf '#!/bin/sh\necho "Welcome to this computer"\ncat >/dev/null\n' >"$work/greets"
chmod +x "$work/greets"
fails 9 "one that greets" convert "me@there:$vms/x" --ssh "$work/greets"
said "Welcome to this computer" "is shown with what it said"
fails 4 "a directory that cannot be made there" convert "me@there:/proc/nowhere/x"
ok "none of these left anything" test "$(ls "$vms")" = web1

# The far end's disk is full: it says so, keeps what it has, and goes on when there is room.
mkdir "$work/small"
if mount -t tmpfs -o size=60m tmpfs "$work/small" 2>/dev/null; then
	head -c 45000000 /dev/urandom >"$work/small/other"
	fails 4 "too little room is noticed before" convert "me@there:$work/small/web1"
	said "MiB are free" "with how much there is"
	rm -f "$work/small/other"
	head -c 32000000 /dev/urandom >"$work/small/other"
	make_ssh "$work/late" "$cut 2000000 $work/small/late 20000000"
	fails 4 "a disk that fills up meanwhile is an error" convert "me@there:$work/small/web1" --ssh "$work/late"
	said "full" "in words"
	said "--resume" "with the remedy"
	ok "no machine is there" test ! -e "$work/small/web1"
	rm -f "$work/small/late" "$work/small/other"
	ok "with room made it goes on" convert "me@there:$work/small/web1" --resume
	ok "files are those of the source" same_files "$work/small/web1/disk0.vhd"
	umount "$work/small"
else
	skip "a full disk at the other end" "no tmpfs can be mounted"
fi

# Cut after many numbers of bytes, at the head of a message and within: no machine, a word, and it goes on.
cuts=0 wrong=0
for bytes in 0 1 47 48 100 200 300 1000 5000 100000 1000001 2000000 3000000 3999999; do
	make_ssh "$work/cut" "$cut $bytes"
	status=0
	convert "me@there:$vms/cut" --resume --ssh "$work/cut" >"$work/out" 2>"$work/err" || status=$?
	cuts=$((cuts + 1))
	if [ -e "$vms/cut" ] || [ "$status" -ne 8 ] || ! grep -q nacre: "$work/err"; then
		wrong=$((wrong + 1))
		tap_note "$work/err"
		echo "# $bytes bytes: exit status $status"
	fi
done
is "$wrong" 0 "a connection that is cut, at $cuts places, is an error in words, and leaves no machine"
ok "then it goes on" "$nacre" convert "$disk" "me@there:$vms/cut" --no-check --json --resume -q
ok "with what was not there yet: $(jq .sent "$work/out") bytes of $(jq .used "$work/out")" \
	test "$(jq .sent "$work/out")" -lt $(($(jq .used "$work/out") * 7 / 10))
ok "files are those of the source" same_files "$vms/cut/disk0.vhd"

# Who reads the connection is confined by then.
"$nacre" convert "$disk" "me@there:$vms/seen" --no-check -q --bwlimit 2M >/dev/null 2>&1 &
pid=$!
sleep 1
confined=0
for far in $(pgrep -f "receive --root $vms\$"); do
	grep -q '^Seccomp:.*2' "/proc/$far/status" && grep -q '^NoNewPrivs:.*1' "/proc/$far/status" && confined=$((confined + 1))
done
is "$confined" 1 "of the two processes at the far end the one that reads is confined"
kill $pid
wait $pid 2>/dev/null
sleep 1

# Killed at random, either side, again and again; the limit makes it slow enough to be met in the middle.
for side in near far; do
	met=0
	for _ in 1 2 3 4; do
		"$nacre" convert "$disk" "me@there:$vms/killed-$side" --no-check --resume --bwlimit 1M >/dev/null 2>&1 &
		pid=$!
		sleep "0.$((RANDOM % 6 + 2))"
		if [ $side = near ]; then
			kill -9 $pid 2>/dev/null && met=$((met + 1))
		else
			far=$(pgrep -f "receive --root $vms\$" | head -n 1)
			if kill -9 "$far" 2>/dev/null; then
				met=$((met + 1))
			else # a busy computer has not come so far: another time
				kill -9 $pid 2>/dev/null
			fi
		fi
		wait $pid 2>/dev/null
		[ ! -e "$vms/killed-$side" ] || break
	done
	ok "killed $met times at its $side end there is no machine" test ! -e "$vms/killed-$side" -a "$met" -gt 0
	for _ in 1 2 3 4 5 6 7 8 9 10; do # the far end needs a moment to notice
		pgrep -f "receive --root $vms\$" >/dev/null || break
		sleep 0.3
	done
	ok "nobody is left at the far end" test -z "$(pgrep -f "receive --root $vms\$")"
	printf 'changed meanwhile' | dd of="$disk" bs=1 seek=300 conv=notrunc status=none
	ok "it goes on" convert "me@there:$vms/killed-$side" --resume
	ok "files are those of the source" same_files "$vms/killed-$side/disk0.vhd"
	is "$(qemu-img convert -f vpc -O raw "$vms/killed-$side/disk0.vhd" "$work/x.img" && dd if="$work/x.img" bs=1 skip=300 count=17 status=none | tr -d '\0')" \
		"changed meanwhile" "and what changed at the source meanwhile is the new"
done
finish
