# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rulesets that firewalld, ufw and Docker wrote, where they are at hand (the project's shared test data).

Two backends of one tool must open the same; what ufw tells its user must be what gets in.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from iptables_helpers import HOST, certainty, own, route, rules
from reader_helpers import doubts, unfollowed

from _gate.packetfilter.addresses import question, range_of
from _gate.packetfilter.diagram import EMPTY, Space
from _gate.packetfilter.evaluate import accepted
from _gate.packetfilter.model import (
    DPORT,
    FAMILY,
    IIF,
    PROTOCOL,
    SADDR,
    address_range,
    interface_value,
)
from _gate.packetfilter.readers import nft_file
from _gate.packetfilter.readers.files import from_files

DATA = Path(__file__).resolve().parents[5] / "shared" / "data" / "firewall"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no shared test data at ../shared/data/firewall")

FIREWALLD = ("default", "mail", "mail_all", "mail_zones")
UFW = ("default", "mail", "mail_src", "noipv6")
OUTSIDE = ("eth0", "eth1")
OWN = ("192.0.2.1", "10.0.0.1", "2001:db8::1")
BEHIND = ("172.17.0.0/16", "2001:db8:77::/64")
#: Backends differ about packets from ``::``: -m rpfilter lets them pass, fib looks for a route to them.
NO_SOURCE = {FAMILY: ((6, 6),), SADDR: ((0, 0),)}


def ruleset_of(folder, name, saves=True):
    files = {"nft_json": str(DATA / folder / (name + ".nft.json"))}
    if saves:
        files["iptables"] = str(DATA / folder / (name + ".iptables-save"))
        files["ip6tables"] = str(DATA / folder / (name + ".ip6tables-save"))
    return from_files(files, HOST).ruleset


def answer(space, ruleset, host=HOST, addresses=OWN + BEHIND, protocols=((6, 6), (17, 17)), without=EMPTY):
    """What of TCP and UDP gets in from outside, to the host and through it; ``without``: packets that are not asked about."""
    asked = space.intersect(question(space, interfaces=OUTSIDE, addresses=addresses), space.box({PROTOCOL: protocols}))
    return accepted(space, ruleset, space.minus(asked, space.union(without, space.box(NO_SOURCE))), host)


def parts(found):
    return found.must, found.sometimes, found.unknown


@pytest.mark.parametrize("name", FIREWALLD)
def test_both_backends_of_firewalld_open_the_same(name):
    space = Space()
    nftables = answer(space, ruleset_of("firewalld", "nftables-" + name, False))
    iptables = answer(space, ruleset_of("firewalld", "iptables-" + name))
    assert parts(nftables) == parts(iptables)
    assert nftables.unknown == EMPTY
    assert (nftables.sometimes == EMPTY) == (name != "mail_all")
    places = {(found.path, found.to_port) for found in iptables.deliveries}
    # Here the backends differ: `redirect` takes what was sent to a container to the host, `DNAT --to-destination :25` does not.
    assert {(found.path, found.to_port) for found in nftables.deliveries} == places - {("forward", 25)}
    assert (("input", 25) in places) == (name == "mail_all")


def test_a_forwarded_port_of_firewalld_is_an_opening():
    for backend, saves in (("nftables", False), ("iptables", True)):
        ruleset = ruleset_of("firewalld", backend + "-mail_all", saves)
        assert unfollowed(ruleset) == []
        assert certainty(ruleset, dport=2525) == "yes"
        assert certainty(ruleset, dport=2526) == "no"
        assert certainty(ruleset, dport=143, saddr="198.51.100.7") == "sometimes"


def status_rows(name):
    """The rows of ``ufw status`` for packets to the host: (family, action, ports, interface, source)."""
    for line in (DATA / "ufw" / (name + ".status.txt")).read_text(encoding="utf-8").splitlines():
        for action in ("ALLOW IN", "LIMIT IN", "DENY IN", "REJECT IN"):
            target, found, source = line.partition(" {0} ".format(action))
            if not found:
                continue
            source = source.strip().replace(" (v6)", "")
            target, interface = target.strip(), None
            family = 6 if "(v6)" in target or ":" in source else 4
            target = target.replace(" (v6)", "")
            if " on " in target:
                target, interface = target.split(" on ")
            ports = None if target == "Anywhere" else [int(port) for port in target.split("/")[0].split(",")]
            yield family, action, ports, interface, None if source == "Anywhere" else source


def as_the_status_says(space, name):
    """What surely gets in of TCP, and what does now and then: the first row that fits decides."""
    must, sometimes, decided = EMPTY, EMPTY, EMPTY
    for family, action, ports, interface, source in status_rows(name):
        box = {FAMILY: ((family, family),), PROTOCOL: ((6, 6),)}
        if ports is not None:
            box[DPORT] = tuple((port, port) for port in sorted(ports))
        if interface is not None:
            box[IIF] = ((interface_value(interface), interface_value(interface)),)
        if source is not None:
            box[SADDR] = (address_range(*range_of(source)),)
        node = space.minus(space.box(box), decided)
        decided = space.union(decided, node)
        if action == "ALLOW IN":
            must = space.union(must, node)
        elif action == "LIMIT IN":
            sometimes = space.union(sometimes, node)
    return must, sometimes


@pytest.mark.parametrize("name", UFW)
def test_what_ufw_tells_its_user_is_what_gets_in(name):
    space = Space()
    found = answer(space, ruleset_of("ufw", name), addresses=OWN, protocols=((6, 6),))
    must, sometimes = (space.intersect(node, found.question) for node in as_the_status_says(space, name))
    assert (found.must, found.sometimes, found.unknown) == (must, sometimes, EMPTY)


def test_what_ufw_routes():
    ruleset = ruleset_of("ufw", "mail_src")
    assert certainty(ruleset, daddr="172.17.0.2", dport=25) == "yes"
    assert certainty(ruleset, daddr="172.17.0.2", dport=26) == "no"
    assert certainty(ruleset, daddr="172.17.0.3", dport=25) == "no"
    assert certainty(ruleset, replace(HOST, forwarding=frozenset()), daddr="172.17.0.2", dport=25) == "no"


@pytest.mark.parametrize("name", UFW)
def test_without_the_save_files_ufw_is_in_doubt(name):
    found = answer(Space(), ruleset_of("ufw", name, saves=False))
    assert found.unknown != EMPTY


def test_the_doubts_of_ufw_mail_are_the_rate_limit_alone():
    ruleset = ruleset_of("ufw", "mail")
    assert {text.split(" --")[0] for text in doubts(ruleset) if "--hl-eq" not in text} <= {"-m recent", "-m limit"}
    assert unfollowed(ruleset) == []


DOCKER = replace(
    HOST,
    own=(
        own("192.0.2.1", "eth0", 24), own("192.168.0.1", "br-dummy", 24), own("2001:db8::1", "eth0", 64),
        own("fd49:efd7:54aa::ffff", "br-dummy", 64),
    ),
    interfaces=("br-dummy", "eth0", "eth1", "lo"),
    bridges=frozenset(("br-dummy",)),
    routes=(
        route("0.0.0.0/0", "eth0"), route("192.168.0.0/24", "br-dummy"), route("::/0", "eth0"),
        route("fd49:efd7:54aa::/64", "br-dummy"),
    ),
)  # fmt: skip
CONTAINERS = {4: ("192.0.2.1", "192.168.0.0/24"), 6: ("2001:db8::1", "fd49:efd7:54aa::/64")}
NFT_NAME = {4: "__ip.golden", 6: "__ip6.golden"}
ROOT = pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, ("nft", "ip", "unshare"))), reason="needs root, nft, ip and unshare"
)


def docker_pairs():
    """Docker's rulesets for one published port (8080 to 80): with iptables, and the same with nftables."""
    if not DATA.is_dir():
        return
    for path in sorted((DATA / "moby" / "iptabler").iterdir()):
        base, kind = path.name[: -len(".golden")].rsplit("__", 1)
        family = 4 if kind == "iptables" else 6
        other = DATA / "moby" / "nftabler" / (base + NFT_NAME[family])
        if other.exists():
            yield family, path, other


def docker_iptables(family, path):
    return rules(path.read_text(encoding="utf-8"), family, host=DOCKER)


def test_every_save_file_of_docker_is_understood():
    pairs = list(docker_pairs())
    assert len(pairs) > 250
    for family, path, _other in pairs:
        ruleset = docker_iptables(family, path)
        assert unfollowed(ruleset) == [] == doubts(ruleset), path.name


@ROOT
@pytest.mark.parametrize("turn", range(3))
def test_both_backends_of_docker_open_the_same(turn, tmp_path):
    """A tenth of the pairs, which all agree. Of an internal network, Docker's iptables backend lets in what comes from outside
    with a source of that network, its nftables backend does not: such packets are left out."""
    for family, path, other in list(docker_pairs())[turn::30]:
        text = tmp_path / "rules.nft"
        # A name for the priority that nft before 1.0.7 does not take there.
        written = other.read_text(encoding="utf-8").replace("hook output priority dstnat", "hook output priority -100")
        text.write_text(written, encoding="utf-8")
        nftables = nft_file.read_text(str(text), other.name, DOCKER).ruleset
        space = Space()
        forged = space.box({FAMILY: ((family, family),), SADDR: (address_range(*range_of(CONTAINERS[family][1])),)})
        answers = [
            answer(space, ruleset, DOCKER, CONTAINERS[family], ((6, 6),), forged)
            for ruleset in (docker_iptables(family, path), nftables)
        ]
        assert parts(answers[0]) == parts(answers[1]), path.name
        assert answers[0].unknown == answers[0].sometimes == EMPTY, path.name


@pytest.mark.parametrize("family", (4, 6))
def test_what_docker_publishes_is_an_opening(family):
    name = "hairpin=false,internal=false,icc=true,masq=true,snat=false,gwm=nat,bindlh=false__{0}.golden"
    path = DATA / "moby" / "iptabler" / name.format("iptables" if family == 4 else "ip6tables")
    space = Space()
    found = answer(space, docker_iptables(family, path), DOCKER, CONTAINERS[family], ((6, 6),))
    forwarded = [delivery for delivery in found.deliveries if delivery.path == "forward"]
    assert {(delivery.to_port, delivery.interface) for delivery in forwarded if delivery.to_port} == {(80, "br-dummy")}
    packet = {} if family == 4 else {"saddr": "2001:db8:9::9", "daddr": "2001:db8::1"}
    ruleset = docker_iptables(family, path)
    assert certainty(ruleset, DOCKER, dport=8080, **packet) == "yes"
    assert certainty(ruleset, replace(DOCKER, forwarding=frozenset()), dport=8080, **packet) == "no"
    direct = {"daddr": "192.168.0.2"} if family == 4 else {**packet, "daddr": "fd49:efd7:54aa::1"}
    assert certainty(ruleset, DOCKER, dport=80, **direct) == "no"
