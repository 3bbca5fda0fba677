# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a client saw at one port of one address. Facts only: nothing here knows what was required."""

from __future__ import annotations

from typing import Optional, Tuple

from ..dataclass import dataclass, field
from .posture_evidence import Posture

# TCP states
OPEN = "open"
REFUSED = "refused"
TIMED_OUT = "timed-out"
UNREACHABLE = "unreachable"
RESET = "reset"
NAME_NOT_FOUND = "name-not-found"
NOT_TRIED = "not-tried"

# Where the encryption begins
IMPLICIT = "implicit"
STARTTLS = "starttls"
NONE = "none"


@dataclass(frozen=True)
class Certificate:
    """The leaf certificate that the server sent.

    ``names``: the DNS and IP subject alternative names, as written in the certificate (A-labels).
    ``not_before``, ``not_after``: ISO 8601 in UTC. ``lifetime_days``, ``days_left``: days, a fraction cut off
    (``days_left`` is negative after expiry). ``sha256``: hexadecimal fingerprint of the DER form.
    """

    subject: str
    issuer: str
    names: Tuple[str, ...]
    not_before: str
    not_after: str
    lifetime_days: int
    days_left: int
    sha256: str
    self_signed: bool
    not_yet_valid: bool = False


@dataclass(frozen=True)
class Tls:
    """One handshake. ``established`` is False when it failed; ``error`` then says why, in OpenSSL's words.

    ``version``: such as ``TLSv1.3``; ``cipher``: OpenSSL's name; ``cipher_bits``: strength in bits.
    ``trusted``: the chain leads to the trust store or CA file (None: not established, or trust is ``none``);
    ``trust_error``: the verifier's words when not trusted. Validity dates of the leaf are not part of ``trusted``:
    they are in the certificate. ``name_matches``: RFC 6125/9525 match of the reference name.
    ``needs_legacy``: only a handshake with lowered demands (security level 0, old versions) came about.
    """

    established: bool
    server_name: str = ""
    version: str = ""
    cipher: str = ""
    cipher_bits: int = 0
    trusted: Optional[bool] = None
    trust_error: str = ""
    name_matches: Optional[bool] = None
    needs_legacy: bool = False
    certificate: Optional[Certificate] = None
    error: str = ""


@dataclass(frozen=True)
class Capabilities:
    """What the server offered at one moment of the dialogue.

    ``login_mechanisms``: upper-case SASL names, and ``LOGIN`` / ``USER`` for IMAP's and POP3's own commands.
    ``lines``: the capability lines or words as sent, cut to a sane length.
    """

    starttls: bool
    login_mechanisms: Tuple[str, ...] = ()
    lines: Tuple[str, ...] = ()


# The answer to a question of the mail posture
YES = "yes"
NO = "no"
NOT_ESTABLISHED = "not established"


@dataclass(frozen=True)
class Observation:
    """One question, put to the server. ``answer``: YES, NO or NOT_ESTABLISHED; ``line``: the server's line that decided it, as
    far as there is one; ``why``: what else there is to say, always so where the answer is not established."""

    answer: str
    line: str = ""
    why: str = ""


@dataclass(frozen=True)
class MailPosture:
    """What the server does when it is asked, where the capabilities tell only what it says. None: not looked at.

    ``starttls_enforced``: MAIL before TLS is refused for want of TLS (SMTP).
    ``authentication_required``: MAIL (or RCPT, where a relay address was given) is refused without authentication once TLS is
    on, or at all where there is none (SMTP). Servers that judge at RCPT only are not established without a relay address.
    ``login_refused``: a login begun before TLS is refused.
    ``starttls_unadvertised``: STARTTLS is accepted though it is not advertised.
    ``starttls_injection``: a command sent in clear with STARTTLS is answered inside TLS.
    ``left_over_bytes``: the server sent more than its reply to STARTTLS before TLS began.
    ``preauthenticated``: IMAP's PREAUTH greeting.
    ``plaintext_answered``: a port of implicit TLS also answers a command in clear.
    ``relays``: a recipient of another domain is accepted from this client without authentication.
    """

    starttls_enforced: Optional[Observation] = None
    authentication_required: Optional[Observation] = None
    login_refused: Optional[Observation] = None
    starttls_unadvertised: Optional[Observation] = None
    starttls_injection: Optional[Observation] = None
    left_over_bytes: Optional[Observation] = None
    preauthenticated: Optional[Observation] = None
    plaintext_answered: Optional[Observation] = None
    relays: Optional[Observation] = None


# What kept a look from seeing all
THROTTLED = "throttled"
SLOW = "slow"
CUT_OFF = "cut off"


@dataclass(frozen=True)
class PortEvidence:
    """All that was seen at ``address``:``port``. ``seconds`` is the time that the TCP connection took to its outcome.

    ``speaks``: the protocol recognised (smtp, lmtp, imap, pop3, sieve, or another's name such as ssh, http, ftp),
    ``""`` when nothing was recognised. ``encryption``: IMPLICIT, STARTTLS (offered and the handshake was tried),
    NONE, or None when it was not established. ``starttls_reply``: the server's answer to the STARTTLS command.
    ``throttled``: the 421/454-like line with which the server put us off. ``stopped``: why the look ended before all
    was seen (deadline, silence, cut off, line too long...), ``""`` when it was complete.
    ``from_itself``: source and destination address are the same (some servers then treat the client as secure).
    ``connections``: how many TCP connections the look made. ``hindered``: THROTTLED, SLOW or CUT_OFF where that is why something
    was not seen, ``""`` otherwise; ``throttled``, ``stopped``, ``notes`` and the observations then have the particulars.
    """

    host: str
    address: str
    family: str  # ipv4 or ipv6, "" when the name was not found
    port: int
    state: str
    seconds: float = 0.0
    detail: str = ""
    source_address: str = ""
    from_itself: bool = False
    greeting: str = ""
    speaks: str = ""
    software: str = ""
    encryption: Optional[str] = None
    before_tls: Optional[Capabilities] = None
    starttls_reply: str = ""
    tls: Optional[Tls] = None
    after_tls: Optional[Capabilities] = None
    throttled: str = ""
    stopped: str = ""
    connections: int = 0
    notes: Tuple[str, ...] = field(default=())
    mail_posture: Optional[MailPosture] = None
    hindered: str = ""
    posture: Optional[Posture] = None
