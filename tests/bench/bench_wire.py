# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a look at the TLS of seven mail ports costs in time, memory and connections: ours and the peers', as whole processes.

    bench_wire.py [--rounds N] [--playbook-rounds N] [--only WORD ...]

Run by `make bench-wire`. Two Debian 13 hosts with Postfix, Dovecot, an RSA and an ECDSA certificate run in containers of this
machine: `strict` offers what Mozilla calls intermediate, `stock` what the packages offer as they come. In each round every tool
runs once, one after the other, so that the machine's other load meets all alike; the medians count. Connections are those that
the host's kernel accepted.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Dict, List

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "plugins" / "module_utils"), str(ROOT / "tests" / "peers")]

import peer_nmap  # noqa: E402
import peer_sslscan  # noqa: E402
import peer_sslyze  # noqa: E402
from bench_wire_ansible import PLAYBOOKS, collections, playbook_command, prepare  # noqa: E402
from cases import TOOLS13, Machine  # noqa: E402
from machines import Machines  # noqa: E402
from tool import Port  # noqa: E402

STRICT = Machine("strict", TOOLS13, "mail", ("strict",))
STOCK = Machine("stock", TOOLS13, "mail")
PORTS = ((25, "smtp"), (587, "smtp"), (465, ""), (143, "imap"), (993, ""), (110, "pop3"), (995, ""))
STATE = ROOT / ".work" / "bench"
POLICY = "mozilla-intermediate"
TIME = "/usr/bin/time"
FLOOR = "openssl s_client, seven in parallel"


@dataclass(frozen=True)
class Run:
    """``seconds``: wall time. ``cpu``: seconds of this tool's own processes. ``megabytes``: the largest process."""

    seconds: float
    cpu: float
    megabytes: float
    connections: int


def tools(address: str, trust: Path) -> Dict[str, List[str]]:
    """What is measured: name and command line."""
    once = [sys.executable, str(ROOT / "tests" / "bench" / "bench_wire_once.py"), address]
    judged = [POLICY, str(trust)]
    output = STATE / "output"
    handshakes, scans = [], []
    for number, starttls in PORTS:
        asked = f" -starttls {starttls}" if starttls else ""
        handshakes.append(f"openssl s_client -connect {address}:{number}{asked} -servername mx.peers.test </dev/null &")
        scans.append(" ".join(peer_sslscan.command("sslscan", Port(address, number, starttls), output)))
    program = str(ROOT / ".work" / "peers" / "bin" / "sslyze")
    sslyze = peer_sslyze.command(program, [Port(address, number) for number, _starttls in PORTS], output)
    return {
        "python, nothing but import ssl": [sys.executable, "-c", "import ssl"],
        FLOOR: ["sh", "-c", " ".join(handshakes) + " wait"],
        "mailops.gate, handshake": [*once, "handshake", *judged],
        "mailops.gate, posture": [*once, "posture", *judged],
        "mailops.gate, enumerate": [*once, "enumerate", *judged],
        "nmap ssl-enum-ciphers, ssl-cert": peer_nmap.command(
            "nmap", address, [number for number, _service in PORTS], output
        ),
        "sslscan, one port after the other": ["sh", "-c", "; ".join(scans)],
        "sslyze": [program, "--starttls", "auto", *sslyze[1:]],
    }


def measure(command: List[str], environment: Dict[str, str]) -> Run:
    """Wall time from here; CPU and memory from time(1), since a child of this process would begin with its memory."""
    usage = STATE / "usage"
    null = subprocess.DEVNULL
    start = time.monotonic()
    timed = [TIME, "--quiet", "--format", "%U %S %M", "--output", str(usage), *command]
    subprocess.run(timed, stdin=null, stdout=null, stderr=null, env=environment, check=False)
    seconds = time.monotonic() - start
    user, system, kilobytes = (float(word) for word in usage.read_text().split())
    return Run(seconds, user + system, kilobytes / 1024, 0)


def measure_all(machines: Machines, machine: str, commands: Dict[str, List[str]], rounds: int) -> Dict[str, List[Run]]:
    """So many rounds, and one before them that warms up byte code and page cache."""
    environment = dict(os.environ, ANSIBLE_HOME=str(ROOT / ".work" / "ansible"))
    environment["ANSIBLE_COLLECTIONS_PATH"] = collections(STATE)
    # Installed programs have their byte code, ours and the peers'; the first round writes it, wherever this is run.
    environment["PYTHONPYCACHEPREFIX"] = str(STATE / "bytecode")
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    results: Dict[str, List[Run]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            before = machines.connections(machine)
            run = measure(command, environment)
            if number:
                results[name].append(replace(run, connections=machines.connections(machine) - before))
        print(f"{machine}: round {number} of {rounds}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
    return results


def median(runs: List[Run], field: str) -> float:
    values: List[float] = [getattr(run, field) for run in runs]
    return statistics.median(values)


def table(results: Dict[str, List[Run]]) -> str:
    """Markdown. The last column compares with the floor, or with the first."""
    names = list(results)
    unit = FLOOR if FLOOR in results else names[0]
    lines = [f"| what | wall time, s | own CPU, s | connections | memory, MB | times {unit} |"]
    lines.append("| --- |" + " --: |" * 5)
    for name, runs in results.items():
        seconds, cpu, connections, memory = (median(runs, of) for of in ("seconds", "cpu", "connections", "megabytes"))
        times = seconds / median(results[unit], "seconds")
        lines.append(f"| {name} | {seconds:.2f} | {cpu:.2f} | {connections:.0f} | {memory:.0f} | {times:.1f} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure a look at seven mail ports, ours and the peers'.")
    parser.add_argument("--rounds", type=int, default=5, help="how often each tool runs (5)")
    parser.add_argument("--playbook-rounds", type=int, default=3, help="how often each playbook runs (3)")
    parser.add_argument("--only", action="append", help="only what has this in its name; may be repeated")
    options = parser.parse_args()
    STATE.mkdir(parents=True, exist_ok=True)
    trust = ROOT / ".work" / "peers-lab" / "pki" / "ca.pem"

    def chosen(commands: Dict[str, List[str]]) -> Dict[str, List[str]]:
        wanted = options.only or [""]
        return {name: command for name, command in commands.items() if any(word in name for word in wanted)}

    with Machines([STRICT, STOCK], ROOT / ".work" / "peers-lab") as machines:
        for machine in (STRICT, STOCK):
            for number, _starttls in PORTS:
                machines.wait_for(machine.name, number)
            commands = chosen(tools(machines.address(machine.name), trust))
            if commands and options.rounds:
                results = measure_all(machines, machine.name, commands, options.rounds)
                print(f"Host: {machine.name}\n\n{table(results)}\n", flush=True)
        prepare(STATE, machines.address(STRICT.name), trust)
        commands = chosen({name: playbook_command(STATE, name) for name in PLAYBOOKS})
        if commands and options.playbook_rounds:
            results = measure_all(machines, STRICT.name, commands, options.playbook_rounds)
            print(f"Host: {STRICT.name}\n\n{table(results)}\n")
    return 0


if __name__ == "__main__":
    missing = [program for program in ("nmap", "sslscan", TIME) if not shutil.which(program)]
    sys.exit("needed, and not here: " + " ".join(missing) if missing else main())
