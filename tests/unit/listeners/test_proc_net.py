# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of /proc/net, as a kernel of x86 wrote them (words in the machine's own byte order)."""

from __future__ import annotations

import sys

import pytest

from _gate.listeners import proc_net
from _gate.listeners.evidence import RawSocket
from listener_tree import TCP_HEAD, socket_line

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="the files were captured on a little-endian machine")

FIB_TRIE = """Main:
  +-- 0.0.0.0/0 3 0 5
     +-- 127.0.0.0/8 2 0 2
        +-- 127.0.0.0/31 1 0 0
           |-- 127.0.0.0
              /8 host LOCAL
           |-- 127.0.0.1
              /32 host LOCAL
     |-- 172.17.0.0
        /16 link UNICAST
     |-- 172.17.0.2
        /32 host LOCAL
     |-- 172.17.255.255
        /32 link BROADCAST
Local:
     |-- 172.17.0.2
        /32 host LOCAL
"""
IF_INET6 = """00000000000000000000000000000001 01 80 10 80       lo
fe80000000000000004211fffeac1100 02 40 20 80     eth0
20010db8000000000000000000000010 02 40 00 80     eth0
"""


def write(directory, name, *lines):
    (directory / name).write_text(TCP_HEAD + "".join(lines))


def test_listening_tcp_and_bound_udp_of_both_families(tmp_path):
    write(
        tmp_path,
        "tcp",
        socket_line("00000000:0019", "0A", 0, 11),
        socket_line("0100007F:0A1A", "0A", 109, 12),
        socket_line("0A0200C0:0019", "01", 0, 13, remote="076433C6:D431"),
    )
    write(tmp_path, "tcp6", socket_line("B80D0120000000000000000010000000:03E1", "0A", 0, 14))
    write(
        tmp_path,
        "udp",
        socket_line("0100007F:0035", "07", 101, 15),
        socket_line("0A0200C0:9C40", "01", 0, 16, remote="08080808:0035"),
        socket_line("00000000:0000", "07", 0, 17),
    )
    write(tmp_path, "udp6", socket_line("0" * 32 + ":0222", "07", 0, 18))
    assert proc_net.sockets(str(tmp_path)) == [
        RawSocket("tcp", "ipv4", "0.0.0.0", 25, 0, 11),
        RawSocket("tcp", "ipv4", "127.0.0.1", 2586, 109, 12),
        RawSocket("tcp", "ipv6", "2001:db8::10", 993, 0, 14),
        RawSocket("udp", "ipv4", "127.0.0.1", 53, 101, 15),
        RawSocket("udp", "ipv6", "::", 546, 0, 18),
    ]


def test_a_kernel_without_ipv6_has_no_file_for_it(tmp_path):
    write(tmp_path, "tcp", socket_line("00000000:0019", "0A", 0, 11))
    assert [raw.port for raw in proc_net.sockets(str(tmp_path))] == [25]


def test_a_directory_that_is_gone_lists_nothing(tmp_path):
    assert proc_net.sockets(str(tmp_path / "gone")) == []
    assert proc_net.own_addresses(str(tmp_path / "gone")) == []


def test_own_addresses_are_those_that_others_can_send_to(tmp_path):
    (tmp_path / "fib_trie").write_text(FIB_TRIE)
    (tmp_path / "if_inet6").write_text(IF_INET6)
    assert proc_net.own_addresses(str(tmp_path)) == ["172.17.0.2", "2001:db8::10"]
