# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may become of a packet, as the values of a diagram, and the operations on them.

An *outcome* is how some rules end for a packet (it goes on with the next rule, is accepted, ...) and the update that they
made to its state. Two kinds of doubts stand between a packet and its outcome. What hangs on the host's state (a rate, a
clock) differs from one packet to the next: a *choice* is the set of outcomes that occur. What hangs on something that is
not understood is one way or the other, and not known: a *fate* is the set of choices of which one is true. So

- {{accept}} is certain, {{accept, drop}} is sometimes accepted, and {{accept}, {drop}} is unknown.

Fates are numbered as they arise, and the numbers are the values of diagrams; "first match wins" is an operation on them.
"""

from __future__ import annotations

from typing import Dict, FrozenSet, Iterable, List, Optional, Set, Tuple

from ..errors import EvidenceError
from .diagram import Space
from .model import ACCEPT, CONTINUE, DROP, REJECT, RETURN, Nat
from .nodes import LEAVES, Binary, Laws, Unary
from .state import KEPT, NAT_SLOT, SAME, Update, updated
from .substitute import split

# How some rules may end for a packet.
GOES_ON = 0  # with the next rule
ACCEPTED = 1
DROPPED = 2
RETURNED = 3
TAINTED = 4  # something that is not followed may have happened to it
_WAITING = 5  # it goes on with rules that are still to be put in here

KINDS: Dict[str, int] = {ACCEPT: ACCEPTED, DROP: DROPPED, REJECT: DROPPED, RETURN: RETURNED, CONTINUE: GOES_ON}
#: The value of a diagram where nothing was said: no branch of a rule contains the packet.
MISS = 0

Outcome = Tuple[int, int]  # kind, number of an update
Choice = FrozenSet[Outcome]
Fate = FrozenSet[Choice]

_MOST_CHOICES = 64


class Fates:
    """Numbers for fates, and the operations on diagrams with these values."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.nodes = space.nodes
        self.fates: List[Fate] = [frozenset()]
        self._numbers: Dict[Fate, int] = {frozenset(): MISS}
        self.updates: List[Update] = [SAME]
        self._update_numbers: Dict[Update, int] = {SAME: 0}
        self._rebased: Dict[Tuple[int, int], Fate] = {}
        self._products: Dict[FrozenSet[int], Binary] = {}
        self._leaves: Dict[int, FrozenSet[int]] = {}
        #: Destination NAT by its number in a state; 0 is none.
        self.nats: List[Optional[Nat]] = [None]
        self._nat_numbers: Dict[Nat, int] = {}
        self.goes_on, self.accepted, self.dropped, self.returned = map(self.certain, range(4))
        self.unfollowed = self.number([[(TAINTED, 0), (GOES_ON, 0)]])
        self.elsewhere = self.number([[(ACCEPTED, 0), (DROPPED, 0)]])
        nodes = self.nodes
        #: First one list of rules; what goes on there meets the other.
        self.then = nodes.binary(
            self._then,
            Laws(
                left_identity=lambda a: a == self.goes_on,
                right_identity=lambda b: b == self.goes_on,
                left_constant=lambda a: None if self._has(a, GOES_ON) else a,
            ),
        )
        #: The function inside of a region, `MISS` outside.
        self.within = nodes.binary(
            lambda inside, fate: fate if inside else MISS,
            Laws(
                left_identity=lambda inside: inside == 1,
                left_constant=lambda inside: None if inside else MISS,
                right_constant=lambda fate: MISS if fate == MISS else None,
            ),
        )
        self.otherwise = nodes.binary(
            lambda a, b: a if a != MISS else b,
            Laws(
                left_identity=lambda a: a == MISS,
                right_identity=lambda b: b == MISS,
                left_constant=lambda a: None if a == MISS else a,
                idempotent=True,
            ),
        )
        merging = Laws(
            left_identity=lambda a: a == MISS, right_identity=lambda b: b == MISS, idempotent=True, commutes=True
        )
        #: One of the two is true, and it is not known which.
        self.either = nodes.binary(lambda a, b: self._merged(self.fates[a] | self.fates[b]), merging)
        #: Both occur.
        self.both = nodes.binary(self._both, merging)
        self.miss_goes_on = nodes.unary(lambda fate: fate if fate != MISS else self.goes_on)
        self.after_jump = self._renaming({RETURNED: GOES_ON})
        self.after_goto = self._renaming({GOES_ON: RETURNED})
        #: What a base chain's policy makes of the packets that no rule decided about; who is accepted goes on.
        self.policies = {
            kind: self._renaming({GOES_ON: end, RETURNED: end, ACCEPTED: GOES_ON})
            for kind, end in ((ACCEPT, GOES_ON), (DROP, DROPPED))
        }
        #: The same for all outcomes that go on, in whatever state: they have arrived.
        self.arrived = nodes.unary(self._arrived)
        #: The same without destination NAT, for chains that cannot set it up.
        self.not_translated = nodes.unary(self._not_translated)
        self._wait = self._renaming({GOES_ON: _WAITING})
        self.where = {kind: nodes.unary(self._region(kind)) for kind in range(5)}
        self.certainly_accepted = nodes.unary(lambda fate: int(self._kinds(fate) == {frozenset((ACCEPTED,))}))
        self.sometimes_accepted = nodes.unary(lambda fate: int(self._kinds(fate) == {frozenset((ACCEPTED, DROPPED))}))
        #: Where a packet may get in: it is accepted, or that is not followed.
        self.perhaps_accepted = nodes.unary(lambda fate: int(self._has(fate, ACCEPTED) or self._has(fate, TAINTED)))
        #: The rules of a run with this verdict, from the region of the packets that one of them matches.
        self.runs = {kind: nodes.unary(self._run(end)) for kind, end in KINDS.items()}
        self._where_going: Dict[int, Unary] = {}

    # Numbers

    def certain(self, kind: int, update: Update = SAME) -> int:
        return self.number([[(kind, self.update_number(update))]])

    def number(self, choices: Iterable[Iterable[Outcome]]) -> int:
        return self._number(frozenset(frozenset(choice) for choice in choices))

    def _number(self, fate: Fate) -> int:
        if len(fate) > _MOST_CHOICES:
            # Still nothing is certain that is not, but "sometimes" may become "unknown".
            fate = frozenset(frozenset((outcome,)) for choice in fate for outcome in choice)
        found = self._numbers.get(fate)
        if found is None:
            found = len(self.fates)
            if found == LEAVES:
                raise EvidenceError("the rules", "they leave packets in more than {0} different states".format(LEAVES))
            self._numbers[fate] = found
            self.fates.append(fate)
        return found

    def update_number(self, update: Update) -> int:
        found = self._update_numbers.get(update)
        if found is None:
            found = self._update_numbers[update] = len(self.updates)
            self.updates.append(update)
        return found

    def nat_number(self, nat: Nat) -> int:
        found = self._nat_numbers.get(nat)
        if found is None:
            found = self._nat_numbers[nat] = len(self.nats)
            self.nats.append(nat)
        return found

    # Values

    def is_doubtful(self, fate: int) -> bool:
        return len({kind for choice in self.fates[fate] for kind, _update in choice}) > 1

    def _has(self, fate: int, kind: int) -> bool:
        return any(outcome[0] == kind for choice in self.fates[fate] for outcome in choice)

    def _kinds(self, fate: int) -> Set[FrozenSet[int]]:
        return {frozenset(kind for kind, _update in choice) for choice in self.fates[fate]}

    def _run(self, kind: int) -> Unary:
        matched = self.certain(kind)
        return lambda inside: matched if inside else self.goes_on

    def _region(self, kind: int) -> Unary:
        return lambda fate: int(self._has(fate, kind))

    def _renaming(self, kinds: Dict[int, int]) -> Unary:
        def rename(fate: int) -> int:
            return self.number([(kinds.get(k, k), update) for k, update in choice] for choice in self.fates[fate])

        return self.nodes.unary(rename)

    def _arrived(self, fate: int) -> int:
        kinds = {GOES_ON: ACCEPTED}
        return self.number([(kinds.get(kind, kind), 0) for kind, _update in choice] for choice in self.fates[fate])

    def _not_translated(self, fate: int) -> int:
        def kept(update: int) -> int:
            return self.update_number(self.updates[update][:NAT_SLOT] + (KEPT,))

        return self.number([(kind, kept(update)) for kind, update in choice] for choice in self.fates[fate])

    def _merged(self, fate: Fate) -> int:
        return self._number(fate)

    def _both(self, a: int, b: int) -> int:
        return self._number(frozenset(one | other for one in self.fates[a] for other in self.fates[b]))

    def _rebase(self, fate: int, first: int) -> Fate:
        """The fate with its updates made after the first one."""
        if first == 0:
            return self.fates[fate]
        found = self._rebased.get((fate, first))
        if found is None:
            base = self.updates[first]
            found = self._rebased[(fate, first)] = frozenset(
                frozenset((kind, self.update_number(updated(base, self.updates[update]))) for kind, update in choice)
                for choice in self.fates[fate]
            )
        return found

    def _then(self, a: int, b: int) -> int:
        return self._put_in(a, b, GOES_ON, None)

    def _put_in(self, a: int, b: int, kind: int, group: object) -> int:
        """Fate ``a`` with fate ``b`` in the place of the outcomes of the kind (and with an update of the group)."""
        result: Set[Choice] = set()
        for choice in self.fates[a]:
            replaced = [o for o in choice if o[0] == kind and (group is None or o[1] in group)]  # type: ignore[operator]
            parts: Set[Choice] = {choice.difference(replaced)}
            for outcome in replaced:
                after = self._rebase(b, outcome[1])
                parts = {part | chosen for part in parts for chosen in after}
            result |= parts
        return self._number(frozenset(result))

    # Diagrams

    def merge(self, run_time: bool) -> Binary:
        return self.both if run_time else self.either

    def perhaps(self, node: int, run_time: bool) -> int:
        """The rules of the diagram, or none of them."""
        return self.merge(run_time)(node, self.goes_on)

    def updates_going_on(self, node: int) -> FrozenSet[int]:
        """The numbers of the updates with which packets may go on."""
        return frozenset(
            update
            for leaf in self.leaves(node)
            for choice in self.fates[leaf]
            for kind, update in choice
            if kind == GOES_ON
        )

    def leaves(self, node: int) -> FrozenSet[int]:
        """All values of a diagram."""
        if node < LEAVES:
            return frozenset((node,))
        found = self._leaves.get(node)
        if found is None:
            kids = set(self.nodes.kids[node])
            found = frozenset(kid for kid in kids if kid < LEAVES).union(
                *(self.leaves(kid) for kid in kids if kid >= LEAVES)
            )
            self._leaves[node] = found
        return found

    def followed_by(self, first: int, continuations: Dict[FrozenSet[int], int]) -> int:
        """`then`, where what follows depends on the update: a diagram for each group of updates."""
        if len(continuations) == 1:
            return self.then(first, next(iter(continuations.values())))
        result = self._wait(first)
        for group, node in continuations.items():
            result = self._put(group)(result, node)
        return result

    def _put(self, group: FrozenSet[int]) -> Binary:
        found = self._products.get(group)
        if found is None:

            def waits(fate: int) -> bool:
                return any(k == _WAITING and update in group for choice in self.fates[fate] for k, update in choice)

            found = self._products[group] = self.nodes.binary(
                lambda a, b: self._put_in(a, b, _WAITING, group),
                Laws(left_constant=lambda a: None if waits(a) else a),
            )
        return found

    def where_going_on(self, node: int, update: int) -> int:
        """The packets that may go on with this update."""
        operation = self._where_going.get(update)
        if operation is None:
            outcome = (GOES_ON, update)
            operation = self._where_going[update] = self.nodes.unary(
                lambda fate: int(any(outcome in choice for choice in self.fates[fate]))
            )
        return operation(node)

    def split(self, node: int) -> Dict[int, int]:
        """For each value of a diagram the region where it is."""
        return split(self.nodes, node)
