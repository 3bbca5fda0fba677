# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Seconds by the number of rules, both logarithmic, as SVG: ours, nft's own, and n log n for the eye."""

from __future__ import annotations

import math
from typing import Callable, List, Sequence, Tuple

LEFT, TOP, WIDTH, HEIGHT = 70, 30, 520, 280
HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 370" font-family="sans-serif" font-size="12" role="img"
     aria-label="seconds of CPU by the number of rules, mailops.gate and nft -j list ruleset">
  <style>
    text { fill: #44546a }
    .grid { stroke: #d5dae0 }
    .ours { stroke: #1f5fa8; stroke-width: 2.5; fill: none }
    .nft { stroke: #c0582b; stroke-width: 2.5; fill: none }
    .law { stroke: #8a94a0; stroke-dasharray: 5 5; fill: none }
  </style>
  <rect width="760" height="370" fill="#ffffff"/>"""


def plot(points: Sequence[Tuple[int, float, float]]) -> str:
    """:param points: number of rules, our seconds, nft's seconds; by growing number."""
    first, last = points[0][0], points[-1][0]
    law = points[0][1] / (first * math.log(first))
    expected = [law * count * math.log(count) for count, _ours, _nft in points]
    seconds = [value for _n, ours, nft in points for value in (ours, nft) if value > 0] + expected
    low, high = math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds)))

    def across(count: float) -> float:
        return LEFT + WIDTH * math.log(count / first) / math.log(last / first)

    def down(value: float) -> float:
        return TOP + HEIGHT * (high - math.log10(value)) / (high - low)

    lines = [HEAD]
    for power in range(low, high + 1):
        at = down(10.0**power)
        lines.append('  <path class="grid" d="M{0} {1:.1f} H{2}"/>'.format(LEFT, at, LEFT + WIDTH))
        lines.append(
            '  <text x="{0}" y="{1:.1f}" text-anchor="end">{2:g} s</text>'.format(LEFT - 8, at + 4, 10.0**power)
        )
    for count, _ours, _nft in points:
        text = '  <text x="{0:.1f}" y="{1}" text-anchor="middle">{2:,} rules</text>'
        lines.append(text.format(across(count), TOP + HEIGHT + 22, count))
    ours = [(count, value) for count, value, _nft in points]
    nft = [(count, value) for count, _ours, value in points if value > 0]
    law_points = [(count, value) for (count, _ours, _nft), value in zip(points, expected)]
    curves = [("law", "n log n", law_points), ("nft", "nft -j list ruleset", nft), ("ours", "mailops.gate", ours)]
    curves = [curve for curve in curves if curve[2]]
    for kind, _label, some in curves:
        lines.append('  <path class="{0}" d="{1}"/>'.format(kind, _path(some, across, down)))
    labels = sorted((down(some[-1][1]), label) for _kind, label, some in curves)
    at = 0.0
    for wanted, label in labels:
        at = max(wanted + 4, at + 15)
        lines.append('  <text x="{0}" y="{1:.1f}">{2}</text>'.format(LEFT + WIDTH + 8, at, label))
    return "\n".join([*lines, "</svg>", ""])


def _path(points: List[Tuple[int, float]], across: Callable[[float], float], down: Callable[[float], float]) -> str:
    return "M" + " L".join("{0:.1f} {1:.1f}".format(across(count), down(value)) for count, value in points)
