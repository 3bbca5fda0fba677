# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server says encrypted: whether tickets allow 0-RTT data, and its groups; from bytes, and as OpenSSL's server says it."""

from __future__ import annotations

import socket
import ssl

import pytest

from _gate.wire.connection import Deadline, Endpoint, open_connection
from _gate.wire.decrypted import allow_early_data, allows_early_data, groups_listed, told_groups, watch
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


def encrypted_extensions(*extensions):
    body = b"".join(extensions)
    body = len(body).to_bytes(2, "big") + body
    return b"\x08" + len(body).to_bytes(3, "big") + body


def listing(*groups, surplus=b""):
    body = b"".join(group.to_bytes(2, "big") for group in groups) + surplus
    body = len(body).to_bytes(2, "big") + body
    return b"\x00\x0a" + len(body).to_bytes(2, "big") + body


@pytest.mark.parametrize(
    "message, groups",
    [
        (encrypted_extensions(listing(29, 23, 4588)), (29, 23, 4588)),
        (encrypted_extensions(OTHER, listing(24), OTHER), (24,)),
        (encrypted_extensions(listing()), ()),
        (encrypted_extensions(OTHER), ()),
        (encrypted_extensions(), ()),
        (encrypted_extensions(listing(29, surplus=b"x")), ()),
        (b"", ()),
    ],
)
def test_groups_are_read_from_bytes(message, groups):
    assert groups_listed(message) == groups


def test_a_list_that_is_cut_short_anywhere_has_no_groups():
    whole = encrypted_extensions(OTHER, listing(29, 23))
    assert [groups_listed(whole[:end]) for end in range(len(whole))] == [()] * len(whole)


def test_what_is_told_is_told_to_one_session():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    watch(context)
    session, other = Session(context), Session(context)
    context._msg_callback(session, "read", 0x0304, 22, 8, encrypted_extensions(listing(29, 23)))
    context._msg_callback(other, "write", 0x0304, 22, 8, encrypted_extensions(listing(24)))
    context._msg_callback(other, "read", 0x0304, 22, 11, encrypted_extensions(listing(24)))
    assert (told_groups(session), told_groups(other)) == ((29, 23), ())


@pytest.mark.parametrize(
    "arguments, groups",
    [
        (("-groups", "X25519:P-256:P-384"), (29, 23, 24)),
        (("-groups", "P-256:X25519"), ()),  # the favourite was chosen: nothing to tell
        (("-groups", "X25519:P-256", "-tls1_2"), ()),
    ],
)
def test_what_a_server_tells_whose_favourite_was_not_offered(keys, arguments, groups):
    demands = Demands(verify=False, one_group=True)
    with server_with(keys, *arguments) as server:
        connection = open_connection(Endpoint(socket.AF_INET, "127.0.0.1"), server.port, 2.0, Deadline(10.0))
        handshake = connection.handshake(TrustStores().context("none", demands), demands, "mail.example.org", 2.0)
        connection.close()
    assert handshake.established
    assert handshake.told_groups == groups
