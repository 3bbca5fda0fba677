# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions of SMTP and LMTP servers that are asked for more than their extensions."""

from __future__ import annotations

from _gate.wire.dialogue.base import Errand
from wire_session import HELLO, TLS, C, S, Session

GREETING = S(b"220 mx.example.org ESMTP Postfix")
OFFER = S(b"250-mx.example.org", b"250 STARTTLS")
INSIDE = S(b"250-mx.example.org", b"250 AUTH PLAIN")
GO = S(b"220 2.0.0 Ready to start TLS")
BYE = (C(b"QUIT"), S(b"221 2.0.0 Bye"))
MAIL = C(b"MAIL FROM:<>")
RSET = (C(b"RSET"), S(b"250 2.0.0 Ok"))
YES, NO, UNCLEAR = "yes", "no", "not established"


def before_tls(answer, *then):
    """A submission port that is asked for a mail before TLS."""
    return [GREETING, HELLO, OFFER, MAIL, S(answer), *then, *BYE]


def under_tls(*steps):
    return [GREETING, HELLO, OFFER, C(b"STARTTLS"), GO, TLS, HELLO, INSIDE, *steps, *BYE]


BEFORE = Errand(mail_before_tls=True, leave_before_tls=True)
AT_LAST = Errand(mail=True)
RELAY = Errand(mail=True, recipient="probe@example.net")
RCPT = C(b"RCPT TO:<probe@example.net>")
LOGIN = Errand(start_login=True, leave_before_tls=True)
INJECT = Errand(straight_to_tls=True, injection_tag="gatex")


def login(offer, *steps):
    return [GREETING, HELLO, S(b"250-mx.example.org", b"250 " + offer), *steps, *BYE]


def injection(*inside):
    return [GREETING, HELLO, OFFER, C(b"STARTTLS\r\nNOOP gatex"), GO, TLS, C(b"NOOP gatexc"), *inside]


SMTP_ERRANDS = {
    "STARTTLS enforced": Session(
        before_tls(b"530 5.7.0 Must issue a STARTTLS command first"),
        {"observed": {"starttls_enforced": YES}},
        errand=BEFORE,
    ),
    "STARTTLS only offered": Session(
        before_tls(b"250 2.1.0 Ok", *RSET), {"observed": {"starttls_enforced": NO}}, errand=BEFORE
    ),
    "a login is wanted, and offered before TLS only under TLS": Session(
        before_tls(b"530 5.7.0 Authentication required"), {"observed": {"starttls_enforced": YES}}, errand=BEFORE
    ),
    "a login is wanted, and offered before TLS": Session(
        [GREETING, HELLO, S(b"250-mx", b"250-AUTH PLAIN", b"250 STARTTLS"), MAIL, S(b"530 5.7.0 Auth first"), *BYE],
        {"observed": {"starttls_enforced": NO}},
        errand=BEFORE,
    ),
    "the null sender is unwelcome before TLS": Session(
        before_tls(b"550 5.1.7 no null sender"), {"observed": {"starttls_enforced": UNCLEAR}}, errand=BEFORE
    ),
    "greylisted before TLS": Session(
        before_tls(b"451 4.7.1 later"), {"observed": {"starttls_enforced": UNCLEAR}, "throttled": ""}, errand=BEFORE
    ),
    "courier wants TLS first, with a code that puts off": Session(
        before_tls(b"400 STARTTLS is required first."), {"observed": {"starttls_enforced": YES}}, errand=BEFORE
    ),
    "TLS is out of order before TLS": Session(
        before_tls(b"454 4.7.0 TLS not available due to local problem"),
        {"observed": {"starttls_enforced": UNCLEAR}, "throttled": ""},
        errand=BEFORE,
    ),
    "421 for a mail before TLS": Session(
        [GREETING, HELLO, OFFER, MAIL, S(b"421 4.7.0 too many errors")],
        {"observed": {"starttls_enforced": UNCLEAR}, "throttled": ""},
        errand=BEFORE,
    ),
    "authentication required at MAIL": Session(
        under_tls(MAIL, S(b"530 5.7.0 Authentication required")),
        {"observed": {"left_over_bytes": NO, "authentication_required": YES}, "after": (False, ("PLAIN",))},
        errand=AT_LAST,
    ),
    "exim refuses by ACL at MAIL": Session(
        under_tls(MAIL, S(b"550 Administrative prohibition")),
        {"observed": {"left_over_bytes": NO, "authentication_required": YES}},
        errand=AT_LAST,
    ),
    "the null sender is unwelcome under TLS": Session(
        under_tls(MAIL, S(b"550 5.1.7 no null sender")),
        {"observed": {"left_over_bytes": NO, "authentication_required": UNCLEAR}},
        errand=AT_LAST,
    ),
    "judged at RCPT perhaps": Session(
        under_tls(MAIL, S(b"250 2.1.0 Ok"), *RSET),
        {"observed": {"left_over_bytes": NO, "authentication_required": UNCLEAR}},
        errand=AT_LAST,
    ),
    "judged at RCPT": Session(
        under_tls(MAIL, S(b"250 2.1.0 Ok"), RCPT, S(b"554 5.7.1 <x>: Relay access denied"), *RSET),
        {"observed": {"left_over_bytes": NO, "authentication_required": YES, "relays": NO}},
        errand=RELAY,
    ),
    "deferred, but for want of relaying": Session(
        under_tls(MAIL, S(b"250 2.1.0 Ok"), RCPT, S(b"454 4.7.1 <x>: Relay access denied"), *RSET),
        {"observed": {"left_over_bytes": NO, "authentication_required": YES, "relays": NO}},
        errand=RELAY,
    ),
    "greylisted at RCPT": Session(
        under_tls(MAIL, S(b"250 2.1.0 Ok"), RCPT, S(b"450 4.7.1 Greylisted"), *RSET),
        {"observed": {"left_over_bytes": NO, "authentication_required": UNCLEAR, "relays": UNCLEAR}},
        errand=RELAY,
    ),
    "an open relay": Session(
        under_tls(MAIL, S(b"250 2.1.0 Ok"), RCPT, S(b"250 2.1.5 Ok"), *RSET),
        {"observed": {"left_over_bytes": NO, "authentication_required": NO, "relays": YES}},
        errand=RELAY,
    ),
    "relay asked at a server that refuses MAIL": Session(
        under_tls(MAIL, S(b"530 5.7.0 Authentication required")),
        {"observed": {"left_over_bytes": NO, "authentication_required": YES, "relays": NO}},
        errand=RELAY,
    ),
    "hung up on at MAIL, when all else has been seen": Session(
        [GREETING, HELLO, OFFER, C(b"STARTTLS"), GO, TLS, HELLO, INSIDE, MAIL, S(b"421 4.3.0 bye")],
        {"observed": {"left_over_bytes": NO, "authentication_required": UNCLEAR}, "throttled": "", "stopped": ""},
        errand=AT_LAST,
    ),
    "STARTTLS accepted though not advertised": Session(
        [GREETING, HELLO, S(b"250 mx.example.org"), C(b"STARTTLS"), GO, TLS, *BYE],
        {"observed": {"starttls_unadvertised": YES, "left_over_bytes": NO}, "stays_plain": True, "starttls_reply": ""},
        errand=Errand(try_unadvertised=True),
    ),
    "STARTTLS neither advertised nor accepted": Session(
        [
            GREETING,
            HELLO,
            S(b"250 mx.example.org"),
            C(b"STARTTLS"),
            S(b"502 5.5.1 Error: command not implemented"),
            *BYE,
        ],
        {"observed": {"starttls_unadvertised": NO}, "stays_plain": True, "starttls_reply": ""},
        errand=Errand(try_unadvertised=True),
    ),
    "421 for a STARTTLS that was not advertised": Session(
        [GREETING, HELLO, S(b"250 mx.example.org"), C(b"STARTTLS"), S(b"421 bye")],
        {"observed": {"starttls_unadvertised": NO}, "stays_plain": True, "throttled": "", "stopped": ""},
        errand=Errand(try_unadvertised=True),
    ),
    "login refused before TLS": Session(
        login(b"STARTTLS", C(b"AUTH PLAIN"), S(b"530 5.7.0 Must issue a STARTTLS command first")),
        {"observed": {"login_refused": YES}},
        errand=LOGIN,
    ),
    "login begun in clear, and cancelled": Session(
        login(b"AUTH LOGIN PLAIN", C(b"AUTH PLAIN"), S(b"334 "), C(b"*"), S(b"501 5.7.0 Authentication aborted")),
        {"observed": {"login_refused": NO}},
        errand=LOGIN,
    ),
    "PLAIN wants its initial response, LOGIN goes along": Session(
        login(
            b"AUTH PLAIN LOGIN",
            *(C(b"AUTH PLAIN"), S(b"501 5.5.4 initial response needed")),
            *(C(b"AUTH LOGIN"), S(b"334 VXNlcm5hbWU6"), C(b"*"), S(b"501 cancelled")),
        ),
        {"observed": {"login_refused": NO}},
        errand=LOGIN,
    ),
    "courier wants TLS before a login, with a code that puts off": Session(
        login(b"STARTTLS", C(b"AUTH PLAIN"), S(b"400 STARTTLS is required first.")),
        {"observed": {"login_refused": YES}},
        errand=LOGIN,
    ),
    "exim without server_prompts takes an empty password and finds it wrong": Session(
        login(b"AUTH PLAIN", C(b"AUTH PLAIN"), S(b"535 Incorrect authentication data")),
        {"observed": {"login_refused": NO}},
        errand=LOGIN,
    ),
    "a login that failed, and may not have been refused": Session(
        login(b"STARTTLS", C(b"AUTH PLAIN"), S(b"535 5.7.8 Error: authentication failed")),
        {"observed": {"login_refused": UNCLEAR}},
        errand=LOGIN,
    ),
    "courier has no login here, and says so with the code of a failed one": Session(
        login(b"STARTTLS", C(b"AUTH PLAIN"), S(b"535 Authentication rejected")),
        {"observed": {"login_refused": YES}},
        errand=LOGIN,
    ),
    "a mechanism that there is not": Session(
        login(
            b"STARTTLS",
            C(b"AUTH PLAIN"),
            S(b"535 5.7.8 Error: authentication failed: Invalid authentication mechanism"),
        ),
        {"observed": {"login_refused": YES}},
        errand=LOGIN,
    ),
    "login put off": Session(
        login(b"AUTH PLAIN", C(b"AUTH PLAIN"), S(b"454 4.7.0 Temporary authentication failure")),
        {"observed": {"login_refused": UNCLEAR}},
        errand=LOGIN,
    ),
    "injected command discarded": Session(
        injection(S(b"250 2.0.0 Ok"), *BYE),
        {"observed": {"left_over_bytes": NO, "starttls_injection": NO}},
        errand=INJECT,
    ),
    "injected command answered inside TLS": Session(
        injection(S(b"250 first"), C(b"QUIT"), S(b"250 second"), S(b"221 bye")),
        {"observed": {"left_over_bytes": NO, "starttls_injection": YES}},
        errand=INJECT,
    ),
    "a greeting again under TLS is no answer": Session(
        injection(S(b"220 mx ESMTP again", b"250 2.0.0 Ok"), *BYE),
        {"observed": {"left_over_bytes": NO, "starttls_injection": NO}},
        errand=INJECT,
    ),
    "postfix 3.9 refuses STARTTLS with company": Session(
        [
            GREETING,
            HELLO,
            OFFER,
            C(b"STARTTLS\r\nNOOP gatex"),
            S(b"554 5.5.0 Error: SMTP protocol synchronization"),
            *BYE,
        ],
        {"observed": {}, "starttls_reply": "554 5.5.0 Error: SMTP protocol synchronization"},
        errand=INJECT,
    ),
    "straight to TLS, though not advertised": Session(
        [GREETING, HELLO, S(b"250 mx"), C(b"STARTTLS"), S(b"502 no"), *BYE],
        {"observed": {}, "starttls_reply": "502 no", "stays_plain": True},
        errand=Errand(straight_to_tls=True),
    ),
    "an LMTP server that only its commands give away": Session(
        [
            *(S(b"220 mx.example.org Dovecot (Debian) ready."), HELLO, S(b"500 5.5.1 Unknown command")),
            *(C(b"HELO client.example.org"), S(b"500 5.5.1 Unknown command")),
            *(C(b"LHLO client.example.org"), S(b"250-mx.example.org", b"250 STARTTLS"), C(b"STARTTLS"), S(b"220 go")),
            *(TLS, C(b"LHLO client.example.org"), S(b"250 mx.example.org"), *BYE),
        ],
        {"speaks": "lmtp", "software": "dovecot", "before": (True, ()), "after": (False, ()), "notes": 2},
    ),
    "LMTP as expected": Session(
        [
            *(S(b"220 mx.example.org Dovecot (Debian) ready."), C(b"LHLO client.example.org"), S(b"250 mx")),
            *(C(b"STARTTLS"), S(b"502 5.5.1 no"), *BYE),
        ],
        {"speaks": "lmtp", "observed": {"starttls_unadvertised": NO}},
        protocol="lmtp",
        errand=Errand(mail=True, try_unadvertised=True),
    ),
    "SMTP where LMTP is expected": Session(
        [
            *(S(b"220 mx.example.org"), C(b"LHLO client.example.org"), S(b"500 5.5.1 what?")),
            *(HELLO, S(b"250 mx.example.org"), *BYE),
        ],
        {"speaks": "smtp", "notes": 1},
        protocol="lmtp",
    ),
}
