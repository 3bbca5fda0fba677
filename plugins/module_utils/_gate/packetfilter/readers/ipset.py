# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``ipset save`` prints: the sets that iptables rules match against, as text; ipset_members.py gives them a meaning."""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Tuple

from ...dataclass import dataclass, field
from ...errors import EvidenceError

#: ``create NAME TYPE OPTIONS``; a name may hold spaces.
_CREATE = re.compile(r"(?:create|-N) (?P<name>.{1,31}?) (?P<kind>(?:hash|bitmap|list):[a-z,]+)(?: (?P<options>.*))?$")
_COMMENT = re.compile(r' comment "[^"]*"')
#: Options without a value; every other one has one.
_FLAGS = {"counters", "comment", "skbinfo", "forceadd", "-exist", "-!"}
#: Words of an element that are not followed by a value.
_ELEMENT_FLAGS = {"nomatch", "wildcard", "before", "after", "-exist", "-!"}
_FAMILIES = {"inet": 4, "inet6": 6, "-4": 4, "-6": 6}
#: Types of sets that have a family of their own.
_WITH_FAMILY = ("hash:ip", "hash:net")


@dataclass(frozen=True)
class Element:
    """``parts``: what stands between the commas of ``192.0.2.1,tcp:25``. ``expires``: it disappears by itself."""

    parts: Tuple[str, ...]
    nomatch: bool = False
    wildcard: bool = False
    expires: bool = False


@dataclass
class IpSet:
    """``kind``: ``hash:net,port``. ``family``: 4, 6, or 0 for kinds without addresses. ``lines``: the elements as written."""

    name: str
    kind: str
    family: int
    options: Dict[str, str]
    lines: List[str] = field(default_factory=list)

    @property
    def parts(self) -> Tuple[str, ...]:
        """``("net", "port")`` of ``hash:net,port``: one for each direction flag of a match."""
        return tuple(self.kind.split(":", 1)[1].split(","))

    def bare_values(self) -> Optional[List[str]]:
        """The elements of a set with one part, where none says anything besides; None where one does. (Sets of hundreds of
        thousands are like that.)"""
        return None if len(self.parts) > 1 or any(" " in line for line in self.lines) else self.lines

    def elements(self) -> List[Element]:
        simple = len(self.parts) == 1
        result: List[Element] = []
        for line in self.lines:
            if " " not in line:
                result.append(Element((line,) if simple else tuple(line.split(","))))
                continue
            words = _COMMENT.sub("", line).split() or [""]
            result.append(
                Element(
                    tuple(words[0].split(",")),
                    "nomatch" in words[1:],
                    "wildcard" in words[1:],
                    _value(words, "timeout") not in ("", "0"),
                )
            )
        return result


def _value(words: List[str], name: str) -> str:
    position = words.index(name) + 1 if name in words[1:] else len(words)
    return words[position] if position < len(words) else ""


def read(text: str, subject: str) -> Dict[str, IpSet]:
    """The sets by their names.

    :param text: what ``ipset save`` prints, of all sets or of some.
    :param subject: what the text is, for messages.
    :raises EvidenceError: when a line is neither a set nor an element of one.
    """
    sets: Dict[str, IpSet] = {}
    prefix = ""
    lines: List[str] = []
    for number, raw in enumerate(text.splitlines(), 1):
        if prefix and raw.startswith(prefix):
            lines.append(raw[len(prefix) :])
            continue
        line = raw.strip()
        if not line or line[0] == "#" or line == "COMMIT":
            continue
        made = _CREATE.match(line)
        if made is not None:
            name = made.group("name")
            if name in sets:
                raise _error(subject, number, "creates set {0} a second time".format(name))
            sets[name] = _new(name, made.group("kind"), (made.group("options") or "").split())
        else:
            name, line = _owner(line, sets)
            if not name:
                raise _error(subject, number, "is neither a set nor an element of one that is there: " + line[:80])
            sets[name].lines.append(line)
        prefix = "add {0} ".format(name)
        lines = sets[name].lines
    return sets


def _owner(line: str, sets: Dict[str, IpSet]) -> Tuple[str, str]:
    """The set that a line adds to, and what; no name when it does neither."""
    word, _space, rest = line.partition(" ")
    if word not in ("add", "-A"):
        return "", line
    name, _space, element = rest.partition(" ")
    if name in sets and element:
        return name, element
    found: Optional[str] = max((known for known in sets if rest.startswith(known + " ")), key=len, default=None)
    return (found, rest[len(found) + 1 :]) if found else ("", line)


def _new(name: str, kind: str, words: List[str]) -> IpSet:
    options: Dict[str, str] = {}
    position = 0
    while position < len(words):
        word = words[position]
        has_value = word not in _FLAGS and position + 1 < len(words)
        options[word] = words[position + 1] if has_value else ""
        position += 2 if has_value else 1
    family = 0
    if kind.startswith(_WITH_FAMILY):
        family = _FAMILIES.get(options.get("family", "inet"), 4)
    elif kind.startswith("bitmap:ip"):
        family = 4
    return IpSet(name, kind, family, options)


def _error(subject: str, number: int, problem: str) -> EvidenceError:
    return EvidenceError(subject, "line {0} {1}".format(number, problem), "give what `ipset save` prints")
