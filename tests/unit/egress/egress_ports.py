# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ports as the wire sees them, for the tests of the way out."""

from __future__ import annotations

from dataclasses import replace

from _gate.names.sensor import DomainEvidence, Exchange
from _gate.wire import evidence as seen
from _gate.wire.evidence import Capabilities, Certificate, PortEvidence, Tls

RELAY = "relay.example.net"
ADDRESSES = {
    RELAY: "192.0.2.1",
    "mx1.example.org": "192.0.2.2",
    "mx.example.com": "192.0.2.3",
    "mx.example.edu": "192.0.2.4",
}


def certificate(*names, sha256="aa"):
    return Certificate(
        "CN=x", "CN=An Authority", names, "2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z", 365, 90, sha256, False
    )


def tls(*names, trusted=True, matches=True, sha256="aa"):
    return Tls(
        True, names[0], "TLSv1.3", "TLS_AES_256_GCM_SHA384", 256, trusted, "" if trusted else "unable to get local issuer",
        matches, certificate=certificate(*names, sha256=sha256),
    )  # fmt: skip


def port(host=RELAY, number=587, state=seen.OPEN, **facts):
    """An open port that offers STARTTLS (implicit TLS on 465) with the right certificate, unless told otherwise."""
    address = facts.pop("address", ADDRESSES.get(host, "192.0.2.9"))
    family = "ipv6" if ":" in address else "ipv4"
    shut = PortEvidence(host, address, family, number, state)
    if state != seen.OPEN:
        return replace(shut, **facts)
    good = replace(
        shut,
        greeting="220 {0} ESMTP".format(host),
        speaks="smtp",
        encryption=seen.IMPLICIT if number == 465 else seen.STARTTLS,
        before_tls=None if number == 465 else Capabilities(True, (), ("STARTTLS",)),
        tls=tls(host),
        after_tls=Capabilities(False, ("PLAIN",), ("AUTH PLAIN",)),
    )
    return replace(good, **facts)


def plain(host=RELAY, number=25, **facts):
    """An open port that offers no STARTTLS."""
    facts.setdefault("before_tls", Capabilities(False, (), ("PIPELINING",)))
    return port(host, number, encryption=seen.NONE, tls=None, after_tls=None, **facts)


def domain(name, *hosts, **facts):
    return DomainEvidence(name, tuple(Exchange(10 * number, host) for number, host in enumerate(hosts, 1)), **facts)
