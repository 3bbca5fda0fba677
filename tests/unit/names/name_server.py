# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A name server on loopback, UDP and TCP on one port, that answers from a table and has the faults it is told to have."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import struct
import threading
from typing import Any, Dict, List, Optional, Tuple

CODES = {"A": 1, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}
Records = Dict[Tuple[str, str], List[Any]]


def encoded(name: str) -> bytes:
    return b"".join(bytes((len(label),)) + label.encode() for label in name.split(".") if label) + b"\0"


def data_of(kind: str, value: Any) -> bytes:
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(value).packed
    if kind == "MX":
        return struct.pack("!H", value[0]) + encoded(value[1])
    return encoded(value)


def record(owner: bytes, kind: str, value: Any) -> bytes:
    data = data_of(kind, value)
    return owner + struct.pack("!HHIH", CODES[kind], 1, 60, len(data)) + data


def reply(query: bytes, records: Records, code: Optional[int] = None, flags: int = 0x8180) -> bytes:
    """The answer to a query from the table: aliases first, owners of the first name as pointers to the question."""
    end = query.index(b"\0", 12) + 5
    name, place = [], 12
    while query[place]:
        name.append(query[place + 1 : place + 1 + query[place]].decode())
        place += 1 + query[place]
    asked = ".".join(name).lower()
    kind = next(key for key, value in CODES.items() if value == struct.unpack_from("!H", query, end - 4)[0])
    answers, owner, pointer = [], asked, b"\xc0\x0c"
    while (owner, "CNAME") in records:
        (alias,) = records[(owner, "CNAME")]
        answers.append(record(pointer, "CNAME", alias))
        owner, pointer = alias, encoded(alias)
    answers += [record(pointer, kind, value) for value in records.get((owner, kind), [])]
    known = any(key[0] == owner for key in records)
    code = (0 if known else 3) if code is None else code
    header = query[:2] + struct.pack("!HHHHH", flags | code, 1, len(answers), 0, 0)
    return header + query[12:end] + b"".join(answers)


def on_one_port(port: int) -> Tuple[socket.socket, socket.socket]:
    """A UDP and a TCP socket on the same port, with 0 on any: the first that is free for one may be taken for the other."""
    for attempt in range(50):
        udp, tcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket()
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tcp.bind(("127.0.0.1", port))
            udp.bind(tcp.getsockname())
            return udp, tcp
        except OSError:
            udp.close()
            tcp.close()
            if port or attempt == 49:
                raise
    raise AssertionError("not reached")


class NameServer:
    """Serves until the ``with`` ends. ``queries``: how many came, by ``udp`` and ``tcp``.

    ``code``: answer everything with it. ``silent``: answer nothing. ``cut``: say over UDP that the answer is truncated.
    ``without_edns``: refuse queries with EDNS. ``before``: made of each query and sent before the answer. ``flags``: of answers.
    """

    def __init__(self, records: Optional[Records] = None, port: int = 0, **faults: Any) -> None:
        self.records: Records = records or {}
        self.faults = faults
        self.queries = {"udp": 0, "tcp": 0}
        self._udp, self._tcp = on_one_port(port)
        self.place = self._udp.getsockname()
        self._tcp.listen(5)
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._serve_udp, self._serve_tcp)]

    def __enter__(self) -> NameServer:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exception: Any) -> None:
        for channel in (self._udp, self._tcp):
            with contextlib.suppress(OSError):
                channel.shutdown(socket.SHUT_RDWR)
            channel.close()
        for thread in self._threads:
            thread.join(5)

    def _answer(self, query: bytes, over_udp: bool) -> Optional[bytes]:
        faults = self.faults
        if faults.get("silent"):
            return None
        flags = faults.get("flags", 0x8180)
        if faults.get("without_edns") and query[11]:
            return reply(query, {}, code=1, flags=flags)
        if faults.get("cut") and over_udp:
            return reply(query, {}, code=0, flags=flags | 0x200)
        return reply(query, self.records, code=faults.get("code"), flags=flags)

    def _serve_udp(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                query, client = self._udp.recvfrom(4096)
                if not query:
                    continue
                self.queries["udp"] += 1
                if "before" in self.faults:
                    self._udp.sendto(self.faults["before"](query), client)
                answer = self._answer(query, over_udp=True)
                if answer:
                    self._udp.sendto(answer, client)

    def _serve_tcp(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                channel, _client = self._tcp.accept()
                with channel:
                    (length,) = struct.unpack("!H", channel.recv(2))
                    self.queries["tcp"] += 1
                    answer = self._answer(channel.recv(length), over_udp=False) or b""
                    channel.sendall(struct.pack("!H", len(answer)) + answer)
