# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom the filter keeps out of a required service without a fault: one warning for each kind, of all services."""

from __future__ import annotations

from typing import Iterator

from ..intent.services import ANYONE, Service
from ..packetfilter.diagram import EMPTY
from ..packetfilter.openings import lines, rule_text
from ..packetfilter.sensor import FilterEvidence
from .filter_advice import Advice
from .filter_remedies import manager
from .filter_sources import holds_a_whole_network, private_from_afar
from .wording import first_of


class Tolerated:
    """Collects what is asked about, to be told at the end."""

    def __init__(self, evidence: FilterEvidence, advice: Advice) -> None:
        self.space = evidence.space
        self.evidence = evidence
        self.acceptance = evidence.acceptance
        self.advice = advice
        self.banned = EMPTY
        self.private = EMPTY

    def of(self, service: Service, region: int, missing: int) -> int:
        """Those of the missing packets that are no fault. ``region``: what the service requires to be open."""
        if missing == EMPTY:
            return EMPTY
        banned = self._of_bans(service, region, missing)
        return self.space.union(banned, self._of_private(service, self.space.minus(missing, banned)))

    def _of_bans(self, service: Service, region: int, missing: int) -> int:
        """The packets that fail2ban alone keeps out. Bans of some clients are its ordinary work; where a whole network of the
        service is banned, the door is not open for whom it should be."""
        space = self.space
        banned = space.union_all(
            node
            for where, node in self.acceptance.dropped_by(space.minus(region, self.acceptance.may))
            if manager(where, self.advice.neighbours(where)) == "fail2ban"
        )
        if not space.meet(banned, missing):
            return EMPTY
        clients = space.intersect(space.intersect(region, self.evidence.promised), self.advice.arriving)
        if holds_a_whole_network(space, service.sources, clients, banned):
            return EMPTY
        self.banned = space.union(self.banned, banned)
        return banned

    def _of_private(self, service: Service, missing: int) -> int:
        """All of it, where the service is for anyone and it comes from private networks that the host has no route of its own
        to. Firewalls against forged sources drop that, and whether any client is there the rules do not show."""
        if service.sources != ANYONE or not self.space.is_subset(
            missing, private_from_afar(self.space, self.evidence.host)
        ):
            return EMPTY
        self.private = self.space.union(self.private, missing)
        return missing

    def told(self) -> Iterator[tuple[str, str, str, str]]:
        """What is expected, observed, why, and the mend, for each kind that there was."""
        if self.banned != EMPTY:
            yield (
                "open to all who are not banned",
                f"fail2ban bans {self._lines(self.banned)}",
                f"closed by {self._rules(self.banned)}",
                "fail2ban-client unban ADDRESS for each that is banned by mistake",
            )
        if self.private != EMPTY:
            yield (
                "open to anyone",
                f"closed: {self._lines(self.private)}",
                f"closed by {self._rules(self.private)}: private networks, to which this host has no route but the default one",
                "nothing where all clients come by the Internet; clients in such a network need an accept rule before that one, "
                "and their network in the option from of the service, by which it is required",
            )

    def _lines(self, region: int) -> str:
        return "; ".join(lines(self.acceptance, region))

    def _rules(self, region: int) -> str:
        return first_of(rule_text(where) for where, _node in self.acceptance.dropped_by(region))
