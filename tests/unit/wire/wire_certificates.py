# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates for tests: any names, any dates, any issuer. Needs cryptography."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path
from typing import NamedTuple, Optional, Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


class Identity(NamedTuple):
    """A certificate with its key, and the certificates to send with it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    chain: Sequence[x509.Certificate] = ()

    def write_certificate(self, path: Path) -> str:
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return str(path)

    def server_context(self, folder: Path) -> ssl.SSLContext:
        """A context that serves with this identity."""
        path = folder / "{0}.pem".format(self.certificate.serial_number)
        parts = [
            self.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        ]
        parts += [each.public_bytes(serialization.Encoding.PEM) for each in (self.certificate, *self.chain)]
        path.write_bytes(b"".join(parts))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(str(path))
        return context


def issue(
    subject: str,
    names: Sequence[str] = (),
    issuer: Optional[Identity] = None,
    authority: bool = False,
    begins: int = -10,
    ends: int = 80,
) -> Identity:
    """Issue a certificate; self-signed without ``issuer``. ``begins`` and ``ends``: days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + datetime.timedelta(days=begins))
        .not_valid_after(NOW + datetime.timedelta(days=ends))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if names:
        alternatives = x509.SubjectAlternativeName([_general_name(each) for each in names])
        builder = builder.add_extension(alternatives, critical=False)
    certificate = builder.sign(issuer.key if issuer else key, hashes.SHA256())
    chain = [] if issuer is None or not issuer.chain and _is_root(issuer) else [issuer.certificate, *issuer.chain]
    return Identity(certificate, key, chain)


def _is_root(identity: Identity) -> bool:
    return identity.certificate.issuer == identity.certificate.subject


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
