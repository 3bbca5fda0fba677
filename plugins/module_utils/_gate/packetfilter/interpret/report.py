# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a walk tells: its steps, how it ends, and where the packet arrives."""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from typing import Dict, FrozenSet, List, Optional, Tuple

from ..model import (
    ACCEPT,
    DADDR,
    DPORT,
    DROP,
    ELSEWHERE,
    FAMILY,
    IPV4_TOP,
    OIF,
    PORT_PROTOCOLS,
    PROTOCOL,
    REJECT,
    UNFOLLOWED,
    Base,
    Chain,
    Rule,
    Table,
    Verdict,
    Where,
    interface_name,
)
from .packet import Choice, Packet, Value, bounds

ALWAYS, SOMETIMES, UNKNOWN = "always", "sometimes", "unknown"
_KERNEL = Where("kernel", "", "", "", "routing")


@dataclass(frozen=True)
class Step:
    """A rule (or policy, or decision of the kernel's) that held or may hold. ``certain``: it was surely reached and surely
    holds; ``verdict``: of `model.Verdict`'s kinds."""

    where: Where
    text: str
    verdict: str
    certain: bool


@dataclass(frozen=True)
class Delivered:
    """Where an accepted packet arrives. ``path``: input or forward. ``address``, ``port``: from first to last, what it is
    then addressed to (a range where one of them is chosen, or it is not known). ``interface``: where it leaves the host;
    empty where that is not known, and on the way to the host itself."""

    path: str
    address: Tuple[int, int]
    port: Tuple[int, int]
    interface: str
    text: str


@dataclass(frozen=True)
class Walk:
    """``outcomes``: ``accept`` and ``drop`` (which includes reject), those that are possible. ``certainty``: ``always`` with
    one outcome; with two, ``sometimes`` where the host's state alone decides between them, else ``unknown``.
    ``deliveries``: where the packet arrives if it is accepted."""

    outcomes: FrozenSet[str]
    steps: Tuple[Step, ...]
    certainty: str = ALWAYS
    deliveries: Tuple[Delivered, ...] = ()


def decided_by(walked: Walk) -> Optional[Where]:
    """The rule or policy that dropped the packet (or may have), else the last one that accepted it; None without rules."""
    if DROP in walked.outcomes:
        for wanted in ((DROP, REJECT), (UNFOLLOWED, ELSEWHERE)):
            drops = [step for step in walked.steps if step.verdict in wanted]
            if drops:
                return next((step.where for step in drops if step.certain), drops[0].where)
    accepts = [step.where for step in walked.steps if step.verdict == ACCEPT and step.where != _KERNEL]
    return accepts[-1] if accepts else None


def delivered_to(path: str, packet: Packet) -> Delivered:
    address, port = packet.values[DADDR], packet.values[DPORT]
    interface = packet.values[OIF]
    name = interface_name(interface) if path == "forward" and not isinstance(interface, Choice) else ""
    text = _destination(packet, address, port)
    if path == "forward":
        text = "forwarded to {0} on {1}".format(text, name or "an interface that is not known")
    else:
        text = "delivered to the host itself, {0}".format(text)
    return Delivered(path, bounds(address), bounds(port), name, text)


def _destination(packet: Packet, address: Value, port: Value) -> str:
    family = packet.known(FAMILY)
    first, last = bounds(address)
    shown = (
        _address(family, first) if first == last else "{0}-{1}".format(_address(family, first), _address(family, last))
    )
    if packet.values[PROTOCOL] in PORT_PROTOCOLS.values():
        low, high = bounds(port)
        shown += " port {0}".format(low if low == high else "{0}-{1}".format(low, high))
    return shown


def _address(family: int, number: int) -> str:
    if family == 4:
        return socket.inet_ntop(socket.AF_INET, min(number, IPV4_TOP).to_bytes(4, "big"))
    return socket.inet_ntop(socket.AF_INET6, number.to_bytes(16, "big"))


class Recorder:
    """Keeps the steps of all ways, each once, in the order in which they were found."""

    def __init__(self) -> None:
        self._steps: Dict[Tuple[Where, str, str], Step] = {}

    @property
    def steps(self) -> List[Step]:
        return list(self._steps.values())

    def rule(self, rule: Rule, verdict: Verdict, certain: bool) -> None:
        said = " ".join(part for part in (verdict.kind, verdict.chain, verdict.text) if part)
        self._rule_step(rule.where, verdict.kind, said, certain)

    def policy(self, table: Table, chain: Chain, base: Base, certain: bool) -> None:
        text = "policy {0}".format(base.policy)
        where = Where(table.source, table.family, table.name, chain.name, "policy", text)
        self._rule_step(where, base.policy, base.policy, certain)

    def kernel(self, text: str, verdict: str, certain: bool) -> None:
        """A decision that no rule makes."""
        where = replace(_KERNEL, text=text) if verdict == DROP else _KERNEL
        self._keep(Step(where, text, verdict, certain))

    def _rule_step(self, where: Where, kind: str, said: str, certain: bool) -> None:
        text = "{0} {1} {2}, {3}{4}: {5} -> {6}".format(
            where.family, where.table, where.chain, where.position, "" if certain else ", may hold", where.text, said
        )
        self._keep(Step(where, text, kind, certain))

    def _keep(self, step: Step) -> None:
        key = (step.where, step.verdict, step.text.replace(", may hold", ""))
        known = self._steps.get(key)
        if known is None or (step.certain and not known.certain):
            self._steps[key] = step
