# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers, and what stands before them, that fall silent or close when a ClientHello is too large, or of an unlucky size."""

from __future__ import annotations

import socket
import struct

import pytest

from _gate.wire import posture_hellos as hellos
from _gate.wire.hello.client import VERSION_NUMBERS
from _gate.wire.hello.traits import suites_of
from _gate.wire.look import Limits, Target, look
from _gate.wire.posture_questions import Questions
from wire_paper_looks import CLEAN, look_at, unanswered
from wire_paper_server import HANG_UP, RESET, STALL, PaperServer
from wire_posture import MODERN, versions_of
from wire_servers import SMTP_ANSWERS, SMTP_UNDER_TLS, Server, mail_server

# The middlebox that took the length's first byte for a version: 256 to 511 bytes. One that reads a single segment: 1400.
UNLUCKY = {"from 256": range(256, 70000), "256 to 511": range(256, 512), "from 500": range(500, 70000)}


@pytest.mark.parametrize("enumerate_fully", [False, True])
@pytest.mark.parametrize("way", [STALL, HANG_UP])
@pytest.mark.parametrize("sizes", UNLUCKY.values(), ids=UNLUCKY)
def test_a_server_that_minds_sizes_is_seen_through(sizes, way, enumerate_fully):
    failed = []

    def minds_sizes(hello, number):
        if hello is None or len(hello) not in sizes:
            return None
        failed.append(len(hello))
        return way

    paper = PaperServer(CLEAN, instead=minds_sizes)
    more = {"most_connections": 300, "most_when_enumerating": 600, "enumerate_fully": enumerate_fully}
    posture = look_at(paper, reply_seconds=0.2, **more)
    assert versions_of(posture) == (["TLSv1.2", "TLSv1.3"], [])
    assert unanswered(posture) == {}
    assert all(entry.outside.answer == "rejected" for entry in (*posture.suites, *posture.groups))
    # Each may have to be waited for: what is known to fail is not tried again.
    assert len(failed) <= 12


@pytest.mark.parametrize("version", VERSION_NUMBERS)
def test_the_control_is_as_large_as_the_hello(version):
    for size in range(66, 200):
        hello = hellos.of_version(version, suites_of("TLSv1.2")[:size], "mail.example.org" + "x" * (size % 2))
        control = hellos.control("mail.example.org", as_big_as=hello)
        assert hellos.size_of(control) == max(hellos.size_of(hello), hellos.size_of(hellos.control("mail.example.org")))


def test_hellos_that_cannot_be_cut_prove_nothing():
    """The name alone is too long: the small hellos are too large as well."""
    name = ".".join(["long-label" * 5] * 3) + ".example.org"
    most = hellos.size_of(hellos.control(name))
    paper = PaperServer(CLEAN, instead=lambda hello, number: STALL if hello and len(hello) > most else None)
    posture = look_at(paper, name=name, reply_seconds=0.1, most_connections=60)
    assert "TLSv1.3" not in [answer.subject for answer in posture.versions if answer.answer == "rejected"]
    assert unanswered(posture)


def hello_at(connected):
    """The size of the ClientHello that waits to be read."""
    waiting = b""
    while len(waiting) < 5 or len(waiting) < 5 + struct.unpack(">H", waiting[3:5])[0]:
        more = connected.recv(70000, socket.MSG_PEEK)
        if not more:
            return 0
        waiting = more
    return len(waiting)


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    pytest.importorskip("cryptography", reason="certificates are made and read with cryptography")
    from wire_certificates import issue

    return issue("mail.example.org", ["mail.example.org"]).server_context(tmp_path_factory.mktemp("certificates"))


def minding(context, most, way, starttls):
    """A server that fails over ClientHellos of more bytes."""

    def script(peer):
        if starttls:
            peer.say(b"220 mx ESMTP\r\n")
            for line in peer.lines():
                word = line.split()[0].upper()
                peer.say(SMTP_ANSWERS.get(word, b"530 TLS first\r\n"))
                if word == b"QUIT":
                    return
                if word == b"STARTTLS":
                    break
        if hello_at(peer.socket) <= most:
            peer.start_tls(context)
            mail_server(b"" if starttls else b"220 mx ESMTP\r\n", SMTP_UNDER_TLS)(peer)
        elif way == RESET:
            peer.reset()
        elif way == STALL:
            while peer.socket.recv(65536):
                pass

    return script


def see(context, most, way, begins):
    limits = Limits(20, connect_seconds=1, reply_seconds=0.5, silence_seconds=0.3, ehlo_name="client.example")
    with Server(minding(context, most, way, begins == "plain")) as server:
        questions = Questions(**MODERN, most_connections=200)
        target = Target(server.address, server.port, "smtp", begins, "mail.example.org", "none", questions=questions)
        (seen,) = look([target], limits)
    return seen


@pytest.mark.parametrize("begins", ["implicit", "plain"])
@pytest.mark.parametrize("way", [STALL, HANG_UP, RESET])
def test_an_ordinary_hello_is_too_large(context, begins, way):
    seen = see(context, 350, way, begins)
    assert seen.tls.established and not seen.tls.needs_legacy
    assert seen.tls.version == "TLSv1.3" and seen.hindered == ""
    assert any("while a small ClientHello was answered" in note for note in seen.notes)
    assert versions_of(seen.posture) == (["TLSv1.2", "TLSv1.3"], [])


@pytest.mark.parametrize("way", [STALL, HANG_UP, RESET])
@pytest.mark.parametrize("begins", ["implicit", "plain"])
def test_every_hello_of_openssl_is_too_large(context, begins, way):
    seen = see(context, 255, way, begins)
    assert not seen.tls.established and seen.tls.error
    assert seen.encryption == (None if begins == "implicit" else "starttls")
    assert seen.posture is None or versions_of(seen.posture)[0] == ["TLSv1.2", "TLSv1.3"]


def test_sizes_of_the_ordinary_client(context):
    """What the two tests above go by."""
    from _gate.wire.connection import Deadline, Endpoint, open_connection
    from _gate.wire.tls import Demands, TrustStores

    for demands, least, most in ((Demands(False), 500, 3000), (Demands(False, small=True), 256, 350)):
        sizes = []
        with Server(lambda peer, sizes=sizes: sizes.append(hello_at(peer.socket))) as server:
            connection = open_connection(Endpoint(socket.AF_INET, server.address), server.port, 1.0, Deadline(5.0))
            connection.handshake(TrustStores().context("none", demands), demands, "mail.example.org", 1.0)
            connection.close()
        assert least <= sizes[0] <= most
