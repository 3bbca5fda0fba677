# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The look at a packet filter: rules in, the exact set of accepted new connections out. Nothing here knows what was required."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Mapping, Sequence

from ..errors import IntentError
from . import live
from .diagram import Space
from .evaluate import Acceptance, accepted
from .model import Ruleset
from .openings import question
from .readers.files import from_files

FAMILIES = {"ipv4": 4, "ipv6": 6}


@dataclass(frozen=True)
class FilterEvidence:
    """``question``: the packets asked about. ``promised``: those of them that go to an address which clients are given
    (link-local ones are not). ``families``: 4 and 6, as far as rules were read for them. ``interfaces``: known by name."""

    space: Space
    ruleset: Ruleset
    acceptance: Acceptance
    question: int
    promised: int
    families: frozenset[int]
    interfaces: tuple[str, ...]
    notes: tuple[str, ...]


def look_at_filter(
    rules: Mapping[str, str],
    interfaces: Sequence[str] = (),
    addresses: Sequence[str] = (),
    families: Sequence[str] | None = None,
    timeout: int = 30,
) -> FilterEvidence:
    """What the live host accepts, or what candidate files would.

    :param rules: paths of files by kind, empty for the live host.
    :param interfaces: input interfaces asked about; () for all but lo.
    :param addresses: the host's own; () to read them from the host, or any unicast destination for files.
    :param families: ``ipv4``, ``ipv6``; None for both, or live for those that the host has addresses of.
    :param timeout: seconds for each command that is run.
    :raises IntentError, EvidenceError: before anything is analysed.
    """
    given = [_address(text) for text in addresses]
    facts = None
    if rules:
        evidence = from_files(rules)
    else:
        evidence, facts = live.from_host(timeout=timeout)
    own = given or (facts.reachable_addresses() if facts else [])
    clients = given or (facts.global_addresses() if facts else [])
    asked = {FAMILIES[name] for name in families} if families else {4, 6}
    if own and not families:
        asked = {address.version for address in own}
    space = Space()
    whole = question(space, asked, interfaces or None, own or None)
    promised = question(space, asked, interfaces or None, clients) if clients else whole
    acceptance = accepted(space, evidence.ruleset, whole)
    known = sorted(set(interfaces) | set(facts.interfaces if facts else ()))
    return FilterEvidence(space, evidence.ruleset, acceptance, whole, promised, evidence.families, tuple(known),
                          evidence.ruleset.notes + acceptance.notes)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text.split("%", maxsplit=1)[0])
    except ValueError:
        raise IntentError("addresses", text, "an IPv4 or IPv6 address") from None
