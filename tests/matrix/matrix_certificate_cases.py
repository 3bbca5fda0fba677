# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates with one thing wrong, served by real handshakes."""

from __future__ import annotations

from matrix_case import FAIL, WARN, Case
from matrix_servers import MODERN, Behaviour, Paper, Tls

TRUST, NAME, VALIDITY = "mail.certificate-trust", "mail.certificate-name", "mail.certificate-validity"
KEY, SIGNATURE, CHAIN = "mail.certificate-key", "mail.certificate-signature", "mail.certificate-chain"
LIFETIME, USAGE, STAPLE = "mail.certificate-lifetime", "mail.certificate-usage", "mail.certificate-staple"
INTERMEDIATE = {"policy": "mozilla-intermediate"}
# So that the library serves what it would refuse otherwise. What else that lowers, the server of paper hides.
WEAK_KEY = {"ciphers": MODERN + ":@SECLEVEL=1", "paper": lambda: Paper(schemes=(0x0403, 0x0804))}
WEAK_SIGNATURE = {**WEAK_KEY, "ciphers": MODERN + ":@SECLEVEL=0"}


def serving(kind: str, *certificates: str, **tls) -> Behaviour:
    return Behaviour(kind, tls=Tls(certificates, **tls))


_FAULTS = {
    "expired": VALIDITY,
    "expires in 3 days": VALIDITY,
    "not yet valid": VALIDITY,
    "for another name": NAME,
    "for the parent domain": NAME,
    "wildcard over two labels": NAME,
    "wildcard in a label": NAME,
    "without names": NAME,
    "self-signed": TRUST,
    "of an unknown authority": TRUST,
    "intermediate missing": TRUST,
    "one of two intermediates missing": TRUST,
    "intermediates in the wrong order": CHAIN,
    "for clients": USAGE,
    "must-staple": STAPLE,
}
_ON_ANY_PORT = ("expired", "for another name", "self-signed", "must-staple")

CERTIFICATE_CASES = [
    *(Case(f"certificate: {name}", serving("imap", name), (check, FAIL)) for name, check in _FAULTS.items()),
    *(
        Case(f"certificate on a public server: {name}", serving("smtp", name), (_FAULTS[name], WARN))
        for name in _ON_ANY_PORT
    ),
    *(
        Case(f"certificate: {name}, with TLS first", serving("submissions", name), (_FAULTS[name], FAIL))
        for name in _ON_ANY_PORT
    ),
    Case("certificate: root sent", serving("imap", "root sent"), (CHAIN, WARN)),
    Case("certificate: untrusted, and trust does not matter", serving("imap", "self-signed"), None, {"trust": "none"}),
    Case("certificate: RSA 1024", serving("imap", "RSA 1024", **WEAK_KEY), (KEY, FAIL)),
    Case("certificate: P-192", serving("imap", "P-192", **WEAK_KEY), (KEY, FAIL)),
    Case("certificate: signed with SHA-1", serving("imap", "signed with SHA-1", **WEAK_SIGNATURE), (SIGNATURE, FAIL)),
    Case("certificate: RSA 2048 where more is good", serving("imap", "right RSA"), (KEY, WARN),
         options={"policy": {"certificate": {"rsa_bits_good": 3072}}}),
    Case("certificate: Ed25519 where that is outside", serving("imap", "Ed25519", curve="prime256v1"), (KEY, FAIL),
         options=INTERMEDIATE),
    Case("certificate: of 400 days", serving("imap", "of 400 days", curve="prime256v1"), (LIFETIME, FAIL),
         options=INTERMEDIATE),
    Case("certificate: for key encipherment", serving("imap", "for key encipherment"), (USAGE, FAIL)),
    Case("second certificate expired", serving("imap", "right", "expired RSA"), (VALIDITY, FAIL)),
    Case("second certificate for another name", serving("imap", "right", "for another name RSA"), (NAME, FAIL)),
    Case("second certificate expired, on a public server", serving("smtp", "right", "expired RSA"), (VALIDITY, WARN)),
    Case("another certificate without a server name", serving("smtp", "right", without_name="must-staple"), (STAPLE, WARN)),
    Case("another certificate without a server name, where all send one",
         serving("submission", "right", without_name="must-staple"), None),
]  # fmt: skip
