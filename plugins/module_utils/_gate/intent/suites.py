# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cipher suites by their IANA names: what the name says. A policy may mind a trait rather than a name."""

from __future__ import annotations

import functools
import re

_EXCHANGES = (
    "NULL|RSA|RSA_FIPS|RSA_EXPORT|RSA_EXPORT1024|DH_DSS|DH_DSS_EXPORT|DH_RSA|DH_RSA_EXPORT|DHE_DSS|DHE_DSS_EXPORT|DHE_DSS_EXPORT1024|"
    "DHE_RSA|DHE_RSA_EXPORT|DH_anon|DH_anon_EXPORT|ECDH_ECDSA|ECDH_RSA|ECDH_anon|ECDHE_ECDSA|ECDHE_RSA|KRB5|KRB5_EXPORT|PSK|"
    "PSK_DHE|DHE_PSK|RSA_PSK|ECDHE_PSK|SRP_SHA|SRP_SHA_RSA|SRP_SHA_DSS|ECCPWD|GOSTR341094|GOSTR341001|"
    "GOSTR341112_256|FORTEZZA_KEA"
)
_CIPHERS = (
    "NULL|RC4_40|RC4_56|RC4_128|RC2_CBC_40|RC2_CBC_56|IDEA_CBC|DES40_CBC|DES_CBC_40|DES_CBC|3DES_EDE_CBC|SEED_CBC|FORTEZZA_CBC|"
    "AES_(?:128|256)_(?:CBC|GCM|CCM|CCM_8|OCB)|(?:CAMELLIA|ARIA)_(?:128|256)_(?:CBC|GCM)|CHACHA20_POLY1305|SM4_(?:GCM|CCM)|"
    "KUZNYECHIK_(?:CTR|MGM_L|MGM_S)|MAGMA_(?:CTR|MGM_L|MGM_S)|28147_CNT|AEGIS_(?:128L|128X2|256|256X2)"
)
#: ``_OLD``: a number that was in use before IANA gave one.
_HASHES = "(?:NULL|MD5|SHA|SHA256|SHA384|SHA512|SM3|OMAC|IMIT|GOSTR3411)(?:_OLD)?"
_OLDER = re.compile(f"TLS_(?P<exchange>{_EXCHANGES})_WITH_(?P<cipher>{_CIPHERS})(?:_(?:{_HASHES}))?")
_TLS13 = re.compile(f"TLS_(?P<cipher>{_CIPHERS})_(?:{_HASHES})")
#: RFC 9150: integrity without encryption, for TLS 1.3.
_INTEGRITY_ONLY = ("TLS_SHA256_SHA256", "TLS_SHA384_SHA384")

#: What a policy may name, and what it means.
TRAITS = {
    "NULL": "no encryption at all",
    "anonymous": "nobody proves an identity: anyone in between can read along",
    "EXPORT": "40 or 56 bits, weak by design",
    "RC4": "a key stream that is biased",
    "DES": "56 bits",
    "3DES": "blocks of 64 bits",
    "below-112-bits": "fewer than 112 bits",
    "static-RSA": "RSA key exchange, no forward secrecy",
    "static-DH": "static Diffie-Hellman, no forward secrecy",
    "finite-field-DHE": "Diffie-Hellman over a finite field",
    "CBC": "encryption apart from authentication",
    "unrecognised": "a suite that this library does not know",
}


def is_tls13(name: str) -> bool:
    """Whether the name is one of TLS 1.3, which leaves key exchange and signature to other fields of the handshake."""
    # RFC 9367 gives suites of TLS 1.3 names of the older form.
    return name in _INTEGRITY_ONLY or "_MGM_" in name or _TLS13.fullmatch(name) is not None


@functools.lru_cache(maxsize=1024)
def suite_traits(name: str) -> frozenset[str]:
    """Those of :data:`TRAITS` that the IANA name tells, such as ``TLS_RSA_WITH_AES_128_CBC_SHA`` (static-RSA, CBC)."""
    if name in _INTEGRITY_ONLY:
        return frozenset(["NULL", "below-112-bits"])
    found = _TLS13.fullmatch(name)
    exchange = "" if found else "?"
    if found is None:
        found = _OLDER.fullmatch(name)
        if found is None:
            return frozenset(["unrecognised"])
        exchange = found.group("exchange")
    return frozenset(_exchange_traits(exchange)) | frozenset(_cipher_traits(found.group("cipher")))


def _exchange_traits(exchange: str) -> set[str]:
    traits = set()
    if "EXPORT" in exchange:
        traits |= {"EXPORT", "below-112-bits"}
    if exchange == "NULL" or "anon" in exchange:
        traits.add("anonymous")
    kind = exchange.split("_", maxsplit=1)[0]
    if kind == "RSA":
        traits.add("static-RSA")
    elif kind == "DHE" or exchange == "PSK_DHE":
        traits.add("finite-field-DHE")
    elif kind in ("DH", "ECDH") and "anon" not in exchange:
        traits.add("static-DH")
    return traits


def _cipher_traits(cipher: str) -> set[str]:
    traits = set()
    if cipher == "NULL":
        traits |= {"NULL", "below-112-bits"}
    if cipher.startswith("RC4"):
        traits.add("RC4")
    if cipher.startswith("3DES"):
        traits.add("3DES")
    elif cipher.startswith("DES"):
        traits |= {"DES", "below-112-bits"}
    if re.search(r"_(40|56)$", cipher):
        traits.add("below-112-bits")
    if "CBC" in cipher:
        traits.add("CBC")
    return traits
