# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

from _gate.report.ports import port_as_dict
from _gate.wire.evidence import OPEN, Capabilities, Certificate, MailPosture, Observation, PortEvidence, Tls
from _gate.wire.posture_evidence import Answer, Features, Groups, Posture, ServedCertificate, Suites

NAMES = tuple(f"mail{number}.customers.example.org" for number in range(100))
SUITES = tuple(f"TLS_ECDHE_RSA_WITH_AES_{number}_CBC_SHA384" for number in range(60))


def served(without_sni=False, sha256="ab" * 32):
    return ServedCertificate(
        kind="RSA",
        key_bits=2048,
        curve="",
        subject="CN=mail.example.org",
        issuer="CN=R11,O=Some Authority,C=US",
        names=NAMES,
        not_before="2026-01-01T00:00:00Z",
        not_after="2026-04-01T00:00:00Z",
        lifetime_days=90,
        days_left=30,
        not_yet_valid=False,
        sha256=sha256,
        signatures=("sha256WithRSAEncryption",) * 3,
        chain=("CN=mail.example.org", "CN=R11,O=Some Authority,C=US"),
        ordered=True,
        root_sent=False,
        without_sni=without_sni,
    )


POSTURE = Posture(
    versions=(Answer("SSLv2", "inconclusive", "slow: no answer within 10 s"), Answer("TLSv1.2", "accepted")),
    suites=tuple(
        Suites(version, Answer(version, "accepted"), SUITES, True, True) for version in ("TLSv1.2", "TLSv1.3")
    ),
    groups=(Groups(Answer("TLSv1.3", "inconclusive", "not asked"), ("x25519",)),),
    certificates=(served(), served(without_sni=True), served(sha256="cd" * 32)),
    features=Features(compression=False),
    connections=12,
    notes=("a note",) * 30,
)
EVIDENCE = PortEvidence(
    host="mail.example.org",
    address="2001:db8::1",
    family="ipv6",
    port=143,
    state=OPEN,
    greeting="* OK " + "x" * 195,
    before_tls=Capabilities(True, ("PLAIN", "LOGIN"), ("CAPABILITY " + "Y" * 150,) * 20),
    after_tls=Capabilities(False, ("PLAIN", "LOGIN"), ("CAPABILITY " + "Y" * 150,) * 20),
    tls=Tls(True, certificate=Certificate("CN=x", "CN=y", NAMES[:3], "a", "b", 90, 30, "ab" * 32, False)),
    mail_posture=MailPosture(starttls_injection=Observation("no", "", "w" * 200)),
    posture=POSTURE,
)


def test_a_port_stays_under_4_kb_unless_all_is_asked_for():
    assert len(json.dumps(port_as_dict(EVIDENCE))) < 4096
    assert len(json.dumps(port_as_dict(EVIDENCE, verbose=True))) > 8192


def test_the_posture_is_told_by_version():
    plain = port_as_dict(EVIDENCE)["posture"]
    assert plain["versions"] == ["TLSv1.2"]
    assert plain["inconclusive"] == {"SSLv2": "slow: no answer within 10 s", "groups of TLSv1.3": "not asked"}
    assert plain["suites"]["TLSv1.2"]["accepted"][-1] == "and 50 more"
    assert plain["groups"] == {"TLSv1.3": {"outside": "inconclusive", "accepted": ["x25519"], "complete": False}}


def test_a_certificate_stands_once_with_the_hellos_that_it_is_for():
    assert [(item["sha256"][:2], item["sni"]) for item in port_as_dict(EVIDENCE)["posture"]["certificates"]] == [
        ("ab", ["with", "without"]),
        ("cd", ["with"]),
    ]


def test_all_of_it_where_it_is_asked_for():
    plain = port_as_dict(EVIDENCE, verbose=True)
    assert plain["posture"]["suites"]["TLSv1.2"]["accepted"] == list(SUITES)
    assert plain["posture"]["certificates"][0]["names"] == list(NAMES)
    assert len(plain["before_tls"]["lines"]) == 20
    assert plain["mail_posture"]["starttls_injection"]["why"]
