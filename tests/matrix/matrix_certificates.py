# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates of the matrix: one that is right for each kind of key, and others with one fault each.

All are for NAME and issued by one authority, unless that is the fault. Each is made when a case first asks for it.
"""

from __future__ import annotations

import datetime
import shutil
import subprocess
from dataclasses import dataclass
from typing import Callable, Dict, Optional, Sequence, Tuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAME = "mail.example.org"
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
PEM = serialization.Encoding.PEM


def p256():
    return ec.generate_private_key(ec.SECP256R1())


def p192():
    return ec.generate_private_key(ec.SECP192R1())


def rsa_of(bits):
    return lambda: rsa.generate_private_key(65537, bits)


@dataclass(frozen=True)
class Order:
    """What to issue. ``begins``, ``ends``: days from now. ``issuer``: root, other root, first or second (intermediates), or self.
    ``sends``: the certificates after the leaf, by the same names. ``usages``: of x509.KeyUsage, set beside none."""

    key: Callable[[], object] = p256
    names: Tuple[str, ...] = (NAME,)
    begins: int = -10
    ends: int = 80
    issuer: str = "root"
    sends: Tuple[str, ...] = ()
    usages: Tuple[str, ...] = ("digital_signature",)
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH
    must_staple: bool = False
    sha1: bool = False


ORDERS: Dict[str, Order] = {
    "right": Order(),
    "right RSA": Order(key=rsa_of(2048)),
    "right with intermediates": Order(issuer="second", sends=("second", "first")),
    "right wildcard": Order(names=("*.example.org",)),
    "right of 30 days": Order(begins=-18, ends=11),
    "expired": Order(begins=-90, ends=-1),
    "expired RSA": Order(key=rsa_of(2048), begins=-90, ends=-1),
    "expires in 3 days": Order(begins=-87, ends=3),
    "not yet valid": Order(begins=2),
    "for another name": Order(names=("other.example.org",)),
    "for another name RSA": Order(key=rsa_of(2048), names=("other.example.org",)),
    "for the parent domain": Order(names=("example.org",)),
    "wildcard over two labels": Order(names=("*.org",)),
    "wildcard in a label": Order(names=("m*.example.org",)),
    "without names": Order(names=()),
    "self-signed": Order(issuer="self"),
    "of an unknown authority": Order(issuer="other root"),
    "intermediate missing": Order(issuer="second", sends=()),
    "one of two intermediates missing": Order(issuer="second", sends=("second",)),
    "intermediates in the wrong order": Order(issuer="second", sends=("first", "second")),
    "root sent": Order(sends=("root",)),
    "RSA 1024": Order(key=rsa_of(1024)),
    "P-192": Order(key=p192),
    "Ed25519": Order(key=ed25519.Ed25519PrivateKey.generate),
    "signed with SHA-1": Order(sha1=True),
    "of 400 days": Order(begins=-10, ends=390),
    "for key encipherment": Order(key=rsa_of(2048), usages=("key_encipherment",)),
    "for clients": Order(purpose=ExtendedKeyUsageOID.CLIENT_AUTH),
    "must-staple": Order(must_staple=True),
}
_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign",
    "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


class Keys:
    """``ca``: the file with the authority; ``other_ca``: with another. ``file(name)``: key and chain in PEM; ``chain(name)``: the
    chain in DER."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self._authorities = {name: _authority(name) for name in ("root", "other root")}
        for name, issuer in (("first", "root"), ("second", "first")):
            self._authorities[name] = _authority(name, self._authorities[issuer])
        self.ca = str(folder / "ca.pem")
        (folder / "ca.pem").write_bytes(self._authorities["root"][0].public_bytes(PEM))
        self.other_ca = str(folder / "other-ca.pem")
        (folder / "other-ca.pem").write_bytes(self._authorities["other root"][0].public_bytes(PEM))
        self._chains: Dict[str, Tuple[bytes, ...]] = {}

    def file(self, name: str) -> str:
        self.chain(name)
        return str(self._path(name))

    def chain(self, name: str) -> Tuple[bytes, ...]:
        if name not in self._chains:
            self._chains[name] = self._issue(name, ORDERS[name])
        return self._chains[name]

    def _path(self, name: str):
        return self.folder / (name.replace(" ", "-") + ".pem")

    def _issue(self, name: str, order: Order) -> Tuple[bytes, ...]:
        key = order.key()
        issuer, issuer_key = self._authorities.get(order.issuer, (None, key))
        leaf = _leaf(order, key, issuer).sign(issuer_key, hashes.SHA256())
        if order.sha1:
            leaf = self._with_sha1(leaf, key, issuer, issuer_key)
        chain = [leaf, *(self._authorities[each][0] for each in order.sends)]
        private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self._path(name).write_bytes(private + b"".join(each.public_bytes(PEM) for each in chain))
        return tuple(each.public_bytes(serialization.Encoding.DER) for each in chain)

    def _with_sha1(self, leaf, key, issuer, issuer_key):
        """The library signs nothing with SHA-1 any more; the command openssl does, on request."""
        if shutil.which("openssl") is None:
            pytest.skip("needs the command openssl")
        request = x509.CertificateSigningRequestBuilder().subject_name(leaf.subject)
        for extension in leaf.extensions:
            request = request.add_extension(extension.value, extension.critical)
        (self.folder / "request.pem").write_bytes(request.sign(key, hashes.SHA256()).public_bytes(PEM))
        private = issuer_key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (self.folder / "issuer.pem").write_bytes(private + issuer.public_bytes(PEM))
        command = (
            "openssl x509 -req -in request.pem -CA issuer.pem -copy_extensions copyall -sha1 -days 80 -set_serial 7"
        )
        done = subprocess.run(command.split(), cwd=self.folder, check=True, capture_output=True)
        return x509.load_pem_x509_certificate(done.stdout)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(subject: str, key, issuer, begins: int, ends: int) -> x509.CertificateBuilder:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(subject))
        .issuer_name(issuer.subject if issuer else _named(subject))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + datetime.timedelta(days=begins))
        .not_valid_after(NOW + datetime.timedelta(days=ends))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    signer = issuer.public_key() if issuer else key.public_key()
    return builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)


def _usage(names: Sequence[str]) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in names for name in _USAGES})


def _authority(name: str, issuer: Optional[Tuple[x509.Certificate, object]] = None):
    """A certificate and its key."""
    key = p256()
    certificate = (
        _builder("matrix " + name, key, issuer[0] if issuer else None, -365, 365)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(("key_cert_sign", "crl_sign")), critical=True)
        .sign(issuer[1] if issuer else key, hashes.SHA256())
    )
    return certificate, key


def _leaf(order: Order, key, issuer) -> x509.CertificateBuilder:
    builder = _builder(NAME, key, issuer, order.begins, order.ends)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(order.usages), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([order.purpose]), critical=False)
    if order.names:
        names = x509.SubjectAlternativeName([x509.DNSName(name) for name in order.names])
        builder = builder.add_extension(names, critical=False)
    if order.must_staple:
        builder = builder.add_extension(x509.TLSFeature([x509.TLSFeatureType.status_request]), critical=False)
    return builder
