# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads ClientHellos, as a server would: written from RFC 8446 4.1.2 without looking at the writer."""

from __future__ import annotations

import struct

from _gate.wire.hello.client import ClientHello


class _Cursor:
    def __init__(self, data):
        self.data = data

    def take(self, size):
        assert len(self.data) >= size, "the hello ends too early"
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def vector(self, size_of_length):
        return self.take(int.from_bytes(self.take(size_of_length), "big"))

    def number(self, size):
        return int.from_bytes(self.take(size), "big")


def _numbers(data):
    assert len(data) % 2 == 0
    return struct.unpack(">{0}H".format(len(data) // 2), data)


def _whole(data, size_of_length):
    cursor = _Cursor(data)
    content = cursor.vector(size_of_length)
    assert not cursor.data, "bytes after the vector"
    return content


def _server_name(body):
    listed = _Cursor(_whole(body, 2))
    assert listed.number(1) == 0
    name = listed.vector(2)
    assert not listed.data
    return name.decode("ascii")


def _alpn(body):
    listed, names = _Cursor(_whole(body, 2)), []
    while listed.data:
        names.append(listed.vector(1).decode("ascii"))
    return tuple(names)


def _key_shares(body):
    listed, shares = _Cursor(_whole(body, 2)), []
    while listed.data:
        shares.append((listed.number(2), listed.vector(2)))
    return tuple(shares)


_READERS = {
    0: lambda body: {"server_name": _server_name(body)},
    5: lambda body: {"status_request": body == b"\x01\x00\x00\x00\x00"},
    10: lambda body: {"groups": _numbers(_whole(body, 2))},
    11: lambda body: {} if body == b"\x01\x00" else {"point formats": body},
    13: lambda body: {"signature_schemes": _numbers(_whole(body, 2))},
    16: lambda body: {"alpn": _alpn(body)},
    22: lambda body: {"encrypt_then_mac": body == b""},
    23: lambda body: {"extended_master_secret": body == b""},
    35: lambda body: {"session_ticket": body == b""},
    43: lambda body: {"supported_versions": _numbers(_whole(body, 1))},
    51: lambda body: {"key_shares": _key_shares(body)},
    0xFF01: lambda body: {"renegotiation_info": body == b"\x00"},
}


def hello_length(data):
    """How long the record with the hello is, or None while that cannot be seen."""
    return 5 + int.from_bytes(data[3:5], "big") if len(data) >= 5 else None


def read_hello(data):
    """The ClientHello that one whole record holds."""
    record = _Cursor(data)
    assert record.number(1) == 22
    assert record.number(2) in (0x0300, 0x0301)
    message = _Cursor(record.vector(2))
    assert not record.data, "bytes after the record"
    assert message.number(1) == 1
    body = _Cursor(message.vector(3))
    assert not message.data
    found = {"version": body.number(2)}
    body.take(32)
    found["session_id"] = body.vector(1)
    found["suites"] = _numbers(body.vector(2))
    found["compression_methods"] = tuple(body.vector(1))
    seen = []
    extensions = _Cursor(body.vector(2) if body.data else b"")
    assert not body.data
    while extensions.data:
        seen.append(extensions.number(2))
        found.update(_READERS[seen[-1]](extensions.vector(2)))
    assert len(seen) == len(set(seen)), "an extension twice"
    return ClientHello(extensions=bool(seen), **found)
