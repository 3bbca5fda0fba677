# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether tickets allow 0-RTT data: from bytes, and as OpenSSL's server hands them out."""

from __future__ import annotations

import socket
import ssl

import pytest

from _gate.wire.connection import Deadline, Endpoint, open_connection
from _gate.wire.tickets import allow_early_data, allows_early_data, watch
from _gate.wire.tls import Demands, TrustStores
from wire_openssl import OpensslServer, make_keys, need_openssl

need_openssl()


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    make_keys(folder)
    return folder


def ticket(extensions=b"", nonce=bytes(8), opaque=b"opaque"):
    body = bytes(8) + bytes([len(nonce)]) + nonce + len(opaque).to_bytes(2, "big") + opaque
    body += len(extensions).to_bytes(2, "big") + extensions
    return b"\x04" + len(body).to_bytes(3, "big") + body


def early(size):
    return b"\x00\x2a\x00\x04" + size.to_bytes(4, "big")


OTHER = b"\x0a\x0a\x00\x02xy"


@pytest.mark.parametrize(
    "message, allowed",
    [
        (ticket(), False),
        (ticket(early(16384)), True),
        (ticket(OTHER + early(1)), True),
        (ticket(OTHER + early(0)), False),
        (ticket(OTHER), False),
        (ticket(early(1), nonce=b"", opaque=b"x" * 300), True),
        (ticket(opaque=early(1)), False),
        (b"", False),
        (b"\x04\x00\x00\x06\x00\x00\x00\x00\x00\x00", False),
    ],
)
def test_a_ticket_is_read_from_bytes(message, allowed):
    assert allows_early_data(message) is allowed


def test_a_ticket_that_is_cut_short_anywhere_allows_nothing():
    whole = ticket(OTHER + early(1))
    assert [allows_early_data(whole[:end]) for end in range(len(whole) - 1)] == [False] * (len(whole) - 1)


class Session:
    """What a context hands to its callback."""

    def __init__(self, context):
        self.context = context


def test_one_ticket_that_allows_it_is_enough():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    watch(context)
    session, other = Session(context), Session(context)
    for message in (ticket(), ticket(early(1)), ticket()):
        context._msg_callback(session, "read", 0x0304, 22, 4, message)
        context._msg_callback(other, "write", 0x0304, 22, 4, message)
    assert (allow_early_data(session), allow_early_data(other)) == (True, False)


def test_nothing_is_established_where_python_does_not_tell():
    assert allow_early_data(Session(object())) is None
    watch(object())


def seen(server, say="hello\n", stores=None):
    connection = open_connection(Endpoint(socket.AF_INET, "127.0.0.1"), server.port, 2.0, Deadline(10.0))
    demands = Demands(verify=False)
    handshake = connection.handshake(
        (stores or TrustStores()).context("none", demands), demands, "mail.example.org", 2.0
    )
    try:
        assert handshake.established
        if say:
            server.say(say)
            assert connection.receive(2.0) == say.encode("ascii")
        return connection.early_data
    finally:
        connection.close()


def server_with(keys, *arguments):
    return OpensslServer(keys, "-cert", "rsa.pem", "-key", "rsa.key", *arguments)


@pytest.mark.parametrize(
    "arguments, early_data",
    [
        (("-early_data",), True),
        (("-early_data", "-no_ticket"), True),
        (("-early_data", "-max_early_data", "0"), False),
        (("-early_data", "-num_tickets", "0"), False),
        ((), False),
        (("-tls1_2",), None),
    ],
)
def test_what_a_server_hands_out(keys, arguments, early_data):
    with server_with(keys, *arguments) as server:
        assert seen(server) is early_data


def test_nothing_is_established_before_the_server_spoke(keys):
    with server_with(keys, "-early_data") as server:
        assert seen(server, say="") is None


def test_sessions_of_one_context_are_told_apart(keys):
    stores = TrustStores()
    with server_with(keys, "-early_data") as one, server_with(keys) as other:
        assert [seen(each, stores=stores) for each in (one, other, one)] == [True, False, True]
