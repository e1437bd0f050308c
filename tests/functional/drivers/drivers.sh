# SPDX-License-Identifier: BSD-2-Clause
# drivers.sh - a driver on an image: FILE.sh DRIVE DRIVER.so
# shellcheck shell=bash disable=SC2034,SC2154 # $work, and what the tests use
drive=$1 driver=$2

on() # IMAGE COMMAND...
{
	on_image=$1
	shift
	"$drive" "$driver" "$on_image" r "$@"
}

write_on() # IMAGE COMMAND...
{
	on_image=$1
	shift
	"$drive" "$driver" "$on_image" w "$@"
}

# Bytes that the map calls used.
used_of()
{
	on "$1" used | sed -n 's/^used=\([0-9]*\) .*/\1/p'
}
