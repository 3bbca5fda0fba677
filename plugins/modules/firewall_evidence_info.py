#!/usr/bin/python
# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: firewall_evidence_info
short_description: Ask a host what decides about its packet filter, and understand nothing of it
version_added: 0.1.0
description:
  - Runs the commands that M(mailops.gate.firewall_ports_info) and M(mailops.gate.assert_firewall_ports) need to know of a host,
    and returns what they print. Their action plugins start it and read the answers on the controller, so that a host is sent
    little, and compiles little.
  - There is hardly a reason to use it in a playbook. What it returns may hold what rules hold, such as comments and addresses.
  - Runs no command that can do more than read. Without root only C(ip) is asked, since the others refuse.
author:
  - mailops.gate authors (@mailops)
options:
  commands:
    description:
      - What to ask instead of what every look begins with. Each is the name of a program (C(nft), C(ip), C(ipset), or one of
        C(iptables-save) and its kin) and its arguments.
    type: list
    elements: list
    default: []
  listeners:
    description:
      - Return also what listens on the host, as M(mailops.gate.listening_ports_info) does.
    type: bool
    default: false
  timeout:
    description:
      - Seconds that each command may take.
    type: int
    default: 60
attributes:
  check_mode:
    description: Can run in check mode and return the same as otherwise.
    support: full
    details:
      - Nothing is ever changed.
  diff_mode:
    description: Will return details on what has changed when in diff mode.
    support: N/A
    details:
      - Nothing is ever changed.
seealso:
  - module: mailops.gate.firewall_ports_info
  - module: mailops.gate.assert_firewall_ports
"""

EXAMPLES = r"""
- name: Keep what the host says
  mailops.gate.firewall_evidence_info:
  become: true
  register: said

- name: The rules with the elements of all sets
  mailops.gate.firewall_evidence_info:
    commands:
      - [nft, -j, list, ruleset]
  become: true
"""

RETURN = r"""
answers:
  description: What the host said.
  returned: always
  type: dict
  contains:
    root:
      description: Whether the commands were run as root.
      type: bool
    hostname:
      description: The host's own name.
      type: str
    programs:
      description: The full paths of the programs that are there, by their names.
      type: dict
    commands:
      description:
        - One entry for each command of a program that is there. C(command) is its full path and its arguments, C(code) its exit
          status, C(out) and C(err) what it printed; or C(problem) says why it could not be run to its end.
      type: list
      elements: dict
    files:
      description: The files that were read, each with C(text), or with C(problem), which says why it could not be read.
      type: dict
    patterns:
      description: The patterns by which files were looked for. One that fits a pattern and is not among RV(answers.files) is not
        there.
      type: list
      elements: str
listeners:
  description: What listens on the host, as M(mailops.gate.listening_ports_info) returns it; C(msg) and C(failed) where that
    cannot be read.
  returned: if O(listeners=true)
  type: dict
"""

from ansible_collections.mailops.gate.plugins.module_utils._ansible.evidence_tasks import firewall_evidence_info
from ansible_collections.mailops.gate.plugins.module_utils._ansible.options import FIREWALL_EVIDENCE
from ansible_collections.mailops.gate.plugins.module_utils._ansible.run import run_module


def main() -> None:
    run_module(FIREWALL_EVIDENCE, firewall_evidence_info)


if __name__ == "__main__":
    main()
