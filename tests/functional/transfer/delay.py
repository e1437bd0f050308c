#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# delay.py HOST PORT - a connection (for ProxyCommand) on which everything takes 15 ms longer in each direction
import os
import socket
import sys
import threading
import time

s = socket.create_connection((sys.argv[1], int(sys.argv[2])))


def back():
    while data := s.recv(1 << 18):
        time.sleep(0.015)
        while data:
            data = data[os.write(1, data):]
    os._exit(0)


threading.Thread(target=back, daemon=True).start()
while data := os.read(0, 1 << 18):
    time.sleep(0.015)
    s.sendall(data)
