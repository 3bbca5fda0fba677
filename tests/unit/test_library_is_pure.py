# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The library stands alone: no Ansible, nothing third-party but a lazy ``cryptography``, syntax of Python 3.8."""

from __future__ import annotations

import ast
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

MODULE_UTILS = Path(__file__).resolve().parents[2] / "plugins" / "module_utils"
SOURCES = sorted((MODULE_UTILS / "_gate").rglob("*.py"))

# -I -S: neither site-packages nor the environment, so that only the standard library and the library itself import.
IMPORT_ALONE = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
importlib.import_module(sys.argv[2])
print(" ".join(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def module_name(source):
    parts = source.relative_to(MODULE_UTILS).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_packages(tree):
    """Top-level names of all absolute imports, lazy ones included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]


def is_standard(name):
    if hasattr(sys, "stdlib_module_names"):
        return name in sys.stdlib_module_names
    if name in sys.builtin_module_names:
        return True
    library = Path(sysconfig.get_paths()["stdlib"])
    found = [library / (name + ".py"), library / name / "__init__.py", *library.glob("lib-dynload/" + name + ".*.so")]
    return any(path.exists() for path in found)


def test_there_is_a_library():
    assert len(SOURCES) > 10


@pytest.mark.parametrize("source", SOURCES, ids=module_name)
def test_module_imports_with_the_standard_library_alone(source):
    command = [sys.executable, "-I", "-S", "-B", "-c", IMPORT_ALONE, str(MODULE_UTILS), module_name(source)]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    loaded = result.stdout.split()
    assert "_gate" in loaded
    assert not {"ansible", "ansible_collections", "cryptography"} & set(loaded)


@pytest.mark.parametrize("source", SOURCES, ids=module_name)
def test_module_reads_as_python_3_8_and_imports_nothing_else(source):
    tree = ast.parse(source.read_text(encoding="utf-8"), feature_version=(3, 8))
    foreign = {name for name in imported_packages(tree) if not is_standard(name)}
    assert foreign <= {"cryptography"}
