# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the wire modules return, field by field, is what their documentation says."""

from __future__ import annotations

import ast
import json
import re
import ssl
from pathlib import Path

import pytest
import yaml
from module_utils._gate.judge.finding import Finding
from module_utils._gate.report.ports import port_as_dict

from matrix_case import Case, faults
from matrix_dialogue_cases import PREAUTH, RELAYS
from matrix_dialogues import FIRST_TLS, capa, ehlo
from matrix_servers import Behaviour, Tls
from matrix_tcp_cases import BUSY, hang_up, midway, nobody, serving
from matrix_tls_cases import also, paper

MODULES = Path(__file__).resolve().parents[2] / "plugins" / "modules"
#: Between them they show every field.
TELLING = [
    Case("all of TLS", Behaviour("imaps", tls=Tls(("right", "right RSA"))), options={"depth": "enumerate"}),
    Case("STARTTLS and a login", Behaviour("pop3", clear={b"CAPA": capa(b"STLS", b"USER")}), options={"try_login": True}),
    Case("mail", Behaviour("submission", clear={b"MAIL": FIRST_TLS}, inside=RELAYS), options={"relay_to": "a@example.net"}),
    Case("not advertised", Behaviour("smtp", clear={b"EHLO": ehlo()})),
    Case("finite fields", paper(
        "imaps", ("right RSA",), schemes=(0x0804, 0x0401), prime_bits=1024, **also("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"))),
    Case("untrusted", Behaviour("imap", tls=Tls(("self-signed",)))),
    Case("not yet valid", Behaviour("imap", tls=Tls(("not yet valid",)))),
    Case("handshake only", Behaviour("imaps"), options={"depth": "handshake"}),
    Case("logged in from the start", Behaviour("imap", PREAUTH)),
    Case("no suite in common",
         Behaviour("imaps", tls=Tls(ciphers="ECDHE-RSA-AES128-GCM-SHA256", highest=ssl.TLSVersion.TLSv1_2))),
    Case("banned in the middle", midway("imaps", 5, hang_up)),
    Case("put off", serving("submission", BUSY)),
    Case("nobody", nobody, kind="imap"),
]  # fmt: skip
#: Fields below which stand versions or the like.
BY_VERSION = ("suites", "groups", "inconclusive")
#: Shown by no server of the matrix; the unit tests of what shows them have them.
NOT_SHOWN_HERE = {
    ".posture.certificates.complete",
    ".posture.features.alpn",
    ".posture.features.encrypt_then_mac",
    ".posture.notes",
}


def documented(module):
    """RETURN of a module."""
    tree = ast.parse((MODULES / f"{module}.py").read_text("utf-8"))
    (text,) = [
        node.value.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "RETURN"
    ]
    return yaml.safe_load(text)


def named_in(field):
    """The names that a description gives as C(name)."""
    return set(re.findall(r"C\((\w+)\)", json.dumps(field["description"])))


def shown_in(value, fields, path=""):
    """The path of every field that a return value has. Below names that are not fixed, such as versions, stands ``*``."""
    if isinstance(value, list):
        for inner in value:
            yield from shown_in(inner, fields, path)
    elif isinstance(value, dict):
        for key, inner in value.items():
            here = f"{path}.{key}"
            yield here
            field = fields.get(key, {})
            if path == ".mail_posture":
                yield from (f"{path}.*.{name}" for name in inner)
            elif key in BY_VERSION:
                yield from (f"{here}.*.{name}" for each in inner.values() if isinstance(each, dict) for name in each)
            else:
                yield from shown_in(inner, field.get("contains", {}), here)


def documented_in(fields, path=""):
    """The path of every field that RETURN has."""
    for key, field in fields.items():
        here = f"{path}.{key}"
        yield here
        yield from (f"{here}.*.{name}" for name in named_in(field))
        yield from documented_in(field.get("contains", {}), here)


@pytest.fixture(scope="module")
def told(keys):
    """The findings, and the ports as they are returned, with and without ``verbose``, of all telling cases."""
    findings, brief, verbose = [], [], []
    for case in TELLING:
        found, evidence = faults(case, keys)
        findings += found
        brief += [port_as_dict(port) for port in evidence]
        verbose += [port_as_dict(port, verbose=True) for port in evidence]
    return findings, brief, verbose


def test_every_field_of_a_port_is_documented_and_every_documented_field_is_shown(told):
    fields = documented("mail_ports_info")["ports"]["contains"]
    fields["after_tls"]["contains"] = fields["before_tls"]["contains"]
    shown = {path for port in told[1] + told[2] for path in shown_in(port, fields)}
    stands = set(documented_in(fields))
    assert shown - stands == set()
    assert stands - shown - NOT_SHOWN_HERE == set()


def test_every_field_of_a_finding_is_documented(told):
    (findings, _brief, _verbose), fields = told, documented("assert_mail_ports")["findings"]["contains"]
    shown = {key for finding in findings for key in finding.as_dict()}
    assert shown - set(fields) == set()
    assert set(fields) - set(Finding.__dataclass_fields__) == set()
    assert {"check", "host", "port", "service", "outcome", "addresses", "expected", "observed", "cause", "fix"} <= shown


def test_numbers_have_units():
    def numbers(fields):
        for key, field in fields.items():
            if field["type"] in ("int", "float"):
                yield key, json.dumps(field["description"])
            yield from numbers(field.get("contains", {}))

    units = r"\bport\b|[Nn]umber of|[Ss]econds|\bbits\b|\bdays\b"
    found = list(numbers(documented("mail_ports_info")["ports"]["contains"]))
    assert len(found) >= 8
    assert [key for key, text in found if not re.search(units, text)] == []
