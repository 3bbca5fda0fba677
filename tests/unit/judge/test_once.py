# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One fault has one finding, where it hides answers or shows in several."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _gate.judge.finding import FAIL, UNKNOWN
from _gate.wire import evidence as seen
from _gate.wire.evidence import MailPosture, Observation
from judge_samples import TLS, faults, good, service

UNCLEAR = Observation(seen.NOT_ESTABLISHED, "", "cut off after 3 connections: reset")
YES, NO = Observation(seen.YES, "250 Ok"), Observation(seen.NO, "250 Ok")
ASKED = MailPosture(starttls_enforced=UNCLEAR, starttls_injection=UNCLEAR)


@pytest.mark.parametrize("hindered", [seen.THROTTLED, seen.SLOW, seen.CUT_OFF])
def test_what_a_hindered_look_did_not_see_is_told_once(hindered):
    evidence = good("submission", mail_posture=ASKED, hindered=hindered)
    assert faults(service("submission"), evidence) == [("mail.throttled", UNKNOWN)]


def test_what_was_seen_before_is_told_all_the_same():
    evidence = good("submission", mail_posture=replace(ASKED, starttls_enforced=NO), hindered=seen.CUT_OFF)
    assert set(faults(service("submission"), evidence)) == {
        ("mail.starttls-enforced", FAIL),
        ("mail.throttled", UNKNOWN),
    }


def test_without_hindrance_each_unknown_stands_for_itself():
    told = faults(service("submission"), good("submission", mail_posture=ASKED))
    assert set(told) == {("mail.starttls-enforced", UNKNOWN), ("mail.starttls-injection", UNKNOWN)}


def test_a_session_that_breaks_off_hides_what_would_come_inside():
    evidence = good("submission", mail_posture=ASKED, after_tls=None, stopped="closed before the reply to EHLO")
    assert faults(service("submission"), evidence) == [("mail.session", FAIL)]


def test_an_open_relay_is_no_second_fault_of_submission():
    evidence = good("submission", mail_posture=MailPosture(authentication_required=NO, relays=YES))
    assert faults(service("submission"), evidence) == [("mail.relay", FAIL)]


def test_preauth_is_the_reason_why_there_is_no_starttls():
    evidence = good(
        "imap", encryption=seen.NONE, tls=None, after_tls=None, mail_posture=MailPosture(preauthenticated=YES)
    )
    assert faults(service("imap"), evidence) == [("mail.preauth", FAIL)]


@pytest.mark.parametrize(
    "stopped, outcome",
    [
        ("greeting refuses service: 554 no", FAIL),
        ("closed before the greeting was complete", FAIL),
        ("more than 200 lines in one reply", FAIL),
        ("no complete greeting within 10 s", UNKNOWN),
    ],
)
def test_a_greeting_that_is_none(stopped, outcome):
    evidence = good("smtp", greeting="", encryption=None, before_tls=None, tls=None, after_tls=None, stopped=stopped)
    assert faults(service("smtp"), evidence) == [("mail.greeting", outcome)]


def test_a_verifier_that_refuses_for_another_reason_is_heard():
    distrusted = replace(TLS, trusted=False, trust_error="unable to get local issuer certificate")
    assert faults(service("imaps"), good("imaps", tls=distrusted)) == [("mail.certificate-trust", FAIL)]
