# SPDX-License-Identifier: BSD-2-Clause
# own_mounts.sh - sourced first, it runs the test with mounts of its own where it may
#
# Nobody else keeps those mounted (a virtual process that starts meanwhile has a copy of all mounts), and
# they are gone with the test, however it ends.
# shellcheck shell=bash
if [ -z "${own_mounts:-}" ] && unshare -m -p -f --mount-proc true 2>/dev/null; then
	own_mounts=yes exec unshare -m -p -f --mount-proc --kill-child bash "$0" "$@"
fi
