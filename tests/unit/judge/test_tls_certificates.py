# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One deviation at a time in a certificate that is right otherwise: exactly its own finding."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _gate.judge.finding import FAIL, UNKNOWN, WARN
from judge_postures import CLEAN, FEATURES, SECOND, SERVED, clean_for, faults, service, the_fault, versions


def served(**changes):
    return replace(CLEAN, certificates=(replace(SERVED, **changes),))


RSA = {"kind": "RSA", "curve": "", "signatures": ("sha256WithRSAEncryption",)}
DEVIATIONS = [
    ("rfc8314", served(**RSA, key_bits=1024), "mail.certificate-key", FAIL, "RSA key of 1024 bits"),
    ("rfc8314", served(curve="secp192r1"), "mail.certificate-key", FAIL, "ECDSA key on secp192r1"),
    ("ncsc-nl-2025", served(**RSA, key_bits=2048), "mail.certificate-key", WARN, "RSA key of 2048 bits"),
    ("ncsc-nl-2025", served(**RSA, key_bits=1024), "mail.certificate-key", FAIL, "RSA key of 1024 bits"),
    ("bsi-tr-02102-2", served(**RSA, key_bits=2048), "mail.certificate-key", FAIL, "RSA key of 2048 bits"),
    ("bsi-tr-02102-2", served(kind="Ed25519", curve=""), "mail.certificate-key", FAIL, "Ed25519 key"),
    ("mozilla-intermediate", served(curve="secp521r1"), "mail.certificate-key", FAIL, "ECDSA key on secp521r1"),
    ("nist-800-52r2", served(curve="secp521r1"), "mail.certificate-key", WARN, "ECDSA key on secp521r1"),
    (
        "rfc8314",
        served(signatures=("sha1WithRSAEncryption",)),
        "mail.certificate-signature",
        FAIL,
        "sha1WithRSAEncryption",
    ),
    (
        "rfc8314",
        served(signatures=("ecdsa-with-SHA256", "md5WithRSAEncryption")),
        "mail.certificate-signature",
        FAIL,
        "md5WithRSAEncryption",
    ),
    (
        "mozilla-intermediate",
        served(signatures=("sha512WithRSAEncryption",)),
        "mail.certificate-signature",
        FAIL,
        "sha512WithRSAEncryption",
    ),
    ("mozilla-intermediate", served(lifetime_days=367), "mail.certificate-lifetime", FAIL, "367 days of life"),
    ("nist-800-52r2", served(lifetime_days=1097), "mail.certificate-lifetime", WARN, "1097 days of life"),
    ("rfc8314", served(ordered=False), "mail.certificate-chain", FAIL, "CN=mail.example.org | CN=CA"),
    ("rfc8314", served(complete=False), "mail.certificate-chain", FAIL, "an intermediate is missing"),
    ("rfc8314", served(root_sent=True), "mail.certificate-chain", WARN, "the root is sent too"),
    ("rfc8314", served(extended_key_usage=("clientAuth",)), "mail.certificate-usage", FAIL, "clientAuth"),
    ("rfc8314", served(key_usage=("keyEncipherment",)), "mail.certificate-usage", FAIL, "keyEncipherment"),
]


@pytest.mark.parametrize(("policy", "posture", "check", "outcome", "observed"), DEVIATIONS)
def test_one_deviation_one_finding(policy, posture, check, outcome, observed):
    finding = the_fault(service("imaps", policy), posture)
    assert (finding.check, finding.outcome, finding.observed) == (check, outcome, observed)
    assert finding.expected and finding.fix and finding.source
    # The certificate of port 25 decides nothing for clients that deliver anyhow.
    with_hello_without_sni = replace(posture, certificates=posture.certificates + CLEAN.certificates[1:])
    assert faults(service("smtp", policy), with_hello_without_sni) == [(check, WARN)]


def test_modern_wants_ecdsa_and_ninety_days():
    required = service("imaps", "mozilla-modern")
    clean = clean_for("mozilla-modern")
    rsa = replace(clean, certificates=(replace(SERVED, **RSA, key_bits=4096),))
    assert faults(required, rsa) == [("mail.certificate-key", FAIL), ("mail.certificate-signature", FAIL)]
    assert faults(required, replace(clean, certificates=(replace(SERVED, lifetime_days=91),))) == [
        ("mail.certificate-lifetime", FAIL)
    ]


def test_the_texts_tell_what_is_expected():
    assert the_fault(service(), served(**RSA, key_bits=1024)).expected == "RSA key of at least 2048 bits"
    ed25519 = the_fault(service("imaps", "mozilla-intermediate"), served(kind="Ed25519", curve=""))
    assert ed25519.expected == "RSA or ECDSA key"
    must = replace(CLEAN, certificates=(MUST_STAPLE,), features=replace(FEATURES, ocsp_staple=False))
    assert (the_fault(service(), must).expected, the_fault(service(), must).observed) == ("an OCSP staple", "none")
    assert faults(service(), served(**RSA, key_bits=2048)) == []


def test_key_usage_in_other_spellings():
    posture = served(key_usage=("digital_signature",), extended_key_usage=("1.3.6.1.5.5.7.3.1",))
    assert faults(service(), posture) == []
    assert faults(service(), served(key_usage=(), extended_key_usage=())) == []


def test_a_missing_intermediate_is_told_once():
    posture = served(complete=False)
    assert faults(service(), posture, trusted=False) == []  # mail.certificate-trust tells
    assert faults(service(), posture, trusted=False, sha256="cc") == [("mail.certificate-chain", FAIL)]
    assert faults(service(trust="none"), posture) == []
    assert faults(service(), served(complete=None)) == []


def test_two_certificates_are_told_apart():
    posture = replace(CLEAN, certificates=(SERVED, replace(SECOND, key_bits=1024)))
    assert the_fault(service(), posture).observed == "RSA certificate: RSA key of 1024 bits"


def test_the_second_certificate_has_a_name_and_a_validity_too():
    other = replace(CLEAN, certificates=(SERVED, replace(SECOND, names=("www.example.org",))))
    finding = the_fault(service(), other)
    assert (finding.check, finding.outcome, finding.observed) == ("mail.certificate-name", FAIL, "www.example.org")
    for changes in ({"days_left": -1}, {"days_left": 6}, {"not_yet_valid": True}):
        posture = replace(CLEAN, certificates=(SERVED, replace(SECOND, **changes)))
        assert faults(service(), posture) == [("mail.certificate-validity", FAIL)]
    # The one that an ordinary handshake shows is judged with it.
    assert faults(service(), served(days_left=-1, names=())) == []


def test_a_fallback_without_server_name_counts_on_port_25_only():
    snake_oil = replace(SECOND, key_bits=1024, names=("localhost",), days_left=-9, without_sni=True)
    posture = replace(CLEAN, certificates=(SERVED, snake_oil))
    assert faults(service("submission"), posture) == []
    assert faults(service("smtp"), posture) == [("mail.certificate-key", WARN)]


MUST_STAPLE = replace(SERVED, must_staple=True)


@pytest.mark.parametrize(
    ("policy", "certificate", "stapled", "expected"),
    [
        ("rfc8314", MUST_STAPLE, False, [FAIL]),
        ("rfc8314", MUST_STAPLE, None, [UNKNOWN]),
        ("rfc8314", MUST_STAPLE, True, []),
        ("rfc8314", SERVED, False, []),
        ("nist-800-52r2", SERVED, False, [FAIL]),
        ("mozilla-intermediate", SERVED, False, [WARN]),
        ("mozilla-intermediate", MUST_STAPLE, False, [FAIL]),
        ("nist-800-52r2", replace(SERVED, ocsp_responder=False), False, []),
    ],
)
def test_staple(policy, certificate, stapled, expected):
    posture = replace(CLEAN, certificates=(certificate,), features=replace(FEATURES, ocsp_staple=stapled))
    assert faults(service("imaps", policy), posture) == [("mail.certificate-staple", outcome) for outcome in expected]


def test_no_certificate_seen_is_unknown():
    assert faults(service(), replace(CLEAN, certificates=())) == [("mail.certificate-key", UNKNOWN)]
    silent = replace(CLEAN, certificates=(), versions=versions(TLSv1_2="slow", TLSv1_3="slow"))
    assert faults(service(), silent) == [("mail.tls-suites", UNKNOWN)]
