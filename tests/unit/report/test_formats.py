# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JUnit, SARIF and Markdown say what the document says, and nothing of it becomes markup."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest
import report_samples as samples

from _gate.report.document import document
from _gate.report.junit import as_junit
from _gate.report.looks import parse_looks
from _gate.report.markdown import as_markdown, code, prose
from _gate.report.sarif import as_sarif


def made(looks, **more):
    return document(parse_looks(looks), samples.GENERATED, **more)


def cases(whole):
    root = ElementTree.fromstring(as_junit(whole))
    return {case.get("name"): [child.tag for child in case] for suite in root for case in suite.iter("testcase")}, root


def test_junit_failures_are_apart_from_errors_and_warnings_pass():
    faults = [samples.login_before_tls("mx"), samples.throttled("mx"), samples.expiring("mx", 3)]
    found, root = cases(made([samples.look("mx", faults)]))
    assert found["587/submission mail.login-before-tls"] == ["failure"]
    assert found["25/smtp mail.throttled"] == ["error"]
    assert found["993/imaps mail.certificate-validity"] == ["system-out"]
    assert found["25/smtp mail.protocol"] == []
    assert (root.get("failures"), root.get("errors"), root.get("tests")) == ("1", "1", str(len(found)))


def test_junit_tells_of_hosts_that_were_not_looked_at_as_errors_and_skips_what_nobody_judged():
    services = ["smtp", {"name": "dhcp-client"}]
    found, _root = cases(made([{"host": "mx", "services": services, "results": [{"failed": True, "msg": "no root"}]}]))
    assert found == {"looked at (1)": ["error"], "25/smtp": ["skipped"], "68/dhcp-client": ["skipped"]}


def test_junit_has_one_case_for_a_check_that_two_addresses_answer_differently():
    result = {
        "findings": [samples.login_before_tls("mx")],
        "passed": [{"check": "mail.login-before-tls", "host": "mx", "port": 587, "service": "submission"}],
    }
    found, root = cases(made([{"host": "mx", "results": [result]}]))
    assert found == {"587/submission mail.login-before-tls": ["failure"]}
    assert root[0].get("tests") == "1"


def test_sarif_levels_kinds_and_rules():
    faults = [samples.login_before_tls("mx"), samples.throttled("mx"), samples.expiring("mx", 3)]
    (run,) = json.loads(as_sarif(made([samples.look("mx", faults)]), "1.2.3"))["runs"]
    rules = run["tool"]["driver"]["rules"]
    found = {result["ruleId"]: (result["kind"], result["level"]) for result in run["results"]}
    assert found == {
        "mail.login-before-tls": ("fail", "error"),
        "mail.throttled": ("open", "none"),
        "mail.certificate-validity": ("fail", "warning"),
    }
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    assert run["invocations"][0]["executionSuccessful"] is True
    place = run["results"][0]["locations"][0]["logicalLocations"][0]
    assert place["fullyQualifiedName"].startswith("mx/")


def test_sarif_says_what_was_not_looked_at_and_what_is_new():
    before = made([samples.look("mx", [samples.surplus("mx")])])
    looks = [samples.look("mx", [samples.surplus("mx"), samples.throttled("mx")]), {"host": "b", "results": []}]
    (run,) = json.loads(as_sarif(made(looks, earlier=before), "1"))["runs"]
    assert {result["ruleId"]: result["baselineState"] for result in run["results"]} == {
        "firewall.surplus-opening": "unchanged",
        "mail.throttled": "new",
    }
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"] == "b: not looked at"


def test_sarif_fingerprints_hold_when_the_text_changes():
    def fingerprint(days):
        (run,) = json.loads(as_sarif(made([samples.look("mx", [samples.expiring("mx", days)])]), "1"))["runs"]
        return run["results"][0]["partialFingerprints"]

    assert fingerprint(9) == fingerprint(8)


def test_markdown_shows_at_most_so_many_and_says_how_many_more():
    text = as_markdown(made(samples.many_faults()), most=5)
    tables = [part for part in text.split("\n\n") if part.startswith("|")]
    assert [table.count("\n") - 1 for table in tables] == [3, 5]
    assert re.search(r"^and \d+ faults more$", text, re.MULTILINE)


def test_markdown_of_a_good_run_is_two_lines():
    assert as_markdown(made(samples.no_faults())).splitlines() == [
        "## Mail ports and firewall: pass",
        "",
        "3 hosts: all 78 checks passed. " + samples.GENERATED,
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a|b", "`a\\|b`"), ("`x`", "`` `x` ``"), ("", "` `"), ("a\\|b", "`a\\ \\|b`")],
)
def test_code_spans(text, expected):
    assert code(text) == expected


def test_prose_has_no_markup_mentions_or_links():
    text = prose("<b>*x*</b> [l](https://e.example) @all #1 a|b `c` www.e.example")
    assert "<" not in text
    assert "@a" not in text
    assert "://e" not in text
    assert text.count("\\") == 7


def test_hostile_texts_change_the_structure_of_nothing():
    whole = made(samples.hostile())
    root = ElementTree.fromstring(as_junit(whole))
    assert {each.tag for each in root.iter()} <= {"testsuites", "testsuite", "testcase", "failure", "error", "skipped"}
    json.loads(as_sarif(whole, "1"))
    text = as_markdown(whole)
    assert "\x1b" not in text
    outside = re.sub(r"(`+).*?\1", "", text)
    assert "<" not in outside
    assert {line.count("|") - line.count("\\|") for line in outside.splitlines() if line.startswith("| ")} == {6, 7}
