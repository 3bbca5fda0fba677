# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input, as a user meets it: through ansible-playbook. A clear message before anything is probed, and no traceback.

Each case is one task. It must fail, and its message must hold the option, the value and what would be right.
"""

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

WIRE = "mailops.gate.assert_mail_ports"
FILTER = "mailops.gate.assert_firewall_ports"
EGRESS = "mailops.gate.assert_mail_egress"
GOOD_SAVE = "*filter\n:INPUT DROP [0:0]\nCOMMIT\n"

#: File name -> content, for the options that name files.
FILES = {
    "empty": "",
    "good.save": GOOD_SAVE,
    "truncated.save": GOOD_SAVE.replace("COMMIT\n", "-A INPUT -p tcp"),
    "prose.txt": "this is no ruleset\n",
    "truncated.json": '{"nftables": [{"metainfo": {"version": "1.0.6"',
    "other.json": '{"rules": []}',
    "key.pem": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
}


def wire(**options: Any) -> dict[str, Any]:
    return {WIRE: {"host": "127.0.0.1", "services": ["imaps"], **options}}


def filter_of(**options: Any) -> dict[str, Any]:
    return {FILTER: {"services": ["imaps"], **options}}


def role(**variables: Any) -> dict[str, Any]:
    given = {"verify_views": ["filter"], "verify_host": "mx", "verify_services": ["imaps"], **variables}
    return {"ansible.builtin.import_role": {"name": "mailops.gate.verify"}, "vars": given}


def service(**keys: Any) -> dict[str, Any]:
    return wire(services=[keys])


CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "unknown service": (wire(services=["imapz"]), ["services[0]", "imapz", "one of smtp"]),
    "port too large": (service(name="imaps", port=65536), ["services[0].port", "65536", "1 to 65535"]),
    "port zero": (service(name="imaps", port=0), ["services[0].port", "0", "1 to 65535"]),
    "closed and encryption": (
        service(name="imap", closed=True, encryption="starttls"),
        ["services[0].encryption", "starttls", "closed"],
    ),
    "host bits": (
        service(name="imap", **{"from": ["10.1.2.3/8"]}),
        ["services[0].from", "10.1.2.3/8", "10.0.0.0/8"],
    ),
    "host bits, IPv6": (
        service(name="imap", **{"from": ["2001:db8::5/32"]}),
        ["services[0].from", "2001:db8::5/32", "2001:db8::/32"],
    ),
    "no mail service": (wire(services=["ssh"]), ["services", "ssh", "at least one mail service"]),
    "unknown policy": (wire(policy="tls13"), ["policy", "tls13", "rfc8314"]),
    "unknown key of a policy": (wire(policy={"days": 3}), ["policy.days", "known keys"]),
    "unknown fail_on": (wire(fail_on=["errors"]), ["fail_on", "errors", "never alone"]),
    "timeout zero": (wire(timeout=0), ["timeout", "0", "1 to 3600"]),
    "a URL for a host": (wire(host="https://mail.example.org/"), ["host", "https://mail.example.org/", "host name"]),
    "a name with spaces": (wire(server_name="mail example"), ["server_name", "mail example", "host name"]),
    "no host": (wire(host=[]), ["host", "[]"]),
    "a name for an address": (wire(addresses=["mail"]), ["addresses", "mail", "IPv4 or IPv6"]),
    "addresses of several hosts": (wire(host=["a", "b"], addresses=["127.0.0.1"]), ["addresses", "one host"]),
    "trust file missing": (wire(trust="{files}/absent.pem"), ["absent.pem"]),
    "trust file empty": (wire(trust="{files}/empty"), ["{files}/empty"]),
    "trust file without certificates": (wire(trust="{files}/key.pem"), ["key.pem"]),
    "unknown service, filter": (filter_of(services=["imapz"]), ["services[0]", "imapz", "one of smtp"]),
    "rules file missing": (filter_of(rules={"iptables": "{files}/absent"}), ["rules.iptables", "{files}/absent"]),
    "rules file empty": (filter_of(rules={"iptables": "{files}/empty"}), ["rules.iptables", "{files}/empty"]),
    "rules file truncated": (filter_of(rules={"iptables": "{files}/truncated.save"}), ["truncated.save", "COMMIT"]),
    "no ruleset at all": (filter_of(rules={"ip6tables": "{files}/prose.txt"}), ["rules.ip6tables", "prose.txt"]),
    "JSON truncated": (filter_of(rules={"nft_json": "{files}/truncated.json"}), ["rules.nft_json", "truncated.json"]),
    "JSON of something else": (filter_of(rules={"nft_json": "{files}/other.json"}), ["rules.nft_json", "other.json"]),
    "no name for findings": (filter_of(host="", rules={"iptables": "{files}/good.save"}), ["host", "findings"]),
    "from without a value": (
        filter_of(services=[{"name": "ssh", "from": None}]),
        ["services[0].from", "any or a list"],
    ),
    "unknown kind of rules": (filter_of(rules={"pf": "{files}/good.save"}), ["rules.pf", "nft_json"]),
    "address, filter": (
        filter_of(rules={"iptables": "{files}/good.save"}, addresses=["mail"]),
        ["addresses", "mail", "IPv4 or IPv6"],
    ),
    "no view at all, role": (role(verify_views=[]), ["nothing was established"]),
    "unknown view, role": (role(verify_views=["wires"]), ["verify_views", "wires", "filter, wire"]),
    "a host without IPv6, role": (
        role(verify_rules={"iptables": "{files}/good.save"}, verify_families=["ipv4"]),
        ["mx: 1 failed of 3 checks", "firewall.missing-opening"],
    ),
    "nowhere to go, egress": ({EGRESS: {}}, ["targets", "at least one host", "domains"]),
    "a URL for a target, egress": (
        {EGRESS: {"targets": ["smtp://relay"]}},
        ["targets[0]", "smtp://relay", "host name"],
    ),
    "unknown key of a target, egress": (
        {EGRESS: {"targets": [{"host": "relay.example.net", "port": 25}]}},
        ["targets[0].port", "25", "ports"],
    ),
    "port too large, egress": (
        {EGRESS: {"targets": ["a.example"], "ports": [70000]}},
        ["ports", "70000", "1 to 65535"],
    ),
    "a mailbox for a domain, egress": ({EGRESS: {"domains": ["a@b.example"]}}, ["domains[0]", "a@b.example"]),
    "no view for a reference, egress": (
        {EGRESS: {"targets": ["a.example"], "reference": [{"port": 25}]}},
        ["reference[0]", "25", "mail_egress_info"],
    ),
    "no cryptography": (
        {**wire(), "vars": {"ansible_python_interpreter": "{files}/bare/bin/python3"}},
        ["cryptography", "bare/bin/python3"],
    ),
    "unknown service, handed over to the module": (
        {**wire(services=["imapz"]), "vars": {"ansible_python_interpreter": "{files}/bare/bin/python3"}},
        ["services[0]", "imapz", "one of smtp"],
    ),
}


def placed(value: Any, files: Path) -> Any:
    """``value`` with the directory of the files in its texts."""
    return json.loads(json.dumps(value).replace("{files}", str(files)))


def tried(number: int, task: dict[str, Any], files: Path) -> dict[str, Any]:
    """A block that runs the task and keeps its failure, or the lack of one, in a file."""
    content = "{{ (ansible_failed_result | default({'msg': 'no failure'})) | to_json }}"
    copy = {"ansible.builtin.copy": {"content": content, "dest": f"{files}/result-{number}.json", "mode": "0600"}}
    return {"block": [{"name": f"Case {number}", **placed(task, files)}], "rescue": [{"name": "Keep it", **copy}]}


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    files = tmp_path_factory.mktemp("files")
    for name, content in FILES.items():
        (files / name).write_text(content, encoding="utf-8")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(files / "bare")], check=True)
    tasks = [tried(number, task, files) for number, (task, _texts) in enumerate(CASES.values())]
    playbook = files / "playbook.yml"
    playbook.write_text(
        yaml.safe_dump([{"name": "Bad input", "hosts": "localhost", "gather_facts": False, "tasks": tasks}]),
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "ansible", "playbook", str(playbook)]
    result = subprocess.run(
        command, env=environment(files), capture_output=True, text=True, check=False, timeout=180, cwd=files
    )
    assert result.returncode == 0, result.stdout + result.stderr
    kept = {}
    for number, name in enumerate(CASES):
        path = files / f"result-{number}.json"
        kept[name] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"msg": "no failure"}
        kept[name]["files"] = str(files)
    return kept


@pytest.mark.parametrize("name", list(CASES))
def test_bad_input_has_a_clear_message(name: str, failures: dict[str, dict[str, Any]]) -> None:
    failure = failures[name]
    assert failure["msg"] != "no failure"
    for text in CASES[name][1]:
        assert text.replace("{files}", failure["files"]) in failure["msg"], failure["msg"]
    shown = json.dumps(failure)
    assert "Traceback" not in shown
    assert "findings" not in failure, "something was judged"
