# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The library is tested as the plain package ``_gate``, as no part of Ansible."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "plugins" / "module_utils"))

# A busy machine is no failure: the examples count, not their milliseconds.
settings.register_profile("gate", deadline=None)
settings.load_profile("gate")
