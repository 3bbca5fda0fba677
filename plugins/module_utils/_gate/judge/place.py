# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a finding is made: one service at one address."""

from __future__ import annotations

from ..intent.services import Service
from ..wire.evidence import PortEvidence
from .checks import CHECKS
from .finding import PASS, Finding
from .remedies import remedy


class Place:
    """Makes the findings of one service at one address. ``name``: the reference name of the certificate."""

    def __init__(self, service: Service, evidence: PortEvidence) -> None:
        self.service = service
        self.evidence = evidence
        self.name = service.server_name or evidence.host

    def finding(
        self,
        check: str,
        outcome: str,
        expected: str = "",
        observed: str = "",
        cause: str = "",
        subject: str = "",
        source: str = "",
    ) -> Finding:
        """A finding here. One that passes carries no more than its name; ``subject`` picks the remedy (default: ``check``)."""
        evidence = self.evidence
        addresses = (evidence.address,) if evidence.address else ()
        if outcome == PASS:
            return Finding(check, evidence.host, self.service.port, self.service.label, outcome, addresses)
        return Finding(
            check,
            evidence.host,
            self.service.port,
            self.service.label,
            outcome,
            addresses,
            expected,
            observed,
            cause,
            remedy(subject or check, evidence.software, self.service, evidence.host, self.name),
            source or CHECKS[check].source,
        )
