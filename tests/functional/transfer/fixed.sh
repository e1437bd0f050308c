#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# fixed.sh NACRE - the fix-ups of a conversion to another computer are made at the source
#
# The far end has a nacre without virtual processes and drivers: it could not make them.
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/../../ssh.sh"
nacre=$(realpath "$1")
requires_program mke2fs sfdisk mkswap qemu-img debugfs e2fsck jq cmp
. "$(dirname "$0")/common.sh"
vms=$work/vms
make_machine
make_ssh "$work/ssh"
mkdir -p "$work/bare/bin"
cp "$nacre" "$work/bare/bin/nacre"
cat >"$work/bare-ssh" <<-END
	#!/bin/bash
	shift # the host
	PATH=$work/bare/bin:\$PATH
	exec bash -c "\$*"
END
chmod +x "$work/bare-ssh"

convert() { "$nacre" convert "$disk" "$@" --no-check -q; }
raw() { qemu-img convert -f vpc -O raw "$vms/$1/disk0.vhd" "$work/$1.img"; }
# What is different each time: times of change, and what an inode's checksum makes of them.
list() { debugfs -R "rdump / $work/$1.files" "$work/$1.img?offset=1048576" 2>/dev/null; }

cp --sparse=always "$disk" "$work/original.img"
fails 7 "a far end without drivers cannot fix" convert "me@there:$vms/none" --ssh "$work/bare-ssh"
mkdir "$work/tmp"
export TMPDIR=$work/tmp # others have theirs
ok "but it receives what is fixed at the source" \
	"$nacre" convert "$disk" "me@there:$vms/here" --ssh "$work/bare-ssh" --no-check --fix-at source --json
cp "$work/out" "$work/json"
said "fstab" "which says what it fixes"
ok "the source is as it was" cmp "$disk" "$work/original.img"
ok "nothing is left in the directory for temporary files" \
	test -z "$(ls "$work/tmp")"
ok "files are those of the source, and fixed" same_files "$vms/here/disk0.vhd"
ok "the same, fixed at the far end" convert "me@there:$vms/there" --ssh "$work/ssh"
for name in here there; do raw $name && mkdir "$work/$name.files" && list $name; done
ok "gives the same files" diff -r "$work/here.files" "$work/there.files"
for what in .changes .source .machine.disk; do
	is "$(jq -S "del(.. | .uuid?, .name?)|$what" "$vms/here/nacre.json")" \
		"$(jq -S "del(.. | .uuid?, .name?)|$what" "$vms/there/nacre.json")" "the record's $what is the same"
done
is "$(jq .changes "$work/json")" "$(jq '.changes | length' "$vms/here/nacre.json")" "as many changes are told as are in the record"
is "$(grep -c 'class="change"' "$vms/here/report.html")" "$(grep -c 'class="change"' "$vms/there/report.html")" \
	"the report has as many"
ok "with what was before and after" grep -q 'class="come".*UUID=' "$vms/here/report.html"
ok "the journal is the same, but for times" \
	cmp <(sed 's/ [0-9]*\.\?[0-9]* \([0-9]*\) \([0-9]*\) [0-9a-f]\{16\} / \1 \2 /' "$vms/here/disk0.vhd.undo/journal") \
	<(sed 's/ [0-9]*\.\?[0-9]* \([0-9]*\) \([0-9]*\) [0-9a-f]\{16\} / \1 \2 /' "$vms/there/disk0.vhd.undo/journal")
ok "nothing is left to be fixed" "$nacre" repair "$vms/here/disk0.vhd" --plan
ok "it can be taken back" "$nacre" repair --undo "$vms/here/disk0.vhd"
raw here
is "$(debugfs -R 'cat /etc/fstab' "$work/here.img?offset=1048576" 2>/dev/null)" "$(cat "$tree/etc/fstab")" "to what it was"

ok "onto a larger disk, which the last partition takes" convert "me@there:$vms/large" --ssh "$work/bare-ssh" \
	--fix-at source --size 200M --grow-last
is "$(qemu-img info --output=json -f vpc "$vms/large/disk0.vhd" | jq '."virtual-size"')" $((200 << 20)) "it has that size"
ok "and its growth is in the record" jq -e '.copied.notes[] | select(.name == "Last partition")' "$vms/large/nacre.json"
ok "files are those of the source" same_files "$vms/large/disk0.vhd"
ok "to a directory here it makes no difference" convert "$work/local" --fix-at source
ok "files are those of the source" same_files "$work/local/disk0.vhd"
finish
