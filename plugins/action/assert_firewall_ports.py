# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.mailops.gate.plugins.module_utils._ansible.filter_tasks import assert_firewall_ports
from ansible_collections.mailops.gate.plugins.module_utils._ansible.options import FIREWALL_PORTS
from ansible_collections.mailops.gate.plugins.plugin_utils._from_afar import FromAfarAction


class ActionModule(FromAfarAction):
    module = "mailops.gate.assert_firewall_ports"
    spec = FIREWALL_PORTS
    task = staticmethod(assert_firewall_ports)
