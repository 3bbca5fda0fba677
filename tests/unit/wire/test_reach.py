# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections led to the point where TLS begins, within the budget, and what keeps them from getting there."""

from __future__ import annotations

import socket

import pytest

from _gate.wire.connection import Broken, Deadline, Endpoint, NotOpened
from _gate.wire.evidence import IMPLICIT, STARTTLS
from _gate.wire.reach import CutOff, PutOff, Reach
from _gate.wire.slots import Slots
from _gate.wire.target import Limits, Target
from _gate.wire.tls import TrustStores
from _gate.wire.visit import Setting
from wire_servers import SMTP_ANSWERS, SMTP_GREETING, Server, mail_server, unused_port

LIMITS = Limits(5, connect_seconds=1, reply_seconds=0.5, retry_seconds=0.05, ehlo_name="client.example")


def reach(server, protocol="smtp", proxy_protocol="none", slots=None, seconds=5.0, port=0):
    target = Target("127.0.0.1", port or server.port, protocol, "plain", proxy_protocol=proxy_protocol)
    setting = Setting(target, LIMITS, Deadline(seconds), TrustStores())
    return Reach(setting, Endpoint(socket.AF_INET, "127.0.0.1"), slots or Slots(8))


def hello_after(greeting, answers):
    """A server that, after it has agreed to TLS, keeps the first bytes it gets."""
    got = []

    def script(peer):
        peer.say(greeting)
        for line in peer.lines():
            word = next(word for word in line.split() if word in answers)
            peer.say(answers[word].replace(b"{tag}", line.partition(b" ")[0]))
            if word in (b"STARTTLS", b"STLS"):
                got.append(peer.socket.recv(100))
                return

    return script, got


@pytest.mark.parametrize(
    "protocol, greeting, answers, said",
    [
        ("smtp", SMTP_GREETING, SMTP_ANSWERS, [b"EHLO client.example", b"STARTTLS"]),
        ("imap", b"* OK hi\r\n", {b"STARTTLS": b"{tag} OK\r\n"}, [b"g1 STARTTLS"]),
        ("pop3", b"+OK hi\r\n", {b"STLS": b"+OK\r\n"}, [b"STLS"]),
        ("sieve", b'"STARTTLS"\r\nOK\r\n', {b"STARTTLS": b"OK\r\n"}, [b"STARTTLS"]),
        (
            "lmtp",
            b"220 mx LMTP hi\r\n",
            {b"LHLO": b"250 mx\r\n", b"STARTTLS": b"220 go\r\n"},
            [b"LHLO client.example", b"STARTTLS"],
        ),
    ],
)
def test_shortest_way_to_the_hello(protocol, greeting, answers, said):
    script, got = hello_after(greeting, answers)
    with Server(script) as server:
        here = reach(server, protocol)
        connection = here.at_tls_start(STARTTLS)
        connection.send(b"\x16\x03\x01", 1)
        assert connection.receive(1) == b""
        connection.close()
    assert got == [b"\x16\x03\x01"]
    assert server.heard == said
    assert here.connections == 1


@pytest.mark.parametrize("version, length", [("v1", None), ("v2", 28)])
def test_proxy_header_comes_before_the_hello(version, length):
    got = []

    def script(peer):
        received = b""
        while not received.endswith(b"HELLO"):
            received += peer.socket.recv(100)
        got.append((received, peer.socket.getpeername()[1]))

    with Server(script) as server:
        connection = reach(server, proxy_protocol=version).at_tls_start(IMPLICIT)
        connection.send(b"HELLO", 1)
        assert connection.receive(1) == b""
        connection.close()
    (received, source_port) = got[0]
    if version == "v1":
        assert received == "PROXY TCP4 127.0.0.1 127.0.0.1 {0} {1}\r\nHELLO".format(source_port, server.port).encode()
    else:
        assert received.startswith(b"\r\n\r\n\x00\r\nQUIT\n\x21\x11")
        assert len(received) == length + len(b"HELLO")


def test_starttls_refused():
    answers = dict(SMTP_ANSWERS)
    answers[b"STARTTLS"] = b"502 no\r\n"
    with Server(mail_server(SMTP_GREETING, answers)) as server, pytest.raises(Broken, match="STARTTLS refused: 502 no"):
        reach(server).at_tls_start(STARTTLS)
    assert server.heard[-1] == b"QUIT"


def test_put_off_twice_is_put_off_for_good():
    with Server(lambda peer: peer.say(b"421 4.7.0 later\r\n")) as server:
        here = reach(server)
        for _try in range(2):
            with pytest.raises(PutOff, match="421 4.7.0 later"):
                here.at_tls_start(STARTTLS)
    assert here.connections == server.visits == 2
    assert here.slots.put_off_with("smtp") == "421 4.7.0 later"
    assert here.slots.put_off_with("imap") == ""


def test_put_off_once_is_forgiven():
    visits = []

    def script(peer):
        visits.append(peer)
        if len(visits) == 1:
            peer.say(b"421 4.7.0 later\r\n")
        else:
            mail_server(SMTP_GREETING, SMTP_ANSWERS)(peer)

    with Server(script) as server:
        here = reach(server)
        here.at_tls_start(STARTTLS).close()
    assert here.connections == 2


@pytest.mark.parametrize("how", ["closed", "silent"])
def test_port_that_falls_silent_is_left_alone(how):
    visits = []

    def script(peer):
        visits.append(peer)
        if len(visits) == 1:
            mail_server(SMTP_GREETING, SMTP_ANSWERS)(peer)
        elif how == "silent":
            peer.wait_closed()

    with Server(script) as server:
        here = reach(server)
        here.at_tls_start(STARTTLS).close()
        for _try in range(2):
            with pytest.raises(CutOff, match="cut off after 1 connections: (closed without|no) a? ?greeting"):
                here.at_tls_start(STARTTLS)
    assert here.connections == server.visits == 2


def test_port_that_closes_is_left_alone():
    with Server(mail_server(SMTP_GREETING, SMTP_ANSWERS)) as server:
        here = reach(server)
        here.at_tls_start(STARTTLS).close()
    for _try in range(2):
        with pytest.raises(CutOff, match="cut off after 1 connections: refused ECONNREFUSED"):
            here.connect()
    assert here.connections == 2


def test_port_that_never_answered_is_not_cut_off():
    with pytest.raises(NotOpened) as caught:
        reach(None, port=unused_port()).at_tls_start(STARTTLS)
    assert caught.value.state == "refused"


def test_budget():
    with Server(lambda peer: peer.wait_closed()) as server:
        here = reach(server, slots=Slots(8, in_all=2))
        for _connection in range(2):
            here.connect().close()
        with pytest.raises(CutOff, match="the budget of 2 connections to this address is spent"):
            here.connect()
    assert here.connections == 2


def test_deadline():
    with pytest.raises(NotOpened) as caught:
        reach(None, seconds=0.0, port=unused_port()).connect()
    assert (caught.value.state, caught.value.cut_off) == ("not-tried", True)
