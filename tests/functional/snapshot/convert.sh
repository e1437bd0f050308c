#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# convert.sh NACRE WRITER - a disk in use becomes a virtual machine, while a program writes to it
#
# Mounts of its own, but no process ids of its own: the watchdog of a conversion outlives a test that is killed.
if [ -z "${own_mounts:-}" ] && unshare -m true 2>/dev/null; then
	own_mounts=yes exec unshare -m bash "$0" "$@"
fi
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/place.sh"
nacre=$1 writer=$2
requires_root
requires_program mke2fs sfdisk losetup addpart e2fsck qemu-img jq dumpe2fs ps ionice

make_place 192
tree=$work/tree
mkdir "$work/hooks"

start_writer "$on" 10000000

ok "a plan can be told while it is in use" "$nacre" convert "$on" --plan
said "$on" "it is a disk in use" # the plan names where it is mounted
fails 2 "a copy cannot lie on what is copied" "$nacre" convert "$on" "$on/web1" --no-check --no-hooks
fails 7 "its file is not read behind its back" "$nacre" convert "$disk" "$out/none" --no-check

# A hook notes what was promised before the instant.
cat >"$work/hooks/10-note" <<-END
	#!/bin/sh
	[ "\$1" = freeze ] && tail -n 1 "$on/journal" >"$work/promised"
	echo "\$1" >>"$work/called"
END
chmod 755 "$work/hooks/10-note"
ok "a mounted disk is converted while a program writes to it" \
	"$nacre" convert "$on" "$out/web1" --no-check --json --hooks "$work/hooks" --require application --max-freeze 20000
cp "$work/out" "$work/json"
tap_note "$work/json"
cp "$work/err" "$work/events"
is "$(jq -rR 'fromjson | .event' "$work/events" | sort -u | tr '\n' ' ')" "fix progress round stage " "progress is a JSON object a line"
ok "rounds are numbered, and tell what they have to do" jq -es 'map(select(.event == "round"))
	| ([.[].number] == [range(length)]) and length > 1 and .[0].bytes > 9000000' "$work/events"
ok "and what is written meanwhile" jq -es 'map(select(.event == "progress")) | length > 0 and all(has("dirty") and has("round"))' "$work/events"
ok "the program still runs" kill -0 $writing
is "$(tr '\n' ' ' <"$work/called")" "freeze thaw " "the hook was called, with freeze and with thaw"
is "$(jq -r '.volumes[0].consistency' "$work/json")" application "the volume is application-consistent"
is "$(jq -r '.volumes[0].mount' "$work/json")" "$on" "the volume is named"
ok "milliseconds frozen are told" test "$(jq .frozen_us "$work/json")" -gt 0
ok "bytes are told" test "$(jq .written "$work/json")" -gt 9000000
ok "not more is sent than what is in use and what was written" test "$(jq .written "$work/json")" -lt 160000000
qemu-img convert -f vpc -O raw "$out/web1/disk0.vhd" "$out/copy.img"
ok "the copy's journal is empty" sh -c "! dumpe2fs -h '$out/copy.img?offset=1048576' 2>/dev/null | grep -q needs_recovery"
ok "the copy mounts" mount_copy web1 192
ok "what nobody wrote to is the same" cmp "$tree/var/data" "$work/copied/var/data"
ok "all that was promised before the instant is there" \
	awk -v want="$(cat "$work/promised")" '$1 != NR {exit 1} END {exit NR < want}' "$work/copied/journal"
is "$(cut -d= -f1 "$work/copied/etc/fstab" | head -n 1)" UUID "and it is mended"
umount "$work/copied"
ok "mounted once, its file system is clean" e2fsck -fn "$out/copy.img?offset=1048576"
ok "the report tells of the freeze" grep -q Frozen "$out/web1/report.html"
ok "the source is as writable as before" touch "$on/still-there"

fails 1 "a level that cannot be reached is an error" \
	"$nacre" convert "$loop" "$out/web2" --no-check --no-hooks --require application
said "--require asks for more" "which is said"
ok "and nothing is left of it" test ! -e "$out/web2" -a ! -e "$out/web2.partial"
printf '#!/bin/sh\nexit 4\n' >"$work/hooks/20-fails"
chmod 755 "$work/hooks/20-fails"
ok "a hook that fails" "$nacre" convert "$loop" "$out/web3" --no-check --hooks "$work/hooks"
said "file system-consistent: frozen; the hook 20-fails failed" "costs its level"
fails 1 "or ends it, where a level is asked for" \
	"$nacre" convert "$loop" "$out/web4" --no-check --hooks "$work/hooks" --require application
said "20-fails: ended with status 4" "which names the hook"
is "$(tail -n 1 "$work/called")" thaw "the others are told to thaw all the same"

# At low priority, but not while the program is held.
cat >"$work/hooks/20-fails" <<-END
	#!/bin/sh
	[ "\$1" != freeze ] || ps -o ni= -L -p \$PPID | sort -nu >"$work/nice-held"
END
"$nacre" convert "$loop" "$out/nice" --no-check --hooks "$work/hooks" --nice --bwlimit 25M --max-freeze 20000 >/dev/null 2>&1 &
pid=$!
until [ "$(find "/proc/$pid/task" -maxdepth 1 -mindepth 1 2>/dev/null | wc -l)" -gt 4 ] || ! kill -0 $pid 2>/dev/null; do sleep 0.01; done
is "$(ps -o ni= -L -p $pid | sort -nu | tr -d ' \n')" 19 "with --nice all threads are at the lowest priority"
is "$(ionice -p $pid)" "best-effort: prio 7" "for the disk as well"
ok "it comes to its end" wait $pid
is "$(tr -d ' \n' <"$work/nice-held")" "$(ps -o ni= -p $$ | tr -d ' \n')" "while a program is held they are at the one of before"

# To another computer, as far as the instructions know.
tail -n 1 "$on/journal" >"$work/first"
cat >"$work/ssh" <<-END
	#!/bin/bash
	shift # the host
	tr -d "'" <<<"\${1#nacre }" >"$work/far"
	PATH=$(dirname "$(realpath "$nacre")"):\$PATH
	exec bash -c "\$*"
END
chmod 755 "$work/ssh"
ok "it is converted to another computer" "$nacre" convert "$loop" "me@there:$out/far1" --ssh "$work/ssh" --no-check --no-hooks --nice
is "$(cat "$work/far")" "receive --root $out --nice" "which is told to be at low priority, too"
said "file system-consistent: frozen" "with an instant of its own"
ok "that copy mounts" mount_copy far1 192
ok "and has all that was promised before" \
	awk -v want="$(cat "$work/first")" '$1 != NR {exit 1} END {exit NR < want}' "$work/copied/journal"
umount "$work/copied"
ok "its file system is clean" e2fsck -fn "$out/copy.img?offset=1048576"

tail -n 1 "$on/journal" >"$work/first"
ok "or with the fix-ups made here, of what was copied" \
	"$nacre" convert "$loop" "me@there:$out/far2" --ssh "$work/ssh" --no-check --no-hooks --fix-at source
ok "that copy mounts" mount_copy far2 192
ok "and has all that was promised before" \
	awk -v want="$(cat "$work/first")" '$1 != NR {exit 1} END {exit NR < want}' "$work/copied/journal"
is "$(cut -d= -f1 "$work/copied/etc/fstab" | head -n 1)" UUID "and it is mended"
umount "$work/copied"
ok "its file system is clean" e2fsck -fn "$out/copy.img?offset=1048576"
ok "and what was fixed can be taken back" "$nacre" repair --undo "$out/far2/disk0.vhd"

# What is there is read again at both ends; the writer has changed some of it by then.
ok "it is compared while the program writes" \
	"$nacre" convert "$loop" "$out/compared" --no-check --no-hooks --verify --json -q
cp "$work/out" "$work/json"
compared=$(jq -s 'last|.verified' "$work/json") since=$(jq -s 'last|.written_since' "$work/json")
ok "nearly all of it: $compared bytes, and $since that were written to since" \
	test "$compared" -gt 12000000 -a $((compared + since)) -gt "$(jq -s 'last|.used * 98 / 100 | floor' "$work/json")"
rm -rf "$out/compared"
mkdir "$work/rots"
cat >"$work/rots/10-rot" <<-END
	#!/bin/sh
	[ "\$1" = thaw ] || exit 0
	copy=$out/rotten.partial/disk0.vhd.partial
	at=\$(grep -obUa 'this does not rot' "\$copy" | head -n 1 | cut -d: -f1)
	printf 'this does not ROT' | dd of="\$copy" bs=1 seek="\$at" conv=notrunc 2>/dev/null
END
chmod 755 "$work/rots/10-rot"
yes 'this does not rot' | head -c 40000 >"$on/var/sound"
sync "$on/var/sound"
fails 1 "a copy that rots meanwhile is found out" \
	"$nacre" convert "$loop" "$out/rotten" --no-check --hooks "$work/rots" --verify
said " from the source" "and said"
ok "it is not kept" test ! -e "$out/rotten" -a ! -e "$out/rotten.partial"
rm "$on/var/sound"

# The writer in a control group of its own stops for the instant, and goes on.
root=/sys/fs/cgroup
[ -e $root/cgroup.controllers ] || root=/sys/fs/cgroup/unified
group=$root/nacre-test-$$
if mkdir "$group" 2>/dev/null; then
	at_exit "sleep 0.1; rmdir '$group'"
	echo $writing >"$group/cgroup.procs"
	ok "a program without a hook is stopped" \
		"$nacre" convert "$loop" "$out/web5" --no-check --no-hooks --stop-cgroup "$group"
	said "frozen, after the named programs had stopped" "which is said"
	before=$(tail -n 1 "$on/journal")
	sleep 0.3
	ok "and goes on" test "$(tail -n 1 "$on/journal")" -gt "$before"
	# shellcheck disable=SC2016 # the inner shell's
	fails 2 "who would stop itself is told" sh -c 'echo $$ >"$1/cgroup.procs" && exec "$2" convert "$3" "$4" --no-check --stop-cgroup "$1"' \
		- "$group" "$nacre" "$loop" "$out/web6"
	said "this program itself" "why"
else
	skip "a program without a hook is stopped" "there is no control group file system of version 2"
fi
fails 5 "a unit that does not run" "$nacre" convert "$loop" "$out/web4" --no-check --stop-unit no-such-unit
fails 7 "a directory that is no control group" "$nacre" convert "$loop" "$out/web4" --no-check --stop-cgroup "$work"

stop_writer
tap_note <<<"the longest write took $(tail -n 1 "$work/longest") ms"
finish
