# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One ruleset against another: a baseline, and the rules of the next start; and what is reached behind the host."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _gate.errors import IntentError
from _gate.intent.policy import parse_policy
from _gate.intent.services import Defaults, parse_services
from _gate.judge.finding import FAIL, PASS, UNKNOWN, WARN
from _gate.judge.firewall import judge_firewall
from _gate.packetfilter.addresses import question
from _gate.packetfilter.asked import routed
from _gate.packetfilter.boot import Boot
from _gate.packetfilter.diagram import Space
from _gate.packetfilter.evaluate import accepted, difference
from _gate.packetfilter.model import Host, Own, Route
from _gate.packetfilter.openings import lines
from _gate.packetfilter.readers import iptables_save
from _gate.packetfilter.sensor import NextBoot, look_at_filter

MAIL = "-A INPUT -p tcp -m tcp --dport 25 -j ACCEPT\n"
POP3 = "-A INPUT -p tcp -m tcp --dport 110 -j ACCEPT\n"


def save(rules, forward="DROP"):
    return "*filter\n:INPUT DROP [0:0]\n:FORWARD {0} [0:0]\n{1}COMMIT\n".format(forward, rules)


@pytest.fixture
def path(tmp_path):
    def write(name, rules):
        (tmp_path / name).write_text(save(rules), encoding="utf-8")
        return str(tmp_path / name)

    return write


def look(path, rules, **options):
    return look_at_filter({"iptables": path("now", rules)}, families=["ipv4"], **options)


def judged(evidence, check):
    services = parse_services(["smtp"], Defaults(parse_policy("rfc8314")))
    return [item for item in judge_firewall("mx", services, evidence) if item.check == check]


def test_a_baseline_tells_what_a_candidate_opens_and_closes(path):
    evidence = look(path, MAIL + POP3, baseline={"iptables": path("before", MAIL)})
    opened, closed = difference(evidence.baseline, evidence.acceptance)
    assert lines(evidence.acceptance, opened) == ["tcp 110 from any (IPv4)"]
    assert closed == evidence.space.empty


def test_rules_that_are_written_otherwise_do_not_differ(path):
    other = "-A INPUT -p tcp -m multiport --dports 25,110 -j ACCEPT\n"
    evidence = look(path, MAIL + POP3, baseline={"iptables": path("before", other)})
    assert difference(evidence.baseline, evidence.acceptance) == (evidence.space.empty,) * 2


def at_boot(evidence, rules=None, **boot):
    ruleset = iptables_save.read(save(rules), 4, "boot").ruleset if rules is not None else None
    answer = accepted(evidence.space, ruleset, evidence.question) if ruleset else None
    sources = ("netfilter-persistent.service: /etc/iptables/rules.v4",)
    return replace(evidence, next_boot=NextBoot(Boot(None, sources=sources, **boot), answer))


def test_rules_that_were_not_saved_are_a_fault(path):
    (fault,) = judged(at_boot(look(path, MAIL), POP3), "firewall.next-boot")
    assert fault.outcome == FAIL
    assert fault.observed == "opens tcp 110 from any (IPv4); closes tcp 25 from any (IPv4)"
    assert "/etc/iptables/rules.v4" in fault.cause
    assert "netfilter-persistent save" in fault.fix


def test_rules_that_were_saved_pass(path):
    (passed,) = judged(at_boot(look(path, MAIL), MAIL), "firewall.next-boot")
    assert passed.outcome == PASS


def test_what_firewalld_says_itself_is_a_fault(path):
    (fault,) = judged(
        at_boot(look(path, MAIL), differs=("zone public: port 110/tcp is not permanent",)), "firewall.next-boot"
    )
    assert (fault.outcome, fault.observed) == (FAIL, "zone public: port 110/tcp is not permanent")


def test_what_others_add_once_they_run_is_unknown_and_never_pass(path):
    found = judged(
        at_boot(look(path, MAIL), MAIL, unknown=("docker adds rules of its own once it runs",)), "firewall.next-boot"
    )
    assert [(item.outcome, item.cause) for item in found] == [(UNKNOWN, "docker adds rules of its own once it runs")]


STRANGE = "-A INPUT -p tcp -m tcp --dport 25 -m string --string x --algo bm -j ACCEPT\n"


def test_rules_of_the_next_start_that_are_not_understood_are_unknown_and_never_pass(path):
    found = judged(at_boot(look(path, MAIL), STRANGE), "firewall.next-boot")
    assert [item.outcome for item in found] == [UNKNOWN]
    assert found[0].cause == "certain in one of the two alone: tcp 25 from any (IPv4)"


def test_without_any_rules_of_the_next_start_nothing_is_established(path):
    assert [item.outcome for item in judged(at_boot(look(path, MAIL)), "firewall.next-boot")] == [UNKNOWN]
    assert [item.outcome for item in judged(at_boot(look(path, MAIL), as_now=True), "firewall.next-boot")] == [PASS]


def test_nobody_asks_for_the_next_start_by_default(path):
    assert judged(look(path, MAIL), "firewall.next-boot") == []
    with pytest.raises(IntentError, match="next_boot"):
        look(path, MAIL, next_boot=True)


HOST = Host(
    own=(Own(4, 0xC0000201, "eth0", prefix=24), Own(4, 0xAC110001, "docker0", prefix=16)),
    interfaces=("lo", "eth0", "docker0"),
    forwarding=frozenset((4,)),
    routes=(Route(4, 0, (1 << 32) - 1, "eth0"), Route(4, 0xAC110000, 0xAC11FFFF, "docker0")),
)


def test_nobody_is_behind_a_host_with_one_interface():
    space = Space()
    alone = replace(HOST, interfaces=("lo", "docker0"))
    assert routed(space, HOST, {4}) != space.empty
    assert routed(space, alone, {4}) == space.empty


REDIRECT = (
    "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 2525 -j REDIRECT --to-ports 25\nCOMMIT\n"
)


@pytest.mark.parametrize(
    ("policy", "nat", "outcome"),
    [("ACCEPT", "", WARN), ("DROP", "", PASS), ("DROP", REDIRECT, PASS)],  # the last is for this host itself
)
def test_containers_that_are_reached_directly_are_a_warning(path, policy, nat, outcome):
    evidence = look(path, MAIL)
    space = evidence.space
    beyond = routed(space, HOST, {4})
    ruleset = iptables_save.read(save(MAIL, policy) + nat, 4, "rules").ruleset
    asked = question(space, {4}, None, ["192.0.2.1"])
    both = accepted(space, ruleset, space.union(asked, beyond), HOST)
    look_then = replace(evidence, ruleset=ruleset, host=HOST, acceptance=both.about(asked), routed=both.about(beyond))
    (found,) = judged(look_then, "firewall.routed")
    assert found.outcome == outcome
    if outcome == WARN:
        assert found.observed.startswith("tcp any port; ")
        assert found.observed.endswith(" of 172.17.0.0/16")
        assert "policy" in found.cause


# -- NAT -----------------------------------------------------------------------------------------------------------------

PUBLISHED = """*nat
:PREROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 3306 -j DNAT --to-destination 172.17.0.2:3306
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 25 -j DNAT --to-destination 172.17.0.3:2525
-A PREROUTING -p tcp -m tcp --dport 2587 -j REDIRECT --to-ports 22
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD {0} [0:0]
-A INPUT -p tcp --dport 22 -j ACCEPT
COMMIT
"""


def published(path, forward="ACCEPT", **host):
    evidence = look(path, MAIL)
    ruleset = iptables_save.read(PUBLISHED.format(forward), 4, "rules").ruleset
    asked = question(evidence.space, {4}, ["eth0"], ["192.0.2.1"])
    known = replace(HOST, **host)
    answer = accepted(evidence.space, ruleset, asked, known)
    look_then = replace(evidence, ruleset=ruleset, host=known, acceptance=answer, question=asked, promised=asked)
    services = parse_services(["smtp", "ssh"], Defaults(parse_policy("rfc8314")))
    return {item.port: item for item in judge_firewall("mx", services, look_then) if item.outcome != PASS}


def test_a_published_port_is_an_opening_and_satisfies_what_is_required(path):
    found = published(path)
    assert set(found) == {2587, 3306}
    assert "iptables nat DOCKER line 5" in found[3306].cause
    assert found[3306].cause.endswith(
        "; goes to 172.17.0.2 on docker0, past the rules for the host itself (ufw, INPUT)"
    )
    assert found[3306].fix.startswith("publish tcp 3306 on 127.0.0.1 only")
    assert found[2587].cause.endswith("; goes to port 22")
    assert found[2587].fix.startswith(
        "iptables -t nat -D PREROUTING -p tcp -m tcp --dport 2587 -j REDIRECT --to-ports 22"
    )


ON_LOOPBACK = """*nat
:PREROUTING ACCEPT [0:0]
-A PREROUTING -d {0} -p tcp -m tcp --dport 3306 -j DNAT --to-destination 172.17.0.2:3306
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
-A FORWARD -s {1} -j ACCEPT
COMMIT
"""


@pytest.mark.parametrize(
    "destination, sources, interface, observed",
    [
        # As netavark has it: 127.0.0.0/8 is routed on the bridge, and other containers there may forward.
        ("127.0.0.1/32", "172.17.0.0/16", "docker0", None),
        ("172.17.0.1/32", "172.17.0.0/16", "docker0", None),
        ("127.0.0.1/32", "172.16.0.0/15", "docker0", "tcp 3306 from 172.16.0.0/16 (IPv4)"),
        ("192.0.2.1/32", "192.0.2.0/24", "eth0", "tcp 3306 from 192.0.2.0/24 (IPv4)"),
    ],
)
def test_who_is_beside_a_container_needs_no_published_port(path, destination, sources, interface, observed):
    evidence = look(path, MAIL)
    ruleset = iptables_save.read(ON_LOOPBACK.format(destination, sources), 4, "rules").ruleset
    known = replace(HOST, route_localnet=frozenset({"docker0"}))
    asked = question(evidence.space, {4}, [interface], [destination.partition("/")[0]])
    answer = accepted(evidence.space, ruleset, asked, known)
    look_then = replace(evidence, ruleset=ruleset, host=known, acceptance=answer, question=asked, promised=asked)
    found = [item for item in judged(look_then, "firewall.surplus-opening") if item.outcome != PASS]
    assert [item.observed for item in found] == ([] if observed is None else [observed])


def test_a_required_port_that_is_not_forwarded_says_so(path):
    found = published(path, forwarding=frozenset())
    assert set(found) == {2587, 25}
    assert "this one does not forward IPv4" in found[25].cause
    assert found[25].fix.startswith("sysctl -w net.ipv4.ip_forward=1")


def test_a_required_port_that_the_forward_chain_drops_is_opened_by_the_port_that_clients_name(path):
    found = published(path, forward="DROP")
    assert set(found) == {25, 2587}
    assert found[25].fix == "iptables -I FORWARD -p tcp -m conntrack --ctorigdstport 25 --ctdir ORIGINAL -j ACCEPT"
