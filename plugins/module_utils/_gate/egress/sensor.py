# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The look at the way out: which mail ports of which hosts this host can reach, and whether they answer themselves.

The dialogue is greeting, EHLO, STARTTLS, EHLO, QUIT. No mail is begun, no login.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from ..names.sensor import DomainEvidence, look_at_names
from ..wire import evidence as seen
from ..wire.evidence import PortEvidence
from ..wire.look import Limits, Target, look
from ..wire.target import IMPLICIT_FIRST, PLAIN_FIRST
from .elsewhere import Elsewhere
from .plan import SMTP, SUBMISSIONS, Destination
from .signs import Signs, look_for_signs, one_for_all

INTERCEPTED = "intercepted"
#: The share of the time that names may take.
_FOR_NAMES = 0.3

Look = Callable[[Sequence[Target], Limits], List[PortEvidence]]
LookUp = Callable[[Sequence[str], float], Tuple[DomainEvidence, ...]]


@dataclass(frozen=True)
class Way:
    """One port of one address of a destination. ``outcome``: the state of ``evidence``, or INTERCEPTED."""

    destination: Destination
    evidence: PortEvidence
    signs: Signs = Signs()

    @property
    def outcome(self) -> str:
        return INTERCEPTED if self.signs.signs or self.signs.stripped else self.evidence.state


@dataclass(frozen=True)
class EgressEvidence:
    ways: Tuple[Way, ...]
    domains: Tuple[DomainEvidence, ...] = ()


def ask_dns(domains: Sequence[str], seconds: float) -> Tuple[DomainEvidence, ...]:
    """The mail exchangers of domains, from the system's resolvers."""
    return look_at_names(domains=domains, seconds=seconds).domains


def look_at_egress(
    targets: Sequence[Destination],
    domains: Sequence[str],
    limits: Limits,
    trust: str = "system",
    elsewhere: Optional[Elsewhere] = None,
    look_up: LookUp = ask_dns,
    look_at: Look = look,
) -> EgressEvidence:
    """Look at the ports of the targets, and at port 25 of the mail exchangers of the domains, all at once.

    :param limits: of all of it; looking up the exchangers takes from its time.
    :param trust: as in :class:`wire.target.Target`.
    :param elsewhere: what another place saw of the same targets.
    :raises IntentError, EvidenceError: as :func:`wire.look.look`.
    """
    started = time.monotonic()
    exchanges = look_up(domains, limits.deadline_seconds * _FOR_NAMES) if domains else ()
    destinations = list(targets)
    for domain in exchanges:
        destinations += [Destination(domain.domain, each.host, (SMTP,), True) for each in domain.exchanges]
    wanted: Dict[Tuple[str, int], Target] = {}
    for destination in destinations:
        for port in destination.ports:
            wanted.setdefault((destination.host, port), _target(destination, port, trust))
    left = max(limits.deadline_seconds - (time.monotonic() - started), 0.1)
    found = look_at(list(wanted.values()), replace(limits, deadline_seconds=left))
    ways = [
        (destination, each)
        for destination in destinations
        for each in found
        if each.host == destination.host and each.port in destination.ports
    ]
    return EgressEvidence(tuple(_judged(ways, trust, elsewhere)), exchanges)


def _judged(ways: Sequence[Tuple[Destination, PortEvidence]], trust: str, elsewhere: Optional[Elsewhere]) -> List[Way]:
    common = one_for_all(ways)
    result = []
    for destination, evidence in ways:
        same_host = [each for _other, each in ways if each.host == evidence.host]
        reference = elsewhere.of(evidence) if elsewhere else None
        signs = look_for_signs(destination, evidence, trust, reference, same_host)
        doubt = common.get((evidence.host, evidence.port))
        if doubt and not signs.proof and evidence.state == seen.OPEN:
            signs = replace(signs, doubts=(*signs.doubts, doubt))
        result.append(Way(destination, evidence, signs))
    return result


def _target(destination: Destination, port: int, trust: str) -> Target:
    begins = IMPLICIT_FIRST if port == SUBMISSIONS else PLAIN_FIRST
    return Target(destination.host, port, "smtp", begins, destination.server_name, trust, checks=())
