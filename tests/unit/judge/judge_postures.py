# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Handmade TLS postures: one that every policy passes, and how to change one thing in it."""

from __future__ import annotations

from dataclasses import replace

from _gate.intent.policy import parse_policy
from _gate.intent.services import Defaults, parse_services
from _gate.judge.finding import PASS
from _gate.judge.tls_posture import judge_posture
from _gate.wire import evidence as seen
from _gate.wire.evidence import Certificate, PortEvidence, Tls
from _gate.wire.posture_evidence import (
    ACCEPTED,
    INCONCLUSIVE,
    REJECTED,
    VERSIONS,
    Answer,
    Features,
    Groups,
    Posture,
    ServedCertificate,
    Suites,
)

SERVED = ServedCertificate(
    kind="ECDSA",
    key_bits=256,
    curve="secp256r1",
    subject="CN=mail.example.org",
    issuer="CN=CA",
    names=("mail.example.org",),
    not_before="2026-01-01T00:00:00Z",
    not_after="2026-03-31T23:59:59Z",
    lifetime_days=89,
    days_left=60,
    not_yet_valid=False,
    sha256="aa",
    signatures=("ecdsa-with-SHA256", "sha256WithRSAEncryption"),
    chain=("CN=mail.example.org", "CN=CA"),
    ordered=True,
    root_sent=False,
    key_usage=("digitalSignature",),
    extended_key_usage=("serverAuth",),
    complete=True,
    ocsp_responder=True,
)
SECOND = replace(SERVED, kind="RSA", key_bits=3072, curve="", sha256="bb", signatures=("sha256WithRSAEncryption",))
FEATURES = Features(
    compression=False,
    renegotiation_info=True,
    extended_master_secret=True,
    encrypt_then_mac=None,
    ocsp_staple=True,
    client_certificate=False,
    session_ticket=True,
    early_data=False,
    signature_algorithms=("ecdsa_secp256r1_sha256",),
)
OLDER_SUITES = ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384")
TLS13_SUITES = ("TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256")


def versions(*accepted, **inconclusive):
    """Answers for every version. ``inconclusive``: version with ``_`` for the dot, and why."""
    whys = {version.replace("_", "."): why for version, why in inconclusive.items()}
    return tuple(
        Answer(version, INCONCLUSIVE, whys[version])
        if version in whys
        else Answer(version, ACCEPTED if version in accepted else REJECTED)
        for version in VERSIONS
    )


def suites(version, answer=REJECTED, accepted=None, complete=False, why=""):
    ordinary = TLS13_SUITES if version == "TLSv1.3" else OLDER_SUITES
    return Suites(version, Answer(version, answer, why), ordinary if accepted is None else accepted, complete)


def groups(version, answer=REJECTED, accepted=("secp256r1",), complete=False, bits=(), why=""):
    return Groups(Answer(version, answer, why), accepted, complete, bits)


#: What every policy but mozilla-modern wants: that one rules out TLS 1.2.
CLEAN = Posture(
    versions=versions("TLSv1.2", "TLSv1.3"),
    suites=(suites("TLSv1.2"), suites("TLSv1.3")),
    groups=(groups("TLSv1.2"), groups("TLSv1.3")),
    certificates=(SERVED, replace(SERVED, without_sni=True)),
    features=FEATURES,
    connections=9,
    without_sni=Answer("no server name", ACCEPTED),
)
CLEAN_TLS13 = replace(
    CLEAN,
    versions=versions("TLSv1.3"),
    suites=(suites("TLSv1.3"),),
    groups=(groups("TLSv1.3"),),
    features=Features(client_certificate=False, early_data=False, ocsp_staple=True),
)


def clean_for(policy):
    return CLEAN_TLS13 if policy == "mozilla-modern" else CLEAN


def service(name="imaps", policy="rfc8314", **changes):
    (parsed,) = parse_services([dict(changes, name=name, policy=policy)], Defaults(parse_policy("rfc8314")))
    return parsed


def evidence(software="", trusted=True, sha256="aa"):
    certificate = Certificate(
        "CN=mail.example.org",
        "CN=CA",
        ("mail.example.org",),
        SERVED.not_before,
        SERVED.not_after,
        89,
        60,
        sha256,
        False,
    )
    tls = Tls(True, "mail.example.org", "TLSv1.3", "TLS_AES_256_GCM_SHA384", 256, trusted, "", True, False, certificate)
    return PortEvidence("mail.example.org", "192.0.2.1", "ipv4", 993, seen.OPEN, software=software, tls=tls)


def faults(required, posture, **changes):
    """Check and outcome of what does not pass."""
    found = judge_posture(required, posture, evidence(**changes))
    return [(finding.check, finding.outcome) for finding in found if finding.outcome != PASS]


def the_fault(required, posture, **changes):
    """The one finding that does not pass."""
    (found,) = [one for one in judge_posture(required, posture, evidence(**changes)) if one.outcome != PASS]
    return found
