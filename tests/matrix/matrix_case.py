# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One case of the matrix, and the whole chain that judges its server: options, look, judgement."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, ContextManager, Mapping, Optional, Tuple

from module_utils._ansible.look_options import limits, mail_services, targets
from module_utils._ansible.options import SHARED
from module_utils._gate.judge.finding import PASS
from module_utils._gate.judge.mail_ports import judge_mail_ports
from module_utils._gate.wire.look import look

from matrix_certificates import NAME
from matrix_servers import Behaviour
from wire_servers import Server

FAIL, WARN, UNKNOWN = "fail", "warn", "unknown"


@dataclass(frozen=True)
class Case:
    """``server``: what is wrong with it, or what opens a port without one (``kind`` is the service then). ``finding``: the
    one that is expected, check and outcome; None: nothing is wrong. ``service``, ``options``: what the user writes beside the
    name and the port. ``reply_seconds``: less patience, where the server makes us wait."""

    name: str
    server: Any
    finding: Optional[Tuple[str, str]] = None
    service: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    reply_seconds: float = 5.0
    kind: str = ""

    def start(self, keys) -> ContextManager[Any]:
        """The server; its ``port`` is what is looked at."""
        return Server(self.server.script(keys)) if isinstance(self.server, Behaviour) else self.server()


def faults(case: Case, keys):
    """Every finding that is not a pass."""
    with case.start(keys) as server:
        port = server if isinstance(server, int) else server.port
        kind = case.kind or case.server.kind
        options = {name: option.get("default") for name, option in SHARED.items()}
        options.update(host=["127.0.0.1"], server_name=NAME, trust=keys.ca, ehlo_name="client.example.org")
        options.update(services=[{"name": kind, "port": port, **case.service}], **case.options)
        services = mail_services(options)
        within = dataclasses.replace(
            limits(options),
            reply_seconds=case.reply_seconds,
            connect_seconds=min(case.reply_seconds, 1.0),
            silence_seconds=min(case.reply_seconds, 1.0),
            retry_seconds=0.1,
        )
        evidence = look(targets(options, services), within)
    return [item for item in judge_mail_ports(services, evidence) if item.outcome != PASS], evidence
