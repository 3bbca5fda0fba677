# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists of sources whose elements have time-outs: one warning, and no advice that undoes a ban."""

from __future__ import annotations

import json

import pytest

from _gate.intent.policy import parse_policy
from _gate.intent.services import Defaults, parse_services
from _gate.judge.finding import PASS, WARN
from _gate.judge.firewall import judge_firewall
from _gate.packetfilter.sensor import look_at_filter

DROP = {"drop": None}
ACCEPT = {"accept": None}
CSCLI = "cscli decisions list tells why; cscli decisions delete --ip ADDRESS takes it back"


def payload(protocol, field, right):
    return {"match": {"left": {"payload": {"protocol": protocol, "field": field}}, "op": "==", "right": right}}


LIMIT = [payload("tcp", "dport", 587), {"limit": {"rate": 9, "per": "minute", "inv": True}}, DROP]


@pytest.fixture
def warned(tmp_path):
    """The findings of firewall.sometimes-open for ports 25 and 587, and how many services pass.

    :param verdict: what becomes of members of the set (DROP if not given), in a chain in front of the doors.
    :param rules: more rules of that chain.
    """

    def judge(name="crowdsec-blacklists", verdict=None, rules=(), elements=("198.51.100.7",), sources=None):
        place = {"family": "inet", "table": "bouncer"}

        def chain(name, **base):
            return {"chain": {**place, "name": name, **base}}

        def rule(chain, handle, *statements):
            return {"rule": {**place, "chain": chain, "handle": handle, "expr": list(statements)}}

        timed = [{"elem": {"val": value, "timeout": 14400, "expires": 60}} for value in elements]
        objects = [
            {"metainfo": {}},
            {"table": {"family": "inet", "name": "bouncer"}},
            {"set": {**place, "name": name, "type": "ipv4_addr", "flags": ["timeout", "interval"], "elem": timed}},
            chain("first", type="filter", hook="input", prio=-10, policy="accept"),
            chain("then", type="filter", hook="input", prio=0, policy="drop"),
            chain("logged"),
            rule("logged", 20, {"log": {"prefix": "banned"}}),
            rule("logged", 21, DROP),
            chain("unsure"),
            rule("unsure", 22, payload("tcp", "dport", 587), ACCEPT),
            rule("unsure", 23, DROP),
            rule("first", 9, payload("ip", "saddr", "@" + name), verdict or DROP),
            *(rule("first", 10 + number, *statements) for number, statements in enumerate(rules)),
            rule("then", 30, payload("tcp", "dport", {"set": [25, 587]}), ACCEPT),
        ]
        path = tmp_path / "rules.json"
        path.write_text(json.dumps({"nftables": objects}), encoding="utf-8")
        entries = [{"name": entry, **({"from": sources} if sources else {})} for entry in ("smtp", "submission")]
        services = parse_services(entries, Defaults(parse_policy("rfc8314")))
        found = judge_firewall("mx", services, look_at_filter({"nft_json": str(path)}))
        passed = [item.port for item in found if item.check == "firewall.missing-opening" and item.outcome == PASS]
        return [item for item in found if item.check == "firewall.sometimes-open"], passed

    return judge


@pytest.mark.parametrize("verdict", [DROP, {"reject": None}, {"jump": {"target": "logged"}}])
def test_bans_with_a_time_out_are_one_warning(warned, verdict):
    (warning,), passed = warned(verdict=verdict)
    assert (warning.port, warning.outcome, passed) == (0, WARN, [25, 587])
    assert warning.observed == "bans that come and go: tcp 25,587 from 198.51.100.7/32 (IPv4)"
    assert "time-out" in warning.cause
    assert "inet bouncer first handle 9" in warning.cause
    assert warning.fix == f"nft list set inet bouncer crowdsec-blacklists shows whom it keeps out; {CSCLI}"


def test_the_list_of_another_tool_is_one_to_look_at(warned):
    (warning,), _passed = warned(name="offenders")
    assert warning.fix == (
        "nft list set inet bouncer offenders shows whom it keeps out; nft delete element inet bouncer offenders '{ ADDRESS }'"
    )


def test_a_limit_beside_bans_has_a_warning_of_its_own(warned):
    (limited, banned), passed = warned(rules=[LIMIT])
    assert (limited.port, banned.port, passed) == (587, 0, [25])
    assert "crowdsec" not in limited.cause
    assert limited.fix == "accept tcp 587 without that condition, if clients are to be sure of it"


def test_a_ban_of_a_whole_network_of_clients_is_told_of_each_service(warned):
    network = {"prefix": {"addr": "198.51.100.0", "len": 24}}
    warnings, passed = warned(elements=[network], sources=["198.51.100.0/25", "203.0.113.0/24"])
    assert [item.port for item in warnings] == [25, 587]
    assert passed == []
    for item in warnings:
        assert item.fix.startswith("nft list set inet bouncer crowdsec-blacklists")
        assert "accept" not in item.fix


def test_a_chain_that_lets_some_in_is_no_ban(warned):
    (warning,), _passed = warned(verdict={"jump": {"target": "unsure"}})
    assert warning.port == 25
    assert warning.fix.startswith("accept tcp 25 without that condition")
