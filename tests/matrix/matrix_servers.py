# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mail server that is right in all but what a case says, on loopback.

The dialogue is scripted. TLS is Python's, so that an ordinary handshake is a real one. What no real library does any more is
shown by a server of paper: hellos that only ask (an ordinary client would send what they leave out) are given to it, if a case
has one, and the ordinary client's are not.
"""

from __future__ import annotations

import itertools
import socket
import ssl
import time
import warnings
from dataclasses import dataclass, field
from typing import Callable, Dict, Iterator, Mapping, Optional, Tuple

from _gate.wire.hello import client
from _gate.wire.hello.client import TLS12, TLS13, handshake_message, record, vector16
from _gate.wire.hello.suites import suite_number
from _gate.wire.hello.traits import suite_traits
from matrix_dialogues import KINDS, OTHERWISE, Answers, Kind
from wire_hello_reader import hello_length, read_hello
from wire_paper_server import PaperServer
from wire_servers import Peer

#: Takes a connection over: given it and its number, from 1; returns whether it did.
TakeOver = Callable[[Peer, int], bool]

MODERN = "ECDHE+AESGCM:ECDHE+CHACHA20"
_GCM = ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")
PAPER_TLS12 = tuple(map(suite_number, _GCM))
PAPER_TLS13 = (0x1301, 0x1302, 0x1303)


@dataclass
class Paper(PaperServer):
    """``compression``: the number that it chooses. ``extra``: handshake messages before ServerHelloDone. ``prime_bits``: of its
    finite-field group."""

    suites: Dict[int, Tuple[int, ...]] = field(default_factory=lambda: {TLS12: PAPER_TLS12, TLS13: PAPER_TLS13})
    schemes: Tuple[int, ...] = (0x0403, 0x0503)
    compression: int = 0
    extra: bytes = b""
    prime_bits: int = 2048

    def flight(self, version, suite, group, scheme):
        if suite_traits(suite).key_exchange == "DHE":
            prime = b"\xff" * (self.prime_bits // 8)
            parameters = b"".join(map(vector16, (prime, b"\x02", b"\x01" * len(prime))))
            signed = scheme.to_bytes(2, "big") if version == TLS12 else b""
            flight = super().flight(version, suite, group, scheme)
            exchange = record(22, version, handshake_message(12, parameters + signed + vector16(bytes(64))))
            return _before_done(flight, version, exchange)
        flight = super().flight(version, suite, group, scheme)
        if self.compression:
            flight = self._compressed(flight)
        return _before_done(flight, version, record(22, version, self.extra)) if self.extra else flight

    def _compressed(self, flight):
        hello = 5 + 4 + 2 + 32 + 1 + 2  # record, message, version, random, session id, suite
        return flight[:hello] + bytes([self.compression]) + flight[hello + 1 :]


def _before_done(flight: bytes, version: int, inserted: bytes) -> bytes:
    """ServerHelloDone is the last message of the last record: it is cut out and put into a record of its own."""
    done = handshake_message(14, b"")
    assert flight.endswith(done)
    start = _last_record(flight)
    cut = record(22, version, flight[start + 5 : -len(done)]) if len(flight) - start > 5 + len(done) else b""
    return flight[:start] + cut + inserted + record(22, version, done)


def _last_record(flight: bytes) -> int:
    start = 0
    while True:
        following = start + hello_length(flight[start:])
        if following >= len(flight):
            return start
        start = following


@dataclass(frozen=True)
class Tls:
    """``certificates``: of ``matrix_certificates``, one for each kind of key. ``ciphers``: up to TLS 1.2. ``curve``: the only one
    that is offered. ``asks_client``: for a certificate. ``without_name``: what clients get that name no server: another
    certificate, or ``refusal``. ``paper``: who answers the hellos that only ask."""

    certificates: Tuple[str, ...] = ("right",)
    ciphers: str = MODERN
    lowest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    highest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    curve: str = ""
    asks_client: ssl.VerifyMode = ssl.CERT_NONE
    without_name: str = ""
    paper: Optional[Callable[[], Paper]] = None

    def context(self, keys, certificates: Tuple[str, ...] = ()) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers(self.ciphers)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version, context.maximum_version = self.lowest, self.highest
        for name in certificates or self.certificates:
            context.load_cert_chain(keys.file(name))
        if self.curve:
            context.set_ecdh_curve(self.curve)
        if self.asks_client != ssl.CERT_NONE:
            # Not the authority of its own certificate, which it would send along then.
            context.load_verify_locations(keys.other_ca)
            context.verify_mode = self.asks_client
        if self.without_name and not certificates:
            context.sni_callback = self._by_name(keys)
        return context

    def _by_name(self, keys):
        other = None if self.without_name == "refusal" else self.context(keys, (self.without_name,))

        def choose(connection, name, _context):
            if name is not None:
                return None
            if other is None:
                return ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE
            connection.context = other
            return None

        return choose


@dataclass(frozen=True)
class Behaviour:
    """How a server of ``kind`` behaves; what is left out is right.

    ``clear``, ``inside``: answers that differ. ``take_over``: may handle a connection instead. ``left_over``: sent in clear
    together with the consent to TLS. ``reads_on``: commands that came in clear with STARTTLS are answered inside TLS.
    ``under_tls``: what is said unasked after STARTTLS. ``closes_on``: where (``clear`` or ``inside``) and at which command it
    hangs up. ``also_plain``: a client of implicit TLS that speaks in clear is answered.
    """

    kind: str
    greeting: bytes = b""
    clear: Mapping[bytes, bytes] = field(default_factory=dict)
    inside: Mapping[bytes, bytes] = field(default_factory=dict)
    tls: Tls = Tls()
    take_over: TakeOver = lambda peer, number: False
    left_over: bytes = b""
    reads_on: bool = False
    under_tls: bytes = b""
    silent_under_tls: bool = False
    closes_on: Tuple[str, bytes] = ("", b"")
    also_plain: bool = False

    def script(self, keys) -> Callable[[Peer], None]:
        numbers = itertools.count(1)
        context = self.tls.context(keys)
        kind = KINDS[self.kind]

        def serve(peer: Peer) -> None:
            if not self.take_over(peer, next(numbers)):
                _Session(self, kind, context, keys, peer).run()

        return serve


class _Session:
    def __init__(self, behaviour: Behaviour, kind: Kind, context: ssl.SSLContext, keys, peer: Peer) -> None:
        self.behaviour = behaviour
        self.kind = kind
        self.context = context
        self.keys = keys
        self.peer = peer
        self.buffer = b""
        self.tag = b""

    def run(self) -> None:
        behaviour, kind = self.behaviour, self.kind
        greeting = behaviour.greeting or kind.greeting
        implicit = not kind.starttls
        if implicit and behaviour.also_plain and self._peek(1).isascii() and self._peek(1)[:1] != b"\x16":
            self.peer.say(greeting)
            self._converse("clear", {**kind.inside, **behaviour.inside})
            return
        if implicit:
            if not self._start_tls():
                return
            self.peer.say(greeting)
            self._converse("inside", {**kind.inside, **behaviour.inside})
            return
        self.peer.say(greeting)
        if not self._converse("clear", {**kind.clear, **behaviour.clear}):
            return
        if not behaviour.reads_on:
            self.buffer = b""
        if not self._start_tls():
            return
        if behaviour.silent_under_tls:
            self.peer.wait_closed()
        else:
            self.peer.say(behaviour.under_tls or kind.speaks_under_tls)
            self._converse("inside", {**kind.inside, **behaviour.inside})

    def _converse(self, where: str, answers: Answers) -> bool:
        """Answer until the end (False) or the consent to TLS (True)."""
        for line in self._lines():
            verb = self._verb(line)
            if self.behaviour.closes_on == (where, verb):
                return False
            answer = answers.get(verb, answers[OTHERWISE]).replace(b"{tag}", self.tag)
            consents = verb == self.kind.starttls and where == "clear"
            self.peer.say(answer + self.behaviour.left_over if consents else answer)
            if verb in (b"QUIT", b"LOGOUT") or answer.startswith(b"421"):
                return False
            if consents and answer.startswith((b"220", b"+OK", b"OK", self.tag + b" OK")):
                return True
        return False

    def _verb(self, line: bytes) -> bytes:
        words = line.upper().split()
        if self.kind.tagged and len(words) > 1:
            self.tag = line.split()[0]
            return words[1]
        return words[0] if words else b""

    def _lines(self) -> Iterator[bytes]:
        while True:
            while b"\n" not in self.buffer:
                data = self.peer.socket.recv(4096)
                if not data:
                    return
                self.buffer += data
            line, _newline, self.buffer = self.buffer.partition(b"\n")
            yield line.rstrip(b"\r")

    def _peek(self, size: int) -> bytes:
        """The client's first bytes, at least so many unless it closes, left where they are."""
        data = b""
        for _attempt in range(200):
            data = self.peer.socket.recv(65536, socket.MSG_PEEK)
            if not data or len(data) >= size:
                break
            time.sleep(0.005)
        return data

    def _start_tls(self) -> bool:
        """Whether an encrypted session came about."""
        if self.behaviour.tls.paper is not None:
            first = self._peek(5)
            hello = self._peek(hello_length(first)) if first[:1] == b"\x16" and len(first) >= 5 else b""
            if not _is_ordinary(hello):
                paper = self.behaviour.tls.paper()
                paper.chain = paper.chain or self.keys.chain(self.behaviour.tls.certificates[0])
                paper.script(self.peer)
                return False
        self.peer.start_tls(self.context)
        return True


def _is_ordinary(hello: bytes) -> bool:
    """Only a client that means to finish the handshake sends a key share, and extensions that the reader does not know."""
    try:
        return bool(read_hello(hello).key_shares) if hello else False
    except KeyError:
        return True


def without_extension(number: int) -> Callable[[], Paper]:
    kept = tuple(each for each in (client.RENEGOTIATION_INFO, client.EXTENDED_MASTER_SECRET) if each != number)
    return lambda: Paper(extensions=kept)
