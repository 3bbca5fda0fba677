# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.mailops.gate.plugins.module_utils._gate.errors import EvidenceError, IntentError
from ansible_collections.mailops.gate.plugins.plugin_utils._report.write import FORMATS, OPTIONS, write_report


class ActionModule(ActionBase):
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(OPTIONS, required_one_of=[FORMATS])
        # A task's id begins with what its run of ansible-playbook drew by lot.
        run = hashlib.sha256(self._task._uuid.rpartition("-")[0].encode()).hexdigest()[:16]
        try:
            result.update(write_report(options, run))
        except (IntentError, EvidenceError) as error:
            raise AnsibleActionFail(str(error)) from None
        return result
