# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role writes one report over all hosts, whatever becomes of them, and the gate fails all the same.

The hosts are those of the demo, a good and a bad one, and a third that nobody can log in to.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "demo"))

import certificates  # noqa: E402
from run import servers, write_inputs  # noqa: E402
from runner import environment  # noqa: E402

GOOD, BAD, GONE = "mail.good.example", "mail.bad.example", "mail.gone.example"
INVENTORY = {
    "all": {
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "hosts": {
            GOOD: {"ansible_connection": "local"},
            BAD: {"ansible_connection": "local"},
            GONE: {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1},
        },
    }
}
ROLE = {
    "verify_host": "{{ inventory_hostname }}",
    "verify_addresses": "{{ demo.addresses }}",
    "verify_services": "{{ demo.services[inventory_hostname] | default(demo.services['mail.good.example']) }}",
    "verify_server_name": "{{ 'mail.good.example' if inventory_hostname == 'mail.gone.example' else '' }}",
    "verify_trust": "{{ demo.directory }}/authority.pem",
    "verify_rules": {
        "iptables": "{{ demo.directory }}/{{ inventory_hostname }}.iptables-save",
        "ip6tables": "{{ demo.directory }}/{{ inventory_hostname }}.ip6tables-save",
    },
    "verify_depth": "handshake",
    "verify_timeout": 20,
}
FILES = {"html": "out/mail.html", "json": "out/mail.json", "junit": "out/mail.xml", "sarif": "out/mail.sarif"}
REPORT = {**FILES, "markdown": "out/mail.md"}


class Stage:
    """Where the play runs: the servers are up, and paths are relative to ``directory``."""

    def __init__(self, directory: Path, variables: Path) -> None:
        self.directory = directory
        self.variables = variables
        (directory / "plays").mkdir()
        self.inventory = directory / "plays" / "inventory.yml"
        self.inventory.write_text(yaml.safe_dump(INVENTORY), encoding="utf-8")

    def play(
        self, report: Any, *arguments: str, hosts: str = "all", **keywords: Any
    ) -> subprocess.CompletedProcess[str]:
        gate = {"ansible.builtin.import_role": {"name": "mailops.gate.verify"}}
        tasks = [
            {"name": "Gate", **gate, "vars": {**ROLE, "verify_report": report}},
            {"name": "On", "ansible.builtin.debug": {"msg": "{{ inventory_hostname }} goes on"}},
        ]
        playbook = self.directory / "plays" / "playbook.yml"
        whole = {"name": "A deployment", "hosts": hosts, "gather_facts": False, "tasks": tasks, **keywords}
        playbook.write_text(yaml.safe_dump([whole]), encoding="utf-8")
        command = [sys.executable, "-m", "ansible", "playbook", "-i", str(self.inventory), "-e", f"@{self.variables}"]
        return subprocess.run(
            [*command, *arguments, str(playbook)],
            cwd=self.directory,
            env=environment(self.directory),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def document(self) -> dict[str, Any]:
        return json.loads((self.directory / "out" / "mail.json").read_text(encoding="utf-8"))

    def outcomes(self) -> dict[str, str]:
        return {host["host"]: host["outcome"] for host in self.document()["hosts"]}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    directory = tmp_path_factory.mktemp("servers")
    certificates.issue(directory)
    with servers(directory) as ready:
        yield directory, write_inputs(directory, ready)


@pytest.fixture
def stage(up: tuple[Path, Path], tmp_path: Path) -> Stage:
    return Stage(tmp_path, up[1])


def went_on(result: subprocess.CompletedProcess[str]) -> list[str]:
    return [name for name in (GOOD, BAD, GONE) if f"{name} goes on" in result.stdout]


def test_all_formats_over_all_hosts_and_the_gate_fails_all_the_same(stage: Stage) -> None:
    result = stage.play(REPORT)
    assert result.returncode == 2, result.stdout + result.stderr
    assert went_on(result) == [GOOD]
    hosts = {host["host"]: host for host in stage.document()["hosts"]}
    assert {name: host["outcome"] for name, host in hosts.items()} == {GOOD: "pass", BAD: "fail", GONE: "unknown"}
    assert hosts[GONE]["problems"][0].startswith("unreachable: ")
    found = {finding["check"] for finding in hosts[BAD]["findings"]}
    assert {"mail.login-before-tls", "firewall.surplus-opening", "firewall.unfiltered"} <= found
    assert hosts[GOOD]["openings"]
    out = stage.directory / "out"
    assert ElementTree.parse(out / "mail.xml").getroot().get("failures") not in (None, "0")
    assert json.loads((out / "mail.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert (out / "mail.md").read_text(encoding="utf-8").startswith("## Mail ports and firewall: fail")
    page = (out / "mail.html").read_text(encoding="utf-8")
    assert all(name in page for name in (GOOD, BAD, GONE))
    assert "<svg" in page
    assert not list(out.glob(".report-*"))


@pytest.mark.parametrize("keyword", [{"any_errors_fatal": True}, {"max_fail_percentage": 0}, {"strategy": "free"}])
def test_a_play_that_stops_at_the_first_fault_has_its_report(stage: Stage, keyword: dict[str, Any]) -> None:
    result = stage.play({"json": "out/mail.json"}, **keyword)
    assert result.returncode == 2, result.stdout + result.stderr
    assert stage.outcomes() == {GOOD: "pass", BAD: "fail", GONE: "unknown"}


def test_batches_that_were_not_reached_stand_in_the_report(stage: Stage) -> None:
    stage.play({"json": "out/mail.json"}, hosts=f"{BAD},{GOOD}")
    first = stage.document()
    result = stage.play(
        {"json": "out/mail.json", "earlier": "out/mail.json"}, serial=1, max_fail_percentage=0, order="reverse_sorted"
    )
    assert result.returncode == 2, result.stdout + result.stderr
    assert went_on(result) == [GOOD]
    assert stage.outcomes() == {GOOD: "pass", GONE: "unknown", BAD: "unknown"}
    second = stage.document()
    assert second["since"]["earlier"] == first["generated"]
    assert second["hosts"][0]["problems"] == ["not looked at"]
    assert len(second["since"]["not_looked_at"]) == first["counts"]["findings"]["all"]


def test_check_mode_writes_it_and_changes_nothing(stage: Stage) -> None:
    result = stage.play({"json": "out/mail.json"}, "--check", hosts=f"{GOOD},{BAD}")
    assert stage.outcomes() == {GOOD: "pass", BAD: "fail"}
    assert "changed=0" in result.stdout
    assert "changed=1" not in result.stdout


def test_a_second_run_has_nothing_new(stage: Stage) -> None:
    report = {"json": "out/mail.json", "earlier": "out/mail.json", "markdown": "out/mail.md"}
    first = stage.play(report, hosts=BAD)
    assert first.returncode == 2, first.stdout + first.stderr
    assert "since" not in stage.document()
    stage.play(report, hosts=BAD)
    since = stage.document()["since"]
    assert (since["new"], since["changed"], since["gone"]) == ([], [], [])
    assert since["unchanged"] == stage.document()["counts"]["findings"]["all"] > 5


@pytest.mark.parametrize(
    ("report", "texts"),
    [
        ({"pdf": "out/mail.pdf"}, ["pdf", "html, json, junit"]),
        ({"html": "plays/playbook.yml/mail.html"}, ["plays/playbook.yml/mail.html", "cannot be written", "controller"]),
        ({"html": "out/a.html", "earlier": "nowhere.json"}, ["nowhere.json", "no such file", "first run"]),
        ({"html": "out/a.html", "earlier": "plays/playbook.yml"}, ["plays/playbook.yml", "no JSON"]),
        ({"title": "x"}, ["one of the following is required: html, json, junit, sarif, markdown"]),
    ],
)
def test_bad_input_has_a_clear_message(stage: Stage, report: dict[str, str], texts: list[str]) -> None:
    result = stage.play(report, hosts=GOOD)
    shown = result.stdout + result.stderr
    assert result.returncode == 2, shown
    assert "Traceback" not in shown
    for text in texts:
        assert text in shown
    assert went_on(result) == []
    assert not os.path.exists(stage.directory / "out" / "a.html")


def test_without_a_report_nothing_is_written_and_a_host_that_is_unreachable_stays_so(stage: Stage) -> None:
    result = stage.play({}, hosts=GONE)
    assert result.returncode == 4, result.stdout
    assert not (stage.directory / "out").exists()
