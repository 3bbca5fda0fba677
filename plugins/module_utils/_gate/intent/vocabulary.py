# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words of a policy: versions, levels, groups, signatures, features. IANA's names where IANA has one."""

from __future__ import annotations

#: In ascending order.
VERSIONS = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")

ALLOWED = "allowed"
DISCOURAGED = "discouraged"
FORBIDDEN = "forbidden"
#: From harmless to worst.
LEVELS = (ALLOWED, DISCOURAGED, FORBIDDEN)

#: Of features, which a server has or lacks. ``ignored``: not judged.
FEATURE_LEVELS = ("required", "recommended", "ignored", "discouraged", "forbidden")
FEATURES = {
    "compression": "TLS compression",
    "renegotiation_info": "secure renegotiation (RFC 5746)",
    "extended_master_secret": "extended master secret (RFC 7627)",
    "encrypt_then_mac": "encrypt-then-MAC where a CBC suite is accepted (RFC 7366)",
    "session_ticket": "session tickets of TLS 1.2 (RFC 5077)",
    "early_data": "0-RTT data of TLS 1.3 (RFC 8446 section 2.3)",
    "client_certificate": "a request for a client certificate",
    "ocsp_staple": "an OCSP staple, for certificates that name an OCSP responder (RFC 6066 section 8)",
}

_BELOW_224_BITS = (
    "sect163k1", "sect163r1", "sect163r2", "sect193r1", "sect193r2", "secp160k1", "secp160r1", "secp160r2", "secp192k1",
    "secp192r1",
)  # fmt: skip
#: TLS Supported Groups. Bits below 224 stand apart, since RFC 9325 does so.
GROUPS = (
    *_BELOW_224_BITS,
    "sect233k1", "sect233r1", "sect239k1", "sect283k1", "sect283r1", "sect409k1", "sect409r1", "sect571k1", "sect571r1",
    "secp224k1", "secp224r1", "secp256k1", "secp256r1", "secp384r1", "secp521r1",
    "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1",
    "brainpoolP256r1tls13", "brainpoolP384r1tls13", "brainpoolP512r1tls13",
    "x25519", "x448", "curveSM2",
    "GC256A", "GC256B", "GC256C", "GC256D", "GC512A", "GC512B", "GC512C",
    "ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192",
    "MLKEM512", "MLKEM768", "MLKEM1024", "X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024",
    "curveSM2MLKEM768", "X25519Kyber768Draft00", "SecP256r1Kyber768Draft00",
    "arbitrary_explicit_prime_curves", "arbitrary_explicit_char2_curves",
)  # fmt: skip
WEAK_GROUPS = _BELOW_224_BITS

#: TLS SignatureScheme. Where TLS 1.2's pair of hash and signature has no name there, its number.
SIGNATURE_SCHEMES = (
    "rsa_pkcs1_sha1", "ecdsa_sha1", "rsa_pkcs1_sha256", "rsa_pkcs1_sha384", "rsa_pkcs1_sha512",
    "ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384", "ecdsa_secp521r1_sha512",
    "rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512",
    "rsa_pss_pss_sha256", "rsa_pss_pss_sha384", "rsa_pss_pss_sha512",
    "ed25519", "ed448",
    "ecdsa_brainpoolP256r1tls13_sha256", "ecdsa_brainpoolP384r1tls13_sha384", "ecdsa_brainpoolP512r1tls13_sha512",
    "mldsa44", "mldsa65", "mldsa87", "sm2sig_sm3",
    "gostr34102012_256", "gostr34102012_512", "gostr34102012_256a", "gostr34102012_256b", "gostr34102012_256c",
    "gostr34102012_256d", "gostr34102012_512a", "gostr34102012_512b", "gostr34102012_512c",
)  # fmt: skip
#: DSA with SHA-256, SHA-384, SHA-512.
DSA_SCHEMES = ("0x0402", "0x0502", "0x0602")
#: Hash MD5 or SHA-1 (RFC 9155), and SHA-224, with RSA, DSA, ECDSA.
MD5_AND_SHA1_SCHEMES = ("rsa_pkcs1_sha1", "ecdsa_sha1", "0x0101", "0x0102", "0x0103", "0x0201", "0x0202", "0x0203")
SHA224_SCHEMES = ("0x0301", "0x0302", "0x0303")

#: Signatures of certificates, as X.509 names them (compared without regard to case).
CERTIFICATE_SIGNATURES = (
    "md2WithRSAEncryption", "md5WithRSAEncryption", "sha1WithRSAEncryption", "dsa-with-sha1", "ecdsa-with-SHA1",
    "sha224WithRSAEncryption", "dsa-with-sha224", "ecdsa-with-SHA224",
    "sha256WithRSAEncryption", "sha384WithRSAEncryption", "sha512WithRSAEncryption", "RSASSA-PSS",
    "dsa-with-sha256", "dsa-with-sha384", "dsa-with-sha512",
    "ecdsa-with-SHA256", "ecdsa-with-SHA384", "ecdsa-with-SHA512",
    "ed25519", "ed448", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87",
)  # fmt: skip
MD5_AND_SHA1_SIGNATURES = CERTIFICATE_SIGNATURES[:5]

KEY_TYPES = ("RSA", "DSA", "ECDSA", "Ed25519", "Ed448", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87")
CURVES = tuple(name for name in GROUPS if name.startswith(("sect", "secp", "brainpool")) and not name.endswith("tls13"))

_HASH_OF_PAIR = {"01": "MD5", "02": "SHA-1", "03": "SHA-224", "04": "SHA-256", "05": "SHA-384", "06": "SHA-512"}
_SIGNATURE_OF_PAIR = {"01": "RSA", "02": "DSA", "03": "ECDSA"}


def readable_scheme(name: str) -> str:
    """A signature scheme for people: a number such as ``0x0303`` with what it stands for (RFC 5246 section 7.4.1.4.1)."""
    hash_, signature = _HASH_OF_PAIR.get(name[2:4]), _SIGNATURE_OF_PAIR.get(name[4:])
    return f"{name} ({signature} with {hash_})" if name.startswith("0x") and hash_ and signature else name
