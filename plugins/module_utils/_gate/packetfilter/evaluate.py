# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which packets the rules accept: surely, possibly, and by which rule.

The base chains of all tables run hook by hook, in order of priority; a packet gets in only if all of them accept it.
Where no base chain looks at a packet, it gets in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple

from .chains import ACCEPTED, DROPPED, GOES_ON, RETURNED, TAINTED, Compiler, Fates
from .diagram import EMPTY, Space
from .intervals import normal
from .model import (
    ACCEPT,
    FAMILY,
    IIF,
    Base,
    Box,
    Chain,
    Ruleset,
    Table,
    Where,
    interface_range,
)
from .nodes import LEAVES
from .regions import Regions
from .walk import Doubt, Walk

INPUT_HOOKS = ("ingress", "prerouting", "input")
_FAMILIES = {"ip": ((4, 4),), "ip6": ((6, 6),)}
_ELSEWHERE = ("bridge", "arp")


@dataclass(frozen=True)
class _Stage:
    """A base chain at work. ``looks_at``: the packets that pass through it; ``fate``: what becomes of every packet,
    the policy included; ``undecided``: the packets that may be left to the policy."""

    compiler: Compiler
    chain: Chain
    base: Base
    looks_at: int
    fate: int
    undecided: int


class Acceptance:
    """The answer. Nodes belong to the space of the question.

    ``question``: what was asked about. ``may``: what of it may get in. ``must``: what certainly gets in.
    ``interfaces``: the ranges of input interfaces that the rules name. ``notes``: what the user should know, besides
    the notes of the ruleset.
    """

    def __init__(self, space: Space, question: int, fate: int, stages: Sequence[_Stage], fates: Fates) -> None:
        self.space = space
        self.question = question
        possible, dropped, tainted = (fates.where[bit](fate) for bit in (ACCEPTED, DROPPED, TAINTED))
        self.may = space.intersect(question, space.union(possible, tainted))
        self.must = space.intersect(question, space.minus(space.minus(possible, dropped), tainted))
        self.interfaces: Tuple[Tuple[int, int], ...] = ()
        self.notes: Tuple[str, ...] = ()
        self._stages = stages
        self._fates = fates
        self._accepts: Optional[List[Tuple[Where, int]]] = None
        self._doubts: Optional[List[Doubt]] = None

    @property
    def accepts(self) -> List[Tuple[Where, int]]:
        """For each base chain, which rule or policy accepted which packets of ``may`` (see `accepted_by`)."""
        if self._accepts is None:
            self._accepts = self.accepted_by(self.may)
        return self._accepts

    @property
    def doubts(self) -> List[Doubt]:
        """What makes the difference between ``may`` and ``must``."""
        if self._doubts is None:
            nodes: Dict[Tuple[str, Where], int] = {}
            for stage, region in self._entries(self.space.minus(self.may, self.must)):
                for doubt in Walk(stage.compiler, None).doubts(stage.chain.name, region):
                    key = (doubt.text, doubt.where)
                    nodes[key] = self.space.union(nodes.get(key, EMPTY), doubt.node)
            self._doubts = [Doubt(text, where, node) for (text, where), node in nodes.items()]
        return self._doubts

    def accepted_by(self, region: int) -> List[Tuple[Where, int]]:
        """Which rule or policy accepts which packets of the region, in each base chain.

        Rules of an unbroken run of accepting rules are all named, even where an earlier one of the run already
        accepts: to close the door, all of them have to go.
        """
        return self._deciders(region, ACCEPTED)

    def dropped_by(self, region: int) -> List[Tuple[Where, int]]:
        """The same for drop and reject, in the order in which packets meet them. What a base chain certainly drops
        does not come to the next."""
        return self._deciders(region, DROPPED)

    def _deciders(self, region: int, bit: int) -> List[Tuple[Where, int]]:
        result: List[Tuple[Where, int]] = []
        for stage, entering in self._entries(region):
            result.extend(Walk(stage.compiler, bit).verdicts(stage.chain.name, entering))
            node = self.space.intersect(entering, stage.undecided)
            if node != EMPTY and (ACCEPTED if stage.base.policy == ACCEPT else DROPPED) == bit:
                table, policy = stage.compiler.table, "policy {0}".format(stage.base.policy)
                result.append((Where(table.source, table.family, table.name, stage.chain.name, "policy", policy), node))
        return result

    def _entries(self, region: int) -> Iterator[Tuple[_Stage, int]]:
        """The base chains that packets of the region come to, each with those."""
        where = self._fates.where
        for stage in self._stages:
            entering = self.space.intersect(region, stage.looks_at)
            if entering != EMPTY:
                yield stage, entering
                goes_on = self.space.union(where[ACCEPTED](stage.fate), where[TAINTED](stage.fate))
                region = self.space.minus(region, self.space.minus(entering, goes_on))


def accepted(space: Space, ruleset: Ruleset, question: int, hooks: Sequence[str] = INPUT_HOOKS) -> Acceptance:
    """Follow all packets of ``question`` (a node of ``space``) through the hooks.

    :raises EvidenceError: the rules cannot be loaded as they stand: a chain is missing, jumps form a circle.
    """
    fates, regions = Fates(space), Regions(space)
    combine_stages = space.nodes.binary(_both, range(LEAVES), range(LEAVES))
    everything_gets_in = ACCEPTED
    fate = everything_gets_in
    stages = list(_stages(space, fates, regions, ruleset, hooks))
    for stage in stages:
        fate = combine_stages(fate, fates.otherwise(fates.within(stage.looks_at, stage.fate), everything_gets_in))
    answer = Acceptance(space, question, fate, stages, fates)
    answer.interfaces = _interface_ranges(ruleset)
    answer.notes = tuple(_notes(ruleset, hooks))
    return answer


def _both(first: int, second: int) -> int:
    """The fate of a packet that meets the second base chain if the first accepts it. A taint stays."""
    return (first & (DROPPED | TAINTED)) | second if first & ACCEPTED else first


def _stages(space: Space, fates: Fates, regions: Regions, ruleset: Ruleset, hooks: Sequence[str]) -> Iterator[_Stage]:
    found: List[Tuple[int, int, Table, Chain, Base]] = []
    for table in ruleset.tables:
        for chain in table.chains.values():
            base = chain.base
            if base is not None and base.hook in hooks and table.family not in _ELSEWHERE:
                found.append((hooks.index(base.hook), base.priority, table, chain, base))
    found.sort(key=lambda entry: entry[:2])
    compilers: Dict[int, Compiler] = {}
    for _hook, _priority, table, chain, base in found:
        looks_at = space.full
        if table.family in _FAMILIES:
            looks_at = space.box({FAMILY: _FAMILIES[table.family]})
        if base.hook == "ingress":
            devices = normal(interface_range(device, "*") for device in base.devices)
            looks_at = space.intersect(looks_at, space.box({IIF: devices}))
        if id(table) not in compilers:
            compilers[id(table)] = Compiler(space, fates, regions, table)
        compiler = compilers[id(table)]
        fate = compiler.blocks[chain.name].fate
        undecided = space.union(fates.where[GOES_ON](fate), fates.where[RETURNED](fate))
        yield _Stage(compiler, chain, base, looks_at, fates.policies[base.policy](fate), undecided)


def _interface_ranges(ruleset: Ruleset) -> Tuple[Tuple[int, int], ...]:
    """All input interfaces and wildcards that any rule names."""
    found: Set[Tuple[int, int]] = set()
    for table in ruleset.tables:
        for chain in table.chains.values():
            if chain.base is not None:
                found.update(interface_range(device, "*") for device in chain.base.devices)
            for rule in chain.rules:
                for match in rule.matches:
                    _collect(match.boxes, found)
                    _collect((match.within,), found)
                for boxes, _verdict in rule.branches:
                    _collect(boxes, found)
    return tuple(sorted(found))


def _collect(boxes: Iterable[Box], found: Set[Tuple[int, int]]) -> None:
    for box in boxes:
        if IIF in box:
            found.update(box[IIF])


def _notes(ruleset: Ruleset, hooks: Sequence[str]) -> Iterator[str]:
    for table in ruleset.tables:
        if table.family in _ELSEWHERE and any(chain.base for chain in table.chains.values()):
            yield "table {0} {1} does not act on routed packets and was left out".format(table.family, table.name)
        for chain in table.chains.values():
            base = chain.base
            if base is not None and base.hook == "ingress" and base.hook in hooks and not base.devices:
                yield "chain {0} of table {1} {2} has no devices and sees no packet".format(
                    chain.name, table.family, table.name
                )
