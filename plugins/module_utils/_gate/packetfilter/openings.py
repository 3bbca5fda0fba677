# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is open, as plain data and as lines for people: the packet filter's contract (docs/architecture.md)."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Iterator, List, Mapping, Sequence, Tuple

from ..dataclass import dataclass
from .addresses import address_text, cidrs, cidrs_or_all_but, question, range_of
from .diagram import Space
from .evaluate import Acceptance, Delivery
from .intervals import intersect
from .model import (
    DADDR,
    DPORT,
    FAMILY,
    ICMP_CODE,
    ICMP_TYPE,
    IIF,
    PORT_PROTOCOLS,
    PROTOCOL,
    SADDR,
    SPORT,
    TOP,
    Box,
    Intervals,
    Where,
)
from .names import PROTOCOLS, InterfaceNames, ProtocolName, icmp_type_texts, range_texts, split_protocols
from .regroup import port_first
from .routing import LOOPBACKS

__all__ = ["cidrs", "describe", "lines", "openings", "question", "range_of", "rule_text"]

Opening = Dict[str, Any]

_FAMILIES = {4: "ipv4", 6: "ipv6"}
_FAMILY_TEXTS = {"ipv4": "IPv4", "ipv6": "IPv6"}
_ANYONE = (["0.0.0.0/0"], ["::/0"])
_MOST_RULES = 10
_MOST_NETWORKS = 6


@dataclass(frozen=True)
class _Part:
    """A box of one family and one entry's worth of protocols."""

    family: int
    protocol: ProtocolName
    box: Box


def openings(acceptance: Acceptance) -> Tuple[List[Opening], List[str]]:
    """All that may get in, as disjoint entries, sorted; and the interfaces that stand for themselves in them, so that
    ``*`` means every other one.

    An entry: ``family`` (ipv4, ipv6), ``protocol`` (a name, a number without a name, ``any``, ``any but tcp, udp``),
    ``ports`` (unless the protocol has none), ``sources`` (CIDRs) without ``sources_except`` (CIDRs), ``interfaces``,
    ``path`` (``input``, or ``forward`` to another host), ``to`` where NAT or routes lead elsewhere (see `destinations`),
    ``certainty`` (``always``; ``sometimes`` or ``unknown`` with ``depends_on``), ``conditions`` (``source_ports``,
    ``destinations``, ``destinations_except``, ``icmp_types``, ``icmp_codes``, where they matter), ``rules`` (the first 10).
    """
    space = acceptance.space
    regions = {"always": acceptance.must, "sometimes": acceptance.sometimes, "unknown": acceptance.unknown}
    delivered = destinations(acceptance)
    view = _View(acceptance, tuple(regions.values()))
    rules = _Finder(space, [(rule_text(where), node) for where, node in acceptance.accepts])
    doubts = _Finder(space, [(doubt.text, doubt.node) for doubt in acceptance.doubts])
    found: List[Tuple[Tuple[object, ...], Opening]] = []
    for certainty, region in regions.items():
        for path, to, inside in delivered:
            for part in _parts(space, space.intersect(region, inside)):
                entry = view.entry(part)
                node = space.intersect(space.box(part.box), inside)
                entry["path"] = path
                if to:
                    entry["to"] = to
                entry["certainty"] = certainty
                if certainty != "always":
                    entry["depends_on"] = doubts.texts(node, _MOST_RULES)
                entry["rules"] = rules.texts(node, _MOST_RULES)
                found.append((_order(part) + (path, to, certainty), entry))
    found.sort(key=lambda pair: pair[0])
    return [entry for _key, entry in found], view.interfaces


def destinations(acceptance: Acceptance) -> List[Tuple[str, str, int]]:
    """What of ``may`` goes where: path, words for it (empty: the host itself, as it was addressed), region. The regions
    are disjoint; where it is not known which of several destinations, the words name all of them."""
    space = acceptance.space
    atoms: List[Tuple[str, Tuple[str, ...], int]] = []
    seen = space.empty
    for delivery in acceptance.deliveries:
        rest, words = delivery.node, delivery_text(delivery)
        if space.meet(seen, rest):
            cut: List[Tuple[str, Tuple[str, ...], int]] = []
            for path, texts, node in atoms:
                shared = space.intersect(node, rest)
                rest = space.minus(rest, node)
                joined = texts if words in texts else texts + (words,)
                joined_path = path if path == delivery.path else "forward"
                cut += [(path, texts, space.minus(node, shared)), (joined_path, joined, shared)]
            atoms = [atom for atom in cut if atom[2] != space.empty]
        if rest != space.empty:
            atoms.append((delivery.path, (words,), rest))
        seen = space.union(seen, delivery.node)
    rest = space.minus(acceptance.may, seen)
    if rest != space.empty:
        atoms.append(("input", ("",), rest))
    together: Dict[Tuple[str, str], List[int]] = {}
    for path, texts, node in atoms:
        shown = texts[0] if len(texts) == 1 else " or ".join(text or "the host itself" for text in texts)
        together.setdefault((path, shown), []).append(node)
    return [(path, shown, space.union_all(nodes)) for (path, shown), nodes in together.items()]


def delivery_text(delivery: Delivery) -> str:
    """``172.17.0.2:25 on docker0``, ``port 25``, ``127.0.0.1:3306 on loopback`` (where programs listen for the host alone); empty
    for the host itself, as it was addressed."""
    port = "" if delivery.to_port is None else "port {0}".format(delivery.to_port)
    loopback = delivery.to_address is not None and _is_loopback(*delivery.to_address)
    if delivery.path == "input" and port and not loopback:
        return port
    if delivery.to_address is not None:
        address = address_text(*delivery.to_address)
        shown = "[{0}]".format(address) if delivery.to_address[0] == 6 and port else address
        text = shown if delivery.to_port is None else "{0}:{1}".format(shown, delivery.to_port)
    elif delivery.path == "input":
        return ""
    else:
        text = port or ("another address" if delivery.translated else "the addressed host")
    if delivery.path == "forward":
        return "{0} on {1}".format(text, delivery.interface or "an interface that is not known")
    return text + " on loopback" if loopback else text


def _is_loopback(family: int, value: int) -> bool:
    first, last = LOOPBACKS[family]
    return first <= value <= last


def lines(acceptance: Acceptance, region: int) -> List[str]:
    """Any region of the question's packets in words, sorted: ``tcp 25,587 from any (IPv4, IPv6)``."""
    view = _View(acceptance, (region,))
    families: Dict[str, List[str]] = {}
    for part in sorted(_parts(acceptance.space, region), key=_order):
        entry = view.entry(part)
        text = view.line(part, entry)
        names = families.setdefault(text, [])
        if entry["family"] not in names:
            names.append(entry["family"])
    found = [
        "{0} ({1})".format(text, ", ".join(_FAMILY_TEXTS[name] for name in names)) for text, names in families.items()
    ]
    return list(dict.fromkeys(found))


def describe(acceptance: Acceptance, region: int, brief: bool = False) -> str:
    """The same as one text, a line each; or in ``brief`` the protocols and ports alone: ``tcp 25,587; icmp``."""
    if not brief:
        return "\n".join(lines(acceptance, region))
    parts = sorted(_parts(acceptance.space, region), key=lambda part: _order(part)[1:])
    return "; ".join(dict.fromkeys(_service(part.protocol, part.box) for part in parts))


def rule_text(where: Where) -> str:
    """``inet filter input handle 9``, ``iptables filter INPUT line 12``"""
    kind = where.family if where.source == "nft" else where.source
    return " ".join((kind, where.table, where.chain, where.position))


def _parts(space: Space, region: int) -> Iterator[_Part]:
    by_kind: Dict[Tuple[int, ProtocolName], List[Box]] = {}
    for path in space.paths(region):
        for family, _same in path.get(FAMILY, ((4, 4), (6, 6))):
            for protocol, numbers in split_protocols(path.get(PROTOCOL, ((0, TOP[PROTOCOL]),))):
                box = dict(path)
                box[FAMILY], box[PROTOCOL] = ((family, family),), numbers
                by_kind.setdefault((family, protocol), []).append(box)
    for (family, protocol), boxes in by_kind.items():
        for part in port_first(boxes):
            yield _Part(family, protocol, part)


def _order(part: _Part) -> Tuple[object, ...]:
    """Family, protocol, port; then everything else, so that the order is total."""
    box = part.box
    rest = tuple(box.get(dim, ()) for dim in (ICMP_TYPE, ICMP_CODE, SADDR, IIF, SPORT, DADDR))
    return (part.family, box[PROTOCOL], box.get(DPORT, ((0, TOP[DPORT]),)), rest)


class _View:
    """Says boxes in words, leaving out what is true of every packet asked about."""

    def __init__(self, acceptance: Acceptance, regions: Sequence[int]) -> None:
        space = acceptance.space
        self.inputs = space.values(acceptance.question, IIF)
        families = {family: space.box({FAMILY: ((family, family),)}) for family in _FAMILIES}
        self.destinations = {
            family: space.values(space.intersect(acceptance.question, node), DADDR) for family, node in families.items()
        }
        self.names = InterfaceNames(acceptance.interfaces + self.inputs)
        self.interfaces = self.names.told_apart([self.inputs] + _inputs(space, regions))

    def entry(self, part: _Part) -> Opening:
        family, box = part.family, part.box
        entry: Opening = {"family": _FAMILIES[family], "protocol": part.protocol}
        if _has_ports(part.protocol) or DPORT in box:
            entry["ports"] = range_texts(box.get(DPORT, ((0, TOP[DPORT]),)))
        everyone: Intervals = ((0, TOP[SADDR]),)
        entry["sources"], left_out = cidrs_or_all_but(family, box.get(SADDR, everyone), everyone)
        if left_out:
            entry["sources_except"] = left_out
        here = self.names.labels(intersect(box.get(IIF, ((0, TOP[IIF]),)), self.inputs))
        entry["interfaces"] = [label for label in self.interfaces if label in here]
        conditions = self._conditions(part)
        if conditions:
            entry["conditions"] = conditions
        return entry

    def _conditions(self, part: _Part) -> Dict[str, List[str]]:
        family, box = part.family, part.box
        conditions: Dict[str, List[str]] = {}
        if SPORT in box:
            conditions["source_ports"] = range_texts(box[SPORT])
        if DADDR in box:
            here, left_out = cidrs_or_all_but(family, box[DADDR], self.destinations[family])
            if left_out or here not in _ANYONE:
                conditions["destinations"] = here
            if left_out:
                conditions["destinations_except"] = left_out
        if ICMP_TYPE in box:
            conditions["icmp_types"] = icmp_type_texts(box[PROTOCOL][0][0], box[ICMP_TYPE])
        if ICMP_CODE in box:
            conditions["icmp_codes"] = range_texts(box[ICMP_CODE])
        return conditions

    def line(self, part: _Part, entry: Mapping[str, Any]) -> str:
        conditions = entry.get("conditions", {})
        text = _service(part.protocol, part.box)
        if "icmp_types" in conditions:
            text += " " + ",".join(conditions["icmp_types"])
        if "icmp_codes" in conditions:
            text += " code " + ",".join(conditions["icmp_codes"])
        text += " from " + _networks(entry["sources"], entry.get("sources_except", ()))
        if intersect(part.box.get(IIF, self.inputs), self.inputs) != self.inputs:
            text += " on " + ",".join("other interfaces" if n == "*" else n for n in entry["interfaces"])
        if "destinations" in conditions:
            text += " to " + _networks(conditions["destinations"], conditions.get("destinations_except", ()))
        if "source_ports" in conditions:
            text += " with source port " + ",".join(conditions["source_ports"])
        return text


def _inputs(space: Space, regions: Iterable[int]) -> List[Intervals]:
    """All different sets of input interfaces that the regions' boxes have."""
    everywhere: Intervals = ((0, TOP[IIF]),)
    return list(dict.fromkeys(path.get(IIF, everywhere) for region in regions for path in space.paths(region)))


def _has_ports(protocol: ProtocolName) -> bool:
    return protocol in PORT_PROTOCOLS or protocol not in PROTOCOLS.values() and not isinstance(protocol, int)


def _service(protocol: ProtocolName, box: Box) -> str:
    name = "protocol {0}".format(protocol) if isinstance(protocol, int) else protocol
    name = name.replace("any", "any protocol", 1) if name.startswith("any") else name
    if DPORT in box:
        return "{0} {1}".format(name, ",".join(range_texts(box[DPORT])))
    return "{0} any port".format(name) if protocol in PORT_PROTOCOLS else name


def _networks(included: Sequence[str], left_out: Sequence[str]) -> str:
    text = "any" if list(included) in _ANYONE else ",".join(_shortened(included, _MOST_NETWORKS))
    return text + (" but " + ",".join(_shortened(left_out, _MOST_NETWORKS)) if left_out else "")


def _shortened(texts: Sequence[str], most: int) -> List[str]:
    """At most so many, the last of which says how many more there are."""
    if len(texts) <= most:
        return list(texts)
    return list(texts[: most - 1]) + ["and {0} more".format(len(texts) - most + 1)]


class _Finder:
    """Which of many labelled regions meet a given one: a tree of unions, so that one look need not visit them all."""

    def __init__(self, space: Space, labelled: Sequence[Tuple[str, int]]) -> None:
        self.space = space
        nodes: Dict[str, List[int]] = {}
        for text, node in labelled:
            nodes.setdefault(text, []).append(node)
        self.texts_in_order = list(nodes)
        self.levels = [[space.union_all(some) for some in nodes.values()]]
        while len(self.levels[-1]) > 1:
            below = self.levels[-1]
            self.levels.append([space.union_all(below[i : i + 2]) for i in range(0, len(below), 2)])

    def texts(self, region: int, most: int) -> List[str]:
        """The first labels, at most so many; ``and more`` after them where there are more."""
        result: List[str] = []
        waiting = [(len(self.levels) - 1, 0)]
        while waiting:
            level, index = waiting.pop()
            if index >= len(self.levels[level]) or not self.space.meet(self.levels[level][index], region):
                continue
            if level > 0:
                waiting += [(level - 1, 2 * index + 1), (level - 1, 2 * index)]
            elif len(result) == most:
                return result + ["and more"]
            else:
                result.append(self.texts_in_order[index])
        return result
