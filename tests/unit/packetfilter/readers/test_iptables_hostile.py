# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Damaged texts of iptables and ipset: an answer or the one documented error, in bounded time."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from iptables_helpers import HOST, certainty, rules, table

from _gate.errors import EvidenceError
from _gate.packetfilter.readers import ipset, iptables_save
from _gate.packetfilter.readers.iptables_around import surroundings

WORDS = (
    "-A", "INPUT", "-p", "tcp", "udp", "icmp", "-s", "-d", "10.0.0.0/8", "2001:db8::/32", "10.0.0.0/255.0.255.0", "!", "-m",
    "multiport", "--dports", "25,26", "25:", "--dport", "set", "--match-set", "n", "src", "src,dst", "dst,dst,dst", "conntrack",
    "--ctstate", "NEW,DNAT", "--ctorigdstport", "--ctproto", "addrtype", "--dst-type", "--src-type", "LOCAL", "UNICAST",
    "--limit-iface-in", "rpfilter", "--loose", "--invert", "mark", "--mark", "0x1/0x1", "0x1/", "-j", "-g", "ACCEPT", "DROP",
    "DNAT", "--to-destination", ":25-30/20", "10.0.0.1-:", "[::1]:", "REDIRECT", "--to-ports", "-", "MARK", "--set-xmark",
    "CONNMARK", "--save-mark", "--nfmask", "CT", "--notrack", "--zone", "TPROXY", "--tproxy-mark", "NETMAP", "--to", "U",
    "icmp6", "--icmpv6-type", "8/0", "256/1", "iprange", "--src-range", "10.0.0.9-10.0.0.1", "ipv6header", "--header", "prot",
    "--soft", '"', "\\", "'", "-4", "-6", "-f", "-i", "-o", "eth+", "+", "--", "physdev", "owner", "recent", "--set", "²",
    "99999999999999999999", "\0", "--comment", "x",
)  # fmt: skip
KINDS = (
    "hash:ip", "hash:net", "hash:ip,port", "hash:net,port", "hash:net,iface", "hash:net,net", "hash:ip,port,net", "hash:mac",
    "hash:ip,mark", "bitmap:port", "bitmap:ip", "bitmap:ip,mac", "list:set", "hash:odd",
)  # fmt: skip
PARTS = (
    "10.0.0.1", "10.0.0.0/8", "10.0.0.0/99", "0.0.0.0/0", "2001:db8::/32", "tcp:25", "icmp:8/0", "icmp:x", "25", "25-30", "gre:0",
    "eth0", "physdev:eth0", "n", "m", "0x5", "x", "", "01:02:03:04:05:06", "10.0.0.1-10.0.0.9", "²",
)  # fmt: skip
TAILS = (
    "",
    " nomatch",
    " timeout 5",
    " timeout 0",
    " timeout",
    ' comment "a b"',
    " wildcard",
    " ",
    " packets 1 bytes 2",
)
OPTIONS = ("", " family inet", " family inet6", " netmask 24", " bitmask 255.0.255.0", " markmask x", " timeout 0")


@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=14), max_size=4), st.sampled_from(("filter", "nat", "raw")))
@settings(max_examples=120, deadline=None)
def test_rules_of_any_words(lines, name):
    chains = (":INPUT DROP [0:0]", ":PREROUTING ACCEPT [0:0]", ":U - [0:0]")
    text = table(name, *["-A U " + " ".join(words) for words in lines], chains=chains[-1:])
    for family in (4, 6):
        try:
            found = rules(text, family)
        except EvidenceError:
            continue
        if name == "filter":
            certainty(found)


@st.composite
def ipset_texts(draw):
    lines = []
    for name in ("n", "m"):
        lines.append("create {0} {1}{2}".format(name, draw(st.sampled_from(KINDS)), draw(st.sampled_from(OPTIONS))))
        for _number in range(draw(st.integers(0, 4))):
            parts = draw(st.lists(st.sampled_from(PARTS), min_size=1, max_size=3))
            lines.append("add {0} {1}{2}".format(name, ",".join(parts), draw(st.sampled_from(TAILS))))
    return "\n".join(lines)


@given(ipset_texts(), st.sampled_from(("src", "dst", "src,dst", "src,src,dst")), st.booleans())
@settings(max_examples=120, deadline=None)
def test_sets_of_any_elements(text, flags, nomatch):
    words = "-A INPUT -m set --match-set n {0}{1} -j ACCEPT".format(flags, " --return-nomatch" if nomatch else "")
    try:
        found = rules(table("filter", words, chains=(":INPUT DROP [0:0]",)), 4, text)
    except EvidenceError:
        return
    assert certainty(found) in ("yes", "no", "sometimes", "unknown")


def seconds(read):
    start = time.process_time()
    read()
    return time.process_time() - start


def test_a_set_of_a_hundred_thousand():
    lines = ["add n 10.{0}.{1}.{2}".format(i >> 16, i >> 8 & 255, i & 255) for i in range(0, 200000, 2)]
    text = "\n".join(["create n hash:ip family inet hashsize 1024 maxelem 200000", *lines])
    save = table("filter", "-A INPUT -m set --match-set n src -j DROP", chains=(":INPUT ACCEPT [0:0]",))
    sets = ipset.read(text, "sets")
    assert len(sets["n"].lines) == 100000
    assert seconds(lambda: iptables_save.read(save, 4, "save", surroundings([save], sets, HOST))) < 3


def test_networks_in_networks():
    """A thousand times nested is not quadratic, and the innermost decides."""
    lines = [
        "add n 10.{0}.{1}.0/{2}{3}".format(i // 8 % 256, i // 2048, 17 + i % 8, " nomatch" if i % 2 else "")
        for i in range(20000)
    ]
    text = "\n".join(["create n hash:net family inet", *sorted(set(lines))])
    save = table("filter", "-A INPUT -m set --match-set n src -j DROP", chains=(":INPUT ACCEPT [0:0]",))
    sets = ipset.read(text, "sets")
    assert seconds(lambda: iptables_save.read(save, 4, "save", surroundings([save], sets, HOST))) < 5


@pytest.mark.parametrize("quotes", ['"' * 50001, "\\" * 50001, '"a" ' * 20000])
def test_a_line_of_quotes(quotes):
    text = table("filter", "-A INPUT -m comment --comment " + quotes + " -j ACCEPT", chains=(":INPUT DROP [0:0]",))

    def read():
        with contextlib.suppress(EvidenceError):
            iptables_save.read(text, 4, "save")

    assert seconds(read) < 5
