# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first words of a server: whether it greets, and whether it has time for this client."""

from __future__ import annotations

from ..dataclass import replace
from ..wire.evidence import PortEvidence
from ..wire.proxy_protocol import NO_HEADER
from .finding import FAIL, PASS, UNKNOWN, Finding
from .place import Place

#: How the look says that a server wants nothing of the client, and that its first reply has no end.
_REFUSED_SERVICE = ("greeting refuses service", "HELO refused", "EHLO refused", "LHLO refused")
_TOO_MUCH = ("longer than", "more than")
#: Postfix, before it greets.
_LOCAL_ERROR = "Server local error"


def judge_throttled(place: Place) -> Finding | None:
    """The finding about a server that puts this client off, as a whole or when it asks for TLS; None when it does not."""
    evidence = place.evidence
    if not evidence.throttled:
        return None
    cause, subject = "the server puts this client off; what the port offers otherwise is unknown", ""
    if evidence.before_tls is not None and evidence.before_tls.starttls:
        cause = "the server offers STARTTLS and cannot begin TLS: it cannot read its key or certificate, or is short of something"
        subject = "no TLS now"
    return place.finding("mail.throttled", UNKNOWN, "an answer", evidence.throttled, cause, subject=subject)


def judge_greeting(place: Place) -> Finding | None:
    """The finding about a greeting that is none; None when there is one, or another protocol's."""
    evidence = place.evidence
    if evidence.stopped.startswith(_REFUSED_SERVICE):
        cause = "the server takes no client like this one: by its list of addresses, or there is no service here"
        if evidence.stopped.endswith(_LOCAL_ERROR):
            cause = "the server cannot serve: it expects the PROXY protocol (Postfix says this then), or it is set up wrongly"
        return place.finding("mail.greeting", FAIL, "a greeting", evidence.stopped, cause)
    if evidence.greeting or evidence.encryption is not None or evidence.speaks not in ("", place.service.protocol):
        return None
    if was_cut_off(evidence):
        cause = "the server accepts and then hangs up: its back end or SASL is down, or it expects PROXY protocol, or it bans"
        return place.finding("mail.greeting", FAIL, "a greeting", what_stopped(evidence), cause)
    if any(words in evidence.stopped for words in _TOO_MUCH):
        cause = "no client reads that far: something else holds the port, or the server is broken"
        return place.finding("mail.greeting", FAIL, "a greeting", what_stopped(evidence), cause)
    if evidence.tls is not None:
        return None
    cause = "the server accepts and says nothing in time: slow, a tarpit, its back end is down, or it expects PROXY protocol"
    return place.finding("mail.greeting", UNKNOWN, "a greeting", what_stopped(evidence), cause)


def with_proxy_in_mind(place: Place, finding: Finding) -> Finding:
    """The finding, which may come from a header that the port did not expect: it then reads as a first command."""
    if finding.outcome == PASS or place.service.proxy_protocol == NO_HEADER:
        return finding
    hint = "or the port does not expect the PROXY protocol, with which this look begins"
    return replace(finding, cause="; ".join(part for part in (finding.cause, hint) if part))


def was_cut_off(evidence: PortEvidence) -> bool:
    """The server ended the connection, as against not answering in time."""
    return any(word in evidence.stopped for word in ("closed", "reset", "certificate required"))


def what_stopped(evidence: PortEvidence) -> str:
    """Why the look ended before all was seen."""
    return evidence.stopped or evidence.detail or "the look ended early"
