# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A TLS server made of paper: it chooses as a real one does and proves nothing. For what real software refuses to do."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Callable, Dict, List, Optional, Tuple

from _gate.wire.hello import client
from _gate.wire.hello.client import TLS12, TLS13, extension, handshake_message, record, vector8, vector16
from _gate.wire.hello.server import _RETRY_RANDOM
from _gate.wire.hello.traits import suite_traits
from wire_hello_reader import hello_length, read_hello

HANG_UP, RESET, STALL = "hang up", "reset", "stall"
PROTOCOL_VERSION, HANDSHAKE_FAILURE = 70, 40


def alert(description, level=2, version=TLS12):
    return record(21, version, bytes([level, description]))


@dataclass
class PaperServer:
    """``suites``: by version number, in the server's order. ``groups``: in its order. ``own_order``: its order decides,
    otherwise the client's. ``schemes``: what it signs with. ``instead``: is given each hello (its bytes; None for what is no
    TLS record) and the connection's number, and returns None, bytes to say, or HANG_UP, RESET, STALL. ``waits``: for the client
    to close; otherwise it closes after its words. ``hellos``: what was asked so far.
    """

    suites: Dict[int, Tuple[int, ...]]
    groups: Tuple[int, ...] = (29, 23)
    own_order: bool = True
    schemes: Tuple[int, ...] = (0x0804, 0x0401)
    chain: Tuple[bytes, ...] = ()
    instead: Callable[[Optional[bytes], int], object] = lambda hello, number: None
    extensions: Tuple[int, ...] = (client.RENEGOTIATION_INFO, client.EXTENDED_MASTER_SECRET)
    waits: bool = True
    hellos: List[object] = field(default_factory=list)

    def script(self, peer):
        data = peer.socket.recv(65536)
        length = hello_length(data) if data[:1] == b"\x16" else len(data)
        while len(data) < (length or 5):
            data += peer.socket.recv(65536)
            length = hello_length(data)
        hello = data if data[:1] == b"\x16" else None
        self.hellos.append(read_hello(hello) if hello else None)
        said = self.instead(hello, len(self.hellos))
        if said == RESET:
            peer.reset()
        elif said == STALL:
            peer.wait_closed()
        elif said != HANG_UP:
            peer.say(said if isinstance(said, bytes) else self.answer(hello))
            if self.waits:
                with contextlib.suppress(OSError):
                    peer.wait_closed()

    def answer(self, hello):
        if hello is None:
            return alert(PROTOCOL_VERSION)
        offered = read_hello(hello)
        if offered.supported_versions:
            versions = offered.supported_versions
        else:
            versions = [version for version in self.suites if version <= offered.version]
        common = [version for version in versions if version in self.suites]
        if not common:
            return alert(PROTOCOL_VERSION)
        version = max(common)
        suite = self._choose(offered.suites, self.suites[version])
        group = self._choose(offered.groups, self.groups)
        scheme = self._choose(offered.signature_schemes, self.schemes) if version >= TLS12 else 0
        if suite is None or group is None or scheme is None:
            return alert(HANDSHAKE_FAILURE)
        return self.retry(suite, group) if version == TLS13 else self.flight(version, suite, group, scheme)

    def _choose(self, offered, known):
        first, second = (known, offered) if self.own_order else (offered, known)
        return next((each for each in first if each in second), None)

    def retry(self, suite, group):
        extensions = extension(43, TLS13.to_bytes(2, "big")) + extension(51, group.to_bytes(2, "big"))
        return record(22, TLS12, self._server_hello(TLS12, _RETRY_RANDOM, suite, extensions))

    def flight(self, version, suite, group, scheme):
        bodies = {number: b"\x00" if number == client.RENEGOTIATION_INFO else b"" for number in self.extensions}
        extensions = b"".join(extension(number, body) for number, body in bodies.items())
        hello = self._server_hello(version, bytes(32), suite, extensions)
        messages = b""
        listed = b"".join(len(der).to_bytes(3, "big") + der for der in self.chain)
        if listed:
            messages += handshake_message(11, len(listed).to_bytes(3, "big") + listed)
        if suite_traits(suite).key_exchange == "ECDHE":
            signed = scheme.to_bytes(2, "big") if version == TLS12 else b""
            named = b"\x03" + group.to_bytes(2, "big") + vector8(bytes(32))
            messages += handshake_message(12, named + signed + vector16(bytes(64)))
        messages += handshake_message(14, b"")
        records = b"".join(
            record(22, version, messages[start : start + 9000]) for start in range(0, len(messages), 9000)
        )
        return record(22, version, hello) + records

    @staticmethod
    def _server_hello(version, random, suite, extensions):
        body = version.to_bytes(2, "big") + random + vector8(b"") + suite.to_bytes(2, "big") + b"\x00"
        return handshake_message(2, body + (vector16(extensions) if extensions else b""))
