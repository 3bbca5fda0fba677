# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sensor on a /proc of paper: owners, units, containers, other namespaces, and what is not known."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from _gate.errors import EvidenceError
from _gate.listeners import processes
from _gate.listeners.evidence import Namespace, Owner, Published, RawSocket
from _gate.listeners.sensor import Host, look_at_listeners
from _gate.listeners.sock_diag import Unavailable
from listener_tree import TCP_HEAD, Tree, socket_line

ID = "0573d5b87ffc2d1a6f4b6b2b9e3f64a3d7f6a80c5d1e1b9a0f2c3d4e5f60718a"
CONTAINER = "net:[4026532177]"
USERS = {0: "root", 109: "postfix"}


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def refuse():
    raise Unavailable("no netlink")


def refuse_inside(_namespace):
    raise PermissionError("setns")


def host(tree, *sockets, **settings):
    settings.setdefault("ask_kernel", lambda: list(sockets))
    settings.setdefault("ask_inside", refuse_inside)
    settings.setdefault("socket_units", lambda: pytest.fail("systemd was asked for nothing"))
    settings.setdefault("is_root", True)
    return Host(proc=str(tree.proc), root=str(tree.root), user_name=lambda uid: USERS.get(uid, str(uid)), **settings)


def look(tree, *sockets, **settings):
    return look_at_listeners(host(tree, *sockets, **settings)).listeners


SMTP = RawSocket("tcp", "ipv4", "0.0.0.0", 25, 0, 11)


def test_the_oldest_of_several_owners_comes_first_and_programs_are_counted(tree):
    tree.process(300, "smtpd", [11], cgroup="0::/system.slice/postfix@-.service\n", uid=109, command="smtpd -n smtp")
    tree.process(310, "smtpd", [11], cgroup="0::/system.slice/postfix@-.service\n", uid=109)
    tree.process(900, "master", [10, 11], cgroup="0::/system.slice/postfix@-.service\n", started=5)
    tree.process(901, "other", [12])
    (listener,) = look(tree, SMTP)
    assert listener.owners == (
        Owner(900, "master", ("/usr/sbin/master",), "root", "postfix@-.service"),
        Owner(300, "smtpd", ("smtpd", "-n", "smtp"), "postfix", "postfix@-.service", processes=2),
    )
    assert listener.owner_unknown == "" and listener.user == "root"


def test_a_process_name_may_hold_parentheses_and_spaces(tree):
    tree.process(300, "a) S 1 (b", [11])
    assert look(tree, SMTP)[0].owners[0].name == "a) S 1 (b"


def test_without_root_a_socket_without_owner_needs_become(tree):
    (listener,) = look(tree, SMTP, is_root=False, socket_units=lambda: "")
    assert listener.owners == () and listener.owner_unknown == "needs become"


def test_for_root_nobody_holds_a_socket_of_the_kernel(tree):
    (listener,) = look(tree, SMTP)
    assert "the kernel itself" in listener.owner_unknown


def test_for_root_without_capabilities_the_owner_is_unknown(tree, monkeypatch):
    tree.process(300, "master", [11])
    real = processes.os.listdir

    def listdir(path):
        if str(path).endswith("/fd/"):
            raise PermissionError(path)
        return real(path)

    monkeypatch.setattr(processes.os, "listdir", listdir)
    (listener,) = look(tree, SMTP)
    assert listener.owners == () and "CAP_SYS_PTRACE" in listener.owner_unknown


def test_a_process_that_has_ended_owns_nothing(tree):
    tree.process(300, "master", [11])
    (tree.proc / "300" / "stat").unlink()
    assert look(tree, SMTP)[0].owners == ()


def test_a_socket_that_systemd_holds_is_its_socket_units(tree):
    tree.process(1, "systemd", [11], cgroup="0::/init.scope\n")
    shown = "Listen=0.0.0.0:25 (Stream)\nId=mail.socket\nActiveState=active\n"
    (listener,) = look(tree, SMTP, socket_units=lambda: shown)
    assert listener.socket_unit == "mail.socket"
    assert listener.owners[0].name == "systemd"


def test_without_root_systemd_tells_itself_what_it_holds(tree):
    shown = "Listen=0.0.0.0:25 (Stream)\nId=mail.socket\nActiveState=active\n"
    (listener,) = look(tree, SMTP, is_root=False, socket_units=lambda: shown)
    assert (listener.socket_unit, listener.owner, listener.owner_unknown) == (
        "mail.socket",
        "mail.socket",
        "needs become",
    )


DUAL = RawSocket("tcp", "ipv6", "::", 25, 0, 11, v6only=False)


@pytest.mark.parametrize(
    "raw, address, families, v6only",
    [
        (SMTP, "0.0.0.0", ("ipv4",), None),
        (DUAL, "::", ("ipv4", "ipv6"), False),
        (replace(DUAL, v6only=True), "::", ("ipv6",), True),
    ],
)
def test_families(tree, raw, address, families, v6only):
    (listener,) = look(tree, raw)
    assert (listener.address, listener.families, listener.v6only) == (address, families, v6only)


def test_an_ipv6_socket_bound_to_an_ipv4_address_takes_ipv4_only(tree):
    (listener,) = look(tree, RawSocket("tcp", "ipv6", "::ffff:192.0.2.10", 25, 0, 11, v6only=False))
    assert (listener.address, listener.families, listener.v6only) == ("192.0.2.10", ("ipv4",), None)
    assert listener.takes("192.0.2.10") and not listener.takes("2001:db8::1")


def test_what_a_dual_stack_socket_takes_is_unknown_where_the_kernel_does_not_say(tree):
    (listener,) = look(tree, RawSocket("tcp", "ipv6", "::", 25, 0, 11))
    assert listener.families == ("ipv6",)
    assert listener.takes("192.0.2.10") is None
    assert listener.takes("2001:db8::1") is True


def test_sockets_that_share_a_port_are_one_listener(tree):
    tree.process(300, "nginx", [11, 12])
    (listener,) = look(tree, SMTP, RawSocket("tcp", "ipv4", "0.0.0.0", 25, 0, 12))
    assert listener.sockets == 2 and listener.owners[0].processes == 1


def test_loopback_is_an_address_or_an_interface(tree):
    listeners = look(
        tree,
        RawSocket("tcp", "ipv4", "127.0.0.53", 53, 0, 1),
        RawSocket("tcp", "ipv6", "::1", 54, 0, 2),
        RawSocket("tcp", "ipv4", "0.0.0.0", 55, 0, 3, interface="lo"),
        RawSocket("tcp", "ipv4", "0.0.0.0", 56, 0, 4, interface="eth0"),
    )
    assert [(each.port, each.is_loopback) for each in listeners] == [(53, True), (54, True), (55, True), (56, False)]


def test_when_the_kernel_does_not_answer_proc_net_does_and_says_so(tree):
    tree.write("thread-self/net/tcp", TCP_HEAD + socket_line("00000000:0019", "0A", 0, 11))
    tree.process(300, "master", [11])
    evidence = look_at_listeners(host(tree, ask_kernel=refuse))
    assert [(each.address, each.port, each.owners[0].name) for each in evidence.listeners] == [
        ("0.0.0.0", 25, "master")
    ]
    assert evidence.notes[0].startswith("no netlink; ")


@pytest.mark.skipif(sys.byteorder != "little", reason="the files were captured on a little-endian machine")
def test_sockets_in_a_containers_network_are_told_with_it(tree):
    net = {
        "tcp": TCP_HEAD + socket_line("00000000:0019", "0A", 101, 21),
        "fib_trie": "     |-- 172.17.0.2\n        /32 host LOCAL\n",
    }
    group = "0::/system.slice/docker-{0}.scope\n".format(ID)
    tree.process(400, "master", [21], cgroup=group, namespace=CONTAINER, net=net, uid=101)
    tree.process(401, "sidecar", [], namespace="net:[4026532999]", net={"tcp": TCP_HEAD})
    tree.process(
        200,
        "docker-proxy",
        [11],
        cgroup="0::/system.slice/docker.service\n",
        command="/usr/bin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 25 -container-ip 172.17.0.2 -container-port 2525",
    )
    tree.write_root("var/lib/docker/containers/{0}/config.v2.json".format(ID), '{"Name": "/mail"}')
    evidence = look_at_listeners(host(tree, SMTP))
    published, inside = evidence.listeners
    assert published.published == Published("172.17.0.2", 2525, "mail")
    assert published.namespace == "" and published.owners[0].unit == "docker.service"
    assert inside.namespace == CONTAINER and inside.owners[0].container == "mail"
    assert (inside.user, inside.owners[0].user) == ("101", "101"), "names of a container are not those of this host"
    assert evidence.namespaces == (Namespace(CONTAINER, 400, ("172.17.0.2",), "mail"),)


def test_the_container_that_this_runs_in_is_the_host(tree):
    group = "0::/system.slice/docker-{0}.scope".format(ID)
    tree.write("self/cgroup", group + "/system.slice/ssh.service\n")
    tree.process(300, "master", [11], cgroup=group + "/system.slice/postfix.service\n")
    (owner,) = look(tree, SMTP)[0].owners
    assert (owner.unit, owner.container) == ("postfix.service", "")


def test_podmans_monitor_holds_the_port_of_its_container(tree):
    tree.process(200, "conmon", [11], cgroup="0::/machine.slice/libpod-conmon-{0}.scope\n".format(ID))
    assert look(tree, SMTP)[0].published == Published("", 0, ID[:12])


MONITOR = "/usr/bin/conmon --api-version 1 -c {0} -u {0} -r /usr/bin/crun -b /data -p /run/pidfile -n store".format(ID)
DATABASE = TCP_HEAD + socket_line("00000000:0CEA", "0A", 999, 21)
SPLIT = "0::/system.slice/store.service/runtime\n"


@pytest.mark.parametrize("cgroup", [SPLIT, "1:name=systemd:/libpod_parent/conmon\n", "0::/user.slice\n"])
def test_the_monitor_names_its_container_where_its_control_groups_do_not(tree, cgroup):
    tree.process(200, "conmon", [11], cgroup=cgroup, command=MONITOR)
    tree.process(
        210, "postgres", [21], cgroup="0::/user.slice\n", parent=200, namespace=CONTAINER, net={"tcp": DATABASE}
    )
    tree.process(220, "worker", [21], cgroup="0::/user.slice\n", parent=210, namespace=CONTAINER, net={"tcp": DATABASE})
    tree.process(230, "sshd", [12], cgroup=cgroup, parent=7)
    evidence = look_at_listeners(host(tree, SMTP, replace(SMTP, port=22, inode=12)))
    outside, door, inside = evidence.listeners
    assert (outside.port, outside.published, outside.owners[0].container) == (22, None, "")
    assert (door.port, door.published) == (25, Published("", 0, "store"))
    assert [(owner.name, owner.container) for owner in inside.owners] == [("postgres", "store"), ("worker", "store")]
    assert [each.container for each in evidence.namespaces] == ["store"]


def test_the_monitor_of_the_container_that_this_runs_in_names_none(tree):
    tree.process(200, "conmon", [], cgroup=SPLIT, command=MONITOR)
    tree.process(210, "systemd", [11], cgroup=SPLIT, parent=200)
    tree.write("self/stat", "215 (python3) S 210 0\n")
    assert look(tree, SMTP)[0].owners[0].container == ""


def test_a_monitor_without_a_name_and_a_circle_of_parents_name_none(tree):
    tree.process(200, "conmon", [11], cgroup=SPLIT)
    tree.process(300, "a", [12], cgroup=SPLIT, parent=301)
    tree.process(301, "b", [], cgroup=SPLIT, parent=300)
    for listener in look(tree, SMTP, replace(SMTP, port=26, inode=12)):
        assert (listener.published, listener.owners[0].container) == (None, "")


def test_the_kernel_is_asked_inside_a_namespace_where_that_is_permitted(tree):
    tree.process(400, "dovecot", [21], namespace=CONTAINER)
    asked = []

    def ask(path):
        asked.append(path)
        return [RawSocket("tcp", "ipv6", "::", 993, 0, 21, v6only=False)]

    (listener,) = look(tree, ask_inside=ask)
    assert asked == [str(tree.proc / "400" / "ns" / "net")]
    assert listener.families == ("ipv4", "ipv6") and listener.namespace == CONTAINER


def test_sockets_that_cannot_be_read_are_not_taken_for_none(tree):
    with pytest.raises(EvidenceError, match="no netlink nor .*/net/tcp"):
        look_at_listeners(host(tree, ask_kernel=refuse))
