# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listeners with one fault each, for the tests of the diagnosis.  python planted_server.py KIND ADDRESS PORT

``hold``: listens and accepts, and says nothing more than others of its protocol would. ``silent``: accepts and says nothing.
``hang-up``: accepts and closes. ``busy``: puts every client off (421). ``refuse``: has no service (554). ``ssh``: speaks SSH.
``full``: its backlog is full. ``no-tls``: offers STARTTLS, says yes to it, and closes.
"""

from __future__ import annotations

import socket
import sys
import threading

SAYS = {
    "busy": b"421 4.7.0 busy, try again later\r\n",
    "ssh": b"SSH-2.0-OpenSSH_9.9\r\n",
    "hold": b"220 hello\r\n",
    "refuse": b"554 no service\r\n",
}


def serve(listener: socket.socket, kind: str) -> None:
    kept = []
    while True:
        client, _address = listener.accept()
        if kind == "hang-up":
            client.close()
            continue
        kept.append(client)
        if kind == "no-tls":
            offer_and_close(client)
        if kind in SAYS:
            client.sendall(SAYS[kind])
        if kind == "busy":
            client.close()


def offer_and_close(client: socket.socket) -> None:
    with client:
        client.sendall(b"220 mx.example.org ESMTP\r\n")
        client.recv(1024)
        client.sendall(b"250-mx.example.org\r\n250 STARTTLS\r\n")
        client.recv(1024)
        client.sendall(b"220 go ahead\r\n")
        client.recv(1024)


def fill(address: str, port: int) -> list[socket.socket]:
    """Connections that take all of the backlog."""
    fillers = []
    for _number in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex((address, port))
        fillers.append(filler)
    return fillers


def main() -> None:
    kind, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address != "::"))
    listener.bind((address, port))
    listener.listen(0 if kind == "full" else 20)
    kept = fill("127.0.0.1", port) if kind == "full" else []
    print("ready", flush=True)
    if kind != "full":
        threading.Thread(target=serve, args=(listener, kind), daemon=True).start()
    sys.stdin.read()
    del kept


if __name__ == "__main__":
    main()
