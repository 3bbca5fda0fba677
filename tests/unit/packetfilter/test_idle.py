# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules that could be taken out: each that is named is taken out, and the answer stays the same."""

from __future__ import annotations

import random
from dataclasses import replace

from _gate.packetfilter.diagram import Space
from _gate.packetfilter.evaluate import accepted, difference
from _gate.packetfilter.idle import CHANGES_NOTHING, NEVER_MATCHES, idle_rules
from _gate.packetfilter.model import (
    ANY,
    CT_STATE,
    DPORT,
    PROTOCOL,
    SADDR,
    Base,
    Chain,
    Match,
    Rule,
    Ruleset,
    Table,
    Verdict,
    Where,
)
from wayside import HOSTS, Maker

INPUT = Base("input", "filter", 0, "drop")


def rule(number, verdict, *boxes, chain="input"):
    matches = tuple(Match((box,)) for box in boxes)
    return Rule(matches, (((ANY,), Verdict(*verdict.split())),), Where("nft", "inet", "t", chain, str(number)))


def port(*numbers):
    return {PROTOCOL: ((6, 6),), DPORT: tuple((number, number) for number in numbers)}


def named(*chains):
    rules = Ruleset((Table("nft", "inet", "t", {chain.name: chain for chain in chains}),))
    return {(where.chain, where.position): why for where, why in idle_rules(accepted(Space(), rules, Space.full))}


def test_a_rule_behind_one_that_takes_its_packets_never_matches():
    rules = (
        rule(1, "accept", port(25, 587)),
        rule(2, "drop", {SADDR: ((7, 7),)}),
        rule(3, "accept", port(25)),
        rule(4, "drop", port(25)),
        rule(5, "accept", port(143), {SADDR: ((7, 7),)}),
        rule(6, "accept", port(993)),
    )
    assert named(Chain("input", rules, INPUT)) == {
        ("input", "3"): NEVER_MATCHES,
        ("input", "4"): NEVER_MATCHES,
        ("input", "5"): NEVER_MATCHES,
    }


def test_a_rule_that_says_what_would_come_anyway_changes_nothing():
    rules = (rule(1, "accept", port(25)), rule(2, "accept", port(25, 26)), rule(3, "drop", port(80)))
    assert named(Chain("input", rules, INPUT)) == {("input", "1"): CHANGES_NOTHING, ("input", "3"): CHANGES_NOTHING}


def test_what_depends_on_the_state_is_left_alone():
    rules = (
        rule(1, "accept", {CT_STATE: ((1, 1),)}),
        rule(2, "accept", port(25)),
        rule(3, "accept", {CT_STATE: ((2, 2),)}),
    )
    assert named(Chain("input", rules, INPUT)) == {}
    about_replies = Rule((Match(()),), (((ANY,), Verdict("accept")),), Where("nft", "inet", "t", "input", "1"))
    assert named(Chain("input", (about_replies,), INPUT)) == {}


def test_chains_that_are_called():
    chains = (
        Chain("input", (rule(1, "jump mail", port(25)), rule(2, "jump nothing")), INPUT),
        Chain("mail", (rule(1, "accept", port(25), chain="mail"), rule(2, "accept", port(143), chain="mail"))),
        Chain("nothing", (rule(1, "return", port(25), chain="nothing"),)),
    )
    assert named(*chains) == {
        ("mail", "2"): NEVER_MATCHES,
        ("input", "2"): CHANGES_NOTHING,
        ("nothing", "1"): NEVER_MATCHES,
    }


def without(ruleset, where):
    tables = [
        replace(
            table,
            chains={
                name: replace(chain, rules=tuple(rule for rule in chain.rules if rule.where != where))
                for name, chain in table.chains.items()
            },
        )
        for table in ruleset.tables
    ]
    return Ruleset(tuple(tables))


def test_whatever_is_named_can_be_taken_out():
    named_rules = 0
    for seed in range(12):
        chance = random.Random(seed)
        host = chance.choice(HOSTS)
        ruleset = Maker(chance, chance.choice((0, 0.2)), host).ruleset()
        space = Space()
        before = accepted(space, ruleset, space.full, host)
        for where, _why in idle_rules(before):
            if sum(rule.where == where for t in ruleset.tables for c in t.chains.values() for rule in c.rules) > 1:
                continue
            named_rules += 1
            after = accepted(space, without(ruleset, where), space.full, host)
            assert difference(before, after) == (space.empty, space.empty), (seed, where)
            assert before.must == after.must, (seed, where)
    assert named_rules > 10
