# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The firewall modules through their actions: the host is asked by a slim module, and the controller understands what it says.
It is the same as the module itself tells there. The host is a network namespace, by an interpreter that enters it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
for folder in ("demo", "kernel"):
    sys.path.insert(0, str(ROOT / "tests" / folder))

from namespaces import Namespace  # noqa: E402
from runner import collection_path, environment  # noqa: E402

sys.path.insert(0, str(collection_path()))

from ansible_collections.mailops.gate.plugins.module_utils._ansible.filter_tasks import (  # noqa: E402
    assert_firewall_ports,
)
from ansible_collections.mailops.gate.plugins.module_utils._ansible.options import FIREWALL_PORTS  # noqa: E402
from ansible_collections.mailops.gate.plugins.module_utils._gate.errors import EvidenceError, IntentError  # noqa: E402
from ansible_collections.mailops.gate.plugins.plugin_utils._from_afar import check_options, look_from_afar  # noqa: E402

TOOLS = ("ip", "nft", "iptables-nft", "iptables-legacy", "ipset", "setpriv")
SYSTEM_PYTHON = "/usr/bin/python3"  # others than root may not come to ours
RULES = """
table inet own {
  set closed { type inet_service; elements = { 993, 995 }; }
  map doors { type inet_service : verdict; elements = { 465 : drop }; }
  chain input {
    type filter hook input priority 10; policy accept;
    tcp dport @closed drop
    tcp dport vmap @doors
  }
}
table netdev early {
  chain in {
    type filter hook ingress device eth0 priority -500; policy accept;
    ip saddr 203.0.113.66 drop
  }
}
"""
COMMANDS = """
ip link set lo up
ip link add eth0 type veth peer name eth1
ip link set eth0 up
ip link set eth1 up
ip address add 192.0.2.1/24 dev eth0
ip address add 2001:db8::1/64 dev eth0 nodad
ip route add default via 192.0.2.254
ipset create mail hash:ip,port
ipset add mail 203.0.113.9,tcp:587
iptables-nft -P INPUT DROP
iptables-nft -A INPUT -p tcp -m multiport --dports 25,465,993 -m conntrack --ctstate NEW -j ACCEPT
iptables-nft -A INPUT -m set --match-set mail src,dst -j ACCEPT
iptables-legacy -A INPUT -p tcp --dport 25 -s 203.0.113.10 -j DROP
"""
INFO, ASSERT, ASK = "firewall_ports_info", "assert_firewall_ports", "firewall_evidence_info"
#: What comes with a result for the way that it took.
WAY = {
    *("ansible_job_id", "finished", "started", "results_file", "stdout", "stdout_lines", "stderr", "stderr_lines"),
    *("invocation", "ansible_facts", "warnings", "deprecations"),
}


class Hosts:
    """``mail``: a namespace. ``plain``: the same without root. ``auto``: the same, its interpreter is found by Ansible."""

    def __init__(self, place: Namespace, directory: Path) -> None:
        self.directory = directory
        plain = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", SYSTEM_PYTHON)
        found = {"ansible_interpreter_python_fallback": [str(directory / "python-mail")]}
        hosts: dict[str, Any] = {"auto": {"ansible_python_interpreter": "auto", **found}}
        for name, command in (("mail", [sys.executable]), ("plain", plain)):
            wrapper = directory / f"python-{name}"
            note = f'echo "$@" >>{directory}/started-{name}'
            wrapper.write_text(f'#!/bin/sh\n{note}\nexec {" ".join(place.inside(*command))} "$@"\n', encoding="utf-8")
            wrapper.chmod(0o755)
            hosts[name] = {"ansible_python_interpreter": str(wrapper)}
        self.inventory = directory / "inventory.yml"
        # Where HOME is not that of the user, those who write and those who read it take different ones for it.
        common = {"ansible_connection": "local", "ansible_async_dir": str(directory / "async")}
        self.inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": common}}), encoding="utf-8")

    def run(self, *tasks: dict[str, Any], host: str = "mail", pipelining: bool = False) -> list[dict[str, Any]]:
        """The tasks' results. Each is the name of a module with its options, and keywords of the task."""
        names = [f"result_{number}" for number in range(len(tasks))]
        listed = [
            {**{key if key in ("async", "poll") else f"mailops.gate.{key}": value for key, value in task.items()},
             "register": name, "ignore_errors": True}
            for name, task in zip(names, tasks)
        ]  # fmt: skip
        results = "{{ [" + ", ".join(names) + "] | to_json }}"
        keep = {"content": results, "dest": f"{self.directory}/results.json", "mode": "0600"}
        listed.append({"ansible.builtin.copy": keep, "delegate_to": "localhost"})
        playbook = self.directory / "playbook.yml"
        playbook.write_text(yaml.safe_dump([{"hosts": host, "gather_facts": False, "tasks": listed}]), encoding="utf-8")
        command = [sys.executable, "-m", "ansible", "playbook", "-i", str(self.inventory), str(playbook)]
        settings = {**environment(self.directory), "ANSIBLE_PIPELINING": str(int(pipelining))}
        done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads((self.directory / "results.json").read_text(encoding="utf-8"))

    def started(self, name: str = "mail") -> list[str]:
        """The modules that were started since this was last asked; an empty name for one that came by a pipe."""
        notes = self.directory / f"started-{name}"
        lines = notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []
        notes.unlink(missing_ok=True)
        return [match[1] if (match := re.search(r"AnsiballZ_(\w+)\.py", line)) else "" for line in lines]


@pytest.fixture(scope="module")
def place() -> Iterator[Namespace]:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"needs root and {', '.join(missing or TOOLS)}")
    made = Namespace("afar")
    try:
        for line in COMMANDS.strip().splitlines():
            made.run(*line.split())
        made.run("nft", "-f", "-", text=RULES)
        yield made
    finally:
        made.close()


@pytest.fixture
def hosts(place: Namespace, tmp_path: Path) -> Hosts:
    return Hosts(place, tmp_path)


def content(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name not in WAY}


@pytest.mark.parametrize("pipelining", [False, True])
def test_the_answer_is_the_one_that_the_module_gives_on_the_host(hosts: Hosts, pipelining: bool) -> None:
    info = {INFO: {"verbose": True}}
    asserted = {ASSERT: {"services": ["smtp"], "listeners": True, "verbose": True, "host": ["mx"]}}
    there = {"async": 60, "poll": 1}
    results = hosts.run(info, asserted, {**info, **there}, {**asserted, **there}, pipelining=pipelining)
    started = hosts.started()
    if not pipelining:
        assert started[:6] == [ASK] * 6, "the ones with elements, and the sets of ipset, are further questions"
        assert {INFO, ASSERT} <= set(started[6:]) and ASK not in started[6:]
    opened, verdict, opened_there, verdict_there = map(content, results)
    assert "listeners" in verdict and "listeners" in verdict_there, (verdict.get("msg"), verdict_there)
    listening = [each.pop("listeners") for each in (verdict, verdict_there)]
    assert opened == opened_there
    assert verdict == verdict_there
    for each in listening:
        assert each["addresses"] == ["192.0.2.1", "2001:db8::1"] and each["listeners"]
    assert not opened["failed"] and verdict["failed"]
    by_family = {
        family: [port for each in opened["openings"] if each["family"] == family for port in each["ports"]]
        for family in ("ipv4", "ipv6")
    }
    assert set(by_family["ipv4"]) == {"25", "587"}, "sets, and what only iptables-save and ipset tell"
    assert {"0-464", "466-992", "994"} < set(by_family["ipv6"])


def test_without_root_it_is_said_that_it_needs_root_and_the_sockets_still_come(hosts: Hosts) -> None:
    if not Path(SYSTEM_PYTHON).exists():
        pytest.skip(f"needs {SYSTEM_PYTHON}")
    both = {"services": ["smtp"], "listeners": True}
    results = hosts.run({INFO: {}}, {ASSERT: {"services": ["smtp"]}}, {ASSERT: both}, host="plain", pipelining=True)
    assert hosts.started("plain") == [""] * 3
    for result in results:
        assert result["failed"] and "it needs root" in result["msg"] and "`become: true`" in result["msg"], result
        assert "findings" not in result and "openings" not in result
    assert [set(result.get("listeners", ())) for result in results] == [
        set(),
        set(),
        {"listeners", "namespaces", "addresses", "notes"},
    ]


WRONG = [
    ({INFO: {"interfaces": ["eth0/"]}}, "interfaces"),
    ({INFO: {"addresses": ["192.0.2.300"]}}, "addresses"),
    ({INFO: {"timeout": 0}}, "timeout: 0"),
    ({INFO: {"timeout": "soon"}}, "timeout"),
    ({INFO: {"families": ["ipv5"]}}, "families"),
    ({INFO: {"porst": 25}}, "porst"),
    ({ASSERT: {"services": ["smtpp"]}}, "services"),
    ({ASSERT: {"services": [{"name": "smtp", "port": 70000}]}}, "services[0].port"),
    ({ASSERT: {}}, "services"),
    ({ASSERT: {"services": ["smtp"], "interfaces": ["eth0/"], "listeners": True}}, "interfaces"),
    ({ASSERT: {"services": ["smtp"], "timeout": 3601}}, "timeout: 3601"),
    ({ASSERT: {"services": ["smtp"], "fail_on": ["fial"]}}, "fail_on"),
    ({ASSERT: {"services": ["smtp"], "host": [""]}}, "host"),
    ({ASSERT: {"services": ["smtp"], "policy": "rfc1"}}, "policy"),
]


def test_wrong_options_are_refused_before_anything_is_started_on_the_host(hosts: Hosts) -> None:
    for result, (task, words) in zip(hosts.run(*(task for task, _words in WRONG)), WRONG):
        assert result["failed"] and words in result["msg"], (task, result)
        assert set(content(result)) <= {"failed", "msg", "changed", "exception"}
    assert hosts.started() == []


def test_files_of_the_host_are_read_and_understood_there(hosts: Hosts) -> None:
    rules = hosts.directory / "rules.v4"
    rules.write_text("*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp --dport 2525 -j ACCEPT\nCOMMIT\n", encoding="utf-8")
    files = {"iptables": str(rules)}
    candidate, difference, boot = hosts.run(
        {INFO: {"rules": files, "families": ["ipv4"]}},
        {INFO: {"baseline": files, "families": ["ipv4"]}},
        {ASSERT: {"services": ["smtp"], "next_boot": True}},
    )
    assert [port for entry in candidate["openings"] for port in entry["ports"]] == ["2525"]
    assert difference["difference"]["closed"] == ["tcp 2525 from any (IPv4)"]
    assert any(each["check"] == "firewall.next-boot" for each in [*boot["findings"], *boot["passed"]]), boot
    assert hosts.started() == [INFO, INFO, ASSERT]


def test_what_was_found_out_about_the_interpreter_is_kept(hosts: Hosts) -> None:
    (result,) = hosts.run({INFO: {}}, host="auto")
    interpreter = str(hosts.directory / "python-mail")
    assert result["openings"] and hosts.started().count(ASK) == 3
    assert result["ansible_facts"] == {"discovered_interpreter_python": interpreter}
    (warning,) = result["warnings"]
    assert interpreter in warning


class Action:
    """A host whose modules give these results one after the other, the last of them again and again."""

    def __init__(self, *results: dict[str, Any]) -> None:
        self.results = list(results)
        self.asked: list[dict[str, Any]] = []

    def _execute_module(self, module_name: str, module_args: dict[str, Any], task_vars: object) -> dict[str, Any]:
        assert module_name == f"mailops.gate.{ASK}"
        self.asked.append(module_args)
        return self.results.pop(0) if len(self.results) > 1 else self.results[0]


def answered(*commands: tuple[list[str], str], **other: Any) -> dict[str, Any]:
    programs = {"ip": "/sbin/ip", "nft": "/sbin/nft"}
    said = [{"command": command, "code": 0, "out": out, "err": ""} for command, out in commands]
    answers = {
        "root": True,
        "hostname": "mail",
        "files": {},
        "patterns": ["/proc/*"],
        "programs": programs,
        "commands": said,
    }
    return {"answers": answers, "changed": False, **other}


LINKS = json.dumps([{"ifname": "eth0", "addr_info": [{"family": "inet", "local": "192.0.2.1", "prefixlen": 24}]}])
FIRST = [
    (["/sbin/ip", "-j", "-d", "address", "show"], LINKS),
    (["/sbin/ip", "-j", "-4", "rule", "show"], ""),
    (["/sbin/ip", "-j", "-4", "route", "show", "table", "main"], ""),
    (["/sbin/ip", "-j", "-4", "route", "show", "table", "local", "type", "local"], ""),
]
LISTING = (["/sbin/nft", "-j", "-t", "list", "ruleset"], '{"nftables": [{"metainfo": {"version": "1.0.9"}}]}')


def looked_at(action: Action, **given: Any) -> dict[str, Any]:
    defaults = {name: option.get("default") for name, option in FIREWALL_PORTS.items()}
    options = {**defaults, "services": ["smtp"], "fail_on": ["never"], **given}
    return look_from_afar(action, assert_firewall_ports, options, {})  # type: ignore[arg-type]


def test_what_each_start_of_a_module_tells_beside_is_kept() -> None:
    first = answered(*FIRST, warnings=["old"], ansible_facts={"discovered": "/bin/p"}, listeners={"listeners": []})
    second = answered(LISTING, warnings=["old", "slow"], deprecations=["gone soon"], ansible_facts={"more": 1})
    action = Action(first, second)
    result = looked_at(action, listeners=True, timeout=7)
    assert result["findings"] and result["listeners"] == {"listeners": []}
    assert result["warnings"] == ["old", "slow"] and result["deprecations"] == ["gone soon"]
    assert result["ansible_facts"] == {"discovered": "/bin/p", "more": 1}
    assert action.asked == [
        {"commands": [], "timeout": 7, "listeners": True},
        {"commands": [["nft", "-j", "-t", "list", "ruleset"]], "timeout": 7, "listeners": False},
    ]


def test_a_host_that_does_not_answer_is_not_asked_for_ever() -> None:
    action = Action(answered(*FIRST))
    with pytest.raises(EvidenceError, match="nft -j -t list ruleset: the host gave no answer"):
        looked_at(action)
    assert len(action.asked) == 2
    both = looked_at(Action(answered(*FIRST, listeners={"listeners": []})), listeners=True)
    assert both["failed"] and "gave no answer" in both["msg"] and both["listeners"] == {"listeners": []}


def test_a_module_that_fails_on_the_host_is_the_result() -> None:
    failed = {"failed": True, "msg": "no Python", "rc": 127}
    assert looked_at(Action(failed)) == failed
    assert looked_at(Action(answered(*FIRST), failed)) == failed


def test_options_are_checked_without_a_host() -> None:
    options = {name: option.get("default") for name, option in FIREWALL_PORTS.items()}
    check_options(assert_firewall_ports, {**options, "services": ["smtp"]})
    with pytest.raises(IntentError, match="interfaces"):
        check_options(assert_firewall_ports, {**options, "services": ["smtp"], "interfaces": ["eth0/"]})
