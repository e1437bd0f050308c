#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# cut.py BYTES [FILE SIZE] - pass on so many bytes at once as they come; then end, or fill FILE and pass on the rest
import os
import sys

left = int(sys.argv[1])
fill = sys.argv[2:]
while True:
    data = os.read(0, min(left, 65536) if left else 0)
    if not data and left:
        break
    left -= len(data)
    while data:
        data = data[os.write(1, data):]
    if left:
        continue
    if not fill:
        break
    try:
        with open(fill[0], "wb", 0) as f:
            f.write(b"x" * int(fill[1]))
    except OSError:
        pass
    fill = []
    left = 1 << 62
