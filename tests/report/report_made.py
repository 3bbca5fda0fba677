# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documents of the runs in report_samples.py, made by the collection."""

from __future__ import annotations

from typing import Any

import report_samples as samples
from ansible_collections.mailops.gate.plugins.module_utils._gate.report.document import document
from ansible_collections.mailops.gate.plugins.module_utils._gate.report.looks import parse_looks


def made(name: str, **more: Any) -> dict[str, Any]:
    """The document of a run."""
    return document(parse_looks(samples.RUNS[name]()), samples.GENERATED, **more)


def compared(name: str) -> dict[str, Any]:
    """The document of a run, against an earlier one in which half of the hosts had other faults."""
    earlier = made(name)
    for number, host in enumerate(earlier["hosts"]):
        if number % 2:
            host["findings"] = [dict(each, port=each.get("port", 0) + 1) for each in host["findings"]]
    return made(name, earlier=dict(earlier, generated="2026-11-23T12:00:00+00:00"))
