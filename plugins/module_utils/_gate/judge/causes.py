# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The causes, for a required service that is not what it should be, and what each view has to show for it.

The list is in order: the first cause all of whose conditions hold is the one. docs/diagnosis.md is made from it.
"""

from __future__ import annotations

from typing import Mapping

from ..dataclass import dataclass, field

# What a view shows. UNKNOWN: it was not looked at, or does not decide.
UNKNOWN = "unknown"
# names: the addresses that DNS has for the host's name. BY_FILES: none, and no public DNS can have that name
HERE = "here"
BY_FILES = "known without DNS"
ELSEWHERE = "elsewhere"
NOT_FOUND = "not found"
# listening: sockets on the port. HERE: at the addresses that clients use
NOTHING = "nothing"
LOOPBACK = "loopback only"
OTHER_FAMILY = "other family only"
OTHER_ADDRESS = "other addresses only"
IN_CONTAINER = "in a container only"
# filter: new connections to the port from those who may connect
ACCEPTS = "accepts"
DROPS = "drops"
REJECTS = "rejects"
BY_SOURCE = "some sources only"
BY_INTERFACE = "some interfaces only"
BY_RATE = "depends on a rate"
# here, outside, other_family: what a client on the host itself, one elsewhere, and that one in the other family see
OPEN = "open"
SOME = "open to some"
REFUSED = "refused"
TIMED_OUT = "timed out"
UNREACHABLE = "unreachable"
RESET = "reset"
# talk: what comes of an open connection
FINE = "fine"
THROTTLED = "throttled"
REFUSES = "refuses service"
HANGS_UP = "hangs up"
SILENT = "silent"
OTHER_PROTOCOL = "other protocol"
OTHER_MODE = "other mode"
NO_TLS = "no TLS session"
BAD_CERTIFICATE = "bad certificate"
AGAINST_POLICY = "against the policy"

SHUT = (REFUSED, TIMED_OUT, UNREACHABLE, RESET)
_NOT_HERE = (NOTHING, LOOPBACK, OTHER_FAMILY, OTHER_ADDRESS)

#: Every view and what it can show; of the document, and of the test that goes through all combinations.
VIEWS: dict[str, tuple[str, ...]] = {
    "names": (UNKNOWN, HERE, BY_FILES, ELSEWHERE, NOT_FOUND),
    "listening": (UNKNOWN, HERE, NOTHING, LOOPBACK, OTHER_FAMILY, OTHER_ADDRESS, IN_CONTAINER),
    "filter": (UNKNOWN, ACCEPTS, DROPS, REJECTS, BY_SOURCE, BY_INTERFACE, BY_RATE),
    "here": (UNKNOWN, OPEN, *SHUT),
    "outside": (UNKNOWN, OPEN, SOME, *SHUT),
    "other_family": (UNKNOWN, OPEN, *SHUT),
    "talk": (
        UNKNOWN, FINE, THROTTLED, REFUSES, HANGS_UP, SILENT, OTHER_PROTOCOL, OTHER_MODE, NO_TLS, BAD_CERTIFICATE, AGAINST_POLICY,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Cause:
    """``when``: for each view that matters what it must show, any of several. ``text``: what is the matter. ``settles``: what
    would decide it, or make sure; ``remedy``: what mends it. The texts take the names of ``diagnosis.Details``.
    ``certain``: False where the views do not decide, or contradict each other."""

    text: str
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    settles: str = ""
    remedy: str = ""
    certain: bool = True


CAUSES: dict[str, Cause] = {
    "name.not-found": Cause(
        "DNS has no address for {host}: {known_otherwise}",
        {"names": (NOT_FOUND,)},
        "dig +short {host} A; dig +short {host} AAAA",
        "add the A and AAAA records of {host}; where no client uses that name, give addresses in its place",
    ),
    "name.elsewhere": Cause(
        "DNS points elsewhere: {host} has {dns}, and this host has {own}",
        {"names": (ELSEWHERE,)},
        "compare ip -br address with dig +short {host} A {host} AAAA",
        "mend the records of {host}, or give the host the address; where the address is translated to this host, list it in "
        "addresses",
    ),
    "views.answered-by-another": Cause(
        "the views contradict each other: {vantages} can connect to port {port}, and here nothing listens for them "
        "({listening}); another host answers (a load balancer, an old server with the address), or a rule redirects the port",
        {"listening": _NOT_HERE, "outside": (OPEN, SOME)},
        "nft list ruleset | grep -e dnat -e redirect; tcpdump -ni any port {port} while it is tried: nothing arrives where "
        "another host answers",
        "point the name at this host, or drop the redirection",
        certain=False,
    ),
    "views.open-through-filter": Cause(
        "the views contradict each other: the filter closes port {port} to all ({rule}), and {vantages} can connect",
        {"listening": (UNKNOWN, HERE), "filter": (DROPS, REJECTS), "outside": (OPEN,)},
        "tcpdump -ni any port {port} while it is tried: if nothing arrives, another host answers in this one's place",
        "look again after that; nothing is to be mended before it is known",
        certain=False,
    ),
    "listen.nothing": Cause(
        "nothing listens {where}",
        {"listening": (NOTHING,)},
        "ss -ltnp 'sport = :{socket_port}'",
        "start the server of {service}, or switch its listener on; journalctl -p err shows why it did not come up; "
        "a door that is used now and then only (to renew a certificate) is optional: true",
    ),
    "listen.container-only": Cause(
        "only container {container} listens on port {port}, within its own network, and the port is not published",
        {"listening": (IN_CONTAINER,), "outside": (UNKNOWN, *SHUT)},
        "docker port {container} (or podman port)",
        "publish the port: -p {port}:{port}, for IPv6 too",
    ),
    "listen.loopback": Cause(
        "{owner} listens on {listening_at} only, so that only this host can connect",
        {"listening": (LOOPBACK,)},
        "ss -ltnp 'sport = :{socket_port}'",
        "let it listen on all addresses (Postfix: inet_interfaces = all; Dovecot: listen = *, ::), then restart it",
    ),
    "listen.one-family": Cause(
        "{owner} listens on {listening_at} only: no {family}",
        {"listening": (OTHER_FAMILY,)},
        "ss -ltnp 'sport = :{socket_port}'",
        "let it listen on both families (Postfix: inet_protocols = all; Dovecot: listen = *, ::), then restart it",
    ),
    "listen.other-address": Cause(
        "{owner} listens on {listening_at} only, and clients use {addresses}",
        {"listening": (OTHER_ADDRESS,)},
        "ss -ltnp 'sport = :{socket_port}'",
        "let it listen on that address too, or on all, then restart it",
    ),
    "filter.drops": Cause(
        "the filter drops {family} to port {port}: {rule}",
        {"filter": (DROPS,)},
        "the module firewall_ports_info tells the whole accepted set",
        "{filter_fix}",
    ),
    "filter.rejects": Cause(
        "the filter rejects {family} to port {port}: {rule}",
        {"filter": (REJECTS,)},
        "the module firewall_ports_info tells the whole accepted set",
        "{filter_fix}",
    ),
    "filter.by-source": Cause(
        "the filter accepts {family} to port {port} from some sources only: {rule}",
        {"filter": (BY_SOURCE,)},
        "the module firewall_ports_info tells the whole accepted set",
        "{filter_fix}",
    ),
    "filter.by-interface": Cause(
        "the filter accepts {family} to port {port} on some interfaces only: {rule}",
        {"filter": (BY_INTERFACE,)},
        "the module firewall_ports_info tells the whole accepted set",
        "{filter_fix}",
    ),
    "filter.by-rate": Cause(
        "the filter accepts {family} to port {port} as long as a rate is kept: {rule}",
        {"filter": (BY_RATE,)},
        "nft list ruleset (or iptables -vnL) twice: the counter of the rule that drops grows",
        "{filter_fix}",
    ),
    "server.not-accepting": Cause(
        "{owner} listens and does not accept: even this host itself waits in vain",
        {"listening": (HERE,), "here": (TIMED_OUT, RESET), "outside": (UNKNOWN, *SHUT)},
        "ss -ltn 'sport = :{socket_port}': Recv-Q at its limit means a full backlog",
        "restart the server; look for what keeps it busy, and raise its process limit",
    ),
    "views.refused-here": Cause(
        "the views contradict each other: {owner} listens on port {port}, and this host itself is refused",
        {"listening": (HERE,), "here": (REFUSED, UNREACHABLE), "outside": (UNKNOWN, *SHUT)},
        "look again: the server went down between the looks, or a rule rejects on loopback",
        "journalctl -u {unit} -n 20 where it keeps restarting",
        certain=False,
    ),
    "way.one-family": Cause(
        "reachable by the other family only: {family} is right on this host and {outside} from {vantages}",
        {"listening": (HERE,), "filter": (ACCEPTS,), "outside": SHUT, "other_family": (OPEN,)},
        "tcpdump -ni any 'port {port}' while it is tried: whether the packets arrive, and whether answers leave",
        "mend the {family} route or the filter before the host (a cloud's security group has rules of its own for each "
        "family), or take the record of that family away",
    ),
    "way.silent": Cause(
        "the filter accepts here ({owner} at port {port}), and it times out from {vantages}: filtered on the way, by the "
        "provider, a cloud's security group, or the network of the client",
        {"listening": (HERE, UNKNOWN), "filter": (ACCEPTS,), "outside": (TIMED_OUT,)},
        "tcpdump -ni any 'port {port}' while it is tried: nothing arrives where the way is filtered",
        "open port {port} in the security group or at the provider; look from another network to know whose filter it is",
    ),
    "way.refused": Cause(
        "{owner} listens and the filter accepts here, and it is {outside} from {vantages}: another host answers there (NAT, "
        "an old server with the address), or something on the way rejects",
        {"listening": (HERE,), "filter": (ACCEPTS,), "outside": (REFUSED, RESET)},
        "tcpdump -ni any 'port {port}' while it is tried: nothing arrives where another host answers",
        "forward port {port} to this host where the address is translated, or mend the record",
    ),
    "way.unreachable": Cause(
        "{owner} listens and the filter accepts here, and {vantages} have no way to it",
        {"listening": (HERE,), "filter": (ACCEPTS,), "outside": (UNREACHABLE,)},
        "traceroute from there: the last hop that answers is before the fault",
        "mend the route, or the router that says so",
    ),
    "way.some-vantages": Cause(
        "open to some only: {vantages}",
        {"outside": (SOME,)},
        "fail2ban-client banned (a ban of that client), then tcpdump -ni any 'port {port}' while it is tried from there",
        "lift the ban, or open the way from there",
    ),
    "unknown.filter-or-way": Cause(
        "{owner} listens, it is {outside} from {vantages}, and what the filter does is not known: it, or something on the way",
        {"listening": (HERE,), "outside": SHUT},
        "the module firewall_ports_info, with become",
        "none before that is known",
        certain=False,
    ),
    "unknown.refused": Cause(
        "{outside} from {vantages}: nothing listens, a filter rejects, or another host answers",
        {"listening": (UNKNOWN,), "outside": (REFUSED, RESET)},
        "the module listening_ports_info on {host}",
        "none before that is known",
        certain=False,
    ),
    "unknown.silent": Cause(
        "{outside} from {vantages}: the filter of the host, or something on the way",
        {"listening": (UNKNOWN,), "outside": (TIMED_OUT, UNREACHABLE)},
        "the modules listening_ports_info and firewall_ports_info on {host}, with become",
        "none before that is known",
        certain=False,
    ),
    "server.throttled": Cause(
        "the server puts the client off, for its rate or by a ban: {observed}",
        {"talk": (THROTTLED,)},
        "look again after a pause",
        "exempt the address that looks ({vantages}) from the limits",
        certain=False,
    ),
    "server.refuses": Cause(
        "the server refuses this client: {observed}",
        {"talk": (REFUSES,)},
        "look from another address",
        "take the address off the server's access list or block list",
    ),
    "server.hangs-up": Cause(
        "the server accepts and hangs up before it greets: its back end is down, it expects the PROXY protocol, or it bans",
        {"talk": (HANGS_UP,)},
        "journalctl -u {unit} -f while it is tried; with proxy_protocol: v2 a server that expects it greets",
        "start what is behind it; give proxy_protocol where a proxy is in front",
    ),
    "server.hangs": Cause(
        "the server accepts and says nothing: it expects the PROXY protocol or TLS, its back end is down, or it is slow",
        {"talk": (SILENT,)},
        "journalctl -u {unit} -f while it is tried; with proxy_protocol: v2 a server that expects it greets",
        "start what is behind it; give proxy_protocol where a proxy is in front",
    ),
    "server.other-process": Cause(
        "another process holds the port: {owner} speaks {observed}",
        {"talk": (OTHER_PROTOCOL,)},
        "ss -ltnp 'sport = :{socket_port}'",
        "give the port to {service}",
    ),
    "server.other-mode": Cause(
        "the port speaks in another mode: {observed}",
        {"talk": (OTHER_MODE,)},
        "openssl s_client -connect {name}:{port}, with and without -starttls",
        "{wire_fix}",
    ),
    "server.no-tls": Cause(
        "TLS does not come about, or not to its end: {observed}",
        {"talk": (NO_TLS,)},
        "openssl s_client -connect {name}:{port}, with -starttls where the port begins in clear",
        "{wire_fix}",
    ),
    "server.certificate": Cause(
        "the certificate is not right: {observed}",
        {"talk": (BAD_CERTIFICATE,)},
        "openssl s_client -connect {name}:{port} -servername {name}",
        "{wire_fix}",
    ),
    "server.policy": Cause(
        "the server does not keep to the policy: {observed}",
        {"talk": (AGAINST_POLICY,)},
        "the finding names the rule and its source",
        "{wire_fix}",
    ),
    "fine.published": Cause(
        "a client gets what it should, from container {container}",
        {"listening": (IN_CONTAINER,), "outside": (OPEN, SOME), "talk": (FINE,)},
    ),
    "fine": Cause("a client gets what it should", {"outside": (OPEN,), "talk": (FINE,)}),
    "unknown.not-seen-from-outside": Cause(
        "all that was seen on this host is right, and nobody looked from elsewhere",
        {"listening": (HERE,), "filter": (ACCEPTS, UNKNOWN), "outside": (UNKNOWN,)},
        "a look from another host: vantages",
        "none is known to be needed",
        certain=False,
    ),
    "unknown": Cause(
        "what was seen does not decide it",
        {},
        "the modules listening_ports_info and firewall_ports_info on {host}, with become, and mail_ports_info from another host",
        "none before that is known",
        certain=False,
    ),
}


def find_cause(facts: Mapping[str, str]) -> str:
    """The identifier of the first cause that the facts, one for each of :data:`VIEWS`, allow. The last one always is."""
    return next(
        identifier
        for identifier, cause in CAUSES.items()
        if all(facts[view] in shown for view, shown in cause.when.items())
    )
