# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plain interpreter of the rules for one packet: slow, obvious, and independent of the decision diagram.

It explains an answer (which rule decided), and the tests compare the diagram with it. Where a rule *may* hold, it follows
both ways, so that the result is the set of all outcomes that are possible.
"""

from __future__ import annotations

from typing import Mapping

from ..model import NOTHING_KNOWN, Host, Ruleset
from .machine import Run
from .packet import RUN_TIME, packet_of
from .report import ALWAYS, SOMETIMES, UNKNOWN, Delivered, Step, Walk, decided_by

__all__ = ("ALWAYS", "SOMETIMES", "UNKNOWN", "Delivered", "Step", "Walk", "decided_by", "walk")


def walk(ruleset: Ruleset, packet: Mapping[int, int], host: Host = NOTHING_KNOWN) -> Walk:
    """What can become of the first packet of a connection, as a client sends it.

    :param packet: a value for each dimension of the model that a client sets (an absent one counts as 0); what the kernel
        sets on the way is followed.
    :raises EvidenceError: a chain is missing, or jumps form a circle.
    """
    run = Run(ruleset, packet_of(packet), host)
    ending = run.ending()
    certainty = ALWAYS
    if len(ending.outcomes) > 1:
        certainty = SOMETIMES if ending.kinds <= {RUN_TIME} else UNKNOWN
    return Walk(ending.outcomes, tuple(run.recorder.steps), certainty, ending.deliveries)
