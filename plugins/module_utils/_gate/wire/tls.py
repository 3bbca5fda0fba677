# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Handshakes: the ordinary client's first, then with just those demands lowered that it failed on.

1. An ordinary client: TLS 1.2 or later, OpenSSL's security level 2, chain verified. Names are matched by
   :mod:`.names`, so that a wrong name is seen beside everything else.
2. The chain failed for a date: the same without looking at dates, to learn whether it leads to a trust anchor.
3. The chain failed otherwise: without verification, to see certificate, name and dates nevertheless.
4. Not a byte came in answer: once more with a small ClientHello, since servers and what stands before them may fail on large
   ones.
5. No handshake for another reason: once more with old versions and weak parameters allowed (``needs_legacy``).

Every Python version must come to the same verdict, so nothing is left to ``ssl.create_default_context``: its ciphers
changed in 3.10, its flags in 3.13. VERIFY_X509_STRICT, new there, stays off (it refuses chains for form alone, which
no mail client does); VERIFY_X509_PARTIAL_CHAIN, new there as well, is on (what the user's CA file holds is trusted,
an intermediate or a single certificate too).
"""

from __future__ import annotations

import datetime
import os
import ssl
import threading
import warnings
from typing import Dict, Optional, Sequence, Tuple

from ..dataclass import dataclass, replace
from ..errors import EvidenceError
from . import decrypted
from .certificate import Leaf, read_certificate
from .evidence import Tls
from .names import matches
from .text import printable

SYSTEM_STORE = "system"
NO_TRUST = "none"

# Not all Python versions name these (OpenSSL: x509_vfy.h).
_FLAG_PARTIAL_CHAIN = 0x80000
_FLAG_NO_CHECK_TIME = 0x200000
# Handshakes without renegotiation_info (RFC 5746), which OpenSSL 3 refuses by default (ssl.h).
_LEGACY_SERVER_CONNECT = 0x4
_PADDING = 0x10
_NOT_YET_VALID = 9
_HAS_EXPIRED = 10

_PEM_MARKS = (b"-----BEGIN CERTIFICATE-----", b"-----BEGIN TRUSTED CERTIFICATE-----")

# How a handshake ended
ESTABLISHED = "established"
DATES_REFUSED = "dates refused"
CHAIN_REFUSED = "chain refused"
FAILED = "failed"
SILENT = "silent"
NOT_TLS = "not tls"


@dataclass(frozen=True)
class Demands:
    """What a handshake insists on. ``one_group``: it offers no other group than secp256r1. ``small``: likewise, and its
    ClientHello has some 300 bytes, where OpenSSL fills up to 517 and has 1,500 and more with a key for ML-KEM."""

    verify: bool = True
    check_dates: bool = True
    modern: bool = True
    one_group: bool = False
    small: bool = False


@dataclass(frozen=True)
class Handshake:
    """One handshake. ``error``: OpenSSL's words or ours; ``verify_code``: X509_V_ERR_* of a refused chain.

    ``first_bytes``: the beginning of what the server sent in answer to the ClientHello. ``der``: the leaf certificate;
    ``chain``: all as sent, the leaf first (from Python 3.13; empty before). ``told_groups``: see :mod:`.decrypted`.
    """

    outcome: str
    demands: Demands
    error: str = ""
    verify_code: int = 0
    first_bytes: bytes = b""
    version: str = ""
    cipher: str = ""
    cipher_bits: int = 0
    der: bytes = b""
    chain: Tuple[bytes, ...] = ()
    told_groups: Tuple[int, ...] = ()

    @property
    def established(self) -> bool:
        return self.outcome == ESTABLISHED


def lowered(handshake: Handshake) -> Optional[Demands]:
    """The demands for the next attempt, or None when lowering them cannot tell more."""
    demands = handshake.demands
    if handshake.outcome == DATES_REFUSED and demands.check_dates:
        return replace(demands, check_dates=False)
    if handshake.outcome in (DATES_REFUSED, CHAIN_REFUSED) and demands.verify:
        return replace(demands, verify=False)
    if handshake.outcome in (SILENT, FAILED) and not handshake.first_bytes and not demands.small:
        return replace(demands, small=True)
    if handshake.outcome == FAILED and demands.modern:
        return replace(demands, modern=False)
    return None


def failed_handshake(why: ssl.SSLError, demands: Demands, first_bytes: bytes) -> Handshake:
    """Sort an exception of ``do_handshake`` into an outcome."""
    if isinstance(why, ssl.SSLCertVerificationError):
        outcome = DATES_REFUSED if why.verify_code in (_NOT_YET_VALID, _HAS_EXPIRED) else CHAIN_REFUSED
        return Handshake(outcome, demands, why.verify_message, why.verify_code, first_bytes)
    return Handshake(FAILED, demands, words_of(why), first_bytes=first_bytes)


def words_of(why: ssl.SSLError) -> str:
    """OpenSSL's reason as words: ``sslv3 alert handshake failure``."""
    return (why.reason or str(why)).replace("_", " ").lower()


class TrustStores:
    """The SSL contexts of one look, each built once. Safe to share between threads."""

    def __init__(self) -> None:
        self._contexts: Dict[Tuple[str, Demands], ssl.SSLContext] = {}
        self._lock = threading.Lock()

    def context(self, trust: str, demands: Demands) -> ssl.SSLContext:
        """The context for a trust (``system``, ``none``, or the path of a CA file) and demands."""
        with self._lock:
            key = (trust, demands)
            if key not in self._contexts:
                self._contexts[key] = _build_context(trust, demands)
            return self._contexts[key]


def check_trust(trust: str) -> None:
    """Make sure that a trust can be used.

    :raises EvidenceError: the CA file is missing, unreadable, empty, or holds no certificate in PEM form.
    """
    if trust in (SYSTEM_STORE, NO_TRUST):
        return
    subject = "CA file {0}".format(trust)
    remedy = "give the path of a file with CA certificates in PEM form"
    try:
        with open(trust, "rb") as ca_file:
            content = ca_file.read()
    except OSError as why:
        raise EvidenceError(subject, "cannot be read ({0})".format(why.strerror or why), remedy) from why
    if not content.strip():
        raise EvidenceError(subject, "is empty", remedy)
    if not any(mark in content for mark in _PEM_MARKS):
        raise EvidenceError(subject, "holds no certificate in PEM form", remedy)
    try:
        _build_context(trust, Demands())
    except ssl.SSLError as why:
        raise EvidenceError(subject, "its certificates are damaged ({0})".format(words_of(why)), remedy) from why


def _build_context(trust: str, demands: Demands) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    decrypted.watch(context)
    if demands.modern:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("DEFAULT:@SECLEVEL=2")
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.options |= _LEGACY_SERVER_CONNECT
    if demands.one_group or demands.small:
        context.set_ecdh_curve("prime256v1")
    if demands.small:
        context.options &= ~(_PADDING | ssl.OP_ENABLE_MIDDLEBOX_COMPAT)
    if not demands.verify:
        context.verify_mode = ssl.CERT_NONE
        return context
    context.verify_mode = ssl.CERT_REQUIRED
    # The strange constructor keeps Python 3.13's STRICT out, whatever PROTOCOL_TLS_CLIENT brings one day.
    context.verify_flags = ssl.VerifyFlags(
        ssl.VERIFY_X509_TRUSTED_FIRST | _FLAG_PARTIAL_CHAIN | (0 if demands.check_dates else _FLAG_NO_CHECK_TIME)
    )
    if trust == SYSTEM_STORE:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        context.load_verify_locations(cafile=trust)
    return context


def system_store_is_empty() -> bool:
    """Whether this machine has no CA certificates at all, so that nothing can be trusted."""
    paths = ssl.get_default_verify_paths()
    if paths.cafile and os.path.getsize(paths.cafile):
        return False
    return not (paths.capath and os.listdir(paths.capath))


def summary(handshakes: Sequence[Handshake], trust: str, reference: str, sni: str, now: datetime.datetime) -> Tls:
    """What the handshakes at one port, the ordinary client's first, say together.

    :param reference: the name or address that the certificate should be for.
    :param sni: the name that was sent to the server, or ``""``.
    :param now: an aware moment.
    """
    last = handshakes[-1]
    leaf: Optional[Leaf] = None
    error = "" if last.established else (last.error if last.demands.verify else handshakes[0].error)
    if last.der:
        try:
            leaf = read_certificate(last.der, now)
        except ValueError as why:
            error = "the certificate cannot be read: {0}".format(printable(str(why).encode("utf-8")))
    trusted, trust_error = _trust(handshakes, trust, leaf)
    return Tls(
        established=last.established,
        server_name=sni,
        version=last.version,
        cipher=last.cipher,
        cipher_bits=last.cipher_bits,
        trusted=trusted,
        trust_error=trust_error,
        name_matches=matches(reference, leaf.dns_names, leaf.addresses) if leaf else None,
        needs_legacy=last.established and not last.demands.modern,
        certificate=leaf.certificate if leaf else None,
        error=error,
    )


def _trust(handshakes: Sequence[Handshake], trust: str, leaf: Optional[Leaf]) -> Tuple[Optional[bool], str]:
    if trust == NO_TRUST:
        return None, ""
    refusals = [each for each in handshakes if each.outcome in (DATES_REFUSED, CHAIN_REFUSED)]
    if any(each.outcome == CHAIN_REFUSED for each in refusals):
        words = [each.error for each in refusals if each.outcome == CHAIN_REFUSED][-1]
        if trust == SYSTEM_STORE and system_store_is_empty():
            words += " (the trust store of this machine is empty)"
        return False, words
    last = handshakes[-1]
    if not last.established:
        return None, refusals[-1].error if refusals else ""
    if last.demands.check_dates:
        return True, ""
    if leaf is not None and not leaf.in_date:
        return True, ""
    if refusals[-1].verify_code == _HAS_EXPIRED:
        return False, "an issuer's certificate has expired"
    return False, "an issuer's certificate is not yet valid"
