#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# stream.sh NACRE - a disk goes through a pipe as a VHD that is already fixed, and that needs only be saved
. "$(dirname "$0")/../../functions.sh"
nacre=$(realpath "$1")
requires_program mke2fs sfdisk mkswap flock qemu-img debugfs e2fsck jq
. "$(dirname "$0")/common.sh"
make_machine
cp --sparse=always "$disk" "$work/original.img"

# A pipe cannot be gone back in.
stream() { "$nacre" convert "$disk" - -q "$@" | cat >"$work/out.vhd"; test "${PIPESTATUS[0]}" -eq 0; }
ok "a disk is streamed" stream
cp "$work/out.vhd" "$work/web1.vhd"
ok "the source is as it was" cmp "$disk" "$work/original.img"
ok "nothing is left in the directory for temporary files" test -z "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'nacre-undo.*' -newer "$work/original.img")"
mkdir -p "$work/tmp/nacre-undo.killed" "$work/tmp/nacre-undo.inuse"
touch "$work"/tmp/nacre-undo.*/journal
TMPDIR=$work/tmp flock "$work/tmp/nacre-undo.inuse" "$nacre" convert "$disk" - -q >/dev/null 2>&1
is "$(ls "$work/tmp")" nacre-undo.inuse "what killed ones left there is removed, what somebody uses is not"
is "$(qemu-img info --output=json -f vpc "$work/web1.vhd" | jq '."virtual-size"')" $((64 << 20)) "it has the source's size"
ok "files are those of the source, and fixed" same_files "$work/web1.vhd"
ok "nothing is left to be fixed" "$nacre" repair "$work/web1.vhd" -q
said ' 0 changes' "as a repair says"
"$nacre" convert "$disk" "$work/kept" --no-check -q >/dev/null 2>&1
ok "it is no larger than one that is made here" test "$(stat -c %s "$work/web1.vhd")" -le $(($(stat -c %s "$work/kept/disk0.vhd") + 4096))
is "$(cmp -n 512 "$work/web1.vhd" <(tail -c 512 "$work/web1.vhd") && echo same)" same "footer and its copy are the same"
qemu-img convert -f vpc -O raw "$work/web1.vhd" "$work/x.img"
is "$(dd if="$work/x.img" bs=1M skip=61 count=2 status=none | blkid -p -s UUID -o value /dev/stdin 2>/dev/null ||
	{ dd if="$work/x.img" of="$work/s" bs=1M skip=61 count=2 status=none; blkid -p -s UUID -o value "$work/s"; })" \
	11111111-2222-4333-8444-666666666666 "swap is made anew with its UUID"

into_file() { "$nacre" convert "$disk" - -q >"$work/file.vhd"; }
ok "into a file" into_file
ok "files are those of the source, and fixed" same_files "$work/file.vhd" # read, and not spliced
qemu-img convert -O qcow2 "$disk" "$work/disk.qcow2"
from_qcow2() { "$nacre" convert "$work/disk.qcow2" - -q | cat >"$work/other.vhd"; test "${PIPESTATUS[0]}" -eq 0; }
ok "from another format" from_qcow2
ok "files are those of the source, too" same_files "$work/other.vhd"

ok "onto a larger disk, which the last partition takes" stream --size 200M --grow-last
is "$(qemu-img info --output=json -f vpc "$work/out.vhd" | jq '."virtual-size"')" $((200 << 20)) "it has that size"
ok "files are those of the source" same_files "$work/out.vhd"

fails 2 "no other format is streamed" "$nacre" convert "$disk" - --format raw
fails 2 "nothing is resumed" "$nacre" convert "$disk" - --resume
early() { "$nacre" convert "$disk" - -q | head -c 3000000 >/dev/null; return "${PIPESTATUS[0]}"; }
fails 8 "a reader that ends early is an error" early
said "takes no more" "in words"
full() { "$nacre" convert "$disk" - -q >/dev/full; }
fails 4 "a full disk is one" full
truncate -s 8M "$work/empty.img"
nothing() { "$nacre" convert "$work/empty.img" - -q >"$work/none.vhd"; }
fails 7 "a disk with nothing on it" nothing
said "empty.img: no volume with an operating system" "and is named"
ok "gives not a byte" test ! -s "$work/none.vhd"
finish
