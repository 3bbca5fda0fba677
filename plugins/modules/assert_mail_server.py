#!/usr/bin/python
# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: assert_mail_server
short_description: Join all views of a mail server into one verdict, with one cause for each fault
version_added: 0.1.0
description:
  - Joins what is known of one host (what its packet filter accepts, what listens on it, what clients see from one or more
    places, what DNS has for its name), and gives one verdict.
  - Looks itself as O(look) says, and takes what other tasks registered.
  - For each required service that is not what it should be there is one cause and its remedy, as docs/diagnosis.md lists them;
    what that cause explains is not told again, and every other fault stays.
  - Where the views contradict each other, the finding says what each shows and what would settle it. A view that was asked for
    and gave nothing is V(unknown), and fails too unless O(fail_on) says otherwise.
author:
  - mailops.gate authors (@mailops)
options:
  host:
    description:
      - The name or address that clients use, as in the other modules; findings carry it.
    type: str
    required: true
  services:
    description:
      - The list that the looks were held against, see M(mailops.gate.assert_mail_ports).
    type: list
    elements: raw
    required: true
  policy:
    description:
      - The policy that the looks were held against.
    type: raw
    default: rfc8314
  trust:
    description:
      - As in the other modules. Not judged again here.
    type: str
    default: system
  server_name:
    description:
      - The name that clients use, when it is not O(host).
    type: str
    default: ""
  look:
    description:
      - Where to look in this task. V(filter) and V(listeners) look on the host, with one module that is started there, and need
        C(become=true) as M(mailops.gate.assert_firewall_ports) does. V(wire) looks at the ports from the controller, in the
        process of the task, while the host is asked; it counts as the place V(localhost) of O(wire).
      - A look that fails is V(unknown), and stands in RV(errors) too. So does one at a host that cannot be reached where the
        task has C(ignore_unreachable=true); otherwise the host is unreachable, as in any task.
    type: list
    elements: str
    choices: [filter, listeners, wire]
    default: []
  addresses:
    description:
      - Addresses at which the ports are looked at, instead of those that the name resolves to. For V(wire) of O(look).
    type: list
    elements: str
    default: []
  rules:
    description:
      - Candidate files to judge instead of the live rules, as in M(mailops.gate.assert_firewall_ports); they explain nothing that
        clients see now. For V(filter) of O(look).
    type: dict
    default: {}
  interfaces:
    description:
      - As in M(mailops.gate.assert_firewall_ports). For V(filter) of O(look).
    type: list
    elements: str
    default: []
  families:
    description:
      - As in M(mailops.gate.assert_firewall_ports). For V(filter) of O(look).
    type: list
    elements: str
    choices: [ipv4, ipv6]
  depth:
    description:
      - How far the encryption is looked at, see M(mailops.gate.assert_mail_ports). For V(wire) of O(look).
    type: str
    choices: [handshake, posture, enumerate]
    default: posture
  try_login:
    description:
      - As in M(mailops.gate.assert_mail_ports). For V(wire) of O(look), like all that follow down to O(max_per_second).
    type: bool
    default: false
  relay_to:
    description:
      - As in M(mailops.gate.assert_mail_ports).
    type: str
    default: ""
  proxy_protocol:
    description:
      - As in M(mailops.gate.assert_mail_ports).
    type: str
    choices: [none, v1, v2]
    default: none
  ehlo_name:
    description:
      - As in M(mailops.gate.assert_mail_ports).
    type: str
    default: ""
  max_connections:
    description:
      - As in M(mailops.gate.assert_mail_ports).
    type: int
    default: 1000
  max_parallel:
    description:
      - As in M(mailops.gate.assert_mail_ports).
    type: int
    default: 8
  max_per_second:
    description:
      - As in M(mailops.gate.assert_mail_ports).
    type: float
    default: 0
  timeout:
    description:
      - Seconds that the look at the ports may take, and each command on the host.
    type: int
    default: 60
  verbose:
    description:
      - Return in RV(seen) what was joined.
    type: bool
    default: false
  firewall:
    description:
      - The registered result of M(mailops.gate.assert_firewall_ports) with C(fail_on=never) and C(verbose=true).
      - A view that is left out was not asked for. One whose task failed is V(unknown).
    type: dict
  candidates:
    description:
      - The O(firewall) is about candidate files. They are judged, and explain nothing that clients see now.
    type: bool
    default: false
  listeners:
    description:
      - The registered result of M(mailops.gate.listening_ports_info).
    type: dict
  wire:
    description:
      - What clients see. A mapping from the name of each place that looked to the registered result of
        M(mailops.gate.assert_mail_ports) with C(fail_on=never) there.
      - The place with the host's own name in the inventory is the host itself. Every other one counts as outside, unless it saw
        the host from the host's own address.
      - Results that hold other hosts too are taken for O(host) alone, and refused where they do not hold it.
    type: dict
    default: {}
  names:
    description:
      - Ask DNS, at the controller's resolvers, for the addresses of O(host). The files of the system (/etc/hosts) do not count.
      - A name without any record is a fault. It is a warning where no public DNS can have the name (one label, V(internal),
        V(local), V(home.arpa) and the like) and those who look found the host by it nevertheless.
    type: bool
    default: false
  fail_on:
    description:
      - Outcomes that fail the task, V(fail) and any of V(unknown) and V(warn); or V(never) alone.
    type: list
    elements: str
    default: [fail, unknown]
  keep_going:
    description:
      - Do not fail; RV(stops) says whether O(fail_on) stops the deployment. For a report that is written before.
    type: bool
    default: false
extends_documentation_fragment:
  - mailops.gate.attributes.joined
seealso:
  - module: mailops.gate.assert_mail_ports
  - module: mailops.gate.assert_firewall_ports
  - module: mailops.gate.listening_ports_info
"""

EXAMPLES = r"""
- name: The host is what it should be, and clients get what they need
  mailops.gate.assert_mail_server:
    host: mail.example.org
    services: [smtp, submission, imaps, {name: ssh, optional: true, from: [192.0.2.0/24, "2001:db8:1::/48"]}]
    look: [filter, listeners, wire]
  become: true

- name: Task by task, what the packet filter accepts
  mailops.gate.assert_firewall_ports:
    host: mail.example.org
    services: [smtp, submission, imaps, {name: ssh, from: [192.0.2.0/24, "2001:db8:1::/48"]}]
    fail_on: never
    verbose: true
  become: true
  register: packet_filter

- name: What clients see
  mailops.gate.assert_mail_ports:
    host: mail.example.org
    services: [smtp, submission, imaps]
    fail_on: never
  delegate_to: localhost
  register: from_the_controller

- name: One verdict
  mailops.gate.assert_mail_server:
    host: mail.example.org
    services: [smtp, submission, imaps, {name: ssh, from: [192.0.2.0/24, "2001:db8:1::/48"]}]
    firewall: "{{ packet_filter }}"
    wire:
      controller: "{{ from_the_controller }}"
"""

RETURN = r"""
outcome:
  description: The worst outcome of all findings, V(pass), V(warn), V(unknown) or V(fail).
  returned: always
  type: str
stops:
  description: Whether O(fail_on) stops the deployment.
  returned: always
  type: bool
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
      description: The families of addresses that it is about, V(ipv4), V(ipv6).
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
    diagnosis:
      description: The cause by its name, such as V(listen.loopback), see docs/diagnosis.md.
      type: str
    settles:
      description: What would decide it, or make sure.
      type: str
    source:
      description: The RFC or policy section that requires it.
      type: str
passed:
  description: The checks that passed, each with C(check), C(host), C(port) and C(service).
  returned: always
  type: list
  elements: dict
diagnoses:
  description: For each required service the cause that was found, V(fine) among them; a second one where the families differ.
  returned: always
  type: list
  elements: dict
  contains:
    service:
      description: The service of the list.
      type: str
    port:
      description: Its port.
      type: int
    cause:
      description: The cause by its name, see docs/diagnosis.md.
      type: str
    families:
      description: The families of addresses that it holds for.
      type: list
      elements: str
    certain:
      description: Whether the views decide it.
      type: bool
    shown:
      description: What each view showed, by which it was found.
      type: dict
errors:
  description: What should have been looked at and could not be, each with C(view) and C(msg).
  returned: always
  type: list
  elements: dict
seen:
  description: What was joined, as O(firewall), O(listeners) and O(wire) take it.
  returned: if O(verbose=true)
  type: dict
views:
  description: The views that were asked for.
  returned: always
  type: list
  elements: str
msg:
  description: A summary line, then expected, observed, why, fix and what settles it for each finding.
  returned: always
  type: str
"""
