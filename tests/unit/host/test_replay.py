# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host that is known by its recorded answers alone: it says what it said, and what it was not asked is not guessed."""

from __future__ import annotations

import json

import pytest

from _gate.errors import EvidenceError
from _gate.host.commands import Commands, Output, find_command, is_root, read_text
from _gate.host.record import FILES, FIRST, record
from _gate.host.replay import NotAskedYet, Recorded

IP, NFT, SAVE = "/usr/sbin/ip", "/opt/nft", "/usr/sbin/iptables-save"
FORWARDING = "/proc/sys/net/ipv4/conf/{0}/forwarding"


def answers(*commands, **other):
    usual = {"root": True, "hostname": "mail", "files": {}, "patterns": []}
    programs = {"ip": IP, "nft": NFT, "iptables-save": SAVE}
    return {**usual, "programs": programs, "commands": list(commands), **other}


def said(command, out="", code=0, err=""):
    return {"command": command, "code": code, "out": out, "err": err}


@pytest.fixture
def recorded():
    return Recorded()


def test_nothing_is_known_of_a_host_that_was_not_asked(recorded):
    with pytest.raises(NotAskedYet) as caught:
        recorded.access().is_root()
    assert caught.value.commands == []


@pytest.mark.parametrize("root", [True, False])
def test_answers_are_what_was_said(recorded, root):
    recorded.add(answers(said([IP, "-j", "-4", "rule", "show"], "[]", 3, "odd"), root=root))
    access = recorded.access()
    assert access.run([IP, "-j", "-4", "rule", "show"]) == Output(3, "[]", "odd")
    assert (access.find("nft"), access.find("ipset")) == (NFT, None)
    assert (access.is_root(), recorded.hostname) == (root, "mail")


def test_answers_add_up(recorded):
    recorded.add(answers(said([NFT, "-j", "list", "ruleset"], "first"), files={"/proc/modules": {"text": "x\n"}}))
    recorded.add(answers(said([SAVE], "second"), said([NFT, "-j", "list", "ruleset"], "newer")))
    access = recorded.access()
    assert [access.run(each).out for each in ([NFT, "-j", "list", "ruleset"], [SAVE])] == ["newer", "second"]
    assert access.read("/proc/modules") == "x\n"


def test_all_that_is_missing_is_told_at_once_by_the_names_of_programs(recorded):
    recorded.add(answers(said([NFT, "-j", "list", "ruleset"])))
    access = recorded.access()
    access.expect([[NFT, "-j", "list", "ruleset"]])
    with pytest.raises(NotAskedYet) as caught:
        access.expect(iter([[NFT, "-t", "list", "ruleset"], [NFT, "-j", "list", "ruleset"], [SAVE]]))
    assert caught.value.commands == [["nft", "-t", "list", "ruleset"], ["iptables-save"]]
    assert str(caught.value) == "nft -t list ruleset; iptables-save"
    with pytest.raises(NotAskedYet) as caught:
        access.run([IP, "-j", "-4", "rule", "show"])
    assert caught.value.commands == [["ip", "-j", "-4", "rule", "show"]]


def test_what_is_asked_in_vain_is_not_asked_again(recorded):
    """As when a program is removed between two questions."""
    recorded.add(answers())
    access = recorded.access()
    with pytest.raises(NotAskedYet):
        access.expect([[NFT, "-t", "list", "ruleset"], [SAVE]])
    recorded.add(answers(said([SAVE], "saved")))
    access.expect([[NFT, "-t", "list", "ruleset"], [SAVE]])
    assert access.run([SAVE]).out == "saved"
    with pytest.raises(EvidenceError, match="^/opt/nft -t list ruleset: the host gave no answer to it$"):
        access.run([NFT, "-t", "list", "ruleset"])


def test_what_is_there_and_was_not_recorded_is_no_empty_file(recorded):
    """Only the host knows which of its interfaces have such a file."""
    files = {FORWARDING.format("eth0"): {"text": "1\n"}}
    recorded.add(answers(files=files, patterns=[FORWARDING.format("*"), "/proc/modules"]))
    read = recorded.access().read
    assert read(FORWARDING.format("eth0")) == "1\n"
    assert read(FORWARDING.format("gone")) == read("/proc/modules") == ""
    for path in (
        "/proc/sys/net/ipv6/conf/eth0/forwarding",
        "/proc/modules2",
        "/etc/hosts",
        FORWARDING.format("eth0") + "2",
    ):
        with pytest.raises(EvidenceError, match=path):
            read(path)


def test_problems_of_the_host_are_those_of_the_look(recorded):
    failed = {"command": [NFT, "-j", "list", "ruleset"], "problem": "it did not end in 5 s"}
    denied = {"/proc/modules": {"problem": "it cannot be read: Permission denied"}}
    recorded.add(answers(failed, files=denied, patterns=["/proc/modules"]))
    access = recorded.access()
    with pytest.raises(EvidenceError) as caught:
        Commands(access).output([NFT, "-j", "list", "ruleset"])
    assert (caught.value.subject, caught.value.problem) == (NFT + " -j list ruleset", "it did not end in 5 s")
    with pytest.raises(EvidenceError) as caught:
        access.read("/proc/modules")
    assert (caught.value.subject, caught.value.problem) == ("/proc/modules", denied["/proc/modules"]["problem"])


@pytest.mark.skipif(find_command("ip") is None, reason="needs ip")
def test_this_host_recorded_and_sent_is_this_host(recorded):
    recorded.add(json.loads(json.dumps(record([], 30))))
    access = recorded.access()
    assert access.is_root() == is_root()
    assert access.find("ip") == find_command("ip") and access.find("nft") == find_command("nft")
    access.expect([access.find("ip"), *command[1:]] for command in FIRST if command[0] == "ip")
    links = json.loads(access.run([access.find("ip"), *FIRST[0][1:]]).out)
    names = [link["ifname"] for link in links if "ifname" in link]
    assert "lo" in names
    for pattern in FILES:
        for name in names:
            path = pattern.replace("*", name)
            assert "modules" in path or access.read(path) == read_text(path)
