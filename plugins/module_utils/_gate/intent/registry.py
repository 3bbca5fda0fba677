# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The services by name: what each one means when nothing is overridden.

``encryption`` is what the port owes a client: ``implicit`` (TLS from the first byte), ``starttls`` (TLS required before
login), ``opportunistic`` (STARTTLS offered and not required: a public MX, RFC 3207 section 4) or ``none``.
"""

from __future__ import annotations

from typing import Any

MAIL_PROTOCOLS = ("smtp", "imap", "pop3", "sieve", "lmtp")
TRANSPORTS = ("tcp", "udp", "sctp")
PROXY_PROTOCOLS = ("none", "v1", "v2")
ENCRYPTIONS = ("implicit", "starttls", "opportunistic", "none")

#: Mail services. ``authentication``: the server must offer a login once TLS is on (RFC 6409 section 4.3).
MAIL: dict[str, dict[str, Any]] = {
    "smtp": {"port": 25, "protocol": "smtp", "encryption": "opportunistic", "authentication": False},
    "submission": {"port": 587, "protocol": "smtp", "encryption": "starttls", "authentication": True},
    "submissions": {"port": 465, "protocol": "smtp", "encryption": "implicit", "authentication": True},
    "imap": {"port": 143, "protocol": "imap", "encryption": "starttls", "authentication": True},
    "imaps": {"port": 993, "protocol": "imap", "encryption": "implicit", "authentication": True},
    "pop3": {"port": 110, "protocol": "pop3", "encryption": "starttls", "authentication": True},
    "pop3s": {"port": 995, "protocol": "pop3", "encryption": "implicit", "authentication": True},
    "sieve": {"port": 4190, "protocol": "sieve", "encryption": "starttls", "authentication": True},
    # Between an MTA and the mail store (RFC 2033): on loopback or a network of their own as a rule.
    "lmtp": {"port": 24, "protocol": "lmtp", "encryption": "none", "authentication": False},
}

#: Doors that are no mail service and that many hosts need. Only the packet filter is asked about them.
#: ``optional``: may be open, need not be (a host that configures its own address by DHCP).
DOORS: dict[str, dict[str, Any]] = {
    "ssh": {"port": 22, "protocol": "tcp"},
    "dhcp-client": {"port": 68, "protocol": "udp", "optional": True},
    "dhcpv6-client": {"port": 546, "protocol": "udp", "optional": True},
}
#: Doors (port, transport) of protocols that exist over one family of addresses alone.
ONE_FAMILY_DOORS = ((68, "udp"), (546, "udp"))
