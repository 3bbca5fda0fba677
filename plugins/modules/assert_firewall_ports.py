#!/usr/bin/python
# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: assert_firewall_ports
short_description: Assert that the packet filter opens exactly the required ports
version_added: 0.1.0
description:
  - Reads the packet filter as M(mailops.gate.firewall_ports_info) does and compares the accepted set with the service
    list, both ways. A required port that is not open to everybody who may connect is a finding, and so is every opening
    that nothing requires, for IPv4 and IPv6 alike.
  - Protocols without ports (such as ICMP) and the loopback interface are no part of the question.
  - The question is about the first packet of each new connection. For required ports, also what clients send afterwards and the
    host's answers are followed through the rules, and routes that lead nowhere are found (check C(firewall.answers)).
    M(mailops.gate.assert_mail_ports) shows whether clients are served.
  - What could not be decided is V(unknown), and fails too unless O(fail_on) says otherwise.
author:
  - mailops.gate authors (@mailops)
extends_documentation_fragment:
  - mailops.gate.options
  - mailops.gate.options.filter
  - mailops.gate.attributes
  - mailops.gate.attributes.afar
options:
  next_boot:
    description:
      - Look also at the rules that the host will load at its next start (nftables.service, netfilter-persistent, the iptables
        services, ufw, firewalld), and report what they open and close in comparison with the live rules.
      - What other programs add once they run, such as Docker and fail2ban, is in no file, so it is V(unknown) there.
    type: bool
    default: false
  listeners:
    description:
      - Return also what listens on the host, as M(mailops.gate.listening_ports_info) does without arguments of commands. It is
        no part of this module's verdict; M(mailops.gate.assert_mail_server) takes it.
      - For a task that needs both, since starting a second module takes longer than what it does. It is returned even where
        the packet filter cannot be read.
    type: bool
    default: false
  services:
    required: true
  policy:
    description:
      - Accepted so that one C(module_defaults) group serves all modules. Not used here.
  trust:
    description:
      - Accepted so that one C(module_defaults) group serves all modules. Not used here.
  server_name:
    description:
      - Accepted so that one C(module_defaults) group serves all modules. Not used here.
  verbose:
    description:
      - Return the evidence as well, as M(mailops.gate.firewall_ports_info) does. M(mailops.gate.assert_mail_server) takes it.
seealso:
  - module: mailops.gate.firewall_ports_info
  - module: mailops.gate.listening_ports_info
  - module: mailops.gate.assert_mail_ports
"""

EXAMPLES = r"""
- name: The live filter opens exactly these ports
  mailops.gate.assert_firewall_ports:
    services:
      - smtp
      - submission
      - imaps
      - name: ssh
        from: [192.0.2.0/24, "2001:db8:1::/48"]
  become: true

- name: The candidate rules do too, before they are applied
  mailops.gate.assert_firewall_ports:
    services: [smtp, submission, imaps]
    rules:
      iptables: /etc/iptables/rules.v4.new
      ip6tables: /etc/iptables/rules.v6.new
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
    families:
      description: The families of addresses in which a required port is not open, V(ipv4), V(ipv6).
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
openings:
  description: What the packet filter accepts, as M(mailops.gate.firewall_ports_info) returns it.
  returned: if O(verbose=true)
  type: list
  elements: dict
interfaces:
  description: The interfaces that are known by name, from the rules and the host.
  returned: if O(verbose=true)
  type: list
  elements: str
families:
  description: The families of addresses that the evidence covers.
  returned: if O(verbose=true)
  type: list
  elements: str
listeners:
  description: What listens on the host, as M(mailops.gate.listening_ports_info) returns it.
  returned: if O(listeners=true)
  type: dict
notes:
  description: Assumptions and warnings of the readers.
  returned: always
  type: list
  elements: str
msg:
  description: A summary line, then expected, observed, why and fix for each finding.
  returned: always
  type: str
"""

from ansible_collections.mailops.gate.plugins.module_utils._ansible.filter_tasks import assert_firewall_ports
from ansible_collections.mailops.gate.plugins.module_utils._ansible.options import FIREWALL_PORTS
from ansible_collections.mailops.gate.plugins.module_utils._ansible.run import run_module


def main() -> None:
    run_module(FIREWALL_PORTS, assert_firewall_ports)


if __name__ == "__main__":
    main()
