# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server did when it was asked, held against what mail servers must do."""

from __future__ import annotations

from typing import Iterator, NamedTuple

from ..intent.services import Service
from ..wire.dialogue.verdicts import ONLY_A_LOGIN_IS_WANTED
from ..wire.evidence import NO, YES, Observation, PortEvidence
from .finding import FAIL, PASS, UNKNOWN, WARN, Finding
from .place import Place


class _Demand(NamedTuple):
    """``right``: the answer that passes. ``expected``, ``observed``, ``cause``: the words where it is the other one."""

    check: str
    right: str
    expected: str
    observed: str
    cause: str


_DEMANDS = {
    "authentication_required": _Demand(
        "mail.authentication-required",
        YES,
        "mail refused without authentication",
        "mail accepted",
        "whoever connects can submit mail",
    ),
    "login_refused": _Demand(
        "mail.login-refused",
        YES,
        "a login before TLS refused",
        "a login begun",
        "clients that do not look at the capabilities send the password in clear",
    ),
    "starttls_injection": _Demand(
        "mail.starttls-injection",
        NO,
        "commands sent in clear with STARTTLS discarded",
        "answered inside TLS",
        "somebody on the way can put commands into the encrypted session (CVE-2011-0411)",
    ),
    "left_over_bytes": _Demand(
        "mail.starttls-left-over",
        NO,
        "nothing after the reply to STARTTLS",
        "more bytes sent in clear",
        "clients may take them for part of the encrypted session (CVE-2021-38371)",
    ),
    "preauthenticated": _Demand(
        "mail.preauth",
        NO,
        "a login asked for",
        "PREAUTH",
        "whoever connects is logged in, and STARTTLS is not possible any more",
    ),
    "plaintext_answered": _Demand(
        "mail.plaintext-on-tls-port",
        NO,
        "TLS only",
        "plaintext answered as well",
        "a client without TLS sends its password in clear, and it works",
    ),
    "relays": _Demand(
        "mail.relay",
        NO,
        "mail for other domains refused",
        "accepted from a stranger",
        "an open relay: spammers find it within hours, and block lists soon after",
    ),
}


def judge_mail_posture(service: Service, evidence: PortEvidence) -> Iterator[Finding]:
    """One finding for each question that was put to the server."""
    posture = evidence.mail_posture
    if posture is None:
        return
    place = Place(service, evidence)
    if posture.starttls_enforced is not None:
        yield from _enforced(place, posture.starttls_enforced)
    for name, demand in _DEMANDS.items():
        seen: Observation | None = getattr(posture, name)
        if seen is None:
            continue
        # Servers that judge at RCPT do not answer this one unless they are asked with a recipient, which the user gives.
        if name == "authentication_required" and (not service.authentication or not (_clear(seen) or posture.relays)):
            continue
        # What a stranger may send anywhere may be sent without a login: that is one fault.
        if name == "authentication_required" and posture.relays is not None and posture.relays.answer == YES:
            continue
        # Where there is no login, which has its finding, how strangers are refused does not matter.
        if name == "authentication_required" and not _clear(seen) and _has_no_login(evidence):
            continue
        yield _held(place, demand, seen)


def judge_preauth(place: Place) -> Finding | None:
    """The finding about a greeting with PREAUTH, if there was one."""
    posture = place.evidence.mail_posture
    if posture is None or posture.preauthenticated is None or posture.preauthenticated.answer != YES:
        return None
    return _held(place, _DEMANDS["preauthenticated"], posture.preauthenticated)


def _enforced(place: Place, seen: Observation) -> Iterator[Finding]:
    """Submission must refuse mail before TLS (RFC 8314 section 3); a public MX must not (RFC 3207 section 4)."""
    if place.service.encryption == "starttls":
        cause = "clients that are kept from STARTTLS on the way submit mail in clear"
        observed = seen.why if seen.why == ONLY_A_LOGIN_IS_WANTED else "accepted"
        yield _held(place, _Demand("mail.starttls-enforced", YES, "mail before TLS refused", observed, cause), seen)
    elif place.service.encryption == "opportunistic" and seen.answer == YES:
        cause = "MTAs without TLS cannot deliver; a public MX must not require it (RFC 3207 section 4)"
        yield place.finding("mail.starttls-enforced", WARN, "mail before TLS accepted", seen.line or seen.why, cause)


def _has_no_login(evidence: PortEvidence) -> bool:
    return evidence.after_tls is not None and not evidence.after_tls.login_mechanisms


def _clear(seen: Observation) -> bool:
    return seen.answer in (YES, NO)


def _held(place: Place, demand: _Demand, seen: Observation) -> Finding:
    if seen.answer == demand.right:
        return place.finding(demand.check, PASS)
    if not _clear(seen):
        return place.finding(demand.check, UNKNOWN, demand.expected, "not established", seen.why or seen.line)
    observed = f"{demand.observed}: {seen.line}" if seen.line else demand.observed
    return place.finding(demand.check, FAIL, demand.expected, observed, demand.cause)
