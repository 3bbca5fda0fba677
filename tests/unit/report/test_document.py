# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The document: what was found on many hosts, and what could not be looked at."""

from __future__ import annotations

import json

import pytest
import report_samples as samples

from _gate.errors import EvidenceError, IntentError
from _gate.report.document import as_json, document, read_document
from _gate.report.looks import parse_looks


def made(looks, **more):
    return document(parse_looks(looks), samples.GENERATED, **more)


def test_hosts_stand_in_natural_order_and_a_good_run_passes():
    whole = made(samples.no_faults())
    assert [host["host"] for host in whole["hosts"]] == ["mail1.example.org", "mail2.example.org", "mail10.example.org"]
    assert whole["outcome"] == "pass"
    assert whole["counts"]["hosts"] == {"all": 3, "fail": 0, "unknown": 0, "warn": 0, "pass": 3}


def test_the_order_of_the_input_does_not_matter():
    looks = samples.fifty_hosts()
    assert as_json(made(looks)) == as_json(made(looks[::-1]))


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        ({"failed": True, "msg": "no root"}, "no root"),
        ({"unreachable": True, "msg": "ssh:\n  timed out"}, "unreachable: ssh:; timed out"),
        ({"skipped": True}, "a look was skipped"),
        ({}, "not looked at"),
    ],
)
def test_a_look_that_told_nothing_is_unknown_and_says_why(result, problem):
    (host,) = made([{"host": "mx", "results": [samples.look("mx")["results"][0], result]}])["hosts"]
    assert host["outcome"] == "unknown"
    assert host["problems"] == [problem]


def test_a_host_without_results_and_one_that_is_only_expected_were_not_looked_at():
    whole = document(parse_looks([{"host": "a", "results": []}], expected=["a", "b"]), samples.GENERATED)
    assert [(host["host"], host["outcome"], host["problems"]) for host in whole["hosts"]] == [
        ("a", "unknown", ["not looked at"]),
        ("b", "unknown", ["not looked at"]),
    ]


def test_no_host_at_all_is_unknown():
    assert made([])["outcome"] == "unknown"


def test_results_of_several_tasks_are_one_verdict_under_one_name():
    outside = samples.finding(
        "192.0.2.9", "mail.reachable", 465, "submissions", observed="timed-out", addresses=["2001:db8::1"]
    )
    looks = [
        {
            "host": "mx",
            "results": [
                {"findings": [dict(samples.closed("mx"))], "passed": []},
                {"findings": [outside], "passed": []},
            ],
        }
    ]
    (host,) = made(looks)["hosts"]
    assert host["names"] == ["192.0.2.9"]
    assert [each["check"] for each in host["findings"]] == ["firewall.missing-opening"]
    assert "a client sees: timed-out" in host["findings"][0]["cause"]


def test_what_two_looks_pass_stands_once():
    (result,) = samples.look("mx")["results"]
    (host,) = made([{"host": "mx", "results": [result, result]}])["hosts"]
    assert len(host["passed"]) == len(result["passed"])


def test_a_task_over_several_hosts_gives_each_its_own():
    result = {"findings": [samples.login_before_tls("b"), samples.expiring("a", 3)], "passed": []}
    hosts = made([{"results": [result]}])["hosts"]
    assert [(host["host"], host["outcome"]) for host in hosts] == [("a", "warn"), ("b", "fail")]


def test_requirements_are_told_as_they_were_meant():
    (host,) = made([samples.look("mx")])["hosts"]
    by_name = {need["service"]: need for need in host["requirements"]}
    assert by_name["imaps"] == {
        "service": "imaps",
        "port": 993,
        "transport": "tcp",
        "encryption": "implicit",
        "from": ["any"],
    }
    assert by_name["imap"] == {"service": "imap", "port": 143, "transport": "tcp", "closed": True}
    assert by_name["ssh"]["from"] == ["192.0.2.0/24", "2001:db8:1::/48"]


@pytest.mark.parametrize(
    ("looks", "text"),
    [
        ("mx", "looks"),
        ([5], "looks[0]"),
        ([{"host": "a", "result": []}], "looks[0].result"),
        ([{"host": "a", "results": {}}, {"results": []}], "looks[1].host"),
        ([{"host": "a", "results": [7]}], "looks[0].results[0]"),
        ([{"host": "a", "results": [{"findings": [{"check": "x"}], "passed": []}]}], "looks[0].results[0]"),
        ([{"host": "a", "services": ["imapz"]}], "looks[0].services[0]"),
        ([{"host": "a", "openings": {"openings": [{"family": "ipv4"}]}}], "looks[0].openings"),
    ],
)
def test_bad_input_is_named(looks, text):
    with pytest.raises(IntentError) as caught:
        made(looks)
    assert str(caught.value).startswith(text + ":")


def test_what_was_written_is_read_again():
    whole = made(samples.many_faults())
    assert read_document(as_json(whole), "last.json") == whole


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "no JSON"),
        ("[]", "no report"),
        (json.dumps({"format": "mailops.gate/report", "version": 2}), "version 2"),
        (json.dumps({"format": "mailops.gate/report", "version": 1, "hosts": [{"findings": [{}]}]}), "not whole"),
    ],
)
def test_an_earlier_report_that_is_none_is_refused(text, problem):
    with pytest.raises(EvidenceError, match=problem) as caught:
        read_document(text, "last.json")
    assert "last.json" in str(caught.value)
