# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the joined verdict is put together from."""

from __future__ import annotations

from ..dataclass import dataclass
from .diagnosis import Diagnosis
from .diagnosis_views import is_about
from .finding import Finding


@dataclass
class Part:
    """A finding of one view, ``seen_by`` those vantages (none: not of the wire)."""

    finding: Finding
    seen_by: tuple[str, ...] = ()

    def is_about(self, found: Diagnosis) -> bool:
        return is_about(self.finding, found.port, found.service, found.transport)
