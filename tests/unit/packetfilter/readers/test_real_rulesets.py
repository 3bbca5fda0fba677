# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rulesets that firewalld, ufw and Docker wrote, where they are at hand (the project's shared test data)."""

from __future__ import annotations

from pathlib import Path

import pytest
from reader_helpers import NO, YES, doubts, outcome, outcome6, unfollowed

from _gate.packetfilter.addresses import question
from _gate.packetfilter.diagram import Space
from _gate.packetfilter.evaluate import accepted
from _gate.packetfilter.model import PROTOCOL
from _gate.packetfilter.readers import iptables_save
from _gate.packetfilter.readers.files import from_files

DATA = Path(__file__).resolve().parents[5] / "shared" / "data" / "firewall"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no shared test data at ../shared/data/firewall")

FIREWALLD = ("default", "mail", "mail_all", "mail_zones")
UFW = ("default", "mail", "mail_src", "noipv6")
TCP_UDP = {PROTOCOL: ((6, 6), (17, 17))}


def rules(folder, name, saves=True):
    files = {"nft_json": str(DATA / folder / (name + ".nft.json"))}
    if saves:
        files["iptables"] = str(DATA / folder / (name + ".iptables-save"))
        files["ip6tables"] = str(DATA / folder / (name + ".ip6tables-save"))
    return from_files(files).ruleset


def opened(space, ruleset):
    """What may and what surely gets in of TCP and UDP."""
    answer = accepted(space, ruleset, space.intersect(question(space), space.box(TCP_UDP)))
    return answer.may, answer.must


@pytest.mark.parametrize(
    ("folder", "name", "saves"),
    [("firewalld", "nftables-" + name, False) for name in ("default", "mail", "mail_zones")]
    + [("firewalld", "iptables-" + name, True) for name in ("default", "mail", "mail_zones")]
    + [("ufw", name, True) for name in ("default", "mail_src", "noipv6")],
)
def test_no_doubt_about_tcp_and_udp(folder, name, saves):
    may, must = opened(Space(), rules(folder, name, saves))
    assert may == must


@pytest.mark.parametrize("name", FIREWALLD[:2] + FIREWALLD[3:])
def test_both_backends_of_firewalld_open_the_same(name):
    space = Space()
    nftables = opened(space, rules("firewalld", "nftables-" + name, False))
    assert nftables == opened(space, rules("firewalld", "iptables-" + name))


@pytest.mark.parametrize("name", UFW)
def test_without_the_save_files_ufw_is_in_doubt(name):
    may, must = opened(Space(), rules("ufw", name, saves=False))
    assert may != must


def test_the_doubts_of_ufw_mail_are_the_rate_limit_alone():
    ruleset = rules("ufw", "mail")
    assert {text.split(" --")[0] for text in doubts(ruleset) if "--hl-eq" not in text} <= {"-m recent", "-m limit"}
    assert unfollowed(ruleset) == []


def test_firewalld_mail_all_is_followed_except_for_its_port_forwarding():
    assert unfollowed(rules("firewalld", "nftables-mail_all", False)) == ["redirect to :25"]


def test_some_doors_of_ufw():
    ruleset = rules("ufw", "mail_src")
    assert outcome(ruleset, dport=993) == YES
    assert outcome(ruleset, dport=3306) == NO
    assert outcome(ruleset, dport=25, saddr="203.0.113.5") == NO  # 203.0.113.0/25 is denied first
    assert outcome(ruleset, dport=22, saddr="198.51.100.9") == YES
    assert outcome6(ruleset, dport=993) == YES
    assert outcome6(rules("ufw", "noipv6"), dport=993) == NO


def test_every_save_file_of_docker_is_read():
    files = sorted((DATA / "moby" / "iptabler").iterdir())
    assert len(files) > 100
    for path in files:
        family = 6 if path.name.endswith("__ip6tables.golden") else 4
        ruleset = iptables_save.read(path.read_text(encoding="utf-8"), family, path.name).ruleset
        assert all(text.startswith("-j ") for text in unfollowed(ruleset)), path.name
