# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Chains as servers send them: in order or not, with a root too many, of other kinds of keys, huge, damaged."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _gate.wire.certificate import read_certificate

pytest.importorskip("cryptography", reason="certificates are made and read with cryptography")

import contextlib

from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # noqa: E402
from cryptography.hazmat.primitives.serialization import Encoding  # noqa: E402
from cryptography.x509.oid import NameOID  # noqa: E402

from _gate.wire.chain import MOST_CERTIFICATES, UnreadableChain, kind_of, read_chain  # noqa: E402
from wire_certificates import NOW, issue  # noqa: E402


def der(identity):
    return identity.certificate.public_bytes(Encoding.DER)


ROOT = issue("Root", authority=True)
MIDDLE = issue("Middle", issuer=ROOT, authority=True)
LEAF = issue("leaf", ["mail.example.org"], issuer=MIDDLE)
STRANGER = issue("Stranger", authority=True)


@pytest.mark.parametrize(
    "sent, ordered, root_sent",
    [
        ([LEAF, MIDDLE], True, False),
        ([LEAF], True, False),
        ([LEAF, MIDDLE, ROOT], True, True),
        ([LEAF, ROOT, MIDDLE], False, False),
        ([LEAF, STRANGER], False, True),
        ([LEAF, MIDDLE, LEAF], False, False),
        ([ROOT], True, False),
    ],
)
def test_order_and_root(sent, ordered, root_sent):
    chain = read_chain([der(each) for each in sent], NOW)
    assert (chain.ordered, chain.root_sent) == (ordered, root_sent)
    assert chain.chain == tuple(each.certificate.subject.rfc4514_string() for each in sent)
    assert chain.signatures == ("ecdsa-with-SHA256",) * (len(sent) - root_sent)
    assert not chain.must_staple
    assert chain.ocsp_responder is False
    assert chain.key_usage == chain.extended_key_usage == ()


def test_an_issuer_with_the_right_name_and_another_key_is_not_the_issuer():
    def identified(name, key, issuer_key):
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = x509.CertificateBuilder().subject_name(subject).serial_number(7).public_key(key.public_key())
        builder = builder.issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Issuer")]))
        builder = builder.not_valid_before(NOW).not_valid_after(NOW + datetime.timedelta(days=9))
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        issuers = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        builder = builder.add_extension(own, False).add_extension(issuers, False)
        return builder.sign(issuer_key, hashes.SHA256()).public_bytes(Encoding.DER)

    old, new = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    leaf = identified("leaf", ec.generate_private_key(ec.SECP256R1()), new)
    assert read_chain([leaf, identified("Issuer", new, new)], NOW).ordered
    assert not read_chain([leaf, identified("Issuer", old, old)], NOW).ordered


def signed_with(key, algorithm):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "leaf")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(7)
    builder = builder.public_key(key.public_key()).not_valid_before(NOW)
    return builder.not_valid_after(NOW + datetime.timedelta(days=9)).sign(key, algorithm).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    "make, algorithm, facts",
    [
        (lambda: rsa.generate_private_key(65537, 1024), hashes.SHA256(), ("RSA", 1024, "", "sha256WithRSAEncryption")),
        (
            lambda: ec.generate_private_key(ec.SECP384R1()),
            hashes.SHA384(),
            ("ECDSA", 384, "secp384r1", "ecdsa-with-SHA384"),
        ),
        (ed25519.Ed25519PrivateKey.generate, None, ("Ed25519", 256, "", "ed25519")),
    ],
)
def test_kinds_of_keys(make, algorithm, facts):
    leaf = signed_with(make(), algorithm)
    chain = read_chain([leaf], NOW, without_sni=True)
    assert (chain.kind, chain.key_bits, chain.curve, *chain.signatures) == facts
    assert chain.without_sni
    assert kind_of(leaf) == facts[0]


def test_a_chain_without_end_is_cut():
    chain = read_chain([der(LEAF)] + [der(MIDDLE)] * 500, NOW)
    assert len(chain.chain) == MOST_CERTIFICATES


def test_a_certificate_of_a_megabyte_is_read_into_little():
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "leaf")])
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.DNSName("{0}.example.org".format("x" * 60)) for _name in range(13000)]
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).serial_number(7)
    builder = builder.public_key(key.public_key()).not_valid_before(NOW)
    builder = builder.not_valid_after(NOW + datetime.timedelta(days=9))
    huge = builder.add_extension(x509.SubjectAlternativeName(names), False).sign(key, hashes.SHA256())
    sent = huge.public_bytes(Encoding.DER)
    assert len(sent) > 900000
    assert len(read_chain([sent], NOW).names) == 100


@pytest.mark.parametrize("broken", [b"", b"\x30\x00", der(LEAF)[:-1], b"\x00" * 1000])
def test_what_is_no_certificate_is_told(broken):
    with pytest.raises(UnreadableChain):
        read_chain([broken], NOW)
    with pytest.raises(UnreadableChain):
        read_chain([der(LEAF), broken], NOW)
    assert kind_of(broken) == ""


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 255)), min_size=1, max_size=3))
def test_damaged_certificates_raise_only_the_documented_error(changes):
    damaged = bytearray(der(LEAF))
    for place, value in changes:
        damaged[place % len(damaged)] = value
    for read in (lambda: read_chain([bytes(damaged)], NOW), lambda: read_certificate(bytes(damaged), NOW)):
        with contextlib.suppress(ValueError):
            read()


def test_an_unknown_version_of_certificates_is_told():
    damaged = der(LEAF).replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x30", 1)
    with pytest.raises(UnreadableChain, match="48"):
        read_chain([damaged], NOW)
