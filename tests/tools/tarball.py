# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds the collection and holds the tarball against what users need: nothing more, nothing less; and it installs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import workspace

BUILD = workspace.WORK / "build"
INSTALLED = BUILD / "installed"
#: Whole folders that a user needs.
FOLDERS = ("plugins/", "roles/", "playbooks/", "docs/")
FILES = ("README.md", "LICENSE", "CHANGELOG.md", "meta/runtime.yml", "changelogs/changelog.yaml")
#: Written by the build itself.
MANIFESTS = ("MANIFEST.json", "FILES.json")


def run(*command: str) -> str:
    """What the command prints, where only what was installed from the tarball is found; its failure is ours."""
    environment = {**workspace.environment(), "ANSIBLE_COLLECTIONS_PATH": str(INSTALLED)}
    ended = subprocess.run(
        command, cwd=workspace.COLLECTION, env=environment, check=False, stdout=subprocess.PIPE, text=True
    )
    if ended.returncode:
        print(ended.stdout)
        sys.exit(f"failed: {' '.join(command)}")
    return ended.stdout


def differences(packed: set[str]) -> list[str]:
    """What is in the tarball and should not be, or the reverse, a sentence each."""
    wanted = {name for name in workspace.tracked_files() if name.startswith(FOLDERS) or name in FILES} | set(FILES)
    surplus = sorted(packed - wanted - set(MANIFESTS))
    missing = sorted(wanted - packed)
    return [f"{name} is packed, and no user needs it" for name in surplus] + [f"{name} is missing" for name in missing]


def main() -> int:
    """Build, compare, install, and let ansible-doc read every module of what was installed."""
    shutil.rmtree(BUILD, ignore_errors=True)
    run("ansible-galaxy", "collection", "build", "--output-path", str(BUILD))
    (tarball,) = BUILD.glob("mailops-gate-*.tar.gz")
    with tarfile.open(tarball) as archive:
        packed = {member.name for member in archive.getmembers() if member.isfile()}
    wrong = differences(packed)
    run("ansible-galaxy", "collection", "install", "--offline", "--collections-path", str(INSTALLED), str(tarball))
    modules = sorted(f"mailops.gate.{Path(name).stem}" for name in packed if name.startswith("plugins/modules/"))
    documented = json.loads(run("ansible-doc", "--json", *modules))
    wrong += [f"{module} has no documentation once installed" for module in modules if module not in documented]
    for sentence in wrong:
        print(sentence)
    print(f"{tarball.name}: {len(packed)} files, modules {', '.join(modules)}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
