# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Traits of a cipher suite, read from OpenSSL's name of it. They are what policies forbid or discourage."""

from __future__ import annotations


def cipher_traits(name: str, bits: int) -> frozenset[str]:
    """The traits of a suite that some policy may mind.

    :param name: OpenSSL's name, such as ``ECDHE-RSA-AES256-GCM-SHA384`` or ``TLS_AES_128_GCM_SHA256``.
    :param bits: strength in bits, as the TLS library gives it.
    """
    traits = set()
    words = name.replace("_", "-").upper().split("-")
    if bits < 112:
        traits.add("below-112-bits")
    if "NULL" in words:
        traits.add("NULL")
    if "RC4" in words:
        traits.add("RC4")
    if "EXP" in words or "EXPORT" in words:
        traits.add("EXPORT")
    if words[0] in ("ADH", "AECDH"):
        traits.add("anonymous")
    if "3DES" in words or "CBC3" in words:
        traits.add("3DES")
    elif "DES" in words:
        traits.add("DES")
    if name.startswith("TLS_"):  # TLS 1.3 (RFC 8446 appendix B.4): the key exchange is always ephemeral
        return frozenset(traits)
    exchange = words[0]
    if exchange in ("DHE", "EDH"):
        traits.add("finite-field-DHE")
    elif exchange in ("DH", "ECDH"):
        traits.add("static-DH")
    elif exchange not in ("ECDHE", "ADH", "AECDH", "PSK", "SRP", "ECCPWD"):
        traits.add("static-RSA")
    return frozenset(traits)
