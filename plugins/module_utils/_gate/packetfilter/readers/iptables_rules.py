# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One iptables rule: its words as `model.Rule`.

What is not known becomes a doubt, or a verdict that is not followed, under the words of the rule itself.
"""

from __future__ import annotations

import re
import shlex
from typing import AbstractSet, Dict, FrozenSet, List, NamedTuple, Optional, Sequence, Set, Tuple

from ..intervals import complement, normal
from ..model import ANY, CT_MARK, DADDR, GOTO, JUMP, MARK, SADDR, TOP, Box, Match, Rule, Verdict, Where
from ..regions import combine
from . import names
from .addresses import prefix_range
from .conditions import EVERYTHING, NEVER, Boxes, Condition, Unclear, build, doubt
from .iptables_conntrack import CONNTRACK_OPTIONS, read_conntrack, read_mark
from .iptables_host import (
    holds_when_negated,
    read_address_type,
    read_owner,
    read_physical_device,
    read_recent,
    read_reverse_path,
    read_set,
)
from .iptables_matches import (
    GENERIC_HANDLERS,
    SIMPLE,
    Reader,
    in_doubt,
    never,
    one_by_one,
    read_ipv6_header,
    read_option,
)
from .iptables_options import FREE_TEXT, Context, MatchOptions, Option, Surroundings, options_of, sort_options
from .iptables_targets import TARGET_OPTIONS, Effect, effects

_SET_OPTIONS = [
    "--match-set", "--set", "--return-nomatch", "--update-counters", "--update-subcounters", "--packets-eq",
    "--packets-lt", "--packets-gt", "--bytes-eq", "--bytes-lt", "--bytes-gt",
]  # fmt: skip

#: Matches that are read, and their options.
_READERS: Dict[str, Tuple[Reader, FrozenSet[str]]] = {
    **{name: (one_by_one(handlers), frozenset(handlers)) for name, handlers in SIMPLE.items()},
    "conntrack": (read_conntrack, CONNTRACK_OPTIONS),
    "state": (read_conntrack, frozenset(["--state"])),
    "mark": (one_by_one({"--mark": read_mark(MARK)}), frozenset(["--mark"])),
    "connmark": (one_by_one({"--mark": read_mark(CT_MARK)}), frozenset(["--mark"])),
    "addrtype": (
        read_address_type,
        frozenset(["--src-type", "--dst-type", "--limit-iface-in", "--limit-iface-out"]),
    ),
    "rpfilter": (read_reverse_path, frozenset(["--loose", "--validmark", "--accept-local", "--invert"])),
    "set": (read_set, frozenset(_SET_OPTIONS)),
    "physdev": (
        read_physical_device,
        frozenset(["--physdev-in", "--physdev-out", "--physdev-is-in", "--physdev-is-out", "--physdev-is-bridged"]),
    ),
    "ipv6header": (read_ipv6_header, frozenset(["--header", "--soft"])),
}
#: Matches whose options are theirs, whatever they are. Those that ask for the state of the run: sometimes.
_WHOLE: Dict[str, Reader] = {
    **{
        name: in_doubt(True)
        for name in (
            "limit", "hashlimit", "connlimit", "connbytes", "quota", "quota2", "statistic", "time", "rateest", "nfacct",
            "cpu", "cluster", "socket", "connlabel", "condition",
        )
    },
    **dict.fromkeys(("frag", "rt", "hbh", "dst", "srh"), never),
    "recent": read_recent,
    **dict.fromkeys(("owner", "cgroup"), read_owner),
    "helper": holds_when_negated,
}  # fmt: skip
_UNKNOWN = in_doubt(False)
_OWNED: Dict[str, AbstractSet[str]] = {name: options for name, (_reader, options) in _READERS.items()}
#: Above this many ranges, a condition stays an object of its own, which the analysis knows again in other rules.
_FEW_RANGES = 16

#: Where a rule without quotes can be cut into options.
_SEGMENTS = re.compile(r"(?<!!) (?=(?:! )?-(?:[a-zA-Z-]|[46](?: |$)))")
_COMMENT = re.compile(r' -m comment --comment (?:"[^"\\]*"|[^" \\]+)(?= |$)')
#: Quotes, and options with free text, which may look like an option.
_NEEDS_CARE = re.compile("[\"'\\\\]|" + "|".join(sorted(FREE_TEXT)))
_ADDRESSES = {"-s ": SADDR, "-d ": DADDR}

_Key = Tuple[object, ...]


class _Read(NamedTuple):
    """A condition; ``box``: all that it says, where it is one box."""

    condition: Condition
    box: Optional[Box]


class _Prepared(NamedTuple):
    """A rule but for its addresses. ``box``: what all of its plain conditions come to; None when no packet meets them."""

    box: Optional[Box]
    others: List[Condition]
    effects: List[Effect]


class RuleReader:
    """Reads the rules of one table. What the same words mean is worked out once."""

    def __init__(self, family: int, table: str, chains: Set[str], around: Surroundings, notes: Set[str]) -> None:
        self.context = Context(family, table, around, notes)
        self.chains = chains
        self._known: Dict[Tuple[str, ...], _Prepared] = {}
        self._options: Dict[str, Option] = {}
        self._addresses: Dict[str, _Read] = {}
        self._read: Dict[_Key, List[_Read]] = {}
        self._effects: Dict[_Key, List[Effect]] = {}

    def rules(self, text: str, where: Where) -> List[Rule]:
        """:param text: the rule behind ``-A CHAIN``.

        :raises ValueError: when its quotes are unbalanced.
        """
        plain = _COMMENT.sub("", " " + text)[1:]
        if _NEEDS_CARE.search(plain):
            return self._rules(self._prepared(list(options_of(words_of(text)))), (), where)
        addresses: List[str] = []
        rest: List[str] = []
        for segment in _SEGMENTS.split(plain):
            (addresses if segment[:3] in _ADDRESSES else rest).append(segment)
        key = tuple(rest)
        prepared = self._known.get(key)
        if prepared is None:
            prepared = self._known[key] = self._prepared([self._option(segment) for segment in rest if segment])
        return self._rules(prepared, addresses, where)

    def _option(self, segment: str) -> Option:
        found = self._options.get(segment)
        if found is None:
            found = self._options[segment] = next(options_of(segment.split()))
        return found

    def _rules(self, prepared: _Prepared, addresses: Sequence[str], where: Where) -> List[Rule]:
        box, others, found = prepared
        if not found:
            return []
        for segment in addresses:
            read = self._address(segment)
            if read.box is None:
                others = others + [read.condition]
            elif box is not None:
                box = combine(box, read.box)
        if box is None:
            return []
        matches: Tuple[Match, ...] = (Match((box,)),) if box else ()
        result: List[Rule] = []
        for effect in found:
            conditions = others + list(effect.conditions)
            if conditions:
                result.extend(build([matches] + conditions if matches else conditions, effect.branches, where))
            else:
                result.append(Rule(matches, effect.branches, where))
        return result

    def _prepared(self, words: Sequence[Option]) -> _Prepared:
        options = sort_options(words, _OWNED, TARGET_OPTIONS, self.chains)
        others: List[Condition] = [doubt(option.words) for option in options.wrong]
        found = self._target(options.verdict, options.target, options.target_options) if options.verdict else []
        if not found:
            return _Prepared(None, others, found)
        self.context.protocol = None
        box: Optional[Box] = ANY
        for read in self._conditions(options.generic, options.matches):
            if read.box is None:
                others.append(read.condition)
            elif box is not None:
                box = combine(box, read.box)
        return _Prepared(box, others, found)

    def _conditions(self, generic: Sequence[Option], matches: Sequence[MatchOptions]) -> List[_Read]:
        result: List[_Read] = []
        for option in generic:
            if option.name == "-p" and option.values and not option.negated:
                self.context.protocol = names.protocol_number(option.values[0]) or None
            result.append(self._generic(option))
        for match in matches:
            key: _Key = (match.module, self.context.protocol, *[option.words for option in match.options + match.stray])
            found = self._read.get(key)
            if found is None:
                conditions = self._match(*match)
                found = self._read[key] = [_Read(condition, _only_box(condition)) for condition in conditions]
            result.extend(found)
        return result

    def _generic(self, option: Option) -> _Read:
        key: _Key = (option.words,)
        found = self._read.get(key)
        if found is None:
            condition = read_option(GENERIC_HANDLERS[option.name], self.context, option)
            found = self._read[key] = [_Read(condition, _only_box(condition))]
        return found[0]

    def _address(self, segment: str) -> _Read:
        """``-s 192.0.2.0/24``, ``-d 2001:db8::1``: most rules have one of their own."""
        found = self._addresses.get(segment)
        if found is None:
            try:
                pair = prefix_range(segment[3:], self.context.family)
                found = _Read(NEVER, {_ADDRESSES[segment[:3]]: (pair,)})
            except Unclear:  # a list, or nothing that is known
                found = self._generic(self._option(segment))
            self._addresses[segment] = found
        return found

    def _match(self, module: str, options: List[Option], stray: List[Option]) -> List[Condition]:
        reader = _WHOLE.get(module)
        if reader is not None or module not in _READERS:
            return (reader or _UNKNOWN)(self.context, module, options + stray)
        found = _READERS[module][0](self.context, module, options)
        return found + [doubt("-m {0} {1}".format(module, option.words)) for option in stray]

    def _target(self, verdict: str, target: str, options: Sequence[Option]) -> List[Effect]:
        key: _Key = (verdict, target, *[option.words for option in options])
        found = self._effects.get(key)
        if found is None:
            found = self._effects[key] = self._new_effects(verdict, target, options)
        return found

    def _new_effects(self, verdict: str, target: str, options: Sequence[Option]) -> List[Effect]:
        if target not in self.chains:
            return effects(self.context, target, options)
        branches = ((EVERYTHING, Verdict(GOTO if verdict == "-g" else JUMP, target)),)
        return [Effect(branches, tuple(doubt(option.words) for option in options))]


def _only_box(condition: Condition) -> Optional[Box]:
    """The box that is all of the condition, where it is one: not negated, not in doubt, and small."""
    if len(condition) != 1 or condition[0].__class__ is not Match or condition[0].doubt:
        return None
    match = condition[0]
    boxes: Boxes = match.boxes
    if match.negated:
        dimensions = {dimension for box in boxes for dimension in box}
        if len(dimensions) != 1 or not all(boxes):
            return None
        dimension = dimensions.pop()
        outside = complement(normal(pair for box in boxes for pair in box[dimension]), TOP[dimension])
        boxes = ({dimension: outside},) if outside else ()
    if len(boxes) != 1 or any(len(ranges) > _FEW_RANGES for ranges in boxes[0].values()):
        return None
    return combine(match.within, boxes[0])


def words_of(text: str) -> List[str]:
    """The words of a rule, without quotes.

    :raises ValueError: when they are unbalanced.
    """
    parts = text.split('"')
    outside = parts[::2]
    apart = all(part[-1:] == " " for part in outside[:-1]) and all(part[:1] in ("", " ") for part in outside[1:])
    if "'" in text or "\\" in text or not len(parts) % 2 or not apart:
        return shlex.split(text)  # slow
    words: List[str] = []
    for position, part in enumerate(parts):
        words.extend([part] if position % 2 else part.split())
    return words
