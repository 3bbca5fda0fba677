# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nft's text files, read by nft in a network namespace of their own. Needs nft and the right to make namespaces."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from reader_helpers import MAYBE, NO, YES, chain, document, doubts, outcome

from _gate.errors import EvidenceError
from _gate.host import commands
from _gate.packetfilter.model import Host
from _gate.packetfilter.readers import nft_file, nft_json


def _may_make_namespaces():
    tools = [
        shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") for name in ("unshare", "nft", "ip")
    ]
    if None in tools:
        return False
    return (
        subprocess.run([tools[0], "--net", tools[1], "list", "ruleset"], check=False, capture_output=True).returncode
        == 0
    )


needs_nft = pytest.mark.skipif(
    not _may_make_namespaces(), reason="no nft here, or no right to make a network namespace"
)

RULES = """#!/usr/sbin/nft -f
flush ruleset
include "ports.nft"
include "more/*.nft"
define wan = eth7
table inet t {
  set mail { type inet_service; elements = { $ports } }
  chain input {
    type filter hook input priority 0; policy drop;
    iif lo accept
    iif $wan tcp dport @mail accept
    iif "wlan0" jump {
      tcp dport 26 accept
      drop
    }
  }
}
table inet off {
  flags dormant
  chain input { type filter hook input priority 0; policy drop; }
}
table netdev n {
  chain c { type filter hook ingress devices = { eth8, eth9 } priority 0; tcp dport 25 drop; }
}
"""


@pytest.fixture
def rules(tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "ports.nft").write_text("define ports = { 25, 465 }\n", encoding="utf-8")
    (tmp_path / "more" / "a.nft").write_text("table ip extra {\n}\n", encoding="utf-8")
    path = tmp_path / "rules.nft"
    path.write_text(RULES, encoding="utf-8")
    return path


@needs_nft
def test_a_file_with_all_that_it_includes(rules):
    before = subprocess.run(["nft", "-s", "list", "ruleset"], check=False, capture_output=True, text=True).stdout
    found = nft_file.read_text(str(rules), "rules.nft=x").ruleset
    assert (
        subprocess.run(["nft", "-s", "list", "ruleset"], check=False, capture_output=True, text=True).stdout == before
    )
    assert {(table.family, table.name) for table in found.tables} == {("inet", "t"), ("ip", "extra"), ("netdev", "n")}
    assert [outcome(found, iif="eth7", dport=port) for port in (25, 465, 26)] == [YES, YES, NO]
    assert [outcome(found, iif="wlan0", dport=port) for port in (25, 26)] == [NO, YES]
    assert outcome(found, iif="lo") == YES
    assert doubts(found) == []
    ingress = next(table for table in found.tables if table.family == "netdev").chains["c"]
    assert ingress.base.devices == ("eth8", "eth9")


@needs_nft
def test_a_rule_stands_at_its_number(rules):
    table = nft_file.read_text(str(rules), "rules.nft=x").ruleset.tables[0]
    positions = {rule.where.position for part in table.chains.values() for rule in part.rules}
    assert positions <= {"rule 1", "rule 2", "rule 3"}


@needs_nft
def test_interfaces_that_only_the_host_knows(tmp_path):
    path = tmp_path / "rules.nft"
    path.write_text(
        "table inet t {\n chain i {\n  type filter hook input priority 0\n  meta iif\n eth7 drop\n }\n}\n".replace(
            "iif\n eth7", "iif eth7"
        ),
        encoding="utf-8",
    )
    assert outcome(nft_file.read_text(str(path), "x", Host(interfaces=("eth5",))).ruleset, iif="eth7") == NO


@needs_nft
def test_what_nft_refuses_is_told_with_its_line(tmp_path):
    path = tmp_path / "rules.nft"
    path.write_text("table inet t {\n  chain input {\n    tcp dprt 25 accept\n  }\n}\n", encoding="utf-8")
    with pytest.raises(EvidenceError) as caught:
        nft_file.read_text(str(path), "rules.nft=rules.nft")
    assert "{0}:3:9-12: Error: syntax error, unexpected string".format(path) in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(EvidenceError, match="it cannot be read: No such file or directory"):
        nft_file.read_text(str(tmp_path / "none"), "rules.nft=none")


def test_without_the_right_to_make_a_namespace(rules, monkeypatch):
    denied = commands.Output(1, "", "unshare: unshare failed: Operation not permitted\n")
    monkeypatch.setattr(commands, "run_command", lambda command, seconds: denied)
    monkeypatch.setattr(commands, "find_command", lambda name: "/usr/bin/" + name)
    with pytest.raises(EvidenceError) as caught:
        nft_file.read_text(str(rules), "rules.nft=rules.nft")
    assert "that is not permitted here (unshare: unshare failed: Operation not permitted;" in str(caught.value)
    assert "`become: true`" in str(caught.value)
    assert "rules.nft_json" in str(caught.value)


@pytest.mark.parametrize("missing", ["nft", "unshare", "ip"])
def test_without_a_tool(rules, monkeypatch, missing):
    monkeypatch.setattr(commands, "find_command", lambda name: None if name == missing else "/usr/bin/" + name)
    with pytest.raises(EvidenceError, match="there is no {0} on this host; install ".format(missing)):
        nft_file.read_text(str(rules), "rules.nft=rules.nft")


@needs_nft
def test_anonymous_chains_of_a_live_ruleset():
    listing = "table inet t {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n"
    listing += "\t\tjump {\n\t\t\taccept\n\t\t}\n\t}\n}\n"
    raw = document(*chain(rules=[["jump {\n\t\t\taccept\n\t\t}"]]))
    assert outcome(nft_json.read(raw, "x").ruleset) == MAYBE
    whole = nft_file.name_anonymous_chains(raw, listing, "x", ["eth0"])
    assert outcome(nft_json.read(whole, "x").ruleset) == YES
