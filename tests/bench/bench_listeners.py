# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the look at a host's sockets costs where many processes run.

    unshare --pid --fork --kill-child --mount-proc python bench_listeners.py [PROCESSES...]

Starts that many sleeping processes (by default 1000, then 2000, then 4000), each with 20 descriptors, of which 10 are sockets,
and prints the seconds of one look as a table for docs/performance.md: once with sockets on which nothing listens, and once with
listening ones, so that every process is an owner. Beside it stands ``ss -lntup``. The processes end with the namespace of the
command.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "plugins" / "module_utils"))

from _gate.listeners.sensor import look_at_listeners  # noqa: E402

SOCKETS, FILES = 10, 7  # beside the three standard descriptors
ROUNDS = 5


def descriptors(listening: bool) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) if listening else socket.socket() for _number in range(SOCKETS)]
    return [each.detach() for each in sockets] + [os.open("/dev/null", os.O_RDONLY) for _number in range(FILES)]


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Wall time and CPU, that of finished children too; the best of some rounds."""
    found = []
    for _round in range(ROUNDS):
        wall, before = time.perf_counter(), os.times()
        work()
        found.append((time.perf_counter() - wall, sum(os.times()[:4]) - sum(before[:4])))
    return min(wall for wall, _cpu in found), min(cpu for _wall, cpu in found)


def ss() -> None:
    subprocess.run(["ss", "-lntup"], stdout=subprocess.DEVNULL, check=True)


def main() -> None:
    if os.getpid() > 2:
        sys.exit("run it in a pid namespace of its own, as its docstring says")
    print("| processes | each | look, s | CPU, s | ss -lntup, s | its CPU, s |\n| --: | --- | --: | --: | --: | --: |")
    counts = [int(word) for word in sys.argv[1:]] or [1000, 2000, 4000]
    for listening in (False, True):
        held = descriptors(listening)
        running: list[subprocess.Popen[bytes]] = []
        for wanted in counts:
            while len(running) < wanted:
                running.append(subprocess.Popen(["sleep", "1000"], pass_fds=held))
            figures = [f"{each:.2f}" for work in (look_at_listeners, ss) for each in seconds(work)]
            words = "with ten listening sockets" if listening else "with ten other sockets"
            print(f"| {wanted} | {words} | {' | '.join(figures)} |", flush=True)
        for each in running:
            each.kill()
            each.wait()
        for descriptor in held:
            os.close(descriptor)


if __name__ == "__main__":
    main()
