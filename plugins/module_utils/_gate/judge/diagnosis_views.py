# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each view shows of one service in one family of addresses, in the words of :mod:`judge.causes`."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Iterable, Mapping, Sequence

from ..intent.registry import TRANSPORTS
from ..intent.services import Service
from ..listeners.evidence import TCP, UDP, Listener, ListenersEvidence
from ..names.public import is_public
from ..names.sensor import NameEvidence
from ..packetfilter.intervals import minus, normal
from ..wire import evidence as wire
from ..wire.evidence import PortEvidence
from . import causes as shows
from .checks import CHECKS
from .finding import FAIL, UNKNOWN, Finding
from .vantage import may_connect, sent_nothing

#: Addresses that others see as another one: those that are translated on the way (RFC 1918, RFC 6598, RFC 4193), and link-local.
_TRANSLATED = tuple(
    map(
        ipaddress.ip_network,
        ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10"],
    )
)
#: Sources from which no client comes.
_NEVER_ARRIVE = {
    4: ((0, 0x00FFFFFF), (0x7F000000, 0x7FFFFFFF), (0xE0000000, 0xFFFFFFFF)),
    6: ((0, 1), (0xFFFF << 32, (0xFFFF << 32) + 0xFFFFFFFF), (0xFF << 120, (1 << 128) - 1)),
}
#: What judge_firewall says of a required port.
FILTER_CHECKS = ("firewall.missing-opening", "firewall.sometimes-open", "firewall.undecided")
_RATE = re.compile(r"\b(?:limit|hashlimit|connlimit|recent|quota|rate|meter|ct count)\b")
#: The worse first. Of several faults the one that comes first in a connection is told: the checks are in that order.
_FAULTS = (FAIL, UNKNOWN)
_CHECKS = list(CHECKS)
#: What a connection came to, in the words of the causes.
ANSWERS = {
    wire.OPEN: shows.OPEN,
    wire.TIMED_OUT: shows.TIMED_OUT,
    wire.REFUSED: shows.REFUSED,
    wire.RESET: shows.RESET,
    wire.UNREACHABLE: shows.UNREACHABLE,
}
_TALK = {
    "mail.throttled": shows.THROTTLED,
    "mail.protocol": shows.OTHER_PROTOCOL,
    "mail.encryption": shows.OTHER_MODE,
    "mail.preauth": shows.OTHER_MODE,
    "mail.tls-handshake": shows.NO_TLS,
    "mail.session": shows.NO_TLS,
}
_REFUSES = ("greeting refuses service", "HELO refused", "EHLO refused", "LHLO refused")
_CUT_OFF = ("closed", "reset")


def family_of(address: str) -> str:
    return "ipv6" if ":" in address else "ipv4"


def is_loopback(address: str) -> bool:
    """Whether the address, which may have a scope, is of the machine's own loopback."""
    return bool(address) and ipaddress.ip_address(address.partition("%")[0]).is_loopback


def names_show(evidence: NameEvidence | None, family: str, own: Sequence[str], looked: Sequence[str] = ()) -> str:
    """Where the addresses of the host's name lead.

    :param own: the host's own addresses, () where they are not known. Where they are all private, clients use another one that is
        translated, and nothing can be said. Nobody translates to a family that the host does not have, but IPv4 to IPv6.
    :param looked: the addresses that were looked at. Where DNS has none, the machines that look know them in another way; for a
        name that no public DNS can have, that may be all there is.
    """
    if evidence is None:
        return shows.UNKNOWN
    if evidence.problem:
        known = bool(looked) and not is_public(evidence.name) and (not own or bool(set(looked) & set(own)))
        return shows.BY_FILES if known else shows.NOT_FOUND
    published = [address for address in evidence.addresses if family_of(address) == family]
    mine = [address for address in own if family_of(address) == family]
    if set(published) & set(mine):
        return shows.HERE
    translated_from = mine or (own if family == "ipv6" else ())
    if not published or all(_is_translated(address) for address in translated_from):
        return shows.UNKNOWN
    return shows.ELSEWHERE


def listeners_on(evidence: ListenersEvidence, service: Service) -> list[Listener]:
    """The host's own sockets on the port of a service, those of other network namespaces left out."""
    return [
        each
        for each in evidence.listeners
        if (each.protocol, each.port, each.namespace) == (service.transport, service.port, "")
    ]


def containers_on(evidence: ListenersEvidence, service: Service) -> list[str]:
    """The containers in which something listens on the port, for others than the container itself."""
    inside = {
        each.namespace
        for each in evidence.listeners
        if (each.protocol, each.port) == (service.transport, service.port) and each.namespace and not each.is_loopback
    }
    return [each.container or each.name for each in evidence.namespaces if each.name in inside]


def listening_shows(
    evidence: ListenersEvidence | None, service: Service, family: str, used: Sequence[str], own: Sequence[str]
) -> str:
    """Whether a socket takes what clients send.

    :param used: the addresses that clients use, of any family. One that is not the host's own is translated to one that is.
        Where they are all of loopback, the clients are on the host itself, and what listens there is for them.
    """
    if evidence is None or service.transport not in (TCP, UDP):
        return shows.UNKNOWN
    found = listeners_on(evidence, service)
    if not found:
        return shows.IN_CONTAINER if containers_on(evidence, service) else shows.NOTHING
    mine = [address for address in used if family_of(address) == family]
    on_loopback = mine and all(ipaddress.ip_address(address).is_loopback for address in mine)
    if on_loopback and any(each.takes(address) for each in found for address in mine):
        return shows.HERE
    open_to_others = [each for each in found if not each.is_loopback]
    if not open_to_others:
        return shows.LOOPBACK
    of_family = [each for each in open_to_others if family in each.families]
    wanted = _destinations(family, used, own)
    taken = [each.takes(address) for each in open_to_others for address in wanted]
    if True in taken or (not wanted and of_family):
        return shows.HERE
    if None in taken or (not of_family and family == "ipv4" and any(_may_be_dual(each) for each in open_to_others)):
        return shows.UNKNOWN
    return shows.OTHER_ADDRESS if of_family else shows.OTHER_FAMILY


def filter_shows(
    findings: Iterable[Finding], openings: Sequence[Mapping[str, Any]], service: Service, family: str
) -> str:
    """What the filter does, by the findings of ``judge_firewall``; the openings tell what is left where some is missing."""
    mine = of_service(findings, service)
    failed = next((each for each in mine if each.outcome == FAIL and family in each.families), None)
    if failed is None:
        if any(each.check == "firewall.sometimes-open" for each in mine):
            return shows.BY_RATE
        doubt = next((each for each in mine if each.outcome == UNKNOWN), None)
        if doubt is not None:
            return shows.BY_RATE if _RATE.search(doubt.cause) else shows.UNKNOWN
        return shows.ACCEPTS if mine else shows.UNKNOWN
    entries = [
        each
        for each in openings
        if each["family"] == family and opening_covers(_from_here_on(each), service.transport, service.port)
    ]
    always = [each for each in entries if each["certainty"] == "always" and not each.get("conditions")]
    if not always:
        if any(_RATE.search(" ".join(each.get("depends_on", ()))) for each in entries):
            return shows.BY_RATE
        return shows.REJECTS if re.search(r"\breject", failed.cause) else shows.DROPS
    return shows.BY_SOURCE if _lacks_sources(always, service, family) else shows.BY_INTERFACE


def of_service(findings: Iterable[Finding], service: Service) -> list[Finding]:
    """What the filter's findings say of a required port."""
    return [
        each
        for each in findings
        if each.check in FILTER_CHECKS and is_about(each, service.port, service.label, service.transport)
    ]


def is_about(finding: Finding, port: int, label: str, transport: str) -> bool:
    """Whether a finding is about that door. One name may stand for both TCP and UDP, and what the filter misses tells which."""
    if (finding.port, finding.service) != (port, label):
        return False
    named = finding.expected.partition(" ")[0] if finding.check in FILTER_CHECKS else transport
    return named == transport or named not in TRANSPORTS


def port_shows(evidence: Iterable[PortEvidence], service: Service, family: str) -> str:
    """What clients see who may connect; UNKNOWN where none looked."""
    states = {ANSWERS[each.state] for each in evidence if counts(each, service) and each.family == family}
    if not states:
        return shows.UNKNOWN
    if states == {shows.OPEN}:
        return shows.OPEN
    if shows.OPEN in states:
        return shows.SOME
    return next(state for state in ANSWERS.values() if state in states)


def counts(evidence: PortEvidence, service: Service) -> bool:
    """Whether a look says something of the host: it was at this port, it got out, and it may connect."""
    return (
        evidence.port == service.port
        and service.transport == TCP
        and evidence.state in ANSWERS
        and not sent_nothing(evidence)
        and may_connect(service, evidence) is True
    )


def talk_shows(evidence: Iterable[PortEvidence], findings: Iterable[Finding]) -> tuple[str, Finding | None]:
    """What comes of the open connections of one service in one family, and the finding that tells it.

    :param findings: of ``judge_mail_ports`` about them.
    """
    seen = [each for each in evidence if each.state == wire.OPEN]
    if not seen:
        return shows.UNKNOWN, None
    faults = [each for each in findings if each.outcome in _FAULTS and each.check != "mail.reachable"]
    if not faults:
        return shows.FINE, None
    first = min(faults, key=lambda each: (_FAULTS.index(each.outcome), _CHECKS.index(each.check)))
    if first.check == "mail.greeting":
        return _greeting(seen), first
    if first.check.startswith("mail.certificate-"):
        return shows.BAD_CERTIFICATE, first
    if first.check == "mail.encryption" and first.outcome == UNKNOWN:
        return shows.NO_TLS, first  # no answer to the hello, which says nothing of the mode
    return _TALK.get(first.check, shows.AGAINST_POLICY), first


def _greeting(seen: Sequence[PortEvidence]) -> str:
    stopped = [each.stopped for each in seen if not each.greeting or each.stopped.startswith(_REFUSES)]
    if any(text.startswith(_REFUSES) for text in stopped):
        return shows.REFUSES
    return shows.HANGS_UP if any(word in text for text in stopped for word in _CUT_OFF) else shows.SILENT


def _destinations(family: str, used: Sequence[str], own: Sequence[str]) -> list[str]:
    """The host's addresses at which packets for the addresses that clients use arrive."""
    wanted = [address for address in used if family_of(address) == family]
    mine = [address for address in own if family_of(address) == family]
    return [address for address in wanted if address in mine] or mine or wanted


def leads(openings: Iterable[Mapping[str, Any]], service: Service, family: str) -> tuple[str, str] | None:
    """Where the filter leads the connections to a port when not to the port as it was addressed: ``input`` and another port of
    the host, or ``forward`` and an address. None where it does not, or that is not known."""
    for each in openings:
        certain = each["certainty"] == "always" and each["family"] == family and each.get("to")
        if certain and opening_covers(_from_here_on(each), service.transport, service.port):
            return str(each.get("path", "input")), str(each["to"])
    return None


def _from_here_on(opening: Mapping[str, Any]) -> Mapping[str, Any]:
    """The opening as one to the host itself, where what is sent to the host is led elsewhere."""
    return {**opening, "path": "input"} if opening.get("to") else opening


def container_at(destination: str, evidence: ListenersEvidence) -> str:
    """The container with the address of a destination such as ``172.17.0.2:25 on docker0``, ``[fd00::2]:25`` or ``fd00::2``;
    ``""`` where none has it."""
    place = destination.partition(" ")[0]
    for address in (place, place.rpartition(":")[0].strip("[]")):
        for namespace in evidence.namespaces:
            if address in namespace.addresses:
                return namespace.container or namespace.name
    return ""


def _is_translated(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return any(parsed in network for network in _TRANSLATED if network.version == parsed.version)


def _may_be_dual(listener: Listener) -> bool:
    return listener.address == "::" and listener.v6only is None


def opening_covers(opening: Mapping[str, Any], protocol: str, port: int) -> bool:
    """Whether an entry of the filter's openings is about this port of the host itself, ``protocol`` tcp, udp or sctp."""
    named = str(opening["protocol"])
    left_out = re.split("[ ,]+", named)[1:]  # "any but tcp, udp"
    if opening.get("path", "input") != "input" or (
        named != protocol and (not named.startswith("any") or protocol in left_out)
    ):
        return False
    ranges = [text.partition("-") for text in opening.get("ports", ("0-65535",))]
    return any(int(first) <= port <= int(last or first) for first, _dash, last in ranges)


def _lacks_sources(entries: Iterable[Mapping[str, Any]], service: Service, family: str) -> bool:
    version = 6 if family == "ipv6" else 4
    allowed = [
        part
        for each in entries
        for part in minus(_ranges(each["sources"], version), _ranges(each.get("sources_except", ()), version))
    ]
    return bool(minus(_ranges(service.sources, version), normal([*allowed, *_NEVER_ARRIVE[version]])))


def _ranges(cidrs: Iterable[str], version: int) -> tuple[tuple[int, int], ...]:
    networks = [network for network in map(ipaddress.ip_network, cidrs) if network.version == version]
    return tuple(normal((int(each.network_address), int(each.broadcast_address)) for each in networks))
