# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules after the next start: what is switched on, which files it loads, and what is not known."""

from __future__ import annotations

import os
import shutil

import pytest

from _gate.errors import EvidenceError
from _gate.host.commands import Access, Commands, Output
from _gate.packetfilter.boot import rules_at_boot, ufw
from _gate.packetfilter.interpret import walk
from _gate.packetfilter.model import DPORT, FAMILY, IIF, PROTOCOL, SADDR, interface_value

SAVE = "*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp -m tcp --dport {0} -j ACCEPT\nCOMMIT\n"
WITH_SET = "*filter\n:INPUT DROP [0:0]\n-A INPUT -m set --match-set good src -j ACCEPT\nCOMMIT\n"
SETS = "create good hash:net family inet hashsize 1024 maxelem 65536\nadd good 198.51.100.0/24\n"
EXEC_START = "ExecStart={{ path=/usr/sbin/nft ; argv[]=/usr/sbin/nft -f {0} ; ignore_errors=no ; start_time=[n/a] }}\n"


class Host:
    def __init__(self, enabled=(), files=None, outputs=None, runs=()):
        self.enabled = enabled
        self.files = files or {}
        self.outputs = outputs or {}
        self.can_run = runs

    def run(self, command):
        words = [os.path.basename(command[0]), *command[1:]]
        if words[:2] == ["systemctl", "is-enabled"]:
            on = words[2][: -len(".service")] in self.enabled
            return Output(0, "enabled\n", "") if on else Output(1, "disabled\n", "")
        output = self.outputs[" ".join(words)]
        return output if isinstance(output, Output) else Output(0, output, "")

    def find(self, name):
        return "/usr/bin/" + name if name in ("systemctl", *[key.split()[0] for key in self.outputs]) else None

    def boot(self):
        commands = Commands(Access(self.run, self.find, lambda path: self.files.get(path, "")))
        return rules_at_boot(commands, runs=lambda path: path in self.can_run)


def opens(boot, port=25, family=4, source=0xC6336401):
    packet = {FAMILY: family, IIF: interface_value("eth0"), PROTOCOL: 6, DPORT: port, SADDR: source}
    return walk(boot.evidence.ruleset, packet).outcomes == {"accept"}


def test_a_host_without_systemctl():
    host = Host()
    host.find = lambda name: None
    with pytest.raises(EvidenceError, match="no systemctl"):
        host.boot()


def test_where_nothing_is_switched_on_everything_is_open():
    boot = Host(files={"/etc/iptables/rules.v4": SAVE.format(25)}).boot()
    assert boot.evidence.ruleset.tables == ()
    assert boot.evidence.families == {4, 6}
    assert boot.unknown == boot.sources == ()


def test_the_files_of_debian():
    files = {
        "/etc/iptables/rules.v4": SAVE.format(25) + WITH_SET.replace("*filter", "*mangle"),
        "/etc/iptables/rules.v6": SAVE.format(26),
        "/etc/iptables/ipsets": SETS,
    }
    boot = Host(["netfilter-persistent"], files).boot()
    assert opens(boot, 25)
    assert not opens(boot, 25, source=1)
    assert not opens(boot, 26)
    assert opens(boot, 26, 6)
    assert boot.sources == (
        "netfilter-persistent.service: /etc/iptables/rules.v4",
        "netfilter-persistent.service: /etc/iptables/rules.v6",
        "netfilter-persistent.service: /etc/iptables/ipsets",
    )


def test_the_files_of_red_hat():
    boot = Host(["iptables", "ip6tables"], {"/etc/sysconfig/iptables": SAVE.format(25)}).boot()
    assert opens(boot, 25)
    assert not opens(boot, 26)
    assert opens(boot, 26, 6)  # there is no file for IPv6


def test_two_that_replace_one_another():
    files = {"/etc/iptables/rules.v4": SAVE.format(25), "/etc/sysconfig/iptables": SAVE.format(26)}
    (why,) = Host(["netfilter-persistent", "iptables"], files).boot().unknown
    assert why == "/etc/iptables/rules.v4 and /etc/sysconfig/iptables are both loaded, and one replaces the other"


def test_programs_that_add_rules_of_their_own_are_named():
    boot = Host(["docker", "fail2ban"]).boot()
    assert boot.unknown == (
        "docker adds rules of its own once it runs",
        "fail2ban adds rules of its own once it runs",
    )


def test_a_file_that_is_cut_off():
    with pytest.raises(EvidenceError, match="/etc/iptables/rules.v4: .*cut off"):
        Host(["netfilter-persistent"], {"/etc/iptables/rules.v4": SAVE.format(25)[:-7]}).boot()


@pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, ("nft", "ip", "unshare"))), reason="needs root, nft, ip and unshare"
)
@pytest.mark.parametrize(
    ("version", "known"), [("iptables v1.8.9 (legacy)", True), ("iptables v1.8.9 (nf_tables)", False)]
)
def test_nftables_beside_iptables(tmp_path, version, known):
    path = tmp_path / "nftables.conf"
    chain = "chain i {\n type filter hook input priority 0; policy drop;\n tcp dport { 25, 26 } accept\n }"
    path.write_text("flush ruleset\ntable inet t {{\n {0}\n}}\n".format(chain), encoding="utf-8")
    outputs = {
        "systemctl show --property=ExecStart nftables.service": EXEC_START.format(path),
        "iptables -V": version,
    }
    boot = Host(["nftables", "netfilter-persistent"], {"/etc/iptables/rules.v4": SAVE.format(25)}, outputs).boot()
    assert opens(boot, 25)
    assert not opens(boot, 26)
    assert opens(boot, 26, 6)
    assert bool(boot.unknown) != known


def test_a_start_of_nftables_that_is_not_understood():
    outputs = {"systemctl show --property=ExecStart nftables.service": "ExecStart={ path=/root/rules.sh }"}
    boot = Host(["nftables"], outputs=outputs).boot()
    assert "which file nftables.service loads is not known" in boot.unknown[0]


# ufw. tests/unit cannot run ufw itself; its own start gave the same accepted set for all of these (ufw 0.36.2).


def ufw_files(kind, more="", **settings):
    ufw_kind = "ufw" + kind
    before = "*filter\n:{0}-before-input - [0:0]\n:{0}-before-output - [0:0]\n:{0}-before-forward - [0:0]\n"
    before += "-A {0}-before-input -i lo -j ACCEPT\n-A {0}-before-input -p tcp --dport 9 -j {0}-logging-deny\nCOMMIT\n"
    after = (
        "*filter\n:{0}-after-input - [0:0]\n-A {0}-after-input -p udp --dport 137 -j {0}-skip-to-policy-input\nCOMMIT\n"
    )
    user = "*filter\n:{0}-user-input - [0:0]\n:{0}-user-limit - [0:0]\n### RULES ###\n"
    user += "-A {0}-user-input -p tcp --dport 25 -j ACCEPT\n" + more
    user += (
        "### LOGGING ###\n-I {0}-logging-deny -m conntrack --ctstate INVALID -j RETURN -m limit --limit 3/min\nCOMMIT\n"
    )
    return {
        "/etc/ufw/before{0}.rules".format(kind): before.format(ufw_kind),
        "/etc/ufw/after{0}.rules".format(kind): after.format(ufw_kind),
        "/etc/ufw/user{0}.rules".format(kind): user.format(ufw_kind),
    }


def ufw_host(ipv6="yes", policy="DROP", enabled="yes", **more):
    files = {**ufw_files(""), **ufw_files("6", "-A {0}-user-input -p tcp --dport 26 -j ACCEPT\n")}
    files["/etc/default/ufw"] = 'IPV6={0}\nDEFAULT_INPUT_POLICY="{1}"\nDEFAULT_OUTPUT_POLICY="ACCEPT"\n'.format(
        ipv6, policy
    )
    files["/etc/ufw/ufw.conf"] = "# a comment\nENABLED={0}\nLOGLEVEL=low\n".format(enabled)
    files.update(more.pop("files", {}))
    return Host(["ufw"], files, **more)


@pytest.mark.parametrize("policy", ["DROP", "REJECT"])
def test_ufw(policy):
    boot = ufw_host(policy=policy).boot()
    assert [opens(boot, port) for port in (25, 26, 27)] == [True, False, False]
    assert [opens(boot, port, 6) for port in (25, 26, 27)] == [True, True, False]
    assert boot.sources == ("ufw.service: /etc/ufw",)


def test_ufw_that_lets_in_what_is_not_forbidden():
    boot = ufw_host(policy="ACCEPT").boot()
    assert opens(boot, 27)


def test_ufw_without_ipv6_closes_it():
    boot = ufw_host(ipv6="no").boot()
    assert opens(boot, 25)
    assert not opens(boot, 25, 6)


def test_ufw_that_is_switched_off():
    boot = ufw_host(enabled="no").boot()
    assert opens(boot, 27)
    assert boot.sources == ()


def test_what_else_ufw_runs_is_not_known():
    boot = ufw_host(runs=("/etc/ufw/after.init",)).boot()
    assert boot.unknown == ("ufw runs /etc/ufw/after.init, too",)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "missing or empty"),
        ("-A x -j y\n", "stands in no table"),
        ("*filter\n-D INPUT -j DROP\n", "not understood"),
        ("*filter\n-I INPUT 2 -j DROP\n", "not understood"),
        ("*filter\n-I INPUT\n", "not understood"),
    ],
)
def test_a_file_of_ufw_that_is_not_as_it_must_be(text, problem):
    with pytest.raises(EvidenceError, match="/etc/ufw/after.rules: .*" + problem):
        ufw_host(files={"/etc/ufw/after.rules": text}).boot()


def test_a_rule_that_is_inserted_stands_in_front_of_all_that_came_before():
    restored = ufw.Restored()
    restored.add(
        "a", "*filter\n:INPUT DROP [0:0]\n-A INPUT -j DROP\n-I INPUT -p 6 -j LOG\n--insert INPUT -j x\n-A INPUT -j y\n"
    )
    assert restored.text() == (
        "*filter\n:INPUT DROP [0:0]\n-A INPUT -j x\n-A INPUT -p 6 -j LOG\n-A INPUT -j DROP\n-A INPUT -j y\nCOMMIT\n"
    )


def test_a_chain_that_is_declared_anew_loses_its_rules():
    restored = ufw.Restored()
    restored.add("a", "*filter\n:x - [0:0]\n:INPUT ACCEPT [0:0]\n-A x -j DROP\n-A INPUT -j x\nCOMMIT\n")
    restored.add("b", "*filter\n:x - [0:0]\n:INPUT DROP [0:0]\n-A x -j RETURN\nCOMMIT\n")
    assert restored.text() == "*filter\n:x - [0:0]\n:INPUT DROP [0:0]\n-A x -j RETURN\n-A INPUT -j x\nCOMMIT\n"


# firewalld, as firewall-cmd 1.3 answers

ZONES = """block{0}
  target: %%REJECT%%
  interfaces:
  services:

public{0}
  target: default
  icmp-block-inversion: no
  interfaces: {1}
  sources:
  services: {2}
  ports:
  rich rules:
{3}
"""  # fmt: skip
RICH = '\trule family="ipv4" source address="192.0.2.0/24" accept'
EMPTY = {
    "firewall-cmd {0}{1}".format(permanent, question): ""
    for permanent in ("", "--permanent ")
    for question in ("--list-all-policies", "--direct --get-all-chains", "--direct --get-all-rules",
                     "--direct --get-all-passthroughs", "--get-ipsets")
}  # fmt: skip


def firewalld_host(services="smtp ssh", rich=RICH, **more):
    outputs = {
        **EMPTY,
        "firewall-cmd --list-all-zones": ZONES.format(" (active)", "eth0", "smtp ssh", RICH),
        "firewall-cmd --permanent --list-all-zones": ZONES.format("", "", services, rich),
        **more,
    }
    return Host(["firewalld"], outputs=outputs)


def test_firewalld_that_stays_as_it_is():
    boot = firewalld_host().boot()
    assert (boot.evidence, boot.as_now, boot.differs, boot.unknown) == (None, True, (), ())
    assert firewalld_host(services="ssh smtp").boot().as_now


def test_what_firewalld_will_change():
    boot = firewalld_host(services="ssh", rich="").boot()
    assert not boot.as_now
    assert boot.differs == (
        "zone public: rich rules: {0} now, nothing after the next start".format(RICH.strip()),
        "zone public: services: smtp ssh now, ssh after the next start",
    )


def test_sets_and_direct_rules_of_firewalld():
    boot = firewalld_host(
        **{
            "firewall-cmd --direct --get-all-rules": "ipv4 filter INPUT 0 -j DROP",
            "firewall-cmd --get-ipsets": "bad",
            "firewall-cmd --permanent --get-ipsets": "bad",
            "firewall-cmd --ipset=bad --get-entries": "192.0.2.1\n192.0.2.2\n",
            "firewall-cmd --permanent --ipset=bad --get-entries": "192.0.2.1\n",
            "firewall-cmd --list-all-policies": Output(2, "", "unrecognized arguments: --list-all-policies"),
        }
    ).boot()
    assert boot.differs == (
        "--direct --get-all-rules: ipv4 filter INPUT 0 -j DROP now, nothing after the next start",
        "ipset bad: 192.0.2.1 192.0.2.2 now, 192.0.2.1 after the next start",
    )


def test_firewalld_that_does_not_run():
    boot = firewalld_host(**{"firewall-cmd --list-all-zones": Output(252, "", "FirewallD is not running")}).boot()
    assert not boot.as_now
    assert "FirewallD is not running" in boot.unknown[0]


def test_firewalld_beside_another():
    host = firewalld_host()
    host.enabled = ["firewalld", "nftables"]
    assert host.boot().unknown == ("nftables and firewalld are both switched on",)
