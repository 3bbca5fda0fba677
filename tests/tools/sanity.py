# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-test sanity, without ignore entries.

All tests run on the venv's Python. Whether the code compiles and imports is also asked of the oldest Python on the
machine that this ansible-core supports as a target. Runs in the copy of the collection, with workspace.py's home.
"""

from __future__ import annotations

import os
import subprocess
import sys

from ansible_test._util.target.common.constants import REMOTE_ONLY_PYTHON_VERSIONS

import workspace

OWN = f"{sys.version_info[0]}.{sys.version_info[1]}"
SANITY = ["ansible-test", "sanity", "--color", "no"]


def oldest_python() -> tuple[str, str]:
    """Version and path of the oldest target Python that is here; empty when there is none."""
    finder = ["sh", str(workspace.ROOT / "tests" / "tools" / "find_python.sh"), *REMOTE_ONLY_PYTHON_VERSIONS]
    found = subprocess.run(finder, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    path = found.stdout.strip()
    return path.rpartition("python")[2], path


def main() -> int:
    """Run both rounds; the exit code says whether one failed."""
    failed = subprocess.run([*SANITY, "--local", "--python", OWN], check=False).returncode
    version, path = oldest_python()
    if path:
        # ansible-test finds the interpreter by its name on PATH.
        names = workspace.WORK / "pythons"
        names.mkdir(exist_ok=True)
        link = names / f"python{version}"
        link.unlink(missing_ok=True)
        link.symlink_to(path)
        environment = {**os.environ, "PATH": f"{names}{os.pathsep}{os.environ['PATH']}"}
        command = [*SANITY, "--target-python", version, "--test", "compile", "--test", "import"]
        failed = subprocess.run(command, check=False, env=environment).returncode or failed
    else:
        print(f"no older Python here ({', '.join(REMOTE_ONLY_PYTHON_VERSIONS)}): compiled and imported on {OWN} only")
    return int(failed != 0)


if __name__ == "__main__":
    sys.exit(main())
