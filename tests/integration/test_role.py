# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role on a real host: Postfix in a network namespace, looked at from itself, from a client behind a router and from the
router. Each is a host of the inventory, by an interpreter that enters its namespace. One thing is planted, and the role's one
verdict names it.

The same host with every cause, without the role, is test_diagnosis.py."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
for folder in (ROOT / "plugins" / "module_utils", ROOT / "tests" / "demo", HERE):
    sys.path.insert(0, str(folder))

from egress_lab import NAMES, RELAY, RELAY_V6, EgressLab  # noqa: E402
from runner import environment  # noqa: E402

NAME = NAMES[0]
INPUT = (
    "table inet t {{ chain c {{ type filter hook input priority 0; policy drop; iif lo accept; ct state established accept; \
meta l4proto ipv6-icmp accept; {} }}; }};"
)
OPEN = INPUT.format("tcp dport 25 accept;")
FORWARD = "table inet t {{ chain c {{ type filter hook forward priority 0; {} }}; }};"
SERVICES = [{"name": "smtp"}]
REFUSING = """
from ansible.errors import AnsibleError
from ansible.plugins.connection.local import DOCUMENTATION as LOCAL, Connection as Base
DOCUMENTATION = LOCAL.replace("name: local", "name: refusing")
class Connection(Base):
    transport = "refusing"
    def exec_command(self, *arguments, **keywords):
        raise AnsibleError("not for you")
"""


class Gate:
    """A play with the role, on hosts that are namespaces."""

    def __init__(self, lab: EgressLab, directory: Path) -> None:
        self.lab = lab
        self.directory = directory
        hosts = {}
        for name, place in ((NAME, lab.outside), ("client", lab.host), ("router", lab.way)):
            wrapper = directory / f"python-{name}"
            command = " ".join(place.inside(sys.executable))
            note = f'echo "$@" >>{directory}/started-{name}'
            wrapper.write_text(f'#!/bin/sh\n{note}\nexec {command} "$@"\n', encoding="utf-8")
            wrapper.chmod(0o755)
            hosts[name] = {"ansible_connection": "local", "ansible_python_interpreter": str(wrapper)}
        hosts["gone"] = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
        self.inventory = directory / "inventory.yml"
        self.inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")

    def run(
        self, *arguments: str, play: dict[str, Any] | None = None, from_client: bool = False, **variables: Any
    ) -> subprocess.CompletedProcess[str]:
        """``from_client``: Ansible itself runs where the client is."""
        given = {
            "verify_services": SERVICES,
            "verify_addresses": [RELAY, RELAY_V6],
            "verify_trust": str(self.lab.ca),
            "verify_vantages": ["client"],
            "verify_depth": "handshake",
            "verify_timeout": 20,
            **variables,
        }
        role = {"ansible.builtin.import_role": {"name": "mailops.gate.verify"}, "vars": given}
        kept = {
            "content": "{{ verify_verdict | to_json }}",
            "dest": f"{self.directory}/{{{{ inventory_hostname }}}}.json",
        }
        keep = {
            "ansible.builtin.copy": {**kept, "mode": "0600"},
            "delegate_to": "localhost",
            "check_mode": False,
            "changed_when": False,
        }
        tasks = [{"name": "Gate", "block": [role], "always": [{"name": "Keep", **keep, "tags": ["always"]}]}]
        on = {"name": "On", "ansible.builtin.debug": {"msg": "{{ inventory_hostname }} goes on"}, "tags": ["always"]}
        whole = {"name": "Gate", "hosts": NAME, "gather_facts": False, "tasks": [*tasks, on], **(play or {})}
        playbook = self.directory / "playbook.yml"
        playbook.write_text(yaml.safe_dump([whole]), encoding="utf-8")
        command = [sys.executable, "-m", "ansible", "playbook", "-i", str(self.inventory), *arguments, str(playbook)]
        return subprocess.run(
            self.lab.host.inside(*command) if from_client else command,
            cwd=self.directory,
            env=environment(self.directory),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def started(self, name: str = NAME) -> list[str]:
        """The modules that were started on a host since this was last asked."""
        notes = self.directory / f"started-{name}"
        found = re.findall(r"AnsiballZ_(\w+)\.py", notes.read_text(encoding="utf-8")) if notes.exists() else []
        notes.unlink(missing_ok=True)
        return found

    def verdict(self, name: str = NAME) -> dict[str, Any]:
        return json.loads((self.directory / f"{name}.json").read_text(encoding="utf-8"))

    def told(self) -> list[tuple[str, str]]:
        return [(each["check"], each.get("diagnosis", "")) for each in self.verdict()["findings"]]


@pytest.fixture
def gate(lab: EgressLab, tmp_path: Path) -> Gate:
    return Gate(lab, tmp_path)


def planted(lab: EgressLab, server: str = OPEN, way: str = "", listener: str = "") -> ExitStack:
    stack = ExitStack()
    stack.enter_context(lab.filtered(lab.outside, server))
    if way:
        stack.enter_context(lab.filtered(lab.way, way))
    if listener:
        stack.enter_context(
            lab.serving(lab.outside, [sys.executable, str(HERE / "planted_server.py"), *listener.split()])
        )
    return stack


def test_a_right_server_passes_from_several_places_and_nothing_changes(gate: Gate) -> None:
    with planted(gate.lab):
        result = gate.run(verify_vantages=["client", "router", NAME])
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{NAME} goes on" in result.stdout
    assert gate.started() == ["assert_mail_ports", "firewall_evidence_info"], (
        "one for the vantage, and one for all else"
    )
    assert gate.started("client") == gate.started("router") == ["assert_mail_ports"]
    verdict = gate.verdict()
    assert verdict["outcome"] in ("pass", "warn"), verdict["msg"]
    assert [each["cause"] for each in verdict["diagnoses"]] == ["fine"]
    assert verdict["views"] == [
        "the packet filter",
        "the sockets",
        "the ports from client",
        "the ports from router",
        f"the ports from {NAME}",
    ]
    shown = verdict["diagnoses"][0]["shown"]
    assert (shown["here"], shown["outside"]) == ("open", "open")


@pytest.mark.parametrize(
    "plant, services, vantages, told",
    [
        (
            {"server": INPUT.format("meta nfproto ipv4 tcp dport 25 accept;")},
            SERVICES,
            ["client"],
            [("firewall.missing-opening", "filter.drops")],
        ),
        (
            {"way": FORWARD.format("tcp dport 25 drop;")},
            SERVICES,
            ["client", "router"],
            [("mail.reachable", "way.some-vantages")],
        ),
        (
            {"server": INPUT.format("tcp dport { 25, 465 } accept;")},
            SERVICES,
            ["client"],
            [("firewall.surplus-opening", "surplus.open-and-listening")],
        ),
    ],
    ids=["filter", "way", "surplus"],
)
def test_one_cause_is_named(
    gate: Gate, plant: dict[str, str], services: list[Any], vantages: list[str], told: list[tuple[str, str]]
) -> None:
    with planted(gate.lab, **plant):
        result = gate.run(verify_services=services, verify_vantages=vantages)
    assert result.returncode == 2, result.stdout + result.stderr
    assert "goes on" not in result.stdout
    failed = [each for each in gate.verdict()["findings"] if each["outcome"] != "warn"]
    assert [(each["check"], each.get("diagnosis", "")) for each in failed] == told, gate.verdict()["msg"]


def test_a_vantage_that_is_gone_is_unknown_in_the_report_and_fails_the_host_without(gate: Gate) -> None:
    with planted(gate.lab):
        result = gate.run(verify_vantages=["client", "gone"], verify_report={"json": "mail.json"})
        assert result.returncode == 2, result.stdout + result.stderr
        assert ("server.looked-at", "") in gate.told()
        report = json.loads((gate.directory / "mail.json").read_text(encoding="utf-8"))
        assert report["hosts"][0]["outcome"] == "unknown"
        result = gate.run(verify_vantages=["gone"])
    assert result.returncode != 0 and "goes on" not in result.stdout


def test_tags_look_at_one_view_in_check_mode_too(gate: Gate) -> None:
    with planted(gate.lab, server=INPUT.format("")):
        result = gate.run("--check", "--tags", "filter")
        assert result.returncode == 2, result.stdout
        assert gate.verdict()["views"] == ["the packet filter"]
        assert [each["check"] for each in gate.verdict()["findings"]] == ["firewall.missing-opening"]
        result = gate.run("--check", "--tags", "listeners")
        assert gate.verdict()["views"] == ["the sockets"], result.stdout
        assert gate.started() == ["firewall_evidence_info", "listening_ports_info"]
        assert result.returncode == 0, result.stdout
        result = gate.run("--check", "--tags", "wire")
        assert gate.told() == [("mail.reachable", "unknown.silent")], result.stdout
        assert gate.started() == []
        assert "changed=0" in result.stdout


@pytest.mark.parametrize("arguments", [["--tags", "report"], ["--tags", "gate,filter"], ["--skip-tags", "names"]])
def test_tags_leave_no_other_view_out(gate: Gate, arguments: list[str]) -> None:
    with planted(gate.lab):
        result = gate.run(*arguments, play={"tags": ["gate"]})
    assert result.returncode == 0, result.stdout
    assert gate.verdict()["views"] == ["the packet filter", "the sockets", "the ports from client"]


def test_a_view_that_is_left_out_by_its_tag_leaves_the_verdict_over_the_others(gate: Gate) -> None:
    with planted(gate.lab, server=INPUT.format("")):
        result = gate.run("--skip-tags", "wire")
    assert result.returncode == 2, result.stdout
    assert gate.verdict()["views"] == ["the packet filter", "the sockets"]


def test_ports_at_which_nobody_is_to_look_are_unknown(gate: Gate) -> None:
    with planted(gate.lab):
        result = gate.run(verify_vantages=[])
    assert result.returncode == 2, result.stdout
    assert gate.verdict()["outcome"] == "unknown" and "verify_vantages" in gate.verdict()["msg"]


@pytest.mark.parametrize("left_out", ["answers", "listeners"])
def test_a_host_that_keeps_an_answer_back_is_unknown(gate: Gate, left_out: str) -> None:
    """As one in the wrong hands may: what it says crosses to the controller as it is."""
    wrapper = gate.directory / f"python-{NAME}"
    cut = f"import json, sys; said = json.load(sys.stdin); said.pop('{left_out}', 0); print(json.dumps(said))"
    run = wrapper.read_text(encoding="utf-8").splitlines()[-1].replace("exec ", "", 1)
    pipe = f'{run} | {sys.executable} -c "{cut}"'
    wrapper.write_text(f'#!/bin/sh\ncase "$*" in *evidence*) {pipe} ;; *) {run} ;; esac\n', encoding="utf-8")
    with planted(gate.lab):
        result = gate.run()
    assert result.returncode == 2, result.stdout
    assert {"the packet filter", "the sockets"} == {each["view"] for each in gate.verdict()["errors"]}


def test_a_host_on_which_ansible_can_do_nothing_is_unknown_in_the_report(gate: Gate) -> None:
    """As one where the user cannot become another: Ansible ends the task, not the module."""
    plugins = gate.directory / "connection_plugins"
    plugins.mkdir()
    (plugins / "refusing.py").write_text(REFUSING, encoding="utf-8")
    hosts = yaml.safe_load(gate.inventory.read_text(encoding="utf-8"))
    hosts["all"]["hosts"][NAME]["ansible_connection"] = "refusing"
    gate.inventory.write_text(yaml.safe_dump(hosts), encoding="utf-8")
    with planted(gate.lab):
        result = gate.run(from_client=True, verify_vantages=["localhost"], verify_report={"json": "mail.json"})
    assert result.returncode == 2, result.stdout
    assert "not for you" in str(gate.verdict()["errors"])
    report = json.loads((gate.directory / "mail.json").read_text(encoding="utf-8"))
    assert report["hosts"][0]["outcome"] == "unknown"


@pytest.mark.parametrize("given", [{"wire": {"localhost": {}}}, {"firewall": {}}, {"listeners": {}}])
def test_a_view_is_not_given_twice(gate: Gate, given: dict[str, Any]) -> None:
    asked = {"host": NAME, "services": SERVICES, "look": ["filter", "listeners", "wire"], **given}
    task = {"name": "Twice", "mailops.gate.assert_mail_server": asked}
    result = gate.run(play={"tasks": [task]})
    assert result.returncode == 2 and f"{next(iter(given))}: " in result.stdout, result.stdout
    assert gate.started() == []


@pytest.mark.parametrize("given", [{"verify_fail_on": ["nothing"]}, {"verify_addresses": ["mail"]}])
def test_wrong_options_of_the_other_look_are_refused_before_anything_too(gate: Gate, given: dict[str, Any]) -> None:
    result = gate.run(verify_vantages=["localhost"], **given)
    assert result.returncode == 2, result.stdout
    assert gate.started() == []


def test_what_one_host_has_otherwise(gate: Gate) -> None:
    with planted(gate.lab):
        listed = [*SERVICES, "imaps", {"name": "submissions", "authentication": False}]
        overrides = {"imaps": False, "submissions": {"closed": True, "authentication": False}}
        result = gate.run(verify_services=listed, verify_overrides=overrides)
    assert result.returncode == 0, result.stdout


def test_outcomes_that_stop(gate: Gate) -> None:
    with planted(gate.lab, way=FORWARD.format("tcp dport 25 drop;")):
        result = gate.run(verify_fail_on=["never"])
        assert result.returncode == 0, result.stdout
        assert gate.verdict()["outcome"] == "fail" and not gate.verdict()["stops"]


def test_a_rolling_deployment_stops_at_the_first_bad_batch(gate: Gate) -> None:
    with planted(gate.lab):
        hosts = f"client,{NAME}"  # the client is no mail server
        rolling = {"hosts": hosts, "serial": 1, "max_fail_percentage": 0}
        result = gate.run(play=rolling, verify_vantages=["router"], verify_views=["listeners"])
        assert result.returncode == 2, result.stdout
        assert "client goes on" not in result.stdout and f"{NAME} goes on" not in result.stdout
        rolling["order"] = "reverse_sorted"
        result = gate.run(play=rolling, verify_vantages=["router"], verify_views=["listeners"])
        assert f"{NAME} goes on" in result.stdout and "client goes on" not in result.stdout


def test_the_controller_looks_in_the_task_that_looks_at_the_host(gate: Gate) -> None:
    with planted(gate.lab):
        result = gate.run(from_client=True, verify_vantages=["localhost"])
        assert result.returncode == 0, result.stdout + result.stderr
        assert gate.started() == ["firewall_evidence_info"]
        assert gate.verdict()["views"] == ["the packet filter", "the sockets", "the ports from localhost"]
        assert gate.verdict()["diagnoses"][0]["shown"]["outside"] == "open"
        result = gate.run(from_client=True, verify_vantages=["router", "localhost"], verify_views=["wire"])
    assert gate.started() == [], result.stdout
    assert sorted(gate.verdict()["views"]) == ["the ports from localhost", "the ports from router"]


def test_the_controller_trusts_whom_the_environment_of_the_task_names(gate: Gate) -> None:
    inside = {"name": "inside", "port": 25, "protocol": "smtp", "encryption": "starttls"}
    given: dict[str, Any] = {"verify_vantages": ["localhost"], "verify_trust": "system", "verify_services": [inside]}
    with planted(gate.lab):
        result = gate.run(from_client=True, **given)
        assert "mail.certificate-trust" in str(gate.told()), result.stdout
        play = {"environment": {"SSL_CERT_FILE": str(gate.lab.ca)}}
        result = gate.run(from_client=True, play=play, **given)
        assert "mail.certificate-trust" not in str(gate.told()), result.stdout


def test_a_controller_with_another_python_looks_in_a_task_of_its_own(gate: Gate) -> None:
    hosts = yaml.safe_load(gate.inventory.read_text(encoding="utf-8"))
    hosts["all"]["hosts"]["localhost"] = hosts["all"]["hosts"]["client"]
    gate.inventory.write_text(yaml.safe_dump(hosts), encoding="utf-8")
    with planted(gate.lab):
        result = gate.run(verify_vantages=["localhost"])
    assert result.returncode == 0, result.stdout + result.stderr
    assert gate.started("client")[0] == "assert_mail_ports"
    assert gate.started() == ["firewall_evidence_info"]
    assert gate.verdict()["views"] == ["the packet filter", "the sockets", "the ports from localhost"]


def test_what_cannot_be_looked_at_fails_whatever_stops(gate: Gate) -> None:
    with planted(gate.lab):
        result = gate.run(verify_rules={"iptables": "/no/such/file"}, verify_fail_on=["never"])
    assert result.returncode == 2, result.stdout
    assert "/no/such/file" in result.stdout and "goes on" not in result.stdout
    assert [each["view"] for each in gate.verdict()["errors"]] == ["the packet filter"]


def test_wrong_options_are_refused_before_anything_is_looked_at(gate: Gate) -> None:
    with planted(gate.lab):
        result = gate.run(verify_interfaces=["eth0/"], verify_vantages=["localhost"])
    assert result.returncode == 2 and "eth0/" in result.stdout, result.stdout
    assert gate.started() == []


@pytest.mark.parametrize("option, value", [("max_parallel", -1), ("relay_to", "no address")])
def test_options_that_all_modules_share_reach_the_look_from_the_controller(gate: Gate, option: str, value: Any) -> None:
    with planted(gate.lab):
        play = {"module_defaults": {"group/mailops.gate.gate": {option: value}}}
        result = gate.run(play=play, verify_vantages=["localhost"])
    assert result.returncode == 2 and option in result.stdout, result.stdout
