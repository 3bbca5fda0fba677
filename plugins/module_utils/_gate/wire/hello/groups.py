# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Key-exchange groups and signature schemes: IANA's registries "TLS Supported Groups" and "TLS SignatureScheme", end of 2026."""

from __future__ import annotations

from typing import Dict, Tuple, Union

X25519MLKEM768 = 0x11EC

_GROUPS_FROM_1 = """
sect163k1 sect163r1 sect163r2 sect193r1 sect193r2 sect233k1 sect233r1 sect239k1 sect283k1 sect283r1 sect409k1 sect409r1 sect571k1
sect571r1 secp160k1 secp160r1 secp160r2 secp192k1 secp192r1 secp224k1 secp224r1 secp256k1 secp256r1 secp384r1 secp521r1
brainpoolP256r1 brainpoolP384r1 brainpoolP512r1 x25519 x448 brainpoolP256r1tls13 brainpoolP384r1tls13 brainpoolP512r1tls13
GC256A GC256B GC256C GC256D GC512A GC512B GC512C curveSM2
"""

#: Number to name.
GROUPS: Dict[int, str] = dict(enumerate(_GROUPS_FROM_1.split(), 1))
GROUPS.update(
    {
        0x0100: "ffdhe2048",
        0x0101: "ffdhe3072",
        0x0102: "ffdhe4096",
        0x0103: "ffdhe6144",
        0x0104: "ffdhe8192",
        0x0200: "MLKEM512",
        0x0201: "MLKEM768",
        0x0202: "MLKEM1024",
        0x11EB: "SecP256r1MLKEM768",
        X25519MLKEM768: "X25519MLKEM768",
        0x11ED: "SecP384r1MLKEM1024",
        0x11EE: "curveSM2MLKEM768",
        0x6399: "X25519Kyber768Draft00",
        0x639A: "SecP256r1Kyber768Draft00",
    }
)
_COMMON_GROUPS = (X25519MLKEM768, 29, 23, 24, 25, 30)
_TLS13_OTHERS = (31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41)

#: What a key exchange of TLS 1.3 can name (RFC 8446 4.2.7 and later additions), the commonest first. The curves that TLS 1.3 took
#: away are among them: a server that accepts them nevertheless shall be seen.
TLS13_GROUPS: Tuple[int, ...] = _COMMON_GROUPS + tuple(
    number for number in sorted(GROUPS, reverse=True) if number not in _COMMON_GROUPS
)
#: What ECDHE of TLS 1.2 can name (RFC 8422, RFC 7027, RFC 9189). Not the finite-field groups: with these in a hello, RFC 7919
#: forbids the server any other DHE parameters, and its own would not show.
TLS12_GROUPS: Tuple[int, ...] = tuple(
    number for number in TLS13_GROUPS if number < 0x0100 and number not in (31, 32, 33)
)

#: Number to name.
SIGNATURE_SCHEMES: Dict[int, str] = {
    0x0403: "ecdsa_secp256r1_sha256",
    0x0503: "ecdsa_secp384r1_sha384",
    0x0603: "ecdsa_secp521r1_sha512",
    0x0807: "ed25519",
    0x0808: "ed448",
    0x0804: "rsa_pss_rsae_sha256",
    0x0805: "rsa_pss_rsae_sha384",
    0x0806: "rsa_pss_rsae_sha512",
    0x0809: "rsa_pss_pss_sha256",
    0x080A: "rsa_pss_pss_sha384",
    0x080B: "rsa_pss_pss_sha512",
    0x0401: "rsa_pkcs1_sha256",
    0x0501: "rsa_pkcs1_sha384",
    0x0601: "rsa_pkcs1_sha512",
    0x081A: "ecdsa_brainpoolP256r1tls13_sha256",
    0x081B: "ecdsa_brainpoolP384r1tls13_sha384",
    0x081C: "ecdsa_brainpoolP512r1tls13_sha512",
    0x0904: "mldsa44",
    0x0905: "mldsa65",
    0x0906: "mldsa87",
    0x0708: "sm2sig_sm3",
    0x0709: "gostr34102012_256a",
    0x070A: "gostr34102012_256b",
    0x070B: "gostr34102012_256c",
    0x070C: "gostr34102012_256d",
    0x070D: "gostr34102012_512a",
    0x070E: "gostr34102012_512b",
    0x070F: "gostr34102012_512c",
    0x0840: "gostr34102012_256",
    0x0841: "gostr34102012_512",
    0x0203: "ecdsa_sha1",
    0x0201: "rsa_pkcs1_sha1",
}
# TLS 1.2's pairs of a hash and a signature (RFC 5246 7.4.1.4.1) that TLS 1.3 has no name for: SHA-224 and MD5 with RSA and ECDSA,
# and everything with DSA.
_UNNAMED_SCHEMES = (0x0402, 0x0502, 0x0602, 0x0303, 0x0301, 0x0302, 0x0202, 0x0103, 0x0101, 0x0102)
#: All that a hello can offer, the best first.
ALL_SCHEMES: Tuple[int, ...] = tuple(SIGNATURE_SCHEMES) + _UNNAMED_SCHEMES
_GROUP_NUMBERS = {name: number for number, name in GROUPS.items()}
_SCHEME_NUMBERS = {name: number for number, name in SIGNATURE_SCHEMES.items()}


def group_name(number: int) -> str:
    """IANA's name, or the number as ``0x1234``."""
    return GROUPS.get(number) or "0x{0:04X}".format(number)


def scheme_name(number: int) -> str:
    """IANA's name, or the number as ``0x1234``."""
    return SIGNATURE_SCHEMES.get(number) or "0x{0:04X}".format(number)


def group_number(group: Union[str, int]) -> int:
    """The number of a group given by IANA's name, by its number, or by its number as text (``0x1234``).

    :raises ValueError: it is none.
    """
    return _number_of(group, _GROUP_NUMBERS, "key-exchange group")


def scheme_number(scheme: Union[str, int]) -> int:
    """The number of a signature scheme, as :func:`group_number`.

    :raises ValueError: it is none.
    """
    return _number_of(scheme, _SCHEME_NUMBERS, "signature scheme")


def _number_of(given: Union[str, int], numbers: Dict[str, int], what: str) -> int:
    if isinstance(given, int):
        number = given
    elif given in numbers:
        return numbers[given]
    elif given.lower().startswith("0x"):
        number = int(given, 16)
    else:
        raise ValueError("not the IANA name of a {0}: {1!r}".format(what, given))
    if not 0 <= number <= 0xFFFF:
        raise ValueError("not the number of a {0}: {1!r}".format(what, given))
    return number


def scheme_kind(number: int) -> str:
    """The kind of key that signs so: ``RSA``, ``ECDSA`` (Ed25519 and Ed448 too) or ``""`` for others."""
    if number < 0x0700:
        return {1: "RSA", 3: "ECDSA"}.get(number & 0xFF, "")
    if 0x0804 <= number <= 0x0806 or 0x0809 <= number <= 0x080B:
        return "RSA"
    return "ECDSA" if number in (0x0807, 0x0808) or 0x081A <= number <= 0x081C else ""
