# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reports of every run of report_samples.py, made as the collection makes them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).parent), str(ROOT / "tests" / "demo")]

import report_samples as samples  # noqa: E402
from report_browser import Browser, find_browser  # noqa: E402

from runner import collection_path  # noqa: E402

sys.path.insert(0, str(collection_path()))

from report_made import compared, made  # noqa: E402


@pytest.fixture(scope="session", params=[(name, how) for name in samples.RUNS for how in (made, compared)], ids=str)
def whole(request: pytest.FixtureRequest) -> dict[str, Any]:
    name, how = request.param
    return how(name)


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The HTML page of each run."""
    from ansible_collections.mailops.gate.plugins.plugin_utils._report.page import as_html

    directory = tmp_path_factory.mktemp("pages")
    paths = {name: directory / f"{name}.html" for name in samples.RUNS}
    for name, path in paths.items():
        path.write_text(as_html(compared(name)), encoding="utf-8")
    return paths


@pytest.fixture(scope="session")
def browser() -> Any:
    command = find_browser()
    if not command:
        pytest.skip("no Chromium on this machine; on Debian: apt install chromium-headless-shell")
    with Browser(command) as running:
        yield running
