#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# foreign.sh - qcow2 and VHDX are read through qemu-nbd, which leaves nothing behind
. "$(dirname "$0")/../../functions.sh"
images=$(realpath "$1")
requires_program qemu-img qemu-nbd
cd "$work" || exit 99

truncate -s 9438208 src
"$images" write src 0 300 65
"$images" write src 3000000 150000 66
"$images" write src 9437500 708 67

read_back() # IMAGE
{
	rm -f dump
	"$images" dump "$1" dump && cmp src dump
}

servers()
{
	pgrep -f "qemu-nbd.*$work" | wc -l
}

for kind in qcow2 qcow2:compat=0.10 qcow2:cluster_size=4096 qcow2:compressed vhdx; do
	rm -f img
	options=()
	case $kind in
	*:compressed) options=(-c) ;;
	*:*) options=(-o "${kind#*:}") ;;
	esac
	qemu-img convert -f raw -O "${kind%%:*}" "${options[@]}" src img
	case $kind in # VHDX has whole megabytes
	vhdx) qemu-img convert -f vhdx -O raw img src.big; mv src.big src ;;
	esac
	is "$("$images" info img)" "${kind%%:*} $(stat -c %s src)" "$kind is recognised, with its size"
	ok "it is read byte for byte" read_back img
	rm -f copy
	ok "and copied" "$images" copy img copy vhd
	ok "as it is" qemu-img compare -f raw -F vpc src copy
done
qemu-img convert -f raw -O qcow2 src './a,b=c:d.qcow2'
ok "a name with everything that qemu takes for a syntax is a name" read_back 'a,b=c:d.qcow2'
"$images" data 'a,b=c:d.qcow2' >ranges
is "$(awk '{ n += $2 } END { print (n > 0 && n < 1000000) }' ranges)" 1 "holes are seen as holes"
fails 7 "nothing is written there" "$images" write 'a,b=c:d.qcow2' 0 1 1
rm -f copy
"$images" copy src copy raw >/dev/null
fails 7 "no qcow2 is made" "$images" copy src copy.qcow2 qcow2
said "choose raw or vhd" "and what can be made is said"

qemu-img create -q -f qcow2 -b src -F raw overlay
fails 7 "an image that names another file is not read" "$images" info overlay
said "say that its format is qcow2" "with the way to allow it"
FORMAT=qcow2 ok "which then works" "$images" info overlay
qemu-img create -q -f qcow2 -o data_file=outside overlay2 1M
fails 7 "nor one whose data is in another file" "$images" info overlay2
rm src
FORMAT=qcow2 fails 3 "where the other file is missing, it cannot be opened" "$images" info overlay
said "src" "and the message names it"
{ head -c 8 img; head -c 4096 /dev/urandom; } >nonsense
fails 3 "what only begins like an image is refused" "$images" info nonsense
is "$(servers)" 0 "no qemu-nbd is left"

mkfifo pipe
"$images" dump 'a,b=c:d.qcow2' pipe 2>/dev/null &
reader=$!
for _ in $(seq 100); do
	[ "$(servers)" -gt 0 ] && break
	sleep 0.05
done
{ kill -9 $reader; wait $reader; } 2>/dev/null
for _ in $(seq 100); do
	[ "$(servers)" -gt 0 ] || break
	sleep 0.05
done
is "$(servers)" 0 "nor after its reader was killed"
mkdir empty
PATH=$work/empty fails 5 "where there is no qemu-nbd" "$images" info 'a,b=c:d.qcow2'
said "install qemu-utils" "its package is named"
finish
