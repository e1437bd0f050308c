#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# write.sh - every kind of ext is written as e2fsprogs would: what is read back by debugfs is what was
# asked for, and e2fsck finds nothing to say
. "$(dirname "$0")/common.sh"

tree=$work/tree
mkdir -p "$tree/etc/old" "$tree/many" "$tree/a/b/c"
head -c 2500000 /dev/urandom >"$tree/etc/initrd"
printf 'UUID=1 / ext4\n' >"$tree/etc/fstab"
printf 'gone' >"$tree/etc/gone"
ln "$tree/etc/gone" "$tree/etc/second"
head -c 3000 /dev/urandom >"$tree/etc/victim"
head -c 100 /dev/urandom >"$tree/tiny"
ln -s "$(head -c 300 /dev/zero | tr '\0' z)" "$tree/etc/slow"
i=0
while [ $i -lt 600 ]; do
	: >"$tree/many/a file with quite a long name, number $i"
	i=$((i + 1))
done
head -c 1500000 /dev/urandom >"$work/first"
head -c 700001 /dev/urandom >"$work/second"
head -c 30 /dev/urandom >"$work/small"
long=$(head -c 200 /dev/zero | tr '\0' l)
label=system_u:object_r:etc_t:s0
large=$(head -c 700 /dev/zero | tr '\0' v)

# 300 new names in one directory.
set --
i=0
while [ $i -lt 300 ]; do
	set -- "$@" , create "/new/$i $long" 100600 0 0
	i=$((i + 1))
done

edit()
{
	vol w create /new 40750 1000 70000 "$@" \
		, create /etc/made 100640 70000 5 , put /etc/made 0 "$work/first" , time /etc/made 2500000000.123456789 \
		, put /etc/initrd 2400000 "$work/second" , put /etc/fstab 14 "$work/small" \
		, truncate /tiny 50 , truncate /tiny 3000000 \
		, create /sparse 100644 0 0 , put /sparse 6000000 "$work/small" , truncate /sparse 6000010 \
		, symlink fstab /etc/fast , owner /etc/fast 70001 7 , symlink "$long" /etc/long , remove /etc/slow \
		, remove /etc/gone , remove /etc/second , remove /etc/old \
		, rename /etc/victim /etc/renamed , rename /a/b /new/b , rename '/many/a file with quite a long name, number 7' /7 \
		, create /etc/over 100644 0 0 , rename /etc/renamed /etc/over , create /new/c 40755 0 0 , rename /new/b/c /new/c \
		, remove '/many/a file with quite a long name, number 9'
}

attributes()
{
	vol w set /etc/made security.selinux "$label" , set /tiny security.selinux "$label" \
		, set /etc/over user.large "$large" , set /etc/over user.large "$label" , set /new user.x 1 \
		, set /etc/fast security.selinux "$label"
}

wanted()
{
	cat <<-END
		/7
		/a
		/etc/fast
		/etc/fstab
		/etc/initrd
		/etc/long
		/etc/made
		/etc/over
		/new/b
		/new/c
		/sparse
		/tiny
	END
}

same() # NAME PATH FILE
{
	dbg "cat $2" >"$work/got"
	ok "$1: $2 has what it should" cmp "$work/got" "$3"
}

check()
{
	ok "$1: e2fsck finds nothing" e2fsck -fn "$image"
	cp "$work/first" "$work/want"
	same "$1" /etc/made "$work/want"
	cp "$tree/etc/initrd" "$work/want"
	dd if="$work/second" of="$work/want" bs=100000 seek=24 conv=notrunc status=none
	same "$1" /etc/initrd "$work/want"
	cat "$tree/etc/fstab" "$work/small" >"$work/want"
	same "$1" /etc/fstab "$work/want"
	head -c 50 "$tree/tiny" >"$work/want"
	truncate -s 3000000 "$work/want"
	same "$1" /tiny "$work/want"
	truncate -s 0 "$work/want"
	truncate -s 6000000 "$work/want"
	head -c 10 "$work/small" >>"$work/want"
	same "$1" /sparse "$work/want"
	same "$1" /etc/over "$tree/etc/victim"
	vol r tree / | grep -vE '^/(many|new)/.*(long name|lll)' | grep -vE '^/(etc|many|new|lost.found)$' | sort >"$work/got"
	wanted >"$work/want"
	ok "$1: the names are those that there should be" cmp "$work/got" "$work/want"
	is "$(dbg 'ls -p /new' | grep -c lll) $(dbg 'ls -p /many' | grep -c number)" "300 598" \
		"$1: so are those in large directories"
	dbg 'stat /etc/made' >"$work/out"
	: >"$work/err"
	said 'Mode:  0640' "$1: a file has its mode"
	said 'User: 70000   Group:     5' "$1: and its owner"
	is "$(vol r stat /etc/made | sed 's/.*mtime=//')" "$2 dev=0:0" "$1: and its time"
	is "$(vol r stat /etc/fast | cut -d' ' -f1-3)" "mode=120777 uid=70001 gid=7" "$1: a link has its owner"
	is "$(vol r link /etc/fast) $(vol r link /etc/long)" "fstab $long" "$1: links lead where they should"
}

while IFS='|' read -r name options size <&3; do
	rm -f "$image"
	truncate -s "$size" "$image"
	# shellcheck disable=SC2086 # words
	mke2fs -q -F $options -d "$tree" "$image" 2>/dev/null
	ok "$name: files are made, changed, moved, removed" edit "$@"
	mtime=2500000000.123456789
	[ "$name" != ext2-old ] || mtime=-1794967296 # its inodes have 32 bits with a sign
	check "$name" $mtime
	if [ "$name" = ext2-old ]; then
		fails 1 "$name: attributes are refused" attributes
	else
		ok "$name: attributes are set" attributes
		ok "$name: e2fsck finds nothing still" e2fsck -fn "$image"
		is "$(dbg 'ea_get /etc/made security.selinux' | tr -d '"' | sed 's/.*= *//') $(dbg 'ea_get /etc/over user.large' | tr -d '"' | sed 's/.*= *//')" \
			"$label $label" "$name: they are there"
		is "$(vol r names /etc/made) $(vol r names /etc/over) $(vol r names /etc/initrd)" \
			"security.selinux user.large " "$name: and listed"
	fi
done 3<<END
$kinds
END
finish
