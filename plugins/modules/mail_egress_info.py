#!/usr/bin/python
# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_egress_info
short_description: Tell which outside mail ports the host can reach, and who answers there
version_added: 0.1.0
description:
  - Looks from the host where the task runs at mail ports elsewhere, at relays and at the mail exchangers of domains, all at once,
    and tells for each address whether it is open, refused, timed out or unreachable, and whether the target answers itself or
    somebody on the way does (a transparent proxy, a firewall that inspects SMTP).
  - Never fails for what it sees. The dialogue is greeting, EHLO, STARTTLS and QUIT; no mail is begun and no password is tried.
author:
  - mailops.gate authors (@mailops)
extends_documentation_fragment:
  - mailops.gate.options
  - mailops.gate.options.egress
  - mailops.gate.attributes
options:
  host:
    description:
      - Accepted so that one C(module_defaults) group serves all modules. Not used here.
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
  fail_on:
    description:
      - Accepted so that one C(module_defaults) group serves all modules. This module never fails for what it sees.
requirements:
  - cryptography on the host that looks
seealso:
  - module: mailops.gate.assert_mail_egress
"""

EXAMPLES = r"""
- name: See by which ports mail can leave
  mailops.gate.mail_egress_info:
    targets: [relay.example.net]
    domains: [example.com]
  register: egress

- name: Show the hosts that answer on port 587
  ansible.builtin.debug:
    msg: "{{ egress.reachable['587'] }}"
"""

RETURN = r"""
ports:
  description:
    - One entry for each port at each address, with the keys of RV(mailops.gate.mail_ports_info#module:ports[]) and these.
  returned: always
  type: list
  elements: dict
  contains:
    target:
      description: The target or the domain as given.
      type: str
    host:
      description: The host, of a domain the mail exchanger.
      type: str
    outcome:
      description:
        - V(open), V(refused), V(timed-out), V(unreachable), V(reset), V(name-not-found), V(not-tried), or V(intercepted),
          which is open too, but not to the target.
      type: str
    proof:
      description: What proves that the target answers.
      type: str
    signs:
      description: What shows that somebody else does, or takes STARTTLS out.
      type: list
      elements: str
    doubts:
      description: What makes one think so, and would be settled by O(reference).
      type: list
      elements: str
domains:
  description:
    - For each domain C(domain), C(exchanges) (each with C(preference) and C(host)), C(implicit) where there is no MX so that the
      domain's own addresses take its mail, C(problem) (V(no such name), V(null MX)), and C(unanswered), why it is not known.
  returned: always
  type: list
  elements: dict
reachable:
  description: For each port the hosts that answer on it themselves.
  returned: always
  type: dict
"""

from ansible_collections.mailops.gate.plugins.module_utils._ansible.egress_tasks import mail_egress_info
from ansible_collections.mailops.gate.plugins.module_utils._ansible.options import MAIL_EGRESS
from ansible_collections.mailops.gate.plugins.module_utils._ansible.run import run_module


def main() -> None:
    run_module(MAIL_EGRESS, mail_egress_info)


if __name__ == "__main__":
    main()
