# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The TLS posture of real servers: openssl s_server in many configurations."""

from __future__ import annotations

import hashlib

import pytest

from _gate.wire.look import look
from _gate.wire.posture import Application, Questions
from _gate.wire.target import Limits, Target
from wire_openssl import OpensslServer, cipher_list, make_keys, need_openssl, openssl
from wire_posture import MODERN, NAME, TLS12_SUITES, TLS13_SUITES, by_version, posture_of, versions_of

pytest.importorskip("cryptography", reason="certificates are read with cryptography")
need_openssl()

RSA = ("-cert", "rsa.pem", "-key", "rsa.key")
ECDSA = ("-cert", "ec.pem", "-key", "ec.key")
BOTH = (*RSA, "-dcert", "ec.pem", "-dkey", "ec.key")
CLEAN = ("-cipher", "ECDHE+AESGCM:ECDHE+CHACHA20:@SECLEVEL=2", "-groups", "X25519:P-256:P-384")
WEAK = ("-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    make_keys(folder)
    return folder


def application(keys, stem, version="TLSv1.3"):
    """What an ordinary client would have seen."""
    openssl("x509", "-in", stem + ".pem", "-outform", "DER", "-out", stem + ".der", folder=keys)
    return Application(version, ((keys / (stem + ".der")).read_bytes(),), True)


@pytest.mark.parametrize("certificates, stem, hellos", [(RSA, "rsa", 11), (BOTH, "ec", 12), (ECDSA, "ec", 11)])
def test_a_clean_server_is_proven_clean(keys, certificates, stem, hellos):
    with OpensslServer(keys, *certificates, *CLEAN) as server:
        posture = posture_of(server.port, application=application(keys, stem))
    assert versions_of(posture) == (["TLSv1.2", "TLSv1.3"], [])
    for entry in (*posture.suites, *posture.groups):
        assert entry.outside.answer == "rejected", entry
        assert not entry.complete
    assert posture.signatures.answer == "rejected"
    assert posture.without_sni.answer == "accepted"
    assert posture.stopped == ""
    # One that refuses TLS 1.1 for its signatures and not for its version is asked for the older ones as well: two of them.
    assert posture.connections == hellos


@pytest.mark.parametrize(
    "certificates, kinds",
    [(RSA, {"RSA"}), (ECDSA, {"ECDSA"}), (BOTH, {"RSA", "ECDSA"})],
)
def test_each_kind_of_certificate_is_seen(keys, certificates, kinds):
    with OpensslServer(keys, *certificates, *CLEAN) as server:
        posture = posture_of(server.port)
    assert {certificate.kind for certificate in posture.certificates if not certificate.without_sni} == kinds
    for certificate in posture.certificates:
        assert (certificate.kind, certificate.key_bits, certificate.curve) in (
            ("RSA", 2048, ""),
            ("ECDSA", 256, "secp256r1"),
        )
        assert certificate.names == (NAME,)
        assert certificate.lifetime_days == 90
        assert certificate.must_staple
        assert certificate.ocsp_responder
        assert certificate.key_usage == ("digital_signature",)
        assert certificate.extended_key_usage == ("serverAuth",)
        assert certificate.ordered
        assert not certificate.root_sent


@pytest.mark.parametrize(
    "arguments, accepted",
    [
        (("-tls1_3",), ["TLSv1.3"]),
        (("-tls1_2",), ["TLSv1.2"]),
        (("-tls1_1", *WEAK), ["TLSv1.1"]),
        (("-tls1", *WEAK), ["TLSv1"]),
        (("-no_tls1_3", *WEAK), ["TLSv1", "TLSv1.1", "TLSv1.2"]),
        (WEAK, ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]),
        (("-no_tls1_1", "-no_tls1_3", *WEAK), ["TLSv1", "TLSv1.2"]),
        (("-no_tls1_2", "-no_tls1_3", *WEAK), ["TLSv1", "TLSv1.1"]),
    ],
)
def test_versions(keys, arguments, accepted):
    with OpensslServer(keys, *RSA, *arguments) as server:
        posture = posture_of(server.port, leave_out_suites=(), leave_out_groups=None)
    assert versions_of(posture) == (accepted, [])


@pytest.mark.parametrize(
    "option, ciphers",
    [
        ("-tls1_2", "ECDHE+AESGCM"),
        ("-tls1_2", "DEFAULT:@SECLEVEL=0"),
        (
            "-tls1_2",
            "AES256-SHA:DHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CAMELLIA128-SHA256:ECDHE-ECDSA-AES256-CCM8:@SECLEVEL=0",
        ),
        ("-tls1_1", "DEFAULT:@SECLEVEL=0"),
        ("-tls1", "AES128-SHA:CAMELLIA256-SHA:ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0"),
    ],
)
def test_the_exact_set_of_suites_is_what_openssl_lists(keys, option, ciphers):
    version = {"-tls1_2": "TLSv1.2", "-tls1_1": "TLSv1.1", "-tls1": "TLSv1"}[option]
    with OpensslServer(keys, *BOTH, option, "-cipher", ciphers) as server:
        posture = posture_of(server.port, leave_out_suites=(), leave_out_groups=None, enumerate_fully=True)
    (suites,) = posture.suites
    # -s leaves out what needs a pre-shared key or another kind of certificate.
    assert set(suites.accepted) == cipher_list(version, "-s", option, ciphers)
    assert suites.complete
    assert suites.version == version


@pytest.mark.parametrize("suites", [TLS13_SUITES[:1], TLS13_SUITES[1:], (*TLS13_SUITES, "TLS_AES_128_CCM_8_SHA256")])
@pytest.mark.parametrize("groups", [["x25519"], ["secp521r1", "x25519", "ffdhe3072", "secp256r1", "x448"]])
def test_the_exact_sets_of_tls13(keys, suites, groups):
    names = {"secp256r1": "P-256", "secp521r1": "P-521", "x25519": "X25519", "x448": "X448"}
    listed = ":".join(names.get(group, group) for group in groups)
    arguments = ("-tls1_3", "-ciphersuites", ":".join(suites), "-groups", listed)
    with OpensslServer(keys, *RSA, *arguments) as server:
        posture = posture_of(server.port, enumerate_fully=True)
    (found,) = posture.suites
    assert set(found.accepted) == set(suites)
    assert found.complete
    assert found.outside.answer == ("accepted" if len(suites) == 4 else "rejected")
    (found_groups,) = posture.groups
    assert set(found_groups.accepted) == set(groups)
    assert found_groups.complete
    assert found_groups.outside.answer == ("accepted" if len(groups) > 1 else "rejected")


def test_a_violation_has_its_version_enumerated_and_no_other(keys):
    weak = "ECDHE-RSA-AES128-SHA"
    with OpensslServer(keys, *RSA, "-cipher", "ECDHE+AESGCM:" + weak, "-groups", "X25519:P-256") as server:
        posture = posture_of(server.port)
    suites = by_version(posture.suites)
    assert suites["TLSv1.2"].outside.answer == "accepted"
    assert suites["TLSv1.2"].complete
    assert set(suites["TLSv1.2"].accepted) - set(TLS12_SUITES) == {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"}
    assert suites["TLSv1.3"].outside.answer == "rejected"
    assert not suites["TLSv1.3"].complete


@pytest.mark.parametrize("extra, chooses", [((), False), (("-serverpref",), True)])
@pytest.mark.parametrize("option, version", [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")])
def test_whose_order_decides(keys, extra, chooses, option, version):
    with OpensslServer(keys, *BOTH, option, *extra) as server:
        posture = posture_of(server.port, enumerate_fully=True)
    assert by_version(posture.suites)[version].server_chooses is chooses


def test_groups_of_tls12_outside(keys):
    with OpensslServer(keys, *RSA, "-tls1_2", "-cipher", "ECDHE+AESGCM", "-groups", "P-256:X448:P-521") as server:
        posture = posture_of(server.port)
    groups = by_version(posture.groups)["TLSv1.2"]
    assert groups.outside.answer == "accepted"
    assert set(groups.accepted) == {"secp256r1", "x448", "secp521r1"}
    assert groups.complete


def test_groups_of_tls12_beside_the_curve_of_the_only_certificate(keys):
    with OpensslServer(keys, *ECDSA, "-tls1_2", "-groups", "P-256:X448:P-521") as server:
        posture = posture_of(server.port, enumerate_fully=True)
    assert sorted(by_version(posture.groups)["TLSv1.2"].accepted) == ["secp256r1", "secp521r1", "x448"]


FEATURES = {
    "renegotiation_info": True,
    "extended_master_secret": True,
    "compression": False,
    "ocsp_staple": False,
    "client_certificate": False,
    "session_ticket": True,
    "encrypt_then_mac": None,
    "early_data": None,
}


@pytest.mark.parametrize(
    "arguments, different",
    [
        ((), {}),
        (("-no_ticket",), {"session_ticket": False}),
        (("-verify", "1"), {"client_certificate": True}),
        (("-Verify", "1"), {"client_certificate": True}),
        (("-status_file", "staple.der"), {"ocsp_staple": True}),
        (("-no_etm",), {}),
    ],
)
def test_features(keys, arguments, different):
    (keys / "staple.der").write_bytes(b"0\x03\x0a\x01\x00")
    with OpensslServer(keys, *RSA, *CLEAN, *arguments) as server:
        features = posture_of(server.port).features
    assert {name: getattr(features, name) for name in FEATURES} == {**FEATURES, **different}
    assert features.signature_algorithms == ("rsa_pss_rsae_sha256",)


@pytest.mark.parametrize("arguments, uses", [((), True), (("-no_etm",), False)])
def test_encrypt_then_mac_shows_where_cbc_may_be(keys, arguments, uses):
    cbc = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"
    allowed = (("TLSv1.2", (*TLS12_SUITES, cbc)),)
    ciphers = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA256"
    with OpensslServer(keys, *RSA, "-tls1_2", "-cipher", ciphers, *arguments) as server:
        posture = posture_of(server.port, leave_out_suites=allowed)
    assert posture.features.encrypt_then_mac is uses
    assert by_version(posture.suites)["TLSv1.2"].outside.answer == "rejected"


@pytest.mark.parametrize("arguments, bits", [(("-dhparam", "dh1536.pem"), (1536,)), ((), (2048,))])
def test_size_of_the_finite_field_shows_where_dhe_may_be(keys, arguments, bits):
    allowed = (("TLSv1.2", (*TLS12_SUITES, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256")),)
    ciphers = "ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"
    with OpensslServer(keys, *RSA, "-tls1_2", "-cipher", ciphers, "-groups", "X25519", *arguments) as server:
        posture = posture_of(server.port, leave_out_suites=allowed)
    assert by_version(posture.groups)["TLSv1.2"].finite_field_bits == bits


@pytest.mark.parametrize("first", ["DHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256"])
def test_finite_field_and_cbc_show_whatever_the_server_prefers(keys, first):
    names = ("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256")
    ciphers = first + ":ECDHE-RSA-AES128-SHA256:DHE-RSA-AES128-GCM-SHA256"
    allowed = (("TLSv1.2", (*TLS12_SUITES, *names)),)
    with OpensslServer(keys, *RSA, "-serverpref", "-tls1_2", "-cipher", ciphers, "-groups", "X25519") as server:
        posture = posture_of(server.port, leave_out_suites=allowed)
    assert by_version(posture.groups)["TLSv1.2"].finite_field_bits == (2048,)
    assert posture.features.encrypt_then_mac is True


@pytest.mark.parametrize("certificates", [RSA, ECDSA, BOTH])
def test_weak_signatures_are_found(keys, certificates):
    with OpensslServer(keys, *certificates, "-tls1_2", "-cipher", "ECDHE+AESGCM:@SECLEVEL=0") as server:
        posture = posture_of(server.port)
    assert posture.signatures.answer == "accepted"
    assert set(posture.features.signature_algorithms) & {"rsa_pkcs1_sha1", "ecdsa_sha1"}
    kinds = {certificate.kind for certificate in posture.certificates}
    assert kinds == {"RSA": {"RSA"}, "ECDSA": {"ECDSA"}}.get(
        "RSA" if certificates == RSA else "ECDSA" if certificates == ECDSA else "", {"RSA", "ECDSA"}
    )


def test_alpn_is_told(keys):
    with OpensslServer(keys, *RSA, *CLEAN, "-alpn", "imap") as server:
        assert posture_of(server.port).features.alpn == "imap"


def test_a_server_that_refuses_the_protocol_name_is_asked_without(keys):
    with OpensslServer(keys, *RSA, *CLEAN, "-alpn", "h2") as server:
        posture = posture_of(server.port)
    assert versions_of(posture) == (["TLSv1.2", "TLSv1.3"], [])
    assert posture.features.alpn == ""


@pytest.mark.parametrize("named", ["other", "ec"])
def test_a_certificate_by_name_only(keys, named):
    """Another certificate for those who do not name the server."""
    arguments = ("-servername", NAME, "-cert2", named + ".pem", "-key2", named + ".key")
    ordinary, unnamed = application(keys, named), application(keys, "rsa")
    with OpensslServer(keys, *RSA, *CLEAN, *arguments) as server:
        posture = posture_of(server.port, application=ordinary)
    seen = {(certificate.sha256, certificate.without_sni) for certificate in posture.certificates}
    wanted = {(ordinary, False), (unnamed, True)}
    assert seen == {(hashlib.sha256(each.chain[0]).hexdigest(), without_sni) for each, without_sni in wanted}
    assert posture.without_sni.answer == "accepted"


def test_the_same_certificate_without_a_name_need_not_be_asked_for_again(keys):
    with OpensslServer(keys, *RSA, *CLEAN) as server:
        posture = posture_of(server.port, application=application(keys, "rsa"))
    assert [certificate.without_sni for certificate in posture.certificates] == [True, False]


def test_an_address_has_no_name_to_leave_out(keys):
    with OpensslServer(keys, *RSA, *CLEAN) as server:
        posture = posture_of(server.port, name="")
    assert posture.without_sni is None
    assert not any(certificate.without_sni for certificate in posture.certificates)


def test_no_hello_upsets_the_server(keys):
    """What is accepted ends with user_canceled and close_notify; the only complaints are those of the refusals."""
    with OpensslServer(keys, *BOTH, "-tls1_2") as server:
        posture = posture_of(server.port, leave_out_suites=(), enumerate_fully=True)
    assert posture.connections > 30
    refusals = {"no shared cipher", "no shared signature algorithms", "unsupported protocol", "unknown protocol"}
    assert set(server.errors()) <= refusals


def test_a_whole_look_has_the_posture(keys):
    questions = Questions(**MODERN, most_connections=20)
    with OpensslServer(keys, *BOTH, *CLEAN) as server:
        target = Target("127.0.0.1", server.port, "imap", "implicit", NAME, "none", checks=(), questions=questions)
        (result,) = look([target], Limits(10, reply_seconds=0.3, silence_seconds=0.3))
    assert result.encryption == "implicit"
    assert versions_of(result.posture) == (["TLSv1.2", "TLSv1.3"], [])
    assert result.connections == result.posture.connections + 1
