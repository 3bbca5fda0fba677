# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One fault has one finding, where it hides answers or shows in several."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _gate.judge.finding import FAIL, PASS, UNKNOWN, WARN
from _gate.judge.mail_ports import judge_mail_ports
from _gate.wire import evidence as seen
from _gate.wire.dialogue.verdicts import ONLY_A_LOGIN_IS_WANTED
from _gate.wire.evidence import Capabilities, MailPosture, Observation
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


CLEAR = {"before_tls": Capabilities(starttls=True, login_mechanisms=("PLAIN",), lines=("STARTTLS", "AUTH PLAIN"))}
CHALLENGE_ONLY = {"before_tls": Capabilities(starttls=True, login_mechanisms=("CRAM-MD5",), lines=("STARTTLS",))}
BEGUN = Observation(seen.NO, "334 ")
WANTS_LOGIN = Observation(seen.NO, "530 5.7.0 Authentication required", ONLY_A_LOGIN_IS_WANTED)


def test_a_login_that_is_offered_in_clear_can_be_begun():
    evidence = good("submission", mail_posture=MailPosture(login_refused=BEGUN), **CLEAR)
    assert faults(service("submission"), evidence) == [("mail.login-before-tls", FAIL)]


def test_mail_that_waits_for_the_login_that_is_offered_in_clear_is_no_second_fault():
    evidence = good("submission", mail_posture=MailPosture(starttls_enforced=WANTS_LOGIN), **CLEAR)
    assert faults(service("submission"), evidence) == [("mail.login-before-tls", FAIL)]


def test_mail_that_is_taken_before_tls_without_a_login_is_one():
    evidence = good("submission", mail_posture=MailPosture(starttls_enforced=NO), **CLEAR)
    assert set(faults(service("submission"), evidence)) == {
        ("mail.login-before-tls", FAIL),
        ("mail.starttls-enforced", FAIL),
    }


def test_mail_in_clear_after_a_login_without_password_is_told():
    evidence = good("submission", mail_posture=MailPosture(starttls_enforced=WANTS_LOGIN), **CHALLENGE_ONLY)
    told = judge_mail_ports([service("submission")], [evidence])
    assert [(item.check, item.outcome) for item in told if item.outcome != PASS] == [
        ("mail.login-before-tls", WARN),
        ("mail.starttls-enforced", FAIL),
    ]
    (enforced,) = [item for item in told if item.check == "mail.starttls-enforced"]
    assert enforced.observed == f"{ONLY_A_LOGIN_IS_WANTED}: 530 5.7.0 Authentication required"


def test_a_login_that_is_listed_and_refused_is_a_warning():
    refused = Observation(seen.YES, "-ERR TLS required to log in.")
    evidence = good("pop3", mail_posture=MailPosture(login_refused=refused), **CLEAR)
    assert faults(service("pop3"), evidence) == [("mail.login-before-tls", WARN)]


def test_a_server_that_does_not_know_of_the_encryption_offers_no_login():
    behind = Capabilities(starttls=True, lines=("STARTTLS", "LOGINDISABLED"))
    evidence = good("imaps", after_tls=behind)
    (told,) = [item for item in judge_mail_ports([service("imaps")], [evidence]) if item.outcome != PASS]
    assert (told.check, told.cause.endswith("and so offers no login")) == ("mail.starttls-after-tls", True)


def test_without_a_login_it_does_not_matter_how_strangers_are_refused():
    bare = Capabilities(starttls=False, lines=("SIZE",))
    posture = MailPosture(authentication_required=UNCLEAR, relays=Observation(seen.NO, "550 Invalid recipient"))
    evidence = good("submission", after_tls=bare, mail_posture=posture)
    assert faults(service("submission"), evidence) == [("mail.authentication", FAIL)]
    offers = good("submission", mail_posture=posture)
    assert faults(service("submission"), offers) == [("mail.authentication-required", UNKNOWN)]


def test_preauth_is_told_though_the_server_breaks_off():
    broken = {"encryption": None, "tls": None, "before_tls": None, "after_tls": None, "stopped": "closed"}
    evidence = good("imap", mail_posture=MailPosture(preauthenticated=YES), **broken)
    assert faults(service("imap"), evidence) == [("mail.preauth", FAIL)]
