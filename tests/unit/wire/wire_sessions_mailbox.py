# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions of IMAP, POP3 and ManageSieve servers."""

from __future__ import annotations

from wire_session import TLS, C, S, Session

MAILBOX_SESSIONS = {
    "dovecot 2.3 imap": Session(
        [
            S(
                b"* OK [CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ STARTTLS LOGINDISABLED]"
                b" Dovecot (Debian) ready."
            ),
            C(b"g1 CAPABILITY"),
            S(
                b"* CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ STARTTLS LOGINDISABLED",
                b"g1 OK Pre-login capabilities listed, post-login capabilities have more.",
            ),
            C(b"g2 STARTTLS"),
            S(b"g2 OK Begin TLS negotiation now."),
            TLS,
            C(b"g3 CAPABILITY"),
            S(
                b"* CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ AUTH=PLAIN AUTH=LOGIN",
                b"g3 OK Pre-login capabilities listed, post-login capabilities have more.",
            ),
            C(b"g4 LOGOUT"),
            S(b"* BYE Logging out", b"g4 OK Logout completed (0.001 + 0.000 secs)."),
        ],
        {
            "speaks": "imap",
            "software": "dovecot",
            "before": (True, ()),
            "after": (False, ("PLAIN", "LOGIN")),
            "starttls_reply": "OK Begin TLS negotiation now.",
            "notes": 0,
        },
        protocol="imap",
    ),
    "dovecot 2.4 imap, asked from itself, so that login is offered in clear": Session(
        [
            S(b"* OK [CAPABILITY IMAP4rev1 LITERAL+ STARTTLS AUTH=PLAIN] Dovecot (Debian) ready."),
            C(b"g1 CAPABILITY"),
            S(b"* CAPABILITY IMAP4rev1 LITERAL+ STARTTLS AUTH=PLAIN", b"g1 OK Capability completed (0.001 secs)."),
            C(b"g2 STARTTLS"),
            S(b"g2 OK Begin TLS negotiation now."),
            TLS,
            C(b"g3 CAPABILITY"),
            S(b"* CAPABILITY IMAP4rev1 LITERAL+ AUTH=PLAIN", b"g3 OK Capability completed (0.001 secs)."),
            C(b"g4 LOGOUT"),
            S(b"* BYE Logging out", b"g4 OK Logout completed."),
        ],
        {"before": (True, ("PLAIN", "LOGIN")), "after": (False, ("PLAIN", "LOGIN"))},
        protocol="imap",
    ),
    "cyrus imap over implicit TLS, capabilities in the tagged reply": Session(
        [
            S(b"* OK mx.example.org Cyrus IMAP 3.6.1-Debian-3.6.1-4+deb12u3 server ready"),
            C(b"g1 CAPABILITY"),
            S(b"g1 OK [CAPABILITY IMAP4rev1 LITERAL+ ID ENABLE AUTH=PLAIN SASL-IR] Completed"),
            C(b"g2 LOGOUT"),
            S(b"* BYE LOGOUT received", b"g2 OK Completed"),
        ],
        {"software": "cyrus", "before": None, "after": (False, ("PLAIN", "LOGIN"))},
        encrypted=True,
        protocol="imap",
    ),
    "cyrus imap, whose greeting gives its name after many capabilities": Session(
        [
            S(
                b"* OK [CAPABILITY IMAP4rev1 LITERAL+ ID ENABLE AUTH=SCRAM-SHA-512 AUTH=SCRAM-SHA-384 AUTH=SCRAM-SHA-256"
                b" AUTH=SCRAM-SHA-224 AUTH=SCRAM-SHA-1 AUTH=DIGEST-MD5 AUTH=CRAM-MD5 AUTH=NTLM AUTH=PLAIN AUTH=LOGIN SASL-IR]"
                b" peer.example.org Cyrus IMAP 3.6.1-Debian-3.6.1-4+deb12u5 server ready"
            ),
            C(b"g1 CAPABILITY"),
            S(b"* CAPABILITY IMAP4rev1 LITERAL+", b"g1 OK Completed"),
            C(b"g2 LOGOUT"),
            S(b"* BYE LOGOUT received", b"g2 OK Completed"),
        ],
        {"software": "cyrus"},
        encrypted=True,
        protocol="imap",
    ),
    "courier imap": Session(
        [
            S(
                b"* OK [CAPABILITY IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT IDLE ACL STARTTLS ENABLE]"
                b" Courier-IMAP ready. Copyright 1998-2022 Double Precision, Inc."
            ),
            C(b"g1 CAPABILITY"),
            S(b"* CAPABILITY IMAP4rev1 UIDPLUS IDLE STARTTLS ENABLE LOGINDISABLED", b"g1 OK CAPABILITY completed"),
            C(b"g2 STARTTLS"),
            S(b"g2 NO STARTTLS failed"),
            C(b"g3 LOGOUT"),
            S(b"* BYE Courier-IMAP server shutting down", b"g3 OK LOGOUT completed"),
        ],
        {
            "software": "courier",
            "before": (True, ()),
            "starttls_reply": "NO STARTTLS failed",
            "stays_plain": True,
            "notes": 1,
        },
        protocol="imap",
    ),
    "nginx imap": Session(
        [
            S(b"* OK IMAP4 ready"),
            C(b"g1 CAPABILITY"),
            S(b"* CAPABILITY IMAP4 IMAP4rev1 UIDPLUS AUTH=PLAIN", b"g1 OK completed"),
            C(b"g2 LOGOUT"),
            S(b"* BYE", b"g2 OK completed"),
        ],
        {"software": "nginx", "before": (False, ("PLAIN", "LOGIN")), "stays_plain": True},
        protocol="imap",
    ),
    "imap PREAUTH shuts STARTTLS out": Session(
        [
            S(b"* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] logged in as nobody"),
            C(b"g1 CAPABILITY"),
            S(b"* CAPABILITY IMAP4rev1 STARTTLS", b"g1 OK done"),
            C(b"g2 LOGOUT"),
            S(b"* BYE", b"g2 OK bye"),
        ],
        {"before": (True, ("LOGIN",)), "stays_plain": True, "starttls_reply": "", "notes": 1},
        protocol="imap",
    ),
    "imap too many connections": Session(
        [S(b"* BYE Too many connections from your IP")],
        {"throttled": "* BYE Too many connections from your IP", "speaks": "imap"},
        protocol="imap",
    ),
    "imap BYE for good": Session(
        [S(b"* BYE Go away")],
        {"throttled": "", "stopped": "the server said goodbye: BYE Go away"},
        protocol="imap",
    ),
    "imap STARTTLS unavailable": Session(
        [
            S(b"* OK hi"),
            C(b"g1 CAPABILITY"),
            S(b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED", b"g1 OK done"),
            C(b"g2 STARTTLS"),
            S(b"g2 NO [UNAVAILABLE] no certificate yet"),
            C(b"g3 LOGOUT"),
            S(b"* BYE", b"g3 OK bye"),
        ],
        {"throttled": "NO [UNAVAILABLE] no certificate yet", "stays_plain": False},
        protocol="imap",
    ),
    "dovecot pop3": Session(
        [
            S(b"+OK Dovecot (Debian) ready."),
            C(b"CAPA"),
            S(
                b"+OK",
                b"CAPA",
                b"TOP",
                b"UIDL",
                b"RESP-CODES",
                b"PIPELINING",
                b"AUTH-RESP-CODE",
                b"STLS",
                b"SASL",
                b".",
            ),
            C(b"STLS"),
            S(b"+OK Begin TLS negotiation now."),
            TLS,
            C(b"CAPA"),
            S(b"+OK", b"CAPA", b"TOP", b"UIDL", b"USER", b"SASL PLAIN LOGIN", b"."),
            C(b"QUIT"),
            S(b"+OK Logging out"),
        ],
        {"speaks": "pop3", "software": "dovecot", "before": (True, ()), "after": (False, ("USER", "PLAIN", "LOGIN"))},
        protocol="pop3",
    ),
    "courier pop3 with USER in clear": Session(
        [
            S(b"+OK Hello there."),
            C(b"CAPA"),
            S(b"+OK Here's what I can do:", b"SASL LOGIN", b"STLS", b"TOP", b"USER", b"LOGIN-DELAY 10", b"."),
            C(b"STLS"),
            S(b"-ERR [SYS/TEMP] TLS not ready"),
            C(b"QUIT"),
            S(b"+OK Better luck next time."),
        ],
        {"software": "courier", "before": (True, ("LOGIN", "USER")), "throttled": "-ERR [SYS/TEMP] TLS not ready"},
        protocol="pop3",
    ),
    "nginx pop3": Session(
        [
            S(b"+OK POP3 ready"),
            C(b"CAPA"),
            S(b"+OK Capability list follows", b"TOP", b"USER", b"UIDL", b"SASL PLAIN LOGIN", b"."),
            C(b"QUIT"),
            S(b"+OK"),
        ],
        {"software": "nginx", "before": (False, ("USER", "PLAIN", "LOGIN")), "stays_plain": True},
        protocol="pop3",
    ),
    "pop3 without CAPA has STLS all the same": Session(
        [
            S(b"+OK ready <1896.697170952@example.org>"),
            C(b"CAPA"),
            S(b"-ERR unknown command"),
            C(b"STLS"),
            S(b"+OK go ahead"),
            TLS,
            C(b"CAPA"),
            S(b"-ERR unknown command"),
            C(b"QUIT"),
            S(b"+OK"),
        ],
        {"before": None, "after": None, "starttls_reply": "+OK go ahead", "stays_plain": False, "notes": 2},
        protocol="pop3",
    ),
    "pop3 with APOP, which a timestamp in the greeting offers": Session(
        [
            S(b"+OK POP3 ready <1519230615.1795523991@mx.example.org>"),
            C(b"CAPA"),
            S(b"+OK Capability list follows", b"TOP", b"UIDL", b"STLS", b"."),
            C(b"STLS"),
            S(b"+OK"),
            TLS,
            C(b"CAPA"),
            S(b"+OK Capability list follows", b"TOP", b"UIDL", b"USER", b"SASL PLAIN", b"."),
            C(b"QUIT"),
            S(b"+OK"),
        ],
        {"software": "nginx", "before": (True, ("APOP",)), "after": (False, ("USER", "PLAIN", "APOP"))},
        protocol="pop3",
    ),
    "pop3 STLS offered and refused": Session(
        [
            S(b"+OK hi"),
            C(b"CAPA"),
            S(b"+OK", b"UIDL", b"STLS", b"."),
            C(b"STLS"),
            S(b"-ERR no TLS here"),
            C(b"QUIT"),
            S(b"+OK"),
        ],
        {"before": (True, ()), "after": None, "starttls_reply": "-ERR no TLS here", "stays_plain": True},
        protocol="pop3",
    ),
    "pop3 in use": Session(
        [S(b"-ERR [IN-USE] Do you have another POP session running?"), C(b"QUIT"), S(b"+OK")],
        {"throttled": "-ERR [IN-USE] Do you have another POP session running?"},
        protocol="pop3",
    ),
    "dovecot pigeonhole": Session(
        [
            S(
                b'"IMPLEMENTATION" "Dovecot Pigeonhole"',
                b'"SIEVE" "fileinto reject envelope vacation"',
                b'"NOTIFY" "mailto"',
                b'"SASL" ""',
                b'"STARTTLS"',
                b'"VERSION" "1.0"',
                b'OK "Dovecot (Debian) ready."',
            ),
            C(b"STARTTLS"),
            S(b'OK "Begin TLS negotiation now."'),
            TLS,
            S(b'"IMPLEMENTATION" "Dovecot Pigeonhole"', b'"SASL" "PLAIN LOGIN"', b'OK "TLS negotiation successful."'),
            C(b"LOGOUT"),
            S(b'OK "Logout completed."'),
        ],
        {
            "speaks": "sieve",
            "software": "dovecot",
            "before": (True, ()),
            "after": (False, ("PLAIN", "LOGIN")),
            "notes": 0,
        },
        protocol="sieve",
    ),
    "cyrus timsieved with literals and names in lower case": Session(
        [
            S(b'"implementation" {21}', b'Cyrus "timsieved" 3.6', b'"sasl" "PLAIN"', b'"starttls"', b"ok"),
            C(b"STARTTLS"),
            S(b'NO "Error initializing TLS"'),
            C(b"LOGOUT"),
            S(b'OK "Logout Complete"'),
        ],
        {
            "software": "cyrus",
            "before": (True, ("PLAIN",)),
            "starttls_reply": 'NO "Error initializing TLS"',
            "stays_plain": True,
        },
        protocol="sieve",
    ),
    "sieve try later": Session(
        [S(b'BYE (TRYLATER) "Too busy"')],
        {"throttled": 'BYE (TRYLATER) "Too busy"', "speaks": "sieve"},
        protocol="sieve",
    ),
}
