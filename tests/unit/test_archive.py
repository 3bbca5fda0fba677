# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bridge's first import: what comes with a module in its archive is compiled once. Asked of Python itself, in a process of
its own, with the bridge's package as it is and a library beside it."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

BRIDGE = Path(__file__).resolve().parents[2] / "plugins" / "module_utils" / "_ansible"
FILES = {
    "top/__init__.py": "",
    "top/_ansible/task.py": "from .._gate.deep.look import NAME\n",
    "top/_gate/__init__.py": "",
    "top/_gate/deep/__init__.py": "from . import beside\n",
    "top/_gate/deep/beside.py": "",
    "top/_gate/deep/look.py": "NAME = 'found'\n",
}
SHOWN = """
import json, sys
compiled = []
sys.addaudithook(lambda event, what: compiled.append(str(what[1])) if event == "compile" else None)
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
{before}
from top._ansible.task import NAME
import top._gate.deep.look as look, top._gate.deep as deep
try:
    import top._gate.nothing
except ModuleNotFoundError as error:
    missing = error.name
names = sorted(each[len(sys.argv[1]) + 1:] for each in compiled if each.startswith(sys.argv[1]))
print(json.dumps([names, NAME, look.__file__, deep.__file__, list(deep.__path__), missing, look.__spec__.origin]))
"""


def loaded(place: Path, before: str = "") -> list:
    command = [sys.executable, "-c", SHOWN.format(before=before), str(place)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    place = tmp_path / "module.zip"
    with zipfile.ZipFile(place, "w") as file:
        for name, text in FILES.items():
            file.writestr(name, text)
        for name in ("__init__", "archive", "bytecode"):
            file.write(BRIDGE / f"{name}.py", f"top/_ansible/{name}.py")
    return place


def test_the_library_is_compiled_once(archive: Path) -> None:
    compiled, name, look, deep, path, missing, origin = loaded(archive)
    assert [each for each in compiled if each.startswith("top/_gate")] == [
        "top/_gate/__init__.py",
        "top/_gate/deep/__init__.py",
        "top/_gate/deep/beside.py",
        "top/_gate/deep/look.py",
    ]
    assert compiled.count("top/_ansible/task.py") == 1
    assert (name, missing) == ("found", "top._gate.nothing")
    assert (look, origin) == (f"{archive}/top/_gate/deep/look.py",) * 2
    assert (deep, path) == (f"{archive}/top/_gate/deep/__init__.py", [f"{archive}/top/_gate/deep"])


def test_other_archives_are_left_alone(archive: Path, tmp_path: Path) -> None:
    other = tmp_path / "module.zip.other"
    with zipfile.ZipFile(other, "w") as file:
        file.writestr("strange.py", "")
    before = f"import top._ansible; sys.path.insert(0, {str(other)!r}); import strange, zipimport; "
    before += "assert type(strange.__loader__) is zipimport.zipimporter"
    assert loaded(archive, before)[1] == "found"


def test_a_library_in_files_is_imported_as_ever(archive: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(archive).extractall(tmp_path / "files")
    before = "hooks = list(sys.path_hooks); import top._ansible; assert sys.path_hooks == hooks"
    assert loaded(tmp_path / "files", before)[1] == "found"
