# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugins' one base: look from the controller without starting a module, or hand over to the module."""

from __future__ import annotations

import os
import sys
from typing import Any, Callable, Mapping

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.mailops.gate.plugins.module_utils._gate.errors import EvidenceError, IntentError
from ansible_collections.mailops.gate.plugins.module_utils._gate.wire.look import prepare

# Ansible loads this before it forks a worker for each host: what they all need is loaded once.
prepare()

display = Display()


class InPlaceAction(ActionBase):
    """``module``, ``spec`` and ``task`` are what the module of the same name uses, so options and results are the same."""

    module: str
    spec: dict[str, dict[str, Any]]
    task: Callable[..., dict[str, Any]]

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        if not self._looks_from_here(task_vars or {}):
            result.update(
                self._execute_module(module_name=self.module, task_vars=task_vars, wrap_async=self._task.async_val)
            )
            return result
        _validation, options = self.validate_argument_spec(self.spec)
        display.v("looking at {}".format(", ".join(options["host"])), host=(task_vars or {}).get("inventory_hostname"))
        try:
            # The worker's display goes through the main process, so slow ports are named while they are waited for. A module
            # on another host cannot do that: what it says comes with its result.
            result.update(type(self).task(options, waiting=display.display))
        except (IntentError, EvidenceError) as error:
            raise AnsibleActionFail(str(error)) from None  # its text is whole; a cause would be appended to it
        return result

    def _looks_from_here(self, task_vars: Mapping[str, Any]) -> bool:
        """Whether the module would run on this machine, with this Python, as this user. A wrapper as interpreter (such as
        one that enters a network namespace) looks from somewhere else, another virtual environment has other libraries,
        though its interpreter may be a link to the same file, and the task's environment may name another trust store."""
        elsewhere = self._connection.transport != "local" or self._play_context.become
        if elsewhere or self._task.async_val or any(self._task.environment or ()):
            return False
        host = self._task.delegate_to
        variables = task_vars.get("ansible_delegated_vars", {}).get(host, {}) if host else task_vars
        interpreter = self._templar.template(variables.get("ansible_python_interpreter", "auto"))
        return interpreter.startswith("auto") or os.path.abspath(interpreter) == sys.executable
