#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""guest.py - log into a virtual machine over its serial line and run a command in it

	guest.py SECONDS COMMAND QEMU ARGUMENTS...

The machine's console is QEMU's standard input and output; nothing is written to its disk (-snapshot is the
caller's). Prints what the command printed. Exit status 1: no login prompt, or no end of the command in time.
"""
import os
import re
import select
import subprocess
import sys
import time

seconds, command, qemu = float(sys.argv[1]), sys.argv[2], sys.argv[3:]
end = time.monotonic() + seconds
machine = subprocess.Popen(qemu, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
heard = b""


def wait_for(pattern):
    """Wait until the console says it; what came before it is forgotten. None: it did not."""
    global heard
    while True:
        found = re.search(pattern, heard, re.S)
        if found:
            heard = heard[found.end():]
            return found
        left = end - time.monotonic()
        if left <= 0 or not select.select([machine.stdout], [], [], left)[0]:
            return None
        some = os.read(machine.stdout.fileno(), 65536)
        if not some:
            return None
        heard += some


def say(text):
    machine.stdin.write(text.encode() + b"\n")
    machine.stdin.flush()


def main():
    if not wait_for(rb"login: *$"):
        return "no login prompt"
    say("root")
    if not wait_for(rb"# *$"):
        return "no shell"
    # The marks are joined by the shell, so that the echo of this line is none of them.
    say(f"stty -echo; echo BE''GIN; {{ {command}; }} 2>&1; echo EN''D")
    found = wait_for(rb"BEGIN\r?\n(.*?)END\r?\n")
    if not found:
        return "the command does not end"
    sys.stdout.write(found.group(1).decode(errors="replace").replace("\r", ""))
    return None


try:
    problem = main()
finally:
    machine.kill()
    machine.wait()
if problem:
    sys.stderr.write(heard.decode(errors="replace")[-3000:] + f"\nguest.py: {problem}\n")
    sys.exit(1)
