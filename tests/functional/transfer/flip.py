#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# flip.py BYTES - pass all on, but for one bit of the byte behind so many
import os
import sys

left = int(sys.argv[1])
while data := os.read(0, 65536):
    if 0 <= left < len(data):
        data = data[:left] + bytes([data[left] ^ 4]) + data[left + 1:]
    left -= len(data)
    while data:
        data = data[os.write(1, data):]
