# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of the host that this runs on, and what decides beside them. It reads, and changes nothing.

No kernel module is loaded for the look: iptables-legacy and ipset are asked only where rules show that they are in use.
"""

from __future__ import annotations

from typing import Tuple

from ...dataclass import replace
from ...errors import EvidenceError
from ...host.commands import Access, Commands
from ..readers.combine import RulesEvidence
from .facts import Address, HostFacts, IpAddress, host_facts
from .kernel import on_host
from .rules import live_rules

__all__ = ("Address", "HostFacts", "IpAddress", "from_host", "host_facts", "on_host")


def from_host(access: Access = Access()) -> Tuple[RulesEvidence, HostFacts]:
    """What the kernel's rules are now, and the host's own addresses, interfaces and routes.

    :raises EvidenceError: without root, without nft, or when a command fails.
    """
    if not access.is_root():
        raise EvidenceError("nft -j list ruleset", "it needs root", "set `become: true`, or give `rules`")
    facts = host_facts(access)
    evidence = live_rules(Commands(access), facts.host, facts.notes)
    ruleset = on_host(evidence.ruleset, facts)
    return replace(evidence, ruleset=ruleset), facts
