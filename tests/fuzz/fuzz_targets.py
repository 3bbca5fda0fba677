# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One target for each parser: what it is fed with, and what it may raise. Anything else that is raised is a defect."""

from __future__ import annotations

import contextlib
import datetime
import json
from dataclasses import dataclass
from typing import Any, Callable, Dict, Tuple, Type

from hypothesis import strategies as st

from _gate.errors import EvidenceError, IntentError
from _gate.intent.effective import policy_as_dict
from _gate.intent.policy import CERTIFICATE_KEYS, KEYS, POLICIES, parse_policy
from _gate.intent.registry import DOORS, MAIL
from _gate.intent.services import Defaults, parse_services
from _gate.intent.vocabulary import FEATURES
from _gate.packetfilter.readers import iptables_save, nft_json
from _gate.packetfilter.readers.nft_anonymous import with_named_chains
from _gate.packetfilter.readers.nft_listing import read_listing
from _gate.packetfilter.readers.nft_needed import needed_sets
from _gate.wire.certificate import read_certificate
from _gate.wire.chain import UnreadableChain, kind_of, read_chain
from _gate.wire.dialogue.base import Done, Errand, StartTls
from _gate.wire.dialogue.conversation import Conversation
from _gate.wire.hello.fields import MalformedFlight
from _gate.wire.hello.flight import FlightReader
from _gate.wire.hello.sslv2 import read_sslv2
from _gate.wire.names import matches
from _gate.wire.recognise import is_tls, protocol_of, smtp_kin, software_behind, software_of
from fuzz_corpus import ALL_WORDS, FLIGHTS, IPTABLES, SERVER_WORDS, SSLV2, certificates, nft_documents, nft_listing
from fuzz_strategies import CUTS, damaged, damaged_json, json_values, pieces

NOW = datetime.datetime(2026, 11, 24, tzinfo=datetime.timezone.utc)
ERRANDS = (
    Errand(),
    Errand(try_unadvertised=True, mail=True, recipient="probe@example.net"),
    Errand(mail_before_tls=True, start_login=True, leave_before_tls=True),
    Errand(straight_to_tls=True, injection_tag="gatex"),
)


@dataclass(frozen=True)
class Target:
    """``run`` is given what ``feeds`` makes; ``may_raise``: the documented exceptions."""

    feeds: Callable[[], st.SearchStrategy[Any]]
    run: Callable[[Any], None]
    may_raise: Tuple[Type[Exception], ...] = ()

    def __call__(self, fed: Any) -> None:
        with contextlib.suppress(*self.may_raise):
            self.run(fed)


def hold_conversation(protocol: str) -> Callable[[Any], None]:
    def run(fed: Any) -> None:
        data, cuts, errand, encrypted, silent = fed
        conversation = Conversation(protocol, encrypted, "client.example.org", errand)
        ended = False
        for piece in pieces(data, cuts):
            for event in conversation.feed(piece):
                assert not ended, "it goes on after Done"
                ended = isinstance(event, Done)
                if isinstance(event, StartTls):
                    conversation.handshake_done()
        if not ended:
            last = conversation.silent(1.0) if silent else conversation.closed()
            assert last, "nothing follows from the end"

    return run


def recognise(data: bytes) -> None:
    is_tls(data)
    assert protocol_of(data, complete=True) is not None
    protocol_of(data)
    text = data.decode("utf-8", "replace")
    for read in (smtp_kin, software_of, software_behind):
        read(text)


def read_flight(fed: Any) -> None:
    data, cuts, sslv2 = fed
    reader = FlightReader(sslv2)
    for piece in pieces(data, cuts):
        reader.feed(piece)


def read_leaf(data: bytes) -> None:
    leaf = read_certificate(data, NOW)
    matches("mail.example.org", leaf.dns_names, leaf.addresses)


def read_whole_chain(fed: Any) -> None:
    chain, without_sni = fed
    kind_of(chain[0])
    read_chain(chain, NOW, without_sni)


def read_nft(document: Any) -> None:
    rules = nft_json.read(document if isinstance(document, str) else json.dumps(document), "rules.nft_json=x")
    for table in rules.ruleset.tables:
        for chain in table.chains.values():
            for rule in chain.rules:
                assert isinstance(rule.where.position + rule.where.text, str)  # put together when asked for


def find_needed_sets(document: Any) -> None:
    needed_sets(document if isinstance(document, str) else json.dumps(document))


def read_nft_listing(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    read_listing(text)
    assert with_named_chains(text).count("jump {") <= text.count("jump {")


def read_iptables(fed: Any) -> None:
    data, family = fed
    iptables_save.read(data.decode("utf-8", "replace"), family, "rules.iptables=x")


def read_policy(given: Any) -> None:
    policy_as_dict(parse_policy(given))


def read_services(given: Any) -> None:
    parse_services(given, Defaults(parse_policy("rfc8314")))


def _conversations(protocol: str) -> st.SearchStrategy[Any]:
    words = st.one_of(damaged(SERVER_WORDS[protocol]), st.binary(max_size=300))
    return st.tuples(words, CUTS, st.sampled_from(ERRANDS), st.booleans(), st.booleans())


def _nft() -> st.SearchStrategy[Any]:
    documents, words = nft_documents()
    texts = [json.dumps(document).encode("utf-8") for document in documents]
    torn = damaged(texts).map(lambda data: data.decode("utf-8", "replace"))
    return st.one_of(damaged_json(documents, words), torn, st.text(max_size=100))


_POLICY_WORDS = (
    *KEYS, *CERTIFICATE_KEYS, *POLICIES, *FEATURES, "allowed", "forbidden", "discouraged", "others", "forbidden_traits", "CBC",
    "TLSv1.2", "x25519", "TLS_AES_128_GCM_SHA256", "required", "RSA", "secp256r1",
)  # fmt: skip
_SERVICE_WORDS = (
    *MAIL, *DOORS, "name", "port", "protocol", "encryption", "authentication", "from", "closed", "optional", "server_name",
    "trust", "policy", "proxy_protocol", "smtp", "implicit", "tcp", "any", "192.0.2.0/24", "::/0", "v1",
)  # fmt: skip
_POLICIES = [dict(policy) for policy in POLICIES.values()] + [{"extends": "rfc8314", "min_days": 3}]
_SERVICES = [[{"name": "submission", "port": 2587, "from": ["192.0.2.0/24"]}, "imaps", {"port": 8, "protocol": "tcp"}]]


def _policies() -> st.SearchStrategy[Any]:
    keys = {"name", "title", "link", "sources", "not_observed"}
    mappings = [{key: value for key, value in policy.items() if key not in keys} for policy in _POLICIES]
    return st.one_of(damaged_json(mappings, _POLICY_WORDS), json_values(_POLICY_WORDS))


def _leaves() -> st.SearchStrategy[bytes]:
    return st.one_of(damaged(certificates()), st.binary(max_size=200))


TARGETS: Dict[str, Target] = {
    **{
        protocol: Target(lambda protocol=protocol: _conversations(protocol), hold_conversation(protocol))  # type: ignore[misc]
        for protocol in SERVER_WORDS
    },
    "recognise": Target(lambda: st.one_of(damaged(ALL_WORDS), st.binary(max_size=100)), recognise),
    "flight": Target(
        lambda: st.tuples(st.one_of(damaged(FLIGHTS + SSLV2), st.binary(max_size=200)), CUTS, st.booleans()),
        read_flight,
        (MalformedFlight,),
    ),
    "sslv2": Target(lambda: st.one_of(damaged(SSLV2), st.binary(max_size=60)), read_sslv2, (MalformedFlight,)),
    "certificate": Target(_leaves, read_leaf, (ValueError,)),
    "chain": Target(
        lambda: st.tuples(st.lists(_leaves(), min_size=1, max_size=3), st.booleans()), read_whole_chain, (UnreadableChain,)
    ),
    "nft": Target(_nft, read_nft, (EvidenceError,)),
    "nft_needed": Target(_nft, find_needed_sets, (EvidenceError,)),
    "nft_listing": Target(lambda: damaged([nft_listing()]), read_nft_listing),
    "iptables": Target(lambda: st.tuples(damaged(IPTABLES), st.sampled_from((4, 6))), read_iptables, (EvidenceError,)),
    "policy": Target(_policies, read_policy, (IntentError,)),
    "services": Target(
        lambda: st.one_of(damaged_json(_SERVICES, _SERVICE_WORDS), json_values(_SERVICE_WORDS)),
        read_services,
        (IntentError,),
    ),
}  # fmt: skip
