# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text that the demo prints fits the terminal and loses none of the role's message."""

from __future__ import annotations

import pytest

import layout

MESSAGE = """host: 1 failed of 2 checks
FAIL    20143/imap  mail.login-before-tls  [127.0.0.1, ::1]
        expected  no login
        why       {}""".format("word " * 40)


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_every_line_fits_and_every_word_stays(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    text = layout.wrapped(MESSAGE)
    assert max(len(line) for line in text.splitlines()) <= layout.width() <= 100
    assert text.split() == MESSAGE.split()


def test_what_is_continued_stands_behind_its_label(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert layout.wrapped(MESSAGE).splitlines()[-1].startswith(" " * 18 + "word")


def test_a_pass_names_each_place_with_what_held(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    passed = [
        {"check": "mail.reachable", "port": 143, "service": "imap"},
        {"check": "mail.reachable", "port": 993, "service": "imaps"},
        {"check": "firewall.unfiltered"},
        {"check": "firewall.unfiltered"},
    ]
    text = layout.verdict({"outcome": "pass", "msg": "all 4 checks passed", "passed": passed})
    assert "PASS    143/imap, 993/imaps\n        held      mail.reachable" in text
    assert text.count("firewall.unfiltered") == 1
