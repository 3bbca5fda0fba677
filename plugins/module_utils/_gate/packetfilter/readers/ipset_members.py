# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which packets are in an ipset: ``-m set --match-set NAME src,dst``.

The kernel builds an element from the packet, one part for each part of the set's type, each from the packet's source or
destination as the rule's flags say, and looks it up (net/netfilter/ipset). Of networks, the most specific one decides;
it may say ``nomatch``.
"""

from __future__ import annotations

from typing import Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

from ..intervals import normal
from ..model import (
    ANY,
    DADDR,
    DPORT,
    FAMILY,
    ICMP_CODE,
    ICMP_TYPE,
    IIF,
    MARK,
    OIF,
    PORT_PROTOCOLS,
    PROTOCOL,
    SADDR,
    SPORT,
    TOP,
    Box,
    address_range,
    interface_range,
    interface_value,
)
from ..regions import combine
from . import names
from .addresses import address, mask_length, network, prefix_range
from .conditions import EVERYTHING, NOTHING, Region, Unclear, merged
from .ipset import Element, IpSet

#: Protocols whose ports the kernel reads for sets (ip_set_getport.c); all others have port 0 there.
_PORTED = {name: number for name, number in PORT_PROTOCOLS.items() if name != "dccp"}
_ICMP = {
    "icmp": (1, names.IPTABLES_ICMP),
    "icmpv6": (58, names.IPTABLES_ICMPV6),
    "ipv6-icmp": (58, names.IPTABLES_ICMPV6),
}
_TCP_AND_UDP = ((6, 6), (17, 17))
#: Above this many pairs, an exception (``nomatch``) in a set of two networks is not followed exactly.
_FEW = 64

_Part = Tuple[Box, bool]  # the packets, and whether their being in it is in doubt


class Sets:
    """All sets at hand, and what is in them. ``dynamic``: names of sets that rules add to or delete from."""

    def __init__(self, sets: Mapping[str, IpSet], dynamic: FrozenSet[str] = frozenset()) -> None:
        self.sets = sets
        self.dynamic = dynamic
        self._regions: Dict[Tuple[str, int, Tuple[str, ...], bool], Region] = {}

    def region(self, name: str, family: int, flags: Sequence[str], nomatch: bool = False) -> Region:
        """The packets that are in the set.

        :param family: 4 or 6, of the rule. ``flags``: ``src`` and ``dst``. ``nomatch``: ``--return-nomatch``.
        :raises Unclear: for a set that is not at hand.
        """
        key = (name, family, tuple(flags), nomatch)
        found = self._regions.get(key)
        if found is None:
            found = self._regions[key] = self._find(name, family, flags, nomatch, frozenset())
        return found

    def _find(self, name: str, family: int, flags: Sequence[str], nomatch: bool, above: FrozenSet[str]) -> Region:
        entry = self.sets.get(name)
        if entry is None:
            raise Unclear("what is in set {0} is not known".format(name))
        if entry.kind == "list:set":
            region = self._list(entry, family, flags, nomatch, above)
        elif (entry.family and entry.family != family) or len(flags) < len(entry.parts):
            return Region(NOTHING)
        else:
            region = _Members(entry, family, flags, nomatch).region()
        if name in self.dynamic:
            return Region(NOTHING, EVERYTHING, "rules change set {0}".format(name), True)
        return region

    def _list(self, entry: IpSet, family: int, flags: Sequence[str], nomatch: bool, above: FrozenSet[str]) -> Region:
        if entry.name in above:
            raise Unclear("set {0} is in itself".format(entry.name))
        sure: List[Box] = []
        unsure: List[Box] = []
        reasons: List[Region] = []
        for element in entry.elements():
            region = self._find(element.parts[0], family, flags, nomatch, above | {entry.name})
            (unsure if element.expires else sure).extend(region.sure)
            unsure.extend(region.unsure)
            reasons.append(region)
        whys = sorted({region.why for region in reasons if region.why})
        run_time = all(region.run_time for region in reasons if region.unsure)
        return Region(merged(sure), merged(unsure), ", ".join(whys), run_time)


class _Members:
    """One set, as one combination of flags looks at it."""

    def __init__(self, entry: IpSet, family: int, flags: Sequence[str], nomatch: bool) -> None:
        self.entry = entry
        self.family = family
        self.nomatch = nomatch
        self.parts = list(zip(entry.parts, (flag == "src" for flag in flags)))
        self.bits = self._prefix_length()
        self.not_understood = False

    def _prefix_length(self) -> Optional[int]:
        """Of the options ``netmask`` and ``bitmask``: the leading bits of an address that count."""
        given = self.entry.options.get("netmask") or self.entry.options.get("bitmask")
        if not given:
            return None
        length = names.decimal(given, 128)
        if length is None:
            length = mask_length(address(given, self.family), self.family)
        if length is None:
            raise Unclear("set {0} has a mask with gaps".format(self.entry.name))
        return length

    def region(self) -> Region:
        part, source = self.parts[0]
        values = self.entry.bare_values() if part in ("ip", "net") else None
        if values is not None and not self.nomatch:
            found = normal(map(self._range, values))
            return Region(({SADDR if source else DADDR: found},) if found else NOTHING)
        elements = self.entry.elements()
        if self.entry.kind != "bitmap:ip,mac":  # where the second part may be missing
            for element in elements:
                if len(element.parts) != len(self.parts):
                    raise Unclear("an element of set {0} is {1}".format(self.entry.name, ",".join(element.parts)[:80]))
        nets = [position for position, (part, _source) in enumerate(self.parts) if part == "net"]
        exceptions = [element for element in elements if element.nomatch]
        if not nets:
            if exceptions:
                raise Unclear("set {0} has nomatch, and no networks".format(self.entry.name))
            return self._without_exceptions(elements)
        if not exceptions and "iface" not in self.entry.parts:
            return Region(NOTHING) if self.nomatch else self._without_exceptions(elements)
        if len(nets) > 1:
            return self._two_networks(elements)
        return self._most_specific(elements, nets[0])

    def _without_exceptions(self, elements: Sequence[Element]) -> Region:
        lasting: List[Box] = []
        unsure: List[Box] = []
        if len(self.parts) == 1 and self.parts[0][0] in ("ip", "net"):
            dimension = SADDR if self.parts[0][1] else DADDR
            for expires, boxes in ((False, lasting), (True, unsure)):
                found = normal(self._range(element.parts[0]) for element in elements if element.expires == expires)
                boxes.extend([{dimension: found}] if found else [])
            return self._regions(lasting, unsure, any(element.expires for element in elements))
        expiring = False
        for element in elements:
            box, in_doubt = self._box(element)
            expiring = expiring or element.expires
            (unsure if in_doubt or element.expires else lasting).append(box)
        return self._regions(lasting, unsure, expiring)

    def _regions(self, sure: Sequence[Box], unsure: Sequence[Box], expiring: bool) -> Region:
        """``expiring``: elements that disappear are among the unsure ones."""
        if not unsure:
            return Region(merged(sure))
        why = "elements of set {0} {1}".format(
            self.entry.name, "are not understood" if self.not_understood else "expire"
        )
        return Region(merged(sure), merged(unsure), why, expiring and not self.not_understood)

    def _most_specific(self, elements: Sequence[Element], net: int) -> Region:
        """Of a set with one network in its elements: for each of the other parts, the innermost network decides.

        The kernel looks at interfaces after the network: where the network has elements, a wider one is not looked for.
        """
        groups: Dict[Tuple[str, ...], Dict[Tuple[int, int], List[Element]]] = {}
        for element in elements:
            others = tuple(
                text for place, text in enumerate(element.parts) if place != net and self.parts[place][0] != "iface"
            )
            groups.setdefault(others, {}).setdefault(self._range(element.parts[net]), []).append(element)
        dimension = SADDR if self.parts[net][1] else DADDR
        sure: List[Box] = []
        unsure: List[Box] = []
        for by_network in groups.values():
            for first, last, owners in _innermost(by_network):
                within: Box = {dimension: ((first, last),)}
                self._of_network(by_network, owners, within, sure, unsure)
        return self._regions(sure, unsure, any(element.expires for element in elements))

    def _of_network(
        self,
        by_network: Mapping[Tuple[int, int], List[Element]],
        owners: Sequence[Tuple[int, int]],
        within: Box,
        sure: List[Box],
        unsure: List[Box],
    ) -> None:
        """``owners``: the networks around the segment ``within``, the innermost one first."""
        certain = True
        for owner in owners:
            here = by_network[owner]
            wanted = [self._box(element)[0] for element in here if element.nomatch == self.nomatch]
            boxes = [box for box in (combine(one, within) for one in wanted) if box is not None]
            opposed = len(wanted) < len(here) and len(here) > 1  # which of two that fit is found first is open
            expires = any(element.expires for element in here)
            (sure if certain and not opposed and not expires else unsure).extend(boxes)
            if not expires:
                return
            certain = False  # a wider one decides once these are gone

    def _two_networks(self, elements: Sequence[Element]) -> Region:
        exceptions = [self._box(element)[0] for element in elements if element.nomatch]
        sure: List[Box] = []
        unsure: List[Box] = []
        if self.nomatch or len(exceptions) > _FEW:
            self.not_understood = True
            return self._regions((), [self._box(element)[0] for element in elements], False)
        for element in elements:
            if element.nomatch:
                continue
            box, in_doubt = self._box(element)
            touched = any(combine(box, exception) is not None for exception in exceptions)
            self.not_understood = self.not_understood or touched
            (unsure if touched or in_doubt or element.expires else sure).append(box)
        return self._regions(sure, unsure, any(element.expires for element in elements))

    def _range(self, text: str) -> Tuple[int, int]:
        start, dash, last = text.partition("-")
        if dash:
            return address_range(self.family, address(start, self.family), address(last, self.family))
        if self.bits is not None and "/" not in text:
            return network(address(text, self.family), self.bits, self.family)
        return prefix_range(text, self.family)

    def _box(self, element: Element) -> _Part:
        """The packets that the element stands for (``net`` alike ``ip``)."""
        result: Optional[Box] = ANY
        doubtful = "mac" in self.entry.parts  # what a client cannot choose from afar
        for (part, source), text in zip(self.parts, element.parts):
            if part in ("ip", "net"):
                box: Optional[Box] = {SADDR if source else DADDR: (self._range(text),)}
            elif part == "port":
                box = self._port(text, source)
            elif part == "iface":
                box = _interface(text, source, element.wildcard)
            elif part == "mark":
                box = self._mark(text)
            elif part == "mac":
                box = ANY
            else:
                raise Unclear("sets of type {0} are not known".format(self.entry.kind))
            result = None if box is None or result is None else combine(result, box)
        self.not_understood = self.not_understood or doubtful
        return _NO_PACKET if result is None else result, doubtful

    def _port(self, text: str, source: bool) -> Box:
        name, colon, value = text.rpartition(":")
        dimension = SPORT if source else DPORT
        if not colon:
            ranges = normal([_pair(value)])
            return {PROTOCOL: _TCP_AND_UDP if self.entry.kind == "bitmap:port" else ((6, 6),), dimension: ranges}
        if name in _PORTED:
            return {PROTOCOL: ((_PORTED[name], _PORTED[name]),), dimension: normal([_pair(value)])}
        if name in _ICMP:
            number, known = _ICMP[name]
            kind, code = _icmp(value, known)
            return {PROTOCOL: ((number, number),), ICMP_TYPE: ((kind, kind),), ICMP_CODE: ((code, code),)}
        protocol = names.protocol_number(name)
        if protocol is None:
            raise Unclear("no protocol known here: {0}".format(text))
        return {PROTOCOL: ((protocol, protocol),)} if value == "0" else _NO_PACKET

    def _mark(self, text: str) -> Box:
        try:
            mask, value = int(self.entry.options.get("markmask", "0xffffffff"), 0), int(text, 0)
        except ValueError:
            raise Unclear("no mark: {0}".format(text)) from None
        if mask != TOP[MARK]:
            raise Unclear("set {0} has a mask of marks".format(self.entry.name))
        return {MARK: ((value, value),)}


#: Constraints that no packet meets (there is no third family).
_NO_PACKET: Box = {FAMILY: ((0, 0),)}


def _pair(text: str) -> Tuple[int, int]:
    first, _dash, last = text.partition("-")
    low, high = names.port_number(first), names.port_number(last or first)
    if low is None or high is None:
        raise Unclear("no port known here: {0}".format(text))
    return (low, high)


def _icmp(text: str, known: Mapping[str, Tuple[int, Optional[int]]]) -> Tuple[int, int]:
    """An element has one code; names without one stand for code 0."""
    kind, _slash, code = text.partition("/")
    number, given = names.decimal(kind, 255), names.decimal(code or "0", 255)
    if number is not None and given is not None:
        return number, given
    if text not in known:
        raise Unclear("no ICMP type known here: {0}".format(text))
    return known[text][0], known[text][1] or 0


def _interface(text: str, source: bool, wildcard: bool) -> Box:
    """Elements with ``physdev:`` are looked at for bridged frames alone, by no rule of iptables."""
    if text.startswith("physdev:"):
        return _NO_PACKET
    pair = interface_range(text + "*", "*") if wildcard else (interface_value(text), interface_value(text))
    return {IIF if source else OIF: (pair,)}


_Network = Tuple[int, int]


def _innermost(networks: Mapping[_Network, object]) -> List[Tuple[int, int, List[_Network]]]:
    """Segments that have the same networks around them: (first, last, networks, the innermost one first).

    Networks lie in one another or apart, so a stack of open ones suffices.
    """
    result: List[Tuple[int, int, List[_Network]]] = []
    stack: List[_Network] = []
    start = 0

    def until(last: int) -> None:
        if stack and start <= last:
            result.append((start, last, stack[::-1]))

    for pair in sorted(networks, key=lambda one: (one[0], -one[1])):
        while stack and stack[-1][1] < pair[0]:
            until(stack[-1][1])
            start = stack.pop()[1] + 1
        until(pair[0] - 1)
        start = pair[0]
        stack.append(pair)
    while stack:
        until(stack[-1][1])
        start = stack.pop()[1] + 1
    return result
