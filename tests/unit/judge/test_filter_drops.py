# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Remedies for rules that drop by source or interface, for ufw's rules, and for what sees packets before all rules."""

from __future__ import annotations

import json

import pytest

from _gate.intent.policy import parse_policy
from _gate.intent.services import Defaults, parse_services
from _gate.judge.filter_drops import drop_remedy
from _gate.judge.filter_remedies import open_command
from _gate.judge.filter_ufw import delete_command, unlimited
from _gate.judge.finding import UNKNOWN, WARN
from _gate.judge.firewall import judge_firewall
from _gate.packetfilter import live
from _gate.packetfilter.live import Address, HostFacts
from _gate.packetfilter.model import Where
from _gate.packetfilter.readers import iptables_save, nft_json
from _gate.packetfilter.readers.combine import combine
from _gate.packetfilter.sensor import look_at_filter


def nft(text, table="t", chain="c", position="handle 7"):
    return Where("nft", "inet", table, chain, position, text)


def iptables(text, table="filter", source="iptables"):
    return Where(source, "ip", table, text.split()[1], "line 4", text)


ROUTES = "answers to those clients leave by another interface (ip route get ADDRESS): mend the routes, or "
BANNED = "-A INPUT -m set --match-set banned src -j DROP"


@pytest.mark.parametrize(
    ("where", "fix"),
    [
        (iptables(BANNED), "ipset test banned ADDRESS tells whether it keeps a client out; ipset del banned ADDRESS"),
        (
            nft("ip saddr @banned drop"),
            "nft list set inet t banned shows whom it keeps out; nft delete element inet t banned '{ ADDRESS }'",
        ),
        (
            iptables(BANNED.replace("banned", "crowdsec-blacklists")),
            "ipset list crowdsec-blacklists shows whom it keeps out; cscli decisions list",
        ),
        (iptables("-A ufw-before-input -m set --match-set b src -j DROP"), "ipset test b ADDRESS"),
        (
            nft("meta nfproto ipv6 fib saddr . mark . iif oif missing drop", "firewalld", "filter_PREROUTING"),
            ROUTES + "set IPv6_rpfilter=no in /etc/firewalld/firewalld.conf",
        ),
        (
            iptables("-A PREROUTING -m rpfilter --validmark --invert -j DROP", "mangle", "ip6tables"),
            ROUTES + "set IPv6_rpfilter=no in /etc/firewalld/firewalld.conf",
        ),
        (
            nft("fib saddr . iif oif 0 drop"),
            ROUTES + "nft delete rule inet t c handle 7",
        ),
        (
            iptables("-A PREROUTING -m rpfilter --invert -j DROP", "raw"),
            ROUTES + "iptables -t raw -D PREROUTING -m rpfilter --invert -j DROP",
        ),
        (
            nft("fib daddr . iif type != { local, broadcast, multicast } drop", position="rule 2"),
            "the rule drops what arrives on another interface than that of its destination: give those interfaces and addresses "
            "that clients use (interfaces, addresses), or take the rule out: fib daddr",
        ),
    ],
)
def test_nobody_is_let_in_in_front_of_a_rule_that_keeps_some_out(where, fix):
    assert open_command(where, "tcp", 25, "", 4).startswith(fix)


@pytest.mark.parametrize(
    "where",
    [
        iptables("-A INPUT -m set ! --match-set trusted src -j DROP"),
        iptables("-A INPUT -m set --match-set mine dst -j DROP"),
        nft("ip saddr != @trusted drop"),
        nft("tcp dport @closed drop"),
        nft("fib daddr type != local drop"),
        nft("policy drop", position="policy"),
    ],
)
def test_other_rules_are_mended_by_an_opening(where):
    assert drop_remedy(where, where.source) == ""
    assert "accept" in open_command(where, "tcp", 25, "", 4).lower()


def test_a_set_of_firewalld_is_changed_by_firewalld():
    where = iptables("-A IN_drop_deny -m set --match-set crooks src -j DROP")
    assert drop_remedy(where, "firewalld").startswith("firewall-cmd --ipset=crooks --get-entries")


# -- ufw: the commands below were given to the parser of ufw 0.36.2 ------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "command"),
    [
        ("-p tcp -m tcp --dport 3306 -j ACCEPT", "ufw delete allow 3306/tcp"),
        ("-p tcp -m multiport --dports 80,443 -j ACCEPT", "ufw delete allow 80,443/tcp"),
        ("-p tcp -m multiport --dports 6000:6007 -j ACCEPT", "ufw delete allow 6000:6007/tcp"),
        ("-p tcp -m tcp --dport 110 -j REJECT --reject-with tcp-reset", "ufw delete reject 110/tcp"),
        ("-p tcp -m tcp --dport 22 -j ufw-user-limit-accept", "ufw delete limit 22/tcp"),
        ("-s 203.0.113.66/32 -j DROP", "ufw delete deny from 203.0.113.66/32 to any"),
        (
            "-s 198.51.100.0/24 -p tcp -m tcp --dport 22 -j ACCEPT",
            "ufw delete allow from 198.51.100.0/24 to any port 22 proto tcp",
        ),
        (
            "-i eth1 -p tcp -m tcp --dport 143 -j ACCEPT",
            "ufw delete allow in on eth1 from any to any port 143 proto tcp",
        ),
    ],
)
def test_the_command_that_undoes_what_ufw_was_told(rule, command):
    where = iptables(f"-A ufw-user-input {rule}")
    assert delete_command(where, "opens", "x") == command


def test_a_rule_to_another_host_is_one_of_route():
    where = iptables("-A ufw-user-forward -d 172.17.0.2/32 -i eth0 -o docker0 -p tcp -m tcp --dport 25 -j ACCEPT")
    command = "ufw route delete allow in on eth0 out on docker0 from any to 172.17.0.2/32 port 25 proto tcp"
    assert delete_command(where, "opens", "x") == command


@pytest.mark.parametrize(
    "rule",
    [
        "-p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -m recent --set --name DEFAULT --rsource",
        "! -s 192.0.2.0/24 -p tcp -j ACCEPT",
        "-p tcp -m tcp --dport 22 -m comment --comment dapp_OpenSSH -j ACCEPT",
        "-p tcp -m tcp --dport 22 -j ufw-user-limit",
        "-p tcp -m tcp --dport 22 -j RETURN",
    ],
)
def test_a_rule_without_words_of_ufws_goes_by_its_number(rule):
    where = iptables(f"-A ufw-user-input {rule}")
    assert (
        delete_command(where, "opens", "tcp 22")
        == "ufw status numbered shows the rule that opens tcp 22; ufw delete NUMBER"
    )


def test_a_rule_for_both_protocols_goes_by_its_number():
    """``ufw delete allow 53/tcp`` is refused where it was ``ufw allow 53``."""
    tcp, udp = (f"-A ufw-user-input -p {name} -m {name} --dport 53 -j ACCEPT" for name in ("tcp", "udp"))
    assert delete_command(iptables(tcp), "opens", "x", {tcp, udp}).endswith("ufw delete NUMBER")
    assert delete_command(iptables(tcp), "opens", "x", {tcp}) == "ufw delete allow 53/tcp"


def test_what_ufw_limits_may_be_allowed():
    limit = iptables("-A ufw-user-input -p tcp -m tcp --dport 587 -j ufw-user-limit-accept")
    assert unlimited(limit) == "ufw delete limit 587/tcp, then ufw allow 587/tcp"
    assert unlimited(iptables("-A ufw-user-input -p tcp -m tcp --dport 587 -j ACCEPT")) == ""


# -- on a live host ------------------------------------------------------------------------------------------------------


@pytest.fixture
def doubts(monkeypatch):
    """What is not certain on a live host that has eth0."""

    def judge(evidence, **facts):
        given = HostFacts((Address(4, "192.0.2.1", "eth0", "global"),), ("eth0", "lo"), **facts)
        ruleset = live.on_host(evidence.ruleset, given)
        found = (type(evidence)(ruleset, evidence.families, evidence.sources), given)
        monkeypatch.setattr(live, "from_host", lambda run: found)
        services = parse_services(["submission"], Defaults(parse_policy("rfc8314")))
        findings = judge_firewall("mx", services, look_at_filter({}))
        return [item for item in findings if item.outcome in (UNKNOWN, WARN) and item.port == 587]

    return judge


def test_a_door_behind_an_xdp_program_is_not_certain(doubts):
    rule = {"match": {"left": {"payload": {"protocol": "tcp", "field": "dport"}}, "op": "==", "right": 587}}
    place = {"family": "inet", "table": "t"}
    base = {**place, "name": "c", "type": "filter", "hook": "input", "prio": 0, "policy": "drop"}
    objects = [
        {"metainfo": {}},
        {"table": {"family": "inet", "name": "t"}},
        {"chain": base},
        {"rule": {**place, "chain": "c", "handle": 2, "expr": [rule, {"accept": None}]}},
    ]
    evidence = combine(nft_json.read(json.dumps({"nftables": objects}), "x"), [], [])
    assert doubts(evidence) == []
    (unknown, *_more) = doubts(evidence, programs=(("eth0", "eth0"),))
    assert (unknown.check, unknown.outcome) == ("firewall.undecided", UNKNOWN)
    assert "XDP program on eth0" in unknown.cause
    assert unknown.fix.startswith("look at what the program does (bpftool net show; ip link show eth0)")


def test_a_limit_of_ufw_is_lifted_by_ufw(doubts):
    door = "-A ufw-user-input -p tcp -m tcp --dport 587"
    recent = "-m conntrack --ctstate NEW -m recent"
    lines = [
        f"{door} {recent} --set --name DEFAULT --mask 255.255.255.255 --rsource",
        f"{door} {recent} --update --seconds 30 --hitcount 6 --name DEFAULT --mask 255.255.255.255 --rsource -j ufw-user-limit",
        f"{door} -j ufw-user-limit-accept",
        "-A ufw-user-limit -j REJECT",
        "-A ufw-user-limit-accept -j ACCEPT",
        "-A INPUT -j ufw-user-input",
    ]
    chains = "".join(f":{name} - [0:0]\n" for name in ("ufw-user-input", "ufw-user-limit", "ufw-user-limit-accept"))
    text = "*filter\n:INPUT DROP [0:0]\n" + chains + "\n".join(lines) + "\nCOMMIT\n"
    read = [(family, iptables_save.read(text, family, "x")) for family in (4, 6)]
    (warning, *_more) = doubts(combine(None, read, []))
    assert (warning.check, warning.outcome) == ("firewall.sometimes-open", WARN)
    assert warning.fix.startswith("ufw delete limit 587/tcp, then ufw allow 587/tcp")
