# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asks the resolvers of resolv.conf(5): what DNS says, whatever /etc/hosts has beside it.

A server's own /etc/hosts gives its name an address that nobody else sees (127.0.1.1 on Debian), so the system's functions do
not tell what DNS publishes. They do not tell of MX either.
"""

from __future__ import annotations

import secrets
import socket
import struct
import time
from typing import List, Optional, Sequence, Tuple

from . import message
from .message import Answer, Malformed

RESOLV_CONF = "/etc/resolv.conf"
_PORT = 53
_MOST_SERVERS = 3
_ROUNDS = 2
#: For one attempt at one server; resolv.conf(5) has five, and a mail server should have its resolver near.
_SECONDS = 3.0


class NoAnswer(Exception):
    """No resolver gave an answer that decides; the text says what each did."""


class Resolver:
    """Asks recursive resolvers, one after the other, until one answers.

    :param servers: addresses, or addresses with a port; () for those of resolv.conf.
    :param deadline: moment of ``time.monotonic`` at which the asking ends.
    """

    def __init__(self, deadline: float, servers: Sequence[Tuple[str, int]] = (), path: str = RESOLV_CONF) -> None:
        self._deadline = deadline
        self._servers = list(servers) or [(address, _PORT) for address in name_servers(path)]

    def ask(self, name: str, kind: str) -> Answer:
        """The answer for a name in A-labels; ``kind``: A, AAAA, MX or PTR. A name that does not exist is an answer too.

        :raises NoAnswer: no resolver could tell.
        """
        problems: List[str] = []
        for _round in range(_ROUNDS):
            for server in self._servers:
                try:
                    answer = self._ask(server, name, kind)
                except (OSError, Malformed) as why:
                    problems.append("{0}: {1}".format(server[0], _words(why)))
                    continue
                known = answer.code in (message.NO_ERROR, message.NO_SUCH_NAME)
                if known and answer.decides:
                    return answer
                said = (
                    "it does not recurse" if known else message.CODES.get(answer.code, "code {0}".format(answer.code))
                )
                problems.append("{0}: {1}".format(server[0], said))
        raise NoAnswer(", ".join(dict.fromkeys(problems)))

    def _ask(self, server: Tuple[str, int], name: str, kind: str) -> Answer:
        answer = self._over_udp(server, name, kind, extended=True)
        if answer.code == message.FORMAT_ERROR:
            answer = self._over_udp(server, name, kind, extended=False)
        return self._over_tcp(server, name, kind) if answer.truncated else answer

    def _over_udp(self, server: Tuple[str, int], name: str, kind: str, extended: bool) -> Answer:
        """What does not answer the question may be somebody's guess: it is waited on beside it (RFC 5452 section 9)."""
        number = secrets.randbelow(1 << 16)
        until = min(time.monotonic() + _SECONDS, self._deadline)
        with socket.socket(_family(server), socket.SOCK_DGRAM) as channel:
            channel.connect(server)
            channel.send(message.question(number, name, kind, extended))
            problem: Optional[Malformed] = None
            while True:
                try:
                    channel.settimeout(_left(until))
                    return message.read_answer(channel.recv(65535), number, name, kind)
                except Malformed as why:
                    problem = why
                except socket.timeout:
                    if problem is not None:
                        raise problem from None
                    raise

    def _over_tcp(self, server: Tuple[str, int], name: str, kind: str) -> Answer:
        number = secrets.randbelow(1 << 16)
        until = min(time.monotonic() + _SECONDS, self._deadline)
        with socket.create_connection(server, timeout=_left(until)) as channel:
            query = message.question(number, name, kind)
            channel.sendall(struct.pack("!H", len(query)) + query)
            (length,) = struct.unpack("!H", _exactly(channel, 2, until))
            return message.read_answer(_exactly(channel, length, until), number, name, kind)


def name_servers(path: str) -> List[str]:
    """The addresses in a resolv.conf; this host where there are none, as resolv.conf(5) has it."""
    found = []
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            for line in stream:
                words = line.split()
                if len(words) > 1 and words[0] == "nameserver":
                    found.append(words[1])
    except FileNotFoundError:
        pass
    return found[:_MOST_SERVERS] or ["127.0.0.1"]


def _exactly(channel: socket.socket, count: int, until: float) -> bytes:
    data = b""
    while len(data) < count:
        channel.settimeout(_left(until))
        chunk = channel.recv(count - len(data))
        if not chunk:
            raise Malformed("it breaks off")
        data += chunk
    return data


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise socket.timeout("timed out")
    return left


def _family(server: Tuple[str, int]) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in server[0] else socket.AF_INET


def _words(why: Exception) -> str:
    if isinstance(why, socket.timeout):
        return "no answer in time"
    return (why.strerror or str(why)) if isinstance(why, OSError) else str(why)
