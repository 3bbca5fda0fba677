# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sensor on real sockets of a network namespace that lasts as long as the test: the kernel is the judge."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("listener_sockets.py")


def enter():
    """How to enter a namespace of one's own here, and whether users had to be mapped for it; skips where it is not permitted."""
    if shutil.which("unshare") is None or shutil.which("ip", path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None:
        pytest.skip("no unshare or ip on this machine")
    mapped = os.geteuid() != 0
    command = ["unshare", "--net"] + (["--user", "--map-root-user"] if mapped else [])
    tried = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"no namespace of one's own: {tried.stderr.strip()}")
    return command, mapped


@pytest.fixture(scope="module")
def seen():
    command, mapped = enter()
    environment = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin", MAPPED="1" if mapped else "")
    run = [*command, sys.executable, str(SCRIPT)]
    done = subprocess.run(run, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def own(seen):
    return {each["port"]: each for each in seen["listeners"] if each["namespace"] == ""}


def test_what_listens_and_nothing_else(seen):
    assert {
        port: (each["protocol"], each["address"], each["families"], each["v6only"], each["interface"], each["sockets"])
        for port, each in own(seen).items()
    } == {
        2501: ("tcp", "0.0.0.0", ["ipv4"], None, "", 1),
        2502: ("tcp", "127.0.0.1", ["ipv4"], None, "", 1),
        2503: ("tcp", "::", ["ipv4", "ipv6"], False, "", 1),
        2504: ("tcp", "::", ["ipv6"], True, "", 1),
        2505: ("tcp", "127.0.0.1", ["ipv4"], None, "", 1),
        2506: ("tcp", "0.0.0.0", ["ipv4"], None, "lo", 1),
        2507: ("tcp", "0.0.0.0", ["ipv4"], None, "", 2),
        2508: ("udp", "127.0.0.1", ["ipv4"], None, "", 1),
        2509: ("udp", "::", ["ipv4", "ipv6"], False, "", 1),
    }


def test_the_owner_is_the_process_that_opened_them(seen):
    for each in own(seen).values():
        assert [owner["pid"] for owner in each["owners"]] == [seen["pid"]]
        assert "listener_sockets.py" in each["owners"][0]["command"][1]


def test_the_files_of_proc_net_tell_of_the_same_sockets(seen):
    assert seen["same"] is True


def test_a_socket_in_another_namespace_is_told_with_it(seen):
    name, pid = seen["other"]
    (inside,) = [each for each in seen["listeners"] if each["namespace"] == name]
    assert (inside["address"], inside["port"], inside["families"], inside["v6only"]) == ("::", 2525, ["ipv6"], True)
    assert [owner["pid"] for owner in inside["owners"]] == [pid]


def test_a_stranger_sees_the_sockets_and_needs_become_for_their_owners(seen):
    if seen["stranger"] is None:
        pytest.skip("without root there is no other user to become")
    assert seen["stranger"] == {str(port): "needs become" for port in own(seen)}
