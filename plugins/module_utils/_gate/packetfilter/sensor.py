# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The look at a packet filter: rules in, the exact set of accepted new connections out. Nothing here knows what was required."""

from __future__ import annotations

from typing import Collection, Mapping, Sequence

from ..dataclass import dataclass, replace
from ..errors import IntentError
from ..host.commands import Access, Commands, this_host
from . import live
from .asked import (
    FAMILIES,
    Asked,
    asked_of_any_host,
    asked_of_this_host,
    check_interfaces,
    checked_address,
    not_of_this_host,
    routed,
    with_own,
)
from .boot import Boot, rules_at_boot
from .diagram import Space
from .essential import essential_icmpv6
from .evaluate import Acceptance, accepted
from .live import IpAddress
from .model import NOTHING_KNOWN, Host, Ruleset, interface_value
from .openings import describe
from .order import MOST_ORDERS, other_orders
from .readers.combine import RulesEvidence
from .readers.files import from_files

#: The baseline that stands for the rules of the host itself.
LIVE = "live"


@dataclass(frozen=True)
class NextBoot:
    """``acceptance``: what the rules of the next start accept; None where they are not known as rules. ``boot``: what loads
    them, and what is not known of it."""

    boot: Boot
    acceptance: Acceptance | None


#: Kinds of `LeftOut`: a rule of ``ip rule`` comes before the host's own addresses; the host takes a whole network for its own;
#: base chains of one priority have an order that nothing shows.
ROUTING, NETWORK, ORDER = "routing", "network", "order"


@dataclass(frozen=True)
class LeftOut:
    """Packets that are not judged, and why: ``what`` in words, behind "what is sent to"."""

    kind: str
    what: str


@dataclass(frozen=True)
class FilterEvidence:
    """``question``: the packets asked about. ``promised``: those of them that go to an address which clients are given
    (link-local ones are not), and that arrive on an interface which the host has, from where that leads.
    ``families``: 4 and 6, as far as rules were read for them. ``routed``: the same look at what a client sends directly to
    other hosts (containers, mostly) of networks that this one is connected to; empty where it is not known to forward.
    ``icmpv6``: the types of `essential.ESSENTIAL` that get in; None where IPv6 is not asked about or was not read.
    ``host``: what was known of the host. ``baseline``: the same question to the rules to compare with, if there are any.
    ``next_boot``: the same to what the host will load at its next start, if asked. ``left_out``: what
    could not be asked about."""

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
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True)
class _Source:
    """What was read. ``before``: the rules to compare with. ``facts``: None where the rules may be for any host."""

    evidence: RulesEvidence
    before: RulesEvidence | None
    host: Host
    facts: live.HostFacts | None


def look_at_filter(
    rules: Mapping[str, str],
    interfaces: Sequence[str] = (),
    addresses: Sequence[str] = (),
    families: Sequence[str] | None = None,
    timeout: int = 30,
    baseline: Mapping[str, str] | str | None = None,
    next_boot: bool = False,
    access: Access | None = None,
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
    :param access: the way to the host, where it is not this one; files of it cannot be given then.
    :raises IntentError, EvidenceError: before anything is analysed.
    """
    given = [checked_address(text) for text in addresses]
    check_interfaces(interfaces)
    if next_boot and rules:
        raise IntentError("next_boot", True, "left out where rules are given: it compares with the live rules")
    access = access or this_host(timeout)
    source = _read(rules, baseline, given, access)
    evidence, facts = source.evidence, source.facts
    wanted = {FAMILIES[name] for name in families or ()}
    if facts is None:
        asked = asked_of_any_host(given, interfaces, wanted)
    else:
        asked = asked_of_this_host(facts, given, interfaces, wanted)
    # Where no address of a family is known, any counts as the host's.
    host = replace(source.host, own=None) if asked.elsewhere() else source.host
    space = Space()
    whole = asked.whole(space, host)
    beyond = routed(space, host, asked.families, interfaces)
    both = _accepted(space, evidence.ruleset, space.union(whole, beyond), host, asked.receiving)
    acceptance = both.about(whole)
    return FilterEvidence(
        space=space,
        ruleset=evidence.ruleset,
        acceptance=acceptance,
        routed=both.about(space.minus(beyond, whole)) if beyond != space.empty else None,
        question=whole,
        promised=asked.of_clients(space, host),
        families=evidence.families,
        notes=evidence.ruleset.notes + acceptance.notes + _remarks(facts, given),
        icmpv6=_essential(space, evidence, host, asked),
        host=host,
        baseline=_accepted(space, source.before.ruleset, whole, host, asked.receiving) if source.before else None,
        next_boot=_at_next_boot(space, whole, host, access, facts) if next_boot and facts else None,
        left_out=(*_not_asked(facts, given), *_by_order(evidence.ruleset, acceptance, host)),
    )


def _read(
    rules: Mapping[str, str], baseline: Mapping[str, str] | str | None, given: Sequence[IpAddress], access: Access
) -> _Source:
    if rules and baseline != LIVE:
        host = with_own(NOTHING_KNOWN, given)
        before = from_files(baseline, host) if isinstance(baseline, Mapping) else None
        return _Source(from_files(rules, host), before, host, None)
    now, facts = live.from_host(access)
    host = with_own(facts.host, given)
    if rules:
        return _Source(_on_host(facts, from_files(rules, host)), now, host, facts)
    before = _on_host(facts, from_files(baseline, host)) if isinstance(baseline, Mapping) else None
    return _Source(now, before, host, facts)


def _remarks(facts: live.HostFacts | None, given: Sequence[IpAddress]) -> tuple[str, ...]:
    return tuple(not_of_this_host(facts, given)) if facts else ()


def _not_asked(facts: live.HostFacts | None, given: Sequence[IpAddress]) -> list[LeftOut]:
    """Destinations of which it is not known whether the host takes them. Who gives addresses asks about those alone."""
    if facts is None:
        return []
    networks = [] if given else [LeftOut(NETWORK, what) for what in facts.networks]
    return [LeftOut(ROUTING, what) for what in facts.left_out] + networks


def _essential(space: Space, evidence: RulesEvidence, host: Host, asked: Asked) -> frozenset[int] | None:
    if 6 not in asked.families or 6 not in evidence.families:
        return None
    own = [int(address) for address in asked.own if address.version == 6]
    return essential_icmpv6(space, evidence.ruleset, host, own, asked.named)


def _by_order(ruleset: Ruleset, answer: Acceptance, host: Host) -> list[LeftOut]:
    """What some order of the tables lets in and another does not."""
    orders, space = other_orders(ruleset), answer.space
    if orders is None:
        text = "any port: base chains with one priority may have any of more than {} orders".format(MOST_ORDERS)
        return [LeftOut(ORDER, text)]
    differs = space.empty
    for other in (accepted(space, order, answer.question, host) for order in orders):
        for one, two in ((answer.may, other.may), (answer.must, other.must)):
            differs = space.union_all((differs, space.minus(one, two), space.minus(two, one)))
    if differs == space.empty:
        return []
    ports = describe(answer, differs, brief=True)
    return [
        LeftOut(ORDER, f"{ports}, which hangs on the order of base chains with one priority, and nothing shows that")
    ]


def _at_next_boot(space: Space, asked: int, host: Host, access: Access, facts: live.HostFacts) -> NextBoot:
    boot = rules_at_boot(Commands(access), host)
    ruleset = _on_host(facts, boot.evidence).ruleset if boot.evidence else None
    return NextBoot(boot, _accepted(space, ruleset, asked, host, facts.interfaces) if ruleset else None)


def _on_host(facts: live.HostFacts, evidence: RulesEvidence) -> RulesEvidence:
    return replace(evidence, ruleset=live.on_host(evidence.ruleset, facts))


def _accepted(space: Space, ruleset: Ruleset, asked: int, host: Host, names: Collection[str]) -> Acceptance:
    """``names``: of interfaces that the answer may tell apart though no rule names them, since addresses and routes do."""
    answer = accepted(space, ruleset, asked, host)
    by_routes = {route.interface for route in host.routes or () if route.interface}
    values = map(interface_value, {*names, *by_routes})
    answer.interfaces = tuple(sorted({*answer.interfaces, *((value, value) for value in values)}))
    return answer
