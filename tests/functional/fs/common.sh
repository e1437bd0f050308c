#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# common.sh - what the tests of volumes share; $drive is fs-drive
#
# The log is a file, so that what is said on the side does not mix with output.
# shellcheck source=tests/functions.sh
. "$(dirname "$0")/../../functions.sh"
export PATH="$PATH:/usr/sbin:/sbin"
requires_program mke2fs debugfs e2fsck dumpe2fs
drive=${FS_DRIVE:?}
image=$work/image
export NACRE_LOG="$work/log" TZ=UTC

# vol r|w COMMANDS: on $image
vol()
{
	vol_how=$1
	shift
	"$drive" "$image" '?' "$vol_how" "$@"
}

# shellcheck disable=SC2034 # of those who read this
# The kinds of ext that there are: a name, mke2fs's options, and the size.
kinds='ext2-1k|-t ext2 -b 1024|24M
ext2-old|-t ext2 -b 4096 -r 0|24M
ext3|-t ext3 -b 4096 -J size=4|32M
ext4-1k|-t ext4 -b 1024 -O ^resize_inode -J size=4|32M
ext4|-t ext4 -b 4096 -O 64bit,metadata_csum -J size=4|64M
ext4-plain|-t ext4 -b 4096 -O ^64bit,^metadata_csum,uninit_bg -J size=4|64M
bigalloc|-t ext4 -b 4096 -O bigalloc -C 16384 -J size=4|64M
inline|-t ext4 -b 4096 -O inline_data -I 256 -J size=4|64M
nojournal|-t ext4 -b 4096 -O ^has_journal|64M
64k-groups|-t ext4 -b 4096 -g 8192 -O metadata_csum,meta_bg,^resize_inode -J size=4|128M'

# What debugfs prints for its commands.
dbg()
{
	debugfs -R "$1" "$image" 2>/dev/null
}
