#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# cutover.sh NACRE WRITER - the last time: a service stops for good, and its copy has all that it ever wrote
#
# There is no systemd here: a systemctl of the test's own ends, or starts, what is in the unit's control group. Mounts of its
# own, but no process ids of its own: as convert.sh.
if [ -z "${own_mounts:-}" ] && unshare -m true 2>/dev/null; then
	own_mounts=yes exec unshare -m bash "$0" "$@"
fi
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/place.sh"
nacre=$(realpath "$1") writer=$(realpath "$2") bpf=/sys/fs/bpf
requires_root
requires_program mke2fs sfdisk losetup addpart e2fsck qemu-img jq
root=/sys/fs/cgroup
[ -e $root/cgroup.controllers ] || root=/sys/fs/cgroup/unified
unit=nacre-test-$$ group=$root/nacre-test-$$.service
mkdir "$group" 2>/dev/null || skip_all "there is no control group file system of version 2"
at_exit "sleep 0.2; rmdir '$group'"
umount "$bpf" 2>/dev/null
mount -t bpf bpf "$bpf" 2>/dev/null || skip_all "no BPF file system can be mounted"
at_exit "umount -l '$bpf'"
make_place 128

# The unit: start makes one line of life longer in the log, stop waits until the group is empty.
mkdir "$work/bin"
cat >"$work/bin/systemctl" <<-END
	#!/bin/bash
	echo "\$1 \$3" >>"$work/systemd"
	[ ! -e "$work/broken" ] || exit 5
	case \$1 in
	stop)
		[ ! -e "$work/slow" ] || sleep 3
		xargs -r kill <"$group/cgroup.procs"
		while grep -q . "$group/cgroup.procs"; do sleep 0.02; done ;;
	start)
		mkfifo "$work/input" 2>/dev/null
		(echo \$BASHPID >"$group/cgroup.procs"
		exec 9<>"$work/input"
		"$writer" "$on" 4000000 <&9 >"$work/longest") >/dev/null 2>&1 & # ends with its parent
		until grep -qs writing "$work/longest"; do sleep 0.05; done ;;
	esac
END
chmod 755 "$work/bin/systemctl"
PATH=$work/bin:$PATH
at_exit "xargs -r kill <'$group/cgroup.procs'"
start() { rm -f "$work/longest"; systemctl start -- "$unit"; : >"$work/systemd"; }
works() { grep -q . "$group/cgroup.procs"; }
started_again() # within a moment, by whoever waits for that
{
	for _ in $(seq 100); do
		if grep -q "start $unit" "$work/systemd" && works; then
			: >"$work/systemd"
			return 0
		fi
		sleep 0.1
	done
	return 1
}
options=(--no-hooks --json -q --max-freeze 20000)
told() { jq -rs "last | $1" "$work/json"; }

start
ok "a machine is made while the service works" "$nacre" convert "$loop" "$out/web1" --again "${options[@]}" --no-check
fails 5 "a unit that does not run" "$nacre" convert "$loop" "$out/web1" --cutover --stop-unit no-such-unit "${options[@]}" --no-check
ok "nothing happened" works

# What goes wrong after the stop.
touch "$work/broken"
fails 1 "a service that cannot be stopped ends it" \
	"$nacre" convert "$loop" "$out/web1" --cutover --stop-unit "$unit" "${options[@]}" --no-check
rm "$work/broken"
said "cannot be stopped" "with the reason"
ok "it works on" works
is "$(tr '\n' ' ' <"$work/systemd")" "stop $unit start $unit " "and was told to, in case it had stopped in part"
: >"$work/systemd"
rm -f "$work/longest"
fails 1 "a copy that is not good enough ends it" \
	"$nacre" convert "$loop" "$out/web1" --cutover --stop-unit "$unit" "${options[@]}" --no-check --require application
said "started again" "it is said what becomes of the service"
ok "it is started again" started_again
touch "$work/slow"
rm -f "$work/longest"
"$nacre" convert "$loop" "$out/web1" --cutover --stop-unit "$unit" "${options[@]}" --no-check >/dev/null 2>&1 &
pid=$!
until grep -q stop "$work/systemd"; do sleep 0.05; done
kill -9 $pid
wait $pid 2>/dev/null
ok "nacre is killed when the service has stopped: it is started again" started_again
rm "$work/slow"
ok "the machine is not there half" test ! -e "$out/web1" -a -e "$out/web1.partial"

rm -f "$work/longest"
if command -v qemu-system-x86_64 >/dev/null; then
	fails 1 "a machine that does not come up" \
		"$nacre" convert "$loop" "$out/web1" --cutover --stop-unit "$unit" "${options[@]}" --timeout 4
	cp "$work/out" "$work/json"
	is "$(told .started_again)" true "is no reason to leave the service stopped"
	ok "it works again" started_again
	ok "and changes are tracked on" sh -c "'$nacre' tracking | grep -q web1"
else
	skip "a machine that does not come up" "qemu-system-x86_64 is not installed"
fi

rm -f "$work/longest"
ok "at last all goes well" \
	"$nacre" convert "$loop" "$out/web1" --again --cutover --stop-unit "$unit" "${options[@]}" --no-check
cp "$work/out" "$work/json"
is "$(tr '\n' ' ' <"$work/systemd")" "stop $unit " "the service was stopped"
ok "and is so still" sh -c "! grep . '$group/cgroup.procs'"
is "$(told '.stopped | join(" ")')" "$unit" "which is told"
ok "with the downtime: $(told .downtime_ms) ms" test "$(told .downtime_ms)" -gt 0
is "$(told .tracked)" true "only what changed was copied"
is "$("$nacre" tracking)" "no disk is tracked" "nothing is tracked any more"
ok "nothing is kept for another time" sh -c "! ls '$out/web1' | grep -E 'blocks|before'"
mount_copy web1 128
ok "the copy has all that the service ever wrote" cmp "$on/journal" "$work/copied/journal"
ok "and the rest" diff -r -x fstab -x lost+found "$on" "$work/copied"
umount "$work/copied"
ok "its file system is clean" e2fsck -fn "$out/copy.img?offset=1048576"
fails 6 "another time is not" "$nacre" convert "$loop" "$out/web1" --again "${options[@]}" --no-check

start
ok "once and for all, without a time before" \
	"$nacre" convert "$loop" "$out/web2" --cutover --stop-unit "$unit" --no-hooks -q --no-check
said "stopped, and left so: $unit" "it is told"
is "$("$nacre" tracking)" "no disk is tracked" "and nothing is left"
truncate -s 16M "$work/quiet.img"
fails 2 "of a disk that nobody uses nothing is to be stopped" \
	"$nacre" convert "$work/quiet.img" "$out/quiet" --cutover --stop-unit "$unit" --no-check
finish
