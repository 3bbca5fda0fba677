# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The firewall modules' action plugins: the host is asked by a module that understands nothing, and understood here.

So the host needs not be sent the readers and the analysis, and need not compile them: that takes longer than the look.
"""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Dict, Mapping

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.mailops.gate.plugins.module_utils._ansible.filter_tasks import Afar, reads_files
from ansible_collections.mailops.gate.plugins.module_utils._gate.errors import EvidenceError, IntentError
from ansible_collections.mailops.gate.plugins.module_utils._gate.host.replay import NotAskedYet, Recorded

Task = Callable[[Mapping[str, Any], Afar], Dict[str, Any]]

#: What a module that was started on the host found out about the host itself, and what it warned of.
_BESIDE = ("ansible_facts", "warnings", "deprecations")


class FromAfarAction(ActionBase):
    """``module``, ``spec`` and ``task`` are what the module of the same name uses, so options and results are the same."""

    module: str
    spec: dict[str, dict[str, Any]]
    task: Task

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(self.spec)
        if self._task.async_val or reads_files(options):
            found = self._execute_module(module_name=self.module, task_vars=task_vars, wrap_async=self._task.async_val)
        else:
            try:
                found = look_from_afar(self, type(self).task, options, task_vars)
            except (IntentError, EvidenceError) as error:
                raise AnsibleActionFail(str(error)) from None
        result.update(found)
        return result


def check_options(task: Task, options: Mapping[str, Any]) -> None:
    """:raises IntentError: as the task, before the host is asked anything."""
    with contextlib.suppress(NotAskedYet):
        task(options, Afar(Recorded().access(), ""))


def look_from_afar(
    action: ActionBase,
    task: Task,
    options: Mapping[str, Any],
    task_vars: dict[str, Any] | None,
) -> dict[str, Any]:
    """The result of a task of a firewall module, or that of the module on the host where it failed.

    :raises IntentError, EvidenceError: as the task; the former before the host is asked anything.
    """
    recorded = Recorded()
    beside: dict[str, Any] = {}
    listeners = None
    while True:
        try:
            return dict(task(options, Afar(recorded.access(), recorded.hostname, listeners)), **beside)
        except NotAskedYet as question:
            arguments = {"commands": question.commands, "timeout": options["timeout"]}
            arguments["listeners"] = bool(options.get("listeners")) and listeners is None
        found = action._execute_module(  # pylint: disable=protected-access
            module_name="mailops.gate.firewall_evidence_info", module_args=arguments, task_vars=task_vars
        )
        if found.get("failed"):
            return found
        _keep(beside, found)
        recorded.add(found.get("answers"))
        if arguments["listeners"]:
            listeners = found.get("listeners")
            if not isinstance(listeners, dict):
                raise EvidenceError("firewall_evidence_info", "the host did not answer what listens there")


def _keep(beside: dict[str, Any], found: Mapping[str, Any]) -> None:
    """Each start of a module may tell something else."""
    for name in _BESIDE:
        more = found.get(name)
        if isinstance(more, list):
            known = beside.setdefault(name, [])
            known.extend(each for each in more if each not in known)
        elif more:
            beside.setdefault(name, {}).update(more)
