# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks that are measured: ours, and what people write without it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Dict, List

ROOT = Path(__file__).resolve().parents[2]
_FEW, _MANY = 1, 10

_EMPTY = """
- hosts: {hosts}
  gather_facts: false
  tasks: []
"""
_OURS = """
- hosts: {hosts}
  gather_facts: false
  tasks:
    - mailops.gate.assert_mail_ports:
        host: "{{{{ address }}}}"
        server_name: mx.peers.test
        trust: {trust}
        policy: mozilla-intermediate
        depth: posture
        fail_on: never
        services: [smtp, submission, submissions, imap, imaps, pop3, pop3s]
"""
# get_certificate knows STARTTLS for MySQL only, and so fails at the ports that begin without TLS.
_LOOP = """
- hosts: {hosts}
  gather_facts: false
  tasks:
    - ansible.builtin.wait_for:
        host: "{{{{ address }}}}"
        port: "{{{{ item }}}}"
        timeout: 10
      loop: [25, 587, 465, 143, 993, 110, 995]
    - community.crypto.get_certificate:
        host: "{{{{ address }}}}"
        port: "{{{{ item }}}}"
        server_name: mx.peers.test
        ca_cert: {trust}
      loop: [25, 587, 465, 143, 993, 110, 995]
      register: certificates
      failed_when: false
    - ansible.builtin.assert:
        that: item.item not in [465, 993, 995] or not item.expired
      loop: "{{{{ certificates.results }}}}"
      loop_control:
        label: "{{{{ item.item }}}}"
"""
_BODIES = {"no tasks": _EMPTY, "mailops.gate": _OURS, "wait_for + get_certificate + assert": _LOOP}


def _name(what: str, hosts: int) -> str:
    return f"ansible-playbook, {what}, {hosts} host{'s' if hosts > 1 else ''}"


#: Name to body and number of hosts.
PLAYBOOKS: Dict[str, tuple[str, int]] = {
    _name(what, hosts): (body, hosts) for hosts in (_FEW, _MANY) for what, body in _BODIES.items()
}


def collections(directory: Path) -> str:
    """The path of collections for Ansible: ours, and community.crypto out of the PyPI package ansible."""
    unpacked = directory / "collections"
    if not (unpacked / "ansible_collections" / "community" / "crypto").is_dir():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(directory), "ansible"]
        if not list(directory.glob("ansible-*.whl")):
            subprocess.run(pip, check=True)
        with zipfile.ZipFile(next(directory.glob("ansible-*.whl"))) as wheel:
            wanted = [name for name in wheel.namelist() if name.startswith("ansible_collections/community/crypto/")]
            wheel.extractall(unpacked, wanted)
    return f"{ROOT / '.work' / 'collections'}:{unpacked}"


def prepare(directory: Path, address: str, trust: Path) -> None:
    """Write inventory and playbooks."""
    hosts = "\n".join(f"mail{number} ansible_connection=local" for number in range(1, _MANY + 1))
    interpreter = "ansible_python_interpreter={{ ansible_playbook_python }}"
    (directory / "inventory").write_text(f"{hosts}\n[all:vars]\naddress={address}\n{interpreter}\n")
    for number, (body, count) in enumerate(PLAYBOOKS.values()):
        text = body.format(hosts="mail1" if count == 1 else "all", trust=trust)
        (directory / f"playbook{number}.yml").write_text(text)


def playbook_command(directory: Path, name: str) -> List[str]:
    number = list(PLAYBOOKS).index(name)
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    return [program, "-i", str(directory / "inventory"), str(directory / f"playbook{number}.yml")]
