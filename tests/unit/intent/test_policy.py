# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from _gate.errors import IntentError
from _gate.intent.effective import policy_as_dict
from _gate.intent.policies.opportunistic import OPPORTUNISTIC
from _gate.intent.policy import CERTIFICATE_KEYS, KEYS, POLICIES, parse_policy, questions_of
from _gate.intent.suites import TRAITS, is_tls13, suite_traits
from _gate.intent.vocabulary import (
    DSA_SCHEMES,
    FEATURES,
    GROUPS,
    LEVELS,
    MD5_AND_SHA1_SCHEMES,
    SHA224_SCHEMES,
    SIGNATURE_SCHEMES,
    VERSIONS,
)
from _gate.wire.hello import groups as known_groups
from _gate.wire.hello.suites import SUITES
from _gate.wire.hello.traits import suite_traits as anatomy

ALL = sorted(POLICIES)
GOOD = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
CBC = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"
DHE = "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"


# -- the published ones --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_every_policy_has_every_rule_and_a_source_for_each_that_it_sets(name):
    policy = parse_policy(name)
    assert policy.name == name == POLICIES[name]["name"]
    assert set(policy.features) == set(FEATURES)
    assert set(policy.rules) | set(policy.numbers) == {
        key for key in KEYS if key not in ("extends", "certificate", "features", "min_days") and "version" not in key
    } | {f"certificate.{key}" for key in CERTIFICATE_KEYS}
    needed = {"min_version", "min_days", *(key for key, limit in policy.numbers.items() if limit is not None)}
    needed |= {key for key, rule in policy.rules.items() if rule.named or rule.traits or rule.others != "allowed"}
    needed |= {f"features.{key}" for key, level in policy.features.items() if level != "ignored"}
    needed |= {key for key in ("required_versions", "discouraged_versions") if getattr(policy, key)}
    assert set(policy.sources) == needed
    assert all(policy.sources.values())


@pytest.mark.parametrize("name", ALL)
def test_every_name_in_a_policy_is_one_that_a_look_can_see(name):
    policy = parse_policy(name)
    spelled = {key: [rule.spelling[known] for known in rule.named] for key, rule in policy.rules.items()}
    assert set(spelled["suites"]) <= set(SUITES.values())
    explicit = {"arbitrary_explicit_prime_curves", "arbitrary_explicit_char2_curves"}
    assert set(spelled["groups"]) <= set(known_groups.GROUPS.values()) | explicit
    shown = {known_groups.scheme_name(number) for number in known_groups.ALL_SCHEMES} | set(MD5_AND_SHA1_SCHEMES)
    assert set(spelled["signature_algorithms"]) <= shown


def test_versions():
    assert [parse_policy("rfc8314").version_level(version) for version in VERSIONS[-3:]] == [
        "forbidden",
        "allowed",
        "allowed",
    ]
    assert parse_policy("nist-800-52r2").version_level("TLSv1.1") == "discouraged"
    assert not parse_policy("nist-800-52r2").allows_version("TLSv1.1")
    assert parse_policy("mozilla-modern").version_level("TLSv1.2") == "forbidden"
    assert parse_policy("rfc8314").version_level("TLSv9") == "forbidden"


@pytest.mark.parametrize(
    ("policy", "suite", "level"),
    [
        ("rfc8314", GOOD, "allowed"),
        ("rfc8314", DHE, "discouraged"),
        ("rfc8314", "TLS_RSA_WITH_AES_128_GCM_SHA256", "discouraged"),
        ("rfc8314", "TLS_RSA_WITH_RC4_128_SHA", "forbidden"),
        ("rfc8314", "TLS_SHA256_SHA256", "forbidden"),
        ("rfc8314", "0xFEED", "discouraged"),
        ("mozilla-intermediate", "0xFEED", "forbidden"),
        ("mozilla-intermediate", DHE, "forbidden"),
        ("ncsc-nl-2025", CBC, "discouraged"),
        ("ncsc-nl-2025", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "forbidden"),
        ("bsi-tr-02102-2", CBC, "allowed"),
        ("bsi-tr-02102-2", "TLS_CHACHA20_POLY1305_SHA256", "forbidden"),
        ("nist-800-52r2", "TLS_RSA_WITH_AES_128_GCM_SHA256", "forbidden"),
        ("nist-800-52r2", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "allowed"),
    ],
)
def test_levels_of_suites(policy, suite, level):
    assert parse_policy(policy).level("suites", suite) == level


def test_names_of_certificates_compare_without_regard_to_case():
    policy = parse_policy("mozilla-modern")
    assert policy.level("certificate.leaf_signatures", "ECDSA-with-sha256") == "allowed"
    assert policy.level("certificate.key_types", "ecdsa") == "allowed"


def test_port_25_has_a_source_for_each_rule_of_its_own():
    rules = set(OPPORTUNISTIC) - {"sources", "forbidden_still"} | set(OPPORTUNISTIC["forbidden_still"])
    assert rules == set(OPPORTUNISTIC["sources"])


# -- suites by their names -----------------------------------------------------------------------------------------------


def test_every_suite_that_a_look_knows_is_understood_alike():
    for number, name in SUITES.items():
        traits, seen = suite_traits(name), anatomy(number)
        assert "unrecognised" not in traits, name
        assert traits <= set(TRAITS)
        assert is_tls13(name) == seen.tls13, name
        assert ("CBC" in traits) == (seen.mode == "CBC"), name
        assert ("EXPORT" in traits) == seen.export, name
        assert ("3DES" in traits) == (seen.cipher == "3DES"), name
        assert ("static-RSA" in traits) == (seen.key_exchange == "RSA"), name
        assert ("static-DH" in traits) == (seen.key_exchange in ("DH", "ECDH")), name
        if seen.authentication != "anonymous":
            assert ("finite-field-DHE" in traits) == (seen.key_exchange == "DHE"), name


def test_the_vocabulary_is_that_of_the_look():
    assert set(known_groups.GROUPS.values()) <= set(GROUPS)
    named = {*SIGNATURE_SCHEMES, *DSA_SCHEMES, *MD5_AND_SHA1_SCHEMES, *SHA224_SCHEMES}
    assert {known_groups.scheme_name(number) for number in known_groups.ALL_SCHEMES} <= named


# -- what users change ---------------------------------------------------------------------------------------------------


def test_a_mapping_starts_from_a_policy_and_changes_what_it_names():
    base = parse_policy("mozilla-intermediate")
    policy = parse_policy(
        {
            "extends": "mozilla-intermediate",
            "min_days": "14",
            "suites": {"discouraged": [CBC], "forbidden": [GOOD]},
            "groups": {"allowed": ["secp521r1"]},
            "finite_field_bits": 3072,
            "certificate": {"rsa_bits": 3072, "max_days": None, "key_types": {"allowed": ["Ed25519"]}},
            "features": {"client_certificate": "ignored"},
        }
    )
    assert policy.name == "mozilla-intermediate (changed)"
    assert policy.min_days == 14
    assert [policy.level("suites", name) for name in (CBC, GOOD, DHE)] == ["discouraged", "forbidden", "forbidden"]
    assert policy.level("groups", "secp521r1") == "allowed"
    assert policy.level("groups", "x25519") == "allowed"
    assert (policy.numbers["finite_field_bits"], policy.numbers["certificate.rsa_bits"]) == (3072, 3072)
    assert policy.numbers["certificate.max_days"] is None
    assert policy.level("certificate.key_types", "Ed25519") == "allowed"
    assert policy.features["client_certificate"] == "ignored"
    assert policy.features["early_data"] == base.features["early_data"]
    assert policy.source("suites") == "policy option suites"
    assert policy.source("certificate.rsa_bits") == "policy option certificate.rsa_bits"
    assert policy.source("certificate.curves") == base.source("certificate.curves")
    assert base == parse_policy("mozilla-intermediate"), "the published policy stays as it is"


def test_extends_alone_changes_nothing():
    assert parse_policy({"extends": "ncsc-nl-2025"}) == parse_policy("ncsc-nl-2025")
    assert parse_policy({}) == parse_policy("rfc8314")


def test_traits_and_others_can_be_changed():
    policy = parse_policy({"suites": {"forbidden_traits": ["CBC"], "allowed": [CBC]}})
    assert policy.level("suites", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384") == "forbidden"
    assert policy.level("suites", CBC) == "allowed"
    assert parse_policy({"groups": {"others": "discouraged"}}).level("groups", "x25519") == "discouraged"


def test_a_higher_min_version_takes_away_what_was_required_below_it():
    policy = parse_policy({"extends": "nist-800-52r2", "min_version": "TLSv1.3"})
    assert policy.required_versions == ("TLSv1.3",)
    assert policy.version_level("TLSv1.2") == "forbidden"


BAD = [
    ("strict", "policy", "rfc8314"),
    (7, "policy", "a mapping"),
    ({"extends": "strict"}, "policy.extends", "rfc8314"),
    ({"extends": None}, "policy.extends", "rfc8314"),
    ({"min_day": 3}, "policy.min_day", "known keys are extends, min_version"),
    ({"min_version": "1.2"}, "policy.min_version", "TLSv1.2"),
    ({"min_version": "TLSv1.3", "required_versions": ["TLSv1.2"]}, "policy.required_versions", "one of TLSv1.3"),
    ({"required_versions": "TLSv1.2"}, "policy.required_versions", "a list"),
    ({"discouraged_versions": ["TLS1"]}, "policy.discouraged_versions", "SSLv2"),
    ({"min_days": -1}, "policy.min_days", "0 to 3650"),
    ({"min_days": True}, "policy.min_days", "0 to 3650"),
    ({"min_days": None}, "policy.min_days", "0 to 3650"),
    ({"suites": [GOOD]}, "policy.suites", "a mapping with any of allowed"),
    ({"suites": {"add": [GOOD]}}, "policy.suites.add", "known keys are allowed"),
    ({"suites": {"allowed": GOOD}}, "policy.suites.allowed", "a list of names"),
    ({"suites": {"allowed": ["ECDHE-RSA-AES128-GCM-SHA256"]}}, "policy.suites.allowed", "TLS_ECDHE_RSA"),
    ({"suites": {"forbidden": ["TLS_RSA_WITH_AES_128_GCM_SHA25"]}}, "policy.suites.forbidden", "a known name"),
    ({"suites": {"allowed": [GOOD], "forbidden": [GOOD]}}, "policy.suites.forbidden", "one list only"),
    ({"suites": {"forbidden_traits": ["weak"]}}, "policy.suites.forbidden_traits", "one of NULL"),
    ({"suites": {"others": "no"}}, "policy.suites.others", "allowed, discouraged, forbidden"),
    ({"groups": {"allowed": ["P-256"]}}, "policy.groups.allowed", "a known name"),
    ({"groups": {"forbidden_traits": ["CBC"]}}, "policy.groups.forbidden_traits", "known keys"),
    ({"signature_algorithms": {"allowed": ["sha256"]}}, "policy.signature_algorithms.allowed", "rsa_pkcs1_sha1"),
    ({"finite_field_bits": "many"}, "policy.finite_field_bits", "whole number"),
    ({"certificate": 2048}, "policy.certificate", "a mapping with any of key_types"),
    ({"certificate": {"bits": 2048}}, "policy.certificate.bits", "known keys are key_types"),
    ({"certificate": {"rsa_bits": -1}}, "policy.certificate.rsa_bits", "whole number"),
    ({"certificate": {"rsa_bits": True}}, "policy.certificate.rsa_bits", "whole number"),
    ({"certificate": {"curves": {"allowed": ["x25519"]}}}, "policy.certificate.curves.allowed", "a known name"),
    ({"features": {"compresion": "forbidden"}}, "policy.features.compresion", "known keys are compression"),
    ({"features": {"compression": "no"}}, "policy.features.compression", "required, recommended, ignored"),
    ({"features": ["compression"]}, "policy.features", "a mapping"),
]


@pytest.mark.parametrize(("given", "option", "right"), BAD)
def test_bad_policies_name_option_and_what_is_right(given, option, right):
    with pytest.raises(IntentError) as caught:
        parse_policy(given)
    assert caught.value.option == option
    assert right in str(caught.value)


# -- what is asked, and what is shown ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_a_look_leaves_out_what_is_allowed_and_nothing_else(name):
    policy = parse_policy(name)
    schemes = [known_groups.scheme_name(number) for number in known_groups.ALL_SCHEMES]
    questions = questions_of(policy, SUITES.values(), known_groups.GROUPS.values(), schemes)
    assert list(questions.suites) == [version for version in VERSIONS if policy.allows_version(version)]
    for version, suites in questions.suites.items():
        assert suites
        assert set(suites) == {
            suite
            for suite in SUITES.values()
            if is_tls13(suite) == (version == "TLSv1.3") and policy.level("suites", suite) == "allowed"
        }
    assert {policy.level("groups", group) for group in questions.groups} == {"allowed"}
    assert set(schemes) - set(questions.signature_algorithms) == {
        scheme for scheme in schemes if policy.level("signature_algorithms", scheme) != "allowed"
    }


def test_old_versions_that_a_user_allows_are_asked_with_the_older_suites():
    questions = questions_of(parse_policy({"min_version": "TLSv1"}), [GOOD, "TLS_AES_128_GCM_SHA256"], [], [])
    assert questions.suites == {
        "TLSv1": (GOOD,),
        "TLSv1.1": (GOOD,),
        "TLSv1.2": (GOOD,),
        "TLSv1.3": ("TLS_AES_128_GCM_SHA256",),
    }


@pytest.mark.parametrize("name", ALL)
def test_the_effective_policy_can_be_given_again(name):
    shown = policy_as_dict(parse_policy(name))
    assert shown.pop("name") == name
    assert shown.pop("sources")
    again = policy_as_dict(parse_policy({"extends": name, **shown}))
    assert {key: value for key, value in again.items() if key not in ("name", "sources")} == shown


def test_the_effective_policy_shows_changes():
    shown = policy_as_dict(parse_policy({"suites": {"forbidden": [GOOD]}, "certificate": {"max_days": 90}}))
    assert shown["suites"]["forbidden"] == [GOOD]
    assert shown["suites"]["others"] in LEVELS
    assert shown["certificate"]["max_days"] == 90
    assert shown["sources"]["certificate.max_days"] == "policy option certificate.max_days"
