#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# users.sh - however a process comes to libz, it is the proxy
. "$(dirname "$0")/../../functions.sh"
. "$(dirname "$0")/zlib.sh"

ok "zlib can be registered" register_zlib
proxy=$NACRE_REGISTRY/data/zlib/libz.so.1
"$users" "$plugin" "$libz" >"$work/direct" 2>&1
ok "directly the library itself is mapped" grep -qxF "mapped: $(readlink -f "$libz")" "$work/direct"
cat >"$work/wanted" <<-END
	called: 9fa558d 9fa558d
	linked: $proxy, 9fa558d
	linked plug-in: $proxy, 9fa558d
	dlopen by name: $proxy, 9fa558d
	dlopen by path: $proxy, 9fa558d
	dlsym of all: $proxy, 9fa558d
	mapped: $proxy
END
in_host "$users" "$plugin" "$libz" >"$work/proxied" 2>&1
ok "linked, in a plug-in, opened by name or by path: all reach the proxy, and nothing else is mapped" \
	diff -u "$work/wanted" "$work/proxied"
ok "the runtime had nothing to say" test ! -s "$work/log"
finish
