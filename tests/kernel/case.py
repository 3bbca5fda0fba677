# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A ruleset to load; a handmade one with the trap in it and what the kernel must do by the hand of its writer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping, Tuple

from packets import Probe


@dataclass(frozen=True)
class Rules:
    """``nft``: for ``nft -f``. ``xtables``: by restore command without ``-restore``, such as ``iptables-nft`` or
    ``ip6tables-legacy``. ``ipset``: for ``ipset restore``."""

    nft: str = ""
    xtables: Mapping[str, str] = field(default_factory=dict)
    ipset: str = ""

    @property
    def text(self) -> str:
        """All of it, for whoever looks for borders in it."""
        return "\n".join([self.nft, *self.xtables.values(), self.ipset])

    @property
    def tracked(self) -> bool:
        """Does it look at connection states? Then no packet is probed that could only belong to an older
        connection, such as an ICMP error: out of the blue, the kernel takes it for invalid."""
        return "ct state" in self.text or "state" in "".join(self.xtables.values())


@dataclass(frozen=True)
class Case(Rules):
    """``trap``: what a naive analysis gets wrong here. ``accepted`` and ``refused`` are the controls: a harness that
    loses packets, or a filter that was not loaded, fails them.

    ``exact``: the analysis must be sure about every packet. Otherwise the ruleset holds something that depends on the
    run, and the kernel must lie between what the analysis calls certain and what it calls possible.
    """

    name: str = ""
    trap: str = ""
    accepted: Tuple[Probe, ...] = ()
    refused: Tuple[Probe, ...] = ()
    exact: bool = True


@dataclass(frozen=True)
class Journey(Rules):
    """A ruleset for the arrangement HOUSE, and what becomes of packets there: ``answers`` in the words of
    :func:`lab.answer`, empty where the kernel drops. They are the kernel's, seen before the analysis was written."""

    name: str = ""
    trap: str = ""
    answers: Tuple[Tuple[Probe, str], ...] = ()
    exact: bool = True
    forwarding: Tuple[int, ...] = (4, 6)
    settings: Tuple[str, ...] = ()
