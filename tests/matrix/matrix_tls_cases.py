# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS with one thing wrong. What OpenSSL still does is real; for what it refuses, the server of paper answers."""

from __future__ import annotations

import ssl
from typing import Any, Tuple

from _gate.wire.hello import client
from _gate.wire.hello.client import SSL30, TLS10, TLS11, TLS12, TLS13, handshake_message
from _gate.wire.hello.suites import suite_number
from matrix_case import FAIL, UNKNOWN, WARN, Case
from matrix_servers import MODERN, PAPER_TLS12, PAPER_TLS13, Behaviour, Paper, Tls, without_extension
from wire_paper_server import HANG_UP, STALL, alert

OLD, SUITES, GROUPS, FIELD = "mail.tls-old-versions", "mail.tls-suites", "mail.tls-groups", "mail.tls-finite-field"
SIGNATURES, HANDSHAKE, SESSION = "mail.tls-signature-algorithms", "mail.tls-handshake", "mail.session"
REQUIRED, CLIENT = "mail.tls-required-versions", "mail.tls-client-certificate"
WITHOUT_CLIENT = {"policy": {"features": {"client_certificate": "ignored"}}}
# Real libraries sign with SHA-1 too once their security level is lowered.
ANY_SIGNATURE = {"policy": {"signature_algorithms": {"allowed": ["rsa_pkcs1_sha1", "ecdsa_sha1"]}}}
INTERMEDIATE, MODERN_POLICY = {"policy": "mozilla-intermediate"}, {"policy": "mozilla-modern"}
_OF_OLD = tuple(map(suite_number, ("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")))
_SSLV2_HELLO = b"\x80\x0e\x04\x00\x01\x00\x02\x00\x00\x00\x03\x00\x00\x07\x00\xc0"


def real(kind: str, **tls: Any) -> Behaviour:
    return Behaviour(kind, tls=Tls(**tls))


def paper(kind: str, certificates: Tuple[str, ...] = ("right",), **changes: Any) -> Behaviour:
    """A server whose ordinary handshake is right, and of which the hellos that only ask see this."""
    return Behaviour(kind, tls=Tls(certificates, paper=lambda: Paper(**changes)))


def also(*names: str, **others: Any) -> Any:
    """These suites of TLS 1.2 beside the right ones, and preferred."""
    return {"suites": {TLS12: tuple(map(suite_number, names)) + PAPER_TLS12, TLS13: PAPER_TLS13}, **others}


def also_version(version: int) -> Any:
    return {"suites": {version: _OF_OLD, TLS12: PAPER_TLS12, TLS13: PAPER_TLS13}}


def at(wanted, answer):
    """This instead of an answer, to hellos that it fits."""
    return {"instead": lambda hello, number: answer if wanted(hello) else None}


def is_sslv2(hello) -> bool:
    return hello is None


def is_huge(hello) -> bool:
    return hello is not None and len(hello) > 500


VERSION_CASES = [
    *(
        Case(f"{kind} with {name} on paper", paper(kind, **also_version(version)), (OLD, outcome))
        for name, version in (("SSL 3.0", SSL30), ("TLS 1.0", TLS10), ("TLS 1.1", TLS11))
        for kind, outcome in (("imaps", FAIL), ("smtp", WARN))
    ),
    Case("SSL 2.0", paper("imap", **at(is_sslv2, _SSLV2_HELLO)), (OLD, FAIL)),
    Case("SSL 2.0 on a public server", paper("smtp", **at(is_sslv2, _SSLV2_HELLO)), (OLD, FAIL)),
    Case("hangs up on SSL 2.0", paper("imap", **at(is_sslv2, HANG_UP)), None),
    Case("stalls on SSL 2.0", paper("imaps", **at(is_sslv2, STALL)), (OLD, UNKNOWN), reply_seconds=1),
    Case("hangs up on large hellos", paper("imaps", **at(is_huge, HANG_UP)), None),
    Case(
        "TLS 1.0 and 1.1, really",
        real("pop3s", lowest=ssl.TLSVersion.TLSv1, ciphers=MODERN + ":ECDHE+AES:@SECLEVEL=0"),
        (OLD, FAIL), options=ANY_SIGNATURE,
    ),
    Case("TLS 1.1 and nothing newer", real(
        "imaps", lowest=ssl.TLSVersion.TLSv1_1, highest=ssl.TLSVersion.TLSv1_1, ciphers="ECDHE+AES:@SECLEVEL=0"), (OLD, FAIL)),
    Case("TLS 1.2 beside 1.3 for mozilla-modern", real("imap", curve="prime256v1"), (OLD, FAIL), options=MODERN_POLICY),
    Case("no TLS 1.3 where it is required", real("imap", highest=ssl.TLSVersion.TLSv1_2), (REQUIRED, FAIL),
         options={"policy": {"required_versions": ["TLSv1.3"]}}),
]  # fmt: skip
SUITE_CASES = [
    *(
        Case(f"{name} on paper", paper("imaps", ("right RSA",), schemes=(0x0804, 0x0401), **also(suite)), (SUITES, outcome))
        for name, suite, outcome in (
            ("3DES", "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", FAIL),
            ("RC4", "TLS_ECDHE_RSA_WITH_RC4_128_SHA", FAIL),
            ("NULL", "TLS_ECDHE_RSA_WITH_NULL_SHA", FAIL),
            ("EXPORT", "TLS_RSA_EXPORT_WITH_RC4_40_MD5", FAIL),
            ("DES", "TLS_RSA_WITH_DES_CBC_SHA", FAIL),
            ("anonymous", "TLS_ECDH_anon_WITH_AES_128_CBC_SHA", WARN),
            ("static RSA", "TLS_RSA_WITH_AES_128_GCM_SHA256", WARN),
            ("finite-field Diffie-Hellman", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", WARN),
        )
    ),
    Case("NULL on a public server", paper("smtp", **also("TLS_ECDHE_ECDSA_WITH_NULL_SHA")), (SUITES, FAIL)),
    Case("RC4 on a public server", paper("smtp", **also("TLS_ECDHE_ECDSA_WITH_RC4_128_SHA")), (SUITES, WARN)),
    Case("static RSA, really", real("imap", certificates=("right RSA",), ciphers=MODERN + ":AES128-GCM-SHA256"), (SUITES, WARN)),
    Case("CBC where it is forbidden", real("imap", ciphers=MODERN + ":ECDHE-ECDSA-AES128-SHA256", curve="prime256v1"),
         (SUITES, FAIL), options=INTERMEDIATE),
    Case("NULL, really", real("imap", ciphers=MODERN + ":ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0", lowest=ssl.TLSVersion.TLSv1_2,
         curve="prime256v1"), (SUITES, FAIL), options=ANY_SIGNATURE),
    Case("CCM in TLS 1.3 for mozilla-intermediate",
         paper("imaps", suites={TLS12: PAPER_TLS12, TLS13: (*PAPER_TLS13, 0x1304)}), (SUITES, FAIL), options=INTERMEDIATE),
]  # fmt: skip
_DHE_ALLOWED = {"policy": {"suites": {"allowed": ["TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"]}}}
KEY_EXCHANGE_CASES = [
    *(
        Case(f"a small finite field of {bits} bits", paper(
            "imaps", ("right RSA",), schemes=(0x0804, 0x0401), prime_bits=bits, **also("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"),
        ), (FIELD, FAIL) if bits < 2048 else None, options=_DHE_ALLOWED)
        for bits in (1024, 1536, 2048)
    ),
    Case("a group below 224 bits", paper("imaps", groups=(29, 23, 19)), (GROUPS, FAIL)),
    Case("a group below 224 bits on a public server", paper("smtp", groups=(29, 23, 19)), (GROUPS, WARN)),
    Case("a group outside of the policy", real("imap", curve="secp521r1"), (GROUPS, FAIL), options=INTERMEDIATE),
    Case("signs with SHA-1", paper("imaps", schemes=(0x0403, 0x0203)), (SIGNATURES, WARN)),
    Case("signs with SHA-1, RSA", paper("imaps", ("right RSA",), schemes=(0x0804, 0x0201)), (SIGNATURES, WARN)),
    Case("signs with SHA-1 for mozilla-intermediate", paper("imaps", schemes=(0x0403, 0x0203)), (SIGNATURES, FAIL),
         options=INTERMEDIATE),
]  # fmt: skip
FEATURE_CASES = [
    Case("compresses", paper("imaps", compression=1), ("mail.tls-compression", WARN)),
    Case("no secure renegotiation", Behaviour("imaps", tls=Tls(paper=without_extension(client.RENEGOTIATION_INFO))),
         ("mail.tls-renegotiation", FAIL)),
    Case("no extended master secret", Behaviour("imaps", tls=Tls(paper=without_extension(client.EXTENDED_MASTER_SECRET))),
         ("mail.tls-extended-master-secret", FAIL)),
    Case("asks for a client certificate on paper",
         paper("imaps", extra=handshake_message(13, b"\x01\x40\x00\x02\x04\x03\x00\x00")), (CLIENT, WARN)),
    Case("asks for a client certificate", real("imap", asks_client=ssl.CERT_OPTIONAL), (CLIENT, WARN)),
    Case("asks for a client certificate, and may", real("imap", asks_client=ssl.CERT_OPTIONAL), None, options=WITHOUT_CLIENT),
    Case("insists on a client certificate", real("submissions", asks_client=ssl.CERT_REQUIRED), (SESSION, FAIL),
         options=WITHOUT_CLIENT),
    Case("refuses clients that name no server", real("smtp", without_name="refusal"), ("mail.tls-without-sni", FAIL)),
    Case("refuses clients that name no server, where all do", real("submission", without_name="refusal"), None),
    Case("no suite for its certificate", real("imaps", ciphers="ECDHE-RSA-AES128-GCM-SHA256", highest=ssl.TLSVersion.TLSv1_2),
         (HANDSHAKE, FAIL)),
    Case("refuses every hello", Behaviour("imaps", take_over=lambda peer, _number: refuse(peer)), (HANDSHAKE, FAIL)),
]  # fmt: skip
TLS_CASES = [*VERSION_CASES, *SUITE_CASES, *KEY_EXCHANGE_CASES, *FEATURE_CASES]


def refuse(peer) -> bool:
    peer.socket.recv(4096)
    peer.say(alert(40))
    peer.wait_closed()
    return True
