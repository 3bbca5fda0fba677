# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds the collection and holds the tarball against what users need: nothing more, nothing less; and it installs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import workspace

BUILD = workspace.WORK / "build"
#: Whole folders that a user needs.
FOLDERS = ("plugins/", "roles/", "playbooks/", "docs/")
FILES = ("README.md", "LICENSE", "CHANGELOG.md", "meta/runtime.yml", "changelogs/changelog.yaml")
#: Written by the build itself.
MANIFESTS = ("MANIFEST.json", "FILES.json")


def galaxy(*arguments: str) -> None:
    """Run ansible-galaxy collection; its failure is ours."""
    command = ["ansible-galaxy", "collection", *arguments]
    if subprocess.run(command, cwd=workspace.COLLECTION, check=False).returncode:
        sys.exit(f"failed: {' '.join(command)}")


def differences(packed: set[str]) -> list[str]:
    """What is in the tarball and should not be, or the reverse, a sentence each."""
    wanted = {name for name in workspace.tracked_files() if name.startswith(FOLDERS) or name in FILES} | set(FILES)
    surplus = sorted(packed - wanted - set(MANIFESTS))
    missing = sorted(wanted - packed)
    return [f"{name} is packed, and no user needs it" for name in surplus] + [f"{name} is missing" for name in missing]


def main() -> int:
    """Build, compare, install, and let ansible-doc read every module of what was installed."""
    shutil.rmtree(BUILD, ignore_errors=True)
    galaxy("build", "--output-path", str(BUILD))
    (tarball,) = BUILD.glob("mailops-gate-*.tar.gz")
    with tarfile.open(tarball) as archive:
        packed = {member.name for member in archive.getmembers() if member.isfile()}
    wrong = differences(packed)
    for sentence in wrong:
        print(sentence)
    installed = BUILD / "installed"
    galaxy("install", "--offline", "--collections-path", str(installed), str(tarball))
    modules = sorted(Path(name).stem for name in packed if name.startswith("plugins/modules/"))
    command = ["ansible-doc", "--json", *(f"mailops.gate.{module}" for module in modules)]
    environment = {**workspace.environment(), "ANSIBLE_COLLECTIONS_PATH": str(installed)}
    documented = subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL).returncode == 0
    print(f"{tarball.name}: {len(packed)} files, modules {', '.join(modules)}")
    return int(bool(wrong) or not documented)


if __name__ == "__main__":
    sys.exit(main())
