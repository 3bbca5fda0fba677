# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listeners as plain data: what a person reads of the owner, and no arguments of commands unless asked for."""

from __future__ import annotations

import pytest

from _gate.listeners.evidence import Listener, ListenersEvidence, Owner, Published
from _gate.report.listeners import listeners_as_dict

MASTER = Owner(7, "master", ("/usr/lib/postfix/sbin/master", "-w"), "root", "postfix@-.service")


def listener(**facts):
    return Listener("tcp", "0.0.0.0", 25, ("ipv4",), **facts)


@pytest.mark.parametrize(
    "facts, text",
    [
        ({"owners": (MASTER,)}, "master (postfix@-.service)"),
        ({"owners": (Owner(7, "nc", (), "root"),)}, "nc"),
        ({"owners": (Owner(7, "smtpd", (), "root", "a.service", "mail"),)}, "smtpd (a.service, container mail)"),
        ({"owner_unknown": "needs become"}, "unknown: needs become"),
        ({"owners": (Owner(1, "systemd", (), "root"),), "socket_unit": "mail.socket"}, "systemd (mail.socket)"),
        (
            {"owners": (Owner(9, "docker-proxy", (), "root"),), "published": Published("172.17.0.2", 25, "mail")},
            "docker-proxy for container mail",
        ),
    ],
)
def test_the_owner_in_a_few_words(facts, text):
    assert listener(**facts).owner == text


def test_arguments_are_left_out_unless_asked_for():
    evidence = ListenersEvidence((listener(owners=(MASTER,)),))
    for verbose, command in ((False, "/usr/lib/postfix/sbin/master"), (True, "/usr/lib/postfix/sbin/master -w")):
        (plain,) = listeners_as_dict(evidence, verbose)["listeners"]
        assert plain["owners"][0]["command"] == command


def test_what_does_not_apply_is_absent():
    plain = listeners_as_dict(ListenersEvidence((listener(owner_unknown="needs become"),)))
    assert plain == {
        "listeners": [
            {
                "protocol": "tcp",
                "address": "0.0.0.0",
                "port": 25,
                "families": ["ipv4"],
                "loopback": False,
                "owner": "unknown: needs become",
                "owner_unknown": "needs become",
            }
        ],
        "namespaces": [],
        "notes": [],
    }


def test_v6only_is_told_where_it_is_known():
    seen = [
        Listener("tcp", "::", 25, ("ipv6",), v6only, owner_unknown="needs become") for v6only in (None, False, True)
    ]
    plain = listeners_as_dict(ListenersEvidence(tuple(seen)))["listeners"]
    assert [each.get("v6only", "absent") for each in plain] == ["absent", False, True]


def test_a_port_that_is_not_known_is_absent():
    owners = (Owner(9, "conmon", (), "root", "", "mail"),)
    evidence = ListenersEvidence((listener(owners=owners, published=Published("", 0, "mail")),))
    assert listeners_as_dict(evidence)["listeners"][0]["published"] == {"container": "mail"}
