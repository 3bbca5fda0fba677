# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A slow port is named while it is waited for, as a user sees it: before the task has its result."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "demo"))

from runner import environment  # noqa: E402

NAMED = "127.0.0.1: still waiting for {port}, 3 s"


def test_a_tarpit_is_named_before_the_result(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as tarpit:  # the kernel accepts, and nobody ever says a word
        port = tarpit.getsockname()[1]
        service = {"name": "smtp", "port": port}
        task = {"host": "127.0.0.1", "services": [service], "timeout": 7, "fail_on": "never"}
        play = {"hosts": "localhost", "gather_facts": False, "tasks": [{"mailops.gate.assert_mail_ports": task}]}
        playbook = tmp_path / "playbook.yml"
        playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
        came: dict[str, float] = {}
        with subprocess.Popen(
            [sys.executable, "-m", "ansible", "playbook", "-v", str(playbook)],
            env=environment(tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as running:
            assert running.stdout is not None
            for line in running.stdout:
                came.setdefault(line.strip().partition(" =>")[0], time.monotonic())
    said = NAMED.format(port=port)
    assert running.returncode == 0, came
    assert said in came, came
    assert came["<localhost> looking at 127.0.0.1"] < came[said]
    assert came["ok: [localhost]"] - came[said] > 2
