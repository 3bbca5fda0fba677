# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""firewalld's permanent configuration against what runs, both as firewalld itself tells them.

What rules its zones become is firewalld's business. So the two are compared in its own words: where they are the same,
the rules after the next start are those of now.
"""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Sequence, Tuple

from ...errors import EvidenceError
from ...host.commands import Commands

#: What is asked, of the running configuration and with ``--permanent``. Older versions lack some of it.
_QUESTIONS = (
    ("--list-all-zones",),
    ("--list-all-policies",),
    ("--direct", "--get-all-chains"),
    ("--direct", "--get-all-rules"),
    ("--direct", "--get-all-passthroughs"),
    ("--get-ipsets",),
)
_HEAD = re.compile(r"^(?P<name>[^\s(]+)(?: \((?P<marks>[^)]*)\))?$")
#: Interfaces are assigned to zones at run time, by NetworkManager and the kernel's announcements.
_OF_THE_RUN = ("interfaces:",)


def differences(commands: Commands, path: str) -> List[str]:
    """What differs, each ``zone public: services: ssh smtp now, ssh after the next start``; empty where all is the same.

    :raises EvidenceError: when firewalld does not run or does not answer.
    """
    result: List[str] = []
    for question in _QUESTIONS:
        running = _ask(commands, [path, *question])
        permanent = _ask(commands, [path, "--permanent", *question])
        if running is None or permanent is None:
            continue
        if question[0].startswith("--list-all"):
            what = "zone" if question[0] == "--list-all-zones" else "policy"
            result.extend(_between(what, _blocks(running), _blocks(permanent)))
        elif sorted(running.split("\n")) != sorted(permanent.split("\n")):
            result.append(_line(" ".join(question), running, permanent))
    result.extend(_sets(commands, path))
    return result


def _ask(commands: Commands, command: Sequence[str]) -> Optional[str]:
    """None where this version does not know the question."""
    done = commands.run(command)
    if done.code == 0:
        return done.out.strip()
    if "unrecognized" in done.err or done.code == 2:
        return None
    raise EvidenceError(" ".join(command), "it failed with code {0}: {1}".format(done.code, done.err.strip()[:200]))


def _blocks(text: str) -> Dict[str, Dict[str, List[str]]]:
    """Zone -> what it says -> values. Rich rules stand on lines of their own below their title."""
    blocks: Dict[str, Dict[str, List[str]]] = {}
    block: Dict[str, List[str]] = {}
    title = ""
    for line in text.splitlines():
        head = _HEAD.match(line)
        if head is not None:
            block = blocks.setdefault(head.group("name"), {})
            title = ""
        elif line.startswith("  ") and not line.startswith("   "):
            title, _colon, rest = line.strip().partition(":")
            block[title] = rest.split()
        elif line.strip() and title:
            block[title].append(line.strip())
    return blocks


def _between(
    what: str, running: Dict[str, Dict[str, List[str]]], permanent: Dict[str, Dict[str, List[str]]]
) -> List[str]:
    result: List[str] = []
    for name in sorted(set(running) | set(permanent)):
        if name not in running or name not in permanent:
            state = "there after the next start alone" if name in permanent else "there now, not after the next start"
            result.append("{0} {1}: {2}".format(what, name, state))
            continue
        for title in sorted(set(running[name]) | set(permanent[name])):
            now, then = running[name].get(title, []), permanent[name].get(title, [])
            if sorted(now) != sorted(then) and title + ":" not in _OF_THE_RUN:
                result.append(_line("{0} {1}: {2}".format(what, name, title), " ".join(now), " ".join(then)))
    return result


def _sets(commands: Commands, path: str) -> List[str]:
    result: List[str] = []
    names = _ask(commands, [path, "--get-ipsets"]) or ""
    for name in names.split():
        question = "--ipset={0}".format(name)
        now = _ask(commands, [path, question, "--get-entries"])
        then = _ask(commands, [path, "--permanent", question, "--get-entries"])
        if now is not None and then is not None and sorted(now.split()) != sorted(then.split()):
            result.append(_line("ipset {0}".format(name), now, then))
    return result


def _line(what: str, now: str, then: str) -> str:
    shown: Tuple[str, ...] = tuple(" ".join(text.split())[:200] or "nothing" for text in (now, then))
    return "{0}: {1} now, {2} after the next start".format(what, *shown)
