# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the options that all modules share to what they mean. It leads to nothing of the wire, so that the modules that look at no
port need not bring and compile that on the host."""

from __future__ import annotations

from typing import Any, Mapping

from .._gate.intent.policy import parse_policy
from .._gate.intent.services import Defaults, Service, parse_services


def parse_list(options: Mapping[str, Any]) -> tuple[Service, ...]:
    """The services of the task, with the task's own settings where they have none."""
    defaults = Defaults(
        parse_policy(options["policy"]), options["trust"], options["server_name"], options["proxy_protocol"]
    )
    return parse_services(options["services"], defaults)
