# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The evaluation against a walker that takes one packet through the rules, as the kernel does, one world at a time."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from _gate.errors import EvidenceError
from _gate.packetfilter.diagram import Space
from _gate.packetfilter.evaluate import accepted
from _gate.packetfilter.intervals import contains
from _gate.packetfilter.model import (
    ANY,
    DIMENSIONS,
    DPORT,
    FAMILY,
    IIF,
    PROTOCOL,
    SADDR,
    TOP,
    Base,
    Chain,
    Match,
    Rule,
    Ruleset,
    Table,
    Verdict,
    Where,
    interface_value,
)

ETH0 = interface_value("eth0")
LO = interface_value("lo")
VALUES = {FAMILY: (4, 6), IIF: (ETH0, ETH0 + 9), PROTOCOL: (6, 17), DPORT: (22, 25, 80), SADDR: (1, 9)}
PACKETS = [
    {**dict.fromkeys(range(DIMENSIONS), 3), **dict(zip(VALUES, values))}
    for values in itertools.product(*VALUES.values())
]
SPANS = {
    FAMILY: [((4, 4),), ((6, 6),)],
    IIF: [((ETH0, ETH0),)],
    PROTOCOL: [((6, 6),), ((17, 17),)],
    DPORT: [((22, 22),), ((25, 80),), ((22, 25),), ((22, 22), (80, 80))],
    SADDR: [((0, 5),), ((9, 9),)],
}
CHAINS = ("first", "second", "third", "fourth")  # a chain jumps to later ones only

# The walker


def in_box(box, packet):
    return all(contains(intervals, packet[dim]) for dim, intervals in box.items())


def in_boxes(boxes, packet):
    return any(in_box(box, packet) for box in boxes)


def outcomes_of_match(match, packet):
    inside = in_box(match.within, packet) and in_boxes(match.boxes, packet) != match.negated
    if not inside:
        return {False}
    return {True, False} if match.doubt else {True}


def walk_chain(table, name, packet):
    """All (outcome, tainted) that the chain may have; outcomes are accept, drop, return and end."""
    states = {False}  # whether the packet is tainted
    results = set()
    for rule in table.chains[name].rules:
        following = set()
        for tainted in states:
            for held in itertools.product(*(sorted(outcomes_of_match(match, packet)) for match in rule.matches)):
                verdict = next((v for boxes, v in rule.branches if in_boxes(boxes, packet)), None)
                if not all(held) or verdict is None or verdict.kind == "continue":
                    following.add(tainted)
                elif verdict.kind == "unfollowed":
                    following.add(True)
                elif verdict.kind in ("jump", "goto"):
                    for outcome, worse in walk_chain(table, verdict.chain, packet):
                        if outcome in ("accept", "drop"):
                            results.add((outcome, tainted or worse))
                        elif verdict.kind == "goto":
                            results.add(("return", tainted or worse))
                        else:
                            following.add(tainted or worse)
                else:
                    results.add(({"reject": "drop"}.get(verdict.kind, verdict.kind), tainted))
        states = following
    return results | {("end", tainted) for tainted in states}


def applies(table, base, packet):
    if table.family in ("ip", "ip6") and packet[FAMILY] != {"ip": 4, "ip6": 6}[table.family]:
        return False
    return base.hook != "ingress" or packet[IIF] in [interface_value(device) for device in base.devices]


def walk(ruleset, packet):
    """(may, must)"""
    hooks = ["ingress", "prerouting", "input"]
    bases = [
        (hooks.index(c.base.hook), c.base.priority, number, t, c)
        for t in ruleset.tables
        for number, c in enumerate(t.chains.values())
        if c.base
    ]
    bases.reverse()  # of equal priorities, the kernel calls the chain first that was registered last
    bases.sort(key=lambda entry: entry[:2])
    states, dropped = {False}, set()
    for _hook, _priority, _number, table, chain in bases:
        if not applies(table, chain.base, packet):
            continue
        following = set()
        for before in states:
            for outcome, worse in walk_chain(table, chain.name, packet):
                tainted = before or worse
                if outcome in ("return", "end"):
                    outcome = chain.base.policy
                (following if outcome == "accept" else dropped).add(tainted)
        states = following
    tainted = True in states or True in dropped
    return bool(states) or tainted, bool(states) and not dropped and not tainted


# Random rulesets

box = st.lists(st.sampled_from(sorted(SPANS)), max_size=2, unique=True).flatmap(
    lambda dims: st.fixed_dictionaries({dim: st.sampled_from(SPANS[dim]) for dim in dims})
)
match = st.builds(
    Match,
    boxes=st.lists(box, min_size=1, max_size=3).map(tuple),
    within=st.one_of(st.just({}), box),
    negated=st.booleans(),
    doubt=st.sampled_from(["", "", "", "", "limit rate 10/minute"]),
)
KINDS = ("accept", "accept", "drop", "drop", "reject", "return", "continue")
plain = st.sampled_from([Verdict(kind) for kind in KINDS])


def verdicts(later):
    choices = [plain, plain, st.just(Verdict("unfollowed", text="queue"))]
    if later:
        choices += [st.builds(Verdict, st.sampled_from(["jump", "goto"]), st.sampled_from(later))] * 2
    return st.one_of(*choices)


def rules(later):
    single = verdicts(later).map(lambda verdict: (((ANY,), verdict),))
    branch = st.tuples(st.lists(box, min_size=1, max_size=2).map(tuple), verdicts(later))
    several = st.lists(branch, min_size=1, max_size=3).map(tuple)
    return st.lists(st.tuples(st.lists(match, max_size=2).map(tuple), st.one_of(single, single, several)), max_size=5)


def build_table(family, bodies, bases):
    chains = {}
    for name, body in bodies.items():
        made = tuple(
            Rule(matches, branches, Where("nft", family, "t", name, "handle {0}".format(number)))
            for number, (matches, branches) in enumerate(body)
        )
        chains[name] = Chain(name, made, bases.get(name))
    return Table("nft", family, "t", chains)


base = st.builds(
    Base,
    hook=st.sampled_from(["prerouting", "input", "input", "forward"]),
    kind=st.just("filter"),
    priority=st.sampled_from([-100, 0]),
    policy=st.sampled_from(["accept", "drop"]),
)
tables = st.builds(
    build_table,
    st.sampled_from(["ip", "ip6", "inet"]),
    st.fixed_dictionaries({name: rules(CHAINS[number + 1 :]) for number, name in enumerate(CHAINS)}),
    st.one_of(st.fixed_dictionaries({"first": base}), st.fixed_dictionaries({"first": base, "second": base})),
)
rulesets = st.lists(tables, min_size=1, max_size=2).map(lambda some: Ruleset(tuple(some)))


@given(rulesets)
@settings(max_examples=150)
def test_every_packet_fares_as_with_the_walker(ruleset):
    answer = accepted(Space(), ruleset, Space.full)
    considered = Ruleset(tuple(_without_forward(table) for table in ruleset.tables))
    for packet in PACKETS:
        seen = answer.space.contains(answer.may, packet), answer.space.contains(answer.must, packet)
        assert seen == walk(considered, packet), packet


def _without_forward(table):
    chains = {
        name: Chain(name, chain.rules, None if chain.base and chain.base.hook == "forward" else chain.base)
        for name, chain in table.chains.items()
    }
    return Table(table.source, table.family, table.name, chains)


@given(rulesets)
@settings(max_examples=80)
def test_what_gets_in_was_accepted_by_somebody_in_each_base_chain(ruleset):
    space = Space()
    answer = accepted(space, ruleset, space.full)
    unsure = space.minus(answer.may, answer.must)
    named = space.union_all(node for _where, node in answer.accepts)
    looked_at = [
        {"ip": space.box({FAMILY: ((4, 4),)}), "ip6": space.box({FAMILY: ((6, 6),)})}.get(table.family, space.full)
        for table in ruleset.tables
        for chain in table.chains.values()
        if chain.base and chain.base.hook != "forward"
    ]
    assert space.is_subset(named, answer.may)
    assert space.is_subset(space.intersect(answer.must, space.union_all(looked_at)), named)
    explained = space.union_all(doubt.node for doubt in answer.doubts)
    assert space.is_subset(unsure, explained)
    if unsure == space.empty:
        assert answer.doubts == []


# Single facts

TCP25 = Match(({PROTOCOL: ((6, 6),), DPORT: ((25, 25),)},))
INPUT = Base("input", "filter", 0, "drop")


def where(chain, number):
    return Where("nft", "inet", "filter", chain, "handle {0}".format(number))


ACCEPT = Verdict("accept")


def rule(chain, number, *matches, verdict=ACCEPT):
    return Rule(tuple(matches), (((ANY,), verdict),), where(chain, number))


def ruleset_of(*chains, family="inet", source="nft"):
    return Ruleset((Table(source, family, "filter", {chain.name: chain for chain in chains}),))


def test_without_any_base_chain_everything_gets_in():
    answer = accepted(Space(), Ruleset(()), Space.full)
    assert answer.may == answer.must == Space.full
    assert answer.accepts == []


def test_a_table_of_family_ip_leaves_ipv6_open():
    space = Space()
    answer = accepted(space, ruleset_of(Chain("input", (), INPUT), family="ip"), space.full)
    assert answer.must == answer.may == space.box({FAMILY: ((6, 6),)})


def test_the_rule_that_accepts_is_named():
    space = Space()
    chains = (
        Chain("input", (rule("input", 3, verdict=Verdict("jump", "mail")),), INPUT),
        Chain("mail", (rule("mail", 7, TCP25),)),
    )
    answer = accepted(space, ruleset_of(*chains), space.full)
    smtp = space.box({PROTOCOL: ((6, 6),), DPORT: ((25, 25),)})
    assert answer.accepts == [(where("mail", 7), smtp)]
    assert [(w.chain, w.position, node) for w, node in answer.dropped_by(space.full)] == [
        ("input", "policy", space.complement(smtp))
    ]


def test_a_rule_answers_only_for_what_comes_to_it():
    """Accept from a network, drop from a smaller address, accept from all: the last has what the others leave."""
    space = Space()
    network, host = Match(({SADDR: ((0, 5),)},)), Match(({SADDR: ((9, 9),)},))
    rules = (
        rule("input", 1, TCP25, network),
        rule("input", 2, host, verdict=Verdict("drop")),
        rule("input", 3, TCP25),
    )
    answer = accepted(space, ruleset_of(Chain("input", rules, INPUT)), space.full)
    smtp = space.box({PROTOCOL: ((6, 6),), DPORT: ((25, 25),)})
    first = space.intersect(smtp, space.box({SADDR: ((0, 5),)}))
    last = space.minus(smtp, space.box({SADDR: ((0, 5), (9, 9))}))
    assert answer.accepts == [(where("input", 1), first), (where("input", 3), last)]
    assert [w.position for w, _node in answer.dropped_by(space.full)] == ["handle 2", "policy"]


def test_what_an_earlier_base_chain_drops_does_not_come_to_the_next():
    space = Space()
    early = Chain("early", (rule("early", 1, TCP25, verdict=Verdict("drop")),), Base("input", "filter", -10, "accept"))
    answer = accepted(space, ruleset_of(Chain("input", (), INPUT), early), space.full)
    smtp = space.box({PROTOCOL: ((6, 6),), DPORT: ((25, 25),)})
    assert [(w.chain, w.position, node) for w, node in answer.dropped_by(space.full)] == [
        ("early", "handle 1", smtp),
        ("input", "policy", space.complement(smtp)),
    ]


def test_a_doubt_is_reported_only_where_it_decides():
    space = Space()
    limit = Match(({},), doubt="limit rate 10/minute")
    chains = Chain("input", (rule("input", 3, TCP25, limit), rule("input", 4, limit, verdict=Verdict("drop"))), INPUT)
    answer = accepted(space, ruleset_of(chains), space.full)
    assert answer.must == space.empty
    assert answer.may == space.box({PROTOCOL: ((6, 6),), DPORT: ((25, 25),)})
    assert {(doubt.text, doubt.where.position, doubt.node) for doubt in answer.doubts} == {
        ("limit rate 10/minute", "handle 3", answer.may),
        ("limit rate 10/minute", "handle 4", answer.may),
    }
    logged = Chain("input", (rule("input", 3, limit, verdict=Verdict("continue")), rule("input", 4, TCP25)), INPUT)
    assert accepted(space, ruleset_of(logged), space.full).doubts == []


def test_what_is_not_followed_makes_all_that_follows_uncertain():
    space = Space()
    early = Base("prerouting", "nat", -100, "accept")
    unfollowed = rule("pre", 2, TCP25, verdict=Verdict("unfollowed", text="dnat to 10.0.0.1"))
    answer = accepted(space, ruleset_of(Chain("pre", (unfollowed,), early), Chain("input", (), INPUT)), space.full)
    not_lo = ((0, LO - 1), (LO + 1, TOP[IIF]))  # there the packet met the NAT of the hook output
    assert answer.may == space.box({IIF: not_lo, PROTOCOL: ((6, 6),), DPORT: ((25, 25),)})
    assert answer.must == space.empty
    # It may be what switches connection tracking on, without which no chain of type nat is called.
    conntrack = "whether connections are tracked, so that this chain is called"
    assert [doubt.text for doubt in answer.doubts] == ["dnat to 10.0.0.1", conntrack]


def test_ingress_acts_on_its_devices_only():
    space = Space()
    table = Table("nft", "netdev", "n", {"in": Chain("in", (), Base("ingress", "filter", 0, "drop", ("eth0",)))})
    answer = accepted(space, Ruleset((table,)), space.full)
    assert answer.may == space.complement(space.box({IIF: ((ETH0, ETH0),)}))
    assert answer.interfaces == ((ETH0, ETH0),)


def test_bridge_tables_are_left_out_and_noted():
    table = Table("nft", "bridge", "b", {"in": Chain("in", (), INPUT)})
    answer = accepted(Space(), Ruleset((table,)), Space.full)
    assert answer.must == Space.full
    assert "bridge b" in answer.notes[0]


def nested(depth):
    last = "c{0}".format(depth)
    chains = [Chain("input", (rule("input", 1, verdict=Verdict("jump", "c1")),), INPUT)]
    chains.append(Chain(last, (rule(last, 1, TCP25),)))
    for number in range(1, depth):
        name = "c{0}".format(number)
        chains.append(Chain(name, (rule(name, 1, verdict=Verdict("jump", "c{0}".format(number + 1))),)))
    return chains


def test_a_thousand_nested_chains_of_iptables():
    answer = accepted(Space(), ruleset_of(*nested(1000), source="iptables", family="ip"), Space.full)
    assert [w.chain for w, _node in answer.accepts] == ["c1000"]


def test_nf_tables_takes_fifteen_nested_jumps():
    accepted(Space(), ruleset_of(*nested(15)), Space.full)
    with pytest.raises(EvidenceError, match="nested deeper"):
        accepted(Space(), ruleset_of(*nested(16)), Space.full)


def test_a_circle_of_jumps_is_named():
    chains = (
        Chain("input", (rule("input", 1, verdict=Verdict("jump", "a")),), INPUT),
        Chain("a", (rule("a", 1, verdict=Verdict("goto", "b")),)),
        Chain("b", (rule("b", 1, verdict=Verdict("jump", "a")),)),
    )
    with pytest.raises(EvidenceError, match="chain b of table inet filter.*circle: a -> b -> a"):
        accepted(Space(), ruleset_of(*chains), Space.full)


def test_a_missing_chain_is_named():
    chain = Chain("input", (rule("input", 1, verdict=Verdict("jump", "gone")),), INPUT)
    with pytest.raises(EvidenceError, match="chain gone, which is missing"):
        accepted(Space(), ruleset_of(chain), Space.full)
