# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Base chains of one priority, whose order nothing shows."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from _gate.packetfilter import live
from _gate.packetfilter.live import Address, HostFacts
from _gate.packetfilter.model import (
    ACCEPT,
    ANY,
    CHANGE,
    DPORT,
    DROP,
    MARK,
    Base,
    Chain,
    Change,
    Match,
    Rule,
    Ruleset,
    Table,
    Verdict,
    Where,
)
from _gate.packetfilter.order import MOST_ORDERS, other_orders
from _gate.packetfilter.readers.combine import RulesEvidence
from _gate.packetfilter.sensor import ORDER, look_at_filter

HERE = Where("nft", "inet", "t", "c", "handle 1")
V4 = Address(4, "192.0.2.1", "eth0", "global")


def marking(priority, port):
    """One table marks a port, another accepts the mark; whichever chain was registered last comes first."""
    chains = [
        Chain(
            "mark", (_rule(Verdict(CHANGE, changes=(Change(MARK, 0, 1),)), {DPORT: ((port, port),)}),), _base(priority)
        ),
        Chain(
            "accept", (_rule(Verdict(ACCEPT), {MARK: ((1, 1),)}), _rule(Verdict(DROP), {DPORT: ((9, 9),)})), _base(0)
        ),
    ]
    return tuple(Table("nft", "inet", chain.name, {chain.name: chain}) for chain in chains)


def _rule(verdict, box):
    return Rule(
        (
            Match(
                (box,),
            ),
        ),
        (((ANY,), verdict),),
        Where("nft", "inet", "t", "c", "handle 1"),
    )


def _base(priority):
    return Base("input", "filter", priority, ACCEPT)


@pytest.mark.parametrize(("priority", "port", "left_out"), [(0, 9, True), (-1, 9, False), (0, 8, False)])
def test_an_order_that_nothing_shows_is_left_out_where_something_hangs_on_it(monkeypatch, priority, port, left_out):
    for tables in (marking(priority, port), marking(priority, port)[::-1]):
        rules = RulesEvidence(Ruleset(tables, ()), frozenset({4, 6}), ())
        monkeypatch.setattr(live, "from_host", lambda run, rules=rules: (rules, HostFacts((V4,), ("eth0", "lo"))))
        found = look_at_filter({}).left_out
        assert bool(found) == left_out
        assert all(item.kind == ORDER and "9" in item.what for item in found)
    apart = [replace(table, family=family) for table, family in zip(marking(0, 9), ("ip", "ip6"))]
    assert other_orders(Ruleset(tuple(apart))) == []


def three_tables(order):
    """Whether port 9 gets in: the first marks it 1, the second makes 2 of a 1, the third accepts 2 alone."""
    rules = {
        "one": [
            Rule((Match(({DPORT: ((9, 9),)},)),), (((ANY,), Verdict(CHANGE, changes=(Change(MARK, 0, 1),))),), HERE)
        ],
        "two": [
            Rule((Match(({MARK: ((1, 1),)},)),), (((ANY,), Verdict(CHANGE, changes=(Change(MARK, 0, 2),))),), HERE)
        ],
        "three": [_rule(Verdict(ACCEPT), {MARK: ((2, 2),)}), _rule(Verdict(DROP), {DPORT: ((9, 9),)})],
    }
    chains = {name: Chain(name, tuple(found), _base(0)) for name, found in rules.items()}
    return tuple(Table("nft", "inet", name, {name: chains[name]}) for name in order)


@pytest.mark.parametrize("order", list(permutations(["one", "two", "three"])))
def test_every_order_of_three_tables_is_tried(monkeypatch, order):
    """One of the six lets the port in, and it is neither the listed one nor its reverse for four of them."""
    rules = RulesEvidence(Ruleset(three_tables(order), ()), frozenset({4, 6}), ())
    monkeypatch.setattr(live, "from_host", lambda run: (rules, HostFacts((V4,), ("eth0", "lo"))))
    assert [item.kind for item in look_at_filter({}).left_out] == [ORDER]


def test_each_place_has_an_order_of_its_own(monkeypatch):
    """Port 9 is dropped where one table comes first in prerouting and the other in input, and in no other case."""
    of_port = {DPORT: ((9, 9),)}

    def table(name, prerouting, input_):
        bases = {"prerouting": Base("prerouting", "filter", 0, ACCEPT), "input": _base(0)}
        rules = {"prerouting": (prerouting,), "input": (input_,)}
        return Table("nft", "inet", name, {hook: Chain(hook, rules[hook], base) for hook, base in bases.items()})

    def marked(value):
        return Verdict(CHANGE, changes=(Change(MARK, 0, value),))

    one = table("one", _rule(marked(1), of_port), _rule(marked(4), of_port))
    two = table("two", _rule(marked(2), {MARK: ((1, 1),)}), _rule(Verdict(DROP), {MARK: ((2, 2),)}))
    for tables in ((one, two), (two, one)):
        rules = RulesEvidence(Ruleset(tables, ()), frozenset({4, 6}), ())
        monkeypatch.setattr(live, "from_host", lambda run, rules=rules: (rules, HostFacts((V4,), ("eth0", "lo"))))
        assert [item.kind for item in look_at_filter({}).left_out] == [ORDER]


def test_tables_that_do_not_look_at_what_others_change_have_one_order():
    rules = {"one": Verdict(CHANGE, changes=(Change(MARK, 0, 1),)), "two": Verdict(ACCEPT), "three": Verdict(DROP)}
    tables = [
        Table("nft", "inet", name, {name: Chain(name, (_rule(verdict, {DPORT: ((9, 9),)}),), _base(0))})
        for name, verdict in rules.items()
    ]
    assert other_orders(Ruleset(tuple(tables))) == []


def test_more_orders_than_can_be_tried_leave_everything_out(monkeypatch):
    tables = [replace(table, name=str(number)) for number in range(5) for table in marking(0, 9)[:1]]
    tables += marking(0, 9)[1:]
    assert MOST_ORDERS < 720
    assert other_orders(Ruleset(tuple(tables))) is None
    rules = RulesEvidence(Ruleset(tuple(tables), ()), frozenset({4, 6}), ())
    monkeypatch.setattr(live, "from_host", lambda run: (rules, HostFacts((V4,), ("eth0", "lo"))))
    (left_out,) = look_at_filter({}).left_out
    assert left_out.what.startswith("any port")
