# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter mailops.gate.policy, as a user meets it: through ansible-playbook."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "demo"))

from runner import environment  # noqa: E402

GIVEN: dict[str, Any] = {
    "name": "ncsc-nl-2025",
    "mapping": {"extends": "mozilla-modern", "min_days": 14, "suites": {"forbidden": ["TLS_AES_128_GCM_SHA256"]}},
    "misspelled": {"extends": "mozilla-modern", "min_dais": 14},
}


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """For each of GIVEN what the filter gives, or the message with which it fails."""
    files = tmp_path_factory.mktemp("files")
    tasks = []
    for name in GIVEN:
        kept = {"dest": f"{files}/{name}.json", "mode": "0600"}
        ask = {"ansible.builtin.copy": {**kept, "content": "{{ given." + name + " | mailops.gate.policy | to_json }}"}}
        tell = {"ansible.builtin.copy": {**kept, "content": "{{ ansible_failed_result.msg | to_json }}"}}
        tasks.append({"block": [{"name": name, **ask}], "rescue": [{"name": "Keep it", **tell}]})
    play = {"name": "Policies", "hosts": "localhost", "gather_facts": False, "vars": {"given": GIVEN}, "tasks": tasks}
    playbook = files / "playbook.yml"
    playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
    command = [sys.executable, "-m", "ansible", "playbook", str(playbook)]
    result = subprocess.run(
        command, env=environment(files), capture_output=True, text=True, check=False, timeout=120, cwd=files
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return {name: json.loads((files / f"{name}.json").read_text(encoding="utf-8")) for name in GIVEN}


def test_a_name_is_shown_in_full(shown: dict[str, Any]) -> None:
    policy = shown["name"]
    assert policy["name"] == "ncsc-nl-2025"
    assert policy["min_version"] == "TLSv1.2"
    assert "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256" in policy["suites"]["discouraged"]
    assert policy["sources"]["suites"].startswith("NCSC-NL")


def test_a_mapping_is_shown_with_its_changes(shown: dict[str, Any]) -> None:
    policy = shown["mapping"]
    assert policy["name"] == "mozilla-modern (changed)"
    assert policy["min_days"] == 14
    assert policy["suites"]["forbidden"] == ["TLS_AES_128_GCM_SHA256"]
    assert policy["certificate"]["max_days"] == 90


def test_an_unknown_key_is_refused(shown: dict[str, Any]) -> None:
    for text in ("policy.min_dais", "14", "known keys are extends"):
        assert text in shown["misspelled"]
