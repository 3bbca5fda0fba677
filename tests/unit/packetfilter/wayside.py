# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random rulesets with all that can happen to a packet on its way, a host for them, and packets that they tell apart."""

from __future__ import annotations

from dataclasses import replace

from _gate.packetfilter.model import (
    ANY,
    CT_DNAT,
    CT_MARK,
    CT_STATE,
    CT_ZONE,
    DADDR,
    DESTINATION_TYPE,
    DPORT,
    FAMILY,
    ICMP_TYPE,
    IIF,
    INVALID,
    IPV4_TOP,
    LOCAL,
    MARK,
    NEW,
    NOTHING_KNOWN,
    OIF,
    ORIGINAL_DADDR,
    ORIGINAL_DPORT,
    PROTOCOL,
    REVERSE_PATH,
    SADDR,
    SPORT,
    TOP,
    UNICAST,
    UNTRACKED,
    Base,
    Chain,
    Change,
    Host,
    Match,
    Nat,
    Own,
    Route,
    Rule,
    Ruleset,
    Table,
    Verdict,
    Where,
    interface_value,
)

ETH0, ETH1, DOCKER0, LO = (interface_value(name) for name in ("eth0", "eth1", "docker0", "lo"))


def v4(text):
    a, b, c, d = map(int, text.split("."))
    return a << 24 | b << 16 | c << 8 | d


def v6(first, last):
    return first << 112 | last


OWN4, LAN4, BRIDGE4, BOX4 = v4("192.0.2.25"), v4("10.0.0.1"), v4("172.17.0.1"), v4("172.17.0.2")
NET = {4: (v4("192.0.2.0"), v4("192.0.2.255")), 6: (v6(0x2001, 0), v6(0x2001, (1 << 64) - 1))}
OWN6, BRIDGE6, BOX6, LINK6 = v6(0x2001, 0x25), v6(0xFD00, 1), v6(0xFD00, 2), v6(0xFE80, 1)
ADDRESSES = {
    4: (OWN4, LAN4, BOX4, BOX4 + 1, v4("8.8.8.8"), v4("11.0.0.1"), v4("127.0.0.1"), v4("10.0.0.7"), v4("192.0.2.255")),
    6: (OWN6, BOX6, BOX6 + 1, v6(0x3000, 1), v6(0x2001, 0x77)),
}
SOURCES = {4: (v4("8.8.8.9"), v4("10.0.0.9"), v4("172.17.0.9"), OWN4), 6: (v6(0x3000, 9), v6(0xFE80, 9), v6(0xFD00, 9))}
PORTS = (25, 26, 80, 2525, 2526, 2530)
MARKS = (0, 1, 2, 6)

HOST = Host(
    own=(
        Own(4, v4("127.0.0.1"), "lo", "host", 8),
        Own(6, 1, "lo", "host"),
        Own(4, OWN4, "eth0", "global", 24),
        Own(4, LAN4, "eth1", "global", 24),
        Own(4, BRIDGE4, "docker0", "global", 16),
        Own(6, OWN6, "eth0", "global", 64),
        Own(6, LINK6, "eth0", "link", 64),
        Own(6, BRIDGE6, "docker0", "global", 64),
    ),
    interfaces=("docker0", "eth0", "eth1", "lo"),
    forwarding=frozenset((4, 6)),
    routes=(
        Route(4, 0, IPV4_TOP, "eth0"),
        Route(4, *NET[4], "eth0"),
        Route(4, v4("10.0.0.0"), v4("10.0.0.255"), "eth1"),
        Route(4, v4("172.17.0.0"), v4("172.17.255.255"), "docker0"),
        Route(4, v4("11.0.0.0"), v4("11.255.255.255"), ""),
        Route(4, v4("10.0.0.0"), v4("10.0.0.255"), "eth0", 100),
        Route(6, 0, TOP[DADDR], "eth0", 1024),
        Route(6, *NET[6], "eth0"),
        Route(6, v6(0xFD00, 0), v6(0xFD00, (1 << 64) - 1), "docker0"),
        Route(6, v6(0xFE80, 0), v6(0xFE80, (1 << 64) - 1), "eth0"),
        Route(6, v6(0xFE80, 0), v6(0xFE80, (1 << 64) - 1), "docker0"),
    ),
    route_localnet=frozenset(("eth1",)),
)
HOSTS = (
    HOST,
    HOST,
    HOST,
    NOTHING_KNOWN,
    replace(HOST, forwarding=frozenset((4,))),
    replace(HOST, routes=None),
    replace(HOST, forwarding=None),
    replace(HOST, own=None),
    replace(HOST, routes=(*HOST.routes, Route(4, 0, IPV4_TOP, "eth1"))),
)


def one(value):
    return ((value, value),)


def ranges(chance, values):
    low, high = sorted(chance.choices(values, k=2))
    return chance.choice((one(low), ((low, high),)))


SIMPLE = {
    IIF: (ETH0, ETH1, DOCKER0, LO),
    OIF: (0, ETH0, ETH1, DOCKER0),
    PROTOCOL: (6, 17, 58),
    ICMP_TYPE: (128, 135),
    CT_STATE: (INVALID, NEW, UNTRACKED),
    CT_DNAT: (0, 1),
    CT_ZONE: (0, 1),
    MARK: MARKS,
    CT_MARK: MARKS,
    DESTINATION_TYPE: (UNICAST, LOCAL),
    REVERSE_PATH: (0, 1),
    DPORT: PORTS,
    ORIGINAL_DPORT: PORTS,
    SPORT: (53, 40000),
}


def box(chance, dimensions):
    found = {}
    for dim in chance.sample(dimensions, chance.randint(0, 2)):
        if dim in (DADDR, ORIGINAL_DADDR, SADDR):
            family = found[FAMILY][0][0] if FAMILY in found else chance.choice((4, 4, 6))
            values = (SOURCES if dim == SADDR else ADDRESSES)[family]
            found[FAMILY] = one(family)
            found[dim] = ranges(chance, values)
        elif dim == FAMILY:
            found.setdefault(FAMILY, one(chance.choice((4, 6))))
        else:
            found[dim] = ranges(chance, SIMPLE[dim])
    return found


class Maker:
    """``doubts``: how often a match is in doubt. ``dimensions``: what conditions ask for."""

    def __init__(self, chance, doubts, host):
        self.chance = chance
        self.doubts = doubts
        self.host = host
        everything = [*SIMPLE, FAMILY, DADDR, ORIGINAL_DADDR, SADDR]
        if (
            host.own is None
        ):  # whether a redirect changes the address is not known then; the interpreter says that it does
            everything.remove(CT_DNAT)
        self.dimensions = chance.sample(everything, chance.randint(3, len(everything)))
        self.number = 0

    def match(self):
        chance = self.chance
        doubt, run_time = "", False
        if chance.random() < self.doubts:
            doubt, run_time = chance.choice((("limit", True), ("limit", True), ("string", False)))
        boxes = tuple(box(chance, self.dimensions) for _box in range(chance.randint(1, 2)))
        within = box(chance, self.dimensions) if chance.random() < 0.2 else {}
        return Match(boxes, within, chance.random() < 0.2, doubt, run_time)

    def change(self):
        chance = self.chance
        kind = chance.randint(0, 9)
        if kind == 0:
            return Change(CT_STATE, 0, UNTRACKED)
        if kind == 1 and self.doubts:
            return Change(chance.choice((MARK, CT_MARK)), unclear="a mark from a map")
        if kind == 2:
            return Change(MARK, 0, 0, CT_MARK, chance.choice((IPV4_TOP, 2)))
        if kind == 3:
            return Change(CT_MARK, 0, 0, MARK, IPV4_TOP)
        keep = chance.choice((0, 0, 0, IPV4_TOP, IPV4_TOP - 2))
        return Change(chance.choice((MARK, MARK, CT_MARK)), keep, chance.choice(MARKS))

    def nat(self):
        chance = self.chance
        port = chance.choice((None, (25, 25), (2525, 2525), (25, 26), (2525, 2527)))
        kind = chance.random()
        if kind < 0.4:
            return {}, Nat(ports=port, local=True)
        family = chance.choice((4, 4, 6))
        within = {FAMILY: one(family)}
        old_first = chance.choice((25, 2525)) if port and port[0] != port[1] and chance.random() < 0.5 else None
        if old_first is not None:  # of all ports it would be too many pieces to follow
            within[PROTOCOL], within[DPORT] = one(6), ((25, 80),)
        if kind < 0.55 and self.host.own is not None:
            return within, Nat(ports=port or (25, 25), old_first_port=old_first)
        if kind < 0.65:
            base = {4: v4("172.17.0.0"), 6: v6(0xFD00, 0)}[family]
            old = chance.choice(ADDRESSES[family]) & ~0xFF
            within[DADDR] = ((old, old | chance.choice((0xFF, 0x1FF))),)
            return within, Nat(addresses=(base, base | chance.choice((0xFF, 3))), ports=port, netmap=True)
        first, last = sorted(chance.choices(ADDRESSES[family][:7], k=2))
        addresses = chance.choice(((first, first), (first, first), (first, last if last - first < 16 else first)))
        return within, Nat(addresses=addresses, ports=port, old_first_port=old_first)

    def verdict(self, later, nat_chain):
        """(box within which it stands, verdict)"""
        chance = self.chance
        kinds = ["accept"] * 3 + ["drop"] * 3 + ["reject", "return", "continue"] + ["change"] * 4
        kinds += ["jump", "jump", "goto"] * bool(later)
        if nat_chain and chance.random() < 0.6:
            within, nat = self.nat()
            return within, Verdict("nat", nat=nat)
        kind = chance.choice(kinds)
        if chance.random() < 0.15 * self.doubts:
            kind = chance.choice(("unfollowed", "elsewhere"))
        if kind in ("jump", "goto"):
            return {}, Verdict(kind, chance.choice(later))
        if kind == "change":
            return {}, Verdict(kind, changes=tuple(self.change() for _c in range(chance.choice((1, 1, 2)))))
        return {}, Verdict(kind, text="it" if kind in ("unfollowed", "elsewhere") else "")

    def rule(self, name, later, nat_chain=False):
        chance = self.chance
        self.number += 1
        where = Where("nft", "inet", "t", name, "handle {0}".format(self.number))
        matches = [self.match() for _match in range(chance.choice((0, 1, 1, 2)))]
        within, verdict = self.verdict(later, nat_chain)
        if within:
            matches.append(Match((within,)))
        branches = [((ANY,), verdict)]
        if chance.random() < 0.15:
            more = self.verdict(later, False)[1]
            branches = [((box(chance, self.dimensions),), verdict), ((box(chance, self.dimensions), ANY)[:1], more)]
        return Rule(tuple(matches), tuple(branches), where)

    def chain(self, name, later, base=None):
        nat_chain = base is not None and base.kind == "nat" and base.hook == "prerouting"
        return Chain(name, tuple(self.rule(name, later, nat_chain) for _r in range(self.chance.randint(0, 5))), base)

    def table(self):
        chance = self.chance
        chains = {}
        for index, name in enumerate(("c1", "c2")):
            chains[name] = self.chain(name, ("c2",) if index == 0 else ())
        hooks = [
            ("prerouting", "filter", -300),
            ("prerouting", "filter", -150),
            ("prerouting", "nat", -100),
            ("prerouting", "filter", -50),
            ("input", "filter", 0),
            ("input", "nat", 100),
            ("forward", "filter", 0),
            ("postrouting", "filter", 0),
        ]
        for number, (hook, kind, priority) in enumerate(hooks):
            if chance.random() < (0.75 if kind == "nat" and hook == "prerouting" else 0.5):
                policy = chance.choice(("accept", "accept", "accept", "drop"))
                base = Base(hook, kind, priority + chance.choice((0, 1, 2)), policy)
                name = "b{0}".format(number)
                chains[name] = self.chain(name, ("c1", "c2"), base)
        return Table("nft", chance.choice(("inet", "inet", "ip", "ip6")), "t", chains)

    def ruleset(self):
        return Ruleset(tuple(self.table() for _table in range(self.chance.choice((1, 1, 2)))))


def packets(chance, count):
    for _packet in range(count):
        family = chance.choice((4, 4, 6))
        protocol = chance.choice((6, 6, 6, 17, 1 if family == 4 else 58))
        yield {
            FAMILY: family,
            IIF: chance.choice((ETH0, ETH0, ETH1, DOCKER0, LO)),
            PROTOCOL: protocol,
            ICMP_TYPE: chance.choice((128, 135)) if protocol in (1, 58) else 0,
            DPORT: chance.choice(PORTS),
            SPORT: chance.choice((53, 40000)),
            DADDR: chance.choice(ADDRESSES[family]),
            SADDR: chance.choice(SOURCES[family]),
        }
