#!/usr/bin/python
# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Write one report over what the assert modules found on many hosts
version_added: 0.2.0
description:
  - Takes the registered results of M(mailops.gate.assert_mail_ports) and M(mailops.gate.assert_firewall_ports) tasks that ran
    with C(fail_on=never), joins them host by host as P(mailops.gate.verdict#filter) does, and writes them down for people and
    for machines, in any of five formats.
  - Works on the controller and connects to nothing. With C(run_once=true) one task writes one report over all hosts.
  - It judges nothing and never fails for what was found. A host whose look failed stands in the report as unknown.
  - The files are the task's output and no state of a host, so they are written in check mode too, and C(changed) is always
    false.
author:
  - mailops.gate authors (@mailops)
options:
  looks:
    description:
      - One entry for each host (or for each task that looked at several).
      - C(results) is the list of registered results, C(services) the list that they were held against, C(openings) the
        registered result of M(mailops.gate.firewall_ports_info), from which the packet filter is drawn, C(interfaces) those
        that it was asked about (where it was), and C(host) the host's name in the report. Without C(host) the findings say
        which hosts they are about.
    type: list
    elements: dict
    required: true
  hosts:
    description:
      - Names of hosts that must stand in the report. Those without an entry in O(looks) were not looked at, and are unknown.
    type: list
    elements: str
    default: []
  html:
    description:
      - A page that needs nothing else - hosts by services, faults with cause and remedy, evidence.
      - Paths are on the controller, relative to the directory in which ansible-playbook was started. Missing directories are
        made.
    type: path
  json:
    description:
      - The whole report as data, of the form that docs/report.schema.json describes.
    type: path
  junit:
    description:
      - JUnit XML, a case for each requirement. What is not met is a failure, what is unknown an error.
    type: path
  sarif:
    description:
      - SARIF 2.1.0, a result for each finding.
    type: path
  markdown:
    description:
      - A short summary for a merge request.
    type: path
  earlier:
    description:
      - The JSON of an earlier report, to tell what is new since then and what is gone.
      - May be the same path as O(json). It is read before it is written, and may be missing the first time.
    type: path
  title:
    description:
      - The heading.
    type: str
    default: Mail ports and firewall
  most_faults:
    description:
      - Rows of each table of O(markdown). How many more there are is said below it.
    type: int
    default: 10
extends_documentation_fragment:
  - mailops.gate.attributes.report
seealso:
  - plugin: mailops.gate.verdict
    plugin_type: filter
"""

EXAMPLES = r"""
- name: What a client sees
  mailops.gate.assert_mail_ports:
    host: mail.example.org
    services: [submission, imaps]
    fail_on: never
  register: mail_ports

- name: What the packet filter accepts
  mailops.gate.firewall_ports_info:
  register: openings

- name: One report over all hosts
  mailops.gate.report:
    looks:
      - results: ["{{ mail_ports }}"]
        services: [submission, imaps]
        openings: "{{ openings }}"
    html: /tmp/mail.html
    junit: /tmp/mail.xml
  run_once: true
"""

RETURN = r"""
outcome:
  description: The worst outcome of all hosts, V(pass), V(warn), V(unknown) or V(fail).
  returned: always
  type: str
counts:
  description: How many hosts and findings of each outcome.
  returned: always
  type: dict
written:
  description: The absolute path of each format.
  returned: always
  type: dict
since:
  description: How many findings are C(new), C(changed), C(gone), C(not_looked_at) and C(unchanged); empty without O(earlier).
  returned: always
  type: dict
msg:
  description: The report in a sentence.
  returned: always
  type: str
"""
