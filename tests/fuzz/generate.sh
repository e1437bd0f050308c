#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# generate.sh - the sources of a pair: NACRE OVERLAY DIRECTORY PROXY STUB
set -eu
mkdir -p "$3"
"$1" wrap --no-build "$2" -o "$3" >/dev/null
cp "$3/proxy.c" "$4"
cp "$3/stub.c" "$5"
