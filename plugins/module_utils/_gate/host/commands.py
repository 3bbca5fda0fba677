# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands that only read, and files of /proc."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import partial
from typing import Any, Callable, Iterable, List, Optional, Sequence

from ..dataclass import dataclass, field
from ..errors import EvidenceError

_DIRECTORIES = ("/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/bin", "/bin")
_SECONDS = 60.0
#: What nft takes for a name. It reads its arguments as one text, in which others would begin another command.
NFT_NAME = "[A-Za-z_.][A-Za-z0-9_./-]*"
#: What nft and iptables say of tables that are read in any case.
_NO_NEWS = ("tables-legacy tables present", "tables-nft tables present", "is managed by ip")


@dataclass(frozen=True)
class Output:
    code: int
    out: str
    err: str


#: Runs a command (a full path and its arguments) and returns what came of it. May raise EvidenceError.
Run = Callable[[Sequence[str]], Output]


def run_command(command: Sequence[str], seconds: float = _SECONDS) -> Output:
    """:raises EvidenceError: when it cannot be started or does not end in time."""
    environment = {"PATH": ":".join(_DIRECTORIES), "LC_ALL": "C.UTF-8"}
    try:
        # The library is no module: it has no run_command of Ansible's.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            list(command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EvidenceError(" ".join(command), "it did not end in {0:g} s".format(seconds)) from error
    except OSError as error:
        raise EvidenceError(" ".join(command), "it cannot be started: {0}".format(error.strerror or error)) from error
    return Output(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


def find_command(name: str) -> Optional[str]:
    """The full path, also in the directories that an ordinary user's PATH leaves out; never one of where this happens to run."""
    named = filter(os.path.isabs, os.environ.get("PATH", "").split(":"))
    return shutil.which(name, path=":".join((*named, *_DIRECTORIES)))


def read_text(path: str) -> str:
    """A file of /proc; empty when it is not there."""
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise EvidenceError(path, "it cannot be read: {0}".format(error.strerror or error)) from error


def is_root() -> bool:
    return os.geteuid() == 0


def _nothing(commands: Iterable[Sequence[str]]) -> None:
    """This host answers each command when it is run."""


@dataclass(frozen=True)
class Access:
    """The way to a host; the defaults are the way to the one that this runs on.

    ``run``: a command. ``find``: the full path of a program. ``read``: a file of /proc. ``is_root``: whether commands are run
    as root. ``expect``: told of several commands before the first of them is run, so that who has to carry
    questions to the host carries them at once.
    """

    run: Run = run_command
    find: Callable[[str], Optional[str]] = find_command
    read: Callable[[str], str] = read_text
    is_root: Callable[[], bool] = is_root
    expect: Callable[[Iterable[Sequence[str]]], None] = _nothing


def this_host(seconds: float) -> Access:
    """:param seconds: for each command."""
    return Access(partial(run_command, seconds=seconds))


@dataclass
class Commands:
    """An access, and what came of it. ``sources``: the commands whose output was used; ``notes``: what they said besides."""

    access: Access
    sources: List[str] = field(default_factory=list)
    notes: List[str] = field(default_factory=list)

    def run(self, command: Sequence[str]) -> Output:
        return self.access.run(command)

    def find(self, name: str) -> Optional[str]:
        return self.access.find(name)

    def read(self, path: str) -> str:
        return self.access.read(path)

    def output(self, command: Sequence[str]) -> str:
        """What the command prints.

        :raises EvidenceError: when it fails.
        """
        shown = " ".join(command)
        done = self.run(command)
        if done.code != 0:
            problem = done.err.strip().splitlines()
            denied = "ermitted" in done.err or "ermission denied" in done.err
            raise EvidenceError(
                shown,
                "it failed with code {0}: {1}".format(done.code, problem[-1] if problem else "no message"),
                "it needs root and CAP_NET_ADMIN (`become: true`)" if denied else None,
            )
        self.sources.append(shown)
        for line in done.err.splitlines():
            line = line.strip().lstrip("# ")
            if line and not any(remark in line for remark in _NO_NEWS):
                self.note("{0}: {1}".format(shown, line))
        return done.out

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def json_list(text: str) -> List[Any]:
    """What ``ip -j`` prints: a list, or nothing at all where there is nothing.

    :raises ValueError: for anything else.
    """
    found = json.loads(text) if text.strip() else []
    if not isinstance(found, list):
        raise ValueError("no list")
    return [item for item in found if isinstance(item, dict)]
