# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ClientHellos, written and read back by a reader of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _gate.wire.hello import client
from _gate.wire.hello.client import ClientHello, farewell
from _gate.wire.hello.sslv2 import Sslv2Hello
from wire_hello_reader import read_hello

NUMBERS = st.integers(0, 0xFFFF)
WORDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789.-", min_size=1, max_size=60)

HELLOS = st.builds(
    ClientHello,
    suites=st.lists(NUMBERS, max_size=400).map(tuple),
    version=st.sampled_from([client.SSL30, client.TLS10, client.TLS11, client.TLS12]),
    supported_versions=st.lists(NUMBERS, max_size=5).map(tuple),
    groups=st.lists(NUMBERS, max_size=60).map(tuple),
    key_shares=st.none() | st.lists(st.tuples(NUMBERS, st.binary(max_size=100)), max_size=3).map(tuple),
    signature_schemes=st.lists(NUMBERS, max_size=60).map(tuple),
    server_name=st.just("") | WORDS,
    alpn=st.lists(WORDS, max_size=3).map(tuple),
    compression_methods=st.lists(st.integers(0, 255), min_size=1, max_size=3).map(tuple),
    status_request=st.booleans(),
    extended_master_secret=st.booleans(),
    encrypt_then_mac=st.booleans(),
    renegotiation_info=st.booleans(),
    session_ticket=st.booleans(),
    session_id=st.binary(max_size=32),
)


@given(HELLOS)
def test_hello_is_read_back_as_it_was_written(hello):
    read = read_hello(hello.to_bytes())
    # Without any extension the two ways of saying so are the same bytes.
    assert read == replace(hello, extensions=read.extensions)


def test_the_smallest_hello_byte_by_byte():
    hello = ClientHello((0x002F,), version=client.SSL30, extensions=False, server_name="not.sent.example")
    random = bytes(range(32))
    body = b"\x03\x00" + random + b"\x00" + b"\x00\x02\x00\x2f" + b"\x01\x00"
    assert hello.to_bytes(random) == b"\x16\x03\x00\x00\x2d" + b"\x01\x00\x00\x29" + body


def test_an_empty_key_share_is_sent_and_none_is_not():
    assert b"\x00\x33\x00\x02\x00\x00" in ClientHello((0x1301,), key_shares=()).to_bytes(bytes(32))
    assert b"\x00\x33" not in ClientHello((0x1301,)).to_bytes(bytes(32))


def test_each_hello_has_fresh_random_bytes():
    hello = ClientHello((0x1301,))
    assert hello.to_bytes() != hello.to_bytes()


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError):
        ClientHello((1,), alpn=("x" * 256,)).to_bytes()
    with pytest.raises(ValueError):
        ClientHello(tuple(range(0x8000))).to_bytes()


def test_sslv2_hello_byte_by_byte():
    sent = Sslv2Hello((0x010080, 0x0700C0)).to_bytes(bytes(16))
    assert sent == b"\x80\x1f" + b"\x01\x00\x02\x00\x06\x00\x00\x00\x10" + b"\x01\x00\x80\x07\x00\xc0" + bytes(16)


def test_farewell_is_two_warnings():
    assert farewell(client.TLS13) == bytes.fromhex("15 0303 0002 015a 15 0303 0002 0100")
    assert farewell(client.TLS10)[1:3] == b"\x03\x01"
