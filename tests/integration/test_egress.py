# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way out of a host to a real Postfix, with everything on the way that keeps mail from getting there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "plugins" / "module_utils"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from _gate.egress.elsewhere import Elsewhere  # noqa: E402
from _gate.egress.plan import parse_targets  # noqa: E402
from _gate.egress.sensor import EgressEvidence, look_at_egress  # noqa: E402
from _gate.judge.egress import judge_egress  # noqa: E402
from _gate.judge.finding import Finding  # noqa: E402
from _gate.names.sensor import DomainEvidence, Exchange  # noqa: E402
from _gate.report.ports import port_as_dict  # noqa: E402
from _gate.wire.look import Limits  # noqa: E402
from egress_lab import MX_COM, MX_ORG, RELAY, RELAY_V6, EgressLab  # noqa: E402
from namespaces import Namespace  # noqa: E402

TARGETS = [{"host": RELAY, "server_name": "relay.example.net"}]
DOMAINS = {"example.org": MX_ORG, "example.com": MX_COM}
LIMITS = Limits(deadline_seconds=20, connect_seconds=2, ehlo_name="host.example.org")
FORWARD = "table inet t {{ chain c {{ type filter hook forward priority 0; {} }}; }};"
OUTPUT = "table inet t {{ chain c {{ type filter hook output priority 0; {} }}; }};"
REDIRECT = "table ip t { chain c { type nat hook prerouting priority -100; tcp dport 25 redirect to :2525; }; };"


def exchanges(domains: list[str], _seconds: float) -> tuple[DomainEvidence, ...]:
    return tuple(DomainEvidence(domain, (Exchange(10, DOMAINS[domain]),)) for domain in domains)


def look(
    lab: EgressLab, place: Namespace | None = None, targets: list | None = None, **view: Elsewhere
) -> EgressEvidence:
    wanted = parse_targets(TARGETS if targets is None else targets, [25, 465, 587])
    with (place or lab.host).entered():
        return look_at_egress(wanted, list(DOMAINS), LIMITS, str(lab.ca), look_up=exchanges, **view)


def faults(evidence: EgressEvidence) -> list[Finding]:
    return [each for each in judge_egress("host", evidence) if each.outcome not in ("pass", "warn")]


def outcomes(evidence: EgressEvidence) -> dict[str, str]:
    return {f"{way.evidence.address}:{way.evidence.port}": way.outcome for way in evidence.ways}


def test_all_is_open(lab: EgressLab) -> None:
    evidence = look(lab)
    assert set(outcomes(evidence).values()) == {"open"} and len(evidence.ways) == 5
    assert faults(evidence) == []
    assert [way.signs.proof for way in evidence.ways if way.destination.label == RELAY] == [
        "its certificate is the target's"
    ] * 3


@pytest.mark.parametrize("where", ["on the way", "at the host"])
def test_outbound_25_is_dropped_and_the_relay_is_named(lab: EgressLab, where: str) -> None:
    place, rules = (lab.way, FORWARD) if where == "on the way" else (lab.host, OUTPUT)
    with lab.filtered(place, rules.format("tcp dport 25 drop;")):
        evidence = look(lab)
    (finding,) = faults(evidence)
    assert (finding.check, finding.port) == ("mail.egress-blocked", 25)
    assert finding.observed == "timed out at all of 3 hosts"
    assert f"relay through 587 or 465 works via {RELAY} on 587, {RELAY} on 465" in finding.cause


@pytest.mark.parametrize("reject", ["reject with tcp reset;", "reject;"])
def test_outbound_25_is_rejected(lab: EgressLab, reject: str) -> None:
    with lab.filtered(lab.way, FORWARD.format("tcp dport 25 " + reject)):
        evidence = look(lab)
    (finding,) = faults(evidence)
    assert finding.check == "mail.egress-blocked" and "refused" in finding.observed


def test_one_exchanger_alone_is_not_reached(lab: EgressLab) -> None:
    with lab.filtered(lab.way, FORWARD.format(f"ip daddr {MX_ORG} tcp dport 25 drop;")):
        (finding,) = faults(look(lab))
    assert (finding.check, finding.service, finding.observed) == ("mail.egress-reachable", "example.org", "timed out")


def test_no_network_at_all(lab: EgressLab) -> None:
    with lab.filtered(lab.way, FORWARD.format("drop;")):
        found = faults(look(lab))
    assert {each.check for each in found} == {"mail.egress-reachable"} and len(found) == 5
    assert all("nothing at all was reached" in each.cause for each in found)


def test_ipv6_alone_is_blocked(lab: EgressLab) -> None:
    targets = [{"host": address, "server_name": "relay.example.net"} for address in (RELAY, RELAY_V6)]
    with lab.filtered(lab.way, FORWARD.format("meta nfproto ipv6 tcp dport 25 drop;")):
        (finding,) = faults(look(lab, targets=targets))
    assert (finding.check, finding.families, finding.addresses) == ("mail.egress-blocked", ("ipv6",), (RELAY_V6,))


def proxied(lab: EgressLab, kind: str, **view: Elsewhere) -> EgressEvidence:
    command = [sys.executable, str(Path(__file__).with_name("egress_proxy.py")), kind, RELAY]
    with lab.serving(lab.way, command), lab.filtered(lab.way, REDIRECT):
        return look(lab, **view)


def from_outside(lab: EgressLab) -> Elsewhere:
    """What somebody sees of the same targets who is not behind the proxy."""
    return Elsewhere([port_as_dict(way.evidence) for way in look(lab, lab.outside).ways])


def test_starttls_taken_out_is_unknown_from_here_alone(lab: EgressLab) -> None:
    evidence = proxied(lab, "strip")
    relay = [each for each in faults(evidence) if each.service == RELAY]
    assert [(each.check, each.outcome) for each in relay] == [("mail.egress-starttls", "unknown")]
    assert "the same host speaks TLS on port 465, 587" in relay[0].observed


def test_starttls_taken_out_is_certain_with_a_view_from_elsewhere(lab: EgressLab) -> None:
    evidence = proxied(lab, "strip", elsewhere=from_outside(lab))
    assert outcomes(evidence)[f"{RELAY}:25"] == "intercepted"
    assert {(each.check, each.outcome, each.port) for each in faults(evidence)} == {
        ("mail.egress-starttls", "fail", 25)
    }


def test_another_banner_is_certain_with_a_view_from_elsewhere(lab: EgressLab) -> None:
    evidence = proxied(lab, "banner", elsewhere=from_outside(lab))
    found = faults(evidence)
    assert {(each.check, each.outcome, each.port) for each in found} == {("mail.egress-intercepted", "fail", 25)}
    assert all("proxy.isp.example greets here, relay.example.net elsewhere" in each.observed for each in found)


def test_a_masked_banner_is_certain_at_once(lab: EgressLab) -> None:
    evidence = proxied(lab, "mask")
    assert outcomes(evidence)[f"{RELAY}:25"] == "intercepted"
    assert {(each.check, each.outcome, each.port) for each in faults(evidence)} == {
        ("mail.egress-intercepted", "fail", 25)
    }
