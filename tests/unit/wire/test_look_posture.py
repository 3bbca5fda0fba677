# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mail posture of scripted servers, each wrong in one way, over real connections and handshakes."""

from __future__ import annotations

import json
import socket

import pytest

from _gate.report.ports import port_as_dict
from _gate.wire.look import Limits, Target, look
from _gate.wire.posture_questions import Questions
from wire_servers import IMAP_GREETING, IMAP_UNDER_TLS, SMTP_ANSWERS, SMTP_UNDER_TLS, Server, mail_server

pytest.importorskip("cryptography", reason="certificates are made and read with cryptography")

from wire_certificates import issue  # noqa: E402  # it needs cryptography

QUICK = Limits(
    8, connect_seconds=1, reply_seconds=1, silence_seconds=0.3, retry_seconds=0.05, ehlo_name="client.example"
)
GREETING = b"220 mx.example.org ESMTP\r\n"


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    return issue("mail.example.org", ["mail.example.org"]).server_context(tmp_path_factory.mktemp("certificates"))


def see(server, begins="plain", protocol="smtp", limits=QUICK, trust="none", **options):
    target = Target(server.address, server.port, protocol, begins, "mail.example.org", trust, **options)
    (result,) = look([target], limits)
    return result


def answers_of(seen):
    posture = seen.mail_posture
    found = {name: getattr(posture, name) for name in posture.__dataclass_fields__}
    return {name: observation.answer for name, observation in found.items() if observation is not None}


def leaky(context, greeting, starttls, inside, answer):
    """A server with one buffer for clear and encrypted bytes: CVE-2011-0411.

    ``starttls``: the reply to STARTTLS; ``inside``: what is sent unasked under TLS; ``answer``: a reply to any command.
    """

    def reply(peer, line):
        tag = line.partition(b" ")[0]
        if b"TLS" in line.upper() or b"STLS" in line.upper():
            peer.say(starttls.replace(b"{tag}", tag))
            return "tls"
        if b"EHLO" in line.upper():
            peer.say(b"250-mx\r\n250 STARTTLS\r\n")
        elif b"CAPA" in line.upper():
            capabilities = (
                b"+OK\r\nSTLS\r\n.\r\n" if tag == b"CAPA" else b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n"
            )
            peer.say(capabilities + (b"" if tag == b"CAPA" else tag + b" OK\r\n"))
        else:
            peer.say(answer.replace(b"{tag}", tag))
        return "bye" if line.upper().endswith((b"QUIT", b"LOGOUT")) else ""

    def script(peer):
        buffer = b""
        peer.say(greeting)
        while True:
            while b"\n" not in buffer:
                received = peer.socket.recv(4096)
                if not received:
                    return
                buffer += received
            line, _newline, buffer = buffer.partition(b"\r\n")
            became = reply(peer, line)
            if became == "bye":
                return
            if became == "tls":
                peer.start_tls(context)
                peer.say(inside)

    return script


LEAKY = {
    "smtp": (GREETING, b"220 go\r\n", b"", b"250 2.0.0 done\r\n"),
    "imap": (b"* OK hi\r\n", b"{tag} OK\r\n", b"", b"{tag} OK done\r\n"),
    "pop3": (b"+OK hi\r\n", b"+OK\r\n", b"", b"-ERR what?\r\n"),
    "sieve": (b'"STARTTLS"\r\nOK\r\n', b"OK\r\n", b'"SASL" "PLAIN"\r\nOK\r\n', b'OK "done"\r\n'),
}


@pytest.mark.parametrize("protocol", LEAKY)
def test_injection_answered(context, protocol):
    with Server(leaky(context, *LEAKY[protocol])) as server:
        seen = see(server, protocol=protocol)
    injection = seen.mail_posture.starttls_injection
    assert injection.answer == "yes"
    assert injection.line
    assert seen.connections == 2


def test_injection_discarded(context):
    answers = dict(SMTP_UNDER_TLS)
    answers[b"NOOP"] = b"250 OK\r\n"
    with Server(mail_server(GREETING, SMTP_ANSWERS, answers, context)) as server:
        seen = see(server)
    assert seen.mail_posture.starttls_injection.answer == "no"
    assert [line for line in server.heard if line.startswith(b"NOOP gate")]
    assert seen.connections == 2


def test_injection_refused_with_company(context):
    def script(peer):
        peer.say(GREETING)
        peer.socket.recv(100)
        peer.say(b"250-mx\r\n250 STARTTLS\r\n")
        received = peer.socket.recv(100)
        if received != b"STARTTLS\r\n":
            peer.say(b"554 5.5.0 Error: SMTP protocol synchronization\r\n")
            return
        peer.say(b"220 go\r\n")
        peer.start_tls(context)
        mail_server(b"", SMTP_UNDER_TLS)(peer)

    with Server(script) as server:
        injection = see(server, checks=("starttls_injection",)).mail_posture.starttls_injection
    assert (injection.answer, injection.line) == ("no", "554 5.5.0 Error: SMTP protocol synchronization")


def picky(context, always=False):
    """A server that hangs up on whoever sends something with STARTTLS; ``always``: on all that come after that."""
    offended = []

    def script(peer):
        if offended and always:
            return
        peer.say(GREETING)
        peer.socket.recv(100)
        peer.say(b"250-mx\r\n250 STARTTLS\r\n")
        if peer.socket.recv(100) != b"STARTTLS\r\n":
            offended.append(peer)
            return
        peer.say(b"220 go\r\n")
        peer.start_tls(context)
        mail_server(b"", SMTP_UNDER_TLS)(peer)

    return script


def tls_once(context):
    """A server where TLS works once and never again, with or without company."""
    visits = []

    def script(peer):
        visits.append(peer)
        peer.say(GREETING)
        peer.socket.recv(100)
        peer.say(b"250-mx\r\n250 STARTTLS\r\n")
        peer.socket.recv(100)
        peer.say(b"220 go\r\n")
        if len(visits) == 1:
            peer.start_tls(context)
            mail_server(b"", SMTP_UNDER_TLS)(peer)

    return script


def test_injection_hung_up_on_and_control_goes_well(context):
    with Server(picky(context)) as server:
        seen = see(server, checks=("starttls_injection",))
    assert seen.mail_posture.starttls_injection.answer == "no"
    assert "TLS without" in seen.mail_posture.starttls_injection.why
    assert (seen.connections, seen.hindered) == (3, "")


def test_injection_hung_up_on_and_a_hello_of_the_tls_posture_is_the_control(context):
    with Server(picky(context)) as server:
        seen = see(server, checks=("starttls_injection",), questions=Questions())
    assert seen.mail_posture.starttls_injection.answer == "no"
    assert "TLSv1.2" in port_as_dict(seen)["posture"]["versions"]
    assert seen.connections == 2 + seen.posture.connections


def test_injection_fails_and_so_does_the_tls_posture(context):
    with Server(tls_once(context)) as server:
        seen = see(server, checks=("starttls_injection",), questions=Questions())
    injection = seen.mail_posture.starttls_injection
    assert (injection.answer, injection.why) == ("not established", "no TLS, and none without the command either")
    # That it has TLS 1.3 is what the first visit saw.
    assert port_as_dict(seen)["posture"]["versions"] == ["TLSv1.3"]
    assert seen.connections == 3 + seen.posture.connections


def test_injection_hung_up_on_and_control_too(context):
    with Server(picky(context, always=True)) as server:
        seen = see(server, checks=("starttls_injection",))
    injection = seen.mail_posture.starttls_injection
    assert (injection.answer, injection.why) == (
        "not established",
        "cut off after 2 connections: closed without a greeting",
    )
    assert (seen.hindered, seen.connections) == ("cut off", 3)
    assert seen.tls.established


def test_injection_fails_and_so_does_the_control(context):
    with Server(tls_once(context)) as server:
        seen = see(server, checks=("starttls_injection",))
    assert seen.mail_posture.starttls_injection.answer == "not established"
    assert seen.mail_posture.starttls_injection.why == "no TLS, and none without the command either"
    assert seen.connections == 3


@pytest.fixture(scope="module", params=["prime256v1", "secp384r1"])
def context_of_one_group(request, tmp_path_factory):
    context = issue("mail.example.org", ["mail.example.org"]).server_context(tmp_path_factory.mktemp("one"))
    context.set_ecdh_curve(request.param)
    return context


EXACT = Questions(enumerate_fully=True)


def test_injection_answered_by_a_server_that_lacks_the_one_group(context_of_one_group):
    with Server(leaky(context_of_one_group, *LEAKY["smtp"])) as server:
        seen = see(server, checks=("starttls_injection",), questions=EXACT)
    assert seen.mail_posture.starttls_injection.answer == "yes"


def test_injection_discarded_by_a_server_that_lacks_the_one_group(context_of_one_group):
    answers = {**SMTP_UNDER_TLS, b"NOOP": b"250 OK\r\n"}
    with Server(mail_server(GREETING, SMTP_ANSWERS, answers, context_of_one_group)) as server:
        seen = see(server, checks=("starttls_injection",), questions=EXACT)
    injection = seen.mail_posture.starttls_injection
    assert injection.answer == "no" and "when sent there" in injection.why
    groups = {each.outside.subject: each for each in seen.posture.groups}["TLSv1.3"]
    assert groups.complete and len(groups.accepted) == 1


def test_exact_sets_do_without_what_both_visits_showed(context):
    with Server(mail_server(GREETING, SMTP_ANSWERS, SMTP_UNDER_TLS, context)) as server:
        with_injection = see(server, checks=("starttls_injection",), questions=EXACT)
    with Server(mail_server(GREETING, SMTP_ANSWERS, SMTP_UNDER_TLS, context)) as server:
        without = see(server, checks=(), questions=EXACT)
    groups = [
        {each.outside.subject: set(each.accepted) for each in seen.posture.groups} for seen in (with_injection, without)
    ]
    assert groups[0] == groups[1] and "secp256r1" in groups[0]["TLSv1.3"]
    assert with_injection.connections == without.connections


def test_injection_fails_and_so_does_the_tls_posture_with_exact_sets(context):
    with Server(tls_once(context)) as server:
        seen = see(server, checks=("starttls_injection",), questions=EXACT)
    injection = seen.mail_posture.starttls_injection
    assert (injection.answer, injection.why) == ("not established", "no TLS, and none without the command either")


def test_injection_hung_up_on_with_exact_sets_takes_no_visit_more(context):
    with Server(picky(context)) as server:
        seen = see(server, checks=("starttls_injection",), questions=EXACT)
    assert seen.mail_posture.starttls_injection.answer == "no"
    assert "TLS without" in seen.mail_posture.starttls_injection.why
    assert seen.connections == 2 + seen.posture.connections


def test_injection_taken_for_tls(context):
    def byte_by_byte(peer):
        peer.say(GREETING)
        while True:
            line = b""
            while not line.endswith(b"\n"):
                received = peer.socket.recv(1)
                if not received:
                    return
                line += received
            if line.startswith(b"STARTTLS"):
                peer.say(b"220 go\r\n")
                peer.start_tls(context)
                mail_server(b"", SMTP_UNDER_TLS)(peer)
                return
            peer.say(b"250-mx\r\n250 STARTTLS\r\n")

    with Server(byte_by_byte) as server:
        seen = see(server, checks=("starttls_injection",))
    assert seen.mail_posture.starttls_injection.answer == "no"
    assert seen.connections == 3


def test_submission_as_it_should_be(context):
    before, inside = dict(SMTP_ANSWERS), dict(SMTP_UNDER_TLS)
    before[b"MAIL"] = b"530 5.7.0 Must issue a STARTTLS command first\r\n"
    inside[b"MAIL"] = b"530 5.7.0 Authentication required\r\n"
    inside[b"NOOP"] = b"250 OK\r\n"
    with Server(mail_server(GREETING, before, inside, context)) as server:
        seen = see(server)
    assert answers_of(seen) == {
        "starttls_enforced": "yes",
        "authentication_required": "yes",
        "starttls_injection": "no",
        "left_over_bytes": "no",
    }
    assert not any(line.startswith((b"RCPT", b"DATA", b"AUTH")) for line in server.heard)
    assert (seen.connections, seen.stopped, seen.hindered) == (2, "", "")
    assert len(json.dumps(port_as_dict(seen))) < 4096


def test_relay(context):
    inside = dict(SMTP_UNDER_TLS)
    inside.update({b"MAIL": b"250 ok\r\n", b"RCPT": b"250 ok\r\n", b"RSET": b"250 ok\r\n"})
    with Server(mail_server(GREETING, SMTP_ANSWERS, inside, context)) as server:
        seen = see(server, checks=("authentication_required",), relay_to="probe@example.net")
    assert answers_of(seen) == {"authentication_required": "no", "relays": "yes", "left_over_bytes": "no"}
    assert server.heard[-4:] == [b"MAIL FROM:<>", b"RCPT TO:<probe@example.net>", b"RSET", b"QUIT"]


def test_starttls_not_advertised_and_accepted(context):
    answers = dict(SMTP_ANSWERS)
    answers[b"EHLO"] = b"250 mx\r\n"
    with Server(mail_server(GREETING, answers, SMTP_UNDER_TLS, context)) as server:
        seen = see(server)
    assert seen.mail_posture.starttls_unadvertised.answer == "yes"
    assert (seen.encryption, seen.tls, seen.starttls_reply, seen.stopped) == ("none", None, "", "")
    assert server.heard[-1] == b"QUIT"


def two_faced(context):
    """A port that answers TLS with TLS and clear text in clear."""

    def script(peer):
        implicit = peer.socket.recv(1, socket.MSG_PEEK) == b"\x16"
        mail_server(IMAP_GREETING, IMAP_UNDER_TLS, context=context, implicit=implicit)(peer)

    return script


def test_implicit_port_that_answers_in_clear(context):
    with Server(two_faced(context)) as server:
        seen = see(server, "implicit", "imap")
    observation = seen.mail_posture.plaintext_answered
    assert (observation.answer, observation.line) == ("yes", "* OK Dovecot ready.")
    assert (seen.encryption, seen.connections, seen.stopped) == ("implicit", 2, "")


def test_implicit_port_that_does_not(context):
    with Server(mail_server(IMAP_GREETING, IMAP_UNDER_TLS, context=context, implicit=True)) as server:
        seen = see(server, "implicit", "imap")
    assert answers_of(seen) == {"plaintext_answered": "no", "preauthenticated": "no"}
    assert seen.connections == server.visits == 2


def test_closed_door_proves_nothing_of_plaintext():
    with Server(lambda peer: None) as server:
        seen = see(server, "implicit", "imap")
    assert answers_of(seen) == {"plaintext_answered": "not established"}


def test_put_off_once(context):
    usual = mail_server(GREETING, SMTP_ANSWERS, SMTP_UNDER_TLS, context)
    visits = []

    def script(peer):
        visits.append(peer)
        if len(visits) == 1:
            peer.say(b"421 4.7.0 later\r\n")
        else:
            usual(peer)

    with Server(script) as server:
        seen = see(server, checks=())
    assert (seen.throttled, seen.hindered, seen.encryption) == ("", "", "starttls")
    assert seen.notes == ("put off at first: 421 4.7.0 later",)


def test_put_off_for_good():
    with Server(lambda peer: peer.say(b"421 4.7.0 later\r\n")) as server:
        seen = see(server)
    assert (seen.throttled, seen.hindered, seen.connections) == ("421 4.7.0 later", "throttled", 2)
    assert seen.mail_posture is None


@pytest.mark.parametrize(
    "line, visits", [(b"421 4.3.2 Connection rate limit exceeded.\r\n", 1), (b"421 4.7.0 too many connections\r\n", 2)]
)
def test_put_off_at_one_port_spares_the_others_of_that_protocol(line, visits):
    with Server(lambda peer: peer.say(line)) as first, Server(lambda peer: None) as second:
        limits = Limits(8, reply_seconds=1, retry_seconds=0.05, at_once=1, ehlo_name="client.example")
        protocols = [(first, "smtp"), (second, "smtp"), (second, "imap")]
        targets = [Target("127.0.0.1", server.port, protocol, "plain") for server, protocol in protocols]
        one, other, imap = look(targets, limits)
    assert (one.hindered, one.connections, first.visits) == ("throttled", visits, visits)
    assert (other.hindered, other.state, other.connections) == ("throttled", "not-tried", 0)
    assert other.stopped.startswith("put off at another port of this address: 421")
    assert (imap.state, second.visits) == ("open", 1)


@pytest.mark.parametrize("said", [b"", b"220-wait\r\n"])
def test_slow(said):
    def script(peer):
        if said:
            peer.say(said)
        peer.wait_closed()

    with Server(script) as server:
        assert see(server).hindered == "slow"


def test_cut_off_in_the_middle(context):
    """The first handshake calls for a second one (its chain is not trusted), and nothing comes there any more."""
    visits = []

    def script(peer):
        visits.append(peer)
        if len(visits) == 1:
            mail_server(GREETING, SMTP_ANSWERS, SMTP_UNDER_TLS, context)(peer)

    with Server(script) as server:
        seen = see(server, trust="system")
    assert seen.hindered == "cut off"
    assert "cut off after 1 connections: closed without a greeting" in seen.stopped
    assert seen.mail_posture.starttls_enforced.answer == "not established"
    assert seen.connections == server.visits == 2


def test_spent_budget_is_told(context):
    limits = Limits(8, reply_seconds=1, silence_seconds=0.3, in_all=1, ehlo_name="client.example")
    with Server(mail_server(GREETING, SMTP_ANSWERS, SMTP_UNDER_TLS, context)) as server:
        seen = see(server, limits=limits)
    assert seen.tls.established
    assert seen.mail_posture.starttls_enforced.why == "the budget of 1 connections to this address is spent"
    assert seen.hindered == "cut off"


def test_behind_a_load_balancer(context):
    headers = []

    def script(peer):
        headers.append(peer.socket.recv(16))
        peer.socket.recv(12)
        mail_server(IMAP_GREETING, IMAP_UNDER_TLS, context=context, implicit=True)(peer)

    with Server(script) as server:
        seen = see(server, "implicit", "imap", proxy_protocol="v2")
    assert (seen.encryption, seen.tls.established) == ("implicit", True)
    assert headers == [b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c"] * 2
