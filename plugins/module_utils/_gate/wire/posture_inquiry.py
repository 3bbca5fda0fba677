# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known so far of a port's TLS, and the means to ask more: shared by all parts of the look."""

from __future__ import annotations

from typing import Dict, List, Optional, Tuple

from ..dataclass import dataclass
from .hello.client import VERSION_NAMES, VERSION_NUMBERS
from .hello.flight import Flight
from .posture_asking import Asker, Reply
from .posture_evidence import ACCEPTED, INCONCLUSIVE, REJECTED, VERSIONS, Answer
from .posture_gathering import Gathering
from .posture_hellos import AnyHello
from .posture_questions import LeftOut


@dataclass(frozen=True)
class Application:
    """What the ordinary client's handshake showed. ``chain``: in DER form, the leaf at least; empty if there was none.
    ``whole_chain``: what came after the leaf is in ``chain`` too. ``early_data``: the tickets of TLS 1.3 allow 0-RTT data.
    ``flights``: what the server said in this handshake, and in others of OpenSSL's with the same name. ``told_groups``: the
    groups that it said there to support in TLS 1.3."""

    version: str
    chain: Tuple[bytes, ...] = ()
    whole_chain: bool = False
    early_data: Optional[bool] = None
    flights: Tuple[Flight, ...] = ()
    told_groups: Tuple[int, ...] = ()


class Inquiry:
    """``versions``, ``outside_suites``, ``outside_groups``: answers by version, as far as there are any. ``whole``: the suite
    that was chosen of all that a version can use, by version, where all were offered."""

    def __init__(
        self, asker: Asker, left_out: LeftOut, application: Optional[Application], alpn: Tuple[str, ...] = ()
    ) -> None:
        self.asker = asker
        self.left_out = left_out
        self.application = application
        self.gathering = Gathering()
        for flight in application.flights if application else ():
            self.gathering.take_choices(flight)
        self.versions: Dict[str, Answer] = {}
        self.outside_suites: Dict[str, Answer] = {}
        self.outside_groups: Dict[str, Answer] = {}
        self.whole: Dict[str, int] = {}
        self.signatures: Optional[Answer] = None
        self.without_sni: Optional[Answer] = None
        self.sslv2_suites: Tuple[str, ...] = ()
        self._alpn = alpn

    @property
    def server_name(self) -> str:
        """What hellos say; ``""``: nothing."""
        return self.asker.server_name

    @property
    def alpn(self) -> Tuple[str, ...]:
        """The protocol that hellos name, if it has a name and the server does not refuse it."""
        return () if self.asker.alpn_refused else self._alpn

    def ask(self, hello: AnyHello, without_sni: bool = False, for_any: bool = False) -> Reply:
        """Put a hello, and note what its answer shows. ``without_sni``: it names no server though there is a name.
        ``for_any``: its refusal shall prove that the server accepts none of its suites."""
        reply = self.asker.ask_for_any(hello) if for_any else self.asker.ask(hello)
        self.gathering.take(reply.flight, without_sni)
        return reply

    def accepts(self, version: str) -> bool:
        return version in self.versions and self.versions[version].answer == ACCEPTED

    def version_seen(self, version: str, reply: Reply) -> None:
        """Note what the reply to a hello whose highest version is ``version`` says of it, and of those between where the
        server chose a lower one. What was known before stays."""
        if reply.answer != ACCEPTED:
            self.versions.setdefault(version, reply.about(version))
            return
        chosen = VERSION_NAMES[reply.version]
        for between in VERSIONS[VERSIONS.index(chosen) + 1 : VERSIONS.index(version) + 1]:
            self.versions.setdefault(between, Answer(between, REJECTED))
        # The server has shown it: whatever else it said before.
        self.versions[chosen] = Answer(chosen, ACCEPTED)

    def settle(self, answers: Dict[str, Answer], version: str, accepted: List[int], inside: Tuple[int, ...]) -> bool:
        """Note that something outside is accepted, if that has been seen already."""
        if all(each in inside for each in accepted):
            return False
        answers[version] = Answer(version, ACCEPTED)
        return True

    def seen_suites(self, version: str) -> List[int]:
        """Numbers of the suites that the server has chosen in a version, in that order."""
        return self.gathering.suites.get(VERSION_NUMBERS.get(version, 0), [])

    def seen_groups(self, version: str) -> List[int]:
        """As :meth:`seen_suites`, of groups."""
        return self.gathering.groups.get(VERSION_NUMBERS.get(version, 0), [])


def in_version(version: str, reply: Reply) -> Answer:
    """What the reply says of what was offered in this very version: choosing a lower one rejects it."""
    if reply.answer == ACCEPTED and reply.version != VERSION_NUMBERS[version]:
        return Answer(version, REJECTED)
    return reply.about(version)


def not_asked(version: str) -> Answer:
    return Answer(version, INCONCLUSIVE, "not asked")
