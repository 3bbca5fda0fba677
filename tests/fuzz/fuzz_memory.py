# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers that send without end: what is kept of it stays small."""

from __future__ import annotations

import datetime
import tracemalloc
from typing import Callable, Dict

from _gate.wire.chain import UnreadableChain, read_chain
from _gate.wire.dialogue.conversation import Conversation
from _gate.wire.hello.client import TLS12, handshake_message, record
from _gate.wire.hello.fields import MalformedFlight
from _gate.wire.hello.flight import FlightReader

MEGABYTE = 1_000_000
CHUNK = 65536


def peak(work: Callable[[], None]) -> int:
    """Bytes that were allocated at most while working."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _greeting(protocol: str, begins: bytes, unit: bytes, size: int) -> Callable[[], int]:
    def work() -> None:
        conversation = Conversation(protocol, False, "client.example.org")
        conversation.feed(begins)
        chunk = unit * (CHUNK // len(unit))
        for _chunk in range(size // len(chunk)):
            conversation.feed(chunk)
        assert conversation.facts.stopped or conversation.facts.greeting, "it still waits"

    return lambda: _within(peak(work), MEGABYTE)


def _flight(data: bytes, too_much: bool = True) -> Callable[[], int]:
    def work() -> None:
        reader = FlightReader()
        try:
            for start in range(0, len(data), CHUNK):
                reader.feed(data[start : start + CHUNK])
        except MalformedFlight:
            return
        assert not too_much, "it takes everything"

    return lambda: _within(peak(work), 6 * MEGABYTE)


def _chain() -> int:
    """A certificate of 1 MB, which is none."""

    def work() -> None:
        try:
            read_chain([b"\x30\x83\x0f\x42\x40" + bytes(MEGABYTE)], datetime.datetime.now(datetime.timezone.utc))
        except UnreadableChain:
            return
        raise AssertionError("it was read")

    return _within(peak(work), 5 * MEGABYTE)


def _within(used: int, most: int) -> int:
    assert used < most, f"{used} bytes were used, {most} are the bound"
    return used


def _certificates(number: int) -> bytes:
    """A flight with so many certificates of 1 MB."""
    listed = (MEGABYTE.to_bytes(3, "big") + bytes(MEGABYTE)) * number
    message = handshake_message(11, len(listed).to_bytes(3, "big") + listed)
    parts = (message[start : start + 16000] for start in range(0, len(message), 16000))
    return _HELLO + b"".join(record(22, TLS12, part) for part in parts)


_HELLO = record(22, TLS12, handshake_message(2, b"\x03\x03" + bytes(32) + b"\x00\xc0\x2b\x00"))
_BEGINNINGS = {"smtp": b"220-mail", "imap": b"* OK ", "pop3": b"+OK ", "sieve": b'"SIEVE" "', "ssh": b"SSH-2.0-"}

#: Each returns the bytes that were used at most.
MEMORY_CHECKS: Dict[str, Callable[[], int]] = {
    **{
        f"a greeting of 100 MB, {protocol}": _greeting("smtp", begins, b"x", 100 * MEGABYTE)
        for protocol, begins in _BEGINNINGS.items()
    },
    "100 MB that are no protocol": _greeting("smtp", b"", b"x", 100 * MEGABYTE),
    "100 MB of lines": _greeting("smtp", b"220-mail\r\n", b"220-mail\r\n", 100 * MEGABYTE),
    "a literal of 100 MB": _greeting("sieve", b'"SIEVE" {99999999}\r\n', b"x", 100 * MEGABYTE),
    "a certificate of 1 MB in a flight": _flight(_certificates(1), too_much=False),
    "ten certificates of 1 MB in a flight": _flight(_certificates(10)),
    "records without end": _flight(_HELLO + record(22, TLS12, handshake_message(0, b"") * 100) * 20000),
    "a certificate of 1 MB in a chain": _chain,
}
