# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/recipes.md: every playbook runs as it stands, on a stage where it is true; every other block is YAML."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "demo"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from runner import environment  # noqa: E402
from test_examples import STAGE, unshare  # noqa: E402

PAGES = ("docs/recipes.md", "docs/reports.md", "README.md")
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
#: The stage's name server has no addresses for mail.example.org, which stands in its /etc/hosts.
COMMON = {
    # Nothing listens for SSH there.
    "verify_services": [
        "smtp",
        "submission",
        "imaps",
        {"name": "ssh", "from": ["192.0.2.0/24", "2001:db8:1::/48"], "optional": True},
    ],
    "verify_addresses": ["192.0.2.10", "2001:db8::10"],
    "verify_trust": "/etc/ssl/private-ca.pem",
    "verify_interfaces": ["eth0"],
}


def blocks(page: str) -> list[str]:
    return BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))


def playbooks(page: str) -> list[list[dict[str, Any]]]:
    found = [yaml.safe_load(block) for block in blocks(page)]
    return [each for each in found if isinstance(each, list) and "hosts" in each[0]]


RECIPES = {each[0]["name"]: each for each in playbooks("docs/recipes.md")}


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_yaml(page: str) -> None:
    assert blocks(page)
    for block in blocks(page):
        assert yaml.safe_load(block), block


@pytest.mark.parametrize("name", list(RECIPES))
def test_the_playbook_runs_as_it_stands(name: str, tmp_path: Path) -> None:
    (tmp_path / "mount").mkdir()
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(yaml.safe_dump(RECIPES[name]), encoding="utf-8")
    hosts = {"mail.example.org": {"ansible_connection": "local", "ansible_become": False}}
    python = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    groups = {"mail_servers": {"hosts": hosts, "vars": {**COMMON, **python}}}
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump({"all": {"children": groups}}), encoding="utf-8")
    command = [
        *unshare(),
        *(sys.executable, str(STAGE), str(tmp_path / "mount")),
        *(sys.executable, "-m", "ansible", "playbook", "-i", str(tmp_path / "inventory.yml"), str(playbook)),
    ]
    result = subprocess.run(
        command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=False, timeout=180
    )
    assert result.returncode == 0, result.stdout + result.stderr
    if "earlier" in str(RECIPES[name]):
        assert os.listdir(tmp_path / "audit")
