# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plain text that fits the terminal: headings, and the role's message wrapped without losing its columns."""

from __future__ import annotations

import re
import shutil
import textwrap

#: A line of the role's message: indentation, and a label before two or more spaces where there is one.
LABELLED = re.compile(r"\s*(?:\S+\s{2,})?")


def width() -> int:
    return max(60, min(shutil.get_terminal_size().columns, 100))


def heading(left: str, right: str = "") -> str:
    room = width() - len(left) - len(right) - 2
    return f"{left} {'-' * room} {right}".rstrip()


def wrapped(text: str) -> str:
    """``text`` with an empty line between its blocks, which begin at the left edge, and with each line that is too long
    continued below its own first word, behind the label."""
    lines = []
    for line in text.splitlines():
        if lines and line[:1].strip():
            lines.append("")
        lines.append(_wrap(line))
    return "\n".join(lines)


def verdict(of: dict) -> str:
    """The role's message; and when all passed, which is one line there, also which checks those were."""
    if of["outcome"] != "pass":
        return wrapped(of["msg"])
    return wrapped("\n".join([of["msg"], *_passed(of["passed"])]))


def _passed(checks: list[dict]) -> list[str]:
    """Services that passed the same checks share a line for their names and one for the checks."""
    by_place: dict[str, list[str]] = {}
    for check in checks:
        place = f"{check['port']}/{check['service']}" if check.get("port") else "other ports"
        names = by_place.setdefault(place, [])
        if check["check"] not in names:
            names.append(check["check"])
    by_checks: dict[tuple[str, ...], list[str]] = {}
    for place, names in by_place.items():
        by_checks.setdefault(tuple(names), []).append(place)
    lines = []
    for names, places in by_checks.items():
        lines.append("PASS    " + ", ".join(places))
        lines.append("        held      " + ", ".join(names))
    return lines


def _wrap(line: str) -> str:
    label = LABELLED.match(line)
    indent = label.end() if label and label.group().strip() else len(line) - len(line.lstrip()) + 2
    return textwrap.fill(
        line,
        width(),
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )
