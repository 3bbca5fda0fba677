# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the gate costs as the last task of a deployment, beside the tasks that people write for the same today.

    bench_role.py [--rounds N] [--hosts N ...]

Run by `make bench-role`, as root. A mail server with seven ports, IPv4 and IPv6, and a packet filter stands in a network
namespace; ansible-playbook runs in another one, from which it looks at the ports. Modules on the host run in the server's
namespace without SSH, so that both kinds of playbook save the same for each task there. Several hosts are several entries for
the one server. In each round every playbook runs once, one after the other; the medians count. The time of the processors is
that of ansible-playbook and all that it starts, on the controller and on the host; others who use the machine change it less.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import trustme
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "demo"), str(ROOT / "tests" / "bench")]

from bench_role_playbooks import PLAYBOOKS, playbook  # noqa: E402
from runner import environment  # noqa: E402

ADDRESSES = ("192.0.2.10", "2001:db8::10")
CLIENT = ("192.0.2.20/24", "2001:db8::20/64")
NAME = "mail.example.org"
RULES = """
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif lo accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport { 25, 110, 143, 465, 587, 993, 995 } accept
  }
}
"""
OURS = "mailops.gate.verify"


def run(*command: str, **keywords: object) -> None:
    subprocess.run(command, check=True, **keywords)  # type: ignore[call-overload]


@contextlib.contextmanager
def namespaces() -> Iterator[tuple[str, str]]:
    """The server's network namespace and the client's, joined by a cable; they go when the ``with`` ends."""
    server, client = (f"gate-bench-{os.getpid()}-{role}" for role in ("server", "client"))
    with contextlib.ExitStack() as stack:
        for name in (server, client):
            run("ip", "netns", "add", name)
            stack.callback(run, "ip", "netns", "delete", name)
        run("ip", "-n", server, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", client)
        for name, addresses in ((server, (f"{ADDRESSES[0]}/24", f"{ADDRESSES[1]}/64")), (client, CLIENT)):
            run("ip", "-n", name, "link", "set", "lo", "up")
            for address in addresses:
                run("ip", "-n", name, "address", "add", address, "dev", "eth0", *(["nodad"] if ":" in address else []))
            run("ip", "-n", name, "link", "set", "eth0", "up")
        run("ip", "netns", "exec", server, "nft", "-f", "-", input=RULES, text=True)
        yield server, client


@contextlib.contextmanager
def mail_server(namespace: str, directory: Path) -> Iterator[None]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))
    authority.issue_cert(NAME).private_key_and_cert_chain_pem.write_to_path(str(directory / "server.pem"))
    script = str(ROOT / "tests" / "integration" / "servers.py")
    command = [sys.executable, script, str(directory / "server.pem"), "--seven", *ADDRESSES]
    inside = ["ip", "netns", "exec", namespace, *command]
    with subprocess.Popen(
        inside, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        if server.stdout.readline() != "ready\n":
            sys.exit("the mail server did not start")
        try:
            yield
        finally:
            server.communicate()


def prepare(directory: Path, server: str, hosts: int) -> Path:
    """The inventory: entries for one server, whose modules run in its namespace."""
    wrapper = directory / "python-server"
    wrapper.write_text(f'#!/bin/sh\nexec nsenter --net=/run/netns/{server} {sys.executable} "$@"\n', encoding="utf-8")
    wrapper.chmod(0o755)
    entry = {"ansible_connection": "local", "ansible_python_interpreter": str(wrapper)}
    common = {
        "addresses": list(ADDRESSES),
        "name": NAME,
        "authority": str(directory / "ca.pem"),
        "verify_server_name": NAME,
    }
    inventory = {"all": {"hosts": {f"mail{number}": entry for number in range(hosts)}, "vars": common}}
    path = directory / f"inventory-{hosts}.yml"
    path.write_text(yaml.safe_dump(inventory), encoding="utf-8")
    return path


def measured(client: str, inventory: Path, written: Path, directory: Path) -> tuple[float, float]:
    """Seconds of a playbook that must find nothing wrong: on the clock, and of processors."""
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(inventory), str(written)]
    kept = {**environment(directory), "PYTHONPYCACHEPREFIX": str(ROOT / ".work" / "bench" / "bytecode")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    start, used = time.monotonic(), processors()
    done = subprocess.run(
        ["ip", "netns", "exec", client, *command],
        env=kept,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - start, processors() - used
    if done.returncode != 0:
        sys.exit(f"{written.name} failed:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
    return seconds


def processors() -> float:
    """Seconds that processors have worked for processes that this one started and that have ended, and for theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the role beside hand-written tasks.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--hosts", type=int, nargs="+", default=[1, 10])
    options = parser.parse_args()
    missing = [tool for tool in ("ip", "nft", "nsenter", "openssl") if shutil.which(tool) is None]
    if os.geteuid() != 0 or missing:
        sys.exit("SKIPPED: needs root" if not missing else f"SKIPPED: not installed: {', '.join(missing)}")
    with tempfile.TemporaryDirectory() as name, namespaces() as (server, client):
        directory = Path(name)
        for number, what in enumerate(PLAYBOOKS):
            (directory / f"playbook{number}.yml").write_text(playbook(what), encoding="utf-8")
        with mail_server(server, directory):
            print("| hosts | playbook | wall time, s | times the role | processors, s | times the role |")
            print("| --: | --- | --: | --: | --: | --: |")
            for hosts in options.hosts:
                inventory = prepare(directory, server, hosts)
                # What is installed has its byte code; a checkout may not have been run yet.
                measured(client, inventory, directory / f"playbook{PLAYBOOKS.index(OURS)}.yml", directory)
                times: dict[str, list[tuple[float, float]]] = {what: [] for what in PLAYBOOKS}
                for _round in range(options.rounds):
                    for number, what in enumerate(PLAYBOOKS):
                        times[what].append(measured(client, inventory, directory / f"playbook{number}.yml", directory))
                medians = {what: [statistics.median(kind) for kind in zip(*found)] for what, found in times.items()}
                for what, found in medians.items():
                    cells = [f"{each:.2f} | {each / ours:.1f}" for each, ours in zip(found, medians[OURS])]
                    print(f"| {hosts} | {what} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
