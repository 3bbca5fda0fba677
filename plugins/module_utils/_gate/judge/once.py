# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One fault hides answers and shows in several: it is told once, by the finding that says most."""

from __future__ import annotations

from typing import Iterator, Sequence

from ..wire import evidence as seen
from ..wire.dialogue.verdicts import ONLY_A_LOGIN_IS_WANTED
from ..wire.evidence import Tls
from .finding import FAIL, PASS, UNKNOWN, Finding
from .place import Place

_HINDRANCES = {
    seen.THROTTLED: "the server began to put this client off",
    seen.CUT_OFF: "the server answered at first and then no longer: a ban, a limit of connections, or a restart",
    seen.SLOW: "the server answered at first and then not in time: slow, or a tarpit",
}
#: What a verifier refuses a chain for, beside where it leads (OpenSSL's words), and who judges that.
_VERIFIER_WORDS = {
    "certificate purpose": "mail.certificate-usage",
    "key too weak": "mail.certificate-key",
    "digest algorithm too weak": "mail.certificate-signature",
}
#: What an ordinary client refuses a certificate for, and what else it refuses a server for.
_OF_CERTIFICATE = ("mail.certificate-key", "mail.certificate-signature")
_OF_WEAKNESS = (*_OF_CERTIFICATE, "mail.tls-suites", "mail.tls-groups", "mail.tls-finite-field")


def tell_once(place: Place, tls: Sequence[Finding], asked: Sequence[Finding]) -> Iterator[Finding]:
    """The findings without those that tell of a fault again.

    :param tls: about the handshake and the session of an ordinary client.
    :param asked: about what was asked beside, one question after the other.
    """
    failed = {finding.check for finding in asked if finding.outcome == FAIL}
    again = _explained(place.evidence.tls, failed)
    yield from (finding for finding in tls if finding.check not in again)
    if "mail.login-before-tls" in {finding.check for finding in tls if finding.outcome == FAIL}:
        asked = [finding for finding in asked if not _is_of_an_offered_login(finding)]
    yield from _without_what_is_hidden(place, bool(tls), asked)


def _is_of_an_offered_login(finding: Finding) -> bool:
    """What comes of a login that is offered in clear: it can be begun, and mail be sent after it."""
    if finding.check == "mail.starttls-enforced":
        return finding.outcome == FAIL and finding.observed.startswith(ONLY_A_LOGIN_IS_WANTED)
    return finding.check == "mail.login-refused" and finding.outcome != PASS


def _explained(tls: Tls | None, failed: set[str]) -> set[str]:
    """Checks of the ordinary handshake that went wrong for what has a finding among ``failed``."""
    if tls is None:
        return set()
    explained = set()
    if any(words in tls.trust_error and check in failed for words, check in _VERIFIER_WORDS.items()):
        explained.add("mail.certificate-trust")
    if failed & set(_OF_WEAKNESS if tls.needs_legacy else () if tls.established else _OF_CERTIFICATE):
        explained.add("mail.tls-handshake")
    return explained


def _without_what_is_hidden(place: Place, tls_is_judged: bool, asked: Sequence[Finding]) -> Iterator[Finding]:
    """Where the look was hindered, one finding stands for all that are unknown. None does where the handshake or the session
    under TLS did not come about: that has a finding already, and hides the rest."""
    evidence = place.evidence
    came_about = evidence.tls is None or (evidence.tls.established and evidence.after_tls is not None)
    told = tls_is_judged and not came_about
    unknown = [finding for finding in asked if finding.outcome == UNKNOWN] if told or evidence.hindered else []
    yield from (finding for finding in asked if finding not in unknown)
    if unknown and not told:
        stopped = evidence.posture.stopped if evidence.posture else ""
        observed = stopped or evidence.throttled or "; ".join(dict.fromkeys(each.cause for each in unknown))
        cause = f"{_HINDRANCES[evidence.hindered]}; not established: {', '.join(each.check for each in unknown)}"
        yield place.finding("mail.throttled", UNKNOWN, "an answer to each connection", observed, cause)
