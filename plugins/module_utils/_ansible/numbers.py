# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that are numbers. It leads to nothing else, for the module that runs on the host with as little as may be."""

from __future__ import annotations

from typing import Any, Mapping

from .._gate.errors import IntentError


def parse_timeout(options: Mapping[str, Any]) -> int:
    """The seconds that the whole task may take, checked."""
    return parse_number(options, "timeout", 1, 3600, "seconds")


def parse_number(options: Mapping[str, Any], name: str, lowest: int, highest: int, unit: str) -> int:
    value = int(options[name])
    if not lowest <= value <= highest:
        raise IntentError(name, value, f"a number of {unit} from {lowest} to {highest}")
    return value
