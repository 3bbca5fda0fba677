# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cipher suite is made of, read from its IANA name."""

from __future__ import annotations

import functools
import re
from typing import Iterable, Tuple

from ...dataclass import dataclass
from .suites import SUITES, suite_name

#: Authentications and key exchanges that a name may begin with, as (key exchange, authentication).
_EXCHANGES = {
    "RSA": ("RSA", "RSA"),
    "RSA_FIPS": ("RSA", "RSA"),
    "RSA_PSK": ("RSA", "RSA+PSK"),
    "DH_RSA": ("DH", "DH"),
    "DH_DSS": ("DH", "DH"),
    "DH_anon": ("DHE", "anonymous"),
    "DHE_RSA": ("DHE", "RSA"),
    "DHE_DSS": ("DHE", "DSS"),
    "DHE_PSK": ("DHE", "PSK"),
    "PSK_DHE": ("DHE", "PSK"),
    "ECDH_RSA": ("ECDH", "ECDH"),
    "ECDH_ECDSA": ("ECDH", "ECDH"),
    "ECDH_anon": ("ECDHE", "anonymous"),
    "ECDHE_RSA": ("ECDHE", "RSA"),
    "ECDHE_ECDSA": ("ECDHE", "ECDSA"),
    "ECDHE_PSK": ("ECDHE", "PSK"),
    "PSK": ("PSK", "PSK"),
    "KRB5": ("KRB5", "KRB5"),
    "SRP_SHA": ("SRP", "SRP"),
    "SRP_SHA_RSA": ("SRP", "RSA"),
    "SRP_SHA_DSS": ("SRP", "DSS"),
    "ECCPWD": ("ECCPWD", "ECCPWD"),
    "FORTEZZA_KEA": ("KEA", "KEA"),
}
# The ending of a name: cipher, perhaps its bits, perhaps its mode, and the hash of the MAC or of the key derivation.
_BITS = {"3DES": 112, "DES": 56, "DES40": 40, "IDEA": 128, "SEED": 128, "CHACHA20": 256, "SM4": 128, "FORTEZZA": 80}
_BITS.update({"28147": 256, "KUZNYECHIK": 256, "MAGMA": 256, "NULL": 0})
_MODES = ("CBC", "GCM", "CCM_8", "CCM", "POLY1305", "CTR", "CNT", "MGM")
_AEAD_MODES = ("GCM", "CCM_8", "CCM", "POLY1305", "MGM", "AEGIS")
_HASHES = re.compile(r"_(MD5|SHA|SHA256|SHA384|SHA512|SM3|OMAC|IMIT|GOSTR3411)$")


@dataclass(frozen=True)
class SuiteTraits:
    """``key_exchange``: RSA, DH, DHE, ECDH, ECDHE, PSK ...; ``authentication``: RSA, ECDSA (Ed25519 and Ed448 too), DSS, DH and
    ECDH (a certificate with a static key), PSK, anonymous ...; both are ``any`` in TLS 1.3. ``cipher``: AES, 3DES, RC4, NULL ...;
    ``bits``: strength of its key; ``mode``: CBC, GCM, CCM, CCM_8, POLY1305 ..., ``""`` for stream ciphers. ``hash``: SHA256 ...,
    ``""`` where the name has none (CCM). ``aead``: RFC 5116. ``forward_secret``: the key exchange is ephemeral. ``export``:
    weakened on purpose. ``tls13``: of TLS 1.3 only. ``since_tls12``: not defined for TLS 1.1 and older.
    """

    key_exchange: str
    authentication: str
    cipher: str
    bits: int
    mode: str
    hash: str
    aead: bool
    forward_secret: bool
    export: bool
    tls13: bool
    since_tls12: bool


@functools.lru_cache(maxsize=None)
def suite_traits(number: int) -> SuiteTraits:
    """The traits of a suite.

    :raises ValueError: its number has no name.
    """
    if number not in SUITES:
        raise ValueError("no cipher suite is known by the number {0}".format(suite_name(number)))
    exchange, _with, ending = SUITES[number][len("TLS_") :].rpartition("_WITH_")
    exchange, export, export_bits = exchange.partition("_EXPORT")
    cipher, mode, bits, digest = _read_ending(ending)
    if exchange:
        key_exchange, authentication = _EXCHANGES.get(exchange, ("GOST", "GOST"))
    else:
        key_exchange = authentication = "any"
    if export:
        bits = min(bits, 56 if export_bits else 40)
    # The MGM suites of GOST (RFC 9367) have the form of TLS 1.2's names.
    tls13 = not exchange or mode == "MGM"
    aead = mode in _AEAD_MODES
    return SuiteTraits(
        key_exchange=key_exchange,
        authentication=authentication,
        cipher=cipher,
        bits=bits,
        mode=mode,
        hash=digest,
        aead=aead,
        forward_secret=tls13 or key_exchange in ("DHE", "ECDHE", "ECCPWD"),
        export=bool(export),
        tls13=tls13,
        since_tls12=tls13 or aead or digest == "OMAC",
    )


@functools.lru_cache(maxsize=None)
def _read_ending(ending: str) -> Tuple[str, str, int, str]:
    ending = ending[: -len("_OLD")] if ending.endswith("_OLD") else ending
    found = _HASHES.search(ending)
    digest = found.group(1) if found else ""
    body = (ending[: found.start()] if found else ending).replace("3DES_EDE", "3DES")
    words = body.split("_")
    cipher = words[0]
    if cipher in ("SHA256", "SHA384"):  # RFC 9150: integrity only
        return "NULL", "", 0, digest
    if cipher == "AEGIS":
        return cipher, "AEGIS", int(words[1].rstrip("L")), digest
    numbers = [int(word) for word in words[1:] if word.isdigit() and word != "8"]
    bits = numbers[0] if numbers else _BITS.get(cipher, 128)
    mode = next((mode for mode in _MODES if mode in body[len(cipher) :]), "")
    return cipher, mode, bits, digest


def _strength(number: int) -> Tuple[bool, bool, bool, bool, bool, int, int]:
    """What a careful client would like best comes first; finite fields last, since servers may fail over them."""
    traits = suite_traits(number)
    return (
        traits.key_exchange == "DHE",
        traits.authentication not in ("RSA", "ECDSA"),
        not traits.forward_secret,
        not traits.aead,
        traits.cipher not in ("AES", "CHACHA20"),
        -traits.bits,
        number,
    )


@functools.lru_cache(maxsize=None)
def suites_of(version: str) -> Tuple[int, ...]:
    """All suites that a version can use, the strongest first. Not for SSL 2.0."""
    if version == "TLSv1.3":
        return tuple(sorted(number for number in SUITES if suite_traits(number).tls13))
    usable = [number for number in SUITES if not suite_traits(number).tls13]
    if version != "TLSv1.2":
        usable = [number for number in usable if not suite_traits(number).since_tls12]
    return tuple(sorted(usable, key=_strength))


def authenticated_by(suites: Iterable[int], authentication: str) -> Tuple[int, ...]:
    """Those of the suites with this authentication, in their order."""
    return tuple(number for number in suites if suite_traits(number).authentication == authentication)
