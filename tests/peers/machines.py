# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The containers: images built when they are missing, one network of their own, and everything removed by the ids made here."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from pathlib import Path
from typing import Dict, List, Sequence

from cases import Case, Image, Machine
from tool import Port

_HERE = Path(__file__).resolve().parent
_FIRST_ADDRESS = 10
_PATIENCE_SECONDS = 30.0


class Machines:
    """A context: on entering, the machines run and their ports listen; on leaving they are gone.

    Reads the lab's settings (tests/lab/environment.sh) from the environment.
    """

    def __init__(self, machines: Sequence[Machine], state: Path) -> None:
        self._machines = machines
        self._engine = os.environ["MAILOPS_ENGINE"]
        self._name = os.environ["MAILOPS_LAB_NAME"] + "-peers"
        self._subnet = "10.81." + os.environ["MAILOPS_LAB_NUMBER"]
        self._keys = state / "pki"
        self._made: List[str] = []
        self._network = ""
        self._containers: Dict[str, str] = {}

    def __enter__(self) -> Machines:
        try:
            self._remove_leftovers()
            self._network = self._run(
                "network", "create", "--disable-dns", "--internal", "--label", self._label,
                "--subnet", self._subnet + ".0/24", "--gateway", self._subnet + ".1", self._name,
            )  # fmt: skip
            self._make_keys(self._machines[0].image)
            for machine in self._machines:
                self._start(machine)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._made:
            self._run("rm", "--force", "--time", "0", *self._made)
        if self._network:
            self._run("network", "rm", self._name)

    def port_of(self, case: Case) -> Port:
        """The case's port, once it listens."""
        self.wait_for(case.machine, case.port)
        return Port(self.address(case.machine), case.port, case.starttls)

    def wait_for(self, machine: str, port: int) -> None:
        """Wait until a port listens.

        :raises RuntimeError: it does not; the text has the container's log.
        """
        until = time.monotonic() + _PATIENCE_SECONDS
        while not self._listens(machine, port):
            if time.monotonic() > until:
                logs = [self._engine, "logs", self._containers[machine]]
                log = subprocess.run(logs, capture_output=True, text=True, check=False)
                raise RuntimeError(f"nothing listens on port {port} of {machine}\n{log.stdout}{log.stderr}")
            time.sleep(0.2)

    def address(self, machine: str) -> str:
        number = [each.name for each in self._machines].index(machine)
        return f"{self._subnet}.{_FIRST_ADDRESS + number}"

    def execute(self, machine: str, *command: str, patience: float = 15.0) -> str:
        """What a command prints on a machine, errors too; whether it succeeded does not matter."""
        arguments = [self._engine, "exec", self._containers[machine], "timeout", str(patience), *command]
        done = subprocess.run(
            arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
        )
        return done.stdout + done.stderr

    def connections(self, machine: str) -> int:
        """How many TCP connections its kernel has accepted so far."""
        lines = [
            line.split()
            for line in self.execute(machine, "cat", "/proc/net/snmp").splitlines()
            if line.startswith("Tcp:")
        ]
        return int(lines[1][lines[0].index("PassiveOpens")])

    @property
    def _label(self) -> str:
        return "mailops.peers=" + self._name

    def _listens(self, machine: str, port: int) -> bool:
        # Asked inside: on some machines a connection to an address that does not exist is accepted by a proxy on the way.
        table = self.execute(machine, "cat", "/proc/net/tcp", "/proc/net/tcp6")
        return any(
            fields[1].endswith(f":{port:04X}") and fields[3] == "0A" for fields in map(str.split, table.splitlines())
        )

    def _start(self, machine: Machine) -> None:
        volumes = [f"--volume={_HERE}/servers:/peers/servers:ro", f"--volume={self._keys}:/peers/pki:ro"]
        placed = [f"--network={self._name}", f"--ip={self.address(machine.name)}", "--hostname=mx.peers.test"]
        named = [f"--name={self._name}-{machine.name}", f"--label={self._label}"]
        script = ["sh", f"/peers/servers/{machine.script}.sh", *machine.settings]
        made = self._run(
            "run", "--detach", "--pull=never", *named, *placed, *volumes, self._image(machine.image), *script
        )
        self._made.append(made)
        self._containers[machine.name] = made

    def _make_keys(self, image: Image) -> None:
        self._keys.mkdir(parents=True, exist_ok=True)
        script = _HERE / "servers" / "pki.sh"
        volumes = [f"--volume={script.parent}:/peers/servers:ro", f"--volume={self._keys}:/peers/pki"]
        self._run("run", "--rm", "--network=none", *volumes, self._image(image), "sh", "/peers/servers/pki.sh")

    def _image(self, image: Image) -> str:
        """The name of the image, which is built when there is none of this recipe."""
        base = os.environ["MAILOPS_IMAGE_DEBIAN12" if image.debian == "bookworm" else "MAILOPS_IMAGE_DEBIAN13"]
        base_id = self._run("image", "inspect", "--format", "{{.Id}}", base)
        recipe = "\n".join([base_id, *image.packages, (_HERE / "Containerfile").read_text()])
        name = f"localhost/mailops-peers:{image.name}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
        if subprocess.run([self._engine, "image", "exists", name], check=False).returncode != 0:
            print(f"building the image {image.name}", flush=True)
            arguments = ["--build-arg", f"BASE={base}", "--build-arg", "PACKAGES=" + " ".join(image.packages)]
            self._run("build", "--quiet", *arguments, "--tag", name, "--file", str(_HERE / "Containerfile"), str(_HERE))
        return name

    def _remove_leftovers(self) -> None:
        """Of a run that was killed: found by the label, which no other checkout has."""
        left = self._run("ps", "--all", "--quiet", "--filter", "label=" + self._label).split()
        if left:
            self._run("rm", "--force", "--time", "0", *left)
        if subprocess.run([self._engine, "network", "exists", self._name], check=False).returncode == 0:
            self._run("network", "rm", self._name)

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [self._engine, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"{self._engine} {' '.join(arguments[:2])} failed: {done.stderr.strip()[-2000:]}")
        return done.stdout.strip()
