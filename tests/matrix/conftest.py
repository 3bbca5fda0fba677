# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The matrix shares the helpers of the wire's unit tests, and imports the collection's plugins as a tree of their own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
for folder in (ROOT / "plugins", ROOT / "plugins" / "module_utils", ROOT / "tests" / "unit" / "wire", HERE):
    sys.path.insert(0, str(folder))


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    """Every certificate of the matrix, and ``ca``: the path of the file with the authority that clients trust."""
    from matrix_certificates import Keys

    return Keys(tmp_path_factory.mktemp("keys"))
