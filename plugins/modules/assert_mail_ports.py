#!/usr/bin/python
# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: assert_mail_ports
short_description: Assert that mail ports listen with the correct encryption
version_added: 0.1.0
description:
  - Looks at the ports as M(mailops.gate.mail_ports_info) does, holds them against the service list and the policy, and
    fails with one finding, its cause and its remedy for each fault.
  - What could not be established is V(unknown), and fails too unless O(fail_on) says otherwise.
author:
  - mailops.gate authors (@mailops)
extends_documentation_fragment:
  - mailops.gate.options
  - mailops.gate.attributes
  - mailops.gate.attributes.wire
options:
  host:
    required: true
  services:
    required: true
requirements:
  - cryptography on the machine that looks
seealso:
  - module: mailops.gate.mail_ports_info
  - module: mailops.gate.assert_firewall_ports
"""

EXAMPLES = r"""
- name: The mail ports are as RFC 8314 asks
  mailops.gate.assert_mail_ports:
    host: mail.example.org
    services: [smtp, submission, submissions, imaps]
  delegate_to: localhost

- name: A server on ports of its own, with a private authority; POP3 must be closed
  mailops.gate.assert_mail_ports:
    host: [192.0.2.10, "2001:db8::10"]
    server_name: mail.example.org
    trust: /etc/ssl/private-ca.pem
    policy:
      extends: rfc8314
      min_days: 14
    services:
      - name: submission
        port: 2587
      - imaps
      - name: pop3
        closed: true
"""

RETURN = r"""
outcome:
  description: The worst outcome of all findings, V(pass), V(warn), V(unknown) or V(fail).
  returned: always
  type: str
findings:
  description: Every requirement that is not met, and every surplus. Empty when all passed.
  returned: always
  type: list
  elements: dict
  contains:
    check:
      description: The stable identifier of the check, see docs/findings.md.
      type: str
    host:
      description: The host that it is about.
      type: str
    port:
      description: The port, absent when it is about no single one.
      type: int
    service:
      description: The service of the list.
      type: str
    outcome:
      description: V(fail), V(unknown) or V(warn).
      type: str
    addresses:
      description: The addresses where it was seen.
      type: list
      elements: str
    expected:
      description: What is required.
      type: str
    observed:
      description: What was seen, in the same form.
      type: str
    cause:
      description: Why.
      type: str
    fix:
      description: The command or setting that mends it.
      type: str
    source:
      description: The RFC or policy section that requires it.
      type: str
passed:
  description: The checks that passed, each with C(check), C(host), C(port) and C(service).
  returned: always
  type: list
  elements: dict
ports:
  description:
    - What became of the connection to each port of each address, for M(mailops.gate.assert_mail_server).
    - All that was seen is what M(mailops.gate.mail_ports_info) returns.
  returned: always
  type: list
  elements: dict
  contains:
    host:
      description: The host as it was given.
      type: str
    address:
      description: The address, absent when the name was not found.
      type: str
    family:
      description: V(ipv4) or V(ipv6), absent when the name was not found.
      type: str
    port:
      description: The port.
      type: int
    state:
      description: V(open), V(refused), V(timed-out), V(unreachable), V(reset), V(name-not-found) or V(not-tried).
      type: str
    detail:
      description: More about the state, where there is.
      type: str
    source_address:
      description: The address that the look came from.
      type: str
    from_itself:
      description: The look came from the address that it was at.
      type: bool
    greeting:
      description: The first 200 characters of the greeting.
      type: str
    stopped:
      description: Why the look ended before all was seen.
      type: str
msg:
  description: A summary line, then expected, observed, why and fix for each finding.
  returned: always
  type: str
"""

from ansible_collections.mailops.gate.plugins.module_utils._ansible.options import MAIL_PORTS
from ansible_collections.mailops.gate.plugins.module_utils._ansible.run import run_module
from ansible_collections.mailops.gate.plugins.module_utils._ansible.wire_tasks import assert_mail_ports


def main() -> None:
    run_module(MAIL_PORTS, assert_mail_ports)


if __name__ == "__main__":
    main()
