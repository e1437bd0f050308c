#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""badclus.py IMAGE CLUSTER COUNT - tell an NTFS file system that it has bad clusters, as chkdsk does"""
import struct
import sys


def record(image, boot, number):
    cluster = struct.unpack_from("<H", boot, 11)[0] * boot[13]
    size = 1 << (256 - boot[64]) if boot[64] > 128 else boot[64] * cluster
    at = struct.unpack_from("<Q", boot, 48)[0] * cluster + number * size
    image.seek(at)
    return at, bytearray(image.read(size)), cluster


def find(raw, kind, named):
    at = struct.unpack_from("<H", raw, 20)[0]
    while struct.unpack_from("<I", raw, at)[0] != 0xFFFFFFFF:
        if struct.unpack_from("<I", raw, at)[0] == kind and bool(raw[at + 9]) == named:
            return at
        at += struct.unpack_from("<I", raw, at + 4)[0]
    raise SystemExit("no such attribute")


def main():
    first, count = int(sys.argv[2]), int(sys.argv[3])
    with open(sys.argv[1], "r+b") as image:
        boot = image.read(512)
        at, raw, cluster = record(image, boot, 8)
        bad = find(raw, 0x80, True)
        last = struct.unpack_from("<Q", raw, bad + 24)[0]
        runs = b"\x04" + struct.pack("<I", first)
        runs += b"\x44" + struct.pack("<Ii", count, first)
        runs += b"\x04" + struct.pack("<I", last + 1 - first - count) + b"\0"
        start = struct.unpack_from("<H", raw, bad + 32)[0]
        length = (start + len(runs) + 7) // 8 * 8
        # It is the last attribute: the end mark moves behind it, well before the end of the first sector.
        body = bytes(raw[bad:bad + start]) + runs
        body += bytes(length - len(body)) + b"\xff\xff\xff\xff\0\0\0\0"
        raw[bad:bad + len(body)] = body
        struct.pack_into("<I", raw, bad + 4, length)
        struct.pack_into("<I", raw, 24, bad + length + 8)
        if bad + len(body) > 500:
            raise SystemExit("no room")
        image.seek(at)
        image.write(raw)
        # The bitmap has them as used; it is one run.
        _, raw, cluster = record(image, boot, 6)
        pairs = find(raw, 0x80, False)
        pairs += struct.unpack_from("<H", raw, pairs + 32)[0]
        wide, from_ = raw[pairs] & 15, raw[pairs] >> 4
        where = int.from_bytes(raw[pairs + 1 + wide:pairs + 1 + wide + from_], "little", signed=True)
        for bit in range(first, first + count):
            image.seek(where * cluster + bit // 8)
            byte = image.read(1)[0] | 1 << bit % 8
            image.seek(where * cluster + bit // 8)
            image.write(bytes([byte]))


main()
