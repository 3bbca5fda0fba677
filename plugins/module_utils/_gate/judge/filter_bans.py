# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bans that end by themselves: rules that drop who is in a set whose elements have time-outs, as CrowdSec fills them. A port that
is accepted in front of such a rule would be open to those whom it is to keep out."""

from __future__ import annotations

from typing import Iterator

from ..intent.services import Service
from ..packetfilter.diagram import EMPTY
from ..packetfilter.model import ACCEPT, DROP, GOTO, JUMP, REJECT, Ruleset, Table, Where
from ..packetfilter.openings import lines, rule_text
from ..packetfilter.sensor import FilterEvidence
from ..packetfilter.walk import Doubt
from .filter_drops import drop_remedy, list_of_sources
from .filter_remedies import manager
from .filter_sources import holds_a_whole_network
from .wording import first_of


class Bans:
    """Collects what is asked about, to be told at the end."""

    def __init__(self, evidence: FilterEvidence) -> None:
        self.space = evidence.space
        self.acceptance = evidence.acceptance
        self.ruleset = evidence.ruleset
        self.remedies: dict[Where, str] = {}
        self.banned = EMPTY

    def of(self, service: Service, clients: int, sometimes: int) -> int:
        """Those of the packets that get in now and then whom bans alone keep out at times. Bans of some clients are the ordinary
        work of what fills the list; where a whole network of the service may be banned, the door is not open for whom it
        should be.

        :param clients: the packets of the service's clients.
        """
        space = self.space
        if sometimes == EMPTY:
            return EMPTY
        remedies: dict[Where, str] = {}
        banned = EMPTY
        for doubt in self.acceptance.doubts:
            remedy = ban_remedy(doubt, self.ruleset)
            node = space.intersect(doubt.node, sometimes)
            if remedy and node != EMPTY:
                remedies[doubt.where] = remedy
                banned = space.union(banned, node)
        if holds_a_whole_network(space, service.sources, clients, banned):
            return EMPTY
        self.remedies.update(remedies)
        self.banned = space.union(self.banned, banned)
        return banned

    def told(self) -> Iterator[tuple[str, str, str, str]]:
        """What is expected, observed, why, and the mend; nothing where nobody is banned."""
        if self.banned == EMPTY:
            return
        yield (
            "open to all who are not banned",
            "bans that come and go: " + "; ".join(lines(self.acceptance, self.banned)),
            "entries with a time-out, of lists that keep clients out: " + first_of(map(rule_text, self.remedies)),
            "; ".join(dict.fromkeys(self.remedies.values())),
        )


def ban_remedy(doubt: Doubt, ruleset: Ruleset) -> str:
    """How to see whom a list keeps out, and to take back what is a mistake; empty where the doubt is no such list."""
    where = doubt.where
    if not doubt.run_time or not list_of_sources(doubt.text) or not _is_to_keep_out(where, ruleset):
        return ""
    who = manager(where)
    if who == "fail2ban":
        return "fail2ban-client banned shows whom it keeps out; fail2ban-client unban ADDRESS"
    return drop_remedy(where, who)


def _is_to_keep_out(where: Where, ruleset: Ruleset) -> bool:
    return any(
        _drops(table, verdict.kind, verdict.chain, frozenset())
        for table in ruleset.tables
        for chain in (table.chains.get(where.chain),)
        for rule in (chain.rules if chain else ())
        if rule.where == where
        for _boxes, verdict in rule.branches
    )


def _drops(table: Table, kind: str, name: str, above: frozenset[str]) -> bool:
    """Whether it drops packets, or leads into a chain that does, and accepts none."""
    if kind not in (JUMP, GOTO):
        return kind in (DROP, REJECT)
    if name in above or name not in table.chains:
        return False
    verdicts = [verdict for rule in table.chains[name].rules for _boxes, verdict in rule.branches]
    return all(verdict.kind != ACCEPT for verdict in verdicts) and any(
        _drops(table, verdict.kind, verdict.chain, above | {name}) for verdict in verdicts
    )
