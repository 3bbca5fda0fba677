# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""iptables-save texts with sets and a host around them, and what becomes of packets there."""

from __future__ import annotations

import ipaddress

from reader_helpers import packet

from _gate.packetfilter.interpret import walk
from _gate.packetfilter.model import Host, Own, Route
from _gate.packetfilter.readers import ipset, iptables_save
from _gate.packetfilter.readers.iptables_around import surroundings


def own(text, interface, prefix):
    address = ipaddress.ip_address(text)
    return Own(address.version, int(address), interface, "global", prefix)


def route(text, interface):
    network = ipaddress.ip_network(text)
    return Route(network.version, int(network.network_address), int(network.broadcast_address), interface)


HOST = Host(
    own=(own("192.0.2.1", "eth0", 24), own("10.0.0.1", "eth1", 8), own("2001:db8::1", "eth0", 64)),
    interfaces=("docker0", "eth0", "eth1", "lo"),
    forwarding=frozenset((4, 6)),
    routes=(
        route("0.0.0.0/0", "eth0"),
        route("10.0.0.0/8", "eth1"),
        route("172.17.0.0/16", "docker0"),
        route("::/0", "eth0"),
    ),
    bridges=frozenset(("docker0",)),
)


def table(name, *lines, chains=()):
    return "\n".join(["*" + name, *chains, *lines, "COMMIT", ""])


def rules(text, family=4, sets="", host=HOST):
    """The ruleset of a whole text; ``sets``: what ``ipset save`` prints."""
    around = surroundings([text], ipset.read(sets, "sets"), host)
    return iptables_save.read(text, family, "test", around).ruleset


def accepting(options, family=4, sets="", host=HOST):
    """A filter that accepts what meets the options, on any way in, and drops the rest."""
    text = table("filter", "-A INPUT {0} -j ACCEPT".format(options), chains=(":INPUT DROP [0:0]",))
    return rules(text, family, sets, host)


def certainty(ruleset, host=HOST, **more):
    """``yes``, ``no``, ``sometimes`` or ``unknown``: whether the packet gets in."""
    walked = walk(ruleset, packet(**more), host)
    if len(walked.outcomes) > 1:
        return walked.certainty
    return "yes" if walked.outcomes == {"accept"} else "no"


def delivered(ruleset, host=HOST, **more):
    return walk(ruleset, packet(**more), host).deliveries
