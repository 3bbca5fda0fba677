# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which ports are open over one family of addresses and not over the other, whoever may connect."""

from __future__ import annotations

from typing import Dict

from .evaluate import Acceptance
from .model import DIMENSIONS, DPORT, FAMILY, PORT_PROTOCOLS, PROTOCOL

_PORTED = tuple((number, number) for number in sorted(PORT_PROTOCOLS.values()))
_ALL_BUT_PORTS = tuple(dim for dim in range(DIMENSIONS) if dim not in (PROTOCOL, DPORT))


def open_in_one_family(acceptance: Acceptance) -> Dict[int, int]:
    """For each of 4 and 6 the protocols and ports, as a region of those dimensions alone, of which something may get in
    over this family and nothing over the other. Empty regions where the question is about one family only."""
    space = acceptance.space
    doors: Dict[int, int] = {}
    for family in (4, 6):
        box = space.box({FAMILY: ((family, family),), PROTOCOL: _PORTED})
        if not space.meet(acceptance.question, box):
            return {4: space.empty, 6: space.empty}
        doors[family] = space.any_of(space.intersect(acceptance.may, box), _ALL_BUT_PORTS)
    return {4: space.minus(doors[4], doors[6]), 6: space.minus(doors[6], doors[4])}
