# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every documented example runs, as it stands, on a stage where it is true."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
STAGE = Path(__file__).with_name("stage.py")
sys.path.insert(0, str(ROOT / "tests" / "demo"))

from runner import environment  # noqa: E402

PLUGINS = sorted(
    path
    for kind in ("modules", "filter")
    for path in (ROOT / "plugins" / kind).glob("*.py")
    if path.name != "__init__.py"
)


def unshare() -> list[str]:
    """How to enter namespaces of one's own here; skips with the reason where that is not permitted."""
    for tool in ("unshare", "nft", "ip"):
        if shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None:
            pytest.skip(f"no {tool} on this machine")
    command = ["unshare", "--net", "--mount"]
    if os.geteuid() != 0:
        command += ["--user", "--map-root-user"]
    tried = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"no namespaces of one's own: {tried.stderr.strip()}")
    return command


def examples(path: Path) -> str:
    """The plugin's EXAMPLES, by its source: nothing of it is run to get at them."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "EXAMPLES":
            return str(ast.literal_eval(node.value))
    raise AssertionError(f"{path} documents no example")


def play(tasks: str) -> str:
    return yaml.safe_dump(
        [{"name": "Examples", "hosts": "localhost", "gather_facts": False, "tasks": yaml.safe_load(tasks)}],
        sort_keys=False,
    )


def on_stage(directory: Path, playbook: str) -> subprocess.CompletedProcess[str]:
    (directory / "mount").mkdir()
    (directory / "playbook.yml").write_text(playbook, encoding="utf-8")
    command = [
        *unshare(),
        *(sys.executable, str(STAGE), str(directory / "mount")),
        *(sys.executable, "-m", "ansible", "playbook", "-v", str(directory / "playbook.yml")),
    ]
    return subprocess.run(command, env=environment(directory), capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("path", PLUGINS, ids=[path.stem for path in PLUGINS])
def test_the_documented_examples_are_true(path: Path, tmp_path: Path) -> None:
    result = on_stage(tmp_path, play(examples(path)))
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_stage_can_fail(tmp_path: Path) -> None:
    """What the examples do not require is not there: the stage does not make everything pass."""
    wrong = "- mailops.gate.assert_mail_ports: {host: mail.example.org, services: [pop3s]}"
    result = on_stage(tmp_path, play(wrong))
    assert result.returncode == 2
    assert "mail.reachable" in result.stdout + result.stderr
