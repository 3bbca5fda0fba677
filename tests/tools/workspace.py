# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checkout as the tools see it: where things stand, a clean environment, and a real copy as Ansible wants it.

All that the tools write stays under ``.work``.
"""

from __future__ import annotations

import ast
import configparser
import filecmp
import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".work"
HOME = WORK / "home"
LOGS = WORK / "logs"
TEMPORARY = WORK / "tmp"
PYTHON = WORK / "venv" / "bin" / "python"
#: ansible-test and the collection loader insist on this path and do not follow a symbolic link.
COLLECTION = WORK / "ansible_collections" / "mailops" / "gate"


def environment() -> dict[str, str]:
    """The environment of every stage: tools from the venv, homes and caches inside the checkout."""
    result = dict(os.environ)
    # pyenv's shims answer to the names of versions that are not installed, and then fail.
    search = [entry for entry in result.get("PATH", os.defpath).split(os.pathsep) if not entry.endswith("/shims")]
    result.update(
        PATH=os.pathsep.join([str(PYTHON.parent), *search]),
        HOME=str(HOME),
        XDG_CACHE_HOME=str(WORK / "cache"),
        PYTEST_DEBUG_TEMPROOT=str(TEMPORARY),
        PIP_CACHE_DIR=str(WORK / "cache" / "pip"),
        ANSIBLE_HOME=str(WORK / "ansible"),
        ANSIBLE_COLLECTIONS_PATH=str(WORK),
        ANSIBLE_NOCOLOR="1",
        NO_COLOR="1",
        LC_ALL="C.UTF-8",
        PYTHONDONTWRITEBYTECODE="1",
        VIRTUAL_ENV=str(PYTHON.parents[1]),
    )
    for name in ("XDG_CONFIG_HOME", "ANSIBLE_CONFIG", "PYTHONPATH", "PYTHONHOME", "FORCE_COLOR"):
        result.pop(name, None)
    return result


def prepare_home() -> None:
    """Make the home inside the checkout, with the user's own pip configuration in it.

    ansible-test calls pip with neither the user's home nor any PIP_ variable, so the user's is written down.
    """
    configuration = configparser.RawConfigParser()
    configuration.read_dict({"global": {"quiet": "1"}})
    listed = subprocess.run(
        [str(PYTHON), "-m", "pip", "config", "list"], check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout
    for line in listed.splitlines():
        key, value = line.split("=", 1)
        section, option = key.rsplit(".", 1)
        section = "global" if section == ":env:" else section
        if option != "cache-dir":
            if not configuration.has_section(section):
                configuration.add_section(section)
            configuration.set(section, option, ast.literal_eval(value))
    target = HOME / ".config" / "pip" / "pip.conf"
    target.parent.mkdir(parents=True, exist_ok=True)
    # An index address may carry a password.
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        configuration.write(stream)


def place_get_pip() -> None:
    """Put our get-pip.py where ansible-test keeps the one that it has downloaded, under the version that it wants."""
    (source,) = PYTHON.parents[1].glob("lib/python3.*/site-packages/ansible_test/_internal/python_requirements.py")
    cache = HOME / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in re.findall(r"pip='([0-9.]+)'", source.read_text()):
        shutil.copyfile(ROOT / "tests" / "tools" / "get_pip.py", cache / f"get_pip_{version.replace('.', '_')}.py")


def tracked_files() -> list[str]:
    """The files of the checkout, relative to it: committed or not yet, without the ignored ones."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted({name for name in listed.split("\0") if name and (ROOT / name).is_file()})


def same_file(one: Path, other: Path) -> bool:
    """Whether both hold the same, with the same permissions."""
    return other.is_file() and one.stat().st_mode == other.stat().st_mode and filecmp.cmp(one, other)


def copy_collection() -> None:
    """Bring the copy at ``COLLECTION`` up to date; unchanged files keep their times."""
    wanted = tracked_files()
    for name in wanted:
        source, target = ROOT / name, COLLECTION / name
        if not same_file(source, target):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    keep = set(wanted)
    for path in sorted(COLLECTION.rglob("*"), reverse=True):
        name = path.relative_to(COLLECTION).as_posix()
        if name.startswith(".git/"):
            continue
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif name not in keep:
            path.unlink()
    # ansible-test asks git for the files, and the checkout around the copy calls all of it ignored.
    subprocess.run(["git", "init", "-q", str(COLLECTION)], cwd=ROOT, check=True)


def prepare() -> None:
    """Make ``.work`` ready for a command that runs in :func:`environment`."""
    for folder in (LOGS, TEMPORARY):
        folder.mkdir(parents=True, exist_ok=True)
    prepare_home()
    place_get_pip()
    copy_collection()
