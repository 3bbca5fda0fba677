# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs ansible-playbook from this checkout, with everything that it writes kept in .work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent.parent
WORK = CHECKOUT / ".work"
#: Where callback_plugins/keep_verdicts.py writes, in the directory of the run.
VERDICTS = "verdicts.json"


class CannotRun(Exception):
    """What must be there to run a playbook is not; the text says what, and what to do."""


def collection_path() -> Path:
    """The directory in which Ansible finds this checkout as the collection mailops.gate."""
    path = WORK / "collections"
    link = path / "ansible_collections" / "mailops" / "gate"
    link.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        link.symlink_to(CHECKOUT, target_is_directory=True)
    if link.resolve() != CHECKOUT:
        raise CannotRun(f"{link} does not lead to this checkout; remove it and try again")
    return path


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A directory of this run's own in .work/demo; it goes when the ``with`` block ends, however it ends."""
    (WORK / "demo").mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(dir=WORK / "demo", prefix="run-")


def environment(directory: Path) -> dict[str, str]:
    """The caller's environment without settings of Ansible's, and with those that keep its files in ``directory``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return {
        **kept,
        "ANSIBLE_CONFIG": str(HERE / "ansible.cfg"),
        "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
        "KEEP_VERDICTS_PATH": str(directory / VERDICTS),
        "ANSIBLE_COLLECTIONS_PATH": str(collection_path()),
        "ANSIBLE_HOME": str(directory / "ansible"),
        "ANSIBLE_LOCAL_TEMP": str(directory / "ansible" / "tmp"),
        "ANSIBLE_REMOTE_TEMP": str(directory / "ansible" / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
        "LC_ALL": "C.UTF-8",  # Ansible refuses to start without UTF-8
        "PYTHONUNBUFFERED": "1",
    }


def ansible_playbook(arguments: list[str], directory: Path, seconds: int) -> subprocess.CompletedProcess[str]:
    """Run ansible-playbook beside the running interpreter; its two outputs come back as one text.

    :param directory: for the files that Ansible writes; see :func:`scratch`.
    It gets a process group of its own, which is ended as a whole when the time is over or this process is interrupted.

    :raises CannotRun: when there is no ansible-playbook, or it takes longer than ``seconds``.
    """
    command = Path(sys.executable).parent / "ansible-playbook"
    if not command.exists():
        raise CannotRun(f"no ansible-playbook beside {sys.executable}; `make demo` and `make verify` install it")
    process = subprocess.Popen(
        [str(command), *arguments],
        cwd=CHECKOUT,
        env=environment(directory),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise CannotRun(f"ansible-playbook did not end within {seconds} s and was stopped") from None
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return subprocess.CompletedProcess(process.args, process.returncode, output)


def verdicts(directory: Path) -> dict[str, dict]:
    """For each host what the role came to; see callback_plugins/keep_verdicts.py. Empty when no task ran."""
    written = directory / VERDICTS
    return json.loads(written.read_text(encoding="utf-8")) if written.exists() else {}


def end_on_signals() -> None:
    """Let SIGTERM and SIGHUP end the process as Ctrl-C does: through every ``finally``."""

    def end(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
