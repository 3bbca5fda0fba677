# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts of a chain as it was sent, read with the library ``cryptography`` (36 and later)."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Optional, Sequence, Tuple

from .certificate import complaints_as_value_errors, parsed_certificate, read_certificate
from .posture_evidence import ServedCertificate

if TYPE_CHECKING:
    from cryptography import x509

#: Certificates of a chain that are looked at; chains of ordinary size have two to four.
MOST_CERTIFICATES = 20
_NAME_KEPT = 500
_NAMES_KEPT = 100
_SIGNATURES = {"1.2.840.113549.1.1.10": "RSASSA-PSS"}


class UnreadableChain(ValueError):
    """The leaf, or a certificate after it, is not well-formed."""


def read_chain(chain: Sequence[bytes], now: datetime.datetime, without_sni: bool = False) -> ServedCertificate:
    """Read a chain.

    :param chain: certificates in DER form, in the order sent, the leaf first; not empty.
    :param now: an aware moment.
    :raises UnreadableChain: a certificate is no certificate.
    """
    try:
        with complaints_as_value_errors():
            return _read(chain, now, without_sni)
    except ValueError as why:
        raise UnreadableChain(str(why)[:200]) from why


def _read(chain: Sequence[bytes], now: datetime.datetime, without_sni: bool) -> ServedCertificate:
    leaf = read_certificate(chain[0], now)
    parsed = [parsed_certificate(der) for der in chain[:MOST_CERTIFICATES]]
    kind, bits, curve = _key_of(parsed[0])
    root_sent = len(parsed) > 1 and _issued_by(parsed[-1], parsed[-1])
    signed = parsed[:-1] if root_sent else parsed
    return ServedCertificate(
        kind=kind,
        key_bits=bits,
        curve=curve,
        subject=leaf.certificate.subject,
        issuer=leaf.certificate.issuer,
        names=leaf.certificate.names[:_NAMES_KEPT],
        not_before=leaf.certificate.not_before,
        not_after=leaf.certificate.not_after,
        lifetime_days=leaf.certificate.lifetime_days,
        days_left=leaf.certificate.days_left,
        not_yet_valid=leaf.certificate.not_yet_valid,
        sha256=leaf.certificate.sha256,
        signatures=tuple(_signature_of(each) for each in signed),
        chain=tuple(each.subject.rfc4514_string()[:_NAME_KEPT] for each in parsed),
        ordered=all(_issued_by(lower, upper) for lower, upper in zip(parsed, parsed[1:])),
        root_sent=root_sent,
        key_usage=_key_usage(parsed[0]),
        extended_key_usage=_extended_key_usage(parsed[0]),
        must_staple=_must_staple(parsed[0]),
        without_sni=without_sni,
        ocsp_responder=_names_ocsp_responder(parsed[0]),
    )


def kind_of(der: bytes) -> str:
    """The kind of key in a certificate, as ``ServedCertificate.kind``; ``""`` where it cannot be read."""
    try:
        with complaints_as_value_errors():
            return _key_of(parsed_certificate(der))[0]
    except ValueError:
        return ""


def _key_of(certificate: x509.Certificate) -> Tuple[str, int, str]:
    """Kind, bits, and the curve of an EC key."""
    from cryptography.exceptions import UnsupportedAlgorithm  # pylint: disable=import-outside-toplevel
    from cryptography.hazmat.primitives.asymmetric import (  # pylint: disable=import-outside-toplevel
        dsa,
        ec,
        ed448,
        ed25519,
        rsa,
    )

    try:
        key = certificate.public_key()
    except UnsupportedAlgorithm:
        return "unknown", 0, ""
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA", key.key_size, ""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "ECDSA", key.key_size, key.curve.name
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "Ed25519", 256, ""
    if isinstance(key, ed448.Ed448PublicKey):
        return "Ed448", 456, ""
    if isinstance(key, dsa.DSAPublicKey):
        return "DSA", key.key_size, ""
    return type(key).__name__.replace("PublicKey", ""), 0, ""


def _issued_by(lower: x509.Certificate, upper: x509.Certificate) -> bool:
    """By names and, where both are there, by key identifiers. Whether the signature is right is the handshake's business."""
    if lower.issuer != upper.subject:
        return False
    wanted, found = _authority_key(lower), _subject_key(upper)
    return wanted is None or found is None or wanted == found


def _authority_key(certificate: x509.Certificate) -> Optional[bytes]:
    from cryptography import x509  # pylint: disable=import-outside-toplevel

    try:
        return certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except x509.ExtensionNotFound:
        return None


def _subject_key(certificate: x509.Certificate) -> Optional[bytes]:
    from cryptography import x509  # pylint: disable=import-outside-toplevel

    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None


def _signature_of(certificate: x509.Certificate) -> str:
    oid = certificate.signature_algorithm_oid
    name = _SIGNATURES.get(oid.dotted_string) or getattr(oid, "_name", "")
    return oid.dotted_string if not name or name == "Unknown OID" else str(name)


_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)


def _key_usage(certificate: x509.Certificate) -> Tuple[str, ...]:
    from cryptography import x509  # pylint: disable=import-outside-toplevel

    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(name for name in _USAGES if getattr(usage, name))


def _extended_key_usage(certificate: x509.Certificate) -> Tuple[str, ...]:
    from cryptography import x509  # pylint: disable=import-outside-toplevel

    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return ()
    names = [getattr(oid, "_name", "") for oid in usage]
    return tuple(
        name if name and name != "Unknown OID" else oid.dotted_string
        for name, oid in list(zip(names, usage))[:_NAMES_KEPT]
    )


def _must_staple(certificate: x509.Certificate) -> bool:
    from cryptography import x509  # pylint: disable=import-outside-toplevel

    try:
        features = certificate.extensions.get_extension_for_class(x509.TLSFeature).value
    except x509.ExtensionNotFound:
        return False
    return x509.TLSFeatureType.status_request in features


def _names_ocsp_responder(certificate: x509.Certificate) -> bool:
    from cryptography import x509  # pylint: disable=import-outside-toplevel
    from cryptography.x509.oid import AuthorityInformationAccessOID  # pylint: disable=import-outside-toplevel

    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return False
    return any(each.access_method == AuthorityInformationAccessOID.OCSP for each in access)
