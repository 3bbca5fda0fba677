# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks that are measured: the role, and what people write today for a part of what it holds.

By hand means: each port answers (``wait_for`` in a loop), a client gets TLS with a trusted certificate for the right name
(``openssl s_client`` in a loop), the filter's text names the ports, and ``assert``; for the services of the role, in both
families of addresses, as it does. Beside it stand a part and more of that. The part is IPv4 alone. More is that each port is
asked whether it refuses TLS 1.1, and that the sockets are looked at: the role does both. None of them looks for what is open and
should not be, and none tells a cause.
"""

from __future__ import annotations

from typing import Any

import yaml

_SERVICES = ["smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s"]
_PORTS = [
    {"port": 25, "starttls": "smtp"},
    {"port": 587, "starttls": "smtp"},
    {"port": 465},
    {"port": 143, "starttls": "imap"},
    {"port": 993},
    {"port": 110, "starttls": "pop3"},
    {"port": 995},
]
_DOORS = "{{ addresses[:families] | product(ports) | list }}"
_CLIENT = """
openssl s_client -brief -connect '{{ item.0 if ':' not in item.0 else '[' ~ item.0 ~ ']' }}:{{ item.1.port }}'
{{ '-starttls ' ~ item.1.starttls if item.1.starttls is defined else '' }} -servername {{ name }} -verify_hostname {{ name }}
-CAfile {{ authority }} -verify_return_error %s </dev/null 2>&1
"""
_QUIET = {"label": "{{ item.0 }} {{ item.1.port }}"}
PLAYBOOKS = ("no tasks", "mailops.gate.verify", "by hand", "by hand, IPv4 alone", "by hand, TLS 1.1 and sockets too")


def _client(more: str = "") -> str:
    return " ".join((_CLIENT % more).split())


def _by_hand(families: int, more: bool = False) -> dict[str, Any]:
    looped = {"loop": _DOORS, "loop_control": _QUIET}
    here = {"delegate_to": "localhost", "changed_when": False}
    tasks: list[dict[str, Any]] = [
        {
            "name": "Each port answers",
            "ansible.builtin.wait_for": {"host": "{{ item.0 }}", "port": "{{ item.1.port }}", "timeout": 10},
            **looped,
            "delegate_to": "localhost",
        },
        {"name": "A client gets TLS", "ansible.builtin.shell": _client(), **looped, **here, "register": "clients"},
        {
            "name": "It is as it should be",
            "ansible.builtin.assert": {
                "that": ["item.stdout is search('TLSv1.[23]')", "item.stdout is search('Verification: OK')"]
            },
            "loop": "{{ clients.results }}",
            "loop_control": {"label": "{{ item.item.1.port }}"},
        },
        {"name": "Rules", "ansible.builtin.command": "nft list ruleset", "changed_when": False, "register": "rules"},
        {
            "name": "The filter knows the ports",
            "ansible.builtin.assert": {
                "that": [
                    "rules.stdout is search('policy drop')",
                    "rules.stdout is search('dport.*[{ ]' ~ item.port ~ '[, ]')",
                ]
            },
            "loop": "{{ ports }}",
            "loop_control": {"label": "{{ item.port }}"},
        },
    ]
    if more:
        tasks += [
            {
                "name": "Old versions are refused",
                "ansible.builtin.shell": _client("-tls1_1"),
                **looped,
                **here,
                "register": "old",
                "failed_when": "old.rc == 0",
            },
            {"name": "Sockets", "ansible.builtin.command": "ss -Hltn", "changed_when": False, "register": "sockets"},
            {
                "name": "Something listens at the ports",
                "ansible.builtin.assert": {"that": ["sockets.stdout is search(':' ~ item.port ~ ' ')"]},
                "loop": "{{ ports }}",
                "loop_control": {"label": "{{ item.port }}"},
            },
        ]
    return {"vars": {"ports": _PORTS, "families": families}, "tasks": tasks}


def playbook(what: str) -> str:
    role = {"ansible.builtin.import_role": {"name": "mailops.gate.verify"}, "vars": _ROLE}
    body = {
        "no tasks": {"tasks": []},
        "mailops.gate.verify": {"tasks": [{"name": "The gate", **role}]},
        "by hand": _by_hand(2),
        "by hand, IPv4 alone": _by_hand(1),
        "by hand, TLS 1.1 and sockets too": _by_hand(2, more=True),
    }[what]
    return yaml.safe_dump([{"name": what, "hosts": "all", "gather_facts": False, **body}], sort_keys=False)


_ROLE = {
    "verify_host": "{{ inventory_hostname }}",
    "verify_addresses": "{{ addresses }}",
    "verify_services": _SERVICES,
    "verify_trust": "{{ authority }}",
    "verify_interfaces": ["eth0"],
}
