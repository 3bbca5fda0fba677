# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was seen at mail ports, held against what is required.

The requirements of a port build on each other: what cannot be reached cannot be judged further, what speaks another
protocol neither. So a port is judged down to the first fault that hides the rest, and each fault has one finding.
"""

from __future__ import annotations

from typing import Iterable, Iterator, Sequence

from ..intent.services import Service
from ..intent.suites import suite_traits
from ..intent.vocabulary import ALLOWED, FORBIDDEN
from ..wire import evidence as seen
from ..wire.evidence import PortEvidence, Tls
from .ciphers import iana_name
from .finding import FAIL, PASS, UNKNOWN, WARN, Finding, merge_addresses
from .greetings import judge_greeting, judge_throttled, was_cut_off, what_stopped, with_proxy_in_mind
from .mail_posture import judge_mail_posture, judge_preauth
from .once import tell_once
from .place import Place
from .tls_posture import judge_posture
from .vantage import may_connect, sent_nothing

_STATES = {
    seen.REFUSED: (
        "refused",
        "nothing listens on this address and port (the server is down, or listens elsewhere or on loopback "
        "only), or a filter rejects with a reset",
    ),
    seen.TIMED_OUT: (
        "timed out",
        "packets are dropped: by the host's filter, or on the way (a provider that blocks the port)",
    ),
    seen.UNREACHABLE: ("unreachable", "no route, or a filter that answers with an ICMP error"),
    seen.RESET: ("reset", "the connection was cut at once: by a filter, a ban, or the server"),
    seen.NAME_NOT_FOUND: ("name not found", "the host's name does not resolve from where the look was taken"),
}
_MODES = {
    seen.IMPLICIT: "TLS from the first byte",
    seen.STARTTLS: "plaintext with STARTTLS",
    seen.NONE: "plaintext without STARTTLS",
}
#: Mechanisms that prove a password or a ticket without sending it. Any other, an unknown one too, may send a secret.
_NO_SECRET_IN_CLEAR = ("SCRAM-", "GSSAPI", "GS2-", "CRAM-MD5", "DIGEST-MD5", "NTLM", "EXTERNAL", "ANONYMOUS", "APOP")
_WANTED = {
    "implicit": (seen.IMPLICIT,),
    "starttls": (seen.STARTTLS,),
    "opportunistic": (seen.STARTTLS,),
    "none": (seen.NONE, seen.STARTTLS),
}


def judge_mail_ports(services: Sequence[Service], evidence: Iterable[PortEvidence]) -> list[Finding]:
    """One finding for each requirement that could be judged, merged over addresses.

    :param evidence: of any hosts and addresses; every piece belongs to the service with its port.
    """
    by_port = {service.port: service for service in services if service.protocol}
    found: list[Finding] = []
    for port in evidence:
        found.extend(_Port(by_port[port.port], port).judge())
    return merge_addresses(found)


class _Port:
    """The judgement of one service at one address."""

    def __init__(self, service: Service, evidence: PortEvidence) -> None:
        self.service = service
        self.evidence = evidence
        self._place = Place(service, evidence)
        self.name = self._place.name
        self._finding = self._place.finding

    def judge(self) -> Iterator[Finding]:
        allowed = may_connect(self.service, self.evidence)
        if self.service.closed or allowed is False or self._is_left_closed():
            yield self._closed()
            return
        answered = self.evidence.state not in (seen.NAME_NOT_FOUND, seen.NOT_TRIED) and not sent_nothing(self.evidence)
        yield self._reachable() if allowed or not answered else self._unknown_audience()
        if self.evidence.state != seen.OPEN:
            return
        place = self._place
        hidden = (
            judge_throttled(place) or judge_greeting(place) or self._protocol() or self._preauth() or self._encryption()
        )
        if hidden is not None:
            yield with_proxy_in_mind(place, hidden)
            return
        for check in ("mail.greeting", "mail.protocol", "mail.encryption"):
            yield self._finding(check, PASS)
        tls: list[Finding] = []
        asked: list[Finding] = []
        if self.evidence.encryption != seen.NONE and self.service.encryption != "none":
            tls += self._tls()
            if self.evidence.tls is None or not self.evidence.tls.established:
                tls = [with_proxy_in_mind(place, finding) for finding in tls]
            if self.evidence.posture is not None:
                asked += judge_posture(self.service, self.evidence.posture, self.evidence)
        asked += judge_mail_posture(self.service, self.evidence)
        yield from tell_once(self._place, tls, asked)

    # -- the port ------------------------------------------------------------------------------------------------------

    def _is_left_closed(self) -> bool:
        """Whether the port may be open, need not be, and is not."""
        shut = self.evidence.state in (seen.REFUSED, seen.TIMED_OUT, seen.UNREACHABLE, seen.RESET)
        return self.service.optional and shut

    def _closed(self) -> Finding:
        state, source = self.evidence.state, self.evidence.source_address
        by_list = self.service.closed or self.service.optional
        expected = "not reachable" if by_list else f"not reachable from {source}"
        if sent_nothing(self.evidence):
            return self._finding("mail.closed", UNKNOWN, expected, "not looked at", self._no_way())
        if state == seen.OPEN:
            cause = "the port answers" + (f" as {self.evidence.speaks}" if self.evidence.speaks else "")
            return self._finding("mail.closed", FAIL, expected, "open", cause)
        if state in (seen.NOT_TRIED, seen.NAME_NOT_FOUND):
            return self._finding("mail.closed", UNKNOWN, expected, self._state(), what_stopped(self.evidence))
        return self._finding("mail.closed", PASS, expected, self._state())

    def _reachable(self) -> Finding:
        state = self.evidence.state
        if state == seen.OPEN:
            return self._finding("mail.reachable", PASS)
        if state == seen.NOT_TRIED:
            return self._finding("mail.reachable", UNKNOWN, "open", "not looked at", what_stopped(self.evidence))
        if sent_nothing(self.evidence):
            return self._finding("mail.reachable", UNKNOWN, "open", "not looked at", self._no_way())
        cause = _STATES[state][1]
        if self.evidence.detail and state in (seen.UNREACHABLE, seen.NAME_NOT_FOUND):
            cause += f" ({self.evidence.detail})"
        subject = self._state() if state == seen.NAME_NOT_FOUND else ""
        return self._finding("mail.reachable", FAIL, "open", self._state(), cause, subject=subject)

    def _unknown_audience(self) -> Finding:
        """Nobody can tell whether this client should get in."""
        source, opened = self.evidence.source_address, self.evidence.state == seen.OPEN
        why = f"the server does not see {source}, which is private, but an address that it is translated to"
        return self._finding(
            "mail.closed" if opened else "mail.reachable",
            UNKNOWN,
            "open to {} only".format(", ".join(self.service.sources)),
            self._state(),
            why if source else "the address with which this client appears is not known",
        )

    def _protocol(self) -> Finding | None:
        evidence = self.evidence
        if evidence.speaks == self.service.protocol or (not evidence.speaks and not evidence.greeting):
            return None
        observed = evidence.speaks or f"unknown: {evidence.greeting}"
        return self._finding(
            "mail.protocol", FAIL, str(self.service.protocol), observed, "another service holds the port"
        )

    def _preauth(self) -> Finding | None:
        """A session that is logged in cannot go over to TLS: whether STARTTLS is offered does not matter then."""
        shut_out = self.evidence.encryption in (seen.NONE, None) and self.service.encryption != "none"
        return judge_preauth(self._place) if shut_out else None

    def _encryption(self) -> Finding | None:
        evidence, wanted = self.evidence, self.service.encryption
        expected = _MODES[_WANTED[wanted][0]]
        if evidence.encryption is None:
            return self._finding(
                "mail.encryption", UNKNOWN, expected, "not established", what_stopped(self.evidence), subject=wanted
            )
        if evidence.encryption not in _WANTED[wanted]:
            observed, cause = self._other_mode(evidence.encryption)
            return self._finding("mail.encryption", FAIL, expected, observed, cause, subject=wanted)
        if evidence.encryption == seen.STARTTLS and evidence.tls is None:
            cause = "STARTTLS is offered, and what comes of it was not seen"
            return self._finding(
                "mail.encryption", UNKNOWN, expected, what_stopped(self.evidence), cause, subject=wanted
            )
        return None

    def _other_mode(self, found: str) -> tuple[str, str]:
        """What is spoken instead of what is required, and why that is bad."""
        reply = self.evidence.starttls_reply
        if found == seen.IMPLICIT:
            return _MODES[found], "the listener is set up for implicit TLS; clients that wait for a greeting time out"
        if self.service.encryption == "implicit":
            return _MODES[found], "the listener is not set up for TLS; clients that speak TLS at once fail"
        if reply:
            return f"STARTTLS offered and answered: {reply}", "the server offers STARTTLS and refuses it"
        logins = ", ".join(self._logins_before())
        cause = "STARTTLS is not offered"
        posture = self.evidence.mail_posture
        if posture and posture.starttls_unadvertised and posture.starttls_unadvertised.answer == seen.YES:
            cause += ", though it is accepted when it is sent"
        return _MODES[found], cause + (f", and login ({logins}) is offered in clear" if logins else "")

    # -- encryption and what is inside ---------------------------------------------------------------------------------

    def _tls(self) -> Iterator[Finding]:
        tls = self.evidence.tls
        if tls is None:
            yield self._finding(
                "mail.tls-handshake", UNKNOWN, "a handshake", "not established", what_stopped(self.evidence)
            )
            return
        yield from self._handshake(tls)
        if self.evidence.encryption == seen.STARTTLS:
            yield self._login_before_tls()
        if not tls.established:
            return
        yield from self._certificate(tls)
        yield from self._after_tls()

    def _handshake(self, tls: Tls) -> Iterator[Finding]:
        policy = self.service.policy
        if not tls.established:
            unseen = "deadline" in tls.error or "no answer" in tls.error
            yield self._finding(
                "mail.tls-handshake",
                UNKNOWN if unseen else FAIL,
                "a handshake",
                tls.error,
                "an ordinary TLS client cannot connect",
            )
            return
        version_good = policy.allows_version(tls.version)
        if tls.needs_legacy and version_good:
            yield self._finding(
                "mail.tls-handshake",
                FAIL,
                "a handshake",
                "only with lowered security level",
                "key, certificate or suites are too weak for current clients",
            )
        elif version_good:
            yield self._finding("mail.tls-handshake", PASS)
        if self.evidence.posture is not None:  # it tells of all versions and suites, not of the negotiated ones only
            return
        yield self._finding(
            "mail.tls-version",
            PASS if version_good else FAIL,
            f"at least {policy.min_version}",
            tls.version,
            "" if version_good else "the server negotiates an old version",
            source=policy.source("min_version"),
        )
        if version_good:
            yield self._suite(tls)

    def _suite(self, tls: Tls) -> Finding:
        policy, suite = self.service.policy, iana_name(tls.cipher)
        level = policy.level("suites", suite)
        traits = ", ".join(sorted(suite_traits(suite)))
        return self._finding(
            "mail.tls-cipher",
            PASS if level == ALLOWED else FAIL if level == FORBIDDEN else WARN,
            f"a suite that {policy.name} allows",
            suite,
            "the server chose this suite" + (f" ({traits})" if traits else ""),
            source=policy.source("suites"),
        )

    def _certificate(self, tls: Tls) -> Iterator[Finding]:
        # Other MTAs deliver to a public MX whatever its certificate says (RFC 3207 section 4.1): a warning there.
        bad = WARN if self.service.encryption == "opportunistic" else FAIL
        certificate = tls.certificate
        if tls.trusted is not None:
            yield self._finding(
                "mail.certificate-trust",
                PASS if tls.trusted else bad,
                "a trusted chain",
                tls.trust_error,
                f"issued by {certificate.issuer}" if certificate else "",
            )
        elif self.service.trust != "none":
            yield self._finding(
                "mail.certificate-trust", UNKNOWN, "a trusted chain", "not established", what_stopped(self.evidence)
            )
        if certificate is None:
            yield self._finding(
                "mail.certificate-name", UNKNOWN, self.name, "not established", "the certificate was not seen"
            )
            return
        yield self._finding(
            "mail.certificate-name",
            PASS if tls.name_matches else bad,
            self.name,
            ", ".join(certificate.names) or "no names",
            "the certificate is for another name",
        )
        threshold = min(self.service.policy.min_days, certificate.lifetime_days // 3)
        cause, observed = "", f"valid from {certificate.not_before} to {certificate.not_after}"
        if certificate.days_left < 0:
            cause = "it has expired"
        elif certificate.not_yet_valid:
            cause = "it is not valid yet (or the clock that judges is wrong)"
        elif certificate.days_left < threshold:
            cause = f"it expires in {certificate.days_left} days: renewal has stopped, or comes late"
        expected = f"valid now and for {threshold} days more"
        yield self._finding("mail.certificate-validity", bad if cause else PASS, expected, observed, cause)

    def _login_before_tls(self) -> Finding:
        before = self.evidence.before_tls
        if before is None:
            return self._finding(
                "mail.login-before-tls", UNKNOWN, "no login", "not established", what_stopped(self.evidence)
            )
        if not before.login_mechanisms:
            return self._finding("mail.login-before-tls", PASS)
        offered = ", ".join(before.login_mechanisms)
        if self.evidence.from_itself and self.evidence.software == "dovecot":
            cause = "Dovecot takes a client with its own address for secure: look from another host to know"
            return self._finding("mail.login-before-tls", UNKNOWN, "no login", offered, cause)
        if all(mechanism.startswith(_NO_SECRET_IN_CLEAR) for mechanism in before.login_mechanisms):
            cause = "these send no password in clear, but all that follows is"
            return self._finding("mail.login-before-tls", WARN, "no login", offered, cause)
        posture = self.evidence.mail_posture
        if posture is not None and posture.login_refused is not None and posture.login_refused.answer == seen.YES:
            cause = "listed, and refused when it is begun: clients cannot know before they try"
            return self._finding("mail.login-before-tls", WARN, "no login", offered, cause)
        return self._finding("mail.login-before-tls", FAIL, "no login", offered, "passwords can be sent in clear")

    def _after_tls(self) -> Iterator[Finding]:
        after = self.evidence.after_tls
        if after is None:
            cause = "the server breaks off under TLS: its back end is down, or it demands a client certificate"
            outcome = FAIL if was_cut_off(self.evidence) else UNKNOWN
            yield self._finding("mail.session", outcome, "an answer under TLS", what_stopped(self.evidence), cause)
            return
        yield self._finding("mail.session", PASS)
        login = after.login_mechanisms or not self.service.authentication
        yield self._finding(
            "mail.starttls-after-tls",
            FAIL if after.starttls else PASS,
            "not offered",
            "offered again under TLS",
            "the server does not know that the connection is encrypted" + ("" if login else ", and so offers no login"),
        )
        if self.service.authentication and (login or not after.starttls):
            outcome = PASS if after.login_mechanisms else FAIL if after.lines else UNKNOWN
            yield self._finding(
                "mail.authentication",
                outcome,
                "a login under TLS",
                "no login offered",
                "clients cannot log in" if after.lines else "the server does not list its capabilities",
            )

    # -- helpers -------------------------------------------------------------------------------------------------------

    def _logins_before(self) -> Sequence[str]:
        return self.evidence.before_tls.login_mechanisms if self.evidence.before_tls else ()

    def _state(self) -> str:
        return _STATES.get(self.evidence.state, (self.evidence.state,))[0]

    def _no_way(self) -> str:
        return f"the machine that looks cannot send to this address ({self.evidence.detail}): look from another"
