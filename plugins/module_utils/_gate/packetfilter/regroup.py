# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Boxes as people look for them: by port first, then from where."""

from __future__ import annotations

from bisect import bisect_left
from typing import Dict, FrozenSet, List, Sequence, Tuple

from .intervals import normal
from .model import DPORT, IIF, TOP, Box, Intervals

_Rest = FrozenSet[Tuple[int, Intervals]]


def port_first(boxes: Sequence[Box]) -> List[Box]:
    """The same packets, with the interfaces that share a port in one box.

    The diagram asks for the interface before the port; where interfaces differ in one port, all their other ports would
    be told twice. The boxes must be disjoint and alike in family and protocol; so are those returned.
    """
    every_port: Intervals = ((0, TOP[DPORT]),)
    if len({box.get(IIF) for box in boxes}) < 2:
        return list(boxes)
    cuts = sorted({cut for box in boxes for low, high in box.get(DPORT, every_port) for cut in (low, high + 1)})
    inputs: List[Dict[_Rest, List[Tuple[int, int]]]] = [{} for _cut in cuts]
    for box in boxes:
        rest = frozenset(item for item in box.items() if item[0] not in (DPORT, IIF))
        for low, high in box.get(DPORT, every_port):
            for index in range(bisect_left(cuts, low), bisect_left(cuts, high + 1)):
                inputs[index].setdefault(rest, []).extend(box.get(IIF, ((0, TOP[IIF]),)))
    ports: Dict[Tuple[_Rest, Intervals], List[Tuple[int, int]]] = {}
    for index, by_rest in enumerate(inputs):
        for rest, spans in by_rest.items():
            ports.setdefault((rest, normal(spans)), []).append((cuts[index], cuts[index + 1] - 1))
    return [_box(rest, inputs_of, normal(spans)) for (rest, inputs_of), spans in ports.items()]


def _box(rest: _Rest, inputs: Intervals, ports: Intervals) -> Box:
    box = dict(rest)
    if ports != ((0, TOP[DPORT]),):
        box[DPORT] = ports
    if inputs != ((0, TOP[IIF]),):
        box[IIF] = inputs
    return box
