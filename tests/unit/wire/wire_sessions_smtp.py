# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions of SMTP servers, and of some that speak no mail protocol."""

from __future__ import annotations

from wire_session import HELLO, TLS, C, S, Session

SMTP_SESSIONS = {
    "postfix submission as Debian ships it, AUTH offered in clear": Session(
        [
            S(b"220 mx.example.org ESMTP Postfix (Debian/GNU)"),
            HELLO,
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
            HELLO,
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
            HELLO,
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
            HELLO,
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
            HELLO,
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
            HELLO,
            S(b"250-mx.example.org Hello client.example.org [192.0.2.7]", b"250-AUTH PLAIN LOGIN", b"250 HELP"),
            C(b"QUIT"),
            S(b"221 mx.example.org closing connection"),
        ],
        {"software": "exim", "before": (True, ()), "after": (False, ("PLAIN", "LOGIN"))},
    ),
    "sendmail": Session(
        [
            S(b"220 mx.example.org ESMTP Sendmail 8.17.1.9/8.17.1.9/Debian-2; Tue, 24 Nov 2026 09:00:00 GMT"),
            HELLO,
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
            HELLO,
            S(b"250-mx.example.org Hello client [192.0.2.7], pleased to meet you", b"250 AUTH PLAIN"),
            C(b"QUIT"),
            S(b"221 2.0.0 mx.example.org closing connection"),
        ],
        {"software": "sendmail", "before": (True, ("DIGEST-MD5", "CRAM-MD5")), "after": (False, ("PLAIN",))},
    ),
    "opensmtpd without TLS": Session(
        [
            S(b"220 mx.example.org ESMTP OpenSMTPD"),
            HELLO,
            S(b"250-mx.example.org Hello client [192.0.2.7], pleased to meet you", b"250-8BITMIME", b"250 HELP"),
            C(b"QUIT"),
            S(b"221 2.0.0 Bye"),
        ],
        {"software": "opensmtpd", "before": (False, ()), "stays_plain": True},
    ),
    "courier esmtp": Session(
        [
            S(b"220 mx.example.org ESMTP"),
            HELLO,
            S(b"250-mx.example.org Ok.", b"250-XVERP=Courier", b"250-XSECURITY=NONE,STARTTLS", b"250 DSN"),
            C(b"QUIT"),
            S(b"221 Bye."),
        ],
        {"software": "courier", "before": (False, ()), "stays_plain": True},
    ),
    "nginx smtp": Session(
        [
            S(b"220 mx.example.org ESMTP ready"),
            HELLO,
            S(b"250-mx.example.org", b"250-AUTH PLAIN LOGIN", b"250 STARTTLS"),
            C(b"STARTTLS"),
            S(b"220 2.0.0 Start TLS"),
            TLS,
            HELLO,
            S(b"250-mx.example.org", b"250 AUTH PLAIN LOGIN"),
            C(b"QUIT"),
            S(b"221 2.0.0 ok"),
        ],
        {"software": "nginx", "before": (True, ("PLAIN", "LOGIN")), "after": (False, ("PLAIN", "LOGIN"))},
    ),
    "a relay without EHLO": Session(
        [
            S(b"220 old.example.org SMTP"),
            HELLO,
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
            HELLO,
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
    "postfix that expects the PROXY protocol": Session(
        [S(b"421 4.3.0 mx.example.org Server local error")],
        {"stopped": "greeting refuses service: 421 4.3.0 mx.example.org Server local error", "throttled": ""},
    ),
    "a relay that refuses every hello": Session(
        [
            S(b"220 mx.example.org ESMTP"),
            HELLO,
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
            HELLO,
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
    "an ssh server": Session(
        [S(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7")],
        {"speaks": "ssh", "stopped": "ssh is spoken here", "greeting": "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7"},
    ),
    "bytes of no protocol": Session(
        [S(b"\x00\xfe\x01 what is this?")],
        {"speaks": "", "stopped": "an unknown protocol is spoken here"},
    ),
}
