# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What came of comparing: by server, and difference by difference."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Optional

import ours
from cases import Case
from compare import Difference
from explained import BOTH, Explanation
from judge import Ruling
from view import View


@dataclass(frozen=True)
class Settled:
    """A difference, what a third client says, and why it is there."""

    case: str
    peer: str
    difference: Difference
    ruling: Optional[Ruling]
    explanation: Optional[Explanation]

    @property
    def right(self) -> str:
        """``mailops.gate``, the peer's name, ``both`` or ``""`` (open). What a third client shows outweighs the explanation."""
        if self.ruling is not None:
            return ours.NAME if self.ruling.accepted == self.difference.ours else self.peer
        return self.explanation.right if self.explanation else ""

    @property
    def is_fine(self) -> bool:
        return self.right in (ours.NAME, BOTH)

    def __str__(self) -> str:
        found = self.difference
        seen = f"only we see {found.item}" if found.ours else f"only {self.peer} sees {found.item}"
        proof = ""
        if self.ruling:
            proof = f"\n        {self.ruling.by}: {'accepted' if self.ruling.accepted else 'refused'}"
        return f"{self.peer}: {seen} ({found.kind}, {found.version}); right: {self.right or 'open'}{proof}"


@dataclass
class Outcome:
    """Of one case. ``facts``: how many each peer told that could be compared. ``inconclusive``: what the server answered by
    hanging up. ``failures``: tools that gave no result, and why."""

    case: Case
    mine: Optional[View] = None
    facts: Dict[str, int] = field(default_factory=dict)
    settled: List[Settled] = field(default_factory=list)
    inconclusive: List[str] = field(default_factory=list)
    failures: Dict[str, str] = field(default_factory=dict)

    def differences(self, peer: str) -> List[Settled]:
        return [each for each in self.settled if each.peer == peer]
