# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds exact sets: whatever the server chooses is left out of the next hello, until nothing is chosen any more."""

from __future__ import annotations

from typing import Callable, List, Optional, Sequence, Tuple

from ..dataclass import dataclass
from . import posture_hellos as hellos
from .hello.client import TLS12, TLS13, VERSION_NUMBERS, ClientHello
from .hello.groups import TLS12_GROUPS, TLS13_GROUPS
from .hello.traits import suite_traits, suites_of
from .posture_asking import Asker, Reply
from .posture_evidence import ACCEPTED, INCONCLUSIVE
from .posture_gathering import Gathering


@dataclass(frozen=True)
class ExactSet:
    """``accepted``: numbers in the order in which the server chose them. ``complete``: proven by a last hello that it refused;
    otherwise ``why`` says what came between."""

    accepted: Tuple[int, ...]
    complete: bool
    why: str = ""


class Enumerator:
    def __init__(self, asker: Asker, gathering: Gathering) -> None:
        self._asker = asker
        self._gathering = gathering

    def suites(self, version: str) -> ExactSet:
        """The suites of a version up to TLS 1.2: one more hello than there are."""
        return self._exhaust(
            VERSION_NUMBERS[version],
            suites_of(version),
            lambda left: hellos.of_version(version, left, self._asker.server_name),
            lambda reply: reply.suite,
        )

    def groups_of_tls12(self, last: Sequence[int] = ()) -> ExactSet:
        """The groups of ECDHE in TLS 1.2.

        :param last: groups to offer after the others: without the curve of its ECDSA certificate, a server that has no other
            certificate can choose none (RFC 8422 5.1).
        """
        suites = ecdhe_suites()
        return self._exhaust(
            TLS12,
            [group for group in TLS12_GROUPS if group not in last] + [group for group in TLS12_GROUPS if group in last],
            lambda left: hellos.tls12(suites, left, server_name=self._asker.server_name),
            lambda reply: _group(reply, TLS12),
        )

    def tls13(self) -> Tuple[ExactSet, ExactSet]:
        """Suites and groups of TLS 1.3. Each hello leaves out what was chosen of both, as long as both have something left."""
        suites, groups = list(suites_of("TLSv1.3")), list(TLS13_GROUPS)
        seen_suites: List[int] = []
        seen_groups: List[int] = []
        while suites and groups:
            reply = self._ask(hellos.tls13(suites, groups, self._asker.server_name))
            group = _group(reply, TLS13)
            if reply.version != TLS13 or reply.answer != ACCEPTED or group not in groups:
                break
            seen_suites.append(reply.suite)
            seen_groups.append(group)
            suites.remove(reply.suite)
            groups.remove(group)
        # One of the two is at its end, or both: from here each is asked with all that is known of the other.
        more_suites = self._exhaust(
            TLS13,
            suites,
            lambda left: hellos.tls13(left, seen_groups or TLS13_GROUPS, self._asker.server_name),
            lambda reply: reply.suite,
        )
        more_groups = self._exhaust(
            TLS13,
            groups,
            lambda left: hellos.tls13(seen_suites or suites_of("TLSv1.3"), left, self._asker.server_name),
            lambda reply: _group(reply, TLS13),
        )
        return _joined(seen_suites, more_suites), _joined(seen_groups, more_groups)

    def server_chooses(self, version: str, accepted: Sequence[int]) -> Optional[bool]:
        """Whether the server's own order decides: the same suites are offered the other way round. None: cannot be told.

        :param accepted: in the order in which the server chose them.
        """
        # Some servers let a client that puts ChaCha20 first have it, and follow their own order otherwise.
        usual = [suite for suite in accepted if suite_traits(suite).cipher != "CHACHA20"]
        if len(usual) < 2:
            return None
        reply = self._ask(hellos.of_version(version, usual[::-1], self._asker.server_name))
        if reply.answer != ACCEPTED or reply.suite not in (usual[0], usual[-1]):
            return None
        return reply.suite == usual[0]

    def _exhaust(
        self,
        version: int,
        candidates: Sequence[int],
        offer: Callable[[List[int]], ClientHello],
        chosen_of: Callable[[Reply], int],
    ) -> ExactSet:
        left = list(candidates)
        accepted: List[int] = []
        while left:
            reply = self._ask(offer(left))
            if reply.answer == INCONCLUSIVE:
                return ExactSet(tuple(accepted), False, reply.why)
            # A lower version says as well that in this one nothing is left.
            if reply.answer != ACCEPTED or reply.version != version:
                break
            chosen = chosen_of(reply)
            if chosen not in left:
                return ExactSet(tuple(accepted), False, "the server chose something that was not offered")
            accepted.append(chosen)
            left.remove(chosen)
        return ExactSet(tuple(accepted), True)

    def _ask(self, hello: ClientHello) -> Reply:
        reply = self._asker.ask_for_any(hello)
        self._gathering.take(reply.flight)
        return reply


def ecdhe_suites() -> Tuple[int, ...]:
    """The suites of TLS 1.2 whose key exchange has a named group."""
    return tuple(suite for suite in suites_of("TLSv1.2") if suite_traits(suite).key_exchange == "ECDHE")


def _group(reply: Reply, version: int) -> int:
    """The number of the group that was chosen; 0 for none."""
    flight = reply.flight
    if version == TLS13:
        return (flight.hello.group or 0) if flight.hello else 0
    return (flight.key_exchange.group or 0) if flight.key_exchange else 0


def _joined(first: Sequence[int], rest: ExactSet) -> ExactSet:
    return ExactSet(tuple(first) + rest.accepted, rest.complete, rest.why)
