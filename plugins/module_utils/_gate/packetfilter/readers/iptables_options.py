# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of one iptables rule as conditions.

An option belongs to the generic ones (``-s``, ``-p`` ...) or to the match that the nearest ``-m`` (or ``-p``, which loads
its protocol's match) names. What is not in the tables below becomes a doubt under the words of the rule itself:
``-m recent --name ssh --rcheck``. Nothing is ever skipped.
"""

from __future__ import annotations

import operator
from typing import Callable, Dict, FrozenSet, List, Optional, Sequence, Set, Tuple

from ..intervals import complement, normal
from ..model import (
    DADDR,
    DPORT,
    ICMP_TYPE,
    IIF,
    PORT_PROTOCOLS,
    PROTOCOL,
    SADDR,
    SPORT,
    TOP,
    Box,
    address_range,
    interface_range,
)
from . import names
from .addresses import address, prefix_range
from .conditions import EVERYTHING, NEVER, NOTHING, Condition, Region, Unclear, doubt, holds
from .question import (
    ASSUMES_OWN_DESTINATION,
    ASSUMES_REVERSE_PATH,
    DESTINATION_TYPE,
    HOP_LIMIT,
    HOP_LIMIT_UNKNOWN,
    PACKET_TYPE,
    SYN_ALONE,
    V4,
    V6,
    ZERO,
    Partition,
    conntrack_state,
    where_value,
)

_LONG = {
    "--protocol": "-p", "--proto": "-p", "--source": "-s", "--src": "-s", "--destination": "-d", "--dst": "-d",
    "--in-interface": "-i", "--out-interface": "-o", "--match": "-m", "--jump": "-j", "--goto": "-g",
    "--fragment": "-f", "--append": "-A", "--source-port": "--sport", "--destination-port": "--dport",
    "--source-ports": "--sports", "--destination-ports": "--dports",
}  # fmt: skip
_ICMP_MATCHES = {"icmp": (1, V4, names.IPTABLES_ICMP), "icmp6": (58, V6, names.IPTABLES_ICMPV6)}
#: The match that ``-p`` loads without ``-m``.
_MATCH_OF_PROTOCOL = {6: "tcp", 17: "udp", 33: "dccp", 132: "sctp", 136: "udplite", 1: "icmp", 58: "icmp6"}
#: Matches on headers that the packet in question does not have (see question.py).
_ABSENT_HEADERS = {"rt", "frag", "hbh", "dst"}
_PORTED = normal((number, number) for number in PORT_PROTOCOLS.values())
#: Matches that always hold.
_NO_CONDITION = {"comment", "nfacct"}
_ADDRESS_TYPES = {name.upper(): number for name, number in names.ADDRESS_TYPES.items()}
_STATES = {name.upper(): number for name, number in names.CT_STATES.items()}
#: Pseudo-states that a first packet has only where NAT touched it, and such packets are uncertain anyway.
_NAT_STATES = {"SNAT", "DNAT"}
_STATUS_NEVER = {"EXPECTED", "SEEN_REPLY", "ASSURED"}

#: Targets without options.
_PLAIN_TARGETS = {"ACCEPT", "DROP", "RETURN"}
#: Options whose one value may look like an option.
_FREE_TEXT = {"--comment", "--log-prefix", "--nflog-prefix", "--string", "--hex-string"}

Handler = Callable[["Options", str, bool, List[str]], Condition]


class Options:
    """Reads the options of rules of one file.

    :param family: 4 or 6. ``before_conntrack``: of the table in hand (raw runs before). ``notes``: what was assumed.
    """

    def __init__(self, family: int, notes: Set[str]) -> None:
        self.family = family
        self.notes = notes
        self.before_conntrack = False
        self.limits_interface = False
        self._protocol: Box = {}

    def read(self, tokens: Sequence[str], chains: Set[str]) -> Tuple[List[Condition], str, str, List[str]]:
        """:param chains: names of the table's chains; only other targets have options of their own.

        :returns: the conditions, ``-j`` or ``-g`` or empty, the target, and the words behind the target that are no
        condition."""
        conditions: List[Condition] = []
        verdict = target = ""
        extras: List[str] = []
        modules: List[str] = []
        unread: Dict[str, List[str]] = {}
        self._protocol = {}
        self.limits_interface = "--limit-iface-in" in tokens or "--limit-iface-out" in tokens
        position = 0
        while position < len(tokens):
            negated = tokens[position] == "!"
            position += negated
            if position >= len(tokens):
                conditions.append(doubt("!"))
                break
            option = _LONG.get(tokens[position], tokens[position])
            end = position + (2 if option in _FREE_TEXT else 1)
            while end < len(tokens) and tokens[end] != "!" and not _is_option(tokens[end]):
                end += 1
            arguments = list(tokens[position + 1 : end])
            words = ("! " if negated else "") + " ".join(tokens[position:end])
            position = end
            if arguments[:1] == ["!"]:
                negated, arguments = True, arguments[1:]
            if option == "-m" and arguments:
                modules.append(arguments[0])
                if not self._is_known(arguments[0]):
                    unread[arguments[0]] = ["-m " + arguments[0]]
                elif arguments[0] in _ABSENT_HEADERS:
                    conditions.append(NEVER)
                elif arguments[0] == "rpfilter":
                    conditions.append(self._reverse_path(tokens))
                continue
            if option in ("-j", "-g") and arguments:
                verdict, target = option, arguments[0]
                extras.extend(arguments[1:])
                continue
            if option == "-p" and arguments:
                number = names.protocol_number(arguments[0])
                if number in _MATCH_OF_PROTOCOL and not negated:
                    modules.insert(0, _MATCH_OF_PROTOCOL[number or 0])
            handler, module = self._handler(option, modules)
            if handler is not None:
                try:
                    conditions.append(handler(self, words, negated, arguments))
                except Unclear as unclear:
                    why = "{0} ({1})".format(words, unclear.why) if unclear.why else words
                    conditions.append(doubt(why, unclear.within))
            elif verdict == "-j" and target not in chains and target not in _PLAIN_TARGETS:
                extras.extend([option] + arguments)
            elif module in unread:
                unread[module].append(words)
            elif module not in _NO_CONDITION and module not in _ABSENT_HEADERS and module != "rpfilter":
                conditions.append(doubt("-m {0} {1}".format(module, words) if module else words))
        conditions.extend(doubt(" ".join(words)) for words in unread.values())
        return conditions, verdict, target, extras

    @staticmethod
    def _is_known(module: str) -> bool:
        return module in _MATCHES or module in _NO_CONDITION or module in _ABSENT_HEADERS or module == "rpfilter"

    @staticmethod
    def _handler(option: str, modules: List[str]) -> Tuple[Optional[Handler], str]:
        if option in _GENERIC:
            return _GENERIC[option], ""
        for module in reversed(modules):
            if option in _MATCHES.get(module, {}):
                return _MATCHES[module][option], module
        return None, modules[-1] if modules else ""

    def protocol(self, words: str, negated: bool, arguments: List[str]) -> Condition:
        number = names.protocol_number(arguments[0]) if arguments else None
        if number is None and arguments[:1] != ["all"]:
            raise Unclear("no protocol known here")
        if not number:  # -p all, -p 0
            return NEVER if negated else holds(Region(EVERYTHING), {}, False, words)
        box: Box = {PROTOCOL: ((number, number),)}
        self._protocol = {PROTOCOL: complement(box[PROTOCOL], TOP[PROTOCOL])} if negated else box
        return holds(Region((box,)), {}, negated, words)

    def ports_within(self) -> Box:
        """The packets that a port option of the rule can be about."""
        return self._protocol or {PROTOCOL: _PORTED}

    def conntrack_needed(self) -> None:
        if self.before_conntrack:
            raise Unclear("in the raw table, which is run before connection tracking")

    def _reverse_path(self, tokens: Sequence[str]) -> Condition:
        self.notes.add(ASSUMES_REVERSE_PATH)
        return NEVER if "--invert" in tokens else holds(Region(EVERYTHING), {}, False, "")


def _is_option(token: str) -> bool:
    return len(token) > 1 and token[0] == "-" and not token[1].isdigit()


def _one(arguments: List[str]) -> str:
    if len(arguments) != 1:
        raise Unclear("one value expected")
    return arguments[0]


def _network(dimension: int) -> Handler:
    def handler(options: Options, words: str, negated: bool, arguments: List[str]) -> Condition:
        ranges = normal(prefix_range(item, options.family) for item in _one(arguments).split(","))
        return holds(Region(({dimension: ranges},)), {}, negated, words)

    return handler


def _addresses(dimension: int) -> Handler:
    def handler(options: Options, words: str, negated: bool, arguments: List[str]) -> Condition:
        first, _dash, last = _one(arguments).partition("-")
        family = options.family
        pair = address_range(family, address(first, family), address(last or first, family))
        ranges = normal([pair])
        return holds(Region(({dimension: ranges},) if ranges else NOTHING), {}, negated, words)

    return handler


def _in_interface(options: Options, words: str, negated: bool, arguments: List[str]) -> Condition:
    return holds(Region(({IIF: (interface_range(_one(arguments), "+"),)},)), {}, negated, words)


def _out_interface(options: Options, words: str, negated: bool, arguments: List[str]) -> Condition:
    """A packet that comes in has no output interface yet; whether ``!`` then holds differs between kernels."""
    if _one(arguments) == "+" and not negated:
        return holds(Region(EVERYTHING), {}, False, words)
    if negated:
        raise Unclear("a packet that comes in has no output interface")
    return NEVER


def _fragment(options: Options, words: str, negated: bool, arguments: List[str]) -> Condition:
    return holds(Region(EVERYTHING), {}, False, words) if negated else NEVER


def _pairs(text: str) -> List[Tuple[int, int]]:
    """``25,1000:2000,:5`` as ranges; an inverted range is empty."""
    result = []
    for item in text.split(","):
        first, colon, last = item.partition(":")
        low = names.port_number(first) if first else 0
        high = names.port_number(last) if last else (65535 if colon else low)
        if low is None or high is None:
            raise Unclear("no port known here")
        result.append((low, high))
    return result


def _ports(*dimensions: int) -> Handler:
    """The port is one of those given, in any of the dimensions."""

    def handler(options: Options, words: str, negated: bool, arguments: List[str]) -> Condition:
        ranges = normal(_pairs(_one(arguments)))
        boxes = tuple({dimension: ranges} for dimension in dimensions) if ranges else NOTHING
        return holds(Region(boxes), options.ports_within(), negated, words)

    return handler


def _flags(text: str) -> int:
    total = 0
    for name in text.split(","):
        if name == "ALL":
            total |= 0x3F
        elif name != "NONE":
            bit = names.TCP_FLAGS.get(name.lower())
            if bit is None:
                raise Unclear("{0!r} is no TCP flag".format(name))
            total |= bit
    return total


def _tcp_flags(options: Options, words: str, negated: bool, arguments: List[str]) -> Condition:
    if len(arguments) != 2:
        raise Unclear("two lists of flags expected")
    mask, value = _flags(arguments[0]), _flags(arguments[1])
    boxes = where_value(SYN_ALONE, lambda flags: (flags & mask == value) != negated)
    return holds(Region(boxes), {PROTOCOL: ((6, 6),)}, False, words)


def _syn(options: Options, words: str, negated: bool, arguments: List[str]) -> Condition:
    return _tcp_flags(options, words, negated, ["FIN,SYN,RST,ACK", "SYN"])


def _icmp(module: str) -> Handler:
    def handler(options: Options, words: str, negated: bool, arguments: List[str]) -> Condition:
        number, family, known = _ICMP_MATCHES[module]
        within: Box = {**family, PROTOCOL: ((number, number),)}
        text = _one(arguments)
        if text == "any" or (text == "255" and number == 1):
            return NEVER if negated else holds(Region(EVERYTHING), within, False, words)
        kind, slash, code = text.partition("/")
        if kind.isdigit():
            value, has_code = int(kind), bool(slash)
        elif text in known:
            value, found = known[text]
            has_code = found is not None
        else:
            raise Unclear("no ICMP type known here", within)
        box: Box = {ICMP_TYPE: ((value, value),)}
        region = Region(NOTHING, (box,), "the code is not looked at") if has_code else Region((box,))
        return holds(region, within, negated, words)

    return handler


def _state(options: Options, words: str, negated: bool, arguments: List[str]) -> Condition:
    wanted = set(_one(arguments).split(","))
    if wanted - set(_STATES) - _NAT_STATES:
        raise Unclear("no state known here")
    bits = {_STATES[name] for name in wanted - _NAT_STATES}
    partition = conntrack_state(options.before_conntrack)
    return holds(Region(where_value(partition, lambda state: (state in bits) != negated)), {}, False, words)


def _status(options: Options, words: str, negated: bool, arguments: List[str]) -> Condition:
    options.conntrack_needed()
    if set(_one(arguments).split(",")) <= _STATUS_NEVER:
        return holds(Region(EVERYTHING), {}, False, words) if negated else NEVER
    raise Unclear()


def _direction(options: Options, words: str, negated: bool, arguments: List[str]) -> Condition:
    options.conntrack_needed()
    original = _one(arguments).upper() == "ORIGINAL"
    return holds(Region(where_value(ZERO, lambda value: original != negated)), {}, False, words)


def _original(inner: Handler) -> Handler:
    """``--ctorig...`` of the first packet is what the client addressed."""

    def handler(options: Options, words: str, negated: bool, arguments: List[str]) -> Condition:
        options.conntrack_needed()
        return inner(options, words, negated, arguments)

    return handler


def _original_port(dimension: int) -> Handler:
    def handler(options: Options, words: str, negated: bool, arguments: List[str]) -> Condition:
        options.conntrack_needed()
        ranges = normal(_pairs(_one(arguments)))
        sure = ({PROTOCOL: _PORTED, dimension: ranges},) if ranges else NOTHING
        return holds(Region(sure, ({PROTOCOL: complement(_PORTED, TOP[PROTOCOL])},)), {}, negated, words)

    return handler


def _conntrack_protocol(options: Options, words: str, negated: bool, arguments: List[str]) -> Condition:
    number = names.protocol_number(_one(arguments))
    if number is None:
        raise Unclear("no protocol known here")
    return holds(Region(({PROTOCOL: ((number, number),)},)), {}, negated, words)


def _types(partition: Partition, known: Dict[str, int], decided: FrozenSet[str]) -> Handler:
    def handler(options: Options, words: str, negated: bool, arguments: List[str]) -> Condition:
        wanted = set(_one(arguments).split(","))
        if not wanted <= decided or options.limits_interface:
            raise Unclear()
        options.notes.add(ASSUMES_OWN_DESTINATION)
        numbers = {known[name] for name in wanted}
        boxes = where_value(partition, lambda value: (value in numbers) != negated)
        return holds(Region(boxes), V4 if options.family == 4 else V6, False, words)

    return handler


def _hop_limit(compare: Callable[[int, int], bool]) -> Handler:
    def handler(options: Options, words: str, negated: bool, arguments: List[str]) -> Condition:
        text = _one(arguments)
        if not text.isdigit():
            raise Unclear("no hop limit")
        sure = where_value(HOP_LIMIT, lambda value: compare(value, int(text)) != negated)
        return holds(Region(sure, HOP_LIMIT_UNKNOWN), V6, False, words)

    return handler


_GENERIC: Dict[str, Handler] = {
    "-p": Options.protocol,
    "-s": _network(SADDR),
    "-d": _network(DADDR),
    "-i": _in_interface,
    "-o": _out_interface,
    "-f": _fragment,
}
_PORT_OPTIONS: Dict[str, Handler] = {"--sport": _ports(SPORT), "--dport": _ports(DPORT)}
_TYPE_NAMES = frozenset(_ADDRESS_TYPES) - {"ANYCAST", "UNSPEC"}
_MATCHES: Dict[str, Dict[str, Handler]] = {
    "tcp": {**_PORT_OPTIONS, "--tcp-flags": _tcp_flags, "--syn": _syn},
    "udp": _PORT_OPTIONS,
    "dccp": _PORT_OPTIONS,
    "sctp": _PORT_OPTIONS,
    "udplite": _PORT_OPTIONS,
    "icmp": {"--icmp-type": _icmp("icmp")},
    "hl": {"--hl-eq": _hop_limit(operator.eq), "--hl-lt": _hop_limit(operator.lt), "--hl-gt": _hop_limit(operator.gt)},
    "icmp6": {"--icmpv6-type": _icmp("icmp6"), "--icmp6-type": _icmp("icmp6")},
    "multiport": {
        "--sports": _ports(SPORT),
        "--dports": _ports(DPORT),
        "--ports": _ports(SPORT, DPORT),
        "--port": _ports(SPORT, DPORT),
    },
    "conntrack": {
        "--ctstate": _state,
        "--ctstatus": _status,
        "--ctdir": _direction,
        "--ctproto": _original(_conntrack_protocol),
        "--ctorigsrc": _original(_network(SADDR)),
        "--ctorigdst": _original(_network(DADDR)),
        "--ctorigsrcport": _original_port(SPORT),
        "--ctorigdstport": _original_port(DPORT),
    },
    "state": {"--state": _state},
    "iprange": {"--src-range": _addresses(SADDR), "--dst-range": _addresses(DADDR)},
    "addrtype": {"--dst-type": _types(DESTINATION_TYPE, _ADDRESS_TYPES, _TYPE_NAMES)},
    "pkttype": {
        "--pkt-type": _types(PACKET_TYPE, names.PACKET_TYPES, frozenset(["host", "unicast", "broadcast", "multicast"]))
    },
}
