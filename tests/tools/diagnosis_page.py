# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/diagnosis.md, from the library's table of causes."""

from __future__ import annotations

import string

from _gate.judge.causes import CAUSES, VIEWS, Cause
from _gate.judge.surplus import SURPLUS

INTRODUCTION = """# Diagnosis

For each required service the views are joined: what DNS has for the host's name, what listens, what the packet filter does, and
what clients see, on the host itself and elsewhere. The first cause of this list whose conditions all hold is the one that is
named. Where the two families of addresses have different causes, the one that stands first is, and the other is told beside it.

A cause is *uncertain* where the views do not decide or contradict each other. It then says what would settle it, and is never a
pass.

`assert_mail_server`, and with it the role, tells each cause by one finding, which has its name in `diagnosis`: the fault that the
cause is about (`mail.reachable`, `firewall.missing-opening`, a finding about the certificate), or `server.name`,
`server.listening`, `server.views`. Findings that the cause explains are folded into it; all others stay. What only the host
itself saw right is a warning.

This page is made by `tests/tools/make_docs.py` from the library's list of causes.

## What each view can show

| view | shows |
| --- | --- |
"""
SURPLUS_INTRODUCTION = """## What is there though nothing requires it

"""


def diagnosis_page() -> str:
    parts = [INTRODUCTION + "\n".join(f"| {view} | {', '.join(shown)} |" for view, shown in VIEWS.items()) + "\n"]
    parts.append("## The causes, in order\n\n| cause | when |\n| --- | --- |")
    parts[-1] += "".join(f"\n| [{name}](#{_anchor(name)}) | {_conditions(cause)} |" for name, cause in CAUSES.items())
    parts[-1] += "\n"
    for name, cause in CAUSES.items():
        text = f"### {name}\n\n{_sentence(cause.text)}{'' if cause.certain else ' *Uncertain.*'}\n"
        if cause.remedy:
            text += f"\n- What settles it: {_plain(cause.settles)}\n- What mends it: {_plain(cause.remedy)}\n"
        parts.append(text)
    parts.append(SURPLUS_INTRODUCTION.rstrip("\n") + "\n")
    for name, surplus in SURPLUS.items():
        settles, remedy = _plain(surplus.settles), _plain(surplus.remedy)
        parts.append(
            f"### {name}\n\n{_sentence(surplus.text)}\n\n- What settles it: {settles}\n- What mends it: {remedy}\n"
        )
    return "\n".join(parts)


def _anchor(name: str) -> str:
    return name.replace(".", "")


def _conditions(cause: Cause) -> str:
    texts = [f"{view}: {' or '.join(shown)}" for view, shown in cause.when.items()]
    return "; ".join(texts) or "nothing else holds"


def _sentence(text: str) -> str:
    plain = _plain(text)
    return plain[0].upper() + plain[1:] + "."


def _plain(text: str) -> str:
    """The text with the names of what is filled in, in capitals."""
    parts = []
    for before, name, _format, _conversion in string.Formatter().parse(text):
        parts.append(before + (name.replace("_", " ").upper() if name else ""))
    return "".join(parts)
