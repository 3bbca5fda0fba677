# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Socket units, from what ``systemctl show '*.socket' --property=Id,ActiveState,Listen`` prints (systemd 252 and 257)."""

from __future__ import annotations

import subprocess

from _gate.listeners import socket_units

SHOWN = """Listen=[::]:25 (Stream)
Listen=0.0.0.0:587 (Stream)
Id=mail.socket
ActiveState=active

Listen=/run/systemd/journal/socket (Datagram)
Id=systemd-journald.socket
ActiveState=active

Listen=[fe80::1%eth0]:69 (Datagram)
Id=tftp.socket
ActiveState=active

Listen=kobject-uevent 1 (Netlink)
Id=systemd-udevd-kernel.socket
ActiveState=active

Id=empty.socket
ActiveState=active

Listen=0.0.0.0:993 (Stream)
Id=unused.socket
ActiveState=inactive
"""


def test_each_place_has_its_unit():
    assert socket_units.places(SHOWN) == {
        ("::", 25, "tcp"): "mail.socket",
        ("0.0.0.0", 587, "tcp"): "mail.socket",
        ("fe80::1", 69, "udp"): "tftp.socket",
    }


def test_without_systemctl_there_are_none():
    assert socket_units.list_socket_units(lambda name: None) == ""
    assert socket_units.places("") == {}


def script(directory, text):
    path = directory / "systemctl"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return str(path)


def test_what_systemctl_prints_comes_back(tmp_path):
    command = script(tmp_path, 'echo "$@"')
    assert (
        socket_units.list_socket_units(lambda name: command)
        == "show *.socket --property=Id,ActiveState,Listen --no-pager\n"
    )


def test_a_systemctl_that_fails_or_hangs_tells_nothing(tmp_path, monkeypatch):
    command = script(tmp_path, "echo Id=x.socket; exit 1")
    assert socket_units.list_socket_units(lambda name: command) == ""

    def hang(*_arguments, **_options):
        raise subprocess.TimeoutExpired("systemctl", 10)

    monkeypatch.setattr(subprocess, "run", hang)
    assert socket_units.list_socket_units(lambda name: command) == ""
