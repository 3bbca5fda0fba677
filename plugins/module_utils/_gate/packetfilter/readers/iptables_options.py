# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of one iptables rule, in their order.

An option belongs to the generic ones (``-s``, ``-p`` ...) or to the match that the nearest ``-m`` (or ``-p``, which loads
its protocol's match) names. What iptables_matches.py does not know becomes a doubt under the words of the rule itself:
``-m recent --name ssh --rcheck``. Nothing is ever skipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterator, List, Optional, Sequence, Set, Tuple

from . import names
from .conditions import NEVER, Condition, Unclear, doubt
from .iptables_matches import GENERIC, MATCHES, Context, Handler
from .question import ASSUMES_REVERSE_PATH

_LONG = {
    "--protocol": "-p", "--proto": "-p", "--source": "-s", "--src": "-s", "--destination": "-d", "--dst": "-d",
    "--in-interface": "-i", "--out-interface": "-o", "--match": "-m", "--jump": "-j", "--goto": "-g",
    "--fragment": "-f", "--source-port": "--sport", "--destination-port": "--dport", "--source-ports": "--sports",
    "--destination-ports": "--dports",
}  # fmt: skip
#: The match that ``-p`` loads without ``-m``.
_MATCH_OF_PROTOCOL = {6: "tcp", 17: "udp", 33: "dccp", 132: "sctp", 136: "udplite", 1: "icmp", 58: "icmp6"}
#: Matches on headers that the packet in question does not have (see question.py).
_ABSENT_HEADERS = {"rt", "frag", "hbh", "dst"}
#: Targets without options.
_PLAIN_TARGETS = {"ACCEPT", "DROP", "RETURN"}
#: Options whose one value may look like an option.
_FREE_TEXT = {"--comment", "--log-prefix", "--nflog-prefix", "--string", "--hex-string"}


@dataclass
class RuleOptions:
    """``verdict``: ``-j``, ``-g`` or empty. ``extras``: the words that belong to the target."""

    conditions: List[Condition]
    verdict: str
    target: str
    extras: List[str]


def read_options(tokens: Sequence[str], context: Context, chains: Set[str]) -> RuleOptions:
    """:param tokens: the rule's words behind ``-A CHAIN``. ``chains``: names of the table's chains, which as targets have
    no options of their own."""
    result = RuleOptions([], "", "", [])
    modules: List[str] = []
    unread: Dict[int, List[str]] = {}  # place in modules -> words of a match that is not known
    context.limits_interface = "--limit-iface-in" in tokens or "--limit-iface-out" in tokens
    for option, negated, arguments, words in _options(tokens):
        if negated and option in ("-m", "-j", "-g"):  # iptables refuses this
            result.conditions.append(doubt(words))
        handler = _handler(option, modules)
        if option == "-m" and arguments:
            if arguments[0] in _ABSENT_HEADERS:
                result.conditions.append(NEVER)
            elif arguments[0] not in MATCHES:
                unread[len(modules)] = ["-m " + arguments[0]]
            elif arguments[0] == "rpfilter":
                context.notes.add(ASSUMES_REVERSE_PATH)
            modules.append(arguments[0])
        elif option in ("-j", "-g") and arguments:
            result.verdict, result.target = option, arguments[0]
            result.extras.extend(arguments[1:])
        elif handler is not None:
            if option == "-p" and not negated and arguments:
                implied = _MATCH_OF_PROTOCOL.get(names.protocol_number(arguments[0]) or 0)
                modules.extend([implied] if implied else [])
            result.conditions.append(_condition(handler, context, words, negated, arguments))
        elif result.verdict == "-j" and result.target not in chains | _PLAIN_TARGETS:
            result.extras.extend([option] + arguments)
        elif modules and len(modules) - 1 in unread:
            unread[len(modules) - 1].append(words)
        else:
            result.conditions.append(doubt("-m {0} {1}".format(modules[-1], words) if modules else words))
    result.conditions.extend(doubt(" ".join(words)) for words in unread.values())
    return result


def _handler(option: str, modules: Sequence[str]) -> Optional[Handler]:
    """Who reads the option: the generic options come first, then the nearest match that has it."""
    if option in GENERIC:
        return GENERIC[option]
    for module in reversed(modules):
        options = MATCHES.get(module)
        if options is not None and option in options:
            return options[option]
    return None


def _condition(handler: Handler, context: Context, words: str, negated: bool, arguments: List[str]) -> Condition:
    try:
        return handler(context, words, negated, arguments)
    except Unclear as unclear:
        return doubt("{0} ({1})".format(words, unclear.why) if unclear.why else words, unclear.within)


def _options(tokens: Sequence[str]) -> Iterator[Tuple[str, bool, List[str], str]]:
    """Each option: its short name, whether ``!`` stands before it, its values, and all its words."""
    position = 0
    while position < len(tokens):
        negated = tokens[position] == "!" and position + 1 < len(tokens)
        start = position + negated
        option = _LONG.get(tokens[start], tokens[start])
        end = start + (2 if option in _FREE_TEXT else 1)
        while end < len(tokens) and tokens[end] != "!" and not _is_option(tokens[end]):
            end += 1
        yield option, negated, list(tokens[start + 1 : end]), " ".join(tokens[position:end])
        position = end


def _is_option(token: str) -> bool:
    return len(token) > 1 and token[0] == "-" and not token[1].isdigit()
