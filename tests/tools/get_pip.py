# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stands in for get-pip.py, which ansible-test would download.

pip comes from ensurepip, then the version asked for from the index that the user's pip configuration names.
Called with options, which are get-pip's own and do not matter here, and requirements.
"""

from __future__ import annotations

import ensurepip
import subprocess
import sys

ensurepip.bootstrap(upgrade=True)
requirements = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
subprocess.check_call([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements])
