# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two hosts of the demo as data: what each door does, and which faults are planted.

The server process, the driver and the tests all read this one description. Doors carry their standard port; on the
machine each stands at ``base + port`` (143 at 20143, say), so that a person still recognises it.
"""

from __future__ import annotations

from dataclasses import dataclass

IMPLICIT = "implicit"  # TLS from the first byte
STARTTLS = "starttls"  # plaintext first, TLS on request
PLAIN = "plain"  # no TLS at all

#: Not a mail port: the bad host's filter lets it in although nothing needs it.
SURPLUS_PORT = 3306


@dataclass(frozen=True)
class Door:
    """One port: how it behaves, and with which certificate (a file's name, see certificates.py)."""

    service: str
    protocol: str  # smtp, imap or pop3
    port: int  # the standard one
    encryption: str
    certificate: str = "right"
    login_in_clear: bool = False
    listens: bool = True


@dataclass(frozen=True)
class Fault:
    """One planted fault and the finding that must name it. ``port`` is the standard one, None where a whole address
    family is at fault."""

    check: str
    port: int | None
    planted: str


@dataclass(frozen=True)
class Host:
    name: str
    doors: tuple[Door, ...]
    faults: tuple[Fault, ...] = ()


GOOD = Host(
    name="mail.good.example",
    doors=(
        Door("pop3", "pop3", 110, STARTTLS),
        Door("imap", "imap", 143, STARTTLS),
        Door("submissions", "smtp", 465, IMPLICIT),
        Door("submission", "smtp", 587, STARTTLS),
        Door("imaps", "imap", 993, IMPLICIT),
        Door("pop3s", "pop3", 995, IMPLICIT),
    ),
)

BAD = Host(
    name="mail.bad.example",
    doors=(
        Door("pop3", "pop3", 110, PLAIN),
        Door("imap", "imap", 143, STARTTLS, login_in_clear=True),
        Door("submissions", "smtp", 465, IMPLICIT, certificate="other-name"),
        Door("submission", "smtp", 587, STARTTLS, listens=False),
        Door("imaps", "imap", 993, IMPLICIT, certificate="expired"),
        Door("pop3s", "pop3", 995, PLAIN),
    ),
    faults=(
        Fault("mail.encryption", 110, "STARTTLS not offered"),
        Fault("mail.login-before-tls", 143, "login offered in clear"),
        Fault("mail.certificate-name", 465, "certificate for another name"),
        Fault("server.listening", 587, "nothing listens"),
        Fault("mail.certificate-validity", 993, "expired certificate"),
        Fault("mail.encryption", 995, "plaintext spoken, TLS expected"),
        Fault("firewall.missing-opening", 993, "firewall lacks it over IPv4"),
        Fault("firewall.surplus-opening", SURPLUS_PORT, "firewall opens it for nothing"),
        Fault("firewall.unfiltered", None, "firewall lets all IPv6 in"),
    ),
)

HOSTS = (GOOD, BAD)
