# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IANA's names for OpenSSL's, as ``openssl ciphers -stdname`` pairs them."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from _gate.intent.suites import suite_traits
from _gate.judge.ciphers import iana_name

PAIRS = {
    "TLS_AES_128_GCM_SHA256": "TLS_AES_128_GCM_SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384": "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "ECDHE-RSA-CHACHA20-POLY1305": "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "ECDHE-RSA-AES128-SHA": "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "ECDHE-ARIA256-GCM-SHA384": "TLS_ECDHE_RSA_WITH_ARIA_256_GCM_SHA384",
    "ECDHE-ECDSA-ARIA128-GCM-SHA256": "TLS_ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256",
    "DHE-RSA-AES128-CCM8": "TLS_DHE_RSA_WITH_AES_128_CCM_8",
    "DHE-RSA-AES256-CCM": "TLS_DHE_RSA_WITH_AES_256_CCM",
    "DHE-RSA-CAMELLIA256-SHA256": "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256",
    "DHE-PSK-AES256-CCM8": "TLS_PSK_DHE_WITH_AES_256_CCM_8",
    "DHE-PSK-AES256-CCM": "TLS_DHE_PSK_WITH_AES_256_CCM",
    "ADH-AES128-SHA256": "TLS_DH_anon_WITH_AES_128_CBC_SHA256",
    "AECDH-NULL-SHA": "TLS_ECDH_anon_WITH_NULL_SHA",
    "AES128-SHA256": "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "AES256-GCM-SHA384": "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "DES-CBC3-SHA": "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "RC4-MD5": "TLS_RSA_WITH_RC4_128_MD5",
    "NULL-SHA256": "TLS_RSA_WITH_NULL_SHA256",
    "SRP-RSA-AES-128-CBC-SHA": "TLS_SRP_SHA_RSA_WITH_AES_128_CBC_SHA",
}


@pytest.mark.parametrize(("openssl", "iana"), list(PAIRS.items()))
def test_the_name_of_iana(openssl, iana):
    assert iana_name(openssl) == iana
    assert "unrecognised" not in suite_traits(iana)


@pytest.mark.parametrize("name", ["", "GOST2012-KUZNYECHIK-KUZNYECHIKOMAC", "ECDHE-RSA-TWOFISH-SHA"])
def test_a_name_that_is_not_understood_is_one_that_no_policy_knows(name):
    assert iana_name(name) == name
    assert suite_traits(iana_name(name)) == {"unrecognised"}


def test_every_suite_of_the_openssl_at_hand():
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl command on this machine")
    command = [openssl, "ciphers", "-V", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"]
    told = subprocess.run(command, stdout=subprocess.PIPE, check=False, timeout=20).stdout.decode()
    pairs = [line.split()[2:5:2] for line in told.splitlines() if " - " in line]
    if not pairs:
        pytest.skip("this openssl command tells no IANA names")
    assert [pair for pair in pairs if iana_name(pair[1]) != pair[0] and "GOST" not in pair[1]] == []
