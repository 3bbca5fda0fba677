# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write down sessions with the servers of the scenario `peers`, for tests/unit/wire/captured.

    molecule.sh peers converge; .work/venv/bin/python tests/lab/capture.py 10.79.N.0

A line is who speaks (S, C), a blank, and what is said without its line end; TLS stands where the handshake takes place, and
CLOSED where the server closes. Blanks at the ends of lines are left off. ``asked`` in a file's name: a mail and a login are
begun, and relaying is asked for.
"""

from __future__ import annotations

import socket
import ssl
import sys
from pathlib import Path
from typing import Iterator, List

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "plugins" / "module_utils"))

from _gate.wire.dialogue.base import NO_ERRAND, Done, Errand, Event, Send  # noqa: E402
from _gate.wire.dialogue.conversation import Conversation  # noqa: E402

FOLDER = ROOT / "tests" / "unit" / "wire" / "captured"
CLIENT = "client.example.org"
ASKED = Errand(mail_before_tls=True, start_login=True, mail=True, recipient="probe@elsewhere.test")
FRONTS, EXIM, COURIER, SENDMAIL, OPENSMTPD = range(11, 16)
# The name of the file, the host, the port, the protocol, and whether TLS comes first.
SESSIONS = [
    ("nginx-imap", FRONTS, 143, "imap", False),
    ("nginx-imaps", FRONTS, 993, "imap", True),
    ("nginx-pop3", FRONTS, 110, "pop3", False),
    ("nginx-pop3-apop", FRONTS, 11111, "pop3", False),
    ("nginx-submission", FRONTS, 10587, "smtp", False),
    ("nginx-submissions", FRONTS, 465, "smtp", True),
    ("haproxy-postfix-submission", FRONTS, 20587, "smtp", False),
    ("haproxy-dovecot-imaps", FRONTS, 20993, "imap", True),
    ("haproxy-dovecot-imaps-tls-unknown", FRONTS, 21993, "imap", True),
    ("stunnel-submission", FRONTS, 30587, "smtp", False),
    ("stunnel-pop3", FRONTS, 30110, "pop3", False),
    ("stunnel-imap", FRONTS, 30143, "imap", False),
    ("stunnel-nginx-imaps", FRONTS, 30993, "imap", True),
    ("dovecot-lmtp", FRONTS, 24, "lmtp", False),
    ("dovecot-imap", FRONTS, 41143, "imap", False),
    ("dovecot-imap-preauth", FRONTS, 41144, "imap", False),
    ("dovecot-imaps", FRONTS, 41993, "imap", True),
    ("dovecot-pop3", FRONTS, 41110, "pop3", False),
    ("dovecot-sieve", FRONTS, 44190, "sieve", False),
    ("postfix-smtp", FRONTS, 25, "smtp", False),
    ("postfix-submission", FRONTS, 587, "smtp", False),
    ("postfix-relay", FRONTS, 50125, "smtp", False),
    ("postfix-expects-proxy", FRONTS, 50025, "smtp", False),
    ("exim-smtp", EXIM, 25, "smtp", False),
    ("exim-submission", EXIM, 587, "smtp", False),
    ("exim-submissions", EXIM, 465, "smtp", True),
    ("exim-login-in-clear", EXIM, 1587, "smtp", False),
    ("exim-without-certificate", EXIM, 1027, "smtp", False),
    ("cyrus-imap", EXIM, 143, "imap", False),
    ("cyrus-imap-login-in-clear", EXIM, 1143, "imap", False),
    ("cyrus-imaps", EXIM, 993, "imap", True),
    ("cyrus-pop3", EXIM, 110, "pop3", False),
    ("cyrus-pop3-login-in-clear", EXIM, 1110, "pop3", False),
    ("cyrus-sieve", EXIM, 4190, "sieve", False),
    ("cyrus-lmtp", EXIM, 24, "lmtp", False),
    ("courier-imap", COURIER, 143, "imap", False),
    ("courier-imaps", COURIER, 993, "imap", True),
    ("courier-pop3", COURIER, 110, "pop3", False),
    ("courier-smtp", COURIER, 25, "smtp", False),
    ("courier-submission", COURIER, 587, "smtp", False),
    ("courier-login-in-clear", COURIER, 1587, "smtp", False),
    ("sendmail-smtp", SENDMAIL, 25, "smtp", False),
    ("sendmail-submission", SENDMAIL, 587, "smtp", False),
    ("sendmail-submissions", SENDMAIL, 465, "smtp", True),
    ("sendmail-login-in-clear", SENDMAIL, 1587, "smtp", False),
    ("opensmtpd-smtp", OPENSMTPD, 25, "smtp", False),
    ("opensmtpd-submission", OPENSMTPD, 587, "smtp", False),
    ("opensmtpd-submissions", OPENSMTPD, 465, "smtp", True),
]
SHORT = ("dovecot-imap-preauth", "postfix-expects-proxy", "exim-without-certificate")


def hold(address: str, port: int, protocol: str, encrypted: bool, errand: Errand) -> Iterator[str]:
    """The lines of one session."""
    untrusting = ssl._create_unverified_context()
    connected = socket.create_connection((address, port), timeout=200)
    if encrypted:
        connected = untrusting.wrap_socket(connected)
    conversation = Conversation(protocol, encrypted, CLIENT, errand)
    while True:
        try:
            received = connected.recv(65536)
        except ConnectionResetError:
            received = b""
        yield from said("S", received) if received else ["CLOSED"]
        events: List[Event] = conversation.feed(received) if received else conversation.closed()
        for event in events:
            if isinstance(event, Done):
                connected.close()
                return
            if isinstance(event, Send):
                yield from said("C", event.data)
                connected.sendall(event.data)
            else:
                yield "TLS"
                connected = untrusting.wrap_socket(connected)
                more = conversation.handshake_done()
                for first in more:
                    assert isinstance(first, Send), first
                    yield from said("C", first.data)
                    connected.sendall(first.data)


def said(who: str, data: bytes) -> Iterator[str]:
    assert data.endswith(b"\r\n"), data
    for line in data[:-2].split(b"\r\n"):
        yield f"{who} {line.decode('ascii')}".rstrip(" ") if line else who


def main(network: str) -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, host, port, protocol, encrypted in SESSIONS:
        address = network.rpartition(".")[0] + f".{host}"
        # What begins with TLS, or does not get far, tells the same when it is asked for more; but mail has more to tell.
        much = protocol == "smtp" or not encrypted
        for suffix, errand in (("", NO_ERRAND), ("-asked", ASKED))[: 2 if much and name not in SHORT else 1]:
            lines = list(hold(address, port, protocol, encrypted, errand))
            (FOLDER / f"{name}{suffix}.txt").write_text("\n".join(lines) + "\n", "ascii")


if __name__ == "__main__":
    main(sys.argv[1])
