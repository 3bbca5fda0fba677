# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registries: that they are complete and agree with others' knowledge of the same numbers."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from _gate.wire.hello import groups
from _gate.wire.hello.suites import SUITES, suite_name, suite_number
from _gate.wire.hello.traits import authenticated_by, suite_traits, suites_of


@pytest.mark.parametrize(
    "number, name",
    [
        (0x0001, "TLS_RSA_WITH_NULL_MD5"),
        (0x002F, "TLS_RSA_WITH_AES_128_CBC_SHA"),
        (0x00C7, "TLS_SM4_CCM_SM3"),
        (0x1301, "TLS_AES_128_GCM_SHA256"),
        (0x1305, "TLS_AES_128_CCM_8_SHA256"),
        (0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        (0xC0AB, "TLS_PSK_DHE_WITH_AES_256_CCM_8"),
        (0xC0B5, "TLS_SHA384_SHA384"),
        (0xC106, "TLS_GOSTR341112_256_WITH_MAGMA_MGM_S"),
        (0xCCAE, "TLS_RSA_PSK_WITH_CHACHA20_POLY1305_SHA256"),
        (0xD005, "TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256"),
    ],
)
def test_suites_have_their_iana_names(number, name):
    assert suite_name(number) == name
    assert suite_number(name) == number


def test_suite_names_are_unique_and_led_back():
    assert len(SUITES) >= 365
    assert all(suite_number(name) == number for number, name in SUITES.items())


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the command openssl")
def test_suites_agree_with_openssl():
    command = ["openssl", "ciphers", "-V", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"]
    lines = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    named = {int(line.split()[0].replace(",0x", ""), 16): line.split()[2] for line in lines}
    assert len(named) > 100
    assert {number: SUITES.get(number) for number in named} == named


def test_unknown_suites_are_called_by_number():
    assert suite_name(0xFAFA) == "0xFAFA"
    assert suite_number("0xFAFA") == suite_number(0xFAFA) == 0xFAFA


@pytest.mark.parametrize("wrong", ["ECDHE-RSA-AES128-GCM-SHA256", "", "0x10000", 65536, -1])
def test_what_is_no_suite_is_refused(wrong):
    with pytest.raises(ValueError):
        suite_number(wrong)


@pytest.mark.parametrize(
    "name, traits",
    [
        ("TLS_RSA_WITH_AES_128_CBC_SHA", ("RSA", "RSA", "AES", 128, "CBC", "SHA", False, False)),
        ("TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", ("ECDHE", "ECDSA", "AES", 256, "CCM_8", "", True, True)),
        ("TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA", ("DHE", "RSA", "3DES", 112, "CBC", "SHA", False, True)),
        (
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            ("ECDHE", "RSA", "CHACHA20", 256, "POLY1305", "SHA256", True, True),
        ),
        ("TLS_DH_anon_WITH_RC4_128_MD5", ("DHE", "anonymous", "RC4", 128, "", "MD5", False, True)),
        ("TLS_RSA_EXPORT1024_WITH_DES_CBC_SHA", ("RSA", "RSA", "DES", 56, "CBC", "SHA", False, False)),
        ("TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5", ("RSA", "RSA", "RC2", 40, "CBC", "MD5", False, False)),
        ("TLS_RSA_PSK_WITH_NULL_SHA384", ("RSA", "RSA+PSK", "NULL", 0, "", "SHA384", False, False)),
        ("TLS_ECDH_RSA_WITH_CAMELLIA_128_GCM_SHA256", ("ECDH", "ECDH", "CAMELLIA", 128, "GCM", "SHA256", True, False)),
        ("TLS_AES_128_GCM_SHA256", ("any", "any", "AES", 128, "GCM", "SHA256", True, True)),
        ("TLS_SHA256_SHA256", ("any", "any", "NULL", 0, "", "SHA256", False, True)),
        ("TLS_GOSTR341112_256_WITH_28147_CNT_IMIT", ("GOST", "GOST", "28147", 256, "CNT", "IMIT", False, False)),
    ],
)
def test_traits_are_read_from_names(name, traits):
    found = suite_traits(suite_number(name))
    shown = (found.key_exchange, found.authentication, found.cipher, found.bits, found.mode, found.hash)
    assert (*shown, found.aead, found.forward_secret) == traits


def test_every_suite_has_traits_and_a_version():
    assert set(suites_of("TLSv1.2")) | set(suites_of("TLSv1.3")) == set(SUITES)
    assert not set(suites_of("TLSv1.2")) & set(suites_of("TLSv1.3"))
    assert set(suites_of("TLSv1")) < set(suites_of("TLSv1.2"))
    assert not any(suite_traits(suite).aead for suite in suites_of("SSLv3"))


def test_only_known_suites_have_traits():
    with pytest.raises(ValueError):
        suite_traits(0xFAFA)


def test_suites_by_authentication():
    rsa = authenticated_by(suites_of("TLSv1.2"), "RSA")
    assert {suite_traits(suite).key_exchange for suite in rsa} == {"RSA", "DHE", "ECDHE", "SRP"}


@pytest.mark.parametrize(
    "number, name", [(23, "secp256r1"), (29, "x25519"), (0x11EC, "X25519MLKEM768"), (41, "curveSM2")]
)
def test_groups_have_their_iana_names(number, name):
    assert groups.group_name(number) == name
    assert groups.group_number(name) == number


def test_registered_schemes_have_names_and_others_numbers():
    assert groups.scheme_name(0x0804) == "rsa_pss_rsae_sha256"
    assert groups.scheme_name(0x0303) == "0x0303"
    assert groups.scheme_number("0x0303") == 0x0303
    assert len(groups.ALL_SCHEMES) == len(set(groups.ALL_SCHEMES))
    with pytest.raises(ValueError):
        groups.scheme_number("rsa")
    with pytest.raises(ValueError):
        groups.group_number("prime256v1")


def test_schemes_by_kind_of_key():
    kinds = {groups.scheme_name(scheme): groups.scheme_kind(scheme) for scheme in groups.ALL_SCHEMES}
    assert kinds["rsa_pss_pss_sha512"] == kinds["rsa_pkcs1_sha1"] == kinds["0x0301"] == "RSA"
    assert kinds["ed25519"] == kinds["ecdsa_sha1"] == kinds["ecdsa_brainpoolP256r1tls13_sha256"] == "ECDSA"
    assert kinds["0x0402"] == kinds["mldsa44"] == kinds["sm2sig_sm3"] == ""


def test_tls12_is_offered_no_finite_field_groups():
    assert all(number < 0x100 for number in groups.TLS12_GROUPS)
    assert set(groups.TLS13_GROUPS) == set(groups.GROUPS)
