# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signs that not the target answers but somebody on the way: a transparent proxy, or a firewall that inspects SMTP.

A ``proof`` is a certificate that only the target has. A ``sign`` cannot come from the target; a ``doubt`` could.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Set, Tuple

from ..wire import evidence as seen
from ..wire.evidence import PortEvidence
from ..wire.names import as_address
from .elsewhere import Seen
from .plan import SMTP, Destination

#: Cisco's inspection of ESMTP overwrites the greeting with asterisks, and what it does not let through with X.
_MASKED_GREETING = re.compile(r"\*{6,}")
_MASKED_WORD = re.compile(r"X{4,}[A-Z]?")
_HOST = re.compile(r"\d{3}[ -]([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")


@dataclass(frozen=True)
class Signs:
    proof: str = ""
    signs: Tuple[str, ...] = ()
    doubts: Tuple[str, ...] = ()
    stripped: str = ""


def greeting_host(greeting: str) -> str:
    """The name with which a server greets, in lower case; ``""`` where it gives none."""
    found = _HOST.match(greeting)
    return found.group(1).lower() if found else ""


def look_for_signs(
    destination: Destination,
    evidence: PortEvidence,
    trust: str,
    elsewhere: Optional[Seen],
    same_host: Sequence[PortEvidence],
) -> Signs:
    """What tells who answers at an open port.

    :param trust: as the look had it; with ``none`` chains are not judged.
    :param same_host: all that was seen of the same host.
    """
    if evidence.state != seen.OPEN:
        return Signs()
    proof = _proof(destination, evidence, elsewhere)
    signs = [*_masks(evidence), *_other_protocol(evidence)]
    if not proof:
        signs += _other_certificate(destination, evidence, trust)
    if elsewhere is not None:
        signs += _differences(evidence, elsewhere)
    stripped, doubts = _missing_starttls(evidence, elsewhere, same_host)
    return Signs(proof, tuple(signs), tuple(doubts), stripped)


def one_for_all(ways: Sequence[Tuple[Destination, PortEvidence]]) -> Dict[Tuple[str, int], str]:
    """A doubt for each open port at which the same server greets as at those of others, under a name that is not theirs.

    Hosts of different organisations at one address are no doubt: it is the same server, under names that its customers gave it.
    """
    greeted: Dict[Tuple[str, int], Dict[str, Set[str]]] = {}
    for _destination, evidence in ways:
        host = greeting_host(evidence.greeting)
        if host and as_address(evidence.host) is None:
            greeted.setdefault((host, evidence.port), {}).setdefault(evidence.host, set()).add(evidence.address)
    doubts: Dict[Tuple[str, int], str] = {}
    for (host, port), targets in greeted.items():
        for target, addresses in targets.items():
            others = [
                other
                for other in sorted(targets)
                if organisation(other) != organisation(target) and addresses.isdisjoint(targets[other])
            ]
            if others and organisation(target) != organisation(host):
                doubts[(target, port)] = "{0} greets here and at {1} too".format(host, ", ".join(others))
    return doubts


def organisation(name: str) -> str:
    """The last two labels of a name: near enough to whose it is where a difference is only a doubt."""
    return ".".join(name.lower().rstrip(".").split(".")[-2:])


def _proof(destination: Destination, evidence: PortEvidence, elsewhere: Optional[Seen]) -> str:
    tls = evidence.tls
    if tls is None or not tls.established or tls.certificate is None:
        return ""
    if tls.trusted and tls.name_matches and destination.has_name:
        return "its certificate is the target's"
    if elsewhere is not None and elsewhere.sha256 and elsewhere.sha256 == tls.certificate.sha256:
        return "its certificate is the one that is seen from elsewhere"
    return ""


def _masks(evidence: PortEvidence) -> List[str]:
    lines = evidence.before_tls.lines if evidence.before_tls else ()
    words = [word for line in lines for word in line.upper().split() if _MASKED_WORD.fullmatch(word)]
    if _MASKED_GREETING.search(evidence.greeting) or words:
        shown = words[0] if words else evidence.greeting
        return ["what the server says is masked ({0}), as the inspection of ESMTP in a firewall does it".format(shown)]
    return []


def _other_protocol(evidence: PortEvidence) -> List[str]:
    if evidence.speaks and evidence.speaks not in ("smtp", "tls"):
        return ["{0} is spoken, not SMTP".format(evidence.speaks)]
    return []


def _other_certificate(destination: Destination, evidence: PortEvidence, trust: str) -> List[str]:
    """Where mail is submitted, clients insist on the certificate. Between servers it may be another's (RFC 3207 section 4.1)."""
    tls = evidence.tls
    if tls is None or tls.certificate is None or evidence.port == SMTP or not destination.has_name:
        return []
    whose = "{0}, issued by {1}".format(", ".join(tls.certificate.names[:5]) or "no name", tls.certificate.issuer)
    if tls.name_matches is False:
        return ["the certificate is not the target's but for {0}".format(whose)]
    if tls.trusted is False and trust != "none":
        return ["the certificate is not from an authority that is trusted here ({0})".format(whose)]
    return []


def _differences(evidence: PortEvidence, elsewhere: Seen) -> List[str]:
    """Names of one organisation are alike: several servers may stand behind one address."""
    found = []
    here, there = greeting_host(evidence.greeting), greeting_host(elsewhere.greeting)
    if here and there and organisation(here) != organisation(there):
        found.append("{0} greets here, {1} elsewhere".format(here, there))
    certificate = evidence.tls.certificate if evidence.tls else None
    if certificate is not None and elsewhere.names:
        mine = {organisation(name) for name in certificate.names}
        if mine.isdisjoint(map(organisation, elsewhere.names)):
            shown = ", ".join(certificate.names[:5]) or "no name"
            found.append(
                "the certificate is for {0} here, for {1} elsewhere".format(shown, ", ".join(elsewhere.names[:5]))
            )
    return found


def _missing_starttls(
    evidence: PortEvidence, elsewhere: Optional[Seen], same_host: Sequence[PortEvidence]
) -> Tuple[str, List[str]]:
    """How it is known that STARTTLS is taken out on the way, and what makes one think so."""
    if evidence.encryption != seen.NONE:
        return "", []
    if elsewhere is not None and elsewhere.encryption == seen.STARTTLS:
        return "STARTTLS is offered elsewhere and not here", []
    with_tls = sorted({str(each.port) for each in same_host if each.tls is not None and each.tls.established})
    return "", ["the same host speaks TLS on port {0}".format(", ".join(with_tls))] if with_tls else []
