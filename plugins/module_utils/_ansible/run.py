# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guarded run of a module: the library's two exceptions become clear messages. Any other is a defect and shows."""

from __future__ import annotations

from typing import Any, Callable, Mapping

from ansible.module_utils.basic import AnsibleModule

from .._gate.errors import EvidenceError, IntentError


def run_module(spec: dict[str, dict[str, Any]], task: Callable[[Mapping[str, Any]], dict[str, Any]]) -> None:
    """Runs ``task`` with the module's options and exits with what it returns. Nothing is changed, in check mode or not."""
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    try:
        result = task(module.params)
    except (IntentError, EvidenceError) as error:
        module.fail_json(msg=str(error))
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
