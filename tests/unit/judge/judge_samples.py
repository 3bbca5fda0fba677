# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server without fault shows, to be changed in one place by each test."""

from __future__ import annotations

from dataclasses import replace

from _gate.intent.policy import parse_policy
from _gate.intent.services import Defaults, parse_services
from _gate.judge.diagnosis import Vantage
from _gate.judge.finding import PASS
from _gate.judge.mail_ports import judge_mail_ports
from _gate.wire import evidence as seen
from _gate.wire.evidence import Capabilities, Certificate, PortEvidence, Tls

CERTIFICATE = Certificate(
    "CN=mail.example.org",
    "CN=CA",
    ("mail.example.org",),
    "2026-01-01T00:00:00Z",
    "2027-01-01T00:00:00Z",
    365,
    200,
    "00",
    False,
)
TLS = Tls(True, "mail.example.org", "TLSv1.3", "TLS_AES_256_GCM_SHA384", 256, True, "", True, False, CERTIFICATE)
LOGIN = Capabilities(starttls=False, login_mechanisms=("PLAIN",), lines=("AUTH PLAIN",))


def service(name, **changes):
    (parsed,) = parse_services([dict(changes, name=name)], Defaults(parse_policy("rfc8314")))
    return parsed


def good(name, **changes):
    """What a server without fault shows for the service."""
    required = service(name)
    implicit = required.encryption == "implicit"
    evidence = PortEvidence(
        host="mail.example.org",
        address="192.0.2.1",
        family="ipv4",
        port=required.port,
        state=seen.OPEN,
        source_address="198.51.100.1",
        greeting="hello",
        speaks=required.protocol,
        software="postfix",
        encryption=seen.IMPLICIT if implicit else seen.STARTTLS,
        before_tls=None if implicit else Capabilities(starttls=True, lines=("STARTTLS",)),
        starttls_reply="" if implicit else "220 go ahead",
        tls=TLS,
        after_tls=LOGIN if required.authentication else Capabilities(starttls=False, lines=("SIZE",)),
    )
    return replace(evidence, **changes)


def faults(required, evidence):
    return [(item.check, item.outcome) for item in judge_mail_ports([required], [evidence]) if item.outcome != PASS]


def vantage(name, *ports, services=(), itself=False):
    """A place from which these ports were seen, held against the services (by default SMTP alone)."""
    required = services or (service("smtp"),)
    return Vantage(name, ports, tuple(judge_mail_ports(required, ports)), itself)
