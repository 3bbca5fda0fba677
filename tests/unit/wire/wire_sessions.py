# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions as servers hold them, with what a client should learn from each.

``S`` is what the server says, ``C`` what the client must say next, TLS where the handshake takes place.
"""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Tuple

CLIENT = "client.example.org"
EHLO = b"EHLO client.example.org\r\n"
TLS = ("tls", b"")


def S(*lines: bytes) -> Tuple[str, bytes]:
    return "server", b"".join(line + b"\r\n" for line in lines)


def C(line: bytes) -> Tuple[str, bytes]:
    return "client", line + b"\r\n"


class Session(NamedTuple):
    steps: List[Tuple[str, bytes]]
    facts: Dict[str, Any]  # of Facts; "before" and "after" are (starttls, login_mechanisms)
    encrypted: bool = False
    protocol: str = "smtp"


_EHLO = C(EHLO[:-2])

SESSIONS = {
    "postfix submission as Debian ships it, AUTH offered in clear": Session(
        [
            S(b"220 mx.example.org ESMTP Postfix (Debian/GNU)"),
            _EHLO,
            S(
                b"250-mx.example.org",
                b"250-PIPELINING",
                b"250-SIZE 10240000",
                b"250-VRFY",
                b"250-ETRN",
                b"250-STARTTLS",
                b"250-AUTH PLAIN LOGIN",
                b"250-AUTH=PLAIN LOGIN",
                b"250-ENHANCEDSTATUSCODES",
                b"250-8BITMIME",
                b"250-DSN",
                b"250-SMTPUTF8",
                b"250 CHUNKING",
            ),
            C(b"STARTTLS"),
            S(b"220 2.0.0 Ready to start TLS"),
            TLS,
            _EHLO,
            S(b"250-mx.example.org", b"250-PIPELINING", b"250-AUTH PLAIN LOGIN", b"250 CHUNKING"),
            C(b"QUIT"),
            S(b"221 2.0.0 Bye"),
        ],
        {
            "speaks": "smtp",
            "software": "postfix",
            "greeting": "220 mx.example.org ESMTP Postfix (Debian/GNU)",
            "before": (True, ("PLAIN", "LOGIN")),
            "after": (False, ("PLAIN", "LOGIN")),
            "starttls_reply": "220 2.0.0 Ready to start TLS",
        },
    ),
    "postfix submissions": Session(
        [
            S(b"220 mx.example.org ESMTP Postfix"),
            _EHLO,
            S(b"250-mx.example.org", b"250-AUTH PLAIN", b"250 STARTTLS"),
            C(b"QUIT"),
            S(b"221 2.0.0 Bye"),
        ],
        {"before": None, "after": (True, ("PLAIN",))},
        encrypted=True,
    ),
    "postscreen: the greeting comes in two lines, seconds apart": Session(
        [
            S(b"220-mx.example.org ESMTP Postfix"),
            S(b"220 mx.example.org ESMTP Postfix"),
            _EHLO,
            S(b"250-mx.example.org", b"250-SIZE 10240000", b"250 STARTTLS"),
            C(b"STARTTLS"),
            S(b"454 4.3.0 TLS is not available due to local problem"),
            C(b"QUIT"),
            S(b"221 2.0.0 Bye"),
        ],
        {
            "greeting": "220-mx.example.org ESMTP Postfix / 220 mx.example.org ESMTP Postfix",
            "before": (True, ()),
            "after": None,
            "throttled": "454 4.3.0 TLS is not available due to local problem",
            "stopped": "put off by the server",
            "stays_plain": False,
        },
    ),
    "postscreen when it is full": Session(
        [S(b"421 4.3.2 All server ports are busy")],
        {"throttled": "421 4.3.2 All server ports are busy", "speaks": "smtp", "before": None, "stays_plain": False},
    ),
    "exim": Session(
        [
            S(b"220 mx.example.org ESMTP Exim 4.96 Tue, 24 Nov 2026 09:00:00 +0000"),
            _EHLO,
            S(
                b"250-mx.example.org Hello client.example.org [192.0.2.7]",
                b"250-SIZE 52428800",
                b"250-8BITMIME",
                b"250-PIPELINING",
                b"250-PIPECONNECT",
                b"250-CHUNKING",
                b"250-STARTTLS",
                b"250-PRDR",
                b"250 HELP",
            ),
            C(b"STARTTLS"),
            S(b"220 TLS go ahead"),
            TLS,
            _EHLO,
            S(b"250-mx.example.org Hello client.example.org [192.0.2.7]", b"250-AUTH PLAIN LOGIN", b"250 HELP"),
            C(b"QUIT"),
            S(b"221 mx.example.org closing connection"),
        ],
        {"software": "exim", "before": (True, ()), "after": (False, ("PLAIN", "LOGIN"))},
    ),
    "sendmail": Session(
        [
            S(b"220 mx.example.org ESMTP Sendmail 8.17.1.9/8.17.1.9/Debian-2; Tue, 24 Nov 2026 09:00:00 GMT"),
            _EHLO,
            S(
                b"250-mx.example.org Hello client [192.0.2.7], pleased to meet you",
                b"250-ENHANCEDSTATUSCODES",
                b"250-AUTH DIGEST-MD5 CRAM-MD5",
                b"250-STARTTLS",
                b"250-DELIVERBY",
                b"250 HELP",
            ),
            C(b"STARTTLS"),
            S(b"220 2.0.0 Ready to start TLS"),
            TLS,
            _EHLO,
            S(b"250-mx.example.org Hello client [192.0.2.7], pleased to meet you", b"250 AUTH PLAIN"),
            C(b"QUIT"),
            S(b"221 2.0.0 mx.example.org closing connection"),
        ],
        {"software": "sendmail", "before": (True, ("DIGEST-MD5", "CRAM-MD5")), "after": (False, ("PLAIN",))},
    ),
    "opensmtpd without TLS": Session(
        [
            S(b"220 mx.example.org ESMTP OpenSMTPD"),
            _EHLO,
            S(b"250-mx.example.org Hello client [192.0.2.7], pleased to meet you", b"250-8BITMIME", b"250 HELP"),
            C(b"QUIT"),
            S(b"221 2.0.0 Bye"),
        ],
        {"software": "opensmtpd", "before": (False, ()), "stays_plain": True},
    ),
    "courier esmtp": Session(
        [
            S(b"220 mx.example.org ESMTP"),
            _EHLO,
            S(b"250-mx.example.org Ok.", b"250-XVERP=Courier", b"250-XSECURITY=NONE,STARTTLS", b"250 DSN"),
            C(b"QUIT"),
            S(b"221 Bye."),
        ],
        {"software": "courier", "before": (False, ()), "stays_plain": True},
    ),
    "nginx smtp": Session(
        [
            S(b"220 mx.example.org ESMTP ready"),
            _EHLO,
            S(b"250-mx.example.org", b"250-AUTH PLAIN LOGIN", b"250 STARTTLS"),
            C(b"STARTTLS"),
            S(b"220 2.0.0 Start TLS"),
            TLS,
            _EHLO,
            S(b"250-mx.example.org", b"250 AUTH PLAIN LOGIN"),
            C(b"QUIT"),
            S(b"221 2.0.0 ok"),
        ],
        {"software": "nginx", "before": (True, ("PLAIN", "LOGIN")), "after": (False, ("PLAIN", "LOGIN"))},
    ),
    "a relay without EHLO": Session(
        [
            S(b"220 old.example.org SMTP"),
            _EHLO,
            S(b"502 Command not implemented"),
            C(b"HELO client.example.org"),
            S(b"250 old.example.org"),
            C(b"QUIT"),
            S(b"221 bye"),
        ],
        {"before": (False, ()), "stays_plain": True, "notes": 1},
    ),
    "AUTH only in the form from before the standard": Session(
        [
            S(b"220 old.example.org ESMTP"),
            _EHLO,
            S(b"250-old.example.org", b"250 AUTH=LOGIN plain"),
            C(b"QUIT"),
            S(b"221 bye"),
        ],
        {"before": (False, ("LOGIN", "PLAIN")), "stays_plain": True},
    ),
    "a relay that turns us away": Session(
        [S(b"554 mx.example.org no SMTP service here"), C(b"QUIT"), S(b"221 bye")],
        {"stopped": "greeting refuses service: 554 mx.example.org no SMTP service here", "throttled": ""},
    ),
    "a relay that refuses every hello": Session(
        [
            S(b"220 mx.example.org ESMTP"),
            _EHLO,
            S(b"550 access denied"),
            C(b"HELO client.example.org"),
            S(b"550 access denied"),
            C(b"QUIT"),
            S(b"221 bye"),
        ],
        {"stopped": "HELO refused: 550 access denied", "before": None, "stays_plain": False},
    ),
    "STARTTLS offered and refused": Session(
        [
            S(b"220 mx.example.org ESMTP"),
            _EHLO,
            S(b"250-mx.example.org", b"250 STARTTLS"),
            C(b"STARTTLS"),
            S(b"502 5.5.1 not today"),
            C(b"QUIT"),
            S(b"221 bye"),
        ],
        {"before": (True, ()), "starttls_reply": "502 5.5.1 not today", "stays_plain": True, "throttled": ""},
    ),
    "dovecot lmtp on a port where smtp was expected": Session(
        [
            S(b"220 mx.example.org LMTP Dovecot ready."),
            C(b"LHLO client.example.org"),
            S(b"250-mx.example.org", b"250-8BITMIME", b"250 PIPELINING"),
            C(b"QUIT"),
            S(b"221 2.0.0 OK"),
        ],
        {"speaks": "lmtp", "software": "dovecot", "before": (False, ())},
    ),
    "an ftp server": Session(
        [S(b"220-Welcome to the archive", b"220 ProFTPD Server ready.")],
        {"speaks": "ftp", "stopped": "ftp is spoken here"},
    ),
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
    "an ssh server": Session(
        [S(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7")],
        {"speaks": "ssh", "stopped": "ssh is spoken here", "greeting": "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7"},
    ),
    "bytes of no protocol": Session(
        [S(b"\x00\xfe\x01 what is this?")],
        {"speaks": "", "stopped": "an unknown protocol is spoken here"},
    ),
}
