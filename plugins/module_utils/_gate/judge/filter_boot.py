# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of now against those of the next start."""

from __future__ import annotations

from typing import Iterator

from ..packetfilter.diagram import EMPTY
from ..packetfilter.evaluate import difference, undecided_difference
from ..packetfilter.openings import lines
from ..packetfilter.sensor import FilterEvidence
from .checks import CHECKS
from .finding import FAIL, PASS, UNKNOWN, Finding

CHECK = "firewall.next-boot"
_SAVE = (
    "apply the configuration if it is right, or save the rules of now: nft list ruleset into the file of nftables.service, "
    "netfilter-persistent save, firewall-cmd --runtime-to-permanent; with ufw write rules by ufw alone"
)


def judge_next_boot(host: str, evidence: FilterEvidence, asked: int) -> Iterator[Finding]:
    """Nothing where it was not asked for; otherwise one finding for what differs and one for what is not known.

    :param asked: the packets that the judgement is about.
    """
    look = evidence.next_boot
    if look is None:
        return
    changes = list(look.boot.differs)
    unknown = list(look.boot.unknown)
    if look.acceptance is None and not (look.boot.as_now or changes or unknown):
        unknown.append("no rules of the next start were read")
    if look.acceptance is not None:
        opened, closed = difference(evidence.acceptance, look.acceptance)
        for word, region, side in (("opens", opened, look.acceptance), ("closes", closed, evidence.acceptance)):
            part = evidence.space.intersect(region, asked)
            if part != EMPTY:
                changes.extend("{} {}".format(word, text) for text in lines(side, part))
        part = evidence.space.intersect(undecided_difference(evidence.acceptance, look.acceptance), asked)
        if part != EMPTY:
            unknown.append("certain in one of the two alone: " + "; ".join(lines(evidence.acceptance, part)))
    source = ", ".join(look.boot.sources) or "nothing that is known here loads rules"
    if changes:
        yield _finding(host, FAIL, "; ".join(changes), "the rules of now are not those of: " + source, _SAVE)
    if unknown:
        settles = "restart the host and look again, or ask without next_boot"
        yield _finding(host, UNKNOWN, "not known", "; ".join(unknown), settles)
    if not changes and not unknown:
        yield Finding(CHECK, host, 0, "", PASS)


def _finding(host: str, outcome: str, observed: str, cause: str, fix: str) -> Finding:
    expected = "the same ports open after the next start"
    return Finding(CHECK, host, 0, "", outcome, (), expected, observed, cause, fix, CHECKS[CHECK].source)
