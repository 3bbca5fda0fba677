# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The picture of the packet filter, measured out: lanes from the sources on the left through the wall to the ports on the right.

Units are those of the drawing, of which a character of its text takes about :data:`_CHARACTER`.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

from .picture import ALLOWED, CLOSED, OPEN, PARTLY, SURPLUS, UNSURE, Door, Lane, doors_of

WIDTH = 900
_CHARACTER = 7.2
_LANE, _GAP, _TOP = 36, 10, 34
_SOURCES, _WALL, _BEHIND, _PORTS = (8, 300), (462, 18), (486, 150), (644, 248)
WORDS = {
    OPEN: "open, as required",
    ALLOWED: "open, as it may be",
    PARTLY: "open in part only",
    CLOSED: "closed, but required",
    UNSURE: "not decided",
    SURPLUS: "open, not required",
}


def drawing_of(host: Mapping[str, Any]) -> Optional[Dict[str, Any]]:
    """What the template draws: ``width``, ``height``, the columns' places, and ``doors`` with their lanes; None where the packet
    filter was not looked at."""
    doors = doors_of(host)
    if doors is None:
        return None
    drawn: List[Dict[str, Any]] = []
    y = _TOP
    for door in doors:
        drawn.append(_door(door, y))
        y += _LANE * len(door.lanes) + _GAP
    states = [lane["state"] for door in drawn for lane in door["lanes"]]
    return {
        "width": WIDTH,
        "height": y,
        "sources": _SOURCES[0],
        "line": (_SOURCES[0] + _SOURCES[1] + 10, _WALL[0], _PORTS[0] - 6),
        "wall": {"x": _WALL[0], "width": _WALL[1], "y": _TOP - 6, "height": max(y - _TOP, _LANE)},
        "behind": _BEHIND[0],
        "ports": {"x": _PORTS[0], "width": _PORTS[1]},
        "doors": drawn,
        "words": {state: word for state, word in WORDS.items() if state in states},
    }


def _door(door: Door, y: int) -> Dict[str, Any]:
    return {
        "label": door.label,
        "short": _short(door.label, _PORTS[1] - 20),
        "y": y,
        "height": _LANE * len(door.lanes),
        "lanes": [_lane(lane, y + number * _LANE) for number, lane in enumerate(door.lanes)],
    }


def _lane(lane: Lane, y: int) -> Dict[str, Any]:
    return {
        "sources": lane.sources,
        "short": _short(lane.sources, _SOURCES[1]),
        "state": lane.state,
        "word": WORDS[lane.state],
        "remark": lane.remark,
        "short_remark": _short(lane.remark, _BEHIND[1]),
        "y": y + _LANE // 2,
    }


def _short(text: str, width: float) -> str:
    """As much of it as fits; the whole stands in the table beside the picture."""
    most = int(width / _CHARACTER)
    return text if len(text) <= most else text[: most - 1] + "…"
