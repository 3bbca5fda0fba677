# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a port's TLS accepts, seen with hellos of our own. Facts only: nothing here knows a policy.

Suites and groups are named as IANA does (``TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256``, ``x25519``), unknown ones by their number
(``0x1234``). An answer is *rejected* where the server said so with an alert, or where it is shown to refuse by
hanging up (as Dovecot 2.3 does): twice on the same hello with a control of the same size answered between, and answering
again after the last time. Where it hung up otherwise, stalled or put us off, the answer is *inconclusive*, and ``why`` names the
cause.
"""

from __future__ import annotations

from typing import Optional, Tuple

from ..dataclass import dataclass

ACCEPTED = "accepted"
REJECTED = "rejected"
INCONCLUSIVE = "inconclusive"

VERSIONS = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")


@dataclass(frozen=True)
class Answer:
    """What the server did with one thing that was offered alone. ``why``: the cause where it is inconclusive."""

    subject: str
    answer: str
    why: str = ""


@dataclass(frozen=True)
class Suites:
    """The cipher suites of one version.

    ``outside``: whether the server accepts any suite beyond those that were asked to be left out (the policy's):
    REJECTED proves that it does not. ``accepted``: suites seen to be accepted, in the order in which the server chose them.
    ``complete``: ``accepted`` is the exact set (enumerated to the end). ``server_chooses``: the server's own order decides
    (None: not established).
    """

    version: str
    outside: Answer
    accepted: Tuple[str, ...] = ()
    complete: bool = False
    server_chooses: Optional[bool] = None


@dataclass(frozen=True)
class Groups:
    """Key-exchange groups. ``outside``, ``accepted`` and ``complete`` as in :class:`Suites`; in an exact set of TLS 1.3, a group
    that the server lists itself (RFC 8446 4.2.7) and has chosen in TLS 1.2 counts as seen. ``finite_field_bits``: sizes in bits
    of the finite-field groups that the server used in TLS 1.2 DHE."""

    outside: Answer
    accepted: Tuple[str, ...] = ()
    complete: bool = False
    finite_field_bits: Tuple[int, ...] = ()


@dataclass(frozen=True)
class ServedCertificate:
    """One chain as sent. ``kind``: RSA, ECDSA, Ed25519...; ``key_bits``: size in bits; ``curve``: for EC keys.

    ``chain``: subjects in the order sent, leaf first. ``ordered``: each certificate is issued by the next. ``complete``: the
    last one is issued by a trust anchor or is one (None: not judged by the sensor). ``root_sent``: a self-signed one
    needlessly at the end. ``signatures``: such as ``sha256WithRSAEncryption``, of each certificate but the root.
    ``key_usage``, ``extended_key_usage``: names. ``must_staple``: RFC 7633. ``without_sni``: the hello had no SNI.
    ``ocsp_responder``: the certificate names one (None: not established).
    """

    kind: str
    key_bits: int
    curve: str
    subject: str
    issuer: str
    names: Tuple[str, ...]
    not_before: str
    not_after: str
    lifetime_days: int
    days_left: int
    not_yet_valid: bool
    sha256: str
    signatures: Tuple[str, ...]
    chain: Tuple[str, ...]
    ordered: bool
    root_sent: bool
    key_usage: Tuple[str, ...] = ()
    extended_key_usage: Tuple[str, ...] = ()
    must_staple: bool = False
    without_sni: bool = False
    complete: Optional[bool] = None
    ocsp_responder: Optional[bool] = None


@dataclass(frozen=True)
class Features:
    """Yes and no of the TLS stack, None where it was not established.

    ``compression``: the server chose DEFLATE. ``renegotiation_info``: RFC 5746. ``extended_master_secret``: RFC 7627.
    ``encrypt_then_mac``: RFC 7366, with a CBC suite. ``ocsp_staple``: a CertificateStatus was sent.
    ``client_certificate``: a CertificateRequest was sent. ``session_ticket``: a ticket was promised (TLS 1.2).
    ``early_data``: tickets allow 0-RTT (TLS 1.3). ``alpn``: the protocol that the server chose.
    ``signature_algorithms``: of the TLS 1.2 key exchange, as IANA names signature schemes.
    """

    compression: Optional[bool] = None
    renegotiation_info: Optional[bool] = None
    extended_master_secret: Optional[bool] = None
    encrypt_then_mac: Optional[bool] = None
    ocsp_staple: Optional[bool] = None
    client_certificate: Optional[bool] = None
    session_ticket: Optional[bool] = None
    early_data: Optional[bool] = None
    alpn: str = ""
    signature_algorithms: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Posture:
    """All of it. ``versions``: one answer for each of VERSIONS. ``notes``: what else was noticed. ``without_sni``: what the
    server did with a hello that named no server (REJECTED: it refused it). ``signatures``: whether TLS 1.2's key exchange is
    signed with a scheme beyond those that were to be left out (None: not asked). ``stopped``: why nothing more could be asked
    from some point on (``throttled: ...``, ``slow: ...``, ``cut off after N connections: ...``, the deadline), or ``""``.
    ``hellos_met``: a hello of this look led to a choice of the server's (what else is here may be from handshakes before)."""

    versions: Tuple[Answer, ...]
    suites: Tuple[Suites, ...]
    groups: Tuple[Groups, ...]  # with the version in ``outside.subject``
    certificates: Tuple[ServedCertificate, ...]
    features: Features
    connections: int
    notes: Tuple[str, ...] = ()
    without_sni: Optional[Answer] = None
    signatures: Optional[Answer] = None
    stopped: str = ""
    hellos_met: bool = False
