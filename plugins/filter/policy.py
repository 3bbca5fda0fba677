# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: policy
short_description: Show what a policy for encryption comes to
version_added: 0.1.0
author:
  - mailops.gate authors (@mailops)
description:
  - Takes what the option C(policy) of the modules takes, and gives every rule that the port will be held against, with its
    level and its source.
  - docs/policies.md shows the published policies side by side and explains the keys.
options:
  _input:
    description:
      - The name of a policy (V(rfc8314), V(mozilla-modern), V(mozilla-intermediate), V(ncsc-nl-2025), V(bsi-tr-02102-2),
        V(nist-800-52r2)), or a mapping with C(extends) and what it changes.
      - An unknown name, key or value is refused.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: What the policy of our submission ports comes to
  ansible.builtin.debug:
    msg: "{{ our_policy | mailops.gate.policy }}"
  vars:
    our_policy:
      extends: mozilla-intermediate
      min_days: 14
      certificate:
        max_days: 100
"""

RETURN = r"""
_value:
  description:
    - A mapping with C(name), C(sources) (the section that asks for each rule) and the keys of a policy as users write them.
    - Limits are in bits or days, as the key says; V(none) where there is no limit.
  type: dict
"""

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.gate.plugins.module_utils._gate.errors import IntentError
from ansible_collections.mailops.gate.plugins.module_utils._gate.intent.effective import policy_as_dict
from ansible_collections.mailops.gate.plugins.module_utils._gate.intent.policy import parse_policy


def policy(given: object) -> dict[str, Any]:
    try:
        return policy_as_dict(parse_policy(given))
    except IntentError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"policy": policy}
