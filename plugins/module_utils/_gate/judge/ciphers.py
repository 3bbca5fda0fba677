# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IANA's name of a cipher suite, from OpenSSL's: an ordinary handshake tells the latter, policies speak the former."""

from __future__ import annotations

import re

_EXCHANGES = {
    "ECDHE-ECDSA-": "ECDHE_ECDSA",
    "ECDHE-RSA-": "ECDHE_RSA",
    "ECDHE-PSK-": "ECDHE_PSK",
    "ECDHE-ARIA": "ECDHE_RSA",
    "ECDH-ECDSA-": "ECDH_ECDSA",
    "ECDH-RSA-": "ECDH_RSA",
    "DHE-RSA-": "DHE_RSA",
    "EDH-RSA-": "DHE_RSA",
    "DHE-DSS-": "DHE_DSS",
    "EDH-DSS-": "DHE_DSS",
    "DHE-PSK-": "DHE_PSK",
    "DH-RSA-": "DH_RSA",
    "DH-DSS-": "DH_DSS",
    "AECDH-": "ECDH_anon",
    "ADH-": "DH_anon",
    "RSA-PSK-": "RSA_PSK",
    "PSK-": "PSK",
    "SRP-RSA-": "SRP_SHA_RSA",
    "SRP-DSS-": "SRP_SHA_DSS",
    "SRP-": "SRP_SHA",
}
_FIXED = {
    "CHACHA20-POLY1305": "CHACHA20_POLY1305_SHA256",
    "DES-CBC3-SHA": "3DES_EDE_CBC_SHA",
    "3DES-EDE-CBC-SHA": "3DES_EDE_CBC_SHA",
    "DES-CBC-SHA": "DES_CBC_SHA",
    "RC4-SHA": "RC4_128_SHA",
    "RC4-MD5": "RC4_128_MD5",
    "SEED-SHA": "SEED_CBC_SHA",
    "IDEA-CBC-SHA": "IDEA_CBC_SHA",
}
_BLOCK = re.compile(r"(AES|CAMELLIA|ARIA)-?(128|256)-(?:(CBC|GCM)-)?(CCM8|CCM|SHA|SHA256|SHA384)")
_NULL = re.compile(r"NULL-(MD5|SHA|SHA256|SHA384)")


def iana_name(name: str) -> str:
    """IANA's name of the suite that OpenSSL calls ``name``, such as ``ECDHE-RSA-AES256-GCM-SHA384``.

    TLS 1.3's are the same. A name that is not understood comes back as it is: no policy knows it.
    """
    exchange, cipher = "RSA", name
    for prefix, iana in _EXCHANGES.items():
        if name.startswith(prefix):
            exchange = iana
            cipher = name[len(prefix) :] if prefix.endswith("-") else name[name.index("-") + 1 :]
            break
    spelled = _cipher(cipher)
    if exchange == "DHE_PSK" and spelled.endswith("CCM_8"):  # IANA turns it round for these two alone
        exchange = "PSK_DHE"
    return f"TLS_{exchange}_WITH_{spelled}" if spelled else name


def _cipher(name: str) -> str:
    """IANA's name of the cipher and hash, ``""`` when it is not understood."""
    if name in _FIXED:
        return _FIXED[name]
    block = _BLOCK.fullmatch(name)
    if block:
        cipher, bits, mode, last = block.groups()
        if last.startswith("CCM"):
            return f"{cipher}_{bits}_{last.replace('CCM8', 'CCM_8')}"
        return f"{cipher}_{bits}_{mode or 'CBC'}_{last}"
    return name.replace("-", "_") if _NULL.fullmatch(name) else ""
