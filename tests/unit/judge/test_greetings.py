# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first words: why there are none, and what the PROXY protocol has to do with it."""

from __future__ import annotations

import pytest

from _gate.judge.finding import FAIL, PASS, UNKNOWN
from _gate.judge.mail_ports import judge_mail_ports
from _gate.wire.evidence import Capabilities
from judge_samples import good, service

NOTHING = {"greeting": "", "speaks": "", "encryption": None, "before_tls": None, "tls": None, "after_tls": None}


def the_fault(required, evidence):
    (fault,) = [item for item in judge_mail_ports([required], [evidence]) if item.outcome != PASS]
    return fault


@pytest.mark.parametrize(
    "stopped, outcome",
    [
        ("greeting refuses service: 421 4.3.0 mx Server local error", FAIL),
        ("closed without a greeting", FAIL),
        ("no greeting within 10 s", UNKNOWN),
    ],
)
def test_a_port_behind_a_proxy_that_is_not_one(stopped, outcome):
    fault = the_fault(service("smtp"), good("smtp", **dict(NOTHING, stopped=stopped)))
    assert (fault.check, fault.outcome) == ("mail.greeting", outcome)
    assert "expects the PROXY protocol" in fault.cause or "expects PROXY protocol" in fault.cause


def test_another_refusal_says_nothing_of_the_proxy_protocol():
    stopped = "greeting refuses service: 554 no"
    assert "PROXY" not in the_fault(service("smtp"), good("smtp", **dict(NOTHING, stopped=stopped))).cause


@pytest.mark.parametrize(
    "changes",
    [
        {"stopped": "greeting refuses service: 554 5.5.0 Error: SMTP protocol synchronization"},
        {"speaks": "imap", "greeting": "* OK hi"},
        {"throttled": "* BYE Too many invalid IMAP commands."},
        {"greeting": "* OK", "speaks": "imap", "stopped": "not an IMAP reply: PROXY BAD Error in IMAP command"},
    ],
)
def test_a_header_that_was_not_expected_may_be_the_reason(changes):
    name = "imap" if changes.get("speaks") == "imap" and "stopped" in changes else "smtp"
    evidence = good(name, **dict(NOTHING, **changes))
    assert "does not expect the PROXY protocol" in the_fault(service(name, proxy_protocol="v1"), evidence).cause
    assert "does not expect the PROXY protocol" not in the_fault(service(name), evidence).cause


def test_a_server_that_cannot_begin_tls_is_no_busy_one():
    offer = {"before_tls": Capabilities(starttls=True, lines=("STARTTLS",)), "speaks": "smtp", "greeting": "220 mx"}
    evidence = good("smtp", software="exim", **{**NOTHING, **offer, "throttled": "454 TLS currently unavailable"})
    fault = the_fault(service("smtp"), evidence)
    assert (fault.check, fault.outcome) == ("mail.throttled", UNKNOWN)
    assert "cannot read its key or certificate" in fault.cause
    assert fault.fix.startswith("exim4 -bP tls_certificate")


def test_a_busy_server_is_waited_for():
    fault = the_fault(service("smtp"), good("smtp", **dict(NOTHING, throttled="421 too many connections")))
    assert "puts this client off" in fault.cause
    assert fault.fix.startswith("wait")
