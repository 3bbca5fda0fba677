#!/usr/bin/python
# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: assert_mail_egress
short_description: Assert that mail can leave the host
version_added: 0.1.0
description:
  - Looks from the host where the task runs as M(mailops.gate.mail_egress_info) does, and fails where mail cannot leave. A target
    or a mail exchanger that is not reached is a finding, and so is one that refuses this host, whose STARTTLS is taken out on the
    way, or in whose place somebody else answers.
  - A port that is closed towards all while another works is told once, with the way that is left, as where a provider blocks
    outbound port 25.
  - What could not be established is V(unknown), and fails too unless O(fail_on) says otherwise.
author:
  - mailops.gate authors (@mailops)
extends_documentation_fragment:
  - mailops.gate.options
  - mailops.gate.options.egress
  - mailops.gate.attributes
options:
  host:
    description:
      - The name of the host that looks, which findings carry. Its own by default.
  services:
    description:
      - Accepted so that one C(module_defaults) group serves all modules. Not used here.
  policy:
    description:
      - Accepted so that one C(module_defaults) group serves all modules. Not used here.
  addresses:
    description:
      - Accepted so that one C(module_defaults) group serves all modules. Not used here.
  server_name:
    description:
      - Accepted so that one C(module_defaults) group serves all modules. Not used here; O(targets) has its own.
requirements:
  - cryptography on the host that looks
seealso:
  - module: mailops.gate.mail_egress_info
"""

EXAMPLES = r"""
- name: Mail can leave this host, by the relay and directly
  mailops.gate.assert_mail_egress:
    targets:
      - host: relay.example.net
        ports: [465, 587]
    domains: [example.com]

- name: See the relay from the controller
  mailops.gate.mail_egress_info:
    targets: [relay.example.net]
  delegate_to: localhost
  register: elsewhere

- name: Nobody on the way answers in its place
  mailops.gate.assert_mail_egress:
    targets: [relay.example.net]
    reference: "{{ elsewhere.ports }}"
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
      description: The host that looked.
      type: str
    port:
      description: The port, absent when it is about no single one.
      type: int
    service:
      description: The targets or domains that it is about.
      type: str
    outcome:
      description: V(fail), V(unknown) or V(warn).
      type: str
    addresses:
      description: The addresses where it was seen.
      type: list
      elements: str
    families:
      description: The families of addresses in which a port is blocked, V(ipv4), V(ipv6).
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
      description: The RFC section that requires it.
      type: str
passed:
  description: The checks that passed, each with C(check), C(host), C(port) and C(service).
  returned: always
  type: list
  elements: dict
msg:
  description: A summary line, then expected, observed, why and fix for each finding.
  returned: always
  type: str
"""

from ansible_collections.mailops.gate.plugins.module_utils._ansible.egress_tasks import assert_mail_egress
from ansible_collections.mailops.gate.plugins.module_utils._ansible.options import MAIL_EGRESS
from ansible_collections.mailops.gate.plugins.module_utils._ansible.run import run_module


def main() -> None:
    run_module(MAIL_EGRESS, assert_mail_egress)


if __name__ == "__main__":
    main()
