# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A transparent SMTP proxy, as some providers and firewalls have one.  python egress_proxy.py KIND TARGET

``strip``: passes everything on to the target and takes STARTTLS out of the capabilities. ``banner``: greets with a name of its
own, whoever was meant. ``mask``: as Cisco's inspection of ESMTP, it overwrites the greeting and what it does not know.
"""

from __future__ import annotations

import re
import socket
import sys
import threading


def changed(kind: str, data: bytes) -> bytes:
    if kind == "banner":
        return re.sub(rb"^220 [^\r]*", b"220 proxy.isp.example ESMTP", data)
    if kind == "mask":
        data = re.sub(rb"^220 [^\r]*", lambda found: b"220 " + b"*" * (len(found.group()) - 4), data)
        return data.replace(b"STARTTLS", b"XXXXXXXA")
    return data.replace(b"250-STARTTLS\r\n", b"")


def pump(source: socket.socket, sink: socket.socket, kind: str) -> None:
    while True:
        data = source.recv(65536)
        if not data:
            break
        sink.sendall(changed(kind, data) if kind else data)
    sink.shutdown(socket.SHUT_WR)


def serve(client: socket.socket, kind: str, target: str) -> None:
    with client, socket.create_connection((target, 25), timeout=10) as server:
        back = threading.Thread(target=pump, args=(server, client, kind), daemon=True)
        back.start()
        pump(client, server, "")
        back.join(10)


def main() -> None:
    kind, target = sys.argv[1:]
    listener = socket.create_server(("0.0.0.0", 2525))
    print("ready", flush=True)
    threading.Thread(target=accept, args=(listener, kind, target), daemon=True).start()
    sys.stdin.read()


def accept(listener: socket.socket, kind: str, target: str) -> None:
    while True:
        client, _address = listener.accept()
        threading.Thread(target=serve, args=(client, kind, target), daemon=True).start()


if __name__ == "__main__":
    main()
