# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from _gate.errors import IntentError
from _gate.judge.finding import FAIL, PASS, UNKNOWN, Finding
from _gate.judge.verdict import reach_verdict
from _gate.report.plain import findings_of, verdict_as_dict
from _gate.report.ports import port_as_dict
from _gate.report.text import render
from _gate.wire.evidence import OPEN, Capabilities, PortEvidence


def test_the_text_tells_host_port_fault_why_and_fix_at_a_glance():
    text = render(
        reach_verdict(
            [
                Finding("mail.encryption", "mx", 993, "imaps", PASS),
                Finding("mail.reachable", "mx", 587, "submission", FAIL, ("192.0.2.1",), "open", "refused", "W", "F"),
            ]
        )
    )
    assert text.splitlines() == [
        "mx: 1 failed of 2 checks",
        "FAIL    587/submission  mail.reachable  [192.0.2.1]",
        "        expected  open",
        "        observed  refused",
        "        why       W",
        "        fix       F",
    ]


def test_one_fault_at_several_ports_stands_once():
    faults = [
        Finding("mail.certificate-validity", "mx", port, "s", FAIL, (), "E", "O", "C", "F") for port in (993, 995)
    ]
    assert render(reach_verdict(faults)).count("mail.certificate-validity") == 1


def test_a_success_is_one_line():
    assert render(reach_verdict([Finding("mail.encryption", "mx", 993, "imaps", PASS)])) == "mx: all 1 checks passed"


def test_evidence_without_what_is_empty():
    evidence = PortEvidence("mx", "192.0.2.1", "ipv4", 143, OPEN, 0.12345, before_tls=Capabilities(starttls=False))
    assert port_as_dict(evidence) == {
        "host": "mx",
        "address": "192.0.2.1",
        "family": "ipv4",
        "port": 143,
        "state": "open",
        "seconds": 0.123,
        "from_itself": False,
        "before_tls": {"starttls": False},
        "connections": 0,
    }


def test_results_of_two_views_join_into_one_verdict():
    wire = verdict_as_dict(
        reach_verdict([Finding("mail.reachable", "mx", 993, "imaps", FAIL, ("192.0.2.1",), observed="timed out")])
    )
    filtered = verdict_as_dict(
        reach_verdict(
            [
                Finding("firewall.missing-opening", "mx", 993, "imaps", FAIL, families=("ipv4", "ipv6")),
                Finding("firewall.missing-opening", "mx", 25, "smtp", PASS),
            ]
        )
    )
    whole = reach_verdict([*findings_of(filtered, "filter"), *findings_of(wire, "wire")])
    joined = dict(verdict_as_dict(whole), stops=whole.stops(("fail",)))
    assert [finding["check"] for finding in joined["findings"]] == ["firewall.missing-opening"]
    assert joined["passed"] == [{"check": "firewall.missing-opening", "host": "mx", "port": 25, "service": "smtp"}]
    assert joined["stops"] is True
    assert joined["outcome"] == FAIL


@pytest.mark.parametrize(
    "result",
    [
        {"skipped": True},
        {"failed": True, "msg": "no root"},
        {},
        None,
        "abc",
        {"findings": 3, "passed": []},
        {"findings": ["x"], "passed": []},
        {"findings": [{"check": "x"}], "passed": []},
        {"findings": [{"check": "x", "host": "h", "outcome": "great"}], "passed": []},
        {"findings": [{"check": "x", "host": "h", "outcome": "fail", "colour": "red"}], "passed": []},
    ],
)
def test_a_result_without_findings_is_refused_with_a_clear_text(result):
    with pytest.raises(IntentError, match="wire"):
        findings_of(result, "wire")


def test_no_view_at_all_is_unknown():
    assert reach_verdict([]).outcome == UNKNOWN
