# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo: the gate passes a well-configured mail server and stops at a badly configured one.

    python run.py [--verbose]

Starts two embedded mail servers (servers.py), writes a candidate firewall for each, and runs this collection's role
``mailops.gate.verify`` against both with ansible-playbook (playbook.yml). Prints the role's verdicts, and then
holds them against what was planted (hosts.py). Exit code 0: the good host passed, and the bad one was stopped with
exactly the planted faults; 1: something else came out; 2: the demo could not run.

Needs no root and leaves nothing: servers and files go when it ends, however it ends.
"""

from __future__ import annotations

import argparse
import json
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template

import certificates
import layout
from hosts import HOSTS, SURPLUS_PORT, Host
from runner import CHECKOUT, HERE, CannotRun, ansible_playbook, end_on_signals, scratch, verdicts

START_SECONDS = 20
PLAYBOOK_SECONDS = 90


@contextmanager
def servers(directory: Path) -> Iterator[dict]:
    """The running servers; gives what they say when they are ready (see servers.py)."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "servers.py"), str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # Twisted stumbles over a hello of SSL 2.0 and says so at length; the connection is closed all the same.
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        start_new_session=True,  # Ctrl-C is for the driver, which then stops them
    )
    try:
        answered, _writable, _failed = select.select([process.stdout], [], [], START_SECONDS)
        line = process.stdout.readline() if answered else ""
        if not line:
            raise CannotRun(f"the embedded servers did not start within {START_SECONDS} s")
        yield json.loads(line)
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def write_inputs(directory: Path, ready: dict) -> Path:
    """The candidate firewalls and the variables of the playbook, with the ports that the servers really have."""
    services = {}
    for host in HOSTS:
        base = ready["bases"][host.name]
        ports = {door.service: base + door.port for door in host.doors}
        services[host.name] = [{"name": name, "port": port} for name, port in ports.items()]
        for tool in ("iptables", "ip6tables"):
            name = f"{host.name}.{tool}-save"
            template = Template((HERE / "firewalls" / name).read_text())
            (directory / name).write_text(template.substitute(ports, surplus=base + SURPLUS_PORT))
    variables = directory / "demo.json"
    demo = {"directory": str(directory), "addresses": ready["addresses"], "services": services}
    variables.write_text(json.dumps({"demo": demo}))
    return variables


def introduce(ready: dict) -> None:
    print(f"Two mail servers on {' and '.join(ready['addresses'])}, each behind a candidate firewall:\n")
    if len(ready["addresses"]) == 1:
        print("(This machine has no IPv6 loopback, so the servers speak IPv4 only.)\n")
    names = [door.service for door in HOSTS[0].doors]
    print("  " + " " * 20 + "".join(f"{name:>{len(name) + 2}}" for name in names))
    for host in HOSTS:
        base = ready["bases"][host.name]
        ports = "".join(f"{base + door.port:>{len(door.service) + 2}}" for door in host.doors)
        print(f"  {host.name:<20}{ports}")


def compare(host: Host, base: int, findings: list[dict]) -> bool:
    """Print what was planted beside what was found; True when the two are the same."""
    left = {}
    for finding in findings:
        left.setdefault((finding["check"], finding.get("port", 0)), []).append(finding)
    complete = True
    for fault in host.faults:
        port = base + fault.port if fault.port else 0
        found = left.get((fault.check, port))
        if found:
            found.pop()
        complete = complete and found is not None
        print(
            f"  {fault.planted:<31} {port or '':>5}  {'found' if found is not None else 'NOT FOUND':<9}  {fault.check}"
        )
    surplus = [finding for several in left.values() for finding in several]
    for finding in surplus:
        print(f"  {'(not planted)':<31} {finding.get('port', ''):>5}  {'REPORTED':<9}  {finding['check']}")
    return complete and not surplus


def judge(kept: dict[str, dict], bases: dict[str, int]) -> bool:
    """Print both verdicts and the comparison; True when exactly the planted faults came out."""
    right = True
    nothing: dict = {}
    for host in HOSTS:
        result = kept.get(host.name, nothing)
        verdict = result.get("verdict", nothing)
        outcome = verdict.get("outcome", "no verdict")
        stopped = result.get("stopped", True)
        print("\n" + layout.heading(host.name, outcome.upper()) + "\n")
        if verdict:
            print(layout.verdict(verdict))
        else:
            print(layout.wrapped("\n".join(result.get("errors", ["The role did not run."]))))
        print("\nThe deployment " + ("stops here." if stopped else "goes on."))
        right = right and stopped == bool(host.faults) and outcome == ("fail" if host.faults else "pass")
    print("\n" + layout.heading("Planted and found") + "\n")
    for host in HOSTS:
        findings = kept.get(host.name, nothing).get("verdict", nothing).get("findings", [])
        right = compare(host, bases[host.name], findings) and right
    return right


def demonstrate(verbose: bool) -> int:
    began = time.monotonic()
    with scratch() as name:
        directory = Path(name)
        certificates.issue(directory)
        with servers(directory) as ready:
            introduce(ready)
            inventory, playbook = (
                str((HERE / name).relative_to(CHECKOUT)) for name in ("inventory.yml", "playbook.yml")
            )
            print(f"\n$ ansible-playbook -i {inventory} {playbook}", flush=True)
            variables = write_inputs(directory, ready)
            arguments = ["-i", inventory, "-e", f"@{variables}", playbook]
            run = ansible_playbook(arguments, directory, PLAYBOOK_SECONDS)
            kept = verdicts(directory)
    right = judge(kept, ready["bases"])
    if verbose or not right:
        print("\n" + layout.heading("What ansible-playbook printed") + "\n\n" + run.stdout.strip())
    planted = sum(len(host.faults) for host in HOSTS)
    seconds = f"{time.monotonic() - began:.1f} s"
    if right:
        print(f"\nAll {planted} planted faults found, and nothing else reported: the gate works. ({seconds})")
        return 0
    print("\nThis is NOT what should come out: the good host passes, the bad one shows the planted faults only.")
    return 1


def main() -> int:
    parser = argparse.ArgumentParser(description="The gate passes a good mail server and stops at a bad one.")
    parser.add_argument("--verbose", action="store_true", help="show what ansible-playbook prints as well")
    verbose = parser.parse_args().verbose
    end_on_signals()
    try:
        return demonstrate(verbose)
    except CannotRun as problem:
        print(f"The demo cannot run: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted; servers stopped, files removed.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
