# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from _gate.errors import IntentError
from _gate.judge.checks import CHECKS
from _gate.judge.finding import FAIL, PASS, UNKNOWN, WARN, Finding, merge_addresses
from _gate.judge.verdict import parse_fail_on, reach_verdict

BOTH = ("ipv4", "ipv6")


def finding(check="mail.reachable", outcome=FAIL, port=993, host="mx", **more):
    return Finding(check, host, port, "imaps", outcome, **more)


def test_nothing_established_is_unknown_and_never_pass():
    nothing = reach_verdict([])
    assert nothing.outcome == UNKNOWN
    assert nothing.stops(("fail", "unknown"))
    assert not nothing.stops(())


@pytest.mark.parametrize(
    ("outcomes", "worst"),
    [([PASS], PASS), ([PASS, WARN], WARN), ([WARN, UNKNOWN], UNKNOWN), ([UNKNOWN, FAIL, PASS], FAIL)],
)
def test_the_worst_outcome_is_the_verdict(outcomes, worst):
    assert (
        reach_verdict([finding(outcome=outcome, port=port) for port, outcome in enumerate(outcomes, 1)]).outcome
        == worst
    )


@pytest.mark.parametrize(
    ("fail_on", "outcome", "stops"),
    [
        (["fail", "unknown"], FAIL, True),
        (["fail", "unknown"], UNKNOWN, True),
        (["fail", "unknown"], WARN, False),
        (["fail"], UNKNOWN, False),
        (["fail", "warn"], WARN, True),
        ("fail", FAIL, True),
        ("never", FAIL, False),
    ],
)
def test_fail_on_decides_what_stops(fail_on, outcome, stops):
    assert reach_verdict([finding(outcome=outcome)]).stops(parse_fail_on(fail_on)) is stops


@pytest.mark.parametrize(
    "given", [[], ["failure"], ["never", "fail"], ["pass"], "warn", ["unknown"], None, 3, [["fail"]]]
)
def test_fail_on_refuses_what_is_no_outcome(given):
    with pytest.raises(IntentError, match="fail_on"):
        parse_fail_on(given)


def test_a_port_closed_in_the_filter_and_unreachable_from_outside_is_one_fault():
    seen = reach_verdict(
        [
            finding("firewall.missing-opening", observed="closed", cause="closed by the policy", families=BOTH),
            finding("mail.reachable", observed="timed out", addresses=("192.0.2.1", "2001:db8::1")),
            finding("mail.reachable", observed="refused", port=995),
        ]
    )
    assert [(item.check, item.port) for item in seen.findings] == [
        ("firewall.missing-opening", 993),
        ("mail.reachable", 995),
    ]
    assert seen.findings[0].cause == "closed by the policy; a client sees: timed out"


def test_an_undecided_filter_hides_no_unreachable_port():
    undecided = finding("firewall.missing-opening", outcome=UNKNOWN, families=BOTH)
    seen = reach_verdict([undecided, finding("mail.reachable", addresses=("192.0.2.1",))])
    assert len(seen.findings) == 2


def test_a_fault_at_an_address_of_the_other_family_stays():
    seen = reach_verdict(
        [
            finding("firewall.missing-opening", observed="closed", cause="dropped", families=("ipv6",)),
            finding("mail.reachable", observed="refused", addresses=("192.0.2.1",)),
            finding("mail.reachable", observed="timed out", addresses=("2001:db8::1",)),
            finding("mail.reachable", observed="unreachable", addresses=("192.0.2.2", "2001:db8::2")),
        ]
    )
    assert [(item.check, item.observed, item.addresses) for item in seen.findings] == [
        ("firewall.missing-opening", "closed", ()),
        ("mail.reachable", "refused", ("192.0.2.1",)),
        ("mail.reachable", "unreachable", ("192.0.2.2",)),
    ]
    assert seen.findings[0].cause == "dropped; a client sees: timed out, unreachable"


def test_a_name_that_does_not_resolve_is_no_fault_of_the_filter():
    missing = finding("firewall.missing-opening", families=BOTH)
    assert len(reach_verdict([missing, finding("mail.reachable", observed="name not found")]).findings) == 2


def test_the_same_port_of_another_host_stays():
    missing = finding("firewall.missing-opening", host="a", families=BOTH)
    seen = reach_verdict([missing, finding("mail.reachable", host="b", addresses=("192.0.2.1",))])
    assert len(seen.findings) == 2


def test_addresses_merge_only_where_all_else_is_equal():
    merged = merge_addresses(
        [
            finding(addresses=("192.0.2.1",), observed="refused"),
            finding(addresses=("2001:db8::1",), observed="refused"),
            finding(addresses=("2001:db8::2",), observed="timed out"),
        ]
    )
    assert [item.addresses for item in merged] == [("192.0.2.1", "2001:db8::1"), ("2001:db8::2",)]


def test_plain_data_and_back():
    original = finding(
        addresses=("192.0.2.1",),
        expected="open",
        observed="refused",
        cause="why",
        fix="how",
        source="RFC",
        families=BOTH,
        diagnosis="listen.loopback",
        settles="ss",
    )
    assert Finding.from_dict(original.as_dict()) == original
    assert Finding.from_dict(finding(port=0).as_dict()) == finding(port=0)


def test_every_check_is_documented():
    for name, check in CHECKS.items():
        view, _dot, rest = name.partition(".")
        assert view in ("mail", "firewall", "server")
        assert rest
        assert check.asks.endswith(".")
        assert check.matters.endswith(".")
        assert check.source
