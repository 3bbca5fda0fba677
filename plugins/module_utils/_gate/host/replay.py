# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host that is asked through its recorded answers, as `record` made them there."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, Dict, Iterable, Mapping, Optional, Sequence, Set, Tuple

from ..errors import EvidenceError
from .commands import Access, Output


class NotAskedYet(Exception):
    """The look needs more than the answers hold. ``commands``: each the name of a program and its arguments; none for the first
    ones."""

    def __init__(self, commands: Sequence[Sequence[str]]) -> None:
        self.commands = [list(command) for command in commands]
        super().__init__("; ".join(" ".join(command) for command in commands))


class Recorded:
    """The answers so far."""

    def __init__(self) -> None:
        self._root: Optional[bool] = None
        self._programs: Dict[str, str] = {}
        self._commands: Dict[Tuple[str, ...], Mapping[str, Any]] = {}
        self._asked: Set[Tuple[str, ...]] = set()
        self._files: Dict[str, Mapping[str, str]] = {}
        self._patterns: Set[str] = set()
        self.hostname = ""

    def add(self, answers: Any) -> None:
        """:param answers: what `record.record` returned.

        :raises EvidenceError: for anything else; they come from another host.
        """
        _check(answers)
        self._root = answers["root"]
        self.hostname = answers["hostname"]
        self._programs.update(answers["programs"])
        self._files.update(answers["files"])
        self._patterns.update(answers["patterns"])
        for answer in answers["commands"]:
            self._commands[tuple(answer["command"])] = answer
        self._asked.update(self._commands)

    def access(self) -> Access:
        return Access(self._run, self._programs.get, self._read, self._is_root, self._expect)

    def _is_root(self) -> bool:
        if self._root is None:
            raise NotAskedYet([])
        return self._root

    def _run(self, command: Sequence[str]) -> Output:
        """:raises NotAskedYet: for what was not asked; only once, since the program may have gone meanwhile."""
        self._expect([command])
        answer = self._commands.get(tuple(command), {"problem": "the host gave no answer to it"})
        if "problem" in answer:
            raise EvidenceError(" ".join(command), answer["problem"])
        return Output(answer["code"], answer["out"], answer["err"])

    def _expect(self, commands: Iterable[Sequence[str]]) -> None:
        missing = [command for command in commands if tuple(command) not in self._asked]
        if missing:
            self._asked.update(map(tuple, missing))
            names = {path: name for name, path in self._programs.items()}
            raise NotAskedYet([[names[command[0]], *command[1:]] for command in missing])

    def _read(self, path: str) -> str:
        answer = self._files.get(path)
        if answer is None:
            if any(fnmatchcase(path, pattern) for pattern in self._patterns):
                return ""
            raise EvidenceError(path, "the host does not say whether it has it")
        if "problem" in answer:
            raise EvidenceError(path, answer["problem"])
        return answer["text"]


def _check(answers: Any) -> None:
    right = isinstance(answers, Mapping) and (
        isinstance(answers.get("root"), bool)
        and isinstance(answers.get("hostname"), str)
        and _is_mapping(answers.get("programs"), str)
        and _is_mapping(answers.get("files"), Mapping)
        and all(_has_texts(each, ("text",)) for each in answers["files"].values())
        and _is_list(answers.get("patterns"), str)
        and _is_list(answers.get("commands"), Mapping)
        and all(_is_list(each.get("command"), str) and _is_answer(each) for each in answers["commands"])
    )
    if not right:
        raise EvidenceError("firewall_evidence_info", "the host answered in another form than that module does")


def _is_mapping(value: object, kind: type) -> bool:
    return isinstance(value, Mapping) and all(isinstance(each, kind) for each in value.values())


def _is_list(value: object, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(each, kind) for each in value)


def _is_answer(answer: Mapping[str, Any]) -> bool:
    code = answer.get("code")
    is_code = "problem" in answer or (isinstance(code, int) and not isinstance(code, bool))
    return is_code and _has_texts(answer, ("out", "err"))


def _has_texts(answer: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Those, or else why there are none."""
    wanted = ("problem",) if "problem" in answer else names
    return all(isinstance(answer.get(name), str) for name in wanted)
