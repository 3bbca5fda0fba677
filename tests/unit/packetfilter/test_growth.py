# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Twice the rules are twice the work: calls and segments of nodes are counted, since seconds tell little on a busy machine."""

from __future__ import annotations

import json
import sys

import pytest

from _gate.intent.policy import parse_policy
from _gate.intent.services import Defaults, parse_services
from _gate.judge.firewall import judge_firewall
from _gate.packetfilter.sensor import look_at_filter

FEW = 400
MOST = 2.4  # times as much for twice the rules: n log n of these numbers is 2.3, n * n is 4
PORTS = (25, 465, 587, 993)
BASE = {"type": "filter", "hook": "input", "prio": 0, "policy": "drop"}


def address(number):
    """Spread, so that no two are neighbours."""
    return "{0}.{1}.{2}.7".format(10 + number % 90, number // 90 % 250, number * 7 % 250)


def match(protocol, field, value):
    return {"match": {"op": "==", "left": {"payload": {"protocol": protocol, "field": field}}, "right": value}}


def chain(name, **base):
    return {"chain": {"family": "inet", "table": "filter", "name": name, **base}}


def rule(in_chain, *statements):
    return {"rule": {"family": "inet", "table": "filter", "chain": in_chain, "handle": 1, "expr": list(statements)}}


def few_ports(count):
    """Each rule opens one of a few ports to one address, and nobody asked for one more port that is open."""
    rules = [
        rule("input", match("ip", "saddr", address(n)), match("tcp", "dport", PORTS[n % 4]), {"accept": None})
        for n in range(count)
    ]
    rules.append(rule("input", match("tcp", "dport", 2000), {"accept": None}))
    services = [
        {"protocol": "tcp", "port": port, "from": [address(n) for n in range(count) if PORTS[n % 4] == port]}
        for port in PORTS
    ]
    return [chain("input", **BASE), *rules], services


def a_port_each(count):
    rules = [
        rule("input", match("ip", "saddr", address(n)), match("tcp", "dport", n + 1), {"accept": None})
        for n in range(count)
    ]
    services = [{"protocol": "tcp", "port": n + 1, "from": [address(n)]} for n in range(count)]
    return [chain("input", **BASE), *rules], services


def accept_and_drop(count):
    """No two rules in a row commute by their verdict."""
    rules = [
        rule(
            "input",
            match("ip", "saddr", address(n)),
            match("tcp", "dport", PORTS[n % 4]),
            {"drop" if n % 2 else "accept": None},
        )
        for n in range(count)
    ]
    return [chain("input", **BASE), *rules], [
        {"protocol": "tcp", "port": port, "optional": True, "from": ["0.0.0.0/0"]} for port in PORTS
    ]


def a_chain_each(count):
    chains, rules, targets = [], [], []
    for n in range(count):
        name = "chain{0}".format(n)
        chains.append(chain(name))
        rules.append(rule(name, match("ip", "saddr", address(n)), {"drop": None}))
        rules.append(rule(name, match("ip", "daddr", address(n)), {"accept": None}))
        targets.append([n + 1, {"jump": {"target": name}}])
    port = {"payload": {"protocol": "tcp", "field": "dport"}}
    dispatch = rule("input", {"vmap": {"key": port, "data": {"set": targets}}})
    services = [{"protocol": "tcp", "port": n + 1, "from": ["0.0.0.0/0"], "optional": True} for n in range(count)]
    return [chain("input", **BASE), *chains, dispatch, *rules], services


def work(shape, count, directory):
    """How many functions are called for a look and its judgement, and how many segments the nodes have."""
    objects, given = shape(count)
    path = directory / "rules{0}.json".format(count)
    table = {"table": {"family": "inet", "name": "filter"}}
    path.write_text(json.dumps({"nftables": [{"metainfo": {}}, table, *objects]}), encoding="utf-8")
    services = parse_services(given, Defaults(parse_policy("rfc8314")))
    calls = 0

    def counted(_frame, event, _argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        evidence = look_at_filter({"nft_json": str(path)})
        judge_firewall("host", services, evidence)
    finally:
        sys.setprofile(before)
    return calls, sum(map(len, evidence.space.nodes.kids))


@pytest.mark.parametrize("shape", [few_ports, a_port_each, accept_and_drop, a_chain_each])
def test_twice_the_rules_are_twice_the_work(shape, tmp_path):
    calls, segments = work(shape, FEW, tmp_path)
    more_calls, more_segments = work(shape, 2 * FEW, tmp_path)
    assert more_calls < MOST * calls, (calls, more_calls)
    assert more_segments < MOST * segments, (segments, more_segments)
