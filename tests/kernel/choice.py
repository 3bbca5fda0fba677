# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which packets to try: the borders in a ruleset's text, the borders of the analysis' answer, and chance.

The text is searched with regular expressions, so that what a reader overlooks is tried all the same.
"""

from __future__ import annotations

import ipaddress
import random
import re
from typing import Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from _gate.packetfilter import model
from _gate.packetfilter.diagram import Space
from arrangements import INTERFACES
from lab import ARRIVALS, ROUNDS
from packets import DCCP, GRE, ICMP, ICMPV6, PORTED, SCTP, SOURCE, TARGET, TCP, UDP, Probe, number_of_address

#: The kernel's input path takes these destinations and sources for the host's; others never reach the input hook.
_REACHABLE = {
    family: tuple((number_of_address(first), number_of_address(last)) for first, last in ranges)
    for family, ranges in (
        (4, (("1.0.0.0", "126.255.255.255"), ("128.0.0.0", "223.255.255.255"), ("240.0.0.0", "255.255.255.254"))),
        (6, (("1::", "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),)),
    )
}

#: The types that the analysis answers for where connection states matter: those that open a connection, and IPv6's
#: neighbour discovery and listener messages, which are untracked. Others out of the blue are invalid to conntrack.
OPENING_TYPES = {ICMP: (8, 13, 15, 17), ICMPV6: (128, *range(130, 137), 139, 143)}
OTHER_PROTOCOLS = (SCTP, DCCP, GRE, 50, 89, 103, 200)

_ADDRESS4 = re.compile(r"(?<![\w.:])\d+\.\d+\.\d+\.\d+(?:/\d+)?")
_ADDRESS6 = re.compile(r"(?<![\w.:])[0-9a-f]*:[0-9a-f:]*:[0-9a-f:]*(?:/\d+)?")
_NUMBER = re.compile(r"(?<![\w.:/])\d{1,5}(?![\w.:]*[:.][\w:])")


class Chooser:
    """Probes for one ruleset. ``tracked``: only packets that open a connection. ``destinations``: by family, those that are
    tried; without them, any, and the target's own address mostly."""

    def __init__(
        self, text: str, tracked: bool, seed: int, destinations: Optional[Mapping[int, Sequence[int]]] = None
    ) -> None:
        self._random = random.Random(seed)
        self._tracked = tracked
        self._destinations = destinations
        self._ports = sorted(_around((int(number), int(number)) for number in _NUMBER.findall(text.replace(":", " "))))
        self._ports = [port for port in self._ports if port <= model.TOP[model.DPORT]]
        self._addresses = {
            4: sorted({number_of_address(SOURCE[4])} | _around(_networks(_ADDRESS4.findall(text)))),
            6: sorted({number_of_address(SOURCE[6])} | _around(_networks(_ADDRESS6.findall(text)))),
        }

    def borders(self) -> Iterator[Optional[Probe]]:
        """Every port and address at a border of the text, other dimensions by chance."""
        for family in (4, 6):
            for port in self._ports:
                for protocol in (TCP, UDP):
                    for interface in ("eth0", "eth1"):
                        yield self._made(family, protocol, dport=port, interface=interface)
                    yield self._made(family, protocol, sport=port)
            for address in self._addresses[family]:
                for _time in range(6):
                    yield self._made(family, TCP, saddr=address)
                yield self._made(family, UDP, saddr=address)
                yield self._made(family, TCP, daddr=address)
                yield self._made(family, UDP, daddr=address)
            for protocol in OTHER_PROTOCOLS:
                yield self._made(family, protocol)
            for icmp_type in range(256):
                yield self._made(family, ICMP if family == 4 else ICMPV6, icmp_type=icmp_type)

    def of_the_house(self, count: int) -> Iterator[Optional[Probe]]:
        """The borders of the text in a random order, as far as ``count``; the rest by chance."""
        for _time in range(count):
            family = self._random.choice((4, 6))
            kind = self._random.random()
            if kind < 0.1:
                yield self._made(
                    family, ICMP, icmp_type=self._random.choice(OPENING_TYPES[ICMP if family == 4 else ICMPV6])
                )
            elif kind < 0.2:
                yield self._made(family, self._random.choice(OTHER_PROTOCOLS))
            else:
                yield self._made(family, self._random.choice((TCP, TCP, TCP, UDP)))

    def by_chance(self, count: int) -> Iterator[Optional[Probe]]:
        for _time in range(count):
            protocol = self._random.choice((TCP, TCP, UDP, UDP, ICMP) + OTHER_PROTOCOLS)
            yield self._made(self._random.choice((4, 6)), protocol)

    def corners(self, space: Space, regions: Sequence[int], per_region: int) -> Iterator[Optional[Probe]]:
        """Probes in the boxes of the analysis' answer: the ends of each range, and what lies just outside."""
        for region in regions:
            boxes = list(space.paths(region))
            if len(boxes) > per_region:
                boxes = self._random.sample(boxes, per_region)
            for box in boxes:
                inside = {dim: self._random.choice(self._random.choice(spans)) for dim, spans in box.items()}
                for family in (4, 6) if model.FAMILY not in inside else (inside[model.FAMILY],):
                    yield self._near(family, inside)
                    for dim, spans in box.items():
                        if dim != model.FAMILY:
                            low, high = self._random.choice(spans)
                            for value in (low - 1, low, high, high + 1):
                                yield self._near(family, {**inside, dim: value})

    def possible(self, probes: Iterable[Optional[Probe]]) -> List[Probe]:
        """Those that can exist, reach the input hook, and, where it matters, open a connection; each once."""
        kept: List[Probe] = []
        connections: Set[Tuple[int, ...]] = set()
        sources: Dict[Tuple[int, int, int, int], int] = {}
        for packet in dict.fromkeys(probes):
            if packet is None or not self._is_possible(packet):
                continue
            if self._destinations is not None:
                sources[packet.source_key] = sources.get(packet.source_key, 0) + 1
                if sources[packet.source_key] > ROUNDS:
                    continue
            if self._tracked:
                connections.add(_connection(packet, packet.saddr, packet.sport, packet.daddr, packet.dport))
                if _connection(packet, packet.daddr, packet.dport, packet.saddr, packet.sport) in connections:
                    continue  # an answer to an earlier probe
            kept.append(packet)
        return kept

    def _is_possible(self, packet: Probe) -> bool:
        if packet.protocol in OPENING_TYPES:
            if packet.protocol != (ICMP if packet.family == 4 else ICMPV6):
                return False
            if self._tracked and packet.icmp_type not in OPENING_TYPES[packet.protocol]:
                return False
        elif packet.protocol not in PORTED + OTHER_PROTOCOLS:
            return False
        if packet.protocol == GRE and self._tracked and packet.sport != 0:
            return False
        if packet.interface == "lo" and packet.daddr != number_of_address(TARGET[packet.family]):
            return False
        return all(
            any(low <= address <= high for low, high in _REACHABLE[packet.family])
            for address in (packet.saddr, packet.daddr)
        )

    def _near(self, family: int, values: Mapping[int, int]) -> Optional[Probe]:
        """The probe with these values, the others by chance; None where no packet has them."""
        interface = None
        if model.IIF in values:
            wanted = values[model.IIF]
            interface = next((name for name in ARRIVALS if model.interface_value(name) == wanted), None)
            interface = interface or self._random.choice(ARRIVALS)
        top = (1 << (32 if family == 4 else 128)) - 1
        names = ((model.SPORT, "sport"), (model.DPORT, "dport"), (model.SADDR, "saddr"), (model.DADDR, "daddr"))
        chosen: Dict[str, int] = {name: values[dim] for dim, name in names if dim in values}
        if any(value < 0 or value > top for value in chosen.values()):
            return None
        if max(chosen.get("sport", 0), chosen.get("dport", 0)) > model.TOP[model.SPORT]:
            return None
        protocol = values.get(model.PROTOCOL)
        if protocol is None:
            protocol = self._random.choice((TCP, UDP, SCTP, GRE))
        icmp_type = values.get(model.ICMP_TYPE)
        if icmp_type is not None and not 0 <= icmp_type <= 255:
            return None
        return self._made(family, protocol, interface=interface, icmp_type=icmp_type, **chosen)

    def _made(
        self,
        family: int,
        protocol: int,
        interface: Optional[str] = None,
        icmp_type: Optional[int] = None,
        **chosen: int,
    ) -> Probe:
        """A probe with what is chosen, the rest from the borders (mostly) or by chance."""
        if protocol == ICMP and family == 6:
            protocol = ICMPV6
        if interface is None:
            interface = self._random.choice(ARRIVALS if "daddr" not in chosen else INTERFACES)
        values = {
            "dport": self._port(),
            "sport": self._sport(),
            "daddr": number_of_address(TARGET[family]),
            "saddr": self._address(family),
        }
        if interface != "lo" and self._destinations is not None:
            values["daddr"] = self._random.choice(self._destinations[family])
        elif interface != "lo" and self._random.random() < 0.2:
            values["daddr"] = self._address(family)
        values.update(chosen)
        if protocol in OPENING_TYPES:
            if icmp_type is None:
                icmp_type = self._random.choice(OPENING_TYPES[protocol])
            values["sport"] = icmp_type << 8 | self._random.choice((0, 0, 1, 4))
        else:
            icmp_type = 0
        if protocol == GRE and self._tracked:
            values["sport"] = 0
        return Probe(family, interface, protocol, icmp_type=icmp_type, **values)

    def _sport(self) -> int:
        """Most of one kind where nothing is tracked; else conntrack has to tell the connections apart."""
        if self._destinations is None:
            return self._random.choice((40000, 40000, self._port()))
        return self._port() if self._random.random() < 0.1 else self._random.randrange(30000, 61000)

    def _port(self) -> int:
        if self._ports and self._random.random() < 0.7:
            return self._random.choice(self._ports)
        return self._random.randrange(65536)

    def _address(self, family: int) -> int:
        if self._random.random() < 0.7:
            return self._random.choice(self._addresses[family])
        low, high = self._random.choice(_REACHABLE[family])
        return self._random.randint(low, high)


def _connection(packet: Probe, source: int, sport: int, destination: int, dport: int) -> Tuple[int, ...]:
    """What conntrack tells connections apart by; most protocols have no ports for it."""
    if packet.protocol not in (TCP, UDP, SCTP):
        sport = dport = 0
    return (packet.family, packet.protocol, source, sport, destination, dport)


def _around(ranges: Iterable[Tuple[int, int]]) -> Set[int]:
    """Both ends of each range, and what lies just outside."""
    values = {value for low, high in ranges for value in (low - 1, low, high, high + 1)}
    return {value for value in values if value >= 0}


def _networks(texts: Iterable[str]) -> Iterator[Tuple[int, int]]:
    for text in texts:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            continue
        yield int(network.network_address), int(network.broadcast_address)
