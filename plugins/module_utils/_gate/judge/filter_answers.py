# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether clients that are let in get any further: what they send next comes in, and the host's answers reach them."""

from __future__ import annotations

import ipaddress
from typing import Collection, Iterator, Sequence

from ..dataclass import replace
from ..intent.services import ANYONE, Service
from ..packetfilter.addresses import ADDRESS_TOP, address_text, cidrs
from ..packetfilter.answers import ANSWERS, Lost, lost_packets
from ..packetfilter.dead_routes import dead_routes, wide_dead_routes
from ..packetfilter.diagram import EMPTY
from ..packetfilter.model import ACCEPT, FAMILY, IIF, SADDR, SPORT, TOP, Host, Route, Where
from ..packetfilter.openings import lines, rule_text
from ..packetfilter.sensor import FilterEvidence
from .checks import CHECKS
from .filter_advice import Advice, depends_on, family_box
from .filter_remedies import manager, nft_chain, xtables_command
from .filter_sources import private_from_afar, source_box
from .finding import FAIL, PASS, UNKNOWN, WARN, Finding
from .wording import first_of

CHECK = "firewall.answers"

#: Below this one, no client is given a source port; above, it is one of many thousands. Of a few that do not work, nobody
#: notices, and that rules against mail to elsewhere (``tcp dport 25 drop`` at output) drop answers to port 25 is no matter.
_FIRST_OWN_PORT = 1024
#: The shortest prefixes of private networks: 240.0.0.0/4, fc00::/7.
_WIDEST_PRIVATE = {4: 4, 6: 7}
_MANY_PORTS = 1024


def judge_answers(
    host: str, services: Sequence[Service], evidence: FilterEvidence, advice: Advice
) -> Iterator[Finding]:
    """One finding for each required service that clients cannot use though they are let in; a single one where all are well.

    :param services: those that are required.
    """
    judge = _Judge(host, evidence, advice)
    doors = [(service, judge.door(service)) for service in services]
    doors = [(service, door) for service, door in doors if door != EMPTY]
    if not doors:
        return
    findings = [*judge.by_rules(doors), *judge.by_routes(doors)]
    yield from findings or [Finding(CHECK, host, 0, "", PASS)]


_Doors = Sequence["tuple[Service, int]"]


class _Judge:
    def __init__(self, host: str, evidence: FilterEvidence, advice: Advice) -> None:
        self.host = host
        self.evidence = evidence
        self.advice = advice
        self.space = evidence.space

    def door(self, service: Service) -> int:
        """The first packets of clients that are to use the service, and are let in."""
        space = self.space
        clients = space.box({SPORT: ((_FIRST_OWN_PORT, TOP[SPORT]),)})
        door = self.advice.door(service.port, service.transport, service.sources)
        for region in (self.evidence.promised, self.advice.arriving, self.evidence.acceptance.may, clients):
            door = space.intersect(door, region)
        return door

    # Rules

    def by_rules(self, doors: _Doors) -> Iterator[Finding]:
        let_in = self.space.union_all(door for _service, door in doors)
        lost = lost_packets(self.evidence.ruleset, self.evidence.acceptance, let_in)
        for service, door in doors if lost else ():
            finding = next(self._faults(service, door, lost), None) or next(self._doubts(service, door, lost), None)
            if finding is not None:
                yield finding

    def _faults(self, service: Service, door: int, lost: Sequence[Lost]) -> Iterator[Finding]:
        space = self.space
        for each in lost:
            gone = self._many(space.intersect(each.dropped, door), door)
            if gone == EMPTY:
                continue
            droppers = [self._dropper(each, part) for part in self._by_family(gone)]
            where = droppers[0]
            cause = (
                f"dropped by {rule_text(where)}: {where.text}"
                if where
                else "no rule drops it, but no route leads there"
            )
            if each.one_way:
                cause += "; conntrack sees one way of these connections alone"
            yield self._finding(
                WARN if self._may_be_nobody(service, gone) else FAIL,
                service,
                gone,
                f"{self._lines(self._opened(service))}, and what follows",
                f"let in, but {each.kind} dropped: {self._told(service, gone)}",
                f"{cause}; for example {self._witness(gone)}",
                "; ".join(dict.fromkeys(self._mend(where, each, service) for where in droppers)),
            )

    def _may_be_nobody(self, service: Service, gone: int) -> bool:
        """As of the first packets (`filter_tolerated`): private networks by the default route."""
        private = private_from_afar(self.space, self.evidence.host)
        return service.sources == ANYONE and self.space.is_subset(gone, private)

    def _by_family(self, region: int) -> list[int]:
        parts = [self.space.intersect(region, family_box(self.space, family)) for family in (4, 6)]
        return [part for part in parts if part != EMPTY]

    def _dropper(self, lost: Lost, gone: int) -> Where | None:
        """The rule or policy that drops what follows the witness's first packet."""
        witness = self.space.box({dim: ((value, value),) for dim, value in self.space.witness(gone).items()})
        return next(iter(lost.dropped_by(self.space.intersect(gone, witness))), None)

    def _mend(self, where: Where | None, lost: Lost, service: Service) -> str:
        return _mend(where, lost, service, self.advice.neighbours(where) if where else ())

    def _doubts(self, service: Service, door: int, lost: Sequence[Lost]) -> Iterator[Finding]:
        """Of clients that are certainly let in: doubts about the first packet have findings of their own."""
        space = self.space
        sure = space.intersect(door, self.evidence.acceptance.must)
        for outcome, word in ((UNKNOWN, "perhaps"), (WARN, "now and then")):
            for each in lost:
                region = each.unknown if outcome == UNKNOWN else each.sometimes
                unsure = self._many(space.intersect(region, sure), sure)
                if unsure == EMPTY:
                    continue
                yield self._finding(
                    outcome,
                    service,
                    EMPTY,
                    f"{self._lines(self._opened(service))}, and what follows",
                    f"let in, but {each.kind} dropped {word}: {self._told(service, unsure)}",
                    depends_on(each.doubts(unsure)),
                    "accept what belongs to connections (ct state established,related accept; -m conntrack --ctstate "
                    "ESTABLISHED,RELATED -j ACCEPT) before any rule with that condition",
                )

    def _many(self, gone: int, door: int) -> int:
        """The part of what is gone of which clients notice: all of their source ports, or many, do not work."""
        space = self.space
        if gone == EMPTY:
            return EMPTY
        for_all = space.minus(gone, space.any_of(space.minus(door, gone), (SPORT,)))
        if for_all != EMPTY:
            return for_all
        ports = sum(last - first + 1 for first, last in space.values(gone, SPORT))
        return gone if ports >= _MANY_PORTS else EMPTY

    # Routes

    def by_routes(self, doors: _Doors) -> Iterator[Finding]:
        space = self.space
        routes = dead_routes(self.evidence.host)
        dead = space.boxes(routes)
        told: list[str] = []
        for service, door in doors if routes else ():
            gone = space.intersect(door, dead)
            if gone == EMPTY:
                continue
            wide = next(self._by_wide_routes(service, door), None)
            if wide is not None:
                yield wide
                continue
            whole = space.union_all(self._wholly(service, door, gone))
            if whole != EMPTY:
                yield self._finding(
                    FAIL,
                    service,
                    whole,
                    f"{self._lines(self._opened(service))}, and what follows",
                    f"let in, but {ANSWERS} have no way: {self._told(service, whole)}",
                    f"a route there is blackhole, unreachable or prohibit; for example {self._witness(whole)}",
                    "ip route show table all | grep -e blackhole -e unreachable -e prohibit, and ip route del that one",
                )
                continue
            told += self._public_networks(gone)
        if told:
            yield self._finding(
                WARN,
                None,
                EMPTY,
                "answers to all who are let in",
                "no answer to " + first_of(told),
                "a route there is blackhole, unreachable or prohibit, as fail2ban's action route makes them",
                "fail2ban-client unban ADDRESS, or ip route del that route, for each that is shut out by mistake",
            )

    def _by_wide_routes(self, service: Service, door: int) -> Iterator[Finding]:
        """One finding for all dead routes by which the host has no way to a good part of the Internet."""
        space, host = self.space, self.evidence.host
        routes = [
            (route, space.intersect(door, space.box(box)))
            for route, box in wide_dead_routes(host)
            if _is_public(_network(route))
        ]
        routes = [(route, gone) for route, gone in routes if self._public_networks(gone)]
        if routes:
            networks = " and ".join(_network(route) for route, _gone in routes)
            gone = space.union_all(gone for _route, gone in routes)
            yield self._finding(
                FAIL,
                service,
                gone,
                f"{self._lines(self._opened(service))}, and what follows",
                f"let in, but {ANSWERS} have no way to any client of {networks} to whom no smaller route leads",
                f"the route to {networks} is blackhole, unreachable or prohibit; for example {self._witness(gone)}",
                "; ".join(dict.fromkeys(_way_back(route, host) for route, _gone in routes))
                + "; and mend what sets it up",
            )

    def _wholly(self, service: Service, door: int, gone: int) -> Iterator[int]:
        """For each network of the service, and family, what is gone if that is all of it."""
        for cidr in service.sources:
            for family in (4, 6):
                wanted = self.space.intersect(door, self.space.box(source_box(cidr)))
                wanted = self.space.intersect(wanted, family_box(self.space, family))
                if wanted != EMPTY and self.space.is_subset(wanted, gone):
                    yield wanted

    def _public_networks(self, gone: int) -> list[str]:
        """The networks of clients from anywhere: routers keep private ones from the outside by dead routes."""
        space = self.space
        found: list[str] = []
        for family in (4, 6):
            mine = space.intersect(gone, family_box(space, family))
            if mine != EMPTY:
                found += [cidr for cidr in cidrs(family, space.values(mine, SADDR)) if _is_public(cidr)]
        return found

    # Words

    def _opened(self, service: Service) -> int:
        door = self.advice.door(service.port, service.transport, service.sources)
        return self.space.intersect(door, self.evidence.acceptance.may)

    def _told(self, service: Service, gone: int) -> str:
        """Who is concerned; in the fewest words, packets that no client sends may be among them."""
        opened = self._opened(service)
        anyport = self.space.intersect(opened, self.space.any_of(gone, (SPORT,)))
        others = self.space.minus(opened, self.advice.arriving)
        return min(map(self._lines, (self.space.union(anyport, others), anyport, gone)), key=len)

    def _lines(self, region: int) -> str:
        shown = self.evidence.acceptance.about(region)
        single = {pair for pair in self.space.values(region, IIF) if pair[0] == pair[1]}
        shown.interfaces = tuple(sorted({*shown.interfaces, *single}))
        return "; ".join(lines(shown, region))

    def _witness(self, region: int) -> str:
        packet = self.space.witness(region)
        return f"{address_text(packet[FAMILY], packet[SADDR])} from port {packet[SPORT]}"

    def _finding(
        self,
        outcome: str,
        service: Service | None,
        region: int,
        expected: str,
        observed: str,
        cause: str,
        fix: str,
    ) -> Finding:
        families = tuple(f"ipv{family}" for family in (4, 6) if self.space.meet(region, family_box(self.space, family)))
        port, label = (service.port, service.label) if service else (0, "")
        source = CHECKS[CHECK].source
        return Finding(CHECK, self.host, port, label, outcome, (), expected, observed, cause, fix, source, families)


def _network(route: Route) -> str:
    return cidrs(route.family, ((route.first, route.last),))[0]


def _way_back(route: Route, host: Host) -> str:
    """The commands that take a dead route away, and those for a default route where there is no other."""
    command = "ip" if route.family == 4 else "ip -6"
    alive = [other for other in host.routes or () if other.family == route.family and other.interface]
    everything = _network(replace(route, first=0, last=ADDRESS_TOP[route.family]))
    which = "default" if _network(route) == everything else _network(route)
    remedy = f"{command} route del {which}" + (f" metric {route.metric}" if route.metric else "")
    if everything in map(_network, alive):
        return remedy
    names = {other.interface for other in alive} - {"lo"}
    card = names.pop() if len(names) == 1 else "INTERFACE"
    return f"{remedy}; {command} route replace default via GATEWAY dev {card}"


def _is_public(cidr: str) -> bool:
    """Whether it has addresses that are not private. Python 3.8 asks the two ends alone, and 0.0.0.0/0 has private ones."""
    network = ipaddress.ip_network(cidr)
    return network.prefixlen < _WIDEST_PRIVATE[network.version] or not network.is_private


def _mend(where: Where | None, lost: Lost, service: Service, neighbours: Collection[str]) -> str:
    """A rule that accepts what belongs to connections, in front of the one that drops it."""
    if where is None:
        return "mend the rule that translates it, or the routes of the host"
    if lost.one_way:
        return "track both ways, or neither: notrack (-j CT --notrack), or a zone, for one way needs the same for the other"
    who = manager(where, neighbours)
    if who == "ufw":
        file = "before6.rules" if where.family == "ip6" else "before.rules"
        return f"take the rules for RELATED,ESTABLISHED of the package's /etc/ufw/{file} again, then ufw reload"
    if who == "firewalld":
        return (
            "firewall-cmd --reload brings back what accepts connections that are there; firewall-cmd --direct --get-all-rules "
            "and firewall-cmd --list-all-policies show what drops them"
        )
    if who == "fail2ban":
        return "fail2ban-client banned shows whom it keeps out; fail2ban-client unban ADDRESS"
    port = f"{'sport' if lost.kind == ANSWERS else 'dport'} {service.port}"
    if lost.before_conntrack(where):
        if where.source == "nft":
            return f"nft insert rule {nft_chain(where)} {service.transport} {port} {ACCEPT}"
        return f"{xtables_command(where)} -I {where.chain} -p {service.transport} --{port} -j ACCEPT"
    if where.source == "nft":
        return f"nft insert rule {nft_chain(where)} ct state established,related {ACCEPT}"
    return f"{xtables_command(where)} -I {where.chain} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"
