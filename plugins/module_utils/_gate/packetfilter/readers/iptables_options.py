# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words of one iptables rule, sorted: generic options, matches with theirs, the target with its own.

An option belongs to the generic ones (``-s``, ``-p`` ...) or to the nearest match before it (``-m``, or ``-p``, which loads its
protocol's match) that has an option of this name; behind the target, to the target. Nothing is ever skipped.
"""

from __future__ import annotations

from typing import AbstractSet, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from ...dataclass import dataclass, field
from ..intervals import normal
from ..model import PORT_PROTOCOLS, PROTOCOL, Box, Own
from . import names
from .ipset_members import Sets

_LONG = {
    "--protocol": "-p", "--proto": "-p", "--source": "-s", "--src": "-s", "--destination": "-d", "--dst": "-d",
    "--in-interface": "-i", "--out-interface": "-o", "--match": "-m", "--jump": "-j", "--goto": "-g",
    "--fragment": "-f", "--source-port": "--sport", "--destination-port": "--dport", "--source-ports": "--sports",
    "--destination-ports": "--dports", "--set-counters": "-c", "--ipv4": "-4", "--ipv6": "-6",
}  # fmt: skip
#: Options that stand for themselves, without ``-m``.
GENERIC = {"-p", "-s", "-d", "-i", "-o", "-f", "-c", "-4", "-6"}
#: The match that ``-p`` loads without ``-m``.
_MATCH_OF_PROTOCOL = {
    6: "tcp",
    17: "udp",
    33: "dccp",
    132: "sctp",
    136: "udplite",
    1: "icmp",
    58: "icmp6",
    50: "esp",
    51: "ah",
}
#: Options whose one value may look like an option.
FREE_TEXT = {"--comment", "--log-prefix", "--nflog-prefix", "--string", "--hex-string"}
#: Targets without options.
_PLAIN_TARGETS = {"ACCEPT", "DROP", "RETURN"}
_PORTED = normal((number, number) for number in PORT_PROTOCOLS.values())


class Option(NamedTuple):
    """``name`` in its short form; ``negated``: ``!`` stands before it; ``words``: all of it as written."""

    name: str
    negated: bool
    values: Tuple[str, ...]
    words: str


class MatchOptions(NamedTuple):
    """A match and what the rule says about it. ``stray``: options that no match of the rule has."""

    module: str
    options: List[Option]
    stray: List[Option]


@dataclass
class RuleOptions:
    """``verdict``: ``-j``, ``-g`` or empty, an option that is negated (which iptables refuses) among ``wrong``."""

    generic: List[Option] = field(default_factory=list)
    matches: List[MatchOptions] = field(default_factory=list)
    verdict: str = ""
    target: str = ""
    target_options: List[Option] = field(default_factory=list)
    wrong: List[Option] = field(default_factory=list)


@dataclass(frozen=True)
class Surroundings:
    """What rules depend on besides their own words. None: not known.

    ``own``: the host's addresses. ``bridges``: interfaces that are bridges. ``routes_known``: the host's routes decide about
    reverse paths. ``templates``: some rule attaches a conntrack
    template to packets (``-j CT --zone 1``), which ``notrack`` then leaves alone.
    """

    sets: Sets = Sets({})
    own: Optional[Tuple[Own, ...]] = None
    bridges: Optional[AbstractSet[str]] = None
    routes_known: bool = False
    templates: bool = False


@dataclass
class Context:
    """What the options of one rule depend on besides themselves.

    ``family``: 4 or 6. ``protocol``: the number that ``-p`` demands. ``notes``: collects what was assumed.
    """

    family: int
    table: str
    around: Surroundings
    notes: Set[str]
    protocol: Optional[int] = None

    def ports_within(self) -> Box:
        """The packets that a port option of the rule can be about."""
        return {PROTOCOL: _PORTED if self.protocol is None else ((self.protocol, self.protocol),)}


def sort_options(
    options: Iterable[Option],
    owned: Mapping[str, AbstractSet[str]],
    targets: Mapping[str, AbstractSet[str]],
    chains: Set[str],
) -> RuleOptions:
    """:param options: of one rule, in their order. ``owned``: the options of each match that is known.
    ``targets``: likewise. ``chains``: names of the table's chains, which as targets have no options of their own."""
    result = RuleOptions()
    matches = result.matches
    for option in options:
        name, negated, values, _words = option
        if name in GENERIC:
            result.generic.append(option)
            if name == "-p" and values and not negated:
                implied = _MATCH_OF_PROTOCOL.get(names.protocol_number(values[0]) or 0)
                if implied is not None:
                    matches.append(MatchOptions(implied, [], []))
        elif name in ("-m", "-j", "-g"):
            if negated or not values:
                result.wrong.append(option)
            if name == "-m" and values:
                matches.append(MatchOptions(values[0], [], []))
                if len(values) > 1:
                    matches[-1].stray.append(option)
            elif values:
                result.verdict, result.target = name, values[0]
                if len(values) > 1:
                    result.target_options.append(option)
        elif result.target and name in targets.get(result.target, ()):
            result.target_options.append(option)
        else:
            owner = next((match for match in reversed(matches) if name in owned.get(match.module, ())), None)
            if owner is not None:
                owner.options.append(option)
            elif result.verdict == "-j" and result.target not in chains and result.target not in _PLAIN_TARGETS:
                result.target_options.append(option)
            elif matches:
                matches[-1].stray.append(option)
            else:
                result.wrong.append(option)
    return result


def options_of(tokens: Sequence[str]) -> Iterator[Option]:
    """:param tokens: the words of a rule behind ``-A CHAIN``, without quotes."""
    position = 0
    size = len(tokens)
    while position < size:
        negated = tokens[position] == "!" and position + 1 < size
        start = position + negated
        name = _LONG.get(tokens[start], tokens[start])
        end = start + (2 if name in FREE_TEXT else 1)
        while end < size:
            following = tokens[end]
            if following == "!" or (following[:1] == "-" and _is_option(following)):
                break
            end += 1
        yield Option(name, negated, tuple(tokens[start + 1 : end]), " ".join(tokens[position:end]))
        position = end


def _is_option(token: str) -> bool:
    return len(token) > 1 and (not token[1].isdigit() or token in ("-4", "-6"))
