# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stages of ``make test``, and of ``make test-all`` the slow ones: what runs, in which group, for how long at most.

A stage fails with its exit code. One that the machine cannot run prints ``SKIPPED: reason`` and ends with 0.
"""

from __future__ import annotations

from dataclasses import dataclass

from workspace import PYTHON, ROOT, tracked_files

#: The group that runs only when it is named.
SLOW = "slow"
PYTEST = f"{PYTHON} -m pytest -q"
SHELL_SCRIPTS = " ".join(
    name
    for name in tracked_files()
    if name.endswith(".sh") or (ROOT / name).read_bytes()[:32].startswith((b"#!/bin/sh", b"#!/usr/bin/env bash"))
)


@dataclass(frozen=True)
class Stage:
    """One check: ``command`` runs in a shell, in the checkout or (``in_copy``) in the copy of the collection."""

    name: str
    group: str
    command: str
    in_copy: bool = False
    seconds: int = 600


# The long ones first: three run side by side, scenarios among them, of which each has a lab of its own.
STAGES = [
    Stage("molecule", "molecule", "sh tests/lab/molecule.sh", seconds=2400),
    Stage("sanity", "sanity", f"{PYTHON} {ROOT}/tests/tools/sanity.py", in_copy=True, seconds=1200),
    Stage("ruff", "lint", "ruff check && ruff format --check"),
    Stage("mypy", "lint", "MYPYPATH=plugins/module_utils mypy --strict -p _gate"),
    Stage("yamllint", "lint", "yamllint --strict ."),
    Stage("shellcheck", "lint", f"shellcheck --external-sources --source-path=SCRIPTDIR {SHELL_SCRIPTS}"),
    Stage("pages", "lint", f"{PYTHON} tests/tools/make_docs.py --check"),
    Stage("changelog", "lint", "antsibull-changelog lint"),
    Stage("docs", "lint", "antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck .", in_copy=True),
    Stage("ansible-lint", "lint", "ansible-lint --offline --profile production", in_copy=True),
    Stage("unit", "unit", f"{PYTEST} -n 2 tests/unit"),
    Stage("unit-oldest", "unit", "sh tests/tools/unit_oldest.sh"),
    Stage("build", "build", f"{PYTHON} tests/tools/tarball.py"),
    Stage("demo", "demo", f"{PYTHON} tests/demo/run.py"),
    Stage("polite", "molecule", "sh tests/lab/molecule.sh polite", seconds=2400),
    Stage("ufw", "molecule", "sh tests/lab/molecule.sh ufw", seconds=2400),
    Stage("firewalld", "molecule", "sh tests/lab/molecule.sh firewalld", seconds=2400),
    Stage("integration", "integration", f"{PYTEST} tests/integration", seconds=1500),
    Stage("report", "report", f"{PYTEST} tests/report"),
    Stage("matrix", "matrix", f"{PYTEST} -n 2 tests/matrix"),
    Stage("kernel", "kernel", f"{PYTEST} -n 2 tests/kernel"),
    # Only by name, and one at a time: they take long, and one measures.
    Stage("iptables", SLOW, "sh tests/lab/molecule.sh iptables", seconds=3600),
    Stage("docker-like", SLOW, "sh tests/lab/molecule.sh docker-like", seconds=3600),
    Stage("rolling", SLOW, "sh tests/lab/molecule.sh rolling", seconds=3600),
    Stage("peers-scenario", SLOW, "sh tests/lab/molecule.sh peers", seconds=3600),
    Stage("fuzz", SLOW, f"{PYTHON} tests/fuzz/run.py", seconds=3600),
    Stage("test-peers", SLOW, "sh tests/peers/run.sh tests/peers/compare_all.py", seconds=7200),
    Stage("bench-role", SLOW, f"{PYTHON} tests/bench/bench_role.py --rounds 1", seconds=3600),
    Stage("bench-wire", SLOW, "sh tests/peers/run.sh tests/bench/bench_wire.py", seconds=7200),
    Stage("test-kernel-long", SLOW, f"{PYTHON} tests/kernel/long_run.py", seconds=7200),
]
