# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One deviation at a time in a posture that is clean otherwise: exactly its own finding."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _gate.intent.policy import POLICIES
from _gate.judge.checks import CHECKS
from _gate.judge.finding import FAIL, PASS, UNKNOWN, WARN
from _gate.judge.tls_posture import judge_posture
from _gate.wire.posture_evidence import ACCEPTED, INCONCLUSIVE, REJECTED, Answer
from judge_postures import (
    CLEAN,
    CLEAN_TLS13,
    FEATURES,
    clean_for,
    evidence,
    faults,
    groups,
    service,
    suites,
    the_fault,
    versions,
)


@pytest.mark.parametrize("name", ["imaps", "submission", "smtp"])
@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_a_clean_posture_passes(policy, name):
    required = service(name, policy)
    assert faults(required, clean_for(policy)) == []
    passed = {finding.check for finding in judge_posture(required, clean_for(policy), evidence())}
    assert {"mail.tls-old-versions", "mail.tls-suites", "mail.tls-groups", "mail.certificate-key"} <= passed
    assert ("mail.tls-without-sni" in passed) == (name == "smtp")
    assert ("mail.tls-required-versions" in passed) == (policy == "nist-800-52r2")


def features(**changes):
    return replace(CLEAN, features=replace(FEATURES, **changes))


def older(*accepted, answer=ACCEPTED, complete=True, **changes):
    """TLS 1.2 accepts these suites too."""
    return replace(CLEAN, suites=(suites("TLSv1.2", answer, accepted, complete), suites("TLSv1.3")), **changes)


def newer(*accepted, answer=ACCEPTED, complete=True):
    return replace(CLEAN, suites=(suites("TLSv1.2"), suites("TLSv1.3", answer, accepted, complete)))


def with_groups(version, *accepted, answer=ACCEPTED, complete=True, bits=()):
    changed = groups(version, answer, accepted, complete, bits)
    return replace(CLEAN, groups=tuple(changed if each.outside.subject == version else each for each in CLEAN.groups))


CBC = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"
DHE = "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"
RSA = "TLS_RSA_WITH_AES_128_GCM_SHA256"
CHACHA = "TLS_CHACHA20_POLY1305_SHA256"

NO_EARLY_DATA = {"features": {"early_data": "forbidden"}}

DEVIATIONS = [
    ("rfc8314", replace(CLEAN, versions=versions("SSLv3", "TLSv1.2", "TLSv1.3")), "mail.tls-old-versions", FAIL),
    (
        "rfc8314",
        replace(CLEAN, versions=versions("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")),
        "mail.tls-old-versions",
        FAIL,
    ),
    (
        "nist-800-52r2",
        replace(CLEAN, versions=versions("TLSv1.1", "TLSv1.2", "TLSv1.3")),
        "mail.tls-old-versions",
        WARN,
    ),
    ("mozilla-modern", CLEAN, "mail.tls-old-versions", FAIL),
    ("nist-800-52r2", replace(CLEAN_TLS13), "mail.tls-required-versions", FAIL),
    ("rfc8314", older(RSA), "mail.tls-suites", WARN),
    ("rfc8314", older("TLS_RSA_WITH_3DES_EDE_CBC_SHA", RSA), "mail.tls-suites", FAIL),
    ("rfc8314", older("TLS_ECDHE_RSA_WITH_NULL_SHA"), "mail.tls-suites", FAIL),
    ("rfc8314", older("TLS_DH_anon_WITH_AES_128_GCM_SHA256"), "mail.tls-suites", WARN),
    ("mozilla-intermediate", older("TLS_DH_anon_WITH_AES_128_GCM_SHA256"), "mail.tls-suites", FAIL),
    ("rfc8314", older("TLS_RSA_EXPORT_WITH_RC4_40_MD5"), "mail.tls-suites", FAIL),
    ("rfc8314", older("0x1234"), "mail.tls-suites", WARN),
    ("mozilla-intermediate", older(CBC), "mail.tls-suites", FAIL),
    ("mozilla-intermediate", older(DHE), "mail.tls-suites", FAIL),
    ("mozilla-intermediate", older(complete=False), "mail.tls-suites", FAIL),
    ("mozilla-intermediate", newer("TLS_AES_128_CCM_SHA256"), "mail.tls-suites", FAIL),
    ("ncsc-nl-2025", older(CBC), "mail.tls-suites", WARN),
    ("ncsc-nl-2025", older(RSA), "mail.tls-suites", FAIL),
    ("ncsc-nl-2025", newer("TLS_AES_128_CCM_8_SHA256"), "mail.tls-suites", FAIL),
    ("bsi-tr-02102-2", newer(CHACHA), "mail.tls-suites", FAIL),
    ("nist-800-52r2", newer(CHACHA), "mail.tls-suites", FAIL),
    ("nist-800-52r2", older(RSA), "mail.tls-suites", FAIL),
    ("rfc8314", with_groups("TLSv1.2", "secp192r1"), "mail.tls-groups", FAIL),
    ("mozilla-intermediate", with_groups("TLSv1.3", "secp521r1"), "mail.tls-groups", FAIL),
    ("ncsc-nl-2025", with_groups("TLSv1.3", "ffdhe3072"), "mail.tls-groups", WARN),
    ("bsi-tr-02102-2", with_groups("TLSv1.3", "x25519"), "mail.tls-groups", FAIL),
    ("nist-800-52r2", with_groups("TLSv1.3", "x25519"), "mail.tls-groups", FAIL),
    ("rfc8314", with_groups("TLSv1.2", answer=REJECTED, bits=(1024, 2048)), "mail.tls-finite-field", FAIL),
    ("ncsc-nl-2025", with_groups("TLSv1.2", answer=REJECTED, bits=(2048,)), "mail.tls-finite-field", FAIL),
    ("bsi-tr-02102-2", with_groups("TLSv1.2", answer=REJECTED, bits=(2048,)), "mail.tls-finite-field", FAIL),
    ("rfc8314", features(signature_algorithms=("rsa_pkcs1_sha1",)), "mail.tls-signature-algorithms", WARN),
    ("rfc8314", features(signature_algorithms=("0x0201",)), "mail.tls-signature-algorithms", WARN),
    ("ncsc-nl-2025", features(signature_algorithms=("rsa_pkcs1_sha256",)), "mail.tls-signature-algorithms", WARN),
    ("rfc8314", features(compression=True), "mail.tls-compression", WARN),
    ("ncsc-nl-2025", features(compression=True), "mail.tls-compression", FAIL),
    ("rfc8314", features(renegotiation_info=False), "mail.tls-renegotiation", FAIL),
    ("rfc8314", features(extended_master_secret=False), "mail.tls-extended-master-secret", FAIL),
    ("bsi-tr-02102-2", features(extended_master_secret=False), "mail.tls-extended-master-secret", WARN),
    ("nist-800-52r2", features(encrypt_then_mac=False), "mail.tls-encrypt-then-mac", FAIL),
    ("bsi-tr-02102-2", features(encrypt_then_mac=False), "mail.tls-encrypt-then-mac", WARN),
    (NO_EARLY_DATA, features(early_data=True), "mail.tls-early-data", FAIL),
    ({"features": {"early_data": "discouraged"}}, features(early_data=True), "mail.tls-early-data", WARN),
    ("rfc8314", features(client_certificate=True), "mail.tls-client-certificate", WARN),
]


@pytest.mark.parametrize(("policy", "posture", "check", "outcome"), DEVIATIONS)
def test_one_deviation_one_finding(policy, posture, check, outcome):
    finding = the_fault(service("imaps", policy), posture)
    assert (finding.check, finding.outcome) == (check, outcome)
    assert finding.expected and finding.observed and finding.fix and finding.source
    assert finding.expected != finding.observed


@pytest.mark.parametrize(("policy", "posture", "check", "outcome"), DEVIATIONS)
def test_opportunistic_tls_is_better_than_none(policy, posture, check, outcome):
    still = "NULL" in str(posture.suites)
    assert faults(service("smtp", policy), posture) == [(check, FAIL if still else WARN)]


def test_sslv2_endangers_the_other_ports_too():
    posture = replace(CLEAN, versions=versions("SSLv2", "TLSv1.2", "TLSv1.3"))
    assert faults(service("smtp"), posture) == [("mail.tls-old-versions", FAIL)]


UNKNOWNS = [
    (
        replace(CLEAN, versions=versions("TLSv1.2", "TLSv1.3", TLSv1="throttled")),
        "mail.tls-old-versions",
        "TLSv1: throttled",
    ),
    (replace(CLEAN, versions=versions("TLSv1.2", "TLSv1.3")[1:]), "mail.tls-old-versions", "SSLv2: not looked at"),
    (older(answer=INCONCLUSIVE), "mail.tls-suites", "TLSv1.2: no answer"),
    (older(RSA, complete=False), "mail.tls-suites", "not established in full"),
    (older(complete=False), "mail.tls-suites", "not established in full"),
    (replace(CLEAN, suites=CLEAN.suites[:1]), "mail.tls-suites", "TLSv1.3: not looked at"),
    (replace(CLEAN, groups=()), "mail.tls-groups", "TLSv1.2: not looked at; TLSv1.3: not looked at"),
    (with_groups("TLSv1.3", answer=INCONCLUSIVE), "mail.tls-groups", "TLSv1.3: no answer"),
    (features(compression=None), "mail.tls-compression", ""),
    (features(renegotiation_info=None), "mail.tls-renegotiation", ""),
    (features(extended_master_secret=None), "mail.tls-extended-master-secret", ""),
    (features(client_certificate=None), "mail.tls-client-certificate", ""),
]


@pytest.mark.parametrize(("posture", "check", "cause"), UNKNOWNS)
def test_what_was_not_established_is_unknown_with_its_cause(posture, check, cause):
    finding = the_fault(service(), posture)
    assert (finding.check, finding.outcome) == (check, UNKNOWN)
    assert cause in finding.cause


def test_an_allowed_version_that_gave_no_answer_leaves_its_suites_unknown():
    posture = replace(CLEAN, versions=versions("TLSv1.3", TLSv1_2="cut off after 7 connections"))
    finding = the_fault(service(), posture)
    assert (finding.check, finding.outcome) == ("mail.tls-suites", UNKNOWN)
    assert finding.cause == "TLSv1.2: cut off after 7 connections"


def test_a_required_version_that_gave_no_answer_is_unknown():
    posture = replace(CLEAN_TLS13, versions=versions("TLSv1.3", TLSv1_2="slow"))
    finding = the_fault(service("imaps", "nist-800-52r2"), posture)
    assert (finding.check, finding.outcome, finding.cause) == ("mail.tls-required-versions", UNKNOWN, "TLSv1.2: slow")


def test_a_fault_outweighs_a_doubt_and_both_are_told():
    posture = replace(CLEAN, versions=versions("TLSv1.1", "TLSv1.2", "TLSv1.3", TLSv1="reset"))
    finding = the_fault(service(), posture)
    assert finding.outcome == FAIL
    assert finding.cause == "the server accepts old versions; TLSv1: reset"


def test_expected_and_observed_versions_read_as_the_change_to_make():
    finding = the_fault(service(), replace(CLEAN, versions=versions("SSLv3", "TLSv1", "TLSv1.2", "TLSv1.3")))
    assert (finding.expected, finding.observed) == ("TLSv1.2, TLSv1.3", "SSLv3, TLSv1, TLSv1.2, TLSv1.3")


def test_suites_of_a_version_that_must_go_are_no_second_fault():
    posture = replace(
        CLEAN,
        versions=versions("TLSv1", "TLSv1.2", "TLSv1.3"),
        suites=CLEAN.suites + (suites("TLSv1", ACCEPTED, ("TLS_RSA_WITH_RC4_128_SHA",), True),),
    )
    assert faults(service(), posture) == [("mail.tls-old-versions", FAIL)]


def test_many_suites_are_listed_sorted_and_cut():
    names = [
        f"TLS_RSA_WITH_{cipher}"
        for cipher in ("AES_128_CBC_SHA", "AES_256_CBC_SHA", "3DES_EDE_CBC_SHA", "SEED_CBC_SHA")
    ]
    names += [f"TLS_RSA_WITH_CAMELLIA_{bits}_CBC_{hash_}" for bits in (128, 256) for hash_ in ("SHA", "SHA256")]
    names += [f"TLS_RSA_WITH_ARIA_{bits}" for bits in ("128_CBC_SHA256", "256_CBC_SHA384")]
    finding = the_fault(service(), older(*names))
    assert finding.observed.split(", ")[:2] == ["TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"]
    assert finding.observed.endswith("and 2 more")
    assert finding.expected == "not " + finding.observed
    assert finding.cause == "3DES, CBC, static-RSA"


def test_a_finite_field_group_of_tls12_is_judged_by_its_size_alone():
    posture = with_groups("TLSv1.2", "ffdhe2048", bits=(2048,))
    assert faults(service("imaps", "bsi-tr-02102-2"), posture) == [("mail.tls-finite-field", FAIL)]


def test_encrypt_then_mac_is_unknown_where_cbc_is_accepted_and_it_was_not_tried():
    posture = older(CBC, answer=REJECTED)
    assert faults(service("imaps", "nist-800-52r2"), posture) == [("mail.tls-encrypt-then-mac", UNKNOWN)]


def test_features_of_tls12_are_not_asked_of_a_server_without_it():
    assert faults(service(), CLEAN_TLS13) == []


def test_a_refused_hello_without_server_name_breaks_port_25_only():
    posture = replace(CLEAN, without_sni=Answer("no server name", REJECTED))
    assert faults(service("smtp"), posture) == [("mail.tls-without-sni", FAIL)]
    assert faults(service("submission"), posture) == []


def test_a_hello_without_server_name_that_was_not_tried_is_unknown():
    posture = replace(CLEAN, without_sni=None, certificates=CLEAN.certificates[:1])
    assert faults(service("smtp"), posture) == [("mail.tls-without-sni", UNKNOWN)]
    assert faults(service("smtp"), replace(CLEAN, without_sni=None)) == []


def test_what_users_allow_passes_and_what_they_forbid_fails():
    relaxed = {
        "extends": "mozilla-intermediate",
        "suites": {"allowed": [CBC]},
        "features": {"client_certificate": "ignored"},
    }
    assert faults(service("imaps", relaxed), older(CBC)) == []
    assert faults(service("imaps", relaxed), features(client_certificate=True)) == []
    strict = {"suites": {"forbidden": ["TLS_AES_128_GCM_SHA256"]}, "features": {"session_ticket": "forbidden"}}
    found = faults(service("imaps", strict), CLEAN)
    assert found == [("mail.tls-suites", FAIL), ("mail.tls-session-tickets", FAIL)]


@pytest.mark.parametrize("software", ["postfix", "dovecot", "exim", "cyrus", "nginx", "sendmail", "qmail", ""])
def test_every_fix_can_be_written_for_every_software(software):
    for policy, posture, _check, _outcome in DEVIATIONS:
        finding = the_fault(service("imaps", policy), posture, software=software)
        assert finding.fix and "{" not in finding.fix


def test_the_fix_names_the_versions_of_the_policy():
    finding = the_fault(service("imaps", "mozilla-modern"), CLEAN, software="dovecot")
    assert finding.fix == "ssl_min_protocol = TLSv1.3; doveadm reload"


def test_every_check_is_documented():
    for name in ("imaps", "smtp"):
        for policy in POLICIES:
            for finding in judge_posture(service(name, policy), CLEAN, evidence()):
                assert finding.check in CHECKS
                assert finding.outcome in (PASS, FAIL, WARN)


def test_the_texts_tell_what_is_expected_and_seen():
    size = the_fault(service(), with_groups("TLSv1.2", answer=REJECTED, bits=(2047, 4096)))
    assert (size.expected, size.observed) == ("at least 2048 bits", "2047 bits, 4096 bits")
    assert size.source == "RFC 9325 section 4.5"
    missing = the_fault(service(), features(renegotiation_info=False))
    assert (missing.expected, missing.observed) == ("yes", "no")
    assert missing.cause == "secure renegotiation (RFC 5746) is missing"
    there = the_fault(service("imaps", NO_EARLY_DATA), features(early_data=True))
    assert (there.expected, there.observed) == ("no", "yes")
    assert there.cause.endswith("is there")
    unknown = the_fault(service("imaps", NO_EARLY_DATA), features(early_data=None))
    assert (unknown.check, unknown.outcome) == ("mail.tls-early-data", UNKNOWN)
    assert (unknown.observed, unknown.cause) == ("not established", "")
    refused = the_fault(service("smtp"), replace(CLEAN, without_sni=Answer("", REJECTED)))
    assert refused.cause == "servers that send no server name cannot deliver under TLS"


def test_a_signature_scheme_without_a_name_says_what_it_is():
    finding = the_fault(
        service("imaps", "bsi-tr-02102-2"), features(signature_algorithms=("0x0303", "ed448", "0x0999"))
    )
    assert finding.observed == "0x0303 (ECDSA with SHA-224), 0x0999, ed448"


def test_a_size_at_the_limit_is_enough():
    at_limit = with_groups("TLSv1.2", answer=REJECTED, bits=(2048,))
    assert faults(service(), at_limit) == []
    assert (
        faults(service("imaps", {"finite_field_bits": None}), with_groups("TLSv1.2", answer=REJECTED, bits=(512,)))
        == []
    )
    warned = {"finite_field_bits": None, "finite_field_bits_good": 3072}
    finding = the_fault(service("imaps", warned), at_limit)
    assert (finding.outcome, finding.source) == (WARN, "policy option finite_field_bits_good")


def test_eight_suites_are_listed_in_full():
    names = [f"TLS_RSA_WITH_{cipher}_SHA" for cipher in ("AES_128_CBC", "AES_256_CBC", "SEED_CBC", "IDEA_CBC")]
    names += [f"TLS_RSA_WITH_CAMELLIA_{bits}_CBC_{hash_}" for bits in (128, 256) for hash_ in ("SHA", "SHA256")]
    assert the_fault(service(), older(*names)).observed == ", ".join(sorted(names))
