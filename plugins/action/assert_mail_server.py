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
from ansible_collections.mailops.gate.plugins.module_utils._gate.wire.look import prepare
from ansible_collections.mailops.gate.plugins.plugin_utils._server_looks import look_at_server

# Ansible loads this before it forks a worker for each host: what they all need is loaded once.
prepare()


class ActionModule(ActionBase):
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        variables = task_vars or {}
        _validation, options = self.validate_argument_spec(MAIL_SERVER)
        try:
            views = look_at_server(self, options, variables)
            result.update(assert_mail_server(views, str(variables.get("inventory_hostname", ""))))
        except (IntentError, EvidenceError) as error:
            raise AnsibleActionFail(str(error)) from None
        if options["verbose"]:
            result["seen"] = {name: views[name] for name in ("firewall", "listeners", "wire") if views[name]}
        return result
