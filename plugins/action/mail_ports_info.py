# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.mailops.gate.plugins.module_utils._ansible.options import MAIL_PORTS
from ansible_collections.mailops.gate.plugins.module_utils._ansible.wire_tasks import mail_ports_info
from ansible_collections.mailops.gate.plugins.plugin_utils._in_place import InPlaceAction


class ActionModule(InPlaceAction):
    module = "mailops.gate.mail_ports_info"
    spec = MAIL_PORTS
    task = staticmethod(mail_ports_info)
