# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from .archive import compile_once
from .bytecode import keep_bytecode

compile_once(__loader__)
keep_bytecode(__name__, __loader__)
