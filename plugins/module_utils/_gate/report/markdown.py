# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A short summary for a merge request or a chat: the counts, the hosts that do not pass, the worst faults."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, Sequence

from .faults import Remedy, gather
from .order import natural, severity
from .places import headline, plural

_WORDS = {"pass": "pass", "warn": "warn", "unknown": "unknown", "fail": "**fail**"}
_MOST_HOSTS_NAMED = 5
_MOST_CHARACTERS = 300


def as_markdown(whole: Mapping[str, Any], most: int = 10) -> str:
    """:param most: rows of each table; how many more there are is said below it."""
    parts = [f"## {prose(whole['title'])}: {whole['outcome']}", f"{prose(headline(whole))}. {whole['generated']}"]
    since = whole.get("since")
    if since:
        counts = [f"{len(since[name])} {word}" for name, word in _SINCE.items() if since[name]]
        counts.append(f"{since['unchanged']} unchanged")
        parts.append(f"Since {since['earlier']}: {', '.join(counts)}.")
    hosts = [host for host in whole["hosts"] if host["outcome"] != "pass"]
    hosts.sort(key=lambda host: (severity(host["outcome"]), natural(host["host"])))
    parts += _table(
        ("host", "outcome", "fail", "unknown", "warn", ""), [_host_row(host) for host in hosts], most, "host"
    )
    rows = [
        (
            _WORDS[fault.outcome],
            code(fault.check),
            _where(remedy),
            prose(remedy.cause or remedy.observed),
            code(remedy.fix) if remedy.fix else "",
        )
        for fault in gather(whole)
        for remedy in fault.remedies
    ]
    parts += _table(("outcome", "check", "where", "why", "fix"), rows, most, "fault")
    return "\n\n".join(parts) + "\n"


_SINCE = {"new": "new", "changed": "changed", "gone": "gone", "not_looked_at": "not looked at again"}


def _host_row(host: Mapping[str, Any]) -> Sequence[str]:
    counts: Dict[str, int] = {}
    for finding in host["findings"]:
        counts[finding["outcome"]] = counts.get(finding["outcome"], 0) + 1
    numbers = [str(counts[outcome]) if outcome in counts else "" for outcome in ("fail", "unknown", "warn")]
    return (code(host["host"]), _WORDS[host["outcome"]], *numbers, prose("; ".join(host.get("problems", []))))


def _where(remedy: Remedy) -> str:
    texts = []
    for place, hosts in remedy.places.items():
        named = ", ".join(code(host) for host in hosts[:_MOST_HOSTS_NAMED])
        more = len(hosts) - _MOST_HOSTS_NAMED
        named += f" and {more} more" if more > 0 else ""
        texts.append(f"{code(place)} on {named}" if place else named)
    shown = texts[:_MOST_HOSTS_NAMED]
    if len(texts) > len(shown):
        shown.append(f"and {plural(len(texts) - len(shown), 'port')} more")
    return "; ".join(shown)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], most: int, thing: str) -> List[str]:
    if not rows:
        return []
    shown = rows if len(rows) <= most else rows[:most]
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *shown)]
    more = [f"and {plural(len(rows) - most, thing)} more"] if len(rows) > most else []
    return ["\n".join(lines), *more]


def code(text: str) -> str:
    """A code span: nothing in it is markup, a mention or a link. In a table the bar must be escaped even there."""
    text = _shortened(text).replace("\\|", "\\ |").replace("|", "\\|") or " "
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def prose(text: str) -> str:
    """Text in which nothing is markup; an invisible space keeps mentions and links from being made."""
    text = _shortened(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_{}\[\]|~$])", r"\\\1", text)
    return re.sub(r"(@|#|://|www\.)", lambda found: found.group(0) + "&#8203;", text, flags=re.IGNORECASE)


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS] + "…"
