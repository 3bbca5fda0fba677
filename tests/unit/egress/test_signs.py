# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who answers: proofs, signs that it is not the target, doubts."""

from __future__ import annotations

import pytest

from _gate.egress.elsewhere import Elsewhere
from _gate.egress.plan import Destination
from _gate.egress.signs import Signs, greeting_host, look_for_signs, one_for_all
from _gate.report.ports import port_as_dict
from _gate.wire import evidence as seen
from _gate.wire.evidence import Capabilities
from egress_ports import RELAY, plain, port, tls

TARGET = Destination(RELAY, RELAY, (25, 465, 587))
BY_ADDRESS = Destination("192.0.2.1", "192.0.2.1", (587,))
PROXY = tls("proxy.isp.example", trusted=False, matches=False, sha256="bb")


def signs(evidence, elsewhere=None, destination=TARGET, trust="system", same_host=()):
    view = Elsewhere([port_as_dict(elsewhere)]).of(evidence) if elsewhere else None
    return look_for_signs(destination, evidence, trust, view, same_host)


def test_the_targets_certificate_is_a_proof():
    assert signs(port()) == Signs(proof="its certificate is the target's")


def test_so_is_the_certificate_that_is_seen_from_elsewhere():
    own = tls("other.example", trusted=False, matches=False)
    assert "elsewhere" in signs(port(number=25, tls=own), port(number=25, tls=own)).proof


def test_a_proof_from_elsewhere_outweighs_a_wrong_name():
    own = tls("other.example", trusted=False, matches=False)
    assert signs(port(tls=own), port(tls=own)).signs == ()


@pytest.mark.parametrize("number", [465, 587])
def test_another_certificate_where_mail_is_submitted(number):
    (sign,) = signs(port(number=number, tls=PROXY)).signs
    assert "proxy.isp.example, issued by CN=An Authority" in sign


def test_between_servers_another_certificate_proves_nothing_either_way():
    assert signs(port(number=25, tls=PROXY)) == Signs()


def test_an_untrusted_certificate_counts_unless_trust_is_none():
    own = tls(RELAY, trusted=False)
    assert "authority" in signs(port(tls=own)).signs[0]
    assert signs(port(tls=own), trust="none").signs == ()


def test_an_address_has_no_name_to_compare_with():
    assert signs(port(host="192.0.2.1", tls=PROXY), destination=BY_ADDRESS) == Signs()
    named = Destination("192.0.2.1", "192.0.2.1", (587,), server_name=RELAY)
    assert signs(port(host="192.0.2.1", tls=PROXY), destination=named).signs


@pytest.mark.parametrize(
    "facts",
    [
        {"greeting": "220 ******************************0*2**0**"},
        {"before_tls": Capabilities(False, (), ("PIPELINING", "XXXXXXXA"))},
    ],
)
def test_masks(facts):
    assert "masked" in signs(plain(**facts)).signs[0]


def test_another_protocol():
    assert signs(port(speaks="http", tls=None)).signs == ("http is spoken, not SMTP",)


def test_another_greeting_than_elsewhere():
    assert signs(plain(greeting="220 proxy.isp.example hello"), plain()).signs == (
        "proxy.isp.example greets here, relay.example.net elsewhere",
    )
    assert signs(plain(greeting="220 relay7.example.net hello"), plain()).signs == (), "of the same organisation"


def test_another_certificate_than_elsewhere():
    (sign,) = signs(port(number=25, tls=PROXY), port(number=25)).signs
    assert sign == "the certificate is for proxy.isp.example here, for relay.example.net elsewhere"
    sibling = tls("relay2.example.net", trusted=False, matches=False, sha256="cc")
    assert signs(port(number=25, tls=sibling), port(number=25)).signs == ()


def test_starttls_that_is_offered_elsewhere_is_stripped():
    assert signs(plain(), port(number=25)).stripped == "STARTTLS is offered elsewhere and not here"
    assert signs(plain(), plain()).stripped == ""
    assert signs(port(number=25), plain()).stripped == ""


def test_starttls_on_another_port_of_the_host_is_a_doubt():
    assert signs(plain(), same_host=[port(number=465), port()]).doubts == ("the same host speaks TLS on port 465, 587",)
    assert signs(port(number=25), same_host=[port()]).doubts == ()


def test_a_closed_port_has_no_signs():
    assert signs(port(state=seen.TIMED_OUT), port()) == Signs()


def ways(*evidence):
    return [(Destination(each.host, each.host, (25,)), each) for each in evidence]


def test_one_server_that_greets_for_all():
    proxy = "220 proxy.isp.example ESMTP"
    found = one_for_all(
        ways(plain(host="mx1.example.org", greeting=proxy), plain(host="mx.example.com", greeting=proxy))
    )
    assert found == {
        ("mx1.example.org", 25): "proxy.isp.example greets here and at mx.example.com too",
        ("mx.example.com", 25): "proxy.isp.example greets here and at mx1.example.org too",
    }


def test_several_names_of_one_organisation_or_one_server_of_its_own_are_no_doubt():
    same = "220 mx.example.org ESMTP"
    assert (
        one_for_all(ways(plain(host="mx1.example.org", greeting=same), plain(host="mx2.example.org", greeting=same)))
        == {}
    )
    assert one_for_all(ways(plain(host="mx1.example.org"), plain(host="mx.example.com"))) == {}
    at_one = [plain(host=host, address="192.0.2.7", greeting=same) for host in ("mx.example.com", "mx.example.edu")]
    assert one_for_all(ways(*at_one)) == {}, "two names of one server"
    assert one_for_all(ways(plain(host="192.0.2.1", greeting=same), plain(host="192.0.2.2", greeting=same))) == {}


@pytest.mark.parametrize(
    "greeting, host",
    [
        ("220 MX.example.org ESMTP", "mx.example.org"),
        ("220-mx.example.org ready", "mx.example.org"),
        ("220 ready", ""),
        ("220 ESMTP mx.example.org", ""),
        ("", ""),
    ],
)
def test_the_name_in_a_greeting(greeting, host):
    assert greeting_host(greeting) == host
