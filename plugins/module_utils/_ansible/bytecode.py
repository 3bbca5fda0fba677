# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Byte code of the library that is kept between runs on the controller, as Python keeps it of everything else.

Ansible's own loader compiles what a collection holds in each run, a file at a time: of our library that takes three times as
long as loading it. Where the collection's folders cannot be written, nothing is kept, and each run compiles as before.
"""

from __future__ import annotations

import sys
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
from typing import Any, Dict, Optional, Sequence


class Library:
    """A finder of Python's own kind (PEP 451) for what is inside of some packages."""

    def __init__(self, packages: Sequence[str]) -> None:
        self._inside = tuple(package + "." for package in packages)
        self._folders: Dict[str, FileFinder] = {}

    def find_spec(
        self, fullname: str, path: Optional[Sequence[str]] = None, _target: Any = None
    ) -> Optional[ModuleSpec]:
        if not fullname.startswith(self._inside):
            return None
        for folder in path or ():
            if folder not in self._folders:
                self._folders[folder] = FileFinder(folder, (SourceFileLoader, SOURCE_SUFFIXES))
            spec = self._folders[folder].find_spec(fullname)
            if spec is not None:
                return spec
        return None


def keep_bytecode(package: str, loader: object) -> None:
    """:param package: the name of this package; it and the library beside it are loaded so from now on.
    :param loader: of this package. Does nothing where its kind has no finder in front of Python's own, as with an archive."""
    kind = type(loader).__module__
    for place, finder in enumerate(sys.meta_path):
        if type(finder).__module__ == kind:
            parent = package.rpartition(".")[0]
            sys.meta_path.insert(place, Library([package, parent + "._gate"]))  # type: ignore[arg-type]
            return
