# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions of IMAP, POP3 and ManageSieve servers that are asked for more than their capabilities."""

from __future__ import annotations

from _gate.wire.dialogue.base import Errand
from wire_session import TLS, C, S, Session

YES, NO, UNCLEAR = "yes", "no", "not established"
LOGIN = Errand(start_login=True, leave_before_tls=True)
INJECT = Errand(straight_to_tls=True, injection_tag="gatex")
UNADVERTISED = Errand(try_unadvertised=True)
SIEVE_OFFER = S(b'"SIEVE" "fileinto"', b'"SASL" ""', b'"STARTTLS"', b'OK "ready"')
SIEVE_INSIDE = S(b'"SIEVE" "fileinto"', b'"SASL" "PLAIN"', b'OK "ready"')


def imap_login(capabilities, *steps, bye=b"g3"):
    return [
        *(S(b"* OK hi"), C(b"g1 CAPABILITY"), S(b"* CAPABILITY IMAP4rev1 " + capabilities, b"g1 OK")),
        *(*steps, C(bye + b" LOGOUT"), S(b"* BYE", bye + b" OK")),
    ]


def pop3_login(capabilities, *steps):
    return [S(b"+OK hi"), C(b"CAPA"), S(b"+OK", *capabilities, b"."), *steps, C(b"QUIT"), S(b"+OK")]


def session(steps, protocol, errand, **observed):
    return Session(steps, {"observed": observed}, protocol=protocol, errand=errand)


IMAP_INJECTED = [S(b"* OK hi"), C(b"g1 STARTTLS\r\ngatex NOOP"), S(b"g1 OK go"), TLS, C(b"gatexc NOOP")]
POP3_INJECTED = [S(b"+OK hi"), C(b"STLS\r\nNOOP gatex"), S(b"+OK go"), TLS, C(b"NOOP gatexc")]
SIEVE_INJECTED = [SIEVE_OFFER, C(b'STARTTLS\r\nNOOP "gatex"'), S(b'OK "go"'), TLS]

MAILBOX_ERRANDS = {
    "imap login refused in clear": session(
        imap_login(
            b"STARTTLS LOGINDISABLED",
            *(C(b"g2 AUTHENTICATE PLAIN"), S(b"g2 NO [PRIVACYREQUIRED] Plaintext authentication disallowed")),
        ),
        *("imap", LOGIN),
        preauthenticated=NO,
        login_refused=YES,
    ),
    "imap login begun in clear": session(
        imap_login(
            b"STARTTLS AUTH=PLAIN", C(b"g2 AUTHENTICATE PLAIN"), S(b"+ "), C(b"*"), S(b"g2 BAD Authentication aborted")
        ),
        *("imap", LOGIN),
        preauthenticated=NO,
        login_refused=NO,
    ),
    "imap LOGIN is offered and cannot be tried": session(
        imap_login(b"STARTTLS", C(b"g2 AUTHENTICATE PLAIN"), S(b"g2 NO Unsupported authentication mechanism.")),
        *("imap", LOGIN),
        preauthenticated=NO,
        login_refused=UNCLEAR,
    ),
    "imap second mechanism goes along": session(
        imap_login(
            b"AUTH=PLAIN AUTH=LOGIN",
            *(C(b"g2 AUTHENTICATE PLAIN"), S(b"g2 BAD what?")),
            *(C(b"g3 AUTHENTICATE LOGIN"), S(b"+ VXNlcm5hbWU6"), C(b"*"), S(b"g3 BAD aborted")),
            bye=b"g4",
        ),
        *("imap", LOGIN),
        preauthenticated=NO,
        login_refused=NO,
    ),
    "imap hangs up on a login in clear": Session(
        imap_login(b"LOGINDISABLED", C(b"g2 AUTHENTICATE PLAIN"), S(b"* BYE stunnel: unexpected command"))[:-2],
        {
            "observed": {"preauthenticated": NO, "login_refused": YES},
            "stopped": "the server said goodbye: BYE stunnel: unexpected command",
        },
        protocol="imap",
        errand=LOGIN,
    ),
    "imap hangs up on a login in clear, but for another reason": Session(
        imap_login(b"AUTH=PLAIN", C(b"g2 AUTHENTICATE PLAIN"), S(b"* BYE Too many connections"))[:-2],
        {
            "observed": {"preauthenticated": NO, "login_refused": UNCLEAR},
            "throttled": "* BYE Too many connections",
        },
        protocol="imap",
        errand=LOGIN,
    ),
    "imap STARTTLS not advertised, accepted": session(
        [
            *(S(b"* OK hi"), C(b"g1 CAPABILITY"), S(b"* CAPABILITY IMAP4rev1", b"g1 OK"), C(b"g2 STARTTLS")),
            *(S(b"g2 OK go"), TLS, C(b"g3 LOGOUT"), S(b"* BYE", b"g3 OK")),
        ],
        *("imap", UNADVERTISED),
        preauthenticated=NO,
        starttls_unadvertised=YES,
        left_over_bytes=NO,
    ),
    "imap STARTTLS not advertised, refused": session(
        imap_login(b"", C(b"g2 STARTTLS"), S(b"g2 BAD no")),
        *("imap", UNADVERTISED),
        preauthenticated=NO,
        starttls_unadvertised=NO,
    ),
    "imap PREAUTH is not asked for STARTTLS": session(
        [
            *(S(b"* PREAUTH hi"), C(b"g1 CAPABILITY"), S(b"* CAPABILITY IMAP4rev1", b"g1 OK")),
            *(C(b"g2 LOGOUT"), S(b"* BYE", b"g2 OK")),
        ],
        *("imap", Errand(try_unadvertised=True, start_login=True)),
        preauthenticated=YES,
    ),
    "imap injected command discarded": session(
        [*IMAP_INJECTED, S(b"gatexc OK done"), C(b"g2 LOGOUT"), S(b"* BYE", b"g2 OK")],
        *("imap", INJECT),
        preauthenticated=NO,
        left_over_bytes=NO,
        starttls_injection=NO,
    ),
    "imap injected command answered": session(
        [
            *(*IMAP_INJECTED, S(b"gatex OK done"), C(b"g2 LOGOUT"), S(b"gatexc OK done", b"* BYE", b"g2 OK")),
        ],
        *("imap", INJECT),
        preauthenticated=NO,
        left_over_bytes=NO,
        starttls_injection=YES,
    ),
    "pop3 login refused in clear": session(
        pop3_login([b"STLS", b"SASL"], C(b"AUTH PLAIN"), S(b"-ERR [AUTH] Plaintext authentication disallowed")),
        *("pop3", LOGIN),
        login_refused=YES,
    ),
    "pop3 login begun in clear": session(
        pop3_login([b"STLS", b"SASL PLAIN"], C(b"AUTH PLAIN"), S(b"+ "), C(b"*"), S(b"-ERR Authentication aborted")),
        *("pop3", LOGIN),
        login_refused=NO,
    ),
    "pop3 USER is offered and cannot be tried": session(
        pop3_login([b"STLS", b"USER"], C(b"AUTH PLAIN"), S(b"-ERR what?")), *("pop3", LOGIN), login_refused=UNCLEAR
    ),
    "pop3 STLS not advertised, refused": session(
        pop3_login([b"UIDL"], C(b"STLS"), S(b"-ERR no")), *("pop3", UNADVERTISED), starttls_unadvertised=NO
    ),
    "pop3 STLS not advertised, accepted": session(
        pop3_login([b"UIDL"], C(b"STLS"), S(b"+OK go"), TLS),
        *("pop3", UNADVERTISED),
        starttls_unadvertised=YES,
        left_over_bytes=NO,
    ),
    "sieve login refused in clear": session(
        [
            *(SIEVE_OFFER, C(b'AUTHENTICATE "PLAIN"'), S(b'NO (ENCRYPT-NEEDED) "no"')),
            *(C(b"LOGOUT"), S(b"OK")),
        ],
        *("sieve", LOGIN),
        login_refused=YES,
    ),
    "sieve login begun in clear": session(
        [
            *(S(b'"SASL" "PLAIN"', b"OK"), C(b'AUTHENTICATE "PLAIN"'), S(b'""'), C(b'"*"'), S(b'NO "aborted"')),
            *(C(b"LOGOUT"), S(b"OK")),
        ],
        *("sieve", LOGIN),
        login_refused=NO,
    ),
    "sieve STARTTLS not advertised, accepted": session(
        [
            *(S(b'"SASL" "PLAIN"', b"OK"), C(b"STARTTLS"), S(b'OK "go"'), TLS),
            *(C(b"LOGOUT"), S(b"OK")),
        ],
        *("sieve", UNADVERTISED),
        starttls_unadvertised=YES,
        left_over_bytes=NO,
    ),
    "sieve STARTTLS not advertised, refused": session(
        [S(b'"SASL" "PLAIN"', b"OK"), C(b"STARTTLS"), S(b'NO "no"'), C(b"LOGOUT"), S(b"OK")],
        *("sieve", UNADVERTISED),
        starttls_unadvertised=NO,
    ),
}

# POP3 and ManageSieve end without a word that could only be the goodbye: the server closes.
CLOSING_ERRANDS = {
    "pop3 injected command discarded": (
        session([*POP3_INJECTED, S(b"-ERR what?"), C(b"QUIT"), S(b"+OK bye")], "pop3", INJECT, starttls_injection=NO)
    ),
    "pop3 injected command answered": session(
        [*POP3_INJECTED, S(b"-ERR what?"), C(b"QUIT"), S(b"-ERR what?", b"+OK bye")],
        *("pop3", INJECT),
        starttls_injection=YES,
    ),
    "sieve injected command discarded": session(
        [*SIEVE_INJECTED, SIEVE_INSIDE, C(b'NOOP "gatexc"'), S(b'OK (TAG "gatexc") "done"'), C(b"LOGOUT"), S(b"OK")],
        *("sieve", INJECT),
        starttls_injection=NO,
    ),
    "sieve injected command answered": session(
        [
            *(*SIEVE_INJECTED, SIEVE_INSIDE, C(b'NOOP "gatexc"'), S(b'OK (TAG "gatex") "done"'), C(b"LOGOUT")),
            S(b'OK (TAG "gatexc") "done"', b"OK"),
        ],
        *("sieve", INJECT),
        starttls_injection=YES,
    ),
}
