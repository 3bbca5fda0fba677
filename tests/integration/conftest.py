# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One network of namespaces for the tests of a file: a server, a client and a router between them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Iterator

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from egress_lab import EgressLab, obstacle  # noqa: E402


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EgressLab]:
    reason = obstacle()
    if reason:
        pytest.skip(reason)
    made = EgressLab(tmp_path_factory.mktemp("lab"))
    try:
        yield made
    finally:
        made.close()
