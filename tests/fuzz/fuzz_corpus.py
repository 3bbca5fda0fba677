# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Good input for each parser, to be damaged."""

from __future__ import annotations

import datetime
import ipaddress
import json
from pathlib import Path
from typing import Any, Dict, List, Set, Tuple

from _gate.wire.hello.client import SSL30, TLS10, TLS12, TLS13, handshake_message, record, vector8, vector16
from wire_errands_mailbox import CLOSING_ERRANDS, MAILBOX_ERRANDS
from wire_errands_smtp import SMTP_ERRANDS
from wire_paper_server import PaperServer, alert
from wire_sessions_mailbox import MAILBOX_SESSIONS
from wire_sessions_smtp import SMTP_SESSIONS

_FIXTURES = Path(__file__).resolve().parents[1] / "unit" / "fixtures" / "rulesets"


def _server_words() -> Dict[str, List[bytes]]:
    """All that servers say in the recorded sessions, by protocol."""
    found: Dict[str, List[bytes]] = {"smtp": [], "lmtp": [], "imap": [], "pop3": [], "sieve": []}
    for sessions in (SMTP_SESSIONS, MAILBOX_SESSIONS, SMTP_ERRANDS, MAILBOX_ERRANDS, CLOSING_ERRANDS):
        for session in sessions.values():
            words = b"".join(said for who, said in session.steps if who == "server")
            found[session.protocol].append(words)
    found["lmtp"] += found["smtp"]
    return found


SERVER_WORDS = _server_words()
ALL_WORDS = sorted({words for said in SERVER_WORDS.values() for words in said})


def _flights() -> List[bytes]:
    paper = PaperServer({}, chain=(b"\x30\x03\x02\x01\x01", b"\x30\x00"))
    retry = paper.retry(0x1301, 29)
    extra = handshake_message(22, b"\x01\x00\x00\x01\x00") + handshake_message(13, b"\x01\x01\x00\x02\x04\x03\x00\x00")
    prime = vector16(b"\xff" * 128) + vector16(b"\x02") + vector16(b"\x01" * 128) + b"\x08\x04" + vector16(bytes(64))
    return [
        retry,
        *(paper.flight(version, suite, 23, 0x0403) for version in (SSL30, TLS10, TLS12) for suite in (0xC02B, 0x002F, 0x009E)),
        paper.flight(TLS12, 0x009E, 23, 0x0804)[:-9] + record(22, TLS12, handshake_message(12, prime) + extra),
        alert(40),
        alert(112, level=1) + alert(70),
        record(20, TLS12, b"\x01") + retry,
        record(22, TLS13, handshake_message(2, b"\x03\x03" + bytes(32) + vector8(bytes(32)) + b"\x13\x01\x00")),
    ]  # fmt: skip


FLIGHTS = _flights()
SSLV2 = [
    b"\x80\x0e\x04\x00\x01\x00\x02\x00\x00\x00\x03\x00\x00\x07\x00\xc0",
    b"\x80\x03\x00\x00\x01",
    b"\x80\x13\x04\x00\x01\x00\x02\x00\x02\x00\x03\x00\x03\x30\x00\x07\x00\xc0abc",
]


def certificates() -> List[bytes]:
    """In DER form, of several kinds of keys and with many extensions."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
    from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

    now = datetime.datetime.now(datetime.timezone.utc)
    address = x509.IPAddress(ipaddress.ip_address("192.0.2.1"))
    location = x509.UniformResourceIdentifier("http://ocsp.example.org")
    found = []
    for key in (
        ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 1024), dsa.generate_private_key(1024),
        ed25519.Ed25519PrivateKey.generate(),
    ):  # fmt: skip
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.org")])
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        builder = builder.serial_number(7).not_valid_before(now).not_valid_after(now + datetime.timedelta(90))
        for value in (
            x509.SubjectAlternativeName([x509.DNSName("*.example.org"), address, x509.RFC822Name("a@example.org")]),
            x509.KeyUsage(True, False, True, False, True, False, False, True, False),
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
            x509.TLSFeature([x509.TLSFeatureType.status_request]),
            x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, location)]),
            x509.SubjectKeyIdentifier(b"1234"),
            x509.AuthorityKeyIdentifier(b"1234", None, None),
        ):
            builder = builder.add_extension(value, False)
        signed = builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
        found.append(signed.public_bytes(serialization.Encoding.DER))
    return found


def nft_documents() -> Tuple[List[Any], List[str]]:
    """Rulesets, and every word in them."""
    words: Set[str] = set()
    documents = [json.loads((_FIXTURES / "nft-1.0.6.json").read_text(encoding="utf-8"))]
    language = json.loads((_FIXTURES / "language-1.0.6.json").read_text(encoding="utf-8"))["nftables"]
    head = [item for item in language if "rule" not in item]
    rules = [item for item in language if "rule" in item]
    documents.extend({"nftables": head + rules[start : start + 12]} for start in range(0, len(rules), 12))
    _collect(documents, words)
    return documents, sorted(words)


def nft_listing() -> bytes:
    """A ruleset in nft's text form."""
    return (_FIXTURES / "language.nft").read_bytes()


def _collect(value: Any, words: Set[str]) -> None:
    if isinstance(value, str):
        words.add(value)
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _collect(inner, words)
    if isinstance(value, dict):
        words.update(value)


IPTABLES = [b"""# Generated by iptables-save v1.8.9 (nf_tables) on Tue Nov 24 10:00:00 2026
*nat
:PREROUTING ACCEPT [0:0]
-A PREROUTING -d 192.0.2.1/32 -p tcp -m tcp --dport 25 -j DNAT --to-destination 10.0.0.2:2525
-A PREROUTING -p tcp -m tcp --dport 587 -j REDIRECT --to-ports 10587
COMMIT
*filter
:INPUT DROP [12:3456]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:f2b-sshd - [0:0]
[5:300] -A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m multiport --dports 25,465,587,60000:61000 -m comment --comment "mail \\"ports\\"" -j ACCEPT
-A INPUT -s 198.51.100.0/24 ! -p udp -m set --match-set allowed src -j ACCEPT
-A INPUT -p tcp -m tcp ! --dport 22 --tcp-flags FIN,SYN,RST,ACK SYN -m limit --limit 3/min --limit-burst 5 -j LOG --log-prefix "x"
-A INPUT -p icmp -m icmp --icmp-type 8/0 -j ACCEPT
-A INPUT -m iprange --src-range 192.0.2.1-192.0.2.9 -m mac --mac-source 00:11:22:33:44:55 -g f2b-sshd
-A INPUT -m addrtype --dst-type LOCAL -m mark --mark 0x1/0xff -m owner --uid-owner 0 -j REJECT --reject-with icmp-port-unreachable
-A INPUT -m recent --name x --rcheck --seconds 60 -m hashlimit --hashlimit-upto 5/sec --hashlimit-name y -j RETURN
-A f2b-sshd -s 203.0.113.7/32 -j DROP
COMMIT
# Completed on Tue Nov 24 10:00:00 2026
"""]  # fmt: skip
