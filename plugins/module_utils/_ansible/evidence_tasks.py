# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``firewall_evidence_info`` does on the host: it asks, and understands nothing."""

from __future__ import annotations

from typing import Any, Mapping

from .._gate.errors import EvidenceError, IntentError
from .._gate.host.record import record
from .listener_tasks import listening_ports_info
from .numbers import parse_timeout


def firewall_evidence_info(options: Mapping[str, Any]) -> dict[str, Any]:
    """The result of ``firewall_evidence_info``: ``answers``, and ``listeners`` if asked for."""
    for number, command in enumerate(options["commands"]):
        if not all(isinstance(word, str) for word in command):
            raise IntentError(f"commands[{number}]", command, "a list of texts")
    result: dict[str, Any] = {"answers": record(options["commands"], parse_timeout(options)), "changed": False}
    if options["listeners"]:
        result["listeners"] = sockets()
    return result


def sockets() -> dict[str, Any]:
    """What listens, for those who want it beside something else, which does not suffer where that cannot be read."""
    try:
        found = listening_ports_info({"verbose": False})
    except EvidenceError as error:
        return {"msg": str(error), "failed": True}
    del found["changed"]
    return found
