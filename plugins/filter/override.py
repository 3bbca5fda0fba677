# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: override
short_description: Change single services of a list for one host
version_added: 0.1.0
author:
  - mailops.gate authors (@mailops)
description:
  - Takes a list of services, as the modules of this collection do, and gives it with what one host has otherwise. So one list
    in the variables of a group serves all of its hosts.
options:
  _input:
    description:
      - The list of services.
    type: list
    elements: raw
    required: true
  overrides:
    description:
      - A mapping from the name of a service of the list to the keys that differ, or to V(false) for one that the host has not.
      - A name that is not in the list is refused.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: The usual list, with a port of its own and without IMAP
  ansible.builtin.assert:
    that: "listed == [{'name': 'submission', 'port': 2587}, 'smtp']"
  vars:
    listed: "{{ ['submission', 'imaps', 'smtp'] | mailops.gate.override({'submission': {'port': 2587}, 'imaps': false}) }}"
"""

RETURN = r"""
_value:
  description:
    - The changed list.
  type: list
  elements: raw
"""

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.gate.plugins.module_utils._gate.errors import IntentError
from ansible_collections.mailops.gate.plugins.module_utils._gate.intent.overrides import override_services


def override(services: object, overrides: object = None) -> list[Any]:
    try:
        return override_services(services, overrides)
    except IntentError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"override": override}
