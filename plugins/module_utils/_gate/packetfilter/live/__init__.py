# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of the host that this runs on, and what decides beside them. It reads, and changes nothing.

No kernel module is loaded for the look: iptables-legacy and ipset are asked only where rules show that they are in use.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Callable, Optional, Tuple

from ...errors import EvidenceError
from ..readers.combine import RulesEvidence
from .commands import Commands, Output, Run, find_command, read_text, run_command
from .facts import Address, HostFacts, IpAddress, host_facts
from .kernel import on_host
from .rules import live_rules

__all__ = (
    "Address",
    "Commands",
    "HostFacts",
    "IpAddress",
    "Output",
    "Run",
    "find_command",
    "from_host",
    "host_facts",
    "on_host",
    "read_text",
    "run_command",
)


def from_host(
    run: Run = run_command,
    find: Callable[[str], Optional[str]] = find_command,
    read: Callable[[str], str] = read_text,
    is_root: Optional[bool] = None,
) -> Tuple[RulesEvidence, HostFacts]:
    """What the kernel's rules are now, and the host's own addresses, interfaces and routes.

    :param run: such as ``functools.partial(run_command, seconds=30)``. The other parameters are for tests.
    :raises EvidenceError: without root, without nft, or when a command fails.
    """
    if not (os.geteuid() == 0 if is_root is None else is_root):
        raise EvidenceError("nft -j list ruleset", "it needs root", "set `become: true`, or give `rules`")
    facts = host_facts(run, find, read)
    evidence = live_rules(Commands(run, find, read), facts.host, facts.notes)
    ruleset = on_host(evidence.ruleset, facts)
    return replace(evidence, ruleset=ruleset), facts
