# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One packet on its way: what conditions see of it, and how the rules change it.

A value that is not known is a `Choice`: a range of values. Where a condition tells some of them from others, the packet
is split into packets that it need not tell apart (`split_for`), so that a condition holds for a packet or does not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import FrozenSet, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

from ..model import (
    CT_DNAT,
    CT_MARK,
    CT_STATE,
    CT_ZONE,
    DIMENSIONS,
    INVALID,
    NEW,
    ORIGINAL_DADDR,
    ORIGINAL_DPORT,
    TOP,
    Box,
    Change,
    Match,
    Rule,
    Verdict,
)

_OF_CONNECTIONS = frozenset((CT_DNAT, CT_ZONE, CT_MARK, ORIGINAL_DADDR, ORIGINAL_DPORT))

#: Kinds of doubt: the host's state decides, or something that is not known or understood.
RUN_TIME = "run-time"
OTHER = "other"
Kinds = FrozenSet[str]
CERTAIN: Kinds = frozenset()


@dataclass(frozen=True)
class Choice:
    """One of the values from ``first`` to ``last``; ``kind`` says what decides which."""

    first: int
    last: int
    kind: str


Value = Union[int, Choice]


@dataclass(frozen=True)
class Packet:
    """``values``: one for each dimension of the model. ``translated``: a rule set up destination NAT, changed or not.
    ``tainted``: something that is not followed may have happened to it. ``template``: a rule gave it
    a zone before conntrack saw it: rules then see it as new, but there is no connection that they could look at."""

    values: Tuple[Value, ...]
    translated: bool = False
    tainted: bool = False
    template: bool = False

    def with_values(self, new: Mapping[int, Value]) -> Packet:
        return replace(self, values=tuple(new.get(dim, old) for dim, old in enumerate(self.values)))

    def known(self, dimension: int) -> int:
        """The value of a dimension that a client sets, which is always known.

        :raises ValueError: it is not known.
        """
        value = self.values[dimension]
        if isinstance(value, Choice):
            raise ValueError("dimension {0} is a choice".format(dimension))
        return value


def packet_of(values: Mapping[int, int]) -> Packet:
    """The packet with these values; an absent one counts as 0."""
    return Packet(tuple(values.get(dimension, 0) for dimension in range(DIMENSIONS)))


def bounds(value: Value) -> Tuple[int, int]:
    return (value.first, value.last) if isinstance(value, Choice) else (value, value)


def choice(first: int, last: int, kind: str) -> Value:
    return first if first == last else Choice(first, last, kind)


def pieces(value: Choice, starts: Iterable[int]) -> List[Value]:
    """The choice cut in front of each of ``starts`` that lies inside of it."""
    cuts = sorted({start for start in starts if value.first < start <= value.last})
    return [
        choice(first, following - 1, value.kind)
        for first, following in zip([value.first] + cuts, cuts + [value.last + 1])
    ]


def split_for(rule: Rule, packet: Packet) -> Optional[Tuple[Kinds, List[Packet]]]:
    """The packets among which the rule's conditions can tell, where some values are choices; None for the packet as it is."""
    open_dimensions = [dim for dim, value in enumerate(packet.values) if isinstance(value, Choice)]
    for dimension in open_dimensions:
        value = packet.values[dimension]
        if not isinstance(value, Choice):
            continue
        starts = [
            start for box in _boxes(rule) for first, last in box.get(dimension, ()) for start in (first, last + 1)
        ]
        parts = pieces(value, starts)
        if len(parts) > 1:
            return frozenset([value.kind]), [packet.with_values({dimension: part}) for part in parts]
    return None


def _boxes(rule: Rule) -> Iterable[Box]:
    for match in rule.matches:
        yield match.within
        yield from match.boxes
    for boxes, _verdict in rule.branches:
        yield from boxes


def held(matches: Sequence[Match], packet: Packet) -> Optional[Kinds]:
    """The doubts that decide whether all matches hold (none: they hold); None where they do not."""
    kinds = []
    for match in matches:
        if packet.template and any(not _OF_CONNECTIONS.isdisjoint(box) for box in (match.within, *match.boxes)):
            return None
        if not _inside(match.within, packet):
            return None
        if any(_inside(box, packet) for box in match.boxes) == match.negated:
            return None
        if match.doubt:
            kinds.append(RUN_TIME if match.run_time else OTHER)
    return frozenset(kinds)


def first_branch(rule: Rule, packet: Packet) -> Optional[Verdict]:
    for boxes, verdict in rule.branches:
        if any(_inside(box, packet) for box in boxes):
            return verdict
    return None


def _inside(box: Box, packet: Packet) -> bool:
    for dimension, ranges in box.items():
        value = packet.values[dimension]
        low = value.first if isinstance(value, Choice) else value
        if not any(first <= low <= last for first, last in ranges):
            return False
    return True


def changed(packet: Packet, changes: Iterable[Change]) -> Packet:
    """The packet after a statement such as ``meta mark set`` or ``notrack``."""
    for change in changes:
        packet = _changed(packet, change)
    return packet


def _changed(packet: Packet, change: Change) -> Packet:
    dimension, state = change.dimension, packet.values[CT_STATE]
    if dimension in (CT_STATE, CT_ZONE) and state != INVALID:
        return packet  # notrack and zones act on packets that conntrack has not seen, and the first of them alone
    if dimension == CT_ZONE:
        packet = replace(packet.with_values({CT_STATE: NEW}), template=True)
    if CT_MARK in (dimension, change.source) and (state != NEW or packet.template):
        return packet  # there is no connection that could have a mark
    top = TOP[dimension]
    old = packet.values[dimension]
    source: Value = 0 if change.source is None else packet.values[change.source]
    if change.unclear:
        return packet.with_values({dimension: Choice(0, top, OTHER)})
    if isinstance(source, Choice) and change.source_mask:
        return packet.with_values({dimension: Choice(0, top, source.kind)})
    added = change.flip
    if not isinstance(source, Choice):
        added ^= source & change.source_mask
    if isinstance(old, Choice):
        if change.keep == 0:
            return packet.with_values({dimension: added})
        if change.keep == top and added == 0:
            return packet
        return packet.with_values({dimension: Choice(0, top, old.kind)})
    return packet.with_values({dimension: ((old & change.keep) ^ added) & top})
