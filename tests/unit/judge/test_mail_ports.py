# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One fault at a time in evidence that is right otherwise: exactly its own finding."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _gate.judge.finding import FAIL, PASS, UNKNOWN, WARN
from _gate.judge.mail_ports import judge_mail_ports
from _gate.wire import evidence as seen
from _gate.wire.evidence import Capabilities
from judge_samples import CERTIFICATE, LOGIN, TLS, faults, good, service

ALL = ["smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s", "sieve"]


@pytest.mark.parametrize("name", ALL)
def test_a_server_without_fault_passes(name):
    findings = judge_mail_ports([service(name)], [good(name)])
    assert {item.outcome for item in findings} == {PASS}
    checks = {item.check for item in findings}
    assert {"mail.reachable", "mail.protocol", "mail.encryption", "mail.certificate-trust"} <= checks
    assert ("mail.login-before-tls" in checks) == (service(name).encryption != "implicit")
    assert ("mail.authentication" in checks) == (name != "smtp")


def tls(**changes):
    return {"tls": replace(TLS, **changes)}


def certificate(**changes):
    return tls(certificate=replace(CERTIFICATE, **changes))


NOTHING = {"greeting": "", "speaks": "", "encryption": None, "before_tls": None, "tls": None, "after_tls": None}

FAULTS = [
    ("submission", dict(NOTHING, state=seen.REFUSED), "mail.reachable", FAIL),
    ("submission", dict(NOTHING, state=seen.TIMED_OUT), "mail.reachable", FAIL),
    ("submission", dict(NOTHING, state=seen.UNREACHABLE, detail="No route to host"), "mail.reachable", FAIL),
    ("submission", dict(NOTHING, state=seen.RESET), "mail.reachable", FAIL),
    ("submission", dict(NOTHING, state=seen.NAME_NOT_FOUND, address="", source_address=""), "mail.reachable", FAIL),
    ("submission", dict(NOTHING, state=seen.NOT_TRIED, stopped="deadline of 3 s reached"), "mail.reachable", UNKNOWN),
    ("submission", dict(NOTHING, stopped="closed without a greeting"), "mail.greeting", FAIL),
    ("submission", dict(NOTHING, stopped="no greeting within 10 s"), "mail.greeting", UNKNOWN),
    ("submission", {"throttled": "421 too many connections", "tls": None}, "mail.throttled", UNKNOWN),
    ("imap", {"speaks": "pop3"}, "mail.protocol", FAIL),
    ("imap", {"speaks": "", "greeting": "what is this"}, "mail.protocol", FAIL),
    ("imap", {"encryption": seen.NONE, "tls": None, "after_tls": None}, "mail.encryption", FAIL),
    ("imap", {"encryption": seen.IMPLICIT}, "mail.encryption", FAIL),
    ("imap", {"encryption": None, "tls": None, "stopped": "deadline"}, "mail.encryption", UNKNOWN),
    ("imap", {"encryption": seen.NONE, "tls": None, "starttls_reply": "a NO never"}, "mail.encryption", FAIL),
    ("imap", {"tls": None, "starttls_reply": "", "stopped": "deadline"}, "mail.encryption", UNKNOWN),
    ("smtp", {"encryption": seen.NONE, "tls": None, "after_tls": None}, "mail.encryption", FAIL),
    ("imaps", {"encryption": seen.NONE, "tls": None}, "mail.encryption", FAIL),
    ("imaps", {"encryption": seen.STARTTLS}, "mail.encryption", FAIL),
    ("imaps", tls(established=False, error="sslv3 alert handshake failure"), "mail.tls-handshake", FAIL),
    ("imaps", tls(established=False, error="no answer within 5 s"), "mail.tls-handshake", UNKNOWN),
    ("imaps", tls(needs_legacy=True), "mail.tls-handshake", FAIL),
    ("imaps", tls(version="TLSv1.1", needs_legacy=True), "mail.tls-version", FAIL),
    ("imaps", tls(version="TLSv1.2", cipher="DES-CBC3-SHA", cipher_bits=112), "mail.tls-cipher", FAIL),
    ("imaps", tls(version="TLSv1.2", cipher="AES256-GCM-SHA384"), "mail.tls-cipher", WARN),
    ("imaps", tls(version="TLSv1.2", cipher="DHE-RSA-AES256-GCM-SHA384"), "mail.tls-cipher", WARN),
    ("imaps", tls(trusted=False, trust_error="self-signed certificate"), "mail.certificate-trust", FAIL),
    ("imaps", tls(trusted=None), "mail.certificate-trust", UNKNOWN),
    ("imaps", tls(name_matches=False), "mail.certificate-name", FAIL),
    ("imaps", certificate(days_left=-3), "mail.certificate-validity", FAIL),
    ("imaps", certificate(days_left=6), "mail.certificate-validity", FAIL),
    ("imaps", certificate(not_yet_valid=True), "mail.certificate-validity", FAIL),
    ("smtp", tls(trusted=False, trust_error="self-signed certificate"), "mail.certificate-trust", WARN),
    ("smtp", tls(name_matches=False), "mail.certificate-name", WARN),
    ("smtp", certificate(days_left=-3), "mail.certificate-validity", WARN),
    ("imap", {"before_tls": replace(LOGIN, starttls=True)}, "mail.login-before-tls", FAIL),
    ("smtp", {"before_tls": replace(LOGIN, starttls=True)}, "mail.login-before-tls", FAIL),
    ("imap", {"before_tls": None}, "mail.login-before-tls", UNKNOWN),
    ("imaps", {"after_tls": replace(LOGIN, starttls=True)}, "mail.starttls-after-tls", FAIL),
    ("submission", {"after_tls": Capabilities(False, (), ("SIZE",))}, "mail.authentication", FAIL),
    ("pop3s", {"after_tls": Capabilities(False)}, "mail.authentication", UNKNOWN),
]


@pytest.mark.parametrize(("name", "changes", "check", "outcome"), FAULTS)
def test_each_fault_has_exactly_its_own_finding(name, changes, check, outcome):
    required, evidence = service(name), good(name, **changes)
    assert faults(required, evidence) == [(check, outcome)]
    (finding,) = [item for item in judge_mail_ports([required], [evidence]) if item.outcome != PASS]
    assert finding.observed
    assert finding.expected
    assert finding.cause
    assert finding.fix
    assert finding.source


def test_a_short_lived_certificate_is_held_to_a_third_of_its_life():
    six_days = certificate(lifetime_days=6, days_left=3)
    assert faults(service("imaps"), good("imaps", **six_days)) == []
    assert faults(service("imaps"), good("imaps", **certificate(lifetime_days=6, days_left=1))) == [
        ("mail.certificate-validity", FAIL)
    ]


@pytest.mark.parametrize(
    ("stopped", "outcome"), [("deadline of 3 s reached", UNKNOWN), ("closed by the server", FAIL), ("reset", FAIL)]
)
def test_what_was_not_seen_under_tls_is_one_finding(stopped, outcome):
    assert faults(service("imaps"), good("imaps", after_tls=None, stopped=stopped)) == [("mail.session", outcome)]


def test_dovecot_seen_from_its_own_address_is_unknown():
    changes = {"before_tls": replace(LOGIN, starttls=True), "from_itself": True}
    assert faults(service("imap"), good("imap", software="dovecot", **changes)) == [("mail.login-before-tls", UNKNOWN)]
    assert faults(service("imap"), good("imap", software="cyrus", **changes)) == [("mail.login-before-tls", FAIL)]


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (seen.OPEN, FAIL),
        (seen.REFUSED, PASS),
        (seen.TIMED_OUT, PASS),
        (seen.UNREACHABLE, PASS),
        (seen.NOT_TRIED, UNKNOWN),
        (seen.NAME_NOT_FOUND, UNKNOWN),
    ],
)
def test_a_closed_port_must_not_be_reachable(state, outcome):
    (finding,) = judge_mail_ports([service("pop3", closed=True)], [good("pop3", state=state)])
    assert (finding.check, finding.outcome) == ("mail.closed", outcome)
    if outcome != PASS:
        assert finding.expected == "not reachable"


def test_a_client_outside_the_sources_must_not_get_in():
    required = service("imaps", **{"from": ["203.0.113.0/24"]})
    assert faults(required, good("imaps")) == [("mail.closed", FAIL)]
    assert faults(required, good("imaps", state=seen.TIMED_OUT)) == []
    assert faults(required, good("imaps", source_address="203.0.113.9", state=seen.TIMED_OUT)) == [
        ("mail.reachable", FAIL)
    ]


def test_a_client_whose_address_is_not_known_cannot_tell_who_gets_in():
    required = service("imaps", **{"from": ["203.0.113.0/24"]})
    shut = dict(NOTHING, state=seen.TIMED_OUT, source_address="")
    assert faults(required, good("imaps", **shut)) == [("mail.reachable", UNKNOWN)]
    assert faults(service("imaps"), good("imaps", **shut)) == [("mail.reachable", FAIL)]
    lost = dict(NOTHING, state=seen.NAME_NOT_FOUND, source_address="", address="")
    assert faults(required, good("imaps", **lost)) == [("mail.reachable", FAIL)]


def test_a_private_address_is_not_what_a_public_server_sees():
    required = service("imaps", **{"from": ["203.0.113.0/24"]})
    behind = {"source_address": "192.168.1.5", "address": "9.9.9.9"}
    assert faults(required, good("imaps", **behind)) == [("mail.closed", UNKNOWN)]
    assert faults(required, good("imaps", tls=replace(TLS, name_matches=False), **behind))[1:] == [
        ("mail.certificate-name", FAIL)
    ]
    assert faults(required, good("imaps", state=seen.REFUSED, **behind)) == [("mail.reachable", UNKNOWN)]
    inside = {"source_address": "192.168.1.5", "address": "192.168.1.9"}
    assert faults(required, good("imaps", **inside)) == [("mail.closed", FAIL)]
    vpn = service("imaps", **{"from": ["192.168.1.0/24"]})
    assert faults(vpn, good("imaps", **behind)) == []


@pytest.mark.parametrize(
    "detail",
    ["ENETUNREACH: Network is unreachable", "EPERM: Operation not permitted", "EINVAL: no scope", "EACCES: denied"],
)
def test_what_was_never_sent_tells_nothing_of_the_server(detail):
    nothing = dict(NOTHING, state=seen.UNREACHABLE, detail=detail, source_address="")
    assert faults(service("pop3", closed=True), good("pop3", **nothing)) == [("mail.closed", UNKNOWN)]
    assert faults(service("pop3", optional=True), good("pop3", **nothing)) == [("mail.closed", UNKNOWN)]
    assert faults(service("pop3"), good("pop3", **nothing)) == [("mail.reachable", UNKNOWN)]


def test_an_optional_port_need_not_be_open_and_is_judged_where_it_is():
    required = service("pop3", optional=True)
    (finding,) = judge_mail_ports([required], [good("pop3", state=seen.REFUSED)])
    assert (finding.check, finding.outcome) == ("mail.closed", PASS)
    assert faults(required, good("pop3", state=seen.NOT_TRIED)) == [("mail.reachable", UNKNOWN)]
    assert faults(required, good("pop3", encryption=seen.NONE, tls=None)) == [("mail.encryption", FAIL)]


def test_trust_none_leaves_the_chain_unjudged_and_nothing_else():
    required = service("imaps", trust="none")
    assert faults(required, good("imaps", **tls(trusted=None))) == []
    assert faults(required, good("imaps", **tls(trusted=None, name_matches=False))) == [("mail.certificate-name", FAIL)]


def test_no_encryption_required_takes_plaintext_and_no_tls_is_asked_of_it():
    required = service("imap", encryption="none")
    assert faults(required, good("imap", encryption=seen.NONE, tls=None, after_tls=None)) == []
    assert faults(required, good("imap", encryption=seen.IMPLICIT)) == [("mail.encryption", FAIL)]


def test_remedies_are_for_the_software_that_answered():
    evidence = good("submission", before_tls=replace(LOGIN, starttls=True))
    (finding,) = [item for item in judge_mail_ports([service("submission")], [evidence]) if item.outcome != PASS]
    assert "postconf" in finding.fix
    (finding,) = [
        item
        for item in judge_mail_ports([service("submission")], [replace(evidence, software="")])
        if item.outcome != PASS
    ]
    assert "postconf" not in finding.fix
    assert "587" in finding.fix


@pytest.mark.parametrize(
    ("mechanisms", "outcome"),
    [
        (("GSSAPI", "SCRAM-SHA-256"), WARN),
        (("CRAM-MD5",), WARN),
        (("GSSAPI", "PLAIN"), FAIL),
        (("XOAUTH2",), FAIL),
        (("X-NOVEL",), FAIL),
    ],
)
def test_a_login_that_sends_no_secret_in_clear_is_a_warning(mechanisms, outcome):
    before = Capabilities(starttls=True, login_mechanisms=mechanisms)
    assert faults(service("imap"), good("imap", before_tls=before)) == [("mail.login-before-tls", outcome)]


def test_a_refused_starttls_is_told_from_none():
    changes = {"encryption": seen.NONE, "tls": None, "starttls_reply": "454 never"}
    (finding,) = [i for i in judge_mail_ports([service("imap")], [good("imap", **changes)]) if i.outcome != PASS]
    assert "454 never" in finding.observed
    assert "refuses" in finding.cause


def test_login_in_clear_without_starttls_is_part_of_that_one_fault():
    changes = {"encryption": seen.NONE, "tls": None, "starttls_reply": "", "before_tls": LOGIN}
    (finding,) = [i for i in judge_mail_ports([service("imap")], [good("imap", **changes)]) if i.outcome != PASS]
    assert "PLAIN" in finding.cause
