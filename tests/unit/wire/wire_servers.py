# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tiny servers on loopback that follow a script: each connection runs the script in a thread of its own."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from typing import Any, Callable, Dict, Iterator, List, Optional


class Peer:
    """The server's end of one connection."""

    def __init__(self, connected: socket.socket, heard: List[bytes]) -> None:
        self.socket = connected
        self._heard = heard

    def say(self, data: bytes) -> None:
        self.socket.sendall(data)

    def start_tls(self, context: ssl.SSLContext) -> None:
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def lines(self) -> Iterator[bytes]:
        """The client's lines until it closes; each is kept in ``Server.heard`` as well."""
        buffer = b""
        while True:
            while b"\n" not in buffer:
                data = self.socket.recv(4096)
                if not data:
                    return
                buffer += data
            line, _newline, buffer = buffer.partition(b"\n")
            self._heard.append(line.rstrip(b"\r"))
            yield line.rstrip(b"\r")

    def wait_closed(self) -> None:
        while self.socket.recv(4096):
            pass

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


Script = Callable[[Peer], None]


class Server:
    """Serves until the ``with`` ends. ``visits``: connections so far; ``heard``: all lines of all clients."""

    def __init__(self, script: Script, address: str = "127.0.0.1") -> None:
        self._script = script
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.socket(family, socket.SOCK_STREAM)
        self._listener.bind((address, 0))
        self._listener.listen(20)
        self.address = address
        self.port: int = self._listener.getsockname()[1]
        self.visits = 0
        self.heard: List[bytes] = []
        self._open: List[socket.socket] = []
        self._threads: List[threading.Thread] = []

    def __enter__(self) -> Server:
        self._start(self._accept)
        return self

    def __exit__(self, *_exception: Any) -> None:
        for each in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(5)

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connected, _peer = self._listener.accept()
            except OSError:
                return
            self.visits += 1
            self._open.append(connected)
            peer = Peer(connected, self.heard)
            self._start(lambda peer=peer: self._serve(peer))

    def _serve(self, peer: Peer) -> None:
        # The client ends connections as it likes, in the middle of a handshake too.
        with contextlib.suppress(OSError, ValueError):
            self._script(peer)
        with contextlib.suppress(OSError):
            peer.socket.close()


#: What a server answers to a line with this word in it; {tag} is the line's first word.
Answers = Dict[bytes, bytes]

SMTP_ANSWERS: Answers = {
    b"EHLO": b"250-mx.example.org\r\n250 STARTTLS\r\n",
    b"STARTTLS": b"220 go\r\n",
    b"QUIT": b"221 bye\r\n",
}
SMTP_UNDER_TLS: Answers = {b"EHLO": b"250-mx.example.org\r\n250 AUTH PLAIN\r\n", b"QUIT": b"221 bye\r\n"}
IMAP_ANSWERS: Answers = {
    b"CAPABILITY": b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n{tag} OK\r\n",
    b"STARTTLS": b"{tag} OK\r\n",
    b"LOGOUT": b"* BYE\r\n{tag} OK\r\n",
}
IMAP_UNDER_TLS: Answers = {
    b"CAPABILITY": b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n{tag} OK\r\n",
    b"LOGOUT": b"* BYE\r\n{tag} OK\r\n",
}
SMTP_GREETING = b"220 mx.example.org ESMTP Postfix\r\n"
IMAP_GREETING = b"* OK Dovecot ready.\r\n"


def mail_server(
    greeting: bytes,
    answers: Answers,
    under_tls: Optional[Answers] = None,
    context: Optional[ssl.SSLContext] = None,
    implicit: bool = False,
) -> Script:
    """A script that answers by word, 500 to others; after STARTTLS, or from the start if ``implicit``, inside TLS."""

    def script(peer: Peer) -> None:
        current = answers
        if implicit:
            assert context
            peer.start_tls(context)
        peer.say(greeting)
        while True:
            for line in peer.lines():
                word = next((word for word in line.upper().split() if word in current), b"")
                peer.say(current.get(word, b"500 what?\r\n").replace(b"{tag}", line.partition(b" ")[0]))
                if word == b"STARTTLS" and context and under_tls:
                    peer.start_tls(context)
                    current = under_tls
                    break
                if word in (b"QUIT", b"LOGOUT"):
                    return
            else:
                return

    return script


def unused_port(address: str = "127.0.0.1") -> int:
    """A port on which nothing listens (for as long as nobody else takes it)."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def black_hole() -> Iterator[int]:
    """A loopback port that answers no SYN: its backlog is full, and nobody accepts."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = int(listener.getsockname()[1])
        fillers = [socket.socket() for _filler in range(4)]
        try:
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", port))
            yield port
        finally:
            for filler in fillers:
                filler.close()
