# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions of real servers, as tests/lab/capture.py wrote them down: the same words of ours, and what is learnt from theirs.

In the name of a file, ``asked`` says that a mail and a login are begun before TLS, and relaying is asked for at the end.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from _gate.wire.dialogue.base import NO_ERRAND, Done, Errand
from _gate.wire.dialogue.conversation import Conversation
from wire_session import CLIENT, TLS, Session, play

FOLDER = Path(__file__).resolve().parents[1] / "captured"
ASKED = Errand(mail_before_tls=True, start_login=True, mail=True, recipient="probe@elsewhere.test")
CLOSED = ("closed", b"")
P, PL, NO_LOGIN = ("PLAIN",), ("PLAIN", "LOGIN"), ()
U, UP, UPL = ("USER",), ("USER", "PLAIN"), ("USER", "PLAIN", "LOGIN")
OFFERED, BARE = (True, NO_LOGIN), (False, NO_LOGIN)

# The name: protocol, software, and STARTTLS and logins before and under TLS; None: not told.
LEARNT = {
    "courier-imap": ("imap", "courier", OFFERED, (False, PL)),
    "courier-imaps": ("imap", "courier", None, (False, PL)),
    "courier-login-in-clear": ("smtp", "courier", (True, PL), (False, PL)),
    "courier-pop3": ("pop3", "courier", (True, U), (False, U)),
    "courier-smtp": ("smtp", "courier", OFFERED, BARE),
    "courier-submission": ("smtp", "courier", OFFERED, (False, PL)),
    "cyrus-imap": ("imap", "cyrus", OFFERED, (False, PL)),
    "cyrus-imap-login-in-clear": ("imap", "cyrus", (True, PL), (False, PL)),
    "cyrus-imaps": ("imap", "cyrus", None, (False, PL)),
    "cyrus-lmtp": ("lmtp", "cyrus", (False, ("EXTERNAL",)), None),
    "cyrus-pop3": ("pop3", "cyrus", OFFERED, (False, ("PLAIN", "USER"))),
    "cyrus-pop3-login-in-clear": (
        "pop3",
        "cyrus",
        (True, ("PLAIN", "USER", "APOP")),
        (False, ("PLAIN", "USER", "APOP")),
    ),
    "cyrus-sieve": ("sieve", "cyrus", OFFERED, (False, P)),
    "dovecot-imap": ("imap", "dovecot", OFFERED, (False, PL)),
    "dovecot-imap-preauth": ("imap", "", (False, ("LOGIN",)), None),
    "dovecot-imaps": ("imap", "dovecot", None, (False, PL)),
    "dovecot-lmtp": ("lmtp", "dovecot", OFFERED, BARE),
    "dovecot-pop3": ("pop3", "dovecot", OFFERED, (False, UP)),
    "dovecot-sieve": ("sieve", "dovecot", OFFERED, (False, P)),
    "exim-login-in-clear": ("smtp", "exim", (True, P), (False, P)),
    "exim-smtp": ("smtp", "exim", OFFERED, BARE),
    "exim-submission": ("smtp", "exim", OFFERED, (False, P)),
    "exim-submissions": ("smtp", "exim", None, (False, P)),
    "exim-without-certificate": ("smtp", "exim", OFFERED, None),
    "haproxy-dovecot-imaps": ("imap", "dovecot", None, (False, PL)),
    "haproxy-dovecot-imaps-tls-unknown": ("imap", "dovecot", None, OFFERED),
    "haproxy-postfix-submission": ("smtp", "postfix", OFFERED, (False, P)),
    "nginx-imap": ("imap", "nginx", OFFERED, (False, PL)),
    "nginx-imaps": ("imap", "nginx", None, (False, PL)),
    "nginx-pop3": ("pop3", "nginx", OFFERED, (False, UPL)),
    "nginx-pop3-apop": ("pop3", "nginx", (True, ("APOP",)), (False, (*UPL, "APOP"))),
    "nginx-submission": ("smtp", "nginx", OFFERED, (False, PL)),
    "nginx-submissions": ("smtp", "nginx", None, (False, PL)),
    "opensmtpd-smtp": ("smtp", "opensmtpd", OFFERED, BARE),
    "opensmtpd-submission": ("smtp", "opensmtpd", OFFERED, (False, PL)),
    "opensmtpd-submissions": ("smtp", "opensmtpd", None, (False, PL)),
    "postfix-expects-proxy": ("smtp", "", None, None),
    "postfix-relay": ("smtp", "postfix", OFFERED, BARE),
    "postfix-smtp": ("smtp", "postfix", OFFERED, BARE),
    "postfix-submission": ("smtp", "postfix", OFFERED, (False, P)),
    "sendmail-login-in-clear": ("smtp", "sendmail", (True, PL), (False, PL)),
    "sendmail-smtp": ("smtp", "sendmail", OFFERED, BARE),
    "sendmail-submission": ("smtp", "sendmail", OFFERED, (False, PL)),
    "sendmail-submissions": ("smtp", "sendmail", None, (False, PL)),
    "stunnel-imap": ("imap", "stunnel", (True, PL), (False, PL)),
    "stunnel-nginx-imaps": ("imap", "nginx", None, (False, PL)),
    "stunnel-pop3": ("pop3", "stunnel", OFFERED, (True, UP)),
    "stunnel-submission": ("smtp", "stunnel", OFFERED, (False, P)),
}
#: stunnel says more after its BYE, which ends the session.
UNREAD = b"g2 BAD AUTHENTICATE PLAIN unexpected\r\n"
YES, NO, UNCLEAR = "yes", "no", "not established"
# An MX takes mail before TLS, refuses a login there, and refuses to relay; submission wants TLS, then a login.
MX = {"starttls_enforced": NO, "login_refused": YES, "relays": NO, "authentication_required": YES}
SUBMISSION = dict(MX, starttls_enforced=YES)
IN_CLEAR = dict(MX, login_refused=NO)
REFUSES, GOES_ALONG = {"login_refused": YES}, {"login_refused": NO}
ANSWERED = {
    "courier-imap": REFUSES,
    "courier-login-in-clear": IN_CLEAR,
    "courier-pop3": REFUSES,
    "courier-smtp": MX,
    "courier-submission": SUBMISSION,
    "cyrus-imap": REFUSES,
    "cyrus-imap-login-in-clear": GOES_ALONG,
    "cyrus-lmtp": {"starttls_enforced": NO, "login_refused": YES},
    "cyrus-pop3": REFUSES,
    "cyrus-pop3-login-in-clear": GOES_ALONG,
    "cyrus-sieve": REFUSES,
    "dovecot-imap": REFUSES,
    "dovecot-lmtp": {"starttls_enforced": NO, "login_refused": YES},
    "dovecot-pop3": REFUSES,
    "dovecot-sieve": REFUSES,
    "exim-login-in-clear": IN_CLEAR,
    "exim-smtp": MX,
    "exim-submission": SUBMISSION,
    "exim-submissions": {"authentication_required": YES, "relays": NO},
    "haproxy-postfix-submission": SUBMISSION,
    "nginx-imap": REFUSES,
    "nginx-pop3": REFUSES,
    "nginx-pop3-apop": REFUSES,
    "nginx-submission": SUBMISSION,
    "nginx-submissions": {"authentication_required": YES, "relays": NO},
    "opensmtpd-smtp": dict(MX, authentication_required=UNCLEAR),
    "opensmtpd-submission": SUBMISSION,
    "opensmtpd-submissions": {"authentication_required": YES, "relays": NO},
    "postfix-relay": dict(MX, relays=YES, authentication_required=NO),
    "postfix-smtp": MX,
    "postfix-submission": SUBMISSION,
    "sendmail-login-in-clear": IN_CLEAR,
    "sendmail-smtp": MX,
    "sendmail-submission": SUBMISSION,
    "sendmail-submissions": {"authentication_required": YES, "relays": NO},
    # stunnel hangs up on whatever is not STARTTLS; IMAP's own login, which is offered, was not tried.
    "stunnel-imap": {"login_refused": UNCLEAR},
    "stunnel-pop3": {},
    "stunnel-submission": {},
}
NAMES = [*LEARNT, *(f"{name}-asked" for name in ANSWERED)]


def read(name):
    """The file as a session."""
    steps = []
    for line in (FOLDER / f"{name}.txt").read_text("ascii").splitlines():
        if line in ("TLS", "CLOSED"):
            steps.append(TLS if line == "TLS" else CLOSED)
            continue
        who, said = {"S": "server", "C": "client"}[line[0]], line[2:].encode("ascii") + b"\r\n"
        if steps and steps[-1][0] == who:
            steps[-1] = (who, steps[-1][1] + said)
        else:
            steps.append((who, said))
    if steps[-1][1].endswith(UNREAD):
        steps[-1] = (steps[-1][0], steps[-1][1][: -len(UNREAD)])
    bare = name[: -len("-asked")] if name.endswith("-asked") else name
    encrypted = LEARNT[bare][2] is None and bare != "postfix-expects-proxy"
    return Session(steps, {}, encrypted, LEARNT[bare][0], NO_ERRAND if bare == name else ASKED)


def hold(name, pieces_of=lambda words: [words]):
    session = read(name)
    conversation = Conversation(session.protocol, session.encrypted, CLIENT, session.errand)
    closes = session.steps[-1] == CLOSED
    events = play(session._replace(steps=session.steps[: -1 if closes else None]), pieces_of, conversation)
    if closes:
        assert events == []
        events = conversation.closed()
    assert events == [Done()]
    return conversation.facts


def gist(capabilities):
    return capabilities and (capabilities.starttls, capabilities.login_mechanisms)


def test_every_file_is_read():
    assert sorted(path.stem for path in FOLDER.glob("*.txt")) == sorted(NAMES)


@pytest.mark.parametrize("name", LEARNT)
def test_what_is_learnt(name):
    facts = hold(name)
    assert (facts.speaks, facts.software, gist(facts.before_tls), gist(facts.after_tls)) == LEARNT[name]


@pytest.mark.parametrize("name", ANSWERED)
def test_what_is_answered(name):
    facts = hold(f"{name}-asked")
    assert (facts.speaks, facts.software) == LEARNT[name][:2]
    noticed = ("left_over_bytes", "preauthenticated")
    answers = {question: seen.answer for question, seen in facts.observed.items() if question not in noticed}
    assert answers == ANSWERED[name]
    assert {facts.observed[question].answer for question in noticed if question in facts.observed} <= {NO}


@pytest.mark.parametrize("name", NAMES)
def test_byte_by_byte_is_the_same(name):
    assert hold(name, lambda words: [words[at : at + 1] for at in range(len(words))]) == hold(name)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_split_anyhow_is_the_same(name, data):
    def split(words):
        borders = sorted(data.draw(st.sets(st.integers(1, len(words) - 1), max_size=6)))
        return [words[begin:end] for begin, end in zip([0, *borders], [*borders, len(words)])]

    assert hold(name, split) == hold(name)
