# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is new since an earlier report, gone, or was not looked at again."""

from __future__ import annotations

import report_samples as samples

from _gate.report.document import document
from _gate.report.looks import parse_looks

EARLIER = "2026-11-23T12:00:00+00:00"


def run(looks, earlier=None, generated=samples.GENERATED, name="", expected=()):
    return document(parse_looks(looks, expected), generated, run=name, earlier=earlier)


def looked(host, *findings):
    return samples.look(host, list(findings))


def checks(places):
    return [(each["host"], each["check"]) for each in places]


def test_new_changed_gone_and_unchanged():
    expiring = samples.expiring("mx", 9)
    before = run([looked("mx", samples.login_before_tls("mx"), expiring, samples.surplus("mx"))], generated=EARLIER)
    now = run([looked("mx", dict(expiring, outcome="fail"), samples.surplus("mx"), samples.throttled("mx"))], before)
    since = now["since"]
    assert since["earlier"] == EARLIER
    assert checks(since["new"]) == [("mx", "mail.throttled")]
    assert [(each["was"], each["outcome"]) for each in since["changed"]] == [("warn", "fail")]
    assert checks(since["gone"]) == [("mx", "mail.login-before-tls")]
    assert since["unchanged"] == 1
    assert {each["check"]: each["since"] for each in now["hosts"][0]["findings"]} == {
        "mail.throttled": "new",
        "mail.certificate-validity": "changed",
        "firewall.surplus-opening": "unchanged",
    }


def test_gone_says_whether_the_check_passes_now():
    closed = samples.finding("mx", "mail.protocol", 25, "smtp")
    before = run([looked("mx", closed, samples.surplus("mx"))], generated=EARLIER)
    since = run([looked("mx")], before)["since"]
    assert [(each["check"], each["now"]) for each in since["gone"]] == [
        ("mail.protocol", "passes"),
        ("firewall.surplus-opening", "not found"),
    ]


def test_a_host_that_was_not_looked_at_again_has_mended_nothing():
    before = run([looked("a", samples.surplus("a")), looked("b", samples.surplus("b"))], generated=EARLIER)
    failed = {"host": "a", "results": [{"failed": True, "msg": "no root"}]}
    since = run([failed], before)["since"]
    assert since["gone"] == []
    assert checks(since["not_looked_at"]) == [("a", "firewall.surplus-opening"), ("b", "firewall.surplus-opening")]


def test_the_same_check_at_another_port_or_service_is_another_finding():
    fault = samples.login_before_tls("mx")
    before = run([looked("mx", fault)], generated=EARLIER)
    since = run([looked("mx", dict(fault, port=2587))], before)["since"]
    assert (len(since["new"]), len(since["gone"]), since["unchanged"]) == (1, 1, 0)


def test_text_that_differs_makes_nothing_new():
    before = run([looked("mx", samples.expiring("mx", 9))], generated=EARLIER)
    assert run([looked("mx", samples.expiring("mx", 8))], before)["since"]["unchanged"] == 1


def test_batches_of_one_run_are_compared_with_the_run_before():
    """A play with serial writes the same file after each batch."""
    last = run([looked("a", samples.surplus("a")), looked("b", samples.surplus("b"))], generated=EARLIER, name="1")
    first = run([looked("a", samples.throttled("a"))], last, name="2", expected=["a", "b"])
    assert checks(first["since"]["not_looked_at"]) == [("b", "firewall.surplus-opening")]
    both = run([looked("a", samples.throttled("a")), looked("b", samples.surplus("b"))], first, name="2")
    directly = run([looked("a", samples.throttled("a")), looked("b", samples.surplus("b"))], last, name="2")
    assert both == directly
    assert both["since"]["earlier"] == EARLIER


def test_a_change_of_outcome_is_still_one_in_the_next_batch():
    last = run([looked("a", samples.expiring("a", 9))], generated=EARLIER, name="1")
    worse = looked("a", dict(samples.expiring("a", 9), outcome="fail"))
    first = run([worse], last, name="2", expected=["a", "b"])
    second = run([worse, looked("b")], first, name="2")
    assert [(each["was"], each["outcome"]) for each in second["since"]["changed"]] == [("warn", "fail")]


def test_a_first_run_in_batches_has_nothing_to_be_compared_with():
    first = run([looked("a", samples.surplus("a"))], name="1")
    assert "since" not in run([looked("a", samples.surplus("a"))], first, name="1")
