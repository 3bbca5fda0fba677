# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""On the controller the library is compiled once, not in each run. Asked of Python itself, in processes of their own, under a
loader that compiles all it loads, as Ansible's of collections; and of Ansible's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

COLLECTION = Path(__file__).resolve().parents[2]
BRIDGE = COLLECTION / "plugins" / "module_utils" / "_ansible"
FILES = {
    "top/__init__.py": "",
    "top/beside.py": "",
    "top/_ansible/task.py": "from .._gate.deep.look import NAME\n",
    "top/_gate/__init__.py": "",
    "top/_gate/deep/__init__.py": "",
    "top/_gate/deep/look.py": "NAME = 'found'\n",
    "top/_gateway/__init__.py": "",
    "top/_gateway/other.py": "",
}
ALWAYS = {"top/__init__", "top/beside", "top/_ansible/__init__", "top/_ansible/archive", "top/_ansible/bytecode"}
ALWAYS |= {"top/_gate/__init__", "top/_gateway/__init__", "top/_gateway/other"}
INSIDE = {"top/_ansible/task", "top/_gate/deep/__init__", "top/_gate/deep/look"}
SHOWN = """
import json, sys
from importlib.machinery import FileFinder, SourceFileLoader
place = sys.argv[1]
class Compiles(SourceFileLoader):
    def get_code(self, fullname):
        return compile(self.get_data(self.path), self.path, "exec")
class Everything:
    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] == "top" and place.endswith("files"):
            return FileFinder((path or [place])[0], (Compiles, [".py"])).find_spec(fullname)
sys.meta_path.insert(0, Everything())
sys.path.insert(0, place)
compiled = []
sys.addaudithook(lambda event, what: compiled.append(str(what[1])) if event == "compile" else None)
import top._ansible.task, top.beside, top._gateway.other
look = sys.modules["top._gate.deep.look"]
try:
    import top._gate.nothing
except ModuleNotFoundError as error:
    missing = error.name
names = [each[len(place) + 1 : -len(".py")] for each in compiled if each.startswith(place)]
finders = [type(each).__name__ for each in sys.meta_path]
print(json.dumps([names, look.NAME, type(look.__loader__).__name__, look.__spec__.cached, missing, "Library" in finders]))
"""


def loaded(place: Path, **environment: str) -> list:
    """In ``place``: what was compiled, the name that was found, its loader, where its byte code is, what is missing."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [sys.executable, "-c", SHOWN, str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**clean, **environment})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    files = {
        **FILES,
        **{f"top/_ansible/{path.name}": path.read_text(encoding="utf-8") for path in BRIDGE.glob("[_ab]*.py")},
    }
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        os.utime(file, (1_000_000_000, 1_000_000_000))
    return folder


def test_what_is_inside_of_the_bridge_and_the_library_is_compiled_once(place: Path) -> None:
    compiled, name, loader, cached, missing, _finder = loaded(place)
    assert set(compiled) == ALWAYS | INSIDE and len(compiled) == len(set(compiled))
    assert (name, loader, missing) == ("found", "SourceFileLoader", "top._gate.nothing")
    assert Path(cached).parent == place / "top/_gate/deep/__pycache__" and Path(cached).exists()
    compiled, name = loaded(place)[:2]
    assert set(compiled) == ALWAYS and name == "found"
    kept = {path.parent.parent.relative_to(place).as_posix() for path in place.rglob("*.pyc")}
    assert kept == {"top/_ansible", "top/_gate/deep"}


def test_an_edited_source_is_loaded_anew(place: Path) -> None:
    loaded(place)
    (place / "top/_gate/deep/look.py").write_text("NAME = 'after'\n", encoding="utf-8")  # as long as before
    compiled, name = loaded(place)[:2]
    assert set(compiled) == ALWAYS | {"top/_gate/deep/look"} and name == "after"
    assert set(loaded(place)[0]) == ALWAYS


def test_where_nothing_can_be_written_all_is_compiled_in_each_run(place: Path) -> None:
    for folder in ("top/_ansible", "top/_gate/deep"):
        (place / folder / "__pycache__").write_text("no folder", encoding="utf-8")
    for _run in range(2):
        compiled, name = loaded(place)[:2]
        assert set(compiled) == ALWAYS | INSIDE and name == "found"


def test_who_wants_no_byte_code_gets_none(place: Path) -> None:
    assert loaded(place, PYTHONDONTWRITEBYTECODE="1")[1] == "found"
    assert list(place.rglob("*.pyc")) == []


def test_an_archive_is_left_alone(place: Path, tmp_path: Path) -> None:
    archive = tmp_path / "module.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in place.rglob("*.py"):
            file.write(path, path.relative_to(place).as_posix())
    _compiled, name, loader, _cached, missing, finder = loaded(archive)
    assert (name, loader, missing, finder) == ("found", "Archive", "top._gate.nothing", False)
    assert loaded(place)[-1] is True


UNDER_ANSIBLE = """
import json, sys
from ansible.plugins.loader import init_plugin_loader
compiled = []
sys.addaudithook(lambda event, what: compiled.append(str(what[1])) if event == "compile" else None)
init_plugin_loader([sys.argv[1]])
from ansible_collections.mailops.gate.plugins.module_utils._ansible import filter_tasks
import ansible_collections.mailops.gate.plugins.module_utils as here
base = list(here.__path__)[0] + "/"
print(json.dumps(sorted(each[len(base):] for each in compiled if each.startswith(base))))
"""


def test_ansibles_loader_leaves_the_library_to_python(tmp_path: Path) -> None:
    pytest.importorskip("ansible")
    link = tmp_path / "ansible_collections" / "mailops" / "gate"
    link.parent.mkdir(parents=True)
    link.symlink_to(COLLECTION, target_is_directory=True)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ANSIBLE_"))}
    settings = {"PYTHONPYCACHEPREFIX": str(tmp_path / "kept"), "ANSIBLE_HOME": str(tmp_path / "ansible")}
    settings.update(LC_ALL="C.UTF-8", ANSIBLE_LOCAL_TEMP=str(tmp_path / "ansible" / "tmp"))
    runs = []
    for _run in range(2):
        command = [sys.executable, "-c", UNDER_ANSIBLE, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**clean, **settings})
        assert done.returncode == 0, done.stderr
        runs.append(json.loads(done.stdout))
    first, second = runs
    assert {"_ansible/filter_tasks.py", "_gate/errors.py", "_gate/packetfilter/sensor.py"} <= set(first)
    assert second == ["_ansible/__init__.py", "_ansible/archive.py", "_ansible/bytecode.py", "_gate/__init__.py"]
    kept = {path.name.partition(".")[0] for path in (tmp_path / "kept").rglob("_gate/packetfilter/*.pyc")}
    assert {"sensor", "evaluate", "openings"} <= kept
