# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is there though nothing requires it: doors with somebody behind them, doors with nobody, and ports of containers that the
rules for the host itself do not stop."""

from __future__ import annotations

import ipaddress
from typing import Any, Iterable, Iterator, Mapping, Sequence

from ..dataclass import dataclass
from ..intent.services import Service
from ..listeners.evidence import Listener, ListenersEvidence
from . import diagnosis_views as views


@dataclass(frozen=True)
class SurplusCause:
    text: str
    settles: str
    remedy: str


SURPLUS: dict[str, SurplusCause] = {
    "surplus.open-and-listening": SurplusCause(
        "{owner} listens on port {port} and the filter accepts it, though nothing requires it",
        "ss -lntup 'sport = :{port}'",
        "stop it, let it listen on loopback only, or close the port in the filter ({rules})",
    ),
    "surplus.nothing-behind": SurplusCause(
        "the filter accepts {protocol} {port} and nothing listens there: whoever comes to listen is open at once",
        "the module listening_ports_info",
        "take the rule out ({rules})",
    ),
    "surplus.published": SurplusCause(
        "container {container} publishes port {port}: its connections are forwarded, so that the rules for the host itself "
        "(those of ufw too) do not stop them",
        "nft list ruleset | grep -e dnat; docker port {container} (or podman port)",
        "publish it on loopback only (-p 127.0.0.1:{port}:{port}), or close it in the chain DOCKER-USER",
    ),
}


@dataclass(frozen=True)
class Surplus:
    """One port that nothing requires. ``families``: in which it is there."""

    host: str
    protocol: str
    port: int
    cause: str
    families: tuple[str, ...]
    text: str
    settles: str
    remedy: str


def find_surplus(
    host: str,
    services: Sequence[Service],
    listeners: ListenersEvidence | None,
    openings: Sequence[Mapping[str, Any]],
) -> list[Surplus]:
    """Every port that is open or published though nothing requires it, by port. Ports that services are on are left out, those
    that must be closed are not. Without a look at the sockets there is nothing to tell.

    :param openings: of ``packetfilter.openings``; only what is accepted for certain counts.
    """
    if listeners is None:
        return []
    required = {(service.transport, service.port) for service in services if not service.closed}
    found = [*_published(host, listeners, openings, required), *_open(host, listeners, openings, required)]
    told = {(each.protocol, each.port) for each in found if each.cause == "surplus.published"}
    kept = [each for each in found if each.cause == "surplus.published" or (each.protocol, each.port) not in told]
    return sorted(kept, key=lambda each: (each.port, each.protocol))


def _published(
    host: str, listeners: ListenersEvidence, openings: Sequence[Mapping[str, Any]], required: set[tuple[str, int]]
) -> Iterator[Surplus]:
    """By the proxy or monitor that holds a port for a container, or by what the filter forwards to one."""
    found: dict[tuple[str, int], tuple[set[str], dict[str, None]]] = {}
    for each in listeners.listeners:
        if each.published is not None and not each.namespace and not each.is_loopback:
            families, containers = found.setdefault((each.protocol, each.port), (set(), {}))
            families.update(each.families)
            address = each.published.address
            containers[each.published.container or views.container_at(address, listeners) or address] = None
    for protocol, port, opening in _single_ports(openings, "forward"):
        if _is_to_loopback(opening):  # only other containers of the network can send such a packet
            continue
        families, containers = found.setdefault((protocol, port), (set(), {}))
        families.add(str(opening["family"]))
        destination = str(opening.get("to", ""))
        containers[views.container_at(destination, listeners) or destination] = None
    for (protocol, port), (families, containers) in found.items():
        if (protocol, port) not in required:
            names = ", ".join(name for name in containers if name) or "?"
            yield _surplus(host, "surplus.published", protocol, port, sorted(families), container=names)


def _open(
    host: str, listeners: ListenersEvidence, openings: Sequence[Mapping[str, Any]], required: set[tuple[str, int]]
) -> Iterator[Surplus]:
    listening = {(protocol, port): same for protocol, port, same in _by_port(listeners.listeners)}
    for (protocol, port), same in listening.items():
        if (protocol, port) in required:
            continue
        mine = [each for each in same if not each.is_loopback]
        accepted = [each for each in openings if _accepts(each, protocol, port)]
        families = [family for family in _families(mine) if any(each["family"] == family for each in accepted)]
        if families:
            rules = _rules(accepted)
            owner = ", ".join(dict.fromkeys(each.owner for each in mine))
            yield _surplus(host, "surplus.open-and-listening", protocol, port, families, owner=owner, rules=rules)
    for protocol, port in sorted({(protocol, port) for protocol, port, _each in _single_ports(openings, "input")}):
        others = [each for each in listening.get((protocol, port), ()) if not each.is_loopback]
        if (protocol, port) not in required and not others:
            accepted = [each for each in openings if _accepts(each, protocol, port)]
            families = [family for family in ("ipv4", "ipv6") if any(each["family"] == family for each in accepted)]
            yield _surplus(host, "surplus.nothing-behind", protocol, port, families, rules=_rules(accepted))


def _by_port(listeners: Iterable[Listener]) -> list[tuple[str, int, list[Listener]]]:
    grouped: dict[tuple[str, int], list[Listener]] = {}
    for each in listeners:
        if not each.namespace:
            grouped.setdefault((each.protocol, each.port), []).append(each)
    return [(protocol, port, same) for (protocol, port), same in grouped.items()]


def _families(listeners: Iterable[Listener]) -> list[str]:
    return sorted({family for each in listeners for family in each.families})


def _accepts(opening: Mapping[str, Any], protocol: str, port: int) -> bool:
    return opening["certainty"] == "always" and views.opening_covers(opening, protocol, port)


def _single_ports(openings: Sequence[Mapping[str, Any]], path: str) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    """The ports that are opened one by one. A range is for what comes and goes, and the filter's own findings tell it."""
    for opening in openings:
        if opening["certainty"] == "always" and opening.get("path", "input") == path:
            for text in opening.get("ports", ()):
                if text.isdigit() and opening["protocol"] in ("tcp", "udp"):
                    yield str(opening["protocol"]), int(text), opening


def _is_to_loopback(opening: Mapping[str, Any]) -> bool:
    destinations = opening.get("conditions", {}).get("destinations", ())
    return bool(destinations) and all(ipaddress.ip_network(each).is_loopback for each in destinations)


def _rules(openings: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(dict.fromkeys(rule for each in openings for rule in each.get("rules", ()))) or "no rule is known"


def _surplus(host: str, cause: str, protocol: str, port: int, families: Sequence[str], **details: str) -> Surplus:
    entry = SURPLUS[cause]
    texts = {"owner": "", "rules": "", "container": "", **details, "protocol": protocol, "port": str(port)}
    return Surplus(
        host,
        protocol,
        port,
        cause,
        tuple(families),
        entry.text.format(**texts),
        entry.settles.format(**texts),
        entry.remedy.format(**texts),
    )
