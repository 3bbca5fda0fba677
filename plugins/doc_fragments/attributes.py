# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # What holds for every module of the collection
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and return the same as otherwise.
    support: full
    details:
      - Nothing is ever changed.
  diff_mode:
    description: Will return details on what has changed when in diff mode.
    support: N/A
    details:
      - Nothing is ever changed.
  idempotent:
    description: Run twice in a row without outside changes it returns the same.
    support: full
  action_group:
    description: Use C(group/mailops.gate.gate) in C(module_defaults) to set options for all modules at once.
    support: full
    membership:
      - mailops.gate.gate
"""

    # The modules that look at ports have an action plugin of the same name
    WIRE = r"""
options: {}
attributes:
  action:
    description: Has an action plugin of the same name.
    support: full
    details:
      - With a local connection and the controller's own Python it looks in place, without starting a module. Otherwise it
        hands over to the module on the host. Options and results are the same.
"""

    # The firewall modules have an action plugin that reads on the controller what a small module asks on the host
    AFAR = r"""
options: {}
attributes:
  action:
    description: Has an action plugin of the same name.
    support: full
    details:
      - For live rules it starts M(mailops.gate.firewall_evidence_info) on the host, once more where rules look into sets or
        iptables wrote them, and understands the answers on the controller. Where files of the host are given, or the next start
        is asked about, and in asynchronous tasks, it hands over to the module on the host. Options and results are the same.
"""

    # Joining the views has an action plugin and no module behind it
    JOINED = r"""
options: {}
attributes:
  action:
    description: Has an action plugin of the same name.
    support: full
    details:
      - It runs on the controller, and starts modules on the host only to look at it.
  action_group:
    description: Use C(group/mailops.gate.gate) in C(module_defaults) to set options for all modules at once.
    support: full
    membership:
      - mailops.gate.gate
  check_mode:
    description: Can run in check mode and return the same as otherwise.
    support: full
    details:
      - Nothing is ever changed.
  diff_mode:
    description: Will return details on what has changed when in diff mode.
    support: N/A
    details:
      - Nothing is ever changed.
"""

    # The report has an action plugin and no module behind it
    REPORT = r"""
options: {}
attributes:
  action:
    description: Has an action plugin of the same name.
    support: full
    details:
      - It runs on the controller only.
  check_mode:
    description: Can run in check mode and return the same as otherwise.
    support: full
    details:
      - The files of the report are written.
  diff_mode:
    description: Will return details on what has changed when in diff mode.
    support: none
"""
