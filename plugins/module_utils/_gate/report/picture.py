# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packet filter as lanes to draw: who reaches which ports, required against actual.

One lane is a set of sources that fare alike at a port. What the picture says is computed from the openings; what it means for
the verdict is the judge's business.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from ..dataclass import dataclass
from ..packetfilter.addresses import ADDRESS_TOP, cidrs, range_of
from ..packetfilter.intervals import contains, minus, normal
from ..packetfilter.model import Intervals

#: How the sources of a lane fare: what is required and open, required and closed, open and not required, open as it may be,
#: required and open in part only (``remark``), or not decided.
OPEN, CLOSED, SURPLUS, ALLOWED, PARTLY, UNSURE = "open", "closed", "surplus", "allowed", "partly", "unsure"
#: No client comes from there: the kernel lets none in from outside, or nobody has them.
_NEVER_ARRIVE = {
    4: ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3"),
    6: ("::/127", "::ffff:0:0/96", "ff00::/8"),
}
_FAMILIES = {"ipv4": 4, "ipv6": 6}
_TRANSPORTS = ("tcp", "udp", "sctp")
_TOP_PORT = 65535
_MOST_SOURCES = 4
_Range = Tuple[int, int]
_State = Tuple[str, str]


@dataclass(frozen=True)
class Lane:
    """``sources``: for people. ``remark``: under which condition, or what the doubt is."""

    sources: str
    state: str
    remark: str = ""


@dataclass(frozen=True)
class Door:
    """Ports that fare alike: ``25 smtp``, ``udp 53, 5353``."""

    label: str
    lanes: Sequence[Lane]


def doors_of(host: Mapping[str, Any]) -> Optional[List[Door]]:
    """The doors of a host of the document, by port; None where its packet filter was not looked at."""
    if "openings" not in host:
        return None
    doors: Dict[Tuple[str, Sequence[Lane], str], List[_Range]] = {}
    for transport in _TRANSPORTS:
        entries = [entry for entry in map(_entry, host["openings"]) if entry.covers(transport)]
        needs = [need for need in host["requirements"] if need["transport"] == transport]
        for first, last in _segments(entries, needs):
            here = [entry for entry in entries if contains(entry.ports, first)]
            need = next((need for need in needs if need["port"] == first == last), None)
            lanes = tuple(_lanes(here, need, set(host["interfaces"])))
            service = need["service"] if need else ""
            if lanes:
                doors.setdefault((transport, lanes, service), []).append((first, last))
    return [
        Door(_label(transport, ranges, service), lanes)
        for (transport, lanes, service), ranges in sorted(doors.items(), key=_by_port)
    ]


def _by_port(item: Tuple[Tuple[str, Sequence[Lane], str], List[_Range]]) -> Tuple[int, int]:
    (transport, _lanes_, _service), ranges = item
    return _TRANSPORTS.index(transport), ranges[0][0]


@dataclass(frozen=True)
class _Entry:
    family: int
    protocol: str
    ports: Intervals
    sources: Intervals
    interfaces: Sequence[str]
    certain: bool
    condition: str
    doubt: str

    def covers(self, transport: str) -> bool:
        if self.protocol.startswith("any but "):
            return transport not in self.protocol[len("any but ") :].split(", ")
        return self.protocol in (transport, "any")


def _entry(opening: Mapping[str, Any]) -> _Entry:
    family = _FAMILIES[opening["family"]]
    sources = minus(_networks(family, opening["sources"]), _networks(family, opening.get("sources_except", ())))
    conditions = opening.get("conditions", {})
    words = {
        "source_ports": "source port",
        "destinations": "to",
        "destinations_except": "but not to",
        "icmp_types": "type",
    }
    return _Entry(
        family,
        str(opening["protocol"]),
        normal(_port_range(text) for text in opening.get("ports", [f"0-{_TOP_PORT}"])),
        minus(sources, _networks(family, _NEVER_ARRIVE[family])),
        opening.get("interfaces", ()),
        opening.get("certainty", "always") == "always",
        ", ".join("{} {}".format(words.get(name, name), _listed(texts)) for name, texts in sorted(conditions.items())),
        _listed(opening.get("depends_on", ())),
    )


def _port_range(text: str) -> _Range:
    first, _dash, last = text.partition("-")
    return int(first), int(last or first)


def _networks(family: int, texts: Iterable[str]) -> Intervals:
    ranges = [range_of(text) for text in texts]
    return normal((first, last) for version, first, last in ranges if version == family)


def _segments(entries: Sequence[_Entry], needs: Sequence[Mapping[str, Any]]) -> List[_Range]:
    """The ports, cut wherever anything changes."""
    starts: Set[int] = {0}
    for entry in entries:
        for first, last in entry.ports:
            starts |= {first, last + 1}
    for need in needs:
        starts |= {need["port"], need["port"] + 1}
    cuts = sorted(start for start in starts if start <= _TOP_PORT) + [_TOP_PORT + 1]
    return [(first, following - 1) for first, following in zip(cuts, cuts[1:])]


def _lanes(entries: Sequence[_Entry], need: Optional[Mapping[str, Any]], interfaces: Set[str]) -> List[Lane]:
    sets: Dict[_State, Dict[int, List[_Range]]] = {}
    for family in (4, 6):
        mine = [entry for entry in entries if entry.family == family]
        required = _required(family, need)
        for first, last in _atoms(mine, required):
            covering = [entry for entry in mine if contains(entry.sources, first)]
            state = _state(covering, contains(required, first), need, interfaces)
            if state:
                sets.setdefault(state, {}).setdefault(family, []).append((first, last))
    order = (OPEN, ALLOWED, PARTLY, CLOSED, UNSURE, SURPLUS)
    return [
        Lane(_sources(families), state, remark)
        for (state, remark), families in sorted(sets.items(), key=lambda item: (order.index(item[0][0]), item[0][1]))
    ]


def _required(family: int, need: Optional[Mapping[str, Any]]) -> Intervals:
    if need is None or need.get("closed"):
        return ()
    everyone: Intervals = ((0, ADDRESS_TOP[family]),)
    wanted = everyone if need["from"] == ["any"] else _networks(family, need["from"])
    return minus(wanted, _networks(family, _NEVER_ARRIVE[family]))


def _atoms(entries: Sequence[_Entry], required: Intervals) -> List[_Range]:
    """The sources, cut wherever anything changes."""
    ranges = [each for entry in entries for each in entry.sources] + list(required)
    cuts = sorted({first for first, _last in ranges} | {last + 1 for _first, last in ranges})
    return [(first, following - 1) for first, following in zip(cuts, cuts[1:])]


def _state(
    covering: Sequence[_Entry], required: bool, need: Optional[Mapping[str, Any]], interfaces: Set[str]
) -> Optional[_State]:
    """How one source fares at one port; None where nothing is required and nothing open."""
    sure = [entry for entry in covering if entry.certain]
    whole = {name for entry in sure if not entry.condition for name in entry.interfaces}
    optional = bool(need and need.get("optional"))
    if not covering:
        return (CLOSED, "") if required and not optional else None
    if not sure:
        return UNSURE, _listed(dict.fromkeys(entry.doubt for entry in covering))
    remark = "" if whole >= interfaces else _listed(dict.fromkeys(_condition(entry, interfaces) for entry in sure))
    if not required:
        return SURPLUS, remark
    if optional:
        return ALLOWED, remark
    return (PARTLY, remark) if remark else (OPEN, "")


def _condition(entry: _Entry, interfaces: Set[str]) -> str:
    parts = []
    if not set(entry.interfaces) >= interfaces:
        parts.append("on " + ", ".join("other interfaces" if name == "*" else name for name in entry.interfaces))
    return " ".join(parts + ([entry.condition] if entry.condition else []))


def _sources(families: Mapping[int, Sequence[_Range]]) -> str:
    texts = []
    for family, ranges in sorted(families.items()):
        everyone = minus(((0, ADDRESS_TOP[family]),), _networks(family, _NEVER_ARRIVE[family]))
        joined = normal(ranges)
        if joined == everyone:
            texts.append(f"anyone over IPv{family}")
            continue
        left_out = minus(everyone, joined)
        if len(left_out) < len(joined):
            texts.append(f"anyone over IPv{family} but {_listed(cidrs(family, left_out))}")
        else:
            texts.append(_listed(cidrs(family, joined)))
    return "anyone" if texts == ["anyone over IPv4", "anyone over IPv6"] else "; ".join(texts)


def _listed(texts: Iterable[str]) -> str:
    named = [text for text in texts if text]
    more = len(named) - _MOST_SOURCES
    return ", ".join(named[:_MOST_SOURCES]) + (f" and {more} more" if more > 0 else "")


def _label(transport: str, ranges: Sequence[_Range], service: str) -> str:
    joined = normal(ranges)
    ports = (
        "any port"
        if joined == ((0, _TOP_PORT),)
        else _listed(str(first) if first == last else f"{first}-{last}" for first, last in joined)
    )
    named = service if not service.startswith(ports + "/") else ""
    return " ".join(part for part in ("" if transport == "tcp" else transport, ports, named) if part)
