#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# read.sh - every kind of ext is read as it is: used space, names, kinds, contents, links, attributes
. "$(dirname "$0")/common.sh"

tree=$work/tree
mkdir -p "$tree/deep/er/est" "$tree/many"
head -c 3000000 /dev/urandom >"$tree/deep/large"
printf 'small' >"$tree/deep/er/small"
: >"$tree/empty"
printf 'x' >"$tree/a name with  blanks"
truncate -s 5000000 "$tree/sparse"
printf 'end' >>"$tree/sparse"
ln -s small "$tree/deep/er/fast"
ln -s "$(head -c 200 /dev/zero | tr '\0' y)" "$tree/slow"
i=0
while [ $i -lt 400 ]; do
	: >"$tree/many/a file with quite a long name, number $i"
	i=$((i + 1))
done
touch -d '1999-12-31 23:59:59' "$tree/deep/er/small"
touch -d '2040-01-01 00:00:00' "$tree/deep/large"
chmod 4751 "$tree/deep/large"

# The free blocks that dumpe2fs lists (of clusters the first), one a line, against what is not in the map.
free_of_map()
{
	vol r map | awk -v bs="$1" -v blocks="$2" '
		{ for (b = $1 / bs; b < ($1 + $2) / bs; b++) used[b] = 1; if ($1 < last) print "out of order"; last = $1 }
		END { for (b = 0; b < blocks; b++) if (!(b in used)) print b }'
}

free_of_dumpe2fs()
{
	dumpe2fs "$image" 2>/dev/null | sed -n 's/^  Free blocks: //p' | tr -d ' ' | tr , '\n' |
		awk -F- -v ratio="$1" 'NF { for (b = $1; b < (NF > 1 ? $2 : $1) + ratio; b++) print b }'
}

check()
{
	bs=$(dumpe2fs -h "$image" 2>/dev/null | sed -n 's/^Block size: *//p')
	blocks=$(dumpe2fs -h "$image" 2>/dev/null | sed -n 's/^Block count: *//p')
	free_of_map "$bs" "$blocks" >"$work/got"
	ratio=1
	[ "$1" != bigalloc ] || ratio=4
	free_of_dumpe2fs $ratio >"$work/want"
	ok "$1: what is free is what is not in the map" cmp "$work/got" "$work/want"
	(cd "$tree" && find . -mindepth 1 | sed 's/^\.//'; echo /lost+found) | sort >"$work/want"
	vol r tree / | sort >"$work/got"
	ok "$1: every name is there" cmp "$work/got" "$work/want"
	vol r cat /deep/large , cat /deep/er/small , cat /empty , cat '/a name with  blanks' , cat /sparse >"$work/got"
	cat "$tree/deep/large" "$tree/deep/er/small" "$tree/a name with  blanks" "$tree/sparse" >"$work/want"
	ok "$1: contents are right" cmp "$work/got" "$work/want"
	is "$(vol r link /deep/er/fast , link /slow)" "small
$(readlink "$tree/slow")" "$1: so are links"
	is "$(vol r stat /deep/large | sed 's/ mtime.*//') $(vol r stat /deep/er/small | sed 's/.*mtime/mtime/')" \
		"mode=104751 uid=0 gid=0 links=1 size=3000000 mtime=946684799 dev=0:0" "$1: so are modes and times"
	marks='value of it
(none)
system_u:object_r:etc_t:s0'
	[ "$1" != ext2-old ] || marks='(none)
(none)
(none)'
	is "$(vol r get /empty user.mark , get /empty user.none , get /empty security.selinux)" "$marks" \
		"$1: so are attributes"
}

echo "$kinds" | while IFS='|' read -r name options size; do
	printf '%s|%s|%s\n' "$name" "$options" "$size"
done >"$work/kinds"
while IFS='|' read -r name options size <&3; do
	rm -f "$image"
	truncate -s "$size" "$image"
	# shellcheck disable=SC2086 # words
	mke2fs -q -F -L "the label" -U 01234567-89ab-cdef-0123-456789abcdef $options -d "$tree" "$image" 2>/dev/null
	debugfs -w -R 'ea_set /empty user.mark "value of it"' "$image" 2>/dev/null
	debugfs -w -R 'ea_set /empty security.selinux system_u:object_r:etc_t:s0' "$image" 2>/dev/null
	check "$name"
done 3<"$work/kinds"

is "$(vol r info | cut -d' ' -f1-3)" "ext4 label=the label" "type and label are told"
vol r info >"$work/out"
said 'uuid=01234567-89ab-cdef-0123-456789abcdef' "and the UUID"
said "free=$(($(dumpe2fs -h "$image" 2>/dev/null | sed -n 's/^Free blocks: *//p') * 4096))" "and how much is free"
fails 1 "a link is not followed on the way" vol r stat /deep/er/fast/x
said 'ENOTDIR' "that is said"
fails 1 "what is not there is an error" vol r cat /nowhere
said 'error 5 ENOENT' "with its number"
fails 1 "a directory is not read as a file" vol r cat /deep
said 'EISDIR' "that is said"
is "$(vol r stat /deep/../empty | cut -d' ' -f1)" "mode=100644" "'..' is a name as any other"
rm -f "$image"
truncate -s 16M "$image"
echo 5000 >"$work/bad"
mke2fs -q -t ext4 -b 1024 -l "$work/bad" "$image"
is "$(vol r map | grep ' 4$')" "5120000 1024 4" "bad blocks are told from used ones"
finish
