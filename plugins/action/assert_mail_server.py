# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.mailops.gate.plugins.module_utils._ansible.options import MAIL_SERVER
from ansible_collections.mailops.gate.plugins.module_utils._ansible.server_tasks import assert_mail_server
from ansible_collections.mailops.gate.plugins.module_utils._gate.errors import EvidenceError, IntentError


class ActionModule(ActionBase):
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(MAIL_SERVER)
        try:
            result.update(assert_mail_server(options, str((task_vars or {}).get("inventory_hostname", ""))))
        except (IntentError, EvidenceError) as error:
            raise AnsibleActionFail(str(error)) from None
        return result
