# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports from the archive in which Ansible sends a module and its library, at half the price.

Asked where a file of an archive comes from, ``zipimporter`` compiles it to give the answer, and the import system asks for each.
So all of a library is compiled twice, which is a third of what a module start of this collection costs on the host.
"""

from __future__ import annotations

import os
import sys
from zipimport import zipimporter


class Archive(zipimporter):
    """As its base, but knows the name of a file without compiling it."""

    def get_filename(self, fullname: str) -> str:
        inside = self.prefix + fullname.rpartition(".")[2]
        if self.is_package(fullname):
            inside = os.path.join(inside, "__init__")
        return os.path.join(self.archive, inside + ".py")


def compile_once(loader: object) -> None:
    """:param loader: of a module; what else is in its archive is imported so. Does nothing where it came from no archive."""
    if not isinstance(loader, zipimporter) or isinstance(loader, Archive):
        return
    archive = loader.archive

    def hook(path: str) -> Archive:
        if path != archive and not path.startswith(archive + os.sep):
            raise ImportError("not in the archive", path=path)
        return Archive(path)

    sys.path_hooks.insert(0, hook)
    for path in [each for each in sys.path_importer_cache if each == archive or each.startswith(archive + os.sep)]:
        sys.path_importer_cache[path] = Archive(path)
