# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Remedies fit the manager of the rules. The rulesets are cut from what ufw, firewalld and fail2ban of Debian 12 and 13 wrote;
the commands were run there and mended what they should."""

from __future__ import annotations

import json

import pytest

from _gate.intent.policy import parse_policy
from _gate.intent.services import Defaults, parse_services
from _gate.judge.filter_remedies import close_command, manager, open_command
from _gate.judge.finding import FAIL, PASS, WARN
from _gate.judge.firewall import judge_firewall
from _gate.packetfilter import live
from _gate.packetfilter.live import Address, HostFacts
from _gate.packetfilter.model import Where
from _gate.packetfilter.readers import iptables_save
from _gate.packetfilter.readers.combine import combine
from _gate.packetfilter.sensor import look_at_filter

#: What these rulesets lack; it is test_firewall.py's matter.
ICMPV6 = "firewall.icmpv6"


@pytest.fixture
def faults(tmp_path):
    """What is wrong with iptables-save texts, the same for both families unless two are given."""

    def judge(services, ipv4, ipv6=None):
        rules = {}
        for kind, text in (("iptables", ipv4), ("ip6tables", ipv4 if ipv6 is None else ipv6)):
            (tmp_path / kind).write_text(text, encoding="utf-8")
            rules[kind] = str(tmp_path / kind)
        parsed = parse_services(services, Defaults(parse_policy("rfc8314")))
        return [
            item
            for item in judge_firewall("mx", parsed, look_at_filter(rules))
            if item.outcome != PASS and item.check != ICMPV6
        ]

    return judge


def save(*lines, policy="DROP", chains=(), before=""):
    declared = "".join(f":{name} - [0:0]\n" for name in chains)
    rules = "".join(f"-A {line}\n" for line in lines)
    return f"{before}*filter\n:INPUT {policy} [0:0]\n{declared}{rules}COMMIT\n"


ACCEPTING_MANGLE = "*mangle\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\nCOMMIT\n"
DROPS_SOME = "INPUT -p tcp --dport 1:1023 ! -s 192.0.2.0/24 -j DROP"
DROPS_SOME_6 = "INPUT -p tcp --dport 1:1023 ! -s 2001:db8::/32 -j DROP"


def test_the_policy_to_change_is_that_of_the_filter_and_not_one_of_prerouting(faults):
    opened = [{"name": "ssh", "from": ["192.0.2.0/24", "2001:db8::/32"]}]
    ipv4, ipv6 = (save(rule, policy="ACCEPT", before=ACCEPTING_MANGLE) for rule in (DROPS_SOME, DROPS_SOME_6))
    found = faults(opened, ipv4, ipv6)
    assert [item.fix for item in found] == [
        "accept what is required, then: iptables -P INPUT DROP",
        "accept what is required, then: ip6tables -P INPUT DROP",
    ]


def accepts(table, hook, policy):
    """An nft table with a base chain that accepts TCP 3306."""
    place = {"family": "inet", "table": table}
    match = {"left": {"payload": {"protocol": "tcp", "field": "dport"}}, "op": "==", "right": 3306}
    base = {"name": "base", "handle": 1, "type": "filter", "hook": hook, "prio": 0, "policy": policy}
    return [
        {"table": {"family": "inet", "name": table, "handle": 1}},
        {"chain": {**place, **base}},
        {"rule": {**place, "chain": "base", "handle": 2, "expr": [{"match": match}, {"accept": None}]}},
    ]


def test_the_rule_to_delete_is_that_of_the_filter_and_not_one_that_lets_pass_before(tmp_path):
    objects = [{"metainfo": {"version": "1.0.6"}}]
    objects += accepts("early", "prerouting", "accept") + accepts("filter", "input", "drop")
    path = tmp_path / "nft.json"
    path.write_text(json.dumps({"nftables": objects}), encoding="utf-8")
    found = judge_firewall("mx", (), look_at_filter({"nft_json": str(path)}))
    (fault,) = [item for item in found if item.outcome == FAIL]
    assert fault.fix.startswith("nft delete rule inet filter base handle 2;")


def test_without_a_chain_of_the_input_hook_no_policy_is_to_be_changed(faults):
    text = "*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp --dport 22 -j DROP\nCOMMIT\n"
    (fault, _other) = faults(["smtp"], text)
    assert fault.check == "firewall.surplus-opening"
    assert fault.fix == "drop what is not required in a filter chain of the input hook: no chain there does"


def test_each_family_and_network_that_lacks_the_opening_gets_its_command(faults):
    services = [{"name": "ssh", "from": ["192.0.2.0/24", "2001:db8::/32"]}]
    (fault,) = faults(services, save())
    assert fault.fix == (
        "iptables -I INPUT -s 192.0.2.0/24 -p tcp --dport 22 -j ACCEPT; "
        "ip6tables -I INPUT -s 2001:db8::/32 -p tcp --dport 22 -j ACCEPT"
    )


def test_two_unfiltered_families_are_not_told_to_follow_each_other(faults):
    both = faults(["smtp"], save(policy="ACCEPT"))
    assert [item.check for item in both] == ["firewall.unfiltered"] * 2
    assert all(item.fix.startswith("filter what comes in") for item in both)
    (one,) = faults(["smtp"], save("INPUT -p tcp --dport 25 -j ACCEPT"), save(policy="ACCEPT"))
    assert one.fix.startswith("filter IPv6 as the other family")


# -- what to write into the service list ---------------------------------------------------------------------------------


def meant(fault):
    return fault.fix.partition("; or ")[2]


def test_a_surplus_from_some_networks_is_meant_with_them(faults):
    mail, database = "INPUT -p tcp --dport 25 -j ACCEPT", "INPUT -s 192.0.2.0/24 -p tcp --dport 3306 -j ACCEPT"
    (fault,) = faults(["smtp"], save(mail, database), save(mail))
    assert meant(fault) == "add {port: 3306, protocol: tcp, from: [192.0.2.0/24]} to services if it is meant"
    written = ["smtp", {"port": 3306, "protocol": "tcp", "from": ["192.0.2.0/24"]}]
    assert faults(written, save(mail, database), save(mail)) == []


def test_a_surplus_that_is_open_to_nobody_as_a_whole_is_meant_as_optional(faults):
    rule = "INPUT -p tcp --sport 1024 --dport 3306 -j ACCEPT"
    mail = "INPUT -p tcp --dport 25 -j ACCEPT"
    found = faults(["smtp"], save(mail, rule))
    assert {meant(fault) for fault in found} == {
        "add {port: 3306, protocol: tcp, optional: true} to services if it is meant"
    }
    assert faults(["smtp", {"port": 3306, "protocol": "tcp", "optional": True}], save(mail, rule)) == []


def test_the_door_of_a_dhcp_client_has_a_name(faults):
    rule = "INPUT -p udp -m udp --sport 67 --dport 68 -j ACCEPT"
    (fault, _other) = faults(["smtp"], save("INPUT -p tcp --dport 25 -j ACCEPT", rule))
    assert meant(fault) == "add dhcp-client to services if it is meant"


def test_a_listed_port_that_is_open_to_more_is_not_to_be_listed_twice(faults):
    services = [{"name": "ssh", "from": ["192.0.2.0/24"]}]
    rule = "INPUT -s 192.0.2.0/24,198.51.100.0/24 -p tcp --dport 22 -j ACCEPT"
    (fault,) = faults(services, save(rule), save())
    assert fault.fix == (
        "take tcp 22 from 198.51.100.0/24 (IPv4) out of the rule: "
        f"-A {rule}; or add 198.51.100.0/24 to from of ssh if it is meant"
    )


# -- fail2ban ------------------------------------------------------------------------------------------------------------

BANS = ("f2b-dovecot -s {} -j REJECT --reject-with icmp-port-unreachable", "f2b-dovecot -j RETURN")


def banned(*addresses, opened="INPUT -p tcp -m multiport --dports 465,993 -j ACCEPT"):
    bans = [BANS[0].format(address) for address in addresses] + [BANS[1]]
    return save(
        "INPUT -p tcp -m multiport --dports 110,143,465,993 -j f2b-dovecot", opened, *bans, chains=["f2b-dovecot"]
    )


def test_bans_of_some_clients_are_one_warning(faults):
    (warning,) = faults(["submissions", "imaps"], banned("192.0.2.7/32", "192.0.2.99/32"), banned())
    assert (warning.check, warning.outcome, warning.port) == ("firewall.missing-opening", WARN, 0)
    assert warning.observed == "fail2ban bans tcp 465,993 from 192.0.2.7/32,192.0.2.99/32 (IPv4)"
    assert "iptables filter f2b-dovecot line" in warning.cause
    assert warning.fix.startswith("fail2ban-client unban")


@pytest.mark.parametrize(
    ("name", "who"), [("f2b-sshd", "fail2ban"), ("f2b-sshd6", "fail2ban"), ("my-f2b-x", "iptables")]
)
def test_a_set_of_fail2bans_is_told_by_its_name(name, who):
    """With its action iptables-ipset the rule stands in INPUT itself."""
    text = f"-A INPUT -p tcp -m multiport --dports 25,993 -m set --match-set {name} src -j REJECT"
    assert manager(Where("iptables", "ip", "filter", "INPUT", "line 5", text)) == who
    assert (
        manager(Where("iptables", "ip", "filter", "INPUT", "line 5", text.replace(" src ", " src,dst "))) == "iptables"
    )


def test_a_port_that_is_closed_anyway_is_missing_whoever_is_banned(faults):
    found = faults(["imaps"], banned("192.0.2.7/32", opened="INPUT -p tcp --dport 465 -j DROP"), banned())
    assert ("firewall.missing-opening", FAIL, 993) in [(item.check, item.outcome, item.port) for item in found]


def test_a_required_network_that_is_banned_as_a_whole_is_a_fault(faults):
    services = [{"name": "imaps", "from": ["192.0.2.7/32"]}]
    rule = "INPUT -s 192.0.2.7/32 -p tcp --dport 993 -j ACCEPT"
    (fault,) = faults(services, banned("192.0.2.7/32", opened=rule), save())
    assert (fault.outcome, fault.port) == (FAIL, 993)
    assert fault.fix.endswith("fail2ban-client unban ADDRESS")


@pytest.fixture
def live_findings(monkeypatch):
    """What is wrong on a live host that has eth0 with a global and a link-local address."""

    def judge(services, ipv4, ipv6):
        saves = [(family, iptables_save.read(text, family, "save")) for family, text in ((4, ipv4), (6, ipv6))]
        addresses = (Address(4, "192.0.2.1", "eth0", "global"), Address(6, "fe80::1", "eth0", "link"))
        both = (*addresses, Address(6, "2001:db8::1", "eth0", "global"))
        host = (combine(None, saves, ()), HostFacts(both, ("eth0", "lo")))
        monkeypatch.setattr(live, "from_host", lambda run: host)
        parsed = parse_services(services, Defaults(parse_policy("rfc8314")))
        return [
            item
            for item in judge_firewall("mx", parsed, look_at_filter({}))
            if item.outcome != PASS and item.check != ICMPV6
        ]

    return judge


def test_a_live_host_is_spoken_of_without_its_interfaces_and_addresses(live_findings):
    """What is promised at its global addresses on its interfaces is shown as the rules have it."""
    (warning,) = live_findings(["imaps", "submissions"], banned("192.0.2.7/32"), banned("2001:db8::7/128"))
    assert warning.observed == (
        "fail2ban bans tcp 465,993 from 192.0.2.7/32 (IPv4); tcp 465,993 from 2001:db8::7/128 (IPv6)"
    )
    limited = save("INPUT -p tcp --dport 993 -m limit --limit 5/min -j ACCEPT")
    (doubt,) = live_findings(["imaps"], limited, limited)
    everyone = "tcp 993 from any (IPv4, IPv6)"
    assert (doubt.outcome, doubt.expected, doubt.observed) == (WARN, everyone, "open now and then: " + everyone)
    (missing,) = live_findings(["imaps"], save(), save())
    assert (missing.expected, missing.observed) == ("tcp 993 from any (IPv4, IPv6)", "closed")


def test_a_port_that_is_open_on_the_only_interface_is_open(live_findings):
    rule = save("INPUT -i eth0 -p tcp --dport 993 -j ACCEPT")
    assert live_findings(["imaps"], rule, rule) == []
    (fault,) = live_findings(["imaps"], save("INPUT -i eth1 -p tcp --dport 993 -j ACCEPT"), rule)
    assert (fault.outcome, fault.families) == (FAIL, ("ipv4",))


# -- ufw -----------------------------------------------------------------------------------------------------------------

UFW = ["ufw-before-input", "ufw-user-input", "ufw-track-input"]
UFW_JUMPS = [f"INPUT -j {name}" for name in UFW]


def test_on_a_host_of_ufw_its_policy_closes_and_ufw_opens(faults):
    (fault,) = faults(["smtp"], save(*UFW_JUMPS, chains=UFW))
    assert fault.fix == "ufw allow 25/tcp"
    (fault,) = faults([{"name": "ssh", "from": ["192.0.2.0/24"]}], save(*UFW_JUMPS, chains=UFW))
    assert fault.fix == "ufw allow from 192.0.2.0/24 to any port 22 proto tcp"


def test_where_ufw_leaves_ipv6_out_it_has_to_take_it_in_first(faults):
    """With IPV6=no nothing in the rules for IPv6 is named after ufw."""
    ipv4 = save("ufw-user-input -p tcp --dport 25 -j ACCEPT", "INPUT -j ufw-user-input", chains=UFW)
    (fault,) = faults(["smtp"], ipv4, save("INPUT -i lo -j ACCEPT"))
    assert fault.families == ("ipv6",)
    assert fault.fix == "set IPV6=yes in /etc/default/ufw, ufw reload, then ufw allow 25/tcp"


def test_a_rule_of_ufw_that_denies_has_to_go(faults):
    deny = "ufw-user-input -p tcp -m tcp --dport 25 -j DROP"
    (fault,) = faults(["smtp"], save(*UFW_JUMPS, deny, chains=UFW))
    assert fault.fix == "ufw status numbered, then ufw delete the rule that closes tcp 25"


@pytest.mark.parametrize(
    ("rule", "fix"),
    [
        ("ufw-user-input", "ufw status numbered, then ufw delete the rule that opens tcp 99"),
        ("ufw-before-input", "take the rule out of /etc/ufw/before.rules, then ufw reload"),
        ("ufw-track-input", "allow what is required, then: ufw default deny incoming"),
    ],
)
def test_what_ufw_opens_is_closed_where_it_was_written(faults, rule, fix):
    mail = "ufw-user-input -p tcp --dport 25 -j ACCEPT"
    opens = f"{rule} -p tcp --dport 99 -j ACCEPT"
    (fault,) = faults(["smtp"], save(*UFW_JUMPS, mail, opens, chains=UFW), save(*UFW_JUMPS, mail, chains=UFW))
    assert fault.fix.partition("; or ")[0] == fix


def test_a_rule_beside_those_of_ufw_is_not_its_rule(faults):
    mail, opens = "ufw-user-input -p tcp --dport 25 -j ACCEPT", "INPUT -p tcp --dport 99 -j ACCEPT"
    (fault,) = faults(["smtp"], save(*UFW_JUMPS, mail, opens, chains=UFW), save(*UFW_JUMPS, mail, chains=UFW))
    assert fault.fix.startswith("iptables -D INPUT -p tcp --dport 99 -j ACCEPT")


# -- firewalld -----------------------------------------------------------------------------------------------------------


def firewalld(chain, position="handle 7"):
    return Where("nft", "inet", "firewalld", chain, position, "reject with icmpx admin-prohibited")


def test_firewalld_opens_in_the_zone_that_closes():
    assert open_command(firewalld("filter_IN_public"), "tcp", 993, "", 4) == (
        "firewall-cmd --permanent --zone=public --add-port=993/tcp && firewall-cmd --reload"
    )
    assert open_command(firewalld("filter_IN_my_zone"), "tcp", 22, "192.0.2.0/24", 4) == (
        "firewall-cmd --permanent --zone=my_zone --add-rich-rule='rule family=ipv4 source address=192.0.2.0/24 "
        "port port=22 protocol=tcp accept' && firewall-cmd --reload"
    )


def test_a_rich_rule_that_denies_is_not_outdone_by_a_port():
    fix = open_command(firewalld("filter_IN_public_deny"), "tcp", 25, "", 4)
    assert fix.startswith("firewall-cmd --zone=public --list-rich-rules shows")
    assert "--add-port" not in fix


def test_where_the_zone_is_not_told_by_the_chain_firewalld_is_asked():
    fix = open_command(firewalld("filter_INPUT_POLICIES"), "tcp", 25, "", 4)
    assert fix.startswith("firewall-cmd --get-active-zones shows")
    several = open_command(
        firewalld("filter_INPUT_POLICIES"), "tcp", 25, "", 4, ["filter_IN_public", "filter_IN_internal"]
    )
    assert several == fix
    trusted = Where("nft", "inet", "firewalld", "filter_INPUT_POLICIES", "handle 7", "ip saddr 192.0.2.0/24 accept")
    assert close_command(trusted, True, "tcp 25").startswith(
        "firewall-cmd --get-active-zones shows whose sources open tcp 25; firewall-cmd --permanent --zone=ZONE"
    )


def test_what_the_only_zone_of_firewalld_does_not_accept_is_opened_in_it():
    """firewalld 2 rejects it in a chain of all zones."""
    chains = [
        "filter_INPUT",
        "filter_INPUT_POLICIES",
        "filter_IN_public",
        "filter_IN_public_allow",
        "filter_IN_public_deny",
    ]
    fix = "firewall-cmd --permanent --zone=public --add-port=25/tcp && firewall-cmd --reload"
    assert open_command(firewalld("filter_INPUT_POLICIES"), "tcp", 25, "", 4, chains) == fix
    dropped = Where("nft", "inet", "firewalld", "filter_INPUT_POLICIES", "handle 7", "ip saddr 192.0.2.0/24 drop")
    assert "--zone=ZONE" in open_command(dropped, "tcp", 25, "", 4, chains)


def test_firewalld_closes_in_the_zone_that_opens():
    fix = close_command(firewalld("filter_IN_public_allow"), True, "tcp 3306")
    assert fix.startswith("firewall-cmd --zone=public --list-all shows what opens tcp 3306")
    policy = close_command(firewalld("filter_IN_policy_allow-host-ipv6_allow"), True, "tcp 3306")
    assert "--zone" not in policy


def test_a_rule_of_a_file_is_no_rule_to_delete_by_command():
    where = Where("nft", "inet", "x", "input", "rule 5", "tcp dport 3306 accept")
    assert close_command(where, True, "tcp 3306") == "take the rule out of the file: tcp dport 3306 accept"


def test_the_iptables_backend_of_firewalld_is_told_by_its_chains():
    where = Where("iptables", "ip", "filter", "IN_public_allow", "line 3", "")
    assert manager(where, ["INPUT", "INPUT_ZONES", "IN_public_allow"]) == "firewalld"
    assert manager(where, ["INPUT", "INPUT_POLICIES", "IN_public_allow"]) == "firewalld"
    assert manager(where, ["INPUT", "IN_public_allow"]) == "iptables"


# -- published ports of containers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "chain", "who"),
    [
        ("nat", "DOCKER", "docker"),
        ("filter", "DOCKER-USER", "docker"),
        ("docker-bridges", "filter-forward-in__br-dummy", "docker"),
        ("nat", "NETAVARK-DN-1D8721804F16F", "podman"),
        ("netavark", "INPUT", "podman"),
        ("nat", "CNI-HOSTPORT-DNAT", "podman"),
    ],
)
def test_a_published_port_is_to_be_published_otherwise(table, chain, who):
    where = Where("nft", "ip", table, chain, "handle 3")
    assert manager(where) == who
    fix = close_command(where, True, "tcp 3306")
    assert fix.startswith(f"publish tcp 3306 on 127.0.0.1 only ({who} run ")
    assert ("DOCKER-USER" in fix) == (who == "docker")
