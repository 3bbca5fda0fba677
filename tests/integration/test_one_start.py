# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One start of a module looks at the packet filter and at what listens, and each is what its own module tells."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "demo"))

from runner import collection_path  # noqa: E402

sys.path.insert(0, str(collection_path()))

from ansible_collections.mailops.gate.plugins.module_utils._ansible import filter_tasks  # noqa: E402
from ansible_collections.mailops.gate.plugins.module_utils._ansible.options import (  # noqa: E402
    FIREWALL_PORTS,
    MAIL_SERVER,
)
from ansible_collections.mailops.gate.plugins.module_utils._ansible.server_tasks import assert_mail_server  # noqa: E402
from ansible_collections.mailops.gate.plugins.module_utils._gate.errors import EvidenceError, IntentError  # noqa: E402

RULES = """*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp --dport 25 -j ACCEPT
COMMIT
"""


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def asserted(tmp_path: Path, **given: Any) -> dict[str, Any]:
    rules = tmp_path / "rules.v4"
    rules.write_text(RULES, encoding="utf-8")
    options: dict[str, Any] = {name: option.get("default") for name, option in FIREWALL_PORTS.items()}
    usual = {"host": ["mail"], "services": ["smtp"], "rules": {"iptables": str(rules)}, "families": ["ipv4"]}
    return filter_tasks.assert_firewall_ports({**options, "verbose": True, "fail_on": ["never"], **usual, **given})


def test_both_are_told_and_the_verdict_is_that_of_the_filter(tmp_path: Path, port: int) -> None:
    alone = asserted(tmp_path)
    both = asserted(tmp_path, listeners=True)
    listeners = both.pop("listeners")
    assert "listeners" not in alone and both == alone
    assert set(listeners) == {"listeners", "namespaces", "addresses", "notes"}
    (mine,) = [each for each in listeners["listeners"] if each["port"] == port and each["protocol"] == "tcp"]
    assert mine["loopback"]
    commands = [owner["command"] for owner in mine["owners"]]
    assert commands and not any(" " in each for each in commands), "arguments are not for every log"


def test_a_filter_that_cannot_be_read_is_unknown_and_the_sockets_still_count(
    tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(options: object, afar: object) -> None:
        raise EvidenceError("nft -j list ruleset", "it needs root")

    monkeypatch.setattr(filter_tasks, "_look", unreadable)
    with pytest.raises(EvidenceError):
        asserted(tmp_path)
    result = asserted(tmp_path, listeners=True)
    assert result["failed"] and "needs root" in result["msg"] and "findings" not in result
    assert any(each["port"] == port for each in result["listeners"]["listeners"])
    options = {name: option.get("default") for name, option in MAIL_SERVER.items()}
    services = [{"name": "smtp", "port": port}]
    views = {"firewall": result, "listeners": result["listeners"]}
    verdict = assert_mail_server({**options, "host": "mail", "services": services, **views}, "mail")
    assert verdict["failed"] and verdict["outcome"] != "pass"
    assert any(each["check"] == "server.looked-at" for each in verdict["findings"])
    assert verdict["diagnoses"][0]["shown"]["listening"] == "loopback only"


def test_wrong_options_are_refused_all_the_same(tmp_path: Path) -> None:
    with pytest.raises(IntentError):
        asserted(tmp_path, listeners=True, interfaces=["eth0/"])
