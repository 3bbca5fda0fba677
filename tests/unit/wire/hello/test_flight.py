# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What servers said, recorded in ``flights/``, read from its bytes: whole, split anywhere, damaged, and nonsense."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _gate.wire.hello import client
from _gate.wire.hello.client import handshake_message, record
from _gate.wire.hello.fields import MalformedFlight
from _gate.wire.hello.flight import MOST_BYTES, Alert, FlightReader
from _gate.wire.hello.server import KeyExchange
from _gate.wire.hello.sslv2 import Sslv2ServerHello
from _gate.wire.hello.suites import suite_name

FOLDER = Path(__file__).resolve().parent / "flights"


def load(name):
    lines = (FOLDER / (name + ".hex")).read_text("ascii").splitlines()
    return bytes.fromhex("".join(line for line in lines if not line.startswith("#")))


NAMES = sorted(path.stem for path in FOLDER.glob("*.hex"))
FLIGHTS = {name: load(name) for name in NAMES}


def read(*parts, sslv2=False):
    reader = FlightReader(sslv2)
    for part in parts:
        reader.feed(part)
    return reader.flight


def test_all_recordings_are_there():
    assert len(NAMES) == 10


def test_tls12_flight_with_everything():
    flight = read(FLIGHTS["tls12-ecdsa"])
    assert flight.complete
    assert flight.hello.version == client.TLS12
    assert suite_name(flight.hello.suite) == "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
    assert flight.hello.alpn == "imap"
    assert flight.certificate_request
    assert not flight.status
    assert len(flight.certificates) == 1
    assert flight.key_exchange == KeyExchange(group=29, scheme=0x0403)
    for extension in (client.SESSION_TICKET, client.EXTENDED_MASTER_SECRET, client.RENEGOTIATION_INFO):
        assert extension in flight.hello.extensions


def test_staple_and_encrypt_then_mac():
    flight = read(FLIGHTS["tls12-staple"])
    assert flight.status
    assert client.ENCRYPT_THEN_MAC in flight.hello.extensions
    assert client.SESSION_TICKET not in flight.hello.extensions
    assert not flight.certificate_request


def test_size_of_the_finite_field():
    assert read(FLIGHTS["tls12-dhe-cbc"]).key_exchange == KeyExchange(prime_bits=2048, scheme=0x0804)
    assert read(FLIGHTS["tls12-anonymous"]).key_exchange == KeyExchange(prime_bits=1024)
    assert read(FLIGHTS["tls12-anonymous"]).certificates == ()


def test_static_rsa_has_no_key_exchange():
    flight = read(FLIGHTS["tls12-static-rsa"])
    assert flight.complete
    assert flight.key_exchange is None


def test_tls10_names_no_scheme():
    flight = read(FLIGHTS["tls10-rsa"])
    assert flight.hello.version == client.TLS10
    assert flight.key_exchange == KeyExchange(group=29)


def test_hello_retry_request_names_suite_and_group():
    flight = read(FLIGHTS["tls13-retry"])
    assert flight.complete
    assert flight.hello.is_retry
    assert (flight.hello.version, flight.hello.suite, flight.hello.group) == (client.TLS13, 0x1301, 24)


@pytest.mark.parametrize(
    "name, alert",
    [
        ("alert-protocol-version", Alert(70)),
        ("alert-handshake-failure", Alert(40)),
        ("alert-to-sslv2", Alert(70)),
    ],
)
def test_alerts(name, alert):
    flight = read(FLIGHTS[name], sslv2=name.endswith("sslv2"))
    assert flight.alert == alert
    assert flight.complete
    assert flight.hello is None
    assert str(Alert(70)) == "protocol_version (70)"
    assert str(Alert(199)) == "alert (199)"


@pytest.mark.parametrize("name", NAMES)
def test_the_outcome_is_the_same_wherever_the_bytes_are_split(name):
    data = FLIGHTS[name]
    whole = read(data)
    for border in range(len(data) + 1):
        assert read(data[:border], data[border:]) == whole
    assert read(*(data[at : at + 1] for at in range(len(data)))) == whole


def records_of(data):
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at + 3 : at + 5], "big")
        yield data[at + 5 : at + 5 + size]
        at += 5 + size


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("tls")])
@pytest.mark.parametrize("size", [1, 7, 16384])
def test_messages_may_be_cut_into_any_records(name, size):
    messages = b"".join(records_of(FLIGHTS[name]))
    pieces = [messages[at : at + size] for at in range(0, len(messages), size)]
    assert read(b"".join(record(22, 0x0303, piece) for piece in pieces)) == read(FLIGHTS[name])


@pytest.mark.parametrize("name", NAMES)
def test_a_flight_is_complete_with_its_last_byte_only(name):
    # After a HelloRetryRequest comes a ChangeCipherSpec for show.
    last = 7 if name == "tls13-retry" else 1
    assert read(FLIGHTS[name]).complete
    assert not read(FLIGHTS[name][:-last]).complete


def survives(data, sslv2=False):
    """Whether it is read; nothing but the documented exception may come out."""
    try:
        read(data, sslv2=sslv2)
    except MalformedFlight:
        return False
    return True


@given(st.binary(max_size=300), st.booleans())
def test_arbitrary_bytes_raise_only_the_documented_error(data, sslv2):
    survives(data, sslv2)


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=80)), max_size=6), st.booleans())
def test_arbitrary_messages_raise_only_the_documented_error(messages, first):
    hello = b"".join(records_of(FLIGHTS["tls12-dhe-cbc"]))[:87] if first else b""
    survives(record(22, 0x0303, hello + b"".join(handshake_message(kind, body) for kind, body in messages)))


@given(st.sampled_from(NAMES), st.integers(0, 2000), st.integers(0, 255), st.booleans())
def test_damaged_flights_raise_only_the_documented_error(name, place, value, cut):
    data = bytearray(FLIGHTS[name])
    place %= len(data)
    data[place] = value
    survives(bytes(data[: place + 1] if cut else data))


HELLO = b"\x03\x03" + bytes(32) + b"\x00\x00\x2f\x00"


@pytest.mark.parametrize(
    "what, data",
    [
        ("a greeting", b"220 mail.example.org ESMTP\r\n"),
        ("application data", b"\x17\x03\x03\x00\x01x"),
        ("a record that is too long", b"\x16\x03\x03\x48\x01"),
        ("a change of cipher before the hello", record(20, 0x0303, b"\x01")),
        ("a certificate before the hello", record(22, 0x0303, handshake_message(11, b"\x00\x00\x00"))),
        ("an unknown version", record(22, 0x0303, handshake_message(2, b"\x03\x05" + bytes(32) + b"\x00\x00\x2f\x00"))),
        ("an extension twice", record(22, 0x0303, handshake_message(2, HELLO + b"\x00\x08" + b"\x00\x17\x00\x00" * 2))),
        ("an alert of no level", record(21, 0x0303, b"\x03\x28")),
        ("a message that is too long", record(22, 0x0303, b"\x02\xff\xff\xff")),
    ],
)
def test_what_is_no_flight(what, data):
    with pytest.raises(MalformedFlight):
        read(data)


def test_warnings_do_not_end_a_flight_and_close_notify_does():
    name_warning = record(21, 0x0303, b"\x01\x70")
    flight = read(name_warning + FLIGHTS["tls12-ecdsa"])
    assert flight.warnings == [Alert(112, fatal=False)]
    assert flight.hello is not None
    assert flight.alert is None
    assert read(record(21, 0x0303, b"\x01\x00")).alert == Alert(0, fatal=False)


def test_what_was_read_before_nonsense_stays():
    reader = FlightReader()
    with pytest.raises(MalformedFlight):
        reader.feed(FLIGHTS["tls12-ecdsa"][:200] + b"")
        reader.feed(b"x" * 2000)
    assert reader.flight.hello is not None


def test_a_chain_of_nearly_a_megabyte_is_read_and_more_is_refused():
    hello = b"".join(records_of(FLIGHTS["tls12-static-rsa"]))
    hello = hello[: 4 + int.from_bytes(hello[1:4], "big")]

    def flight(size):
        body = (size + 3).to_bytes(3, "big") + size.to_bytes(3, "big") + bytes(size)
        messages = hello + handshake_message(11, body)
        return b"".join(record(22, 0x0303, messages[at : at + 16384]) for at in range(0, len(messages), 16384))

    assert len(read(flight(1000000)).certificates[0]) == 1000000
    with pytest.raises(MalformedFlight):
        read(flight(MOST_BYTES))


def test_bytes_without_end_are_refused():
    reader = FlightReader()
    with pytest.raises(MalformedFlight):
        for _piece in range(100):
            reader.feed(record(22, 0x0303, b"") * 4000)


SSLV2_HELLO = b"\x80\x11" + b"\x04\x00\x01\x00\x02\x00\x00\x00\x03\x00\x03" + b"\x07\x00\xc0" + b"abc"


def test_sslv2_server_hello_wherever_it_is_split():
    wanted = Sslv2ServerHello(("SSL_CK_DES_192_EDE3_CBC_WITH_MD5",), b"")
    for border in range(len(SSLV2_HELLO) + 1):
        flight = read(SSLV2_HELLO[:border], SSLV2_HELLO[border:], sslv2=True)
        assert flight.sslv2 == wanted
        assert flight.complete
    assert not read(SSLV2_HELLO[:-1], sslv2=True).complete


def test_sslv2_error_is_told():
    with pytest.raises(MalformedFlight, match="SSL 2.0 error 1"):
        read(b"\x80\x03\x00\x00\x01", sslv2=True)
