# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the options that all modules share to what they mean. It leads to nothing of the wire, so that the modules that look at no
port need not bring and compile that on the host."""

from __future__ import annotations

from typing import Any, Mapping

from .._gate.errors import IntentError
from .._gate.intent.policy import parse_policy
from .._gate.intent.services import Defaults, Service, parse_services


def parse_list(options: Mapping[str, Any]) -> tuple[Service, ...]:
    """The services of the task, with the task's own settings where they have none."""
    defaults = Defaults(
        parse_policy(options["policy"]), options["trust"], options["server_name"], options["proxy_protocol"]
    )
    return parse_services(options["services"], defaults)


def parse_timeout(options: Mapping[str, Any]) -> int:
    """The seconds that the whole task may take, checked."""
    return parse_number(options, "timeout", 1, 3600, "seconds")


def parse_number(options: Mapping[str, Any], name: str, lowest: int, highest: int, unit: str) -> int:
    value = int(options[name])
    if not lowest <= value <= highest:
        raise IntentError(name, value, f"a number of {unit} from {lowest} to {highest}")
    return value
