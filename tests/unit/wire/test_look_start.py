# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A look is short: what takes long to load, and is not needed for it, is not loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import _gate
from _gate.wire import look as look_module
from _gate.wire.hello.traits import suites_of

LIBRARY = Path(_gate.__file__).resolve().parents[1]
SLOW = {
    "asyncio",
    "dataclasses",
    "inspect",
    "hmac",
    "random",
    "http",
    "email",
    "logging",
    "cryptography",
    "packetfilter",
}
LOADED = """
import sys
before = set(sys.modules)
import {0}
print(*(name.replace("_gate.", "").partition(".")[0] for name in set(sys.modules) - before))
"""


@pytest.mark.parametrize("modules", ["_gate.wire.look", "_gate.wire.look, _gate.judge.mail_ports, _gate.intent.policy"])
def test_nothing_slow_is_loaded_for_a_look(modules):
    environment = dict(os.environ, PYTHONPATH=str(LIBRARY))
    command = [sys.executable, "-c", LOADED.format(modules)]
    loaded = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert "wire" in loaded.split()
    assert SLOW.intersection(loaded.split()) == set()


def test_what_forks_need_is_there_before_them(monkeypatch):
    loads = []
    monkeypatch.setattr(look_module, "require_cryptography", lambda: loads.append("cryptography"))
    suites_of.cache_clear()
    look_module.prepare()
    assert loads == ["cryptography"]
    assert suites_of.cache_info().currsize == 5


def test_a_missing_library_is_no_matter_before_the_look(monkeypatch):
    def missing():
        raise look_module.EvidenceError("cryptography", "not there", "install it")

    monkeypatch.setattr(look_module, "require_cryptography", missing)
    look_module.prepare()
