# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two independent answers to one question: random rulesets, every packet of a small universe."""

from __future__ import annotations

import itertools
import random

from _gate.packetfilter.diagram import Space
from _gate.packetfilter.evaluate import accepted
from _gate.packetfilter.interpret import walk
from _gate.packetfilter.model import (
    DIMENSIONS,
    DPORT,
    FAMILY,
    IIF,
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
    interface_value,
)

ETH0, ETH1 = interface_value("eth0"), interface_value("eth1")
ACCEPTED = frozenset(["accept"])

VALUES = {FAMILY: (4, 6), IIF: (ETH0, ETH1), PROTOCOL: (6, 17), DPORT: (22, 25, 80), SADDR: (1, 9)}
PACKETS = [dict(zip(VALUES, values)) for values in itertools.product(*VALUES.values())]


def random_box(chance):
    box = {}
    for dimension in chance.sample(sorted(VALUES), chance.randint(0, 2)):
        first, last = sorted(chance.choices(VALUES[dimension], k=2))
        box[dimension] = ((first, last),)
    return box


def random_rule(chance, position, later):
    matches = [
        Match(
            tuple(random_box(chance) for _box in range(chance.randint(1, 2))),
            random_box(chance) if chance.random() < 0.4 else {},
            chance.random() < 0.3,
            "limit" if chance.random() < 0.15 else "",
        )
        for _match in range(chance.randint(0, 2))
    ]
    kinds = ["accept", "drop", "reject", "return", "continue"] + ["jump", "goto"] * bool(later)
    branches = []
    for _branch in range(chance.randint(1, 3)):
        kind = "unfollowed" if chance.random() < 0.04 else chance.choice(kinds)
        target = chance.choice(later) if kind in ("jump", "goto") else ""
        branches.append(((random_box(chance),), Verdict(kind, target, "queue" * (kind == "unfollowed"))))
    return Rule(tuple(matches), tuple(branches), Where("nft", "inet", "t", "c", "line {0}".format(position)))


def random_ruleset(chance):
    tables = []
    for family in chance.sample(["ip", "ip6", "inet"], 2):
        names = ["a", "b", "c", "d"]
        chains = {}
        for number, name in enumerate(names):
            rules = tuple(random_rule(chance, i, names[number + 1 :]) for i in range(chance.randint(0, 4)))
            hook = chance.choice(["prerouting", "input", "input", "forward"])
            hooked = Base(hook, "filter", chance.randint(-2, 2), chance.choice(["accept", "drop"]))
            chains[name] = Chain(name, rules, hooked if number < 2 else None)
        tables.append(Table("nft", family, family, chains))
    return Ruleset(tuple(tables))


def test_it_agrees_with_the_decision_diagram():
    for seed in range(40):
        rules = random_ruleset(random.Random(seed))
        space = Space()
        answer = accepted(space, rules, space.full)
        for packet in PACKETS:
            full = {**dict.fromkeys(range(DIMENSIONS), 0), **packet}
            possible = walk(rules, full).outcomes
            assert ("accept" in possible) == space.contains(answer.may, full), (seed, packet)
            assert (possible == ACCEPTED) == space.contains(answer.must, full), (seed, packet)
