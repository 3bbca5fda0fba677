# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One look at the seven ports of a host, as a whole process: bench_wire_once.py ADDRESS DEPTH POLICY TRUST.

Does what the action plugin does, without Ansible, and prints the verdict.
"""

from __future__ import annotations

import os
import sys

# Not with pathlib, which the library does not load: it takes 8 ms.
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path.insert(0, os.path.join(ROOT, ".work", "collections"))

from ansible_collections.mailops.gate.plugins.module_utils._ansible.options import MAIL_PORTS  # noqa: E402
from ansible_collections.mailops.gate.plugins.module_utils._ansible.wire_tasks import assert_mail_ports  # noqa: E402

SERVICES = ["smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s"]


def main() -> int:
    address, depth, policy, trust = sys.argv[1:]
    options = {name: option.get("default") for name, option in MAIL_PORTS.items()}
    options.update(
        host=[address], services=SERVICES, depth=depth, policy=policy, trust=trust, server_name="mx.peers.test"
    )
    result = assert_mail_ports(options)
    print(result["msg"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
