# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The library and this folder on the path, and one clear reason where the kernel cannot be asked."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Iterator

import pytest

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE.parent.parent / "plugins" / "module_utils"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

import lab as laboratory  # noqa: E402


@pytest.fixture(scope="session")
def kernel() -> None:
    """Skips the test, with the reason, where namespaces and filters cannot be made."""
    reason = laboratory.why_not()
    if reason:
        pytest.skip(reason)


@pytest.fixture
def lab(kernel: None) -> Iterator[laboratory.Lab]:
    with laboratory.Lab() as made:
        yield made
