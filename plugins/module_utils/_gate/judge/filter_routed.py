# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts behind this one that answer to their own addresses."""

from __future__ import annotations

from typing import Iterator

from ..packetfilter.addresses import cidrs
from ..packetfilter.diagram import EMPTY
from ..packetfilter.model import DADDR, FAMILY
from ..packetfilter.openings import describe, rule_text
from ..packetfilter.sensor import FilterEvidence
from .checks import CHECKS
from .filter_advice import Advice
from .finding import PASS, WARN, Finding

CHECK = "firewall.routed"


def judge_routed(host: str, evidence: FilterEvidence, advice: Advice, asked: int) -> Iterator[Finding]:
    """Nothing where no other host can be reached through this one; otherwise one finding.

    :param asked: the packets that the judgement is about, whatever their destination.
    """
    routed, space = evidence.routed, evidence.space
    if routed is None:
        return
    # What NAT redirects to this host itself does not get to the other.
    forwarded = space.union_all(item.node for item in routed.deliveries if item.path == "forward")
    reached = space.intersect(forwarded, asked)
    if reached == EMPTY:
        yield Finding(CHECK, host, 0, "", PASS)
        return
    rules = [rule_text(where) for where, _node in routed.accepted_by(reached) if "forward" in advice.hooks(where)]
    observed = f"{describe(routed, reached, brief=True)} of {', '.join(_networks_behind(evidence, reached))}"
    expected = "no other host reached through this one, but for published ports"
    cause = "forwarded, let pass by " + ", ".join(rules[:3]) if rules else "forwarded, and no chain looks at it"
    fix = "accept what is to be forwarded in a chain of the forward hook, and drop the rest; or switch forwarding off"
    yield Finding(CHECK, host, 0, "", WARN, (), expected, observed, cause, fix, CHECKS[CHECK].source)


def _networks_behind(evidence: FilterEvidence, reached: int) -> Iterator[str]:
    space = evidence.space
    for item in evidence.host.own or ():
        width = 32 if item.family == 4 else 128
        first = item.value >> (width - item.prefix) << (width - item.prefix)
        network = ((first, first | ((1 << (width - item.prefix)) - 1)),)
        if space.meet(reached, space.box({FAMILY: ((item.family, item.family),), DADDR: network})):
            yield cidrs(item.family, network)[0]
