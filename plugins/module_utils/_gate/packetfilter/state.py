# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a packet carries with it through the rules, besides its header: marks, conntrack's view of it, NAT.

A `State` has a value for each of the slots below. Rules change it; an `Update` is what a part of the rules has changed,
with `KEPT` in the other slots, so that the same rules need to be evaluated only once for all states in which they do the
same.
"""

from __future__ import annotations

from typing import Dict, FrozenSet, Iterable, List, Optional, Set, Tuple

from .intervals import contains
from .model import (
    ANSWER,
    CT_DNAT,
    CT_MARK,
    CT_STATE,
    CT_ZONE,
    ESTABLISHED,
    INVALID,
    MARK,
    NEW,
    SYN,
    TCP_FLAGS,
    Box,
    Change,
    Verdict,
)

#: Slots of a state, by dimension. The last slot is the destination NAT that was set up, an index of `Nats`.
SLOTS: Dict[int, int] = {CT_STATE: 0, CT_DNAT: 1, CT_ZONE: 2, MARK: 3, CT_MARK: 4, TCP_FLAGS: 5, ANSWER: 6}
NAT_SLOT = 7
WIDTH = 8
STATE_DIMENSIONS: FrozenSet[int] = frozenset(SLOTS)

State = Tuple[int, ...]
Update = Tuple[int, ...]

KEPT = -1  # in an update: the slot is as it was
UNCLEAR = -2  # in a state: the value is not known
NO_NAT = 0
#: CT_STATE of a packet that a rule gave a zone before conntrack saw it: rules see NEW, but there is no connection yet
#: (nft_ct_get_eval leaves templates out, but not for the state).
TEMPLATE = 5

SAME: Update = (KEPT,) * WIDTH
#: At the first hook. ``ct state`` is invalid there.
AT_FIRST: State = (INVALID, 0, 0, 0, 0, SYN, 0, NO_NAT)

#: What the packet carries in itself: there for a template too, and whatever conntrack says.
_OF_PACKET = frozenset((MARK, TCP_FLAGS, ANSWER))
#: States in which there is a connection that rules can look at.
_CONNECTED = (NEW, ESTABLISHED)
_CT_STATE = SLOTS[CT_STATE]


def updated(state: State, update: Update) -> State:
    """The state (or earlier update) after an update."""
    return tuple(old if new == KEPT else new for old, new in zip(state, update))


def tracked(state: State) -> bool:
    """Whether it is the first packet of a connection: what comes later meets no NAT rule."""
    return state[_CT_STATE] == NEW


def slots_of(boxes: Iterable[Box]) -> FrozenSet[int]:
    """The slots that the boxes ask for."""
    found: Set[int] = set()
    for box in boxes:
        if not STATE_DIMENSIONS.isdisjoint(box):
            asked = STATE_DIMENSIONS.intersection(box)
            found.update(SLOTS[dim] for dim in asked)
            if not asked <= _OF_PACKET:
                found.add(_CT_STATE)  # a template has nothing of this, see `holds`
    return frozenset(found)


def holds(box: Box, state: State) -> Optional[bool]:
    """Whether the state is as the box asks; None where that is not known."""
    result: Optional[bool] = True
    for dim in STATE_DIMENSIONS.intersection(box):
        value = state[SLOTS[dim]]
        if value == UNCLEAR:
            result = None
        elif state[_CT_STATE] == TEMPLATE:
            if (dim != CT_STATE and dim not in _OF_PACKET) or not contains(box[dim], NEW if dim == CT_STATE else value):
                return False
        elif not contains(box[dim], value):
            return False
    return result


def stripped(box: Box) -> Box:
    """The box without what it asks of the state."""
    return {dim: intervals for dim, intervals in box.items() if dim not in STATE_DIMENSIONS}


def changed(state: State, changes: Iterable[Change]) -> Update:
    """What the changes make of the state, one after the other.

    Conntrack has to have seen the packet for its mark to be written or read, and not to have seen it for ``notrack`` and
    for a zone (nft_ct_set_eval, nft_notrack_eval, nft_ct_set_zone_eval).
    """
    now = list(state)
    written: Set[int] = set()
    for change in changes:
        if CT_MARK in (change.dimension, change.source) and now[_CT_STATE] not in _CONNECTED:
            continue
        if change.dimension in (CT_STATE, CT_ZONE) and now[_CT_STATE] not in (INVALID, TEMPLATE):
            continue
        if change.dimension == CT_STATE and now[_CT_STATE] != INVALID:
            continue
        slot = SLOTS[change.dimension]
        now[slot] = _new_value(now, change)
        written.add(slot)
        if change.dimension == CT_ZONE:
            now[_CT_STATE] = TEMPLATE
            written.add(_CT_STATE)
    return tuple(value if slot in written else KEPT for slot, value in enumerate(now))


def _new_value(now: List[int], change: Change) -> int:
    old = now[SLOTS[change.dimension]]
    source = 0 if change.source is None else now[SLOTS[change.source]]
    if change.unclear or (change.keep and old == UNCLEAR) or (change.source_mask and source == UNCLEAR):
        return UNCLEAR
    kept = old & change.keep if change.keep else 0
    return kept ^ change.flip ^ (source & change.source_mask if change.source_mask else 0)


def reads_of(verdict: Verdict) -> FrozenSet[int]:
    """The slots on which the effect of a verdict hangs."""
    found: Set[int] = set()
    for change in verdict.changes:
        if change.dimension != MARK or change.source is not None:
            found.add(_CT_STATE)
        if change.keep and not change.unclear:
            found.add(SLOTS[change.dimension])
        if change.source is not None:
            found.add(SLOTS[change.source])
    return frozenset(found)


def writes_of(verdict: Verdict) -> FrozenSet[int]:
    found = {SLOTS[change.dimension] for change in verdict.changes}
    if SLOTS[CT_ZONE] in found:
        found.add(_CT_STATE)
    if verdict.nat is not None:
        found.add(NAT_SLOT)
    return frozenset(found)
