# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom the filter may keep out of a service for anyone: who comes from a private network by the default route."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _gate.intent.policy import parse_policy
from _gate.intent.services import Defaults, parse_services
from _gate.judge.finding import FAIL, WARN
from _gate.judge.firewall import judge_firewall
from _gate.packetfilter.model import Route
from _gate.packetfilter.sensor import look_at_filter

RULES = """*filter
:INPUT DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
{0}-A INPUT -p tcp -m tcp --dport 25 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 465 -j ACCEPT
COMMIT
"""
NEAR = Route(4, 10 << 24, (10 << 24) + 0xFFFF, "eth1")


@pytest.fixture
def faults(tmp_path):
    def judge(*drops, address="203.0.113.25", sources=None, routes=(), check="firewall.missing-opening"):
        path = tmp_path / "rules"
        path.write_text(RULES.format("".join(f"-A {drop} -j DROP\n" for drop in drops)), encoding="utf-8")
        evidence = look_at_filter({"iptables": str(path)}, addresses=[address], families=["ipv4"])
        evidence = replace(evidence, host=replace(evidence.host, routes=routes))
        entries = [{"name": name, **({"from": sources} if sources else {})} for name in ("smtp", "submissions")]
        found = judge_firewall("mx", parse_services(entries, Defaults(parse_policy("rfc8314"))), evidence)
        return [item for item in found if item.check == check and item.outcome != "pass"]

    return judge


def test_forged_private_sources_that_are_dropped_are_one_warning(faults):
    (warning,) = faults("INPUT -s 10.0.0.0/8", "INPUT -s 192.168.0.0/16")
    assert (warning.outcome, warning.port) == (WARN, 0)
    assert warning.observed == "closed: tcp 25,465 from 10.0.0.0/8,192.168.0.0/16 (IPv4)"
    assert "line 5" in warning.cause
    assert "private networks" in warning.cause


@pytest.mark.parametrize(
    ("drops", "given"),
    [
        (["INPUT -s 11.0.0.0/8"], {}),
        (["INPUT -s 10.0.0.0/8", "INPUT -s 11.0.0.0/8"], {}),
        (["INPUT -s 10.0.0.0/8"], {"sources": ["10.0.0.0/8", "203.0.113.0/24"]}),
        (["INPUT -s 10.0.0.0/8"], {"address": "192.168.7.25"}),
        (["INPUT -s 10.0.0.0/16"], {"routes": (NEAR,)}),
        (["INPUT -s 10.0.0.0/8"], {"routes": (NEAR,)}),
        (["INPUT -s 10.0.0.0/8"], {"routes": None}),
    ],
    ids=[
        "public",
        "public too",
        "required by name",
        "a private host",
        "its own network",
        "its own network in it",
        "unknown routes",
    ],
)
def test_others_that_are_dropped_are_faults(faults, drops, given):
    assert [(item.outcome, item.port) for item in faults(*drops, **given)] == [(FAIL, 25), (FAIL, 465)]


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        ({}, WARN),
        ({"sources": ["10.0.0.0/8"]}, FAIL),
        ({"address": "192.168.7.25"}, FAIL),
        ({"routes": (NEAR,)}, FAIL),
        ({"routes": None}, FAIL),
    ],
)
def test_answers_to_private_networks_that_are_dropped_are_so_too(faults, given, outcome):
    found = faults("OUTPUT -d 10.0.0.0/8", check="firewall.answers", **given)
    assert [(item.outcome, item.port) for item in found] == [(outcome, 25), (outcome, 465)]
