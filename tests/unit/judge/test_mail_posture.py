# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each answer of the mail posture has exactly its own finding."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _gate.judge.finding import FAIL, PASS, UNKNOWN, WARN
from _gate.judge.mail_ports import judge_mail_ports
from _gate.wire import evidence as seen
from _gate.wire.evidence import MailPosture, Observation
from judge_samples import faults, good, service

YES, NO, UNSEEN = (Observation(answer, "550 line", "why") for answer in (seen.YES, seen.NO, seen.NOT_ESTABLISHED))

CASES = [
    ("submission", "starttls_enforced", "mail.starttls-enforced", YES, NO),
    ("submission", "authentication_required", "mail.authentication-required", YES, NO),
    ("imap", "login_refused", "mail.login-refused", YES, NO),
    ("imap", "starttls_injection", "mail.starttls-injection", NO, YES),
    ("imap", "left_over_bytes", "mail.starttls-left-over", NO, YES),
    ("imaps", "preauthenticated", "mail.preauth", NO, YES),
    ("imaps", "plaintext_answered", "mail.plaintext-on-tls-port", NO, YES),
    ("smtp", "relays", "mail.relay", NO, YES),
]


@pytest.mark.parametrize(("name", "question", "check", "right", "wrong"), CASES)
def test_each_answer_has_its_finding(name, question, check, right, wrong):
    def found(answer):
        return faults(service(name), good(name, mail_posture=MailPosture(**{question: answer})))

    assert found(right) == []
    assert found(wrong) == [(check, FAIL)]
    if question != "authentication_required":
        assert found(UNSEEN) == [(check, UNKNOWN)]
    passes = judge_mail_ports([service(name)], [good(name, mail_posture=MailPosture(**{question: right}))])
    assert (check, PASS) in [(item.check, item.outcome) for item in passes]


def test_a_server_that_judges_at_rcpt_is_unknown_only_where_a_recipient_was_given():
    posture = MailPosture(authentication_required=UNSEEN)
    assert faults(service("submission"), good("submission", mail_posture=posture)) == []
    asked = replace(posture, relays=NO)
    assert faults(service("submission"), good("submission", mail_posture=asked)) == [
        ("mail.authentication-required", UNKNOWN)
    ]


def test_authentication_is_not_required_of_an_mx():
    assert faults(service("smtp"), good("smtp", mail_posture=MailPosture(authentication_required=NO))) == []


def test_a_public_mx_that_hangs_up_on_mail_in_clear_requires_tls():
    hung_up = Observation(seen.YES, "", "hung up when mail was begun")
    evidence = good("smtp", mail_posture=MailPosture(starttls_enforced=hung_up))
    (fault,) = [item for item in judge_mail_ports([service("smtp")], [evidence]) if item.outcome != PASS]
    assert (fault.check, fault.outcome, fault.observed) == ("mail.starttls-enforced", WARN, hung_up.why)


def test_a_public_mx_must_not_require_tls():
    assert faults(service("smtp"), good("smtp", mail_posture=MailPosture(starttls_enforced=YES))) == [
        ("mail.starttls-enforced", WARN)
    ]
    assert faults(service("smtp"), good("smtp", mail_posture=MailPosture(starttls_enforced=NO))) == []


def test_an_unadvertised_starttls_is_told_in_the_cause():
    changes = {"encryption": seen.NONE, "tls": None, "after_tls": None, "starttls_reply": ""}
    evidence = good("imap", **changes, mail_posture=MailPosture(starttls_unadvertised=YES))
    (finding,) = [item for item in judge_mail_ports([service("imap")], [evidence]) if item.outcome != PASS]
    assert (finding.check, finding.outcome) == ("mail.encryption", FAIL)
    assert "accepted when it is sent" in finding.cause


def test_what_breaks_off_under_tls_explains_what_could_not_be_asked():
    evidence = good(
        "imap", after_tls=None, stopped="closed by the server", mail_posture=MailPosture(starttls_injection=UNSEEN)
    )
    assert faults(service("imap"), evidence) == [("mail.session", FAIL)]


def test_what_breaks_off_under_tls_explains_nothing_where_tls_is_not_judged():
    evidence = good("imap", after_tls=None, stopped="closed", mail_posture=MailPosture(starttls_injection=UNSEEN))
    assert faults(service("imap", encryption="none"), evidence) == [("mail.starttls-injection", UNKNOWN)]
