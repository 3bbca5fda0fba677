# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One posture look at a server on loopback, and the words to ask of its result."""

from __future__ import annotations

import socket

from _gate.wire.connection import Deadline, Endpoint
from _gate.wire.posture import Questions, look_at_posture
from _gate.wire.reach import Reach
from _gate.wire.slots import Slots
from _gate.wire.target import IMPLICIT_FIRST, PLAIN_FIRST, Limits, Target
from _gate.wire.tls import TrustStores
from _gate.wire.visit import Setting

TLS12_SUITES = (
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
)
TLS13_SUITES = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
GROUPS = ("X25519MLKEM768", "x25519", "secp256r1", "secp384r1")
#: SHA-1 and MD5 are what is left out of these.
SCHEMES = (
    *(
        "rsa_pkcs1_sha256",
        "rsa_pkcs1_sha384",
        "rsa_pkcs1_sha512",
        "0x0301",
        "0x0303",
        "0x0302",
        "0x0402",
        "0x0502",
        "0x0602",
    ),
    *("rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512", "ed25519", "ed448"),
    *("rsa_pss_pss_sha256", "rsa_pss_pss_sha384", "rsa_pss_pss_sha512"),
    *("ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384", "ecdsa_secp521r1_sha512"),
)
MODERN = {
    "leave_out_suites": (("TLSv1.2", TLS12_SUITES), ("TLSv1.3", TLS13_SUITES)),
    "leave_out_groups": GROUPS,
    "leave_out_signatures": SCHEMES,
}
NAME = "mail.example.org"


def posture_of(
    port,
    *,
    encryption="implicit",
    protocol="imap",
    name=NAME,
    application=None,
    reply_seconds=1.0,
    deadline_seconds=20.0,
    before=0,
    **questions,
):
    """Look at the port with questions like MODERN, changed by keyword; ``before``: connections that count already."""
    begins = IMPLICIT_FIRST if encryption == "implicit" else PLAIN_FIRST
    target = Target("127.0.0.1", port, protocol, begins, name or "127.0.0.1", "none")
    limits = Limits(deadline_seconds, reply_seconds=reply_seconds, retry_seconds=0.05, ehlo_name="client.example")
    setting = Setting(target, limits, Deadline(deadline_seconds), TrustStores())
    reach = Reach(setting, Endpoint(socket.AF_INET, "127.0.0.1"), Slots(8))
    reach.connections = before
    return look_at_posture(reach, encryption, Questions(**{**MODERN, **questions}), application)


def versions_of(posture):
    """The versions that were accepted, and those that gave no answer."""
    accepted = [answer.subject for answer in posture.versions if answer.answer == "accepted"]
    doubtful = [answer.subject for answer in posture.versions if answer.answer == "inconclusive"]
    return accepted, doubtful


def by_version(entries):
    """Suites or Groups by version."""
    return {entry.outside.subject: entry for entry in entries}
