# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: verdict
short_description: Join the findings of several views into one verdict
version_added: 0.1.0
author:
  - mailops.gate authors (@mailops)
description:
  - Takes the results of M(mailops.gate.assert_mail_ports) and M(mailops.gate.assert_firewall_ports) tasks that ran with
    C(fail_on=never) and gives one verdict. A fault that several views show is one finding.
options:
  _input:
    description:
      - Registered results, each with C(findings) and C(passed). A result that failed for another reason, or was skipped, is
        refused, since it would be missing without a word.
    type: list
    elements: dict
    required: true
  fail_on:
    description:
      - Outcomes that stop the deployment, as in the modules.
    type: list
    elements: str
    default: [fail, unknown]
"""

EXAMPLES = r"""
- name: One verdict over both views
  ansible.builtin.set_fact:
    whole: "{{ [mail_ports, firewall_ports] | mailops.gate.verdict }}"

- name: It stops the deployment
  ansible.builtin.assert:
    that: not whole.stops
    fail_msg: "{{ whole.msg }}"
"""

RETURN = r"""
_value:
  description:
    - A mapping with C(outcome), C(stops) (whether O(fail_on) stops the deployment), C(findings), C(passed) and C(msg).
  type: dict
"""

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.gate.plugins.module_utils._gate.errors import IntentError
from ansible_collections.mailops.gate.plugins.module_utils._gate.judge.verdict import parse_fail_on
from ansible_collections.mailops.gate.plugins.module_utils._gate.report.plain import join_results


def verdict(results: object, fail_on: object = ("fail", "unknown")) -> dict[str, Any]:
    try:
        return join_results(results, parse_fail_on(fail_on))
    except IntentError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"verdict": verdict}
