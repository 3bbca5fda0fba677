# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The judgement of the way out: one fault, one finding, with its cause."""

from __future__ import annotations

import pytest

from _gate.egress.plan import Destination
from _gate.egress.sensor import EgressEvidence, Way
from _gate.egress.signs import Signs
from _gate.judge.egress import judge_egress
from _gate.names.sensor import NO_SUCH_NAME, NULL_MX
from _gate.wire import evidence as seen
from egress_ports import RELAY, domain, plain, port, tls

PROOF = Signs(proof="its certificate is the target's")
V6 = "2001:db8::1"


def way(evidence, label="", signs=PROOF, exchange=False):
    label = label or evidence.host
    if evidence.state != seen.OPEN or evidence.encryption == seen.NONE:
        signs = Signs() if signs is PROOF else signs
    return Way(Destination(label, evidence.host, (evidence.port,), exchange), evidence, signs)


def judge(*ways, domains=()):
    return judge_egress("host.example.org", EgressEvidence(tuple(ways), tuple(domains)))


def faults(findings):
    return {(each.check, each.port, each.service): each.outcome for each in findings if each.outcome != "pass"}


def one(findings):
    (finding,) = [each for each in findings if each.outcome != "pass"]
    assert finding.fix and finding.source and finding.cause and finding.host == "host.example.org"
    return finding


def test_all_is_well():
    findings = judge(way(port(number=25)), way(port(number=465)), way(port()), domains=[domain("example.org", RELAY)])
    assert faults(findings) == {}
    assert {each.check for each in findings} == {
        "mail.egress-names",
        "mail.egress-reachable",
        "mail.egress-greeting",
        "mail.egress-intercepted",
        "mail.egress-starttls",
    }


def mx(state, *hosts):
    return [way(port(host, 25, state), "domain-" + host, exchange=True) for host in hosts]


def test_the_provider_blocks_port_25_and_a_relay_works():
    findings = judge(*mx(seen.TIMED_OUT, "mx1.example.org", "mx.example.com"), way(port()), way(port(number=465)))
    finding = one(findings)
    assert (finding.check, finding.port, finding.outcome) == ("mail.egress-blocked", 25, "fail")
    assert finding.observed == "timed out at all of 2 hosts"
    assert finding.addresses == ("192.0.2.2", "192.0.2.3") and finding.families == ("ipv4",)
    assert finding.cause.startswith("outbound 25 is blocked (ipv4) by a filter of this host, the provider")
    assert "relay through 587 or 465 works via relay.example.net on 587, relay.example.net on 465" in finding.cause
    assert "nft list ruleset" in finding.fix and finding.fix.endswith("until then send by the relay")


def test_a_relay_that_is_intercepted_is_not_recommended():
    bad = way(port(), signs=Signs(signs=("another",)))
    finding = [
        each for each in judge(*mx(seen.TIMED_OUT, "mx.example.com"), bad) if each.check == "mail.egress-blocked"
    ][0]
    assert "relay through" not in finding.cause


def test_one_target_tells_less_and_the_finding_says_so():
    finding = one(judge(way(port(number=25, state=seen.TIMED_OUT)), way(port())))
    assert finding.check == "mail.egress-blocked"
    assert "as far as one target tells (relay.example.net answers on another port)" in finding.cause


def test_a_port_that_is_refused_towards_all():
    finding = one(judge(*mx(seen.REFUSED, "mx1.example.org", "mx.example.com"), way(port())))
    assert finding.observed == "refused at all of 2 hosts" and "refused on the way" in finding.cause


def test_a_port_is_not_blocked_when_some_target_answers_on_it():
    findings = judge(*mx(seen.TIMED_OUT, "mx1.example.org"), *mx(seen.OPEN, "mx.example.com"), way(port()))
    assert faults(findings) == {("mail.egress-reachable", 25, "domain-mx1.example.org"): "fail"}


def test_nothing_is_reached_at_all():
    findings = judge(*mx(seen.TIMED_OUT, "mx1.example.org"), way(port(state=seen.TIMED_OUT)))
    assert {each.check for each in findings} == {"mail.egress-reachable"}
    assert all("nothing at all was reached" in each.cause for each in findings)


def test_a_port_blocked_in_one_family_only():
    findings = judge(
        way(port(number=25)),
        way(port(number=25, state=seen.TIMED_OUT, address=V6)),
        way(port()),
        way(port(address=V6)),
    )
    finding = one(findings)
    assert (finding.check, finding.families, finding.addresses) == ("mail.egress-blocked", ("ipv6",), (V6,))


def test_a_target_with_an_address_that_does_not_answer_is_a_warning():
    shut = way(port("mx1.example.org", 25, seen.REFUSED, address="192.0.2.77"), "example.org")
    finding = one(judge(way(port("mx.example.com", 25), "example.org"), shut))
    assert (finding.check, finding.outcome, finding.addresses) == ("mail.egress-reachable", "warn", ("192.0.2.77",))
    assert "delayed" in finding.cause


def test_a_host_without_ipv6_is_no_fault_of_a_target_with_both():
    no_way = port(number=587, state=seen.UNREACHABLE, address=V6, detail="ENETUNREACH: Network is unreachable")
    assert faults(judge(way(port()), way(no_way))) == {}


def test_a_host_without_any_way_to_the_target():
    no_way = port(number=587, state=seen.UNREACHABLE, detail="ENETUNREACH: Network is unreachable")
    finding = one(judge(way(no_way)))
    assert finding.outcome == "fail" and "no way there (ENETUNREACH" in finding.cause


def test_a_port_that_this_host_itself_does_not_let_out_is_told_by_its_error():
    forbidden = port(number=25, state=seen.UNREACHABLE, detail="EPERM: Operation not permitted")
    finding = one(judge(way(forbidden), way(port())))
    assert finding.check == "mail.egress-reachable" and "no way there (EPERM" in finding.cause


def test_what_was_not_tried_is_unknown():
    late = port(number=587, state=seen.NOT_TRIED, stopped="deadline of 9 s reached")
    finding = one(judge(way(late)))
    assert (finding.check, finding.outcome) == ("mail.egress-reachable", "unknown")


def test_not_tried_is_no_block():
    late = port(number=25, state=seen.NOT_TRIED, stopped="deadline of 9 s reached")
    assert "mail.egress-blocked" not in {each.check for each in judge(way(late), way(port()))}


@pytest.mark.parametrize(
    "facts, outcome, words",
    [
        ({"problem": NO_SUCH_NAME}, "fail", "no such domain"),
        ({"problem": NULL_MX}, "fail", "takes no mail"),
        ({"unanswered": "192.0.2.53: no answer in time"}, "unknown", "192.0.2.53"),
    ],
)
def test_domains_without_hosts(facts, outcome, words):
    finding = one(judge(domains=[domain("example.org", **facts)]))
    assert (finding.check, finding.outcome, finding.service) == ("mail.egress-names", outcome, "example.org")
    assert words in finding.cause


def test_a_target_whose_name_is_not_found():
    lost = port(state=seen.NAME_NOT_FOUND, address="", detail="Name or service not known")
    assert faults(judge(way(lost))) == {("mail.egress-names", 0, RELAY): "fail"}
    other = way(port("mx.example.com", 25), "example.org")
    assert faults(judge(way(lost, "example.org"), other)) == {("mail.egress-names", 0, RELAY): "warn"}


def test_a_target_that_refuses_this_client():
    refused = port(
        number=25, stopped="greeting refuses service: 554 5.7.1 blocked using a list", encryption=None, tls=None
    )
    finding = one(judge(way(refused)))
    assert (finding.check, finding.outcome) == ("mail.egress-greeting", "fail") and "blocked using" in finding.observed


def test_a_target_that_puts_this_client_off_is_unknown():
    later = port(number=25, throttled="421 4.7.0 try again later", encryption=None, tls=None)
    assert one(judge(way(later))).outcome == "unknown"


def test_a_target_that_accepts_and_says_nothing_is_unknown():
    silent = port(number=25, greeting="", speaks="", encryption=None, tls=None, stopped="no greeting in 10 s")
    finding = one(judge(way(silent)))
    assert (finding.check, finding.outcome) == ("mail.egress-greeting", "unknown")


def test_somebody_else_answers():
    finding = one(judge(way(plain(RELAY, 25), signs=Signs(signs=("proxy.isp.example greets here, x elsewhere",)))))
    assert (finding.check, finding.outcome) == ("mail.egress-intercepted", "fail")
    assert finding.observed == "proxy.isp.example greets here, x elsewhere"


def test_starttls_is_stripped():
    stripped = Signs(stripped="STARTTLS is offered elsewhere and not here")
    finding = one(judge(way(plain(RELAY, 25), signs=stripped)))
    assert (finding.check, finding.outcome) == ("mail.egress-starttls", "fail")


@pytest.mark.parametrize(
    "number, signs, outcome",
    [
        (25, Signs(), "warn"),
        (25, Signs(doubts=("the same host speaks TLS on port 587",)), "unknown"),
        (587, Signs(), "fail"),
    ],
)
def test_no_starttls(number, signs, outcome):
    finding = one(judge(way(plain(RELAY, number), signs=signs)))
    assert (finding.check, finding.outcome) == ("mail.egress-starttls", outcome)
    assert all(doubt in finding.observed for doubt in signs.doubts)


def test_a_handshake_that_fails():
    broken = port(number=25, tls=tls(RELAY).__class__(False, error="alert handshake failure"))
    finding = [each for each in judge(way(broken, signs=Signs())) if each.check == "mail.egress-starttls"][0]
    assert finding.outcome == "fail" and finding.observed == "alert handshake failure"


def test_a_certificate_that_proves_nothing_is_a_warning():
    own = port(number=25, tls=tls("other.example", trusted=False, matches=False))
    finding = one(judge(way(own, signs=Signs())))
    assert (finding.check, finding.outcome) == ("mail.egress-intercepted", "warn")
    assert finding.observed == "a certificate for other.example"


def test_a_doubt_without_a_proof_is_unknown():
    finding = one(judge(way(port(number=25), signs=Signs(doubts=("x greets here and at y too",)))))
    assert (finding.check, finding.outcome) == ("mail.egress-intercepted", "unknown")
