#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""browse.py - open a page in headless Chromium and say what became of it

	browse.py PAGE WIDTH light|dark PICTURE

Speaks the DevTools protocol over two pipes. Prints one line of JSON: the width that the content takes, what
was requested, what the console said, and how many elements of some kinds there are. Whole page to PICTURE.
"""
import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

page, width, scheme, picture = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
to_browser, from_browser = os.pipe(), os.pipe()
profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)


def place():
    """Chromium reads commands from 3 and writes answers to 4."""
    a, b = os.dup(to_browser[0]), os.dup(from_browser[1])
    os.dup2(a, 3)
    os.dup2(b, 4)


browser = subprocess.Popen(
    ['chromium', '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
     '--disable-background-networking', '--disable-component-update', '--disable-sync', '--hide-scrollbars',
     '--remote-debugging-pipe', '--user-data-dir=' + profile.name, 'about:blank'],
    close_fds=False, preexec_fn=place, start_new_session=True, stderr=subprocess.DEVNULL)
os.close(to_browser[0])
os.close(from_browser[1])
number, buffer, events = 0, b'', []
end = time.monotonic() + 60


def receive():
    global buffer
    while b'\0' not in buffer:
        if time.monotonic() > end:
            sys.exit('chromium does not answer')
        more = os.read(from_browser[0], 1 << 20)
        if not more:
            sys.exit('chromium ended')
        buffer += more
    message, buffer = buffer.split(b'\0', 1)
    return json.loads(message)


def call(method, session=None, **parameters):
    global number
    number += 1
    command = {'id': number, 'method': method, 'params': parameters}
    if session:
        command['sessionId'] = session
    os.write(to_browser[1], json.dumps(command).encode() + b'\0')
    while True:
        message = receive()
        if message.get('id') == number:
            if 'error' in message:
                sys.exit(f'{method}: {message["error"]}')
            return message['result']
        events.append(message)


try:
    target = call('Target.createTarget', url='about:blank')['targetId']
    session = call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
    for domain in ('Page', 'Network', 'Log', 'Runtime'):
        call(domain + '.enable', session)
    call('Emulation.setDeviceMetricsOverride', session, width=width, height=900, deviceScaleFactor=1, mobile=False)
    call('Emulation.setEmulatedMedia', session, features=[{'name': 'prefers-color-scheme', 'value': scheme}])
    call('Page.navigate', session, url='file://' + os.path.abspath(page))
    while not any(event['method'] == 'Page.loadEventFired' for event in events):
        events.append(receive())

    def value(expression):
        return call('Runtime.evaluate', session, expression=expression, returnByValue=True)['result'].get('value')

    report = {
        'width': value('document.documentElement.scrollWidth'),
        'requests': [event['params']['request']['url'].split(':')[0] for event in events
                     if event['method'] == 'Network.requestWillBeSent'],
        'console': [event['params']['entry']['text'] for event in events if event['method'] == 'Log.entryAdded'],
        'scripts': value('document.querySelectorAll("script, [onerror], [src=x]").length'),
        'headings': value('[...document.querySelectorAll("h1, h2")].map(h => h.textContent).join("|")'),
        'picture': value('document.querySelector(".boot img")?.naturalWidth ?? 0'),
        'details': value('document.querySelectorAll("details").length'),
        'background': value('getComputedStyle(document.body).backgroundColor'),
    }
    value('document.querySelectorAll("details").forEach(d => d.open = true)')
    report['width_open'] = value('document.documentElement.scrollWidth')
    height = value('document.documentElement.scrollHeight')
    call('Emulation.setDeviceMetricsOverride', session, width=width, height=height, deviceScaleFactor=1, mobile=False)
    with open(picture, 'wb') as file:
        file.write(base64.b64decode(call('Page.captureScreenshot', session, format='png')['data']))
    print(json.dumps(report))
finally:
    os.killpg(browser.pid, signal.SIGKILL)
    browser.wait()
    profile.cleanup()
