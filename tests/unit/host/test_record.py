# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host is asked: nothing that could do more than read, whoever asks; and its answers, as it gave them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import _gate
from _gate.errors import EvidenceError, IntentError
from _gate.host import commands
from _gate.host import record as recording
from _gate.host.commands import Output
from _gate.host.record import FILES, FIRST, record

PROGRAMS = sorted({command[0] for command in FIRST} | {"ipset"})
PROGRAMS += ["{0}{1}-save".format(name, kind) for name in ("iptables", "ip6tables") for kind in ("", "-nft", "-legacy")]


class Host:
    """Notes what is run, and runs nothing."""

    def __init__(self):
        self.ran = []
        self.root = True
        self.missing = ()
        self.failing = {}
        self.files = {}

    def find(self, name):
        return None if name in self.missing else "/usr/sbin/" + name

    def run(self, command, seconds):
        self.ran.append((command, seconds))
        if command[0] in self.failing:
            raise EvidenceError(" ".join(command), self.failing[command[0]])
        return Output(0, "said", "")

    def read(self, path):
        if self.files[path] is None:
            raise EvidenceError(path, "it cannot be read: Permission denied")
        return self.files[path]


@pytest.fixture
def host(monkeypatch):
    made = Host()
    for name, stand_in in {"find_command": made.find, "run_command": made.run, "read_text": made.read}.items():
        monkeypatch.setattr(recording, name, stand_in)
    monkeypatch.setattr(recording, "is_root", lambda: made.root)
    monkeypatch.setattr(recording.glob, "glob", lambda pattern: [path for path in made.files if path == pattern])
    return made


ASKED = [
    *FIRST,
    ("nft", "-j", "list", "ruleset"),
    ("nft", "-t", "list", "ruleset"),
    ("nft", "-j", "list", "sets"),
    ("nft", "-j", "list", "maps"),
    ("nft", "-j", "list", "set", "inet", "filter", "blocked_4.1"),
    ("nft", "-j", "list", "map", "ip6", "nat-pre", "doors/in"),
    ("nft", "-j", "list", "chain", "netdev", "early", "_in"),
    ("ip", "-j", "-4", "route", "show", "table", "1000"),
    ("ip", "-j", "-6", "route", "show", "table", "vrf blue"),
    ("ipset", "save", "f2b-sshd"),
    *((name,) for name in PROGRAMS if name.endswith("-save")),
]


@pytest.mark.parametrize("command", ASKED, ids=" ".join)
def test_what_the_library_asks_is_run_as_it_is(host, command):
    answers = record([list(command)], 7.0)
    whole = ["/usr/sbin/" + command[0], *command[1:]]
    assert host.ran == [(whole, 7.0)]
    assert answers["commands"] == [{"command": whole, "code": 0, "out": "said", "err": ""}]
    assert answers["files"] == {} and answers["patterns"] == []


REFUSED = [
    "",
    "nft",
    "nft -f /tmp/rules",
    "nft -i",
    "nft flush ruleset",
    "nft list ruleset ; flush ruleset",
    "nft list ruleset; flush ruleset",
    "nft -j -t list ruleset include",
    "nft -j -f x list ruleset",
    "nft -j list ruleset -f x",
    "nft -j list ruleset -o",
    "nft -d list ruleset",
    "nft -I /tmp list ruleset",
    "nft -j reset set inet t s",
    "nft -j list set inet t -f",
    "nft -j list set inet t s ; flush ruleset",
    "nft -j list set inet t s;flush",
    "nft -j list set inet t s}",
    "nft -j list set inet t $s",
    'nft -j list set inet t "s"',
    "nft -j list set inet; t s",
    "nft -j list set - t s",
    "nft -j -t -j list ruleset",
    "nft monitor",
    "ip",
    "ip address add 192.0.2.1/24 dev eth0",
    "ip -j address flush",
    "ip -j -d address show type ../../../tmp/kind",
    "ip -j -d address show dev eth0",
    "ip -j -d address",
    "ip -j link set eth0 down",
    "ip -j link show",
    "ip route add default via 192.0.2.1",
    "ip -j -4 route flush table main",
    "ip -j -4 route show table main -batch x",
    "ip -j -4 route show table",
    "ip -j -4 route show table -batch",
    "ip -j -4 route show table main flush",
    "ip -j -4 rule add table 5",
    "ip -j -4 rule show save",
    "ip -batch /tmp/x",
    "ip -b /tmp/x",
    "ip -n other -j -4 rule show",
    "ip -j -4 -n rule show",
    "ip netns exec x sh",
    "ip vrf exec x sh",
    "ip -j -4 netns show",
    "ipset destroy",
    "ipset save",
    "ipset save -f",
    "ipset save -file",
    "ipset save mail -file /x",
    "ipset save mail file",
    "ipset -file /x save",
    "ipset restore",
    "ipset -",
    "ipset list mail",
    "iptables-save -f x",
    "iptables-save -M /x",
    "iptables-save --modprobe=/x",
    "iptables-save -t nat",
    "iptables-legacy-save nat",
    "ip6tables-nft-save -f",
    "iptables-restore",
    "iptables -F",
    "sh -c id",
    "cat /etc/shadow",
    "/tmp/nft -j list ruleset",
    "./nft -j list ruleset",
    "/usr/sbin/nft -j list ruleset",
    "NFT -j list ruleset",
]
#: What cannot be told by words alone.
ODD = [
    ["nft", "list ruleset; flush ruleset"],
    ["nft", "-j", "list", "ruleset\nflush ruleset"],
    ["nft", "-j", "list", "set", "inet", "t", "s\nflush ruleset"],
    ["nft", "-j", "list", "set", "inet", "t", "s\n"],
    ["nft", "-j", "list", "set", "inet", "t", "s s"],
    ["nft", "-j", "list", "set", "inet", "t", ""],
    ["nft", "-j", "list", "set", "inet", "t", "\u017f"],
    ["nft", "-j", "list", "set", "inet", "t", "s\0"],
    ["nft -j list ruleset"],
    ["nft", "-j -t", "list", "ruleset"],
    ["ip", "-j -d address show"],
    ["ip", "-j", "-4", "route", "show", "table", ""],
    ["ip", "-j", "-4", "route", "show", "table", "5\0"],
    ["ipset", "save", ""],
    ["ipset", "save", "\0"],
    ["iptables-save", ""],
    [""],
]


@pytest.mark.parametrize("command", [text.split() for text in REFUSED] + ODD, ids=repr)
def test_what_could_do_more_than_read_is_refused_and_nothing_is_run(host, command):
    with pytest.raises(IntentError) as caught:
        record([["nft", "-j", "list", "ruleset"], command], 1.0)
    assert caught.value.option == "commands[1]" and caught.value.value == command
    assert host.ran == []


@given(st.text(alphabet="ab1._/-;{}\"'#$@*\\ \n\t\0\u017f", max_size=4))
def test_a_name_that_nft_is_told_is_one_name(name):
    """nft reads its arguments as one text."""
    try:
        recording._check(["nft", "-j", "list", "set", "inet", "filter", name], "commands[0]")
    except IntentError:
        return
    assert name and name[0] not in "-1" and set(name) <= set("ab1._/-")


def test_a_first_look_asks_for_everything_that_each_look_needs(host):
    host.files = {"/proc/modules": "nf_tables 1 0\n", "/proc/net/ip_vs": None}
    answers = record([], 5.0)
    assert [(os.path.basename(command[0]), *command[1:]) for command, _seconds in host.ran] == list(FIRST)
    assert answers["files"] == {
        "/proc/modules": {"text": "nf_tables 1 0\n"},
        "/proc/net/ip_vs": {"problem": "it cannot be read: Permission denied"},
    }
    assert answers["patterns"] == list(FILES)
    assert answers["root"] and answers["programs"] == {name: "/usr/sbin/" + name for name in PROGRAMS}
    assert json.loads(json.dumps(answers)) == answers


def test_interfaces_of_any_name_have_files(tmp_path, monkeypatch):
    for name in ("eth0", ".hidden", "eth0.5"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "forwarding").write_text("1\n", encoding="utf-8")
    monkeypatch.setattr(recording, "FILES", (str(tmp_path / "*" / "forwarding"),))
    monkeypatch.setattr(recording, "FIRST", ())
    files = record([], 1.0)["files"]
    assert {Path(path).parent.name for path in files} == {"eth0", ".hidden", "eth0.5"}


@pytest.mark.parametrize("path", ["", ".", "../{0}", ":", "nowhere:.:"])
def test_a_program_that_lies_about_is_not_found(tmp_path, monkeypatch, path):
    here = tmp_path / "here"
    here.mkdir()
    for name in ("nft", "tool"):
        (here / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (here / name).chmod(0o755)
    monkeypatch.chdir(here)
    monkeypatch.setenv("PATH", path.format(here.name))
    assert commands.find_command("tool") is None
    assert commands.find_command("nft") in (None, "/usr/sbin/nft", "/sbin/nft", "/usr/local/sbin/nft")
    monkeypatch.setenv("PATH", "nowhere:{0}".format(here))
    assert commands.find_command("tool") == str(here / "tool")


def test_without_root_only_ip_is_asked(host):
    host.root = False
    answers = record([], 5.0)
    assert {command[0] for command, _seconds in host.ran} == {"/usr/sbin/ip"}
    assert not answers["root"] and "nft" in answers["programs"]
    assert record([["ipset", "save", "x"], ["iptables-save"]], 5.0)["commands"] == []


def test_a_program_that_is_not_there_is_not_run(host):
    host.missing = ("nft", "ipset")
    answers = record([], 5.0)
    assert {command[0] for command, _seconds in host.ran} == {"/usr/sbin/ip"}
    assert not {"nft", "ipset"} & set(answers["programs"])
    assert record([["ipset", "save", "x"]], 5.0)["commands"] == []


def test_a_command_that_does_not_come_to_its_end_is_a_problem_and_the_others_are_still_run(host):
    host.failing = {"/usr/sbin/ipset": "it did not end in 5 s"}
    answers = record([["ipset", "save", "x"], ["nft", "-j", "list", "ruleset"]], 5.0)
    assert answers["commands"][0] == {"command": ["/usr/sbin/ipset", "save", "x"], "problem": "it did not end in 5 s"}
    assert answers["commands"][1]["code"] == 0


@pytest.mark.parametrize(
    ("program", "problem"),
    [("#!/bin/sh\nexec sleep 30\n", "it did not end in 0.2 s"), ("no program", "it cannot be started: ")],
)
def test_programs_that_do_not_answer(tmp_path, monkeypatch, program, problem):
    path = tmp_path / "ipset"
    path.write_text(program, encoding="utf-8")
    path.chmod(0o755)
    monkeypatch.setattr(recording, "find_command", {"ipset": str(path)}.get)
    monkeypatch.setattr(recording, "is_root", lambda: True)
    (answer,) = record([["ipset", "save", "x"]], 0.2)["commands"]
    assert answer["command"] == [str(path), "save", "x"] and answer["problem"].startswith(problem)


PLANTING = """
import subprocess, sys
sys.path.insert(0, sys.argv[1])
from _gate.errors import IntentError
from _gate.host.record import record
for end in (["ruleset", ";"], ["ruleset;"], ["ruleset\\n"], ["set", "inet", "t", "s;"], ["set", "inet", "t", "s\\n"]):
    try:
        record([["nft", "-j", "list", *end[:-1], end[-1] + " add table inet planted"]], 5)
    except IntentError:
        pass
print(subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True).stdout)
"""


@pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, ("nft", "unshare"))), reason="needs root, nft and unshare"
)
def test_no_name_plants_a_table_in_the_kernel():
    library = str(Path(_gate.__file__).resolve().parents[1])
    command = ["unshare", "--net", sys.executable, "-c", PLANTING, library]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    if "ermitted" in done.stderr:
        pytest.skip("no network namespaces here: " + done.stderr.strip())
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
