# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts by services, to look at: one cell for what all views together say of a service on a host."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence, Tuple

from ..dataclass import dataclass
from .order import natural, severity, worst

#: What a cell says beside the outcomes.
NOT_REQUIRED, NOT_LOOKED_AT, OPTIONAL = "not-required", "not-looked-at", "optional"
_Column = Tuple[int, str]


@dataclass(frozen=True)
class Cell:
    """``state``: an outcome, or one of the words above. ``count``: findings that do not pass."""

    state: str
    count: int = 0


@dataclass(frozen=True)
class Row:
    """``other``: what is about no service of the list: surplus openings, the host as a whole."""

    host: Mapping[str, Any]
    verdict: Cell
    cells: Sequence[Cell]
    other: Cell


@dataclass(frozen=True)
class Matrix:
    """``columns``: (port, service), by port."""

    columns: Sequence[_Column]
    rows: Sequence[Row]


def matrix_of(whole: Mapping[str, Any]) -> Matrix:
    """The hosts with the worst first."""
    required = {_column(need) for host in whole["hosts"] for need in host["requirements"]}
    found = {
        _column(each) for host in whole["hosts"] for each in host["findings"] + host["passed"] if each.get("service")
    }
    columns = sorted(required | {column for column in found if column[0]})
    hosts = sorted(whole["hosts"], key=lambda host: (severity(host["outcome"]), natural(host["host"])))
    return Matrix(columns, [_row(host, columns) for host in hosts])


def _column(place: Mapping[str, Any]) -> _Column:
    return (place.get("port", 0), place.get("service", ""))


def _row(host: Mapping[str, Any], columns: Sequence[_Column]) -> Row:
    needs = {_column(need): need for need in host["requirements"]}
    outcomes: Dict[_Column, List[str]] = {}
    for each in host["findings"] + host["passed"]:
        column = _column(each)
        outcomes.setdefault(column if column in columns else (0, ""), []).append(each.get("outcome", "pass"))
    cells = [_cell(outcomes.get(column, []), needs.get(column), host) for column in columns]
    return Row(host, Cell(host["outcome"]), cells, _cell(outcomes.get((0, ""), []), None, host))


def _cell(outcomes: Sequence[str], need: Any, host: Mapping[str, Any]) -> Cell:
    if outcomes:
        return Cell(worst(outcomes), sum(1 for outcome in outcomes if outcome != "pass"))
    if need is None:
        return Cell(NOT_REQUIRED if not host.get("problems") or host["requirements"] else NOT_LOOKED_AT)
    return Cell(OPTIONAL if need.get("optional") else NOT_LOOKED_AT)
