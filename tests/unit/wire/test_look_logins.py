# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A login that is begun before TLS, at servers that hang up on it: what is asked after that is asked all the same."""

from __future__ import annotations

import pytest

from _gate.wire.look import Limits, Target, look
from _gate.wire.target import INJECTION, LOGIN, MAIL_BEFORE_TLS

pytest.importorskip("cryptography", reason="certificates are made and read with cryptography")

from wire_certificates import issue  # noqa: E402  # it needs cryptography
from wire_servers import SMTP_ANSWERS, SMTP_UNDER_TLS, Server, mail_server  # noqa: E402

QUICK = Limits(
    8, connect_seconds=1, reply_seconds=1, silence_seconds=0.3, retry_seconds=0.05, ehlo_name="client.example"
)
GREETING = b"220 mx.example.org ESMTP\r\n"
INSIDE = dict(SMTP_UNDER_TLS)
INSIDE[b"NOOP"] = b"250 OK\r\n"


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    return issue("mail.example.org", ["mail.example.org"]).server_context(tmp_path_factory.mktemp("certificates"))


def hangs_up_on(words, context, deaf_from=None, answers=None):
    """A server that closes when a line begins with the word (or one of them); from that visit on it closes at once."""
    visits = []

    def script(peer):
        visits.append(peer)
        if deaf_from is not None and len(visits) >= deaf_from:
            return
        lines = peer.lines

        def until_offended():
            for line in lines():
                if line.startswith(words):
                    return
                yield line

        peer.lines = until_offended
        mail_server(GREETING, answers or SMTP_ANSWERS, INSIDE, context)(peer)

    return script


def posture(server, *checks):
    target = Target(
        server.address, server.port, "smtp", "plain", "mail.example.org", "none", checks=(LOGIN, INJECTION, *checks)
    )
    (seen,) = look([target], QUICK)
    return seen.mail_posture


def test_hanging_up_on_a_login_refuses_it(context):
    with Server(hangs_up_on(b"AUTH", context)) as server:
        seen = posture(server)
    assert (seen.login_refused.answer, seen.login_refused.why) == (
        "yes",
        "hung up when a login was begun, and answers those who begin none",
    )


def test_injection_is_tried_though_the_login_was_hung_up_on(context):
    with Server(hangs_up_on(b"AUTH", context)) as server:
        seen = posture(server)
    assert [line for line in server.heard if line.startswith(b"NOOP gate")]
    assert seen.starttls_injection.answer == "no"
    assert "when sent there" in seen.starttls_injection.why


def test_a_ban_after_a_login_proves_nothing(context):
    with Server(hangs_up_on(b"AUTH", context, deaf_from=3)) as server:
        seen = posture(server)
    assert seen.login_refused.answer == "not established"
    assert seen.starttls_injection.answer == "not established"


def test_each_question_that_is_hung_up_on_is_answered_by_that(context):
    """stunnel takes nothing but STARTTLS where it does that for an SMTP server."""
    with Server(hangs_up_on((b"AUTH", b"MAIL"), context)) as server:
        seen = posture(server, MAIL_BEFORE_TLS)
    assert {name: getattr(seen, name).answer for name in ("starttls_enforced", "login_refused")} == {
        "starttls_enforced": "yes",
        "login_refused": "yes",
    }
    assert seen.starttls_injection.answer == "no"
    assert server.visits == 4


def test_hanging_up_on_a_mail_says_nothing_of_logins(context):
    with Server(hangs_up_on(b"MAIL", context)) as server:
        seen = posture(server, MAIL_BEFORE_TLS)
    assert seen.starttls_enforced.answer == "yes"
    assert (seen.login_refused.answer, seen.login_refused.line) == ("yes", "500 what?")
    assert seen.starttls_injection.answer == "no"


def test_a_ban_after_a_mail_proves_nothing(context):
    with Server(hangs_up_on(b"MAIL", context, deaf_from=3)) as server:
        seen = posture(server, MAIL_BEFORE_TLS)
    answers = (seen.starttls_enforced, seen.login_refused, seen.starttls_injection)
    assert [each.answer for each in answers] == ["not established"] * 3


def test_without_starttls_a_hang_up_is_controlled_as_well():
    bare = {b"EHLO": b"250 mx.example.org\r\n", b"QUIT": b"221 bye\r\n"}
    with Server(hangs_up_on(b"AUTH", None, answers=bare)) as server:
        target = Target(server.address, server.port, "smtp", "plain", "mail.example.org", "none", checks=(LOGIN,))
        (seen,) = look([target], QUICK)
    assert seen.mail_posture.login_refused.answer == "yes"
    assert seen.connections == 3


def test_starttls_that_is_refused_after_a_mail_is_asked_for_without_one(context):
    """Courier begins no TLS once a mail was begun, which says nothing of injection."""

    def script(peer):
        lines, begun = peer.lines, []

        def until_offended():
            for line in lines():
                begun.extend([line] if line.startswith(b"MAIL") else [])
                if line == b"STARTTLS" and begun:
                    peer.say(b"540 TLS not available.\r\n")
                else:
                    yield line

        peer.lines = until_offended
        mail_server(GREETING, {**SMTP_ANSWERS, b"MAIL": b"250 Ok\r\n"}, INSIDE, context)(peer)

    with Server(script) as server:
        seen = posture(server, MAIL_BEFORE_TLS)
    assert seen.starttls_enforced.answer == "no"
    assert "when sent there" in seen.starttls_injection.why
