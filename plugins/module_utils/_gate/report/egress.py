# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way out as plain data: each port of each address as the wire has it, with whose it is and who answers there."""

from __future__ import annotations

from typing import Any

from ..dataclass import asdict
from ..egress.sensor import EgressEvidence, Way
from ..names.sensor import DomainEvidence
from ..wire import evidence as seen
from .ports import port_as_dict, without_empty


def egress_as_dict(evidence: EgressEvidence, verbose: bool = False) -> dict[str, Any]:
    """``ports``, ``domains``, and ``reachable``: for each port the hosts that answer on it themselves."""
    ports = sorted({way.evidence.port for way in evidence.ways})
    return {
        "ports": [_way(way, verbose) for way in evidence.ways],
        "domains": [_domain(domain) for domain in evidence.domains],
        "reachable": {str(port): _answering(evidence, port) for port in ports},
    }


def _answering(evidence: EgressEvidence, port: int) -> list[str]:
    ways = [way for way in evidence.ways if way.evidence.port == port and way.outcome == seen.OPEN]
    return list(dict.fromkeys(way.evidence.host for way in ways))


def _way(way: Way, verbose: bool) -> dict[str, Any]:
    plain = port_as_dict(way.evidence, verbose)
    plain["target"] = way.destination.label
    plain["outcome"] = way.outcome
    signs = {
        "proof": way.signs.proof,
        "signs": [*way.signs.signs, way.signs.stripped] if way.signs.stripped else list(way.signs.signs),
        "doubts": list(way.signs.doubts),
    }
    plain.update(without_empty(signs))
    return plain


def _domain(domain: DomainEvidence) -> dict[str, Any]:
    plain: dict[str, Any] = without_empty(asdict(domain))
    if not domain.implicit:
        del plain["implicit"]
    return plain
