# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds exact sets: whatever the server chooses is left out of the next hello, until nothing is chosen any more."""

from __future__ import annotations

import functools
from typing import Callable, List, Optional, Sequence, Tuple

from ..dataclass import dataclass
from . import posture_hellos as hellos
from .hello.client import TLS12, TLS13, VERSION_NUMBERS, ClientHello
from .hello.groups import TLS12_GROUPS, TLS13_GROUPS
from .hello.traits import suite_traits, suites_of
from .posture_asking import Asker, Reply
from .posture_evidence import ACCEPTED, INCONCLUSIVE
from .posture_gathering import Gathering

NO_KEY_SHARE = "a hello without a key share (RFC 8446 4.2.8) is refused"


@dataclass(frozen=True)
class ExactSet:
    """``accepted``: numbers, those known before first, then in the order in which the server chose them. ``complete``: proven
    by a last hello that it refused; otherwise ``why`` says what came between. ``server_chooses``: of suites, whether the
    server's own order decides (None: cannot be told)."""

    accepted: Tuple[int, ...]
    complete: bool
    why: str = ""
    server_chooses: Optional[bool] = None


class Enumerator:
    """What hellos have shown before is not asked for again.

    :param told_groups: those that the server says to support in TLS 1.3. What it says and does, that is has chosen in TLS 1.2
        as well, is taken as shown.
    """

    def __init__(self, asker: Asker, gathering: Gathering, told_groups: Sequence[int] = ()) -> None:
        self._asker = asker
        self._gathering = gathering
        self._told_groups = told_groups

    def suites(self, version: str, whole: int = 0) -> ExactSet:
        """The suites of a version up to TLS 1.2: one hello for each that is not known yet, and one that is refused.

        :param whole: the suite that was chosen when all were offered, 0 where there was no such hello.
        """
        number = VERSION_NUMBERS[version]
        known = self._known_suites(number)
        return self._suites(
            number,
            [suite for suite in suites_of(version) if suite not in known],
            lambda offered: hellos.of_version(version, offered, self._asker.server_name),
            _Order(suites_of(version), whole),
        )

    def groups_of_tls12(self, last: Sequence[int] = ()) -> ExactSet:
        """The groups of ECDHE in TLS 1.2. With each, a suite may show that is not known yet.

        :param last: groups to offer after the others: without the curve of its ECDSA certificate, a server that has no other
            certificate can choose none (RFC 8422 5.1).
        """
        known = [group for group in self._gathering.named_groups.get(TLS12, []) if group not in last]
        left = [group for group in TLS12_GROUPS if group not in known and group not in last]
        return self._groups(
            TLS12,
            known,
            left + [group for group in TLS12_GROUPS if group in last],
            lambda offered: hellos.tls12(
                self._new_first(TLS12, ecdhe_suites()), offered, server_name=self._asker.server_name
            ),
        )

    def tls13(self, whole: int = 0) -> Tuple[ExactSet, ExactSet]:
        """Suites and groups of TLS 1.3. The hellos that ask for groups show suites as well.

        :param whole: the suite that was chosen when all were offered, 0 where there was no such hello.
        """
        name, order = self._asker.server_name, _Order(suites_of("TLSv1.3"), whole)

        def offer(groups: List[int]) -> ClientHello:
            suites = order.turned() if order.is_to_be_turned else self._new_first(TLS13, suites_of("TLSv1.3"))
            return hellos.tls13(suites, groups, name)

        known = self._known_groups_of_tls13()
        groups = self._groups(
            TLS13, known, [group for group in TLS13_GROUPS if group not in known], offer, order.answered
        )
        if not whole and len(groups.accepted) == len(known):
            # What is known is from clients with a key share: is it the groups that are refused, or that there is none?
            control = self._ask(hellos.everything_of("TLSv1.3", name))
            if control.answer != ACCEPTED or control.version != TLS13:
                why = groups.why or control.why or NO_KEY_SHARE
                known_suites = tuple(self._known_suites(TLS13))
                return ExactSet(known_suites, False, why), ExactSet(tuple(known), False, why)
        suites = self._suites(
            TLS13,
            [suite for suite in suites_of("TLSv1.3") if suite not in self._known_suites(TLS13)],
            lambda offered: hellos.tls13(offered, groups.accepted or TLS13_GROUPS, name),
            order,
        )
        return suites, groups

    def _known_groups_of_tls13(self) -> List[int]:
        chosen, in_tls12 = (self._gathering.named_groups.get(version, []) for version in (TLS13, TLS12))
        said_and_done = [group for group in self._told_groups if group in in_tls12 and group in TLS13_GROUPS]
        return list(dict.fromkeys([*chosen, *said_and_done]))

    def _known_suites(self, number: int) -> List[int]:
        return self._gathering.named_suites.get(number, [])

    def _new_first(self, number: int, suites: Sequence[int]) -> List[int]:
        """The suites, those that are known to be accepted last: where the client's order decides, each answer shows a new one."""
        known = self._known_suites(number)
        return sorted(suites, key=lambda suite: suite in known)

    def _suites(
        self, number: int, left: List[int], offer: Callable[[Sequence[int]], ClientHello], order: _Order
    ) -> ExactSet:
        accepted = list(self._known_suites(number))
        while left:
            turned = order.is_to_be_turned
            offered = order.turned() if turned else left
            reply = self._ask(offer(offered))
            if reply.answer == INCONCLUSIVE:
                return ExactSet(tuple(accepted), False, reply.why)
            # A lower version says as well that in this one nothing is left.
            chosen = reply.suite if reply.answer == ACCEPTED and reply.version == number else 0
            order.answered(offered, chosen)
            if chosen in left:
                accepted.append(chosen)
                left.remove(chosen)
            elif not turned:
                break
        usual = tuple(suite for suite in accepted if not _is_special(suite))
        if len(usual) > 1 and not order.is_tested(accepted):  # too few were new
            order = _Order(usual, self._ask(offer(usual)).suite)
            order.answered(order.turned(), self._ask(offer(order.turned())).suite)
        chooses = None if self._asker.cuts_hellos else order.server_chooses(accepted)
        return ExactSet(tuple(accepted), True, server_chooses=chooses)

    def _groups(
        self,
        version: int,
        known: Sequence[int],
        left: List[int],
        offer: Callable[[List[int]], ClientHello],
        tell: Callable[[Sequence[int], int], None] = lambda offered, chosen: None,
    ) -> ExactSet:
        accepted = list(known)
        while left:
            hello = offer(left)
            reply = self._ask(hello)
            if reply.answer == INCONCLUSIVE:
                return ExactSet(tuple(accepted), False, reply.why)
            if reply.answer != ACCEPTED or reply.version != version:
                break
            tell(hello.suites, reply.suite)
            chosen = _group(reply, version)
            if chosen not in left:
                return ExactSet(tuple(accepted), False, "the server chose something that was not offered")
            accepted.append(chosen)
            left.remove(chosen)
        return ExactSet(tuple(accepted), True)

    def _ask(self, hello: ClientHello) -> Reply:
        reply = self._asker.ask_for_any(hello)
        self._gathering.take(reply.flight)
        return reply


class _Order:
    """Finds out whose order decides, from two answers: what was chosen first is offered again, behind all that is left.

    Under the server's own order it is chosen again; where the client's order decides, the first that the server has is.

    :param offered: what the first hello offered, if there was one before. :param chosen: what was chosen of it.
    """

    def __init__(self, offered: Sequence[int] = (), chosen: int = 0) -> None:
        self._first, self._second = 0, 0
        self._turned: Sequence[int] = ()
        if chosen:
            self.answered(offered, chosen)

    @property
    def is_to_be_turned(self) -> bool:
        """The next hello should offer :meth:`turned`."""
        return len(self._turned) > 1 and not self._second

    def is_tested(self, accepted: Sequence[int]) -> bool:
        """The second answer was a choice between several that the server has."""
        return bool(self._second) and sum(suite in accepted for suite in self._turned) > 1

    def turned(self) -> Sequence[int]:
        return self._turned

    def answered(self, offered: Sequence[int], chosen: int) -> None:
        """Note an answer. ``chosen``: 0 for a refusal."""
        if self._first and tuple(offered) == self._turned:
            self._second = chosen or -1
        elif chosen and not self._first and not _is_special(chosen):
            self._first = chosen
            others = [suite for suite in offered if suite != chosen and not _is_special(suite)]
            self._turned = (*others[::-1], chosen)

    def server_chooses(self, accepted: Sequence[int]) -> Optional[bool]:
        """:param accepted: all that the server has, as far as is known."""
        has = [suite for suite in self._turned if suite in accepted]
        if not self.is_tested(accepted) or self._second not in (has[0], self._first):
            return None
        return self._second == self._first


def _is_special(suite: int) -> bool:
    """Some servers let a client that puts ChaCha20 first have it, and follow their own order otherwise; others fail over
    finite fields."""
    traits = suite_traits(suite)
    return traits.cipher == "CHACHA20" or traits.key_exchange == "DHE"


@functools.lru_cache(maxsize=1)
def ecdhe_suites() -> Tuple[int, ...]:
    """The suites of TLS 1.2 whose key exchange has a named group."""
    return tuple(suite for suite in suites_of("TLSv1.2") if suite_traits(suite).key_exchange == "ECDHE")


def _group(reply: Reply, version: int) -> int:
    """The number of the group that was chosen; 0 for none."""
    flight = reply.flight
    if version == TLS13:
        return (flight.hello.group or 0) if flight.hello else 0
    return (flight.key_exchange.group or 0) if flight.key_exchange else 0
