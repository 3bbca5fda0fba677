# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What many flights say together: good features must be in each that can have them, bad ones in any."""

from __future__ import annotations

import pytest

from _gate.wire.hello import client
from _gate.wire.hello.flight import Flight
from _gate.wire.hello.server import KeyExchange, ServerHello
from _gate.wire.posture_gathering import Gathering

GCM, CBC = 0xC02F, 0xC027


def flight(*extensions, version=client.TLS12, suite=GCM, compression=0, **details):
    hello = ServerHello(version, suite, compression, extensions=dict.fromkeys(extensions, b""))
    return Flight(hello, complete=True, certificates=(b"certificate",), **details)


def features(*flights):
    gathering = Gathering()
    for each in flights:
        gathering.take(each)
    return gathering.features()


@pytest.mark.parametrize(
    "name, has, lacks, together",
    [
        ("renegotiation_info", flight(client.RENEGOTIATION_INFO), flight(), False),
        ("extended_master_secret", flight(client.EXTENDED_MASTER_SECRET), flight(), False),
        ("encrypt_then_mac", flight(client.ENCRYPT_THEN_MAC, suite=CBC), flight(suite=CBC), False),
        ("ocsp_staple", flight(status=True), flight(), False),
        ("compression", flight(compression=client.DEFLATE), flight(), True),
        ("client_certificate", flight(certificate_request=True), flight(), True),
        ("session_ticket", flight(client.SESSION_TICKET), flight(), True),
    ],
)
def test_one_flight_has_it_and_another_lacks_it(name, has, lacks, together):
    assert getattr(features(has), name) is True
    assert getattr(features(lacks), name) is False
    assert getattr(features(has, lacks), name) is together
    assert getattr(features(lacks, has), name) is together


def test_nothing_is_known_of_what_no_flight_can_show():
    for seen in (features(), features(flight(version=client.TLS13)), features(Flight())):
        assert set(vars(seen).values()) == {None, "", ()}
    assert features(flight(suite=GCM)).encrypt_then_mac is None
    assert features(flight(version=client.SSL30)).extended_master_secret is None


def test_a_flight_that_broke_off_says_nothing_of_what_comes_late():
    broken = flight()
    broken.complete = False
    assert features(broken).ocsp_staple is None
    assert features(broken).client_certificate is None
    assert features(broken).extended_master_secret is False


def test_what_was_chosen_is_kept_by_version_in_order():
    gathering = Gathering()
    gathering.take(flight(key_exchange=KeyExchange(group=24, scheme=0x0401)))
    gathering.take(flight(key_exchange=KeyExchange(group=29, scheme=0x0203)))
    gathering.take(flight(suite=CBC, key_exchange=KeyExchange(group=24, scheme=0x0401)))
    gathering.take(flight(version=client.TLS10, suite=0x0033, key_exchange=KeyExchange(prime_bits=1024)))
    gathering.take(flight(key_exchange=KeyExchange(explicit_curve=True)))
    gathering.take(flight(key_exchange=KeyExchange(export_bits=512)))
    assert gathering.suites == {client.TLS12: [GCM, CBC], client.TLS10: [0x0033]}
    assert gathering.groups == {client.TLS12: [24, 29]}
    assert gathering.finite_field_bits == {client.TLS10: [1024]}
    assert gathering.features().signature_algorithms == ("rsa_pkcs1_sha256", "ecdsa_sha1")
    assert gathering.notes == [
        "the server uses a curve of its own",
        "the server uses a temporary RSA key of 512 bits",
    ]


def test_the_finite_field_of_an_anonymous_suite_is_no_measure():
    gathering = Gathering()
    gathering.take(
        Flight(
            ServerHello(client.TLS12, 0x00A6, 0, extensions={}),
            complete=True,
            key_exchange=KeyExchange(prime_bits=1024),
        )
    )
    assert gathering.finite_field_bits == {}
