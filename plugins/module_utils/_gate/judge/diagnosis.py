# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The views joined: for each required service one cause, taken from :mod:`judge.causes`."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Sequence

from ..dataclass import asdict, dataclass, replace
from ..intent.services import Service
from ..listeners.evidence import Listener, ListenersEvidence
from ..names.sensor import NameEvidence
from ..wire import evidence as wire
from ..wire.evidence import PortEvidence
from . import causes as shows
from . import diagnosis_views as views
from .causes import CAUSES, find_cause
from .finding import Finding

FAMILIES = ("ipv4", "ipv6")
_FAMILY_TEXTS = {"ipv4": "IPv4", "ipv6": "IPv6"}
_ORDER = list(CAUSES)


@dataclass(frozen=True)
class Vantage:
    """Where a look was taken from: ``name`` for people; ``itself``: from the host that is looked at. ``ports``: what was seen,
    ``findings``: what ``judge_mail_ports`` says of that."""

    name: str
    ports: tuple[PortEvidence, ...]
    findings: tuple[Finding, ...]
    itself: bool = False


@dataclass(frozen=True)
class Views:
    """All that was seen of one host; what was not looked at is None or empty.

    ``host``: the name that clients use. ``own``: the host's own addresses. ``filter_findings``: of ``judge_firewall``;
    ``openings``: the evidence behind them, for ``filter_families`` of addresses. ``name``: what DNS has for ``host``.
    """

    host: str
    own: tuple[str, ...] = ()
    listeners: ListenersEvidence | None = None
    filter_findings: tuple[Finding, ...] = ()
    openings: tuple[Mapping[str, Any], ...] = ()
    filter_families: tuple[str, ...] = FAMILIES
    vantages: tuple[Vantage, ...] = ()
    name: NameEvidence | None = None


@dataclass(frozen=True)
class Details:
    """What the texts of a cause may say."""

    name: str
    host: str
    port: str
    socket_port: str
    where: str
    service: str
    family: str
    addresses: str
    dns: str
    known_otherwise: str
    own: str
    owner: str
    unit: str
    listening: str
    listening_at: str
    container: str
    rule: str
    filter_fix: str
    outside: str
    vantages: str
    observed: str
    wire_fix: str


@dataclass(frozen=True)
class Diagnosis:
    """The one cause for a service. ``transport``: of its port. ``cause``: of :data:`judge.causes.CAUSES`. ``families``: those
    that it holds for; where the other family has another one, ``other`` is it. ``facts``: what each view showed, by which it was
    found. ``finding``: of the wire, the one that the cause is from, where it is."""

    host: str
    port: int
    transport: str
    service: str
    cause: str
    families: tuple[str, ...]
    text: str
    settles: str
    remedy: str
    certain: bool
    facts: tuple[tuple[str, str], ...]
    finding: Finding | None = None
    other: Diagnosis | None = None

    @property
    def also(self) -> str:
        """What the other family has, in words."""
        return f"{_FAMILY_TEXTS[self.other.families[0]]}: {self.other.text}" if self.other else ""

    @property
    def is_fine(self) -> bool:
        """Whether clients get what they should."""
        return self.cause.split(".", maxsplit=1)[0] == "fine"


def diagnose(services: Sequence[Service], seen: Views) -> list[Diagnosis]:
    """One diagnosis for each service that must be reachable, in their order. Doors that are no mail service are judged by
    sockets and filter alone."""
    return [_diagnose(service, seen) for service in services if not service.closed and not service.optional]


def _diagnose(service: Service, seen: Views) -> Diagnosis:
    found = [_of_family(service, seen, family) for family in _families(service, seen)]
    first = min(found, key=lambda each: (each.is_fine, _ORDER.index(each.cause)))
    same = [each for each in found if each.cause == first.cause]
    other = next((each for each in found if each.cause != first.cause and not each.is_fine), None)
    return replace(first, families=tuple(each.families[0] for each in same), other=other)


def _families(service: Service, seen: Views) -> list[str]:
    """The families that clients use: those that were looked at, or DNS has, or else the host has; IPv4 where nothing tells."""
    looked = {each.family for place in seen.vantages for each in place.ports if each.port == service.port}
    published = {views.family_of(address) for address in (seen.name.addresses if seen.name else ())}
    own = {views.family_of(address) for address in seen.own}
    used = {family for family in looked | published if family} or own or {"ipv4"}
    allowed = {"ipv6" if ":" in cidr else "ipv4" for cidr in service.sources}
    return [family for family in FAMILIES if family in used & allowed] or [min(used)]


def _of_family(service: Service, seen: Views, family: str) -> Diagnosis:
    other = FAMILIES[1 - FAMILIES.index(family)]
    elsewhere = _elsewhere(seen)
    outside = [each for place in elsewhere for each in place.ports]
    inside = [each for place in seen.vantages if place.itself for each in place.ports]
    talk, finding = _talk(service, elsewhere or seen.vantages, family)
    facts = {
        "names": _names(service, seen, family),
        "listening": _listening(service, seen, family, views.port_shows(outside, service, family)),
        "filter": _filter(service, seen, family),
        "here": views.port_shows(inside, service, family),
        "outside": views.port_shows(outside, service, family),
        "other_family": views.port_shows(outside, service, other),
        "talk": talk,
    }
    in_container = facts["listening"] == shows.IN_CONTAINER or _published(service, seen)
    if in_container and views.leads(seen.openings, service, family) is None:
        facts["filter"] = shows.UNKNOWN  # what is redirected to a container does not pass the rules for the host itself
    cause = find_cause(facts)
    details = asdict(_details(service, seen, family, facts, finding))
    entry = CAUSES[cause]
    return Diagnosis(
        seen.host,
        service.port,
        service.transport,
        service.label,
        cause,
        (family,),
        entry.text.format(**details),
        entry.settles.format(**details),
        entry.remedy.format(**details),
        entry.certain,
        tuple(facts.items()),
        finding=finding,
    )


def _elsewhere(seen: Views) -> list[Vantage]:
    """The vantages that are not the host, with what they saw of it. Where clients have other addresses, what one of them saw at a
    loopback address is its own loopback's."""
    places = [place for place in seen.vantages if not place.itself]
    looked = [each.address for place in seen.vantages for each in place.ports]
    if not _real(filter(None, (*looked, *(seen.name.addresses if seen.name else ())))):
        return places
    return [
        replace(place, ports=tuple(each for each in place.ports if not views.is_loopback(each.address)))
        for place in places
    ]


def _real(addresses: Iterable[str]) -> list[str]:
    """Those that are not of a loopback, without their scopes."""
    return [address.partition("%")[0] for address in addresses if not views.is_loopback(address)]


def _listening(service: Service, seen: Views, family: str, outside: str) -> str:
    """What listens where the filter leads the connections."""
    led = views.leads(seen.openings, service, family)
    port = _socket_port(service, seen, family)
    if led is not None and seen.listeners is not None and port == service.port:
        is_served = outside in (shows.OPEN, shows.SOME) and views.container_at(led[1], seen.listeners)
        return shows.IN_CONTAINER if is_served else shows.UNKNOWN  # another host's sockets
    there = replace(service, port=port)
    return views.listening_shows(seen.listeners, there, family, _used_addresses(service, seen), seen.own)


def _socket_port(service: Service, seen: Views, family: str) -> int:
    """The port of the host that connections arrive at: another one where the filter redirects."""
    led = views.leads(seen.openings, service, family)
    path, to = led or ("", "")
    return int(to.split()[1]) if path == "input" and to.startswith("port ") else service.port


def _talk(service: Service, vantages: Sequence[Vantage], family: str) -> tuple[str, Finding | None]:
    """What comes of the connections from these vantages, and the finding that tells it."""
    talking, findings = [], []
    for place in vantages:
        mine = [each for each in place.ports if each.family == family and views.counts(each, service)]
        addresses = {each.address for each in mine}
        talking += mine
        findings += [
            each
            for each in place.findings
            if (each.port, each.service) == (service.port, service.label) and addresses.intersection(each.addresses)
        ]
    return views.talk_shows(talking, findings) if service.protocol else (shows.UNKNOWN, None)


def _filter(service: Service, seen: Views, family: str) -> str:
    if family not in seen.filter_families:
        return shows.UNKNOWN
    return views.filter_shows(seen.filter_findings, seen.openings, service, family)


def _names(service: Service, seen: Views, family: str) -> str:
    """A name that those cannot find who look from elsewhere has no address, whatever a resolver says here."""
    outside = [each for place in seen.vantages if not place.itself for each in place.ports if each.port == service.port]
    if outside and all(each.state == wire.NAME_NOT_FOUND for each in outside):
        return shows.NOT_FOUND
    return views.names_show(seen.name, family, seen.own, looked_at(seen))


def looked_at(seen: Views) -> list[str]:
    """The addresses of the host that those who look from elsewhere found, of any service."""
    found = (each.address for place in _elsewhere(seen) for each in place.ports if each.address)
    return list(dict.fromkeys(address.partition("%")[0] for address in found))


def _used_addresses(service: Service, seen: Views) -> list[str]:
    found = (each for place in seen.vantages for each in place.ports)
    looked = [each.address.partition("%")[0] for each in found if each.port == service.port and each.address]
    published = list(seen.name.addresses) if seen.name else []
    return list(dict.fromkeys(_real(looked) or _real(published) or looked or published))


def _published(service: Service, seen: Views) -> bool:
    return seen.listeners is not None and any(
        each.published is not None for each in views.listeners_on(seen.listeners, service)
    )


def _details(service: Service, seen: Views, family: str, facts: Mapping[str, str], finding: Finding | None) -> Details:
    socket_port = _socket_port(service, seen, family)
    found = views.listeners_on(seen.listeners, replace(service, port=socket_port)) if seen.listeners else []
    containers = views.containers_on(seen.listeners, service) if seen.listeners else []
    containers += [each.published.container for each in found if each.published and each.published.container]
    led = views.leads(seen.openings, service, family)
    containers += [views.container_at(led[1], seen.listeners)] if led and seen.listeners else []
    closed = next((each for each in views.of_service(seen.filter_findings, service) if each.outcome != "pass"), None)
    return Details(
        name=service.server_name or seen.host,
        host=seen.host,
        port=str(service.port),
        socket_port=str(socket_port),
        where=f"on port {socket_port}"
        + ("" if socket_port == service.port else f", where the filter leads port {service.port}"),
        service=service.label,
        family=_FAMILY_TEXTS[family],
        addresses=", ".join(
            address for address in _used_addresses(service, seen) if views.family_of(address) == family
        ),
        dns=_some(seen.name.addresses if seen.name else (), family),
        known_otherwise="those who look know {} in another way (/etc/hosts)".format(", ".join(looked_at(seen)))
        if looked_at(seen)
        else "nobody who looks knows one",
        own=_some(seen.own, family),
        owner=found[0].owner if found else "the server",
        unit=next((owner.unit for each in found for owner in each.owners if owner.unit), "SERVICE"),
        listening=facts["listening"],
        listening_at=", ".join(dict.fromkeys(_place(each) for each in found)),
        container=", ".join(dict.fromkeys(filter(None, containers))),
        rule=closed.cause if closed else "",
        filter_fix=closed.fix if closed else "",
        outside=facts["outside"],
        vantages=_vantages(service, seen, family),
        observed=(finding.observed or finding.cause) if finding else "",
        wire_fix=finding.fix if finding else "",
    )


def _vantages(service: Service, seen: Views, family: str) -> str:
    """Who looked from elsewhere, each with what it saw where they disagree."""
    told: dict[str, str] = {}
    for place in _elsewhere(seen):
        state = views.port_shows(place.ports, service, family)
        if state != shows.UNKNOWN:
            told[place.name] = state
    if len(set(told.values())) > 1:
        return ", ".join(f"{name} ({state})" for name, state in told.items())
    return ", ".join(told) or "elsewhere"


def _some(addresses: Sequence[str], family: str) -> str:
    return ", ".join(address for address in addresses if views.family_of(address) == family) or "none"


def _place(listener: Listener) -> str:
    return f"{listener.address}{'%' + listener.interface if listener.interface else ''}"
