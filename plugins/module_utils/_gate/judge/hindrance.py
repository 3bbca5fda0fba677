# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server that puts a client off, bans it or stalls in the middle of a look hides many answers at once: that is told once."""

from __future__ import annotations

from typing import Iterator, Sequence

from ..wire import evidence as seen
from .finding import UNKNOWN, Finding
from .place import Place

_CAUSES = {
    seen.THROTTLED: "the server began to put this client off",
    seen.CUT_OFF: "the server answered at first and then no longer: a ban, a limit of connections, or a restart",
    seen.SLOW: "the server answered at first and then not in time: slow, or a tarpit",
}


def told_once(place: Place, asked: Sequence[Finding]) -> Iterator[Finding]:
    """What was judged of many questions; where the look was hindered, one finding stands for all that are unknown.

    :param asked: the findings about what was asked, one question after the other, of the place's port.
    """
    evidence = place.evidence
    unknown = [finding for finding in asked if finding.outcome == UNKNOWN] if evidence.hindered else []
    yield from (finding for finding in asked if finding not in unknown)
    if unknown:
        stopped = evidence.posture.stopped if evidence.posture else ""
        observed = stopped or evidence.throttled or "; ".join(dict.fromkeys(each.cause for each in unknown))
        hidden = ", ".join(finding.check for finding in unknown)
        cause = f"{_CAUSES[evidence.hindered]}; not established: {hidden}"
        yield place.finding("mail.throttled", UNKNOWN, "an answer to each connection", observed, cause)
