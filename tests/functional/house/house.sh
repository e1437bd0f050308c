#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# house.sh - layers, sizes and licence lines of the source tree
. "$(dirname "$0")/../../functions.sh"
cd "$1" || exit 99

# Each room, and the rooms that it may include from (besides itself and include/nacre).
declare -A may=(
	[base]="" [os]="base"
	[extension/channel]="base os"
	[extension/registry]="base os"
	[extension/confine]="base os"
	[extension/vproc]="base os extension/channel extension/registry extension/confine extension/stub"
	[extension/proxy]="base os extension/channel extension/registry extension/vproc"
	[extension/stub]="base os extension/channel extension/registry"
	[extension/redirect]="base os extension/registry"
	[extension/overlay]="base os"
	[extension/wrap]="base os extension/overlay"
	[disk]="base os" [disk/attach]="base os disk"
	[machine]="base os disk" [machine/qemu]="base os disk machine"
	[fs]="base os disk disk/attach extension/registry fs/kernel" [fs/kernel]="base os"
	[fs/driver]="base" [fs/ext]="base fs" [fs/swap]="base fs"
	[fs/fat]="base fs/driver" [fs/xfs]="base fs/driver" [fs/btrfs]="base fs/driver" [fs/ntfs]="base fs/driver"
	[conversion]="base os disk fs machine machine/qemu conversion/inventory conversion/fixup conversion/snapshot
		conversion/transfer"
	[conversion/snapshot]="base os disk"
	[conversion/transfer]="base os disk fs machine machine/qemu conversion/inventory conversion/fixup"
	[conversion/inventory]="base os disk fs"
	[conversion/fixup]="base os disk fs conversion/inventory"
	[conversion/fixup/linux]="base os disk fs conversion/inventory conversion/fixup"
	[cli]="base os extension/registry extension/confine extension/wrap extension/overlay extension/redirect
		disk disk/attach fs machine machine/qemu conversion conversion/inventory conversion/fixup conversion/snapshot conversion/transfer"
)

wrong_includes()
{
	local room file inc target
	for room in "${!may[@]}"; do
		for file in src/"$room"/*.[ch]; do
			[ -e "$file" ] || continue
			while read -r inc; do
				case $inc in
				config.h | nacre/*) continue ;;
				*/*) target=${inc%/*} ;;
				*) continue ;; # beside the file
				esac
				case " $room ${may[$room]//[[:space:]]/ } " in
				*" $target "*) ;;
				*) echo "$file includes $inc" ;;
				esac
			done < <(sed -n 's/^#include "\(.*\)"/\1/p' "$file")
		done
	done
}

rooms_without_rule()
{
	find src -name '*.c' -printf '%h\n' | sort -u | sed 's|^src/||' | while read -r room; do
		[ -n "${may[$room]+x}" ] || echo "$room"
	done
}

long_functions()
{
	find src include -name '*.c' -print0 | xargs -0 ctags -x --c-kinds=f --fields=+ne \
		--_xformat='%{input} %N %n %{end}' | awk '$4 - $3 + 1 > 100 {print $1, $2, $4 - $3 + 1}'
}

long_files()
{
	find src include tests examples bench -name '*.[ch]' -print0 | xargs -0 wc -l |
		awk '$2 != "total" && $1 > 1000'
}

without_licence()
{
	git ls-files | grep -v '^tests/golden/[^/]*/[a-z]*\.c$' | grep -E '\.(c|h|sh|py|build)$|^Makefile$|^\.ci/run$' | while read -r f; do
		head -n 3 "$f" | grep -q 'SPDX-License-Identifier: BSD-2-Clause' || echo "$f"
	done
}

none() # SENTENCE COMMAND: it prints nothing
{
	"$2" >"$work/found"
	ok "$1" test ! -s "$work/found"
	tap_note "$work/found"
}

# README says what tools/overlay-lines prints, however its lines are broken.
wrong_figure()
{
	local figure
	figure=$(tools/overlay-lines overlays/pkcs11.h) || echo "overlay-lines failed"
	figure=${figure#*: }
	tr '\n' ' ' <README.md | grep -qF "${figure:-?}" || echo "README.md does not say: $figure"
}

wrong_count()
{
	cat >"$work/counted.h" <<-'END'
		/* int f(int comment); */
		#define MACRO(x) \
			nacre(x);
		NACRE_INTERFACE(counted, on_fail(";/*"));
		NACRE_VIEW(v) { struct s { int a nacre(in); }; }

		int f(int a, /* one */
		      // two

		      int *b nacre(in)) MACRO(idempotent);
		static inline int helper(int a) { return g(a); }
		void h(void);
		typedef int not_this(int);
	END
	tools/overlay-lines "$work/counted.h" | cut -d: -f2- |
		grep -vxF ' 3 lines of declarations for 2 functions, 1.5 per function; 9 lines in all'
}

requires_program ctags
none "every room includes only from the layers below it" wrong_includes
none "every room has a rule" rooms_without_rule
none "no function is longer than 100 lines" long_functions
none "no file is longer than 1000 lines" long_files
none "every file says its licence" without_licence
none "README says how many lines the overlay for PKCS#11 has" wrong_figure
none "and they are counted right" wrong_count
finish
