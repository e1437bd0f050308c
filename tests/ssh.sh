# SPDX-License-Identifier: BSD-2-Clause
# ssh.sh - a connection that stays on this computer; sourced after functions.sh, with the program in $nacre
#
#	make_ssh FILE [BEFORE [AFTER]]: what --ssh calls; its input goes through BEFORE, its output through AFTER
# shellcheck shell=bash

make_ssh()
{
	local far='exec bash -c "$*"'
	[ -z "${3:-}" ] || far="${far#exec } | $3"
	cat >"$1" <<-END
		#!/bin/bash
		shift # the host
		PATH=$(dirname "$(realpath "$nacre")"):\$PATH
		${2:+$2 |} $far
	END
	chmod 755 "$1"
}
