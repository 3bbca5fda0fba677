# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The argument specs. The options that all modules share make one ``module_defaults`` group possible."""

from __future__ import annotations

from typing import Any

SHARED: dict[str, dict[str, Any]] = {
    "host": {"type": "list", "elements": "str"},
    "addresses": {"type": "list", "elements": "str", "default": []},
    "services": {"type": "list", "elements": "raw"},
    "policy": {"type": "raw", "default": "rfc8314"},
    "trust": {"type": "str", "default": "system"},
    "server_name": {"type": "str", "default": ""},
    "depth": {"type": "str", "choices": ["handshake", "posture", "enumerate"], "default": "posture"},
    "try_login": {"type": "bool", "default": False},
    "relay_to": {"type": "str", "default": ""},
    "proxy_protocol": {"type": "str", "choices": ["none", "v1", "v2"], "default": "none"},
    "ehlo_name": {"type": "str", "default": ""},
    "timeout": {"type": "int", "default": 60},
    "max_connections": {"type": "int", "default": 1000},
    "max_parallel": {"type": "int", "default": 8},
    "max_per_second": {"type": "float", "default": 0},
    "verbose": {"type": "bool", "default": False},
    "fail_on": {"type": "list", "elements": "str", "default": ["fail", "unknown"]},
}

FILTER: dict[str, dict[str, Any]] = {
    "rules": {"type": "dict", "default": {}},
    "interfaces": {"type": "list", "elements": "str", "default": []},
    "families": {"type": "list", "elements": "str", "choices": ["ipv4", "ipv6"]},
}

EGRESS: dict[str, dict[str, Any]] = {
    "targets": {"type": "list", "elements": "raw", "default": []},
    "domains": {"type": "list", "elements": "str", "default": []},
    "ports": {"type": "list", "elements": "int", "default": [25, 465, 587]},
    "reference": {"type": "list", "elements": "dict", "default": []},
}


def _spec(*parts: dict[str, dict[str, Any]], required: tuple[str, ...] = ()) -> dict[str, dict[str, Any]]:
    spec = {name: dict(option) for part in parts for name, option in part.items()}
    for name in required:
        spec[name]["required"] = True
    return spec


MAIL_PORTS = _spec(SHARED, required=("host", "services"))
FIREWALL_PORTS_INFO = _spec(SHARED, FILTER, {"baseline": {"type": "raw"}})
FIREWALL_PORTS = _spec(
    SHARED,
    FILTER,
    {name: {"type": "bool", "default": False} for name in ("next_boot", "listeners")},
    required=("services",),
)
LISTENING_PORTS_INFO = _spec(SHARED)
FIREWALL_EVIDENCE: dict[str, dict[str, Any]] = {
    "commands": {"type": "list", "elements": "list", "default": []},
    "listeners": {"type": "bool", "default": False},
    "timeout": SHARED["timeout"],
}
MAIL_EGRESS = _spec(SHARED, EGRESS)
MAIL_SERVER: dict[str, dict[str, Any]] = {
    "host": {"type": "str", "required": True},
    "services": dict(SHARED["services"], required=True),
    "firewall": {"type": "dict"},
    "candidates": {"type": "bool", "default": False},
    "listeners": {"type": "dict"},
    "wire": {"type": "dict", "default": {}},
    "names": {"type": "bool", "default": False},
    "keep_going": {"type": "bool", "default": False},
    "look": {"type": "list", "elements": "str", "choices": ["filter", "listeners", "wire"], "default": []},
    **{name: option for name, option in SHARED.items() if name not in ("host", "services")},
    **FILTER,
}
