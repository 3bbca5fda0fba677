# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The look at a packet filter: rules in, the exact set of accepted new connections out. Nothing here knows what was required."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from functools import partial
from typing import Collection, Mapping, Sequence

from ..errors import IntentError
from . import live
from .addresses import ADDRESS_TOP, interface_ranges, question
from .boot import Boot, rules_at_boot
from .diagram import Space
from .essential import essential_icmpv6
from .evaluate import Acceptance, accepted
from .intervals import minus, normal
from .live import IpAddress
from .model import DADDR, FAMILY, IIF, NOTHING_KNOWN, SADDR, Box, Host, Own, Ruleset, interface_value
from .openings import describe
from .order import other_order
from .readers.combine import RulesEvidence
from .readers.files import from_files
from .routing import LINK_LOCAL, Routing

FAMILIES = {"ipv4": 4, "ipv6": 6}
#: What the kernel takes for a name, less the ends by which iptables and nft say "any that begins so".
_INTERFACE = re.compile(r"(?!\.{1,2}$)[^/:\s]{0,14}[^/:\s+*]")


#: The baseline that stands for the rules of the host itself.
LIVE = "live"


@dataclass(frozen=True)
class NextBoot:
    """``acceptance``: what the rules of the next start accept; None where they are not known as rules. ``boot``: what loads
    them, and what is not known of it."""

    boot: Boot
    acceptance: Acceptance | None


@dataclass(frozen=True)
class FilterEvidence:
    """``question``: the packets asked about. ``promised``: those of them that go to an address which clients are given
    (link-local ones are not), and that arrive on an interface which the host has, from where that leads.
    ``families``: 4 and 6, as far as rules were read for them. ``routed``: the same look at what a client sends directly to
    other hosts (containers, mostly) of networks that this one is connected to; empty where it is not known to forward.
    ``icmpv6``: the types of `essential.ESSENTIAL` that get in; None where IPv6 is not asked about or was not read.
    ``host``: what was known of the host. ``baseline``: the same question to the rules to compare with, if there are any.
    ``next_boot``: the same to what the host will load at its next start, if asked. ``left_out``: destinations that nobody
    asked about, and why it is not known whether the host takes them."""

    space: Space
    ruleset: Ruleset
    acceptance: Acceptance
    question: int
    promised: int
    families: frozenset[int]
    notes: tuple[str, ...]
    routed: Acceptance | None = None
    icmpv6: frozenset[int] | None = None
    host: Host = NOTHING_KNOWN
    baseline: Acceptance | None = None
    next_boot: NextBoot | None = None
    left_out: tuple[str, ...] = ()


def look_at_filter(
    rules: Mapping[str, str],
    interfaces: Sequence[str] = (),
    addresses: Sequence[str] = (),
    families: Sequence[str] | None = None,
    timeout: int = 30,
    baseline: Mapping[str, str] | str | None = None,
    next_boot: bool = False,
) -> FilterEvidence:
    """What the live host accepts, or what candidate files would.

    :param rules: paths of files by kind, empty for the live host. Files may be meant for another host than the one that
        reads them, so nothing of this one is taken for granted then: what hangs on routes or on forwarding is unknown.
    :param interfaces: input interfaces asked about; () for all but lo.
    :param addresses: the host's own; () to read them from the host. A family that is asked about and has none, as with
        files, is asked about with any unicast destination.
    :param families: ``ipv4``, ``ipv6``; None for both, or live for those that the host has addresses of.
    :param timeout: seconds for each command that is run.
    :param baseline: rules to compare with: files as in ``rules``, or :data:`LIVE`. With the latter the files are taken to be
        meant for this host, so its addresses and routes count for both.
    :param next_boot: whether to look at what the host will load at its next start, too.
    :raises IntentError, EvidenceError: before anything is analysed.
    """
    given = [_checked(text) for text in addresses]
    for name in interfaces:
        if not _INTERFACE.fullmatch(name):
            raise IntentError("interfaces", name, "the whole name of an interface, such as eth0")
    if next_boot and rules:
        raise IntentError("next_boot", True, "left out where rules are given: it compares with the live rules")
    run = partial(live.run_command, seconds=timeout)
    before: RulesEvidence | None = None
    facts: live.HostFacts | None
    if rules and baseline != LIVE:
        host = _with_own(NOTHING_KNOWN, given)
        evidence = from_files(rules, host)
        own = promised = given
        present = set(FAMILIES.values())
        receiving = arrivals = list(interfaces)
        left_out: tuple[str, ...] = ()
        facts = None
    else:
        evidence, facts = live.from_host(run)
        host = _with_own(facts.host, given)
        if rules:
            before, evidence = evidence, _on_host(facts, from_files(rules, host))
        left_out = facts.left_out + (() if given else facts.networks)
        own = given or facts.reachable_addresses()
        promised = given or facts.global_addresses()
        present = {address.version for address in [*given, *facts.reachable_addresses()]}
        receiving = [name for name in facts.interfaces if name not in facts.ports]
        arrivals = list(interfaces) or _outer(receiving, host)
        for name in interfaces:
            if name not in receiving:
                why = ", and not a port of a bridge or bond, which receives for it" if name in facts.ports else ""
                raise IntentError("interfaces", name, f"an interface of this host{why}: " + ", ".join(receiving))
    asked = {FAMILIES[name] for name in families} if families else present or set(FAMILIES.values())
    space = Space()
    elsewhere = asked - {address.version for address in own}
    if elsewhere:  # any address there counts as the host's
        host = replace(host, own=None)
    anywhere = question(space, elsewhere, interfaces or None)
    whole = space.union(anywhere, question(space, asked, interfaces or None, own))
    whole = space.union(whole, _loopback(space, host, asked, interfaces or receiving))
    beyond = routed(space, host, asked, interfaces)
    both = _accepted(space, evidence.ruleset, space.union(whole, beyond), host, receiving)
    acceptance = both.about(whole)
    left_out += _by_order(evidence.ruleset, acceptance, host)
    if isinstance(baseline, Mapping):
        before = from_files(baseline, host)
        before = _on_host(facts, before) if facts else before
    icmpv6 = None
    if 6 in asked and 6 in evidence.families:
        own6 = [int(address) for address in own if address.version == 6]
        icmpv6 = essential_icmpv6(space, evidence.ruleset, host, own6, interfaces)
    return FilterEvidence(
        space=space,
        ruleset=evidence.ruleset,
        acceptance=acceptance,
        routed=both.about(space.minus(beyond, whole)) if beyond != space.empty else None,
        question=whole,
        promised=space.minus(
            space.union(
                question(space, elsewhere, arrivals or None), question(space, asked, arrivals or None, promised)
            ),
            _astray(space, host),
        ),
        families=evidence.families,
        notes=evidence.ruleset.notes + acceptance.notes,
        icmpv6=icmpv6,
        host=host,
        baseline=_accepted(space, before.ruleset, whole, host, receiving) if before else None,
        next_boot=_at_next_boot(space, whole, host, run, facts) if next_boot and facts else None,
        left_out=left_out,
    )


def _by_order(ruleset: Ruleset, answer: Acceptance, host: Host) -> tuple[str, ...]:
    """What another order of the tables lets in that this one does not, or the other way round."""
    reversed_rules, space = other_order(ruleset), answer.space
    if reversed_rules is None:
        return ()
    other = accepted(space, reversed_rules, answer.question, host)
    differs = space.union_all(
        space.minus(*pair)
        for pair in (
            (answer.may, other.may),
            (other.may, answer.may),
            (answer.must, other.must),
            (other.must, answer.must),
        )  # fmt: skip
    )
    if differs == space.empty:
        return ()
    ports = describe(answer, differs, brief=True)
    return (f"{ports}, which hangs on the order of base chains with one priority, and nothing shows that",)


def _at_next_boot(space: Space, asked: int, host: Host, run: live.Run, facts: live.HostFacts) -> NextBoot:
    boot = rules_at_boot(live.Commands(run, live.find_command, live.read_text), host)
    ruleset = _on_host(facts, boot.evidence).ruleset if boot.evidence else None
    return NextBoot(boot, _accepted(space, ruleset, asked, host, facts.interfaces) if ruleset else None)


def _on_host(facts: live.HostFacts, evidence: RulesEvidence) -> RulesEvidence:
    return replace(evidence, ruleset=live.on_host(evidence.ruleset, facts.held_back, facts.below))


def routed(space: Space, host: Host, families: Collection[int], interfaces: Sequence[str] = ()) -> int:
    """The packets to other hosts of the networks that the host is connected to, where it forwards. A network with a
    default route is where clients are, and not behind the host. Packets from a network to itself do not pass the host, and so
    none do where there is no other interface.
    """
    upstream = _upstream(host)
    boxes: list[Box] = []
    arriving = interface_ranges(interfaces or None)
    for item in host.own or ():
        width = 32 if item.family == 4 else 128
        known = host.forwarding is not None and host.routes is not None and item.family in host.forwarding
        if not known or item.family not in families or item.prefix >= width or item.scope in ("host", "link"):
            continue
        alone = host.interfaces is not None and set(host.interfaces) <= {"lo", item.interface}
        if item.interface in upstream or alone:
            continue
        size = 1 << (width - item.prefix)
        first = item.value & ~(size - 1)
        mine = normal((own.value, own.value) for own in host.own or () if own.family == item.family)
        edges = normal([(first, first), (first + size - 1, first + size - 1)] if item.family == 4 else [(first, first)])
        others = minus(minus(((first, first + size - 1),), mine), edges)
        value = interface_value(item.interface)
        boxes.append(
            {
                FAMILY: ((item.family, item.family),),
                IIF: minus(arriving, ((value, value),)),
                DADDR: others,
            }
        )
    return space.boxes(boxes)


def _upstream(host: Host) -> set[str]:
    """The interfaces with a default route."""
    return {
        route.interface for route in host.routes or () if (route.first, route.last) == (0, ADDRESS_TOP[route.family])
    }


def _outer(names: Sequence[str], host: Host) -> list[str]:
    """The interfaces on which clients arrive. Where others have a default route, a bridge without one leads to this host's own
    containers and virtual machines. Docker publishes a port to all but these."""
    upstream = _upstream(host)
    inner = host.bridges - upstream if upstream else frozenset()
    return [name for name in names if name != "lo" and name not in inner]


def _astray(space: Space, host: Host) -> int:
    """What no client sends: packets from the host's own addresses, from networks that are behind another interface than the
    one on which they arrive, and to global addresses from link-local ones. Firewalld's and other filters of the reverse path
    drop the former, and the kernel forwards no link-local sources to a container. A source without any route may be a client.
    """
    if host.own is None or host.routes is None:
        return space.empty
    link_local: Box = {FAMILY: ((6, 6),), SADDR: (LINK_LOCAL,)}
    routing = Routing(host)
    ways = routing.sources_by_interface()
    nobodys = [(item.family, item.value) for item in host.own]
    broadcasts = [(family, edge) for family in (4, 6) for edge in routing.edges(family)]  # in IPv6 anycast
    own: list[Box] = [{FAMILY: ((family, family),), SADDR: ((value, value),)} for family, value in nobodys + broadcasts]
    known: list[Box] = [{FAMILY: box[FAMILY], SADDR: box[SADDR]} for box in ways if SADDR in box]
    return space.union(space.box(link_local), space.minus(space.boxes([*own, *known]), space.boxes(ways)))


def _accepted(space: Space, ruleset: Ruleset, asked: int, host: Host, names: Collection[str]) -> Acceptance:
    """``names``: of interfaces that the answer may tell apart though no rule names them, since addresses and routes do."""
    answer = accepted(space, ruleset, asked, host)
    values = map(interface_value, names)
    answer.interfaces = tuple(sorted({*answer.interfaces, *((value, value) for value in values)}))
    return answer


def _loopback(space: Space, host: Host, families: Collection[int], interfaces: Sequence[str]) -> int:
    """The packets to 127.0.0.0/8, on interfaces from which the kernel takes them (CVE-2020-8558)."""
    names = [name for name in interfaces if name in host.route_localnet and name != "lo"]
    return question(space, {4} & set(families), names, ["127.0.0.0/8"]) if names else space.empty


def _with_own(host: Host, given: Sequence[IpAddress]) -> Host:
    """The host with the given addresses too."""
    if not given:
        return host
    present = {(item.family, item.value) for item in host.own or ()}
    more = [
        Own(address.version, int(address), "") for address in given if (address.version, int(address)) not in present
    ]
    return replace(host, own=(*(host.own or ()), *more))


def _checked(text: str) -> IpAddress:
    address = text.split("%", maxsplit=1)[0]
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        raise IntentError("addresses", text, "an IPv4 or IPv6 address") from None
    if parsed.is_loopback or parsed.is_multicast or parsed.is_unspecified or getattr(parsed, "ipv4_mapped", None):
        raise IntentError("addresses", text, "an address of the host that clients can send to")
    return parsed
