# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: keep_verdicts
type: notification
short_description: Writes the verdicts of the role mailops.gate.verify to a file
description:
  - For run.py and verify.py, which show them. The file is a JSON mapping from host to C(verdict) (what the role leaves
    in C(verify_verdict), missing when it came to none), C(errors) (messages of failed tasks) and C(stopped).
options:
  path:
    description: The file to write.
    type: path
    required: true
    env:
      - name: KEEP_VERDICTS_PATH
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "keep_verdicts"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.hosts = {}

    def v2_runner_on_ok(self, result):
        if "diagnoses" in result.result:
            self._host(result)["verdict"] = result.result

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._host(result)["errors"].append(str(result.result.get("msg", "")))

    def v2_runner_on_unreachable(self, result):
        self.v2_runner_on_failed(result)

    def v2_playbook_on_stats(self, stats):
        for name, host in self.hosts.items():
            counts = stats.summarize(name)
            host["stopped"] = bool(counts["failures"] or counts["unreachable"])
        Path(self.get_option("path")).write_text(json.dumps(self.hosts), encoding="utf-8")

    def _host(self, result):
        return self.hosts.setdefault(result.host.get_name(), {"errors": []})
