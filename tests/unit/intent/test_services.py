# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from _gate.errors import IntentError
from _gate.intent.policy import parse_policy
from _gate.intent.registry import DOORS, MAIL
from _gate.intent.services import ANYONE, Defaults, parse_services

DEFAULTS = Defaults(parse_policy("rfc8314"), trust="/ca.pem", server_name="mail.example.org")


def one(item):
    (service,) = parse_services([item], DEFAULTS)
    return service


@pytest.mark.parametrize("name", sorted(MAIL))
def test_a_name_means_its_registry_entry(name):
    service = one(name)
    assert (service.port, service.protocol, service.encryption) == (
        MAIL[name]["port"],
        MAIL[name]["protocol"],
        MAIL[name]["encryption"],
    )
    assert service.transport == "tcp"
    assert service.sources == ANYONE
    assert (service.trust, service.server_name) == ("/ca.pem", "mail.example.org")


def test_a_mapping_overrides_what_it_names():
    service = one({"name": "submission", "port": "2587", "from": ["10.0.0.0/8"], "policy": {"min_days": 30}})
    assert (service.label, service.port, service.encryption) == ("submission", 2587, "starttls")
    assert service.sources == ("10.0.0.0/8",)
    assert service.policy.min_days == 30


@pytest.mark.parametrize("name", sorted(DOORS))
def test_a_door_is_asked_of_the_filter_only(name):
    assert one(name).protocol is None


def test_a_door_of_the_users_own():
    service = one({"port": 22, "protocol": "tcp", "from": "192.0.2.0/24"})
    assert (service.label, service.transport, service.protocol) == ("22/tcp", "tcp", None)


def test_addresses_are_networks_of_one():
    assert one({"name": "imaps", "from": ["192.0.2.1", "2001:db8::1"]}).sources == ("192.0.2.1/32", "2001:db8::1/128")


def test_what_begins_first_follows_the_encryption():
    assert one("imaps").begins == "implicit"
    assert one("imap").begins == "plain"
    assert one("smtp").begins == "plain"


BAD = [
    ("submision", "services[0]", "one of smtp"),
    ({"name": "imaps", "port": 70000}, "services[0].port", "1 to 65535"),
    ({"name": "imaps", "port": 0}, "services[0].port", "1 to 65535"),
    ({"name": "imaps", "port": True}, "services[0].port", "1 to 65535"),
    ({"name": "imaps", "port": "99x"}, "services[0].port", "1 to 65535"),
    ({"name": "imap", "closed": True, "encryption": "starttls"}, "services[0].encryption", "closed"),
    ({"name": "imap", "closed": True, "from": "any"}, "services[0].from", "closed"),
    ({"name": "imap", "from": ["10.0.0.1/8"]}, "services[0].from", "10.0.0.0/8 for the network, or 10.0.0.1"),
    ({"name": "imap", "from": ["2001:db8::1/32"]}, "services[0].from", "2001:db8::/32"),
    ({"name": "imap", "from": ["office"]}, "services[0].from", "CIDR"),
    ({"name": "imap", "from": []}, "services[0].from", "closed: true"),
    ({"name": "imap", "encryption": "ssl"}, "services[0].encryption", "implicit, starttls"),
    ({"name": "sieve", "encryption": "implicit"}, "services[0].encryption", "RFC 5804"),
    ({"name": "imap", "prot": 1}, "services[0].prot", "known keys"),
    ({"port": 25}, "services[0]", "both port and protocol"),
    ({"port": 25, "protocol": "ftp"}, "services[0].protocol", "one of smtp"),
    ({"port": 22, "protocol": "tcp", "policy": "rfc8314"}, "services[0].policy", "mail services"),
    ({"name": "ssh", "encryption": "implicit"}, "services[0].encryption", "mail services"),
    (
        {"name": "imap", "encryption": "none", "authentication": True},
        "services[0].authentication",
        "encryption is none",
    ),
    ({"name": "imap", "trust": ""}, "services[0].trust", "system, none, or the path"),
    ({"name": "imap", "trust": 7}, "services[0].trust", "system, none, or the path"),
    ({"name": "imap", "closed": "maybe"}, "services[0].closed", "true or false"),
    ({"name": "imap", "policy": "strict"}, "services[0].policy", "rfc8314"),
    ({"name": "imap", "policy": {"min_day": 3}}, "services[0].policy.min_day", "known keys"),
    ({"name": "imap", "policy": {"min_version": "1.2"}}, "services[0].policy.min_version", "TLSv1.2"),
    ({"name": "imap", "policy": {"min_days": -1}}, "services[0].policy.min_days", "days"),
    (7, "services[0]", "a mapping"),
]


@pytest.mark.parametrize(("item", "option", "right"), BAD)
def test_bad_input_names_option_value_and_what_is_right(item, option, right):
    with pytest.raises(IntentError) as caught:
        parse_services([item], DEFAULTS)
    assert caught.value.option == option
    assert right in str(caught.value)


def test_an_empty_trust_of_the_task_is_the_tasks():
    with pytest.raises(IntentError, match="system, none, or the path") as caught:
        parse_services(["imap"], Defaults(parse_policy("rfc8314"), trust=""))
    assert caught.value.option == "trust"


def test_without_encryption_no_login_needs_to_be_offered():
    (service,) = parse_services([{"name": "imap", "encryption": "none"}], DEFAULTS)
    assert (service.encryption, service.begins) == ("none", "plain")
    (service,) = parse_services([{"name": "imap", "encryption": "none", "authentication": False}], DEFAULTS)
    assert not service.authentication


@pytest.mark.parametrize("given", [[], None, "imaps", {"name": "imaps"}])
def test_no_list_of_services(given):
    with pytest.raises(IntentError, match="at least one service"):
        parse_services(given, DEFAULTS)


def test_a_port_stands_once():
    with pytest.raises(IntentError, match=r"services\[1\].*143/tcp stands in services\[0\]"):
        parse_services(["imap", {"name": "pop3", "port": 143}], DEFAULTS)


def test_a_port_may_stand_once_for_each_transport():
    assert len(parse_services([{"port": 53, "protocol": "tcp"}, {"port": 53, "protocol": "udp"}], DEFAULTS)) == 2


@pytest.mark.parametrize("key", ["from", "closed"])
def test_an_audience_without_a_value_is_not_everybody(key):
    with pytest.raises(IntentError, match=rf"services\[0\]\.{key}: None"):
        parse_services([{"name": "ssh", key: None}], Defaults(parse_policy("rfc8314")))
