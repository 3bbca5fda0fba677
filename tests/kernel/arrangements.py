# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the target's addresses and routes are laid out: ``OPEN`` for the question without a host, ``HOUSE`` for a known one.

OPEN takes every destination for its own (a local route per interface) and has no route anywhere, so that it never answers.
HOUSE is a mail server with an uplink (eth0), networks behind other cards, and containers behind docker0; it forwards.
Neither judges sources, and neither asks for neighbours: what leaves an interface arrives at its other end.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from typing import Dict, FrozenSet, List, Tuple

from _gate.packetfilter.model import NOTHING_KNOWN, Host, Own, Route
from packets import TARGET

INTERFACES = ("eth0", "eth1", "ens3", "wg0", "docker0")
#: Routing table of OPEN's local routes; the rules that lead there name an input interface, so that answers find no route.
LOCAL_TABLE = "1025"

_SETTINGS = (
    "net.ipv4.conf.all.rp_filter=0",
    "net.ipv4.conf.default.rp_filter=0",
    "net.ipv4.conf.all.accept_local=1",
    "net.ipv4.conf.all.send_redirects=0",
    "net.ipv4.conf.default.send_redirects=0",
    "net.ipv4.icmp_echo_ignore_all=1",
    "net.ipv6.conf.all.accept_dad=0",
    "net.ipv6.conf.default.accept_dad=0",
    "net.ipv6.conf.all.disable_ipv6=0",
    "net.ipv6.conf.default.disable_ipv6=0",
    "net.ipv6.conf.lo.disable_ipv6=0",
    "net.ipv6.conf.all.accept_ra=0",
    "net.ipv6.conf.default.accept_ra=0",
    "net.ipv6.icmp.echo_ignore_all=1",
)


@dataclass(frozen=True)
class Arrangement:
    """``settings``: of sysctl, before there are interfaces. ``commands``: for ``ip -batch``, by family. ``host``: what the
    analysis may know of it. ``routed``: whether packets are forwarded, and where they leave is observed."""

    settings: Tuple[str, ...]
    commands: Dict[int, List[str]]
    host: Host
    routed: bool


def _open_commands(family: int) -> List[str]:
    return [
        "address add {0} dev lo".format(TARGET[family]),
        "route add local default dev lo table {0}".format(LOCAL_TABLE),
        *("rule add iif {0} lookup {1}".format(name, LOCAL_TABLE) for name in INTERFACES),
    ]


OPEN = Arrangement(
    (*_SETTINGS, "net.ipv4.conf.all.route_localnet=1"),
    {family: _open_commands(family) for family in (4, 6)},
    NOTHING_KNOWN,
    routed=False,
)

#: Addresses by interface, as they are added; ens3 has none.
_ADDRESSES = {
    4: (
        ("eth0", TARGET[4] + "/24"),
        ("eth0", "192.0.2.26/24"),
        ("eth1", "10.0.0.1/24"),
        ("wg0", "10.8.0.1/24"),
        ("docker0", "172.17.0.1/16"),
    ),
    6: (
        ("eth0", TARGET[6] + "/64"),
        ("eth1", "fd00:10::1/64"),
        ("wg0", "fd00:8::1/64"),
        ("docker0", "fd00:17::1/64"),
    ),
}
#: Routes besides those of the addresses; an empty interface is a black hole.
_ROUTES = {
    4: (
        ("0.0.0.0/0", "eth0", 0),
        ("10.0.0.0/8", "eth1", 0),
        ("198.51.100.0/24", "ens3", 10),
        ("198.51.100.0/24", "wg0", 20),
        ("203.0.113.0/24", "wg0", 0),
        ("198.18.0.0/15", "", 0),
    ),
    6: (
        ("::/0", "eth0", 1024),
        ("2001:db8:51::/48", "eth1", 1024),
        ("2001:db8:52::/48", "wg0", 1024),
        ("2001:db8:dead::/48", "", 1024),
    ),
}
#: Addresses of nobody in the networks behind the host, for rules and probes.
BEHIND = {
    4: ("172.17.0.2", "172.17.0.3", "10.0.0.7", "10.9.0.1", "198.51.100.9", "203.0.113.5", "198.18.0.1", "8.8.8.8"),
    6: ("fd00:17::2", "fd00:17::3", "fd00:10::7", "2001:db8:51::9", "2001:db8:52::5", "2001:db8:dead::1", "2620::8"),
}
OWN = {family: tuple(text.split("/", maxsplit=1)[0] for _name, text in pairs) for family, pairs in _ADDRESSES.items()}


def _house_commands(family: int) -> List[str]:
    commands = ["address add {1} dev {0}".format(*pair) for pair in _ADDRESSES[family]]
    for network, name, metric in _ROUTES[family]:
        way = "dev {0}".format(name) if name else ""
        kind = "" if name else "blackhole "
        commands.append("route add {0}{1} {2} metric {3}".format(kind, network, way, metric))
    return commands


def _house(forwarding: FrozenSet[int]) -> Host:
    own = [Own(4, int(ipaddress.ip_address("127.0.0.1")), "lo", "host", 8), Own(6, 1, "lo", "host", 128)]
    routes = []
    for family in (4, 6):
        for name, text in _ADDRESSES[family]:
            address = ipaddress.ip_interface(text)
            own.append(Own(family, int(address.ip), name, "global", address.network.prefixlen))
            metric = 0 if family == 4 else 256
            routes.append(_route(family, str(address.network), name, metric))
        routes += [_route(family, network, name, metric) for network, name, metric in _ROUTES[family]]
    return Host(tuple(own), ("lo", *INTERFACES), forwarding, tuple(dict.fromkeys(routes)))


def _route(family: int, network: str, name: str, metric: int) -> Route:
    parsed = ipaddress.ip_network(network)
    return Route(family, int(parsed.network_address), int(parsed.broadcast_address), name, metric)


def house(forwarding: FrozenSet[int] = frozenset((4, 6)), more: Tuple[str, ...] = ()) -> Arrangement:
    """HOUSE, which forwards these families, with more settings of sysctl."""
    settings = (
        *_SETTINGS,
        "net.ipv4.ip_forward={0}".format(int(4 in forwarding)),
        "net.ipv6.conf.all.forwarding={0}".format(int(6 in forwarding)),
        "net.ipv6.conf.default.forwarding={0}".format(int(6 in forwarding)),
        *more,
    )
    commands = {family: _house_commands(family) for family in (4, 6)}
    host = _house(forwarding)
    if "net.ipv4.conf.default.route_localnet=1" in more:
        host = replace(host, route_localnet=frozenset(INTERFACES))
    return Arrangement(settings, commands, host, routed=True)


HOUSE = house()
