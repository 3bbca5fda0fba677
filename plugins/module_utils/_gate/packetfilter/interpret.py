# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plain interpreter of the rules for one packet: slow, obvious, and independent of the decision diagram.

It explains an answer (which rule decided), and the tests compare the diagram with it. Where a rule *may* hold, it follows
both ways, so that the result is the set of all outcomes that are possible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import FrozenSet, List, Mapping, Optional, Set, Tuple

from .model import (
    ACCEPT,
    CONTINUE,
    DROP,
    FAMILY,
    GOTO,
    IIF,
    JUMP,
    REJECT,
    RETURN,
    UNFOLLOWED,
    Base,
    Box,
    Chain,
    Match,
    Rule,
    Ruleset,
    Table,
    Verdict,
    Where,
    interface_range,
)

#: Hooks that a packet to the host itself passes, in order.
HOOKS = ("ingress", "prerouting", "input")

_YES, _MAYBE, _NO = "yes", "maybe", "no"
_TABLE_FAMILIES = {"ip": (4,), "ip6": (6,), "inet": (4, 6), "netdev": (4, 6)}
#: How a chain can end besides accept and drop: its end or a return was reached.
_FALLS = "falls"


@dataclass(frozen=True)
class Step:
    """A rule (or policy) that held or may hold. ``certain``: it was surely reached and surely holds; ``verdict``: of
    `model.Verdict`'s kinds."""

    where: Where
    text: str
    verdict: str
    certain: bool


@dataclass(frozen=True)
class Walk:
    """``outcomes``: ``accept`` and ``drop`` (which includes reject), those that are possible."""

    outcomes: FrozenSet[str]
    steps: Tuple[Step, ...]


def walk(ruleset: Ruleset, packet: Mapping[int, int]) -> Walk:
    """What can become of the first packet of a connection.

    :param packet: a value for each dimension of the model that the rules look at (an absent one counts as 0).
    """
    run = _Run(packet)
    outcomes: Set[str] = set()
    for table, chain, base in _passed(ruleset, packet):
        ends = run.base_chain(table, chain, base)
        if DROP in ends:
            outcomes.add(DROP)
        if ACCEPT not in ends:
            break
    else:
        outcomes.add(ACCEPT)
    if run.unfollowed:
        outcomes = {ACCEPT, DROP}
    return Walk(frozenset(outcomes), tuple(run.steps))


def decided_by(walked: Walk) -> Optional[Where]:
    """The rule or policy that dropped the packet (or may have), else the last one that accepted it; None without rules."""
    if DROP in walked.outcomes:
        for wanted in ((DROP, REJECT), (UNFOLLOWED,)):
            drops = [step for step in walked.steps if step.verdict in wanted]
            if drops:
                return next((step.where for step in drops if step.certain), drops[0].where)
    accepts = [step.where for step in walked.steps if step.verdict == ACCEPT]
    return accepts[-1] if accepts else None


def _passed(ruleset: Ruleset, packet: Mapping[int, int]) -> List[Tuple[Table, Chain, Base]]:
    """The base chains that the packet passes, in the kernel's order."""
    found: List[Tuple[int, int, Table, Chain, Base]] = []
    for table in ruleset.tables:
        if packet.get(FAMILY, 0) not in _TABLE_FAMILIES.get(table.family, ()):
            continue
        for chain in table.chains.values():
            base = chain.base
            if base is None or base.hook not in HOOKS:
                continue
            if base.hook == "ingress" and not _on_device(base, packet.get(IIF, 0)):
                continue
            found.append((HOOKS.index(base.hook), base.priority, table, chain, base))
    found.sort(key=lambda item: item[:2])
    return [item[2:] for item in found]


def _on_device(base: Base, interface: int) -> bool:
    ranges = (interface_range(device, "*") for device in base.devices)
    return any(first <= interface <= last for first, last in ranges)


class _Run:
    """One packet on its way. ``unfollowed``: something that the model does not follow may have happened to it."""

    def __init__(self, packet: Mapping[int, int]) -> None:
        self.packet = packet
        self.steps: List[Step] = []
        self.unfollowed = False

    def base_chain(self, table: Table, chain: Chain, base: Base) -> Set[str]:
        """Which of accept and drop this base chain can come to."""
        ends = self.chain(table, chain, True)
        if _FALLS in ends:
            ends = (ends - {_FALLS}) | {base.policy}
            where = Where(
                table.source, table.family, table.name, chain.name, "policy", "policy {0}".format(base.policy)
            )
            self._note(where, base.policy, len(ends) == 1)
        return ends

    def chain(self, table: Table, chain: Chain, certain: bool) -> Set[str]:
        """How the chain can end: accept, drop, or fall through to whoever called it."""
        ends: Set[str] = set()
        for rule in chain.rules:
            held = self._held(rule)
            verdict = _first_branch(rule, self.packet) if held != _NO else None
            if verdict is None or verdict.kind == CONTINUE:
                continue
            surely = certain and held == _YES
            self._note(rule.where, verdict.kind, surely, verdict)
            found = self._verdict(table, verdict, surely)
            goes_on = held == _MAYBE or verdict.kind == UNFOLLOWED
            if verdict.kind == JUMP and _FALLS in found:
                found.discard(_FALLS)
                goes_on = True
            ends |= found
            if not goes_on:
                return ends
            # What follows is reached for sure only if this rule surely came to nothing.
            certain = certain and not (ends or held == _MAYBE)
        return ends | {_FALLS}

    def _verdict(self, table: Table, verdict: Verdict, certain: bool) -> Set[str]:
        if verdict.kind == ACCEPT:
            return {ACCEPT}
        if verdict.kind in (DROP, REJECT):
            return {DROP}
        if verdict.kind in (JUMP, GOTO):
            return self.chain(table, table.chains[verdict.chain], certain)
        if verdict.kind == RETURN:
            return {_FALLS}
        self.unfollowed = True
        return set()

    def _held(self, rule: Rule) -> str:
        result = _YES
        for match in rule.matches:
            if not _holds(match, self.packet):
                return _NO
            if match.doubt:
                result = _MAYBE
        return result

    def _note(self, where: Where, kind: str, certain: bool, verdict: Optional[Verdict] = None) -> None:
        said = kind if verdict is None else " ".join(part for part in (kind, verdict.chain, verdict.text) if part)
        text = "{0} {1} {2}, {3}{4}: {5} -> {6}".format(
            where.family, where.table, where.chain, where.position, "" if certain else ", may hold", where.text, said
        )
        self.steps.append(Step(where, text, kind, certain))


def _first_branch(rule: Rule, packet: Mapping[int, int]) -> Optional[Verdict]:
    for boxes, verdict in rule.branches:
        if any(_inside(box, packet) for box in boxes):
            return verdict
    return None


def _holds(match: Match, packet: Mapping[int, int]) -> bool:
    """Whether the match holds, or for one in doubt, whether it may."""
    if not _inside(match.within, packet):
        return False
    return any(_inside(box, packet) for box in match.boxes) != match.negated


def _inside(box: Box, packet: Mapping[int, int]) -> bool:
    for dimension, ranges in box.items():
        value = packet.get(dimension, 0)
        if not any(first <= value <= last for first, last in ranges):
            return False
    return True
