# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fuzzes every parser: no exception but the documented one, and no more memory than is bounded.

    GATE_FUZZ_SECONDS=600 python tests/fuzz/run.py [TARGET ...]

The seconds are for all targets together. An input that fails is printed, made as small as it can be, and the exit code is 1. Each
run tries other inputs; those that failed once are kept in .work/cache/fuzz and tried again first.
"""

from __future__ import annotations

import os
import random
import sys
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
for folder in (ROOT / "plugins" / "module_utils", ROOT / "tests" / "unit" / "wire", HERE):
    sys.path.insert(0, str(folder))

from hypothesis import HealthCheck, given, seed, settings  # noqa: E402
from hypothesis.database import DirectoryBasedExampleDatabase  # noqa: E402

from fuzz_memory import MEMORY_CHECKS  # noqa: E402
from fuzz_targets import TARGETS, Target  # noqa: E402

DATABASE = DirectoryBasedExampleDatabase(str(ROOT / ".work" / "cache" / "fuzz"))
AT_ONCE = 300


def fuzz(name: str, target: Target, seconds: float) -> int:
    """How many inputs were tried.

    :raises Exception: whatever the target should not have raised.
    """
    tried = 0

    def body(fed: object) -> None:
        nonlocal tried
        tried += 1
        target(fed)

    body.__name__ = body.__qualname__ = "fuzz_" + name
    feeds = target.feeds()
    until = time.monotonic() + seconds
    while True:
        run = settings(
            max_examples=AT_ONCE,
            deadline=None,
            database=DATABASE,
            suppress_health_check=list(HealthCheck),
        )(given(feeds)(body))
        seed(random.getrandbits(64))(run)()
        if time.monotonic() >= until:
            return tried


def main(names: list[str]) -> int:
    seconds = float(os.environ.get("GATE_FUZZ_SECONDS", "600"))
    chosen = names or list(TARGETS)
    failed = []
    for name, check in MEMORY_CHECKS.items():
        print(f"{'memory: ' + name:44} {check() / 1e6:8.2f} MB at most")
    for name in chosen:
        try:
            print(f"{name:44} {fuzz(name, TARGETS[name], seconds / len(chosen)):8} inputs", flush=True)
        except Exception:  # whatever it is, it is the result
            traceback.print_exc()
            print(f"{name:44} FAILED", flush=True)
            failed.append(name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
