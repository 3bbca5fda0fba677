# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to a packet between its arrival and its delivery: single facts, each a trap for who reads rules by eye."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _gate.packetfilter.diagram import Space
from _gate.packetfilter.evaluate import Delivery, accepted, difference
from _gate.packetfilter.model import (
    ANY,
    CT_MARK,
    CT_STATE,
    CT_ZONE,
    DADDR,
    DPORT,
    FAMILY,
    ICMP_TYPE,
    IIF,
    MARK,
    NEW,
    NOTHING_KNOWN,
    OIF,
    ORIGINAL_DPORT,
    PROTOCOL,
    SADDR,
    UNTRACKED,
    Base,
    Chain,
    Change,
    Match,
    Nat,
    Rule,
    Ruleset,
    Table,
    Verdict,
    Where,
)
from _gate.packetfilter.openings import openings
from wayside import BOX4, DOCKER0, ETH0, HOST, LAN4, OWN4, one

ACCEPT, DROP = Verdict("accept"), Verdict("drop")
RAW, NAT, FILTER = ("prerouting", "filter", -300), ("prerouting", "nat", -100), ("input", "filter", 0)
FORWARD = ("forward", "filter", 0)
CLIENT = {FAMILY: one(4), PROTOCOL: one(6), IIF: one(ETH0)}


def to(port, address=None):
    return {**CLIENT, DPORT: one(port), **({} if address is None else {DADDR: one(address)})}


def rule(verdict, *boxes, doubt="", run_time=True):
    matches = [Match((box,)) for box in boxes] + [Match((ANY,), doubt=doubt, run_time=run_time)] * bool(doubt)
    return Rule(tuple(matches), (((ANY,), verdict),), Where("nft", "inet", "t", "", "", doubt))


def ruleset(*chains, family="inet"):
    """Each chain: (hook, kind, priority), policy, rules."""
    made = {}
    for number, ((hook, kind, priority), policy, rules) in enumerate(chains):
        name = "{0}{1}".format(hook, number)
        rules = [
            replace(each, where=Where("nft", family, "t", name, str(n), each.where.text))
            for n, each in enumerate(rules)
        ]
        made[name] = Chain(name, tuple(rules), Base(hook, kind, priority, policy))
    return Ruleset((Table("nft", family, "t", made),))


def asked(rules, box, host=HOST):
    space = Space()
    return accepted(space, rules, space.box(box), host)


def state(rules, box, host=HOST):
    """always, sometimes, unknown or closed, for a box of packets that fare alike."""
    answer = asked(rules, box, host)
    for name, node in (("always", answer.must), ("sometimes", answer.sometimes), ("unknown", answer.unknown)):
        if node == answer.question:
            return name
    assert answer.may == Space.empty
    return "closed"


REDIRECT = ruleset(
    (NAT, "accept", [rule(Verdict("nat", nat=Nat(ports=(25, 25), local=True)), {PROTOCOL: one(6), DPORT: one(2525)})]),
    (FILTER, "drop", [rule(ACCEPT, {PROTOCOL: one(6), DPORT: one(25)})]),
)


def test_input_sees_the_port_after_a_redirect():
    assert state(REDIRECT, to(2525, OWN4)) == "always"
    assert state(REDIRECT, to(2526, OWN4)) == "closed"
    answer = asked(REDIRECT, to(2525, OWN4))
    assert answer.deliveries == [Delivery("input", (4, OWN4), 25, "", answer.question, True)]
    [entry] = openings(answer)[0]
    assert (entry["ports"], entry["path"], entry["to"]) == (["2525"], "input", "port 25")


def docker(*forward, policy="drop"):
    nat = Nat(addresses=(BOX4, BOX4), ports=(25, 25))
    published = rule(Verdict("nat", nat=nat), {FAMILY: one(4), PROTOCOL: one(6), DPORT: one(8025)})
    return ruleset((NAT, "accept", [published]), (FORWARD, policy, forward), (FILTER, "drop", []))


def test_a_published_port_passes_input_by():
    rules = docker(
        rule(ACCEPT, {FAMILY: one(4), DADDR: one(BOX4), OIF: one(DOCKER0), PROTOCOL: one(6), DPORT: one(25)})
    )
    assert state(rules, to(8025, OWN4)) == "always"
    answer = asked(rules, to(8025, OWN4))
    assert answer.deliveries == [Delivery("forward", (4, BOX4), 25, "docker0", answer.question, True)]
    assert [where.chain for where, _node in answer.accepts] == ["prerouting0", "forward1"]
    [entry] = openings(answer)[0]
    assert (entry["path"], entry["to"], entry["ports"]) == ("forward", "172.17.0.2:25 on docker0", ["8025"])


def test_forward_does_not_see_the_published_port_but_the_original_one():
    assert state(docker(rule(DROP, {DPORT: one(8025)}), policy="accept"), to(8025, OWN4)) == "always"
    assert state(docker(rule(DROP, {ORIGINAL_DPORT: one(8025)}), policy="accept"), to(8025, OWN4)) == "closed"


def test_a_published_port_is_closed_without_forwarding():
    rules = docker(policy="accept")
    assert state(rules, to(8025, OWN4), replace(HOST, forwarding=frozenset())) == "closed"
    assert state(rules, to(8025, OWN4), replace(HOST, forwarding=None)) == "unknown"
    assert state(rules, to(8025, OWN4), NOTHING_KNOWN) == "unknown"
    assert [doubt.where.source for doubt in asked(rules, to(8025, OWN4), replace(HOST, forwarding=None)).doubts] == [
        "host"
    ]


def test_a_container_is_reached_directly_where_forward_accepts():
    assert state(docker(policy="accept"), to(25, BOX4)) == "always"
    assert state(docker(policy="drop"), to(25, BOX4)) == "closed"
    answer = asked(docker(policy="accept"), to(25, BOX4))
    assert openings(answer)[0][0]["to"] == "the addressed host on docker0"


def test_the_first_nat_chain_that_translates_wins():
    first = rule(Verdict("nat", nat=Nat(ports=(25, 25), local=True)), {DPORT: one(2525)})
    second = rule(Verdict("nat", nat=Nat(ports=(26, 26), local=True)))
    late = ("prerouting", "nat", -90)
    rules = ruleset(
        (late, "accept", [second]), (NAT, "accept", [first]), (FILTER, "drop", [rule(ACCEPT, {DPORT: one(25)})])
    )
    assert state(rules, to(2525, OWN4)) == "always"
    assert state(rules, to(80, OWN4)) == "closed"


def test_a_policy_of_nat_drops():
    assert state(ruleset((NAT, "drop", [rule(Verdict("continue"), {CT_STATE: one(NEW)})])), to(25, OWN4)) == "closed"


def test_nat_to_loopback_is_dropped_but_where_it_is_routed():
    nat = rule(Verdict("nat", nat=Nat(addresses=(0x7F000001, 0x7F000001))), {FAMILY: one(4)})
    rules = ruleset((NAT, "accept", [nat]))
    assert state(rules, to(25, OWN4)) == "closed"
    assert state(rules, to(25, OWN4), replace(HOST, route_localnet=frozenset(("eth0",)))) == "always"


@pytest.mark.parametrize(
    ("ports", "expected"), [(None, "127.0.0.1 on loopback"), ((3306, 3306), "127.0.0.1:3306 on loopback")]
)
def test_a_service_that_listens_on_loopback_is_named_as_such(ports, expected):
    nat = rule(
        Verdict("nat", nat=Nat(addresses=(0x7F000001, 0x7F000001), ports=ports)), {FAMILY: one(4), PROTOCOL: one(6)}
    )
    routed = replace(HOST, route_localnet=frozenset(("eth0",)))
    (entry,) = openings(asked(ruleset((NAT, "accept", [nat])), to(25, OWN4), routed))[0]
    assert (entry["path"], entry["to"]) == ("input", expected)


def test_a_range_of_targets_is_the_kernels_choice():
    nat = rule(Verdict("nat", nat=Nat(addresses=(BOX4, BOX4 + 1))), {FAMILY: one(4)})
    some = rule(ACCEPT, {FAMILY: one(4), DADDR: one(BOX4)})
    every = rule(ACCEPT, {FAMILY: one(4), DADDR: ((BOX4, BOX4 + 1),)})
    assert state(ruleset((NAT, "accept", [nat]), (FORWARD, "drop", [some])), to(25, OWN4)) == "sometimes"
    assert state(ruleset((NAT, "accept", [nat]), (FORWARD, "drop", [every])), to(25, OWN4)) == "always"
    assert state(ruleset((NAT, "accept", [nat]), (FORWARD, "drop", [])), to(25, OWN4)) == "closed"


def test_a_range_of_ports_keeps_a_port_that_lies_in_it():
    nat = rule(Verdict("nat", nat=Nat(ports=(1000, 1001), local=True)), {PROTOCOL: one(6)})
    rules = ruleset((NAT, "accept", [nat]), (FILTER, "drop", [rule(ACCEPT, {DPORT: one(1001)})]))
    assert [state(rules, to(port, OWN4)) for port in (1000, 1001, 25)] == ["closed", "always", "sometimes"]
    assert [doubt.run_time for doubt in asked(rules, to(25, OWN4)).doubts] == [True]


def test_a_map_of_ports_keeps_their_order():
    nat = rule(Verdict("nat", nat=Nat(ports=(1000, 1009), local=True, old_first_port=5000)), {DPORT: ((5000, 5009),)})
    rules = ruleset((NAT, "accept", [nat]), (FILTER, "drop", [rule(ACCEPT, {DPORT: one(1003)})]))
    assert [state(rules, to(port, OWN4)) for port in (5002, 5003, 5004, 1003)] == [
        "closed",
        "always",
        "closed",
        "always",
    ]


def test_a_network_map_keeps_the_host_bits():
    nat = Nat(addresses=(BOX4 & ~0xFF, BOX4 | 0xFF), netmap=True)
    to_box = rule(Verdict("nat", nat=nat), {FAMILY: one(4), DADDR: ((LAN4 & ~0xFF, LAN4 | 0xFF),)})
    rules = ruleset((NAT, "accept", [to_box]), (FORWARD, "drop", [rule(ACCEPT, {FAMILY: one(4), DADDR: one(BOX4)})]))
    assert state(rules, to(25, LAN4 + 1)) == "always"
    assert state(rules, to(25, LAN4 + 2)) == "closed"


def mark(value, keep=0, dimension=MARK, **more):
    return Verdict("change", changes=(Change(dimension, keep, value, **more),))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([mark(1)], "always"),
        ([mark(3)], "closed"),
        ([mark(3), mark(2, 0xFFFFFFFF)], "always"),  # 3 ^ 2
        ([mark(5), mark(0, 1)], "always"),
        ([mark(1), mark(0)], "closed"),
        ([mark(0, unclear="from a map")], "unknown"),
        ([mark(0, unclear="from a map"), mark(1)], "always"),
    ],
)
def test_marks(changes, expected):
    rules = ruleset(
        (("prerouting", "filter", -150), "accept", [rule(change, {DPORT: one(25)}) for change in changes]),
        (FILTER, "drop", [rule(ACCEPT, {MARK: one(1)})]),
    )
    assert state(rules, to(25, OWN4)) == expected
    assert state(rules, to(26, OWN4)) == "closed"


def test_the_mark_of_a_connection_is_there_after_conntrack():
    restore = mark(0, dimension=MARK, source=CT_MARK, source_mask=0xFFFFFFFF)
    for hook, expected in ((RAW, "closed"), (("prerouting", "filter", -150), "always")):
        rules = ruleset(
            (hook, "accept", [rule(mark(7, dimension=CT_MARK)), rule(restore)]),
            (FILTER, "drop", [rule(ACCEPT, {MARK: one(7)})]),
        )
        assert state(rules, to(25, OWN4)) == expected


def test_what_is_not_tracked_is_not_new_and_not_translated():
    notrack = rule(Verdict("change", changes=(Change(CT_STATE, 0, UNTRACKED),)), {DPORT: one(2525)})
    new = rule(ACCEPT, {CT_STATE: one(NEW), DPORT: one(25)})
    redirect = rule(Verdict("nat", nat=Nat(ports=(25, 25), local=True)))
    chains = [(NAT, "accept", [redirect]), (FILTER, "drop", [new])]
    assert state(ruleset(*chains), to(2525, OWN4)) == "always"
    assert state(ruleset((RAW, "accept", [notrack]), *chains), to(2525, OWN4)) == "closed"
    assert state(ruleset((("prerouting", "filter", -150), "accept", [notrack]), *chains), to(2525, OWN4)) == "always"


def test_before_conntrack_nothing_is_new_but_what_a_zone_was_set_for():
    """As the kernel does: a template makes `ct state new` hold."""
    invalid = rule(DROP, {CT_STATE: ((0, 0),)})
    zone = rule(Verdict("change", changes=(Change(CT_ZONE, 0, 1),)))
    assert state(ruleset((RAW, "accept", [invalid])), to(25, OWN4)) == "closed"
    assert state(ruleset((RAW, "accept", [zone, invalid])), to(25, OWN4)) == "always"
    in_zone = rule(ACCEPT, {CT_ZONE: one(1)})
    assert state(ruleset((RAW, "accept", [zone]), (FILTER, "drop", [in_zone])), to(25, OWN4)) == "always"
    assert state(ruleset((RAW, "drop", [zone, in_zone])), to(25, OWN4)) == "closed"


def test_neighbour_discovery_is_not_tracked():
    rules = ruleset((FILTER, "drop", [rule(ACCEPT, {CT_STATE: one(NEW)})]))
    icmp = {FAMILY: one(6), PROTOCOL: one(58), IIF: one(ETH0), DADDR: one(HOST.own[5].value)}
    assert state(rules, {**icmp, ICMP_TYPE: one(128)}) == "always"
    assert state(rules, {**icmp, ICMP_TYPE: one(135)}) == "closed"


def test_sometimes_and_unknown():
    limited = rule(ACCEPT, {DPORT: one(25)}, doubt="limit")
    unclear = rule(ACCEPT, {DPORT: one(25)}, doubt="string", run_time=False)
    both = rule(ACCEPT, {DPORT: one(25)}, doubt="limit")
    assert state(ruleset((FILTER, "drop", [limited])), to(25, OWN4)) == "sometimes"
    assert state(ruleset((FILTER, "drop", [unclear])), to(25, OWN4)) == "unknown"
    assert state(ruleset((FILTER, "drop", [unclear, both])), to(25, OWN4)) == "unknown"
    assert state(ruleset((FILTER, "accept", [limited])), to(25, OWN4)) == "always"
    assert state(ruleset((FILTER, "drop", [rule(Verdict("elsewhere", text="queue"))])), to(25, OWN4)) == "sometimes"
    assert state(ruleset((FILTER, "drop", [rule(Verdict("unfollowed", text="?"))])), to(25, OWN4)) == "unknown"
    # Whatever the mark is, the limit decides: that is known.
    marked = rule(mark(0, unclear="from a map"))
    same = [marked, rule(ACCEPT, {MARK: one(1)}, doubt="limit"), rule(ACCEPT, doubt="limit")]
    assert state(ruleset((FILTER, "drop", same)), to(25, OWN4)) == "sometimes"


def test_a_bridge_table_makes_what_arrives_on_a_bridge_uncertain_where_it_drops():
    table = ruleset((("prerouting", "filter", 0), "accept", [rule(DROP, {DPORT: one(25)})]), family="bridge")
    host = replace(HOST, bridges=frozenset(("eth0",)))
    assert state(table, to(25, OWN4), host) == "unknown"
    assert state(table, to(26, OWN4), host) == "always"
    assert state(table, to(25, OWN4)) == "always"


def test_the_difference_of_two_rulesets():
    space = Space()
    box = space.box(to(25, OWN4))
    few = ruleset((FILTER, "drop", []))
    more = ruleset((FILTER, "drop", [rule(ACCEPT, {SADDR: ((0, 9),)})]))
    before, after = accepted(space, few, box, HOST), accepted(space, more, box, HOST)
    assert difference(before, after) == (space.box({**to(25, OWN4), SADDR: ((0, 9),)}), space.empty)
    assert difference(after, before) == (space.empty, space.box({**to(25, OWN4), SADDR: ((0, 9),)}))
