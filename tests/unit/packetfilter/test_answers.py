# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is lost of connections behind their first packet, from iptables-save text; `tests/kernel` asks the kernel the same."""

from __future__ import annotations

import ipaddress
import random
from dataclasses import replace

import pytest

import wayside
from _gate.packetfilter import answers, model
from _gate.packetfilter.answers import ANSWERS, LATER, lost_packets
from _gate.packetfilter.dead_routes import dead_routes, wide_dead_routes
from _gate.packetfilter.diagram import EMPTY, Space
from _gate.packetfilter.evaluate import accepted
from _gate.packetfilter.mirror import mirrored
from _gate.packetfilter.model import (
    ACK,
    ANSWER,
    CT_STATE,
    DADDR,
    DIMENSIONS,
    DPORT,
    ESTABLISHED,
    FAMILY,
    IIF,
    IPV4_TOP,
    NOTHING_KNOWN,
    OIF,
    PROTOCOL,
    SADDR,
    SPORT,
    SYN,
    TCP_FLAGS,
    Route,
    interface_value,
)
from _gate.packetfilter.readers import iptables_save
from _gate.packetfilter.undisturbed import Undisturbed

ESTABLISHED_IN = "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
DOOR = "-A INPUT -p tcp -m tcp --dport 25 -j ACCEPT"


def ruleset(*lines, policies="DROP DROP ACCEPT", raw=(), nat=()):
    names = ("INPUT", "FORWARD", "OUTPUT")
    text = "".join(":{0} {1} [0:0]\n".format(name, policy) for name, policy in zip(names, policies.split()))
    text = "*filter\n" + text + ":other - [0:0]\n" + "\n".join(lines) + "\nCOMMIT\n"
    if raw:
        text += "*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n" + "\n".join(raw) + "\nCOMMIT\n"
    if nat:
        text += "*nat\n:PREROUTING ACCEPT [0:0]\n" + "\n".join(nat) + "\nCOMMIT\n"
    return iptables_save.read(text, 4, "test").ruleset


def packet(source="198.51.100.7", port=25):
    values = {FAMILY: 4, IIF: interface_value("eth0"), PROTOCOL: 6, DPORT: port, SPORT: 40000}
    addresses = {SADDR: int(ipaddress.ip_address(source)), DADDR: int(ipaddress.ip_address("192.0.2.25"))}
    return {**dict.fromkeys(range(DIMENSIONS), 0), **values, **addresses}


def fates(rules, port=25, host=NOTHING_KNOWN):
    """By kind of packet, what becomes of the connections of a client in 198.51.100.0/24, and of those of all others."""
    space = Space()
    first = accepted(space, rules, space.box({FAMILY: ((4, 4),), PROTOCOL: ((6, 6),), DPORT: ((port, port),)}), host)
    assert space.contains(first.may, packet(port=port)), "the first packet is let in"
    told = {}
    for lost in lost_packets(rules, first, first.may):
        words = []
        for source in ("198.51.100.7", "203.0.113.9"):
            point = packet(source, port)
            parts = (("dropped", lost.dropped), ("sometimes", lost.sometimes), ("unknown", lost.unknown))
            words.append(next((word for word, node in parts if space.contains(node, point)), "lives"))
        told[lost.kind] = tuple(words)
    return told


ALL, NONE = ("dropped", "dropped"), ("lives", "lives")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([ESTABLISHED_IN, DOOR], {}),
        ([DOOR], {}),
        (["-A INPUT -p tcp --dport 25 -m conntrack --ctstate NEW -j ACCEPT"], {LATER: ALL}),
        (["-A INPUT -p tcp --dport 25 -m state --state NEW,ESTABLISHED -j ACCEPT"], {}),
        (["-A INPUT -p tcp --dport 25 --syn -j ACCEPT"], {LATER: ALL}),
        (["-A INPUT -p tcp --dport 25 --syn -j ACCEPT", "-A INPUT -p tcp --dport 25 --tcp-flags ACK ACK -j ACCEPT"], {}),
        ([DOOR.replace("--dport", "-m conntrack --ctstate NEW --dport"), "-A INPUT -s 198.51.100.0/24 -j DROP", ESTABLISHED_IN],
         {LATER: ("dropped", "lives")}),
        (["-A INPUT -s 10.0.0.0/8 -j DROP", ESTABLISHED_IN, DOOR], {}),
        ([ESTABLISHED_IN, DOOR, "-A OUTPUT -d 198.51.100.0/24 -j DROP"], {ANSWERS: ("dropped", "lives")}),
        ([ESTABLISHED_IN, DOOR, "-A OUTPUT -p tcp --sport 25 -m limit --limit 1/min -j DROP"], {ANSWERS: ("sometimes",) * 2}),
        ([ESTABLISHED_IN, DOOR, "-A OUTPUT -m owner --uid-owner 0 -j DROP"], {ANSWERS: ("unknown",) * 2}),
        ([ESTABLISHED_IN, DOOR, "-A OUTPUT -p tcp --sport 25 -m string --string x -j DROP"], {ANSWERS: ("unknown",) * 2}),
        ([ESTABLISHED_IN, DOOR, "-A OUTPUT -j other", "-A other -m conntrack --ctstate ESTABLISHED -j ACCEPT",
          "-A OUTPUT -j DROP"], {}),
        ([ESTABLISHED_IN, DOOR, "-A OUTPUT -j other", "-A other -p udp -j RETURN", "-A other -p tcp -j ACCEPT",
          "-A OUTPUT -j DROP"], {}),
        ([ESTABLISHED_IN, DOOR, "-A OUTPUT -p tcp --tcp-flags SYN,ACK ACK -j DROP"], {ANSWERS: ALL}),
        (["-A INPUT -m connmark --mark 7 -j ACCEPT", "-A INPUT -m conntrack --ctstate NEW -j CONNMARK --set-mark 7",
          "-A INPUT -m conntrack --ctstate NEW -j ACCEPT", "-A OUTPUT -m connmark ! --mark 7 -j DROP"], {}),
        ([ESTABLISHED_IN, DOOR, "-A OUTPUT -g other", "-A other -j RETURN", "-A OUTPUT -j DROP"], {}),
    ],
)  # fmt: skip
def test_what_rules_do_behind_the_first_packet(lines, expected):
    assert fates(ruleset(*lines)) == expected


def test_a_policy_of_output_that_drops_is_named():
    rules = ruleset(ESTABLISHED_IN, DOOR, policies="DROP DROP DROP")
    space = Space()
    first = accepted(space, rules, space.box({FAMILY: ((4, 4),), PROTOCOL: ((6, 6),), DPORT: ((25, 25),)}))
    (lost,) = lost_packets(rules, first, first.may)
    assert (lost.kind, lost.dropped, lost.one_way) == (ANSWERS, first.may, False)
    (where,) = lost.dropped_by(first.may)
    assert (where.chain, where.position) == ("OUTPUT", "policy")
    assert lost_packets(rules, first, EMPTY) == ()


NO_TRACK_IN = "-A PREROUTING -p tcp -m tcp --dport 25 -j CT --notrack"
NO_TRACK_OUT = "-A OUTPUT -p tcp -m tcp --sport 25 -j CT --notrack"
ZONE_IN = "-A PREROUTING -i eth0 -p tcp -m tcp --dport 25 -j CT --zone 3"
ZONE_OUT = "-A OUTPUT -o eth0 -p tcp -m tcp --sport 25 -j CT --zone 3"
DOOR_OF_NEW = "-A INPUT -p tcp -m tcp --dport 25 -m conntrack --ctstate NEW -j ACCEPT"
STATE_OUT = "-A OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT"


@pytest.mark.parametrize(
    ("raw", "lines", "policies", "expected"),
    [
        ([NO_TRACK_IN], [DOOR], "DROP DROP ACCEPT", {}),
        ([NO_TRACK_IN], [DOOR, STATE_OUT], "DROP DROP DROP", {ANSWERS: ALL}),
        ([NO_TRACK_IN, NO_TRACK_OUT], [DOOR, STATE_OUT.replace("ESTABLISHED", "UNTRACKED")], "DROP DROP DROP", {}),
        ([NO_TRACK_OUT], ["-A INPUT -m conntrack --ctstate INVALID -j DROP", DOOR], "DROP DROP ACCEPT", {LATER: ALL}),
        ([NO_TRACK_OUT], [ESTABLISHED_IN, DOOR], "DROP DROP ACCEPT", {}),
        ([ZONE_IN], [DOOR, STATE_OUT], "DROP DROP DROP", {ANSWERS: ALL}),
        ([ZONE_IN], [ESTABLISHED_IN, DOOR_OF_NEW], "DROP DROP ACCEPT", {LATER: ALL}),
        ([ZONE_OUT], [ESTABLISHED_IN, DOOR_OF_NEW], "DROP DROP ACCEPT", {LATER: ALL}),
        ([ZONE_IN, ZONE_OUT], [ESTABLISHED_IN, DOOR_OF_NEW, STATE_OUT], "DROP DROP DROP", {}),
        ([ZONE_IN, ZONE_OUT.replace("3", "4")], [DOOR, STATE_OUT], "DROP DROP DROP", {ANSWERS: ALL}),
        ([ZONE_IN.replace("--zone", "--zone-orig")], [ESTABLISHED_IN, DOOR_OF_NEW, STATE_OUT], "DROP DROP DROP", {}),
    ],
)
def test_conntrack_that_sees_one_way_alone(raw, lines, policies, expected):
    assert fates(ruleset(*lines, policies=policies, raw=raw)) == expected


def test_one_way_is_said():
    rules = ruleset(DOOR, STATE_OUT, policies="DROP DROP DROP", raw=[NO_TRACK_IN])
    space = Space()
    first = accepted(space, rules, space.box({FAMILY: ((4, 4),), PROTOCOL: ((6, 6),), DPORT: ((25, 25),)}))
    assert [lost.one_way for lost in lost_packets(rules, first, first.may)] == [True]


REDIRECT = "-A PREROUTING -p tcp -m tcp --dport 2525 -j REDIRECT --to-ports 25"
PUBLISH = "-A PREROUTING -p tcp -m tcp --dport 2525 -j DNAT --to-destination 172.17.0.2:25"


@pytest.mark.parametrize(
    ("nat", "lines", "expected"),
    [
        (REDIRECT, [ESTABLISHED_IN, DOOR, "-A OUTPUT -p tcp --sport 25 -j ACCEPT"], {}),
        (REDIRECT, [ESTABLISHED_IN, DOOR, "-A OUTPUT -p tcp --sport 2525 -j ACCEPT"], {ANSWERS: ALL}),
        (REDIRECT, [DOOR.replace("--dport", "-m conntrack --ctstate NEW --dport"), "-A INPUT -p tcp --dport 2525 -j ACCEPT",
                    "-A OUTPUT -j ACCEPT"], {LATER: ALL}),
        (PUBLISH, ["-A FORWARD -p tcp --dport 25 -j ACCEPT", "-A FORWARD -p tcp --sport 25 -j ACCEPT"], {}),
        (PUBLISH, ["-A FORWARD -p tcp --dport 25 -j ACCEPT"], {ANSWERS: ALL}),
        (PUBLISH, ["-A FORWARD -i docker0 -o eth0 -j ACCEPT", "-A FORWARD -o docker0 -p tcp --dport 25 -j ACCEPT"],
         {ANSWERS: NONE}),  # but for clients on another interface
        (PUBLISH, ["-A FORWARD -m conntrack --ctstate NEW -j ACCEPT"], {LATER: ALL, ANSWERS: ALL}),
    ],
)  # fmt: skip
def test_nat_holds_for_what_follows(nat, lines, expected):
    rules = ruleset(*lines, policies="DROP DROP DROP", nat=[nat])
    host = replace(wayside.HOST, own=(model.Own(4, packet()[DADDR], "eth0"),))
    assert fates(rules, 2525, host) == expected


def test_dead_routes_are_told_from_others():
    def box(text):
        network = ipaddress.ip_network(text)
        return 4, int(network.network_address), int(network.broadcast_address)

    routes = (
        Route(4, 0, IPV4_TOP, "eth0"),
        Route(*box("198.51.100.0/24"), ""),
        Route(*box("198.51.100.128/25"), "eth1"),
        Route(*box("203.0.113.0/24"), "", 5),
        Route(*box("203.0.113.0/24"), "eth0", 1),
    )
    space = Space()
    dead = space.boxes(dead_routes(replace(NOTHING_KNOWN, own=(), routes=routes)))
    assert space.contains(dead, packet("198.51.100.7"))
    assert not space.contains(dead, packet("198.51.100.200"))
    assert not space.contains(dead, packet("203.0.113.9"))
    assert dead_routes(NOTHING_KNOWN) == []
    last = Route(6, 0, (1 << 128) - 1, "", 0xFFFFFFFF)
    assert dead_routes(replace(NOTHING_KNOWN, own=(), routes=(last,))) == []


def test_wide_dead_routes_are_those_of_which_smaller_routes_leave_something():
    def to(text, interface="", metric=0):
        network = ipaddress.ip_network(text)
        first, last = int(network.network_address), int(network.broadcast_address)
        return Route(network.version, first, last, interface, metric)

    def wide(*routes):
        space = Space()
        found = wide_dead_routes(replace(NOTHING_KNOWN, own=(), routes=routes))
        return [route for route, _box in found], lambda point: space.contains(
            space.boxes(box for _r, box in found), point
        )

    default, dead = to("0.0.0.0/0", "eth0", 5), to("0.0.0.0/0", metric=4)
    found, contains = wide(default, dead, to("198.51.100.0/24", "eth0"), to("203.0.113.9/32"))
    assert found == [dead]
    assert contains(packet("192.0.2.7"))
    assert not contains(packet("198.51.100.7"))
    assert not contains(packet("203.0.113.9")), "a route of its own decides"
    assert wide(to("0.0.0.0/0", "eth0", 3), dead)[0] == []
    halves = [to("0.0.0.0/1", "tun0"), to("128.0.0.0/1", "tun0")]
    assert wide(dead, *halves, to("203.0.113.9/32"))[0] == []
    assert wide(default, to("9.0.0.0/8"), to("11.0.0.0/9"), to("2000::/16"), to("2001::/17"))[0] == [
        to("9.0.0.0/8"),
        to("2000::/16"),
    ]
    assert wide(to("::/0", metric=0xFFFFFFFF))[0] == []


def test_the_mirror_turns_source_and_destination_round():
    (rule,) = ruleset("-A OUTPUT -o eth0 -d 198.51.100.0/24 -p tcp --sport 25 -j DROP").tables[0].chains["OUTPUT"].rules
    (table,) = mirrored(ruleset("-A OUTPUT -o eth0 -d 198.51.100.0/24 -p tcp --sport 25 -j DROP"), ("output",)).tables
    (turned,) = table.chains["OUTPUT"].rules
    assert set(table.chains) == {"OUTPUT"}
    dims = {dim for match in turned.matches for box in (match.within, *match.boxes) for dim in box}
    assert {IIF, SADDR, DPORT, PROTOCOL} <= dims
    assert dims.isdisjoint((OIF, DADDR, SPORT))
    assert turned.where == rule.where


@pytest.mark.parametrize("seed", range(60))
def test_what_looks_undisturbed_is_so(seed, monkeypatch):
    """The short way finds no less than the whole computation, for rules of all kinds."""
    chance = random.Random(seed)
    more = {CT_STATE: (0, 1, 2, ESTABLISHED), TCP_FLAGS: (SYN, ACK, SYN | ACK), ANSWER: (0, 1)}
    monkeypatch.setattr(wayside, "SIMPLE", {**wayside.SIMPLE, **more})
    host = chance.choice(wayside.HOSTS)
    rules = wayside.Maker(chance, chance.choice((0, 0.2)), host).ruleset()
    if seed % 2:
        rules = replace(rules, tables=tuple(map(with_output, rules.tables)))
    space = Space()
    first = accepted(space, rules, space.box({PROTOCOL: ((6, 6), (17, 17))}), host)

    def found():
        lost = lost_packets(rules, first, first.must)
        return [space.union_all(getattr(each, word) for each in lost) for word in ("dropped", "sometimes", "unknown")]

    quick = found()
    monkeypatch.setattr(Undisturbed, "passes", lambda *_arguments: False)
    assert quick == found()


def with_output(table):
    """The table, whose chains of postrouting stand at output, one of them before conntrack."""
    chains = {}
    for name, chain in table.chains.items():
        if chain.base is not None and chain.base.hook in ("postrouting", "forward"):
            priority = 0 if chain.base.hook == "forward" else -300
            chain = replace(chain, base=replace(chain.base, hook="output", priority=priority))
        chains[name] = chain
    return replace(table, chains=chains)


def test_a_ruleset_that_accepts_established_costs_nothing(monkeypatch):
    lines = ["-A INPUT -s 10.{0}.{1}.0/24 -p tcp --dport 25 -j ACCEPT".format(n // 250, n % 250) for n in range(2000)]
    rules = ruleset(
        "-A INPUT -s 203.0.113.0/24 -j DROP", ESTABLISHED_IN, DOOR, *lines, STATE_OUT, policies="DROP DROP DROP"
    )
    space = Space()
    first = accepted(space, rules, space.box({FAMILY: ((4, 4),), PROTOCOL: ((6, 6),)}))
    monkeypatch.setattr(answers, "Journey", None)  # nothing is computed
    assert lost_packets(rules, first, first.may) == ()
