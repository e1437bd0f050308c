# SPDX-License-Identifier: BSD-2-Clause
# guests.sh - parts of machines for the fix-up, and what holds for the fix-up of each; sourced after functions.sh
requires_program mke2fs e2fsck debugfs sfdisk cpio mkfs.vfat mcopy mdir modprobe zstd lz4 gzip
# shellcheck source=tests/functional/inventory/disks.sh
. "$(dirname "$0")/../inventory/disks.sh"
# shellcheck source=tests/functional/fixup/trees.sh
. "$(dirname "$0")/trees.sh"
fixup=${FIXUP_RUN:?}
export NACRE_LOG="$work/log"
root=11111111-2222-3333-4444-555555555555 swap=aaaaaaaa-2222-3333-4444-555555555555

# Every file of the ext file system at this sector: mode, owner, time, attributes, content.
facts()
{
	local at=$1 n
	dd if="$disk" of="$work/ext" bs=1M iflag=skip_bytes skip=$((at * 512)) count="$2" conv=sparse status=none
	rm -rf "$work/dump"
	mkdir "$work/dump"
	debugfs -R "rdump / $work/dump" "$work/ext" >/dev/null 2>&1
	(cd "$work/dump" && find . -mindepth 1 -name lost+found -prune -o -printf 'stat "/%P"\n' | sort) >"$work/names"
	debugfs -f "$work/names" "$work/ext" 2>/dev/null | stats | sort
	(cd "$work/dump" && find . -name lost+found -prune -o -type l -printf '%p -> %l\n' -o -printf '%p %m %u %g %TY-%Tm-%Td %TT\n' | sort
		find . -type f -exec sha256sum {} + | sort)
}

check() # NAME MAKE SECTOR MIB
{
	local name=$1 at=$3 size=$4 before
	"$2"
	before=$(sha256sum <"$disk")
	facts "$at" "$size" >"$work/before"
	ok "$name: a plan" "$fixup" "$disk" "$work/undo" plan serial
	grep -v '^time' "$work/out" >"$work/plan"
	is "$(sha256sum <"$disk")" "$before" "$name: changes no byte of the disk"
	ok "$name: apply" "$fixup" "$disk" "$work/undo" apply serial
	cp "$work/out" "$work/applied"
	tap_note "$work/applied"
	grep -v '^time\|^change' "$work/applied" >"$work/said"
	ok "$name: says what the plan said" diff "$work/plan" "$work/said"
	facts "$at" "$size" >"$work/fixed"
	ok "$name: the file system is whole" e2fsck -fn "$work/ext"
	before=$(sha256sum <"$disk")
	ok "$name: apply once more" "$fixup" "$disk" "$work/undo" apply serial
	is "$(grep -c ^change "$work/out")" 0 "$name: changes nothing"
	facts "$at" "$size" >"$work/again"
	ok "$name: nothing at all" diff "$work/fixed" "$work/again"
}

# of one file, without its size and times: from the changed file system, and from before
now_of()
{
	echo "stat \"$1\"" >"$work/names"
	debugfs -f "$work/names" "$work/ext" 2>/dev/null | stats | kept
}

before_of()
{
	grep "^\"$1\" " "$work/before" | kept
}

kept()
{
	grep -v 'time:\|Fast link' | sed 's/Size:.*//' | sort
}

undone() # NAME SECTOR MIB
{
	ok "$1: undo" "$fixup" "$disk" "$work/undo" undo
	facts "$2" "$3" >"$work/after"
	ok "$1: every file is as it was, with owner, mode and time" diff "$work/before" "$work/after"
	ok "$1: and the file system is whole" e2fsck -fn "$work/ext"
	ok "$1: the undo directory is gone" test ! -e "$work/undo"
}

holds() # SENTENCE FILE TEXT
{
	ok "$1" grep -qF -- "$3" "$work/dump/$2"
}
