# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What scripted servers do before, or without, TLS: states, silence, throttling, endless lines, the deadline."""

from __future__ import annotations

import time

import pytest

from _gate.errors import IntentError
from _gate.wire.look import Limits, Target, look
from wire_servers import (
    IMAP_ANSWERS,
    IMAP_GREETING,
    SMTP_ANSWERS,
    SMTP_GREETING,
    Server,
    black_hole,
    mail_server,
    unused_port,
)

QUICK = Limits(deadline_seconds=8, connect_seconds=1, reply_seconds=1, silence_seconds=0.3, ehlo_name="client.example")


@pytest.fixture(autouse=True)
def _without_cryptography(monkeypatch):
    """No certificate is read here, so these tests also run where cryptography is missing."""
    monkeypatch.setattr("_gate.wire.look.require_cryptography", lambda: None)


def see(server, begins="plain", protocol="smtp", limits=QUICK):
    (result,) = look([Target(server.address, server.port, protocol, begins, trust="none", checks=())], limits)
    return result


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_refused(address):
    (seen,) = look([Target(address, unused_port(address), "smtp", "plain")], QUICK)
    assert (seen.state, seen.address, seen.encryption) == ("refused", address, None)
    assert seen.detail == "ECONNREFUSED: Connection refused"
    assert 0 <= seen.seconds < 1


def test_timed_out():
    with black_hole() as port:
        (seen,) = look([Target("127.0.0.1", port, "smtp", "plain")], QUICK)
    assert (seen.state, seen.detail, seen.stopped) == ("timed-out", "no answer in 1.0 s", "")
    assert 0.9 < seen.seconds < 2


def test_unreachable_keeps_the_words_of_the_system():
    (seen,) = look([Target("255.255.255.255", 25, "smtp", "plain")], QUICK)  # broadcast: no packet leaves
    assert seen.state == "unreachable"
    assert seen.detail.startswith(("ENETUNREACH: ", "EACCES: "))


def test_a_link_local_address_without_a_scope_is_refused_before_anything_is_sent():
    with pytest.raises(IntentError, match="fe80::1%eth0") as caught:
        look([Target("192.0.2.1", 25, "smtp", "plain"), Target("fe80::1", 25, "smtp", "plain")], QUICK)
    assert caught.value.option == "targets[1].host"


def test_plain_server():
    answers = dict(SMTP_ANSWERS)
    answers[b"EHLO"] = b"250-mx.example.org\r\n250 AUTH PLAIN\r\n"
    with Server(mail_server(SMTP_GREETING, answers)) as server:
        seen = see(server)
    assert (seen.state, seen.encryption, seen.speaks, seen.stopped) == ("open", "none", "smtp", "")
    assert seen.before_tls.login_mechanisms == ("PLAIN",)
    assert seen.tls is None
    assert seen.after_tls is None
    assert server.heard == [b"EHLO client.example", b"QUIT"]
    assert server.visits == 1


def test_closed_at_once():
    with Server(lambda peer: None) as server:
        seen = see(server)
    assert (seen.state, seen.encryption, seen.stopped) == ("open", None, "closed without a greeting")


def test_reset_at_once():
    with Server(lambda peer: peer.reset()) as server:
        seen = see(server)
    assert (seen.state, seen.encryption) == ("reset", None)


@pytest.mark.parametrize("per_address", [1, 8])
def test_silent(per_address):
    limits = Limits(8, reply_seconds=1, silence_seconds=0.3, per_address=per_address)
    with Server(lambda peer: peer.wait_closed()) as server:
        seen = see(server, limits=limits)
    assert (seen.state, seen.encryption, seen.stopped) == ("open", None, "no greeting within 1 s")
    assert seen.connections == (2 if per_address == 8 else 3)


def test_silent_to_a_client_hello():
    with Server(lambda peer: peer.wait_closed()) as server:
        seen = see(server, "implicit")
    # Once with an ordinary ClientHello, once with a small one.
    assert (seen.encryption, seen.connections) == (None, 2)
    assert seen.tls.error == "no answer to the handshake within 1 s"
    assert seen.stopped == "no TLS: no answer to the handshake within 1 s"


def slow(seconds, script):
    def delayed(peer):
        time.sleep(seconds)
        script(peer)

    return delayed


@pytest.mark.parametrize("per_address", [1, 8])
def test_slow_greeting_is_waited_for(per_address):
    limits = Limits(9, reply_seconds=3, silence_seconds=0.3, per_address=per_address)
    answers = {b"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n{tag} OK\r\n", b"LOGOUT": b"{tag} OK\r\n"}
    with Server(slow(0.8, mail_server(IMAP_GREETING, answers))) as server:
        seen = see(server, protocol="imap", limits=limits)
    assert (seen.encryption, seen.stopped) == ("none", "")


def test_nothing_is_said_to_smtp_before_it_greets():
    """Postfix and Sendmail log it, and stock jails of fail2ban count it."""
    early = []

    def script(peer):
        peer.socket.settimeout(0.8)
        try:
            early.append(peer.socket.recv(100))
        except OSError:
            peer.socket.settimeout(None)
            mail_server(SMTP_GREETING, {b"EHLO": b"250 hi\r\n", b"QUIT": b"221 bye\r\n"})(peer)

    with Server(script) as server:
        seen = see(server, limits=Limits(9, reply_seconds=2, silence_seconds=0.3))
    assert early == []
    assert (seen.encryption, seen.stopped) == ("none", "")


def test_nothing_is_said_between_the_two_lines_of_postscreen():
    early = []

    def script(peer):
        peer.say(b"220-mx.example.org ESMTP Postfix\r\n")
        peer.socket.settimeout(0.6)
        try:
            early.append(peer.socket.recv(100))
        except OSError:
            peer.socket.settimeout(None)
            mail_server(SMTP_GREETING, {b"EHLO": b"250 hi\r\n", b"QUIT": b"221 bye\r\n"})(peer)

    with Server(script) as server:
        seen = see(server)
    assert early == []
    assert (seen.encryption, seen.stopped) == ("none", "")


def test_throttled():
    with Server(lambda peer: peer.say(b"421 4.7.0 come back later\r\n")) as server:
        seen = see(server)
    assert seen.throttled == "421 4.7.0 come back later"
    assert (seen.encryption, seen.stopped) == (None, "put off by the server")


def test_endless_line():
    def babble(peer):
        while True:
            peer.say(b"220 " + b"x" * 4096)

    with Server(babble) as server:
        assert see(server).stopped == "line longer than 8192 bytes"


def test_dripping_reply_is_cut_off():
    def drip(peer):
        while True:
            peer.say(b"2")
            time.sleep(0.1)

    with Server(drip) as server:
        seen = see(server)
    assert seen.stopped == "an unknown protocol is spoken here"
    assert seen.encryption is None


def test_dripping_lines_are_cut_off():
    def drip(peer):
        while True:
            peer.say(b"220-wait\r\n")
            time.sleep(0.1)

    with Server(drip) as server:
        assert see(server).stopped == "no complete greeting within 1 s"


@pytest.mark.parametrize("begins", ["plain", "implicit"])
def test_garbage(begins):
    def garble(peer):
        peer.say(b"\x00\x01\x02\x03 garbage\r\n" * 3)
        peer.wait_closed()

    with Server(garble) as server:
        seen = see(server, begins)
    assert (seen.speaks, seen.encryption, seen.stopped) == ("", None, "an unknown protocol is spoken here")


@pytest.mark.parametrize("begins", ["plain", "implicit"])
def test_ssh(begins):
    def ssh(peer):
        peer.say(b"SSH-2.0-OpenSSH_9.2\r\n")
        peer.wait_closed()

    with Server(ssh) as server:
        seen = see(server, begins)
    assert (seen.speaks, seen.encryption, seen.stopped) == ("ssh", None, "ssh is spoken here")
    assert seen.connections == 1


@pytest.mark.parametrize("begins", ["plain", "implicit"])
def test_http(begins):
    def http(peer):
        peer.socket.recv(10)
        peer.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        peer.wait_closed()

    with Server(http) as server:
        seen = see(server, begins)
    assert (seen.speaks, seen.encryption, seen.stopped) == ("http", None, "http is spoken here")


def test_plaintext_without_starttls_on_an_implicit_port():
    answers = dict(IMAP_ANSWERS)
    answers[b"CAPABILITY"] = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n{tag} OK\r\n"
    with Server(mail_server(b"* OK hi\r\n", answers)) as server:
        seen = see(server, "implicit", "imap")
    assert (seen.encryption, seen.speaks, seen.tls, seen.stopped) == ("none", "imap", None, "")
    assert seen.before_tls.login_mechanisms == ("PLAIN", "LOGIN")


def test_plaintext_server_that_hangs_up_on_early_talkers():
    def script(peer):
        peer.socket.settimeout(0.3)
        try:
            peer.socket.recv(1)
        except OSError:
            peer.socket.settimeout(None)
            mail_server(SMTP_GREETING, {b"EHLO": b"250 hi\r\n", b"QUIT": b"221 bye\r\n"})(peer)

    with Server(script) as server:
        seen = see(server, "implicit")
    assert (seen.encryption, seen.speaks, seen.tls) == ("none", "smtp", None)


def test_another_mail_protocol_is_carried_on_with():
    answers = {b"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n{tag} OK\r\n", b"LOGOUT": b"{tag} OK\r\n"}
    with Server(mail_server(b"* OK hi\r\n", answers)) as server:
        seen = see(server, "plain", "smtp")
    assert (seen.speaks, seen.encryption) == ("imap", "none")


def test_server_that_closes_instead_of_saying_goodbye():
    answers = {b"EHLO": b"250 hi\r\n"}

    def script(peer):
        peer.say(SMTP_GREETING)
        for line in peer.lines():
            if line == b"QUIT":
                peer.reset()
                return
            peer.say(answers[b"EHLO"])

    with Server(script) as server:
        seen = see(server)
    assert (seen.encryption, seen.stopped) == ("none", "")


def test_server_that_ignores_quit_does_not_hold_up():
    def script(peer):
        peer.say(SMTP_GREETING)
        for line in peer.lines():
            if line != b"QUIT":
                peer.say(b"250 hi\r\n")

    with Server(script) as server:
        begun = time.monotonic()
        assert see(server, limits=Limits(8)).stopped == ""
    assert time.monotonic() - begun < 3
