# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes docs/policies.md: all policies side by side, from the data that the gate judges by."""

from __future__ import annotations

from typing import Callable, Iterable, Mapping

from _gate.intent.policies.opportunistic import OPPORTUNISTIC
from _gate.intent.policy import CERTIFICATE_KEYS, KEYS, POLICIES, Policy, parse_policy
from _gate.intent.suites import TRAITS, is_tls13
from _gate.intent.vocabulary import ALLOWED, DISCOURAGED, FEATURES, FORBIDDEN, LEVELS, VERSIONS

ALL: Mapping[str, Policy] = {name: parse_policy(name) for name in POLICIES}
WORDS = {ALLOWED: "yes", DISCOURAGED: "warn", FORBIDDEN: "**no**"}

INTRODUCTION = """# Policies

A policy says what an encrypted connection must be like. Give its name as `policy`, for a task or for one service, or a mapping
that starts from one and [changes it](#change-a-policy). `{{ 'ncsc-nl-2025' | mailops.gate.policy }}` shows what one comes to.

This page is made by `tests/tools/make_docs.py` from the files in `plugins/module_utils/_gate/intent/policies`, which are what
ports are judged by. Each rule there names the section that asks for it, and so does each finding. Where a publication says
nothing of what RFC 9325 and RFC 8314 ask of every mail server, its policy takes the rule from there. Rules of a publication that
cannot be seen from outside are left out of its policy; they are [listed below](#what-is-not-looked-at).

In the tables **no** is a failure when a server accepts it, warn a warning, and yes is right. On port 25
[other rules](#port-25) apply.
"""

PORT_25 = """## Port 25

A service with `encryption: opportunistic` (`smtp`) is asked by servers that deliver in clear where TLS fails, and most of which
do not look at the certificate. Weak encryption is better there than none. So under every policy:

"""

PORT_25_STRICT = """
For a port 25 that only your own servers use, set `encryption: starttls`: then the policy holds in full.
"""

CHANGE = """## Change a policy

A mapping with `extends` and any of these keys. Unknown keys, and names that IANA does not have, are refused.

```yaml
policy:
  extends: mozilla-intermediate
  min_days: 14
  suites:
    discouraged: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256] # one old client
  groups:
    forbidden: [secp384r1]
  certificate:
    rsa_bits: 3072
    max_days: 100
  features:
    client_certificate: ignored
```
"""


def policies_page() -> str:
    """The page as Markdown."""
    parts = [INTRODUCTION, _table("policy", ["published as"], ((f"`{name}`", [_link(name)]) for name in ALL))]
    parts += ["## TLS versions\n", _matrix(VERSIONS, Policy.version_level), _required()]
    suites = _named("suites")
    parts += ["## Cipher suites of TLS 1.3\n", _rule_matrix("suites", filter(is_tls13, suites))]
    parts += ["## Cipher suites of TLS 1.2\n", _rule_matrix("suites", (name for name in suites if not is_tls13(name)))]
    parts += [_traits(), "## Key-exchange groups\n", _rule_matrix("groups", _named("groups"))]
    parts += ["## Signatures of the TLS 1.2 key exchange\n", SCHEMES_NOTE, _rule_matrix("signature_algorithms")]
    parts += ["## Certificates\n", _rule_matrix("certificate.key_types"), _rule_matrix("certificate.curves")]
    parts += ["Signatures in the chain, and of the server's own certificate:\n", _rule_matrix("certificate.signatures")]
    parts += [_rule_matrix("certificate.leaf_signatures"), "## Limits\n", _limits(), "## Features\n", _features()]
    parts += [_port_25(), CHANGE, _keys(), "## Sources\n", *map(_sources, ALL), _not_observed()]
    return "\n".join(parts)


SCHEMES_NOTE = """Numbers are pairs of hash and signature that IANA does not name: `0x01..` MD5, `0x02..` SHA-1, `0x03..` SHA-224,
then `01` RSA, `02` DSA, `03` ECDSA.
"""


def _link(name: str) -> str:
    return f"[{POLICIES[name]['title']}]({POLICIES[name]['link']})"


def _table(first: str, heads: Iterable[str], rows: Iterable[tuple[str, Iterable[str]]]) -> str:
    heads = [first, *heads]
    lines = [heads, ["---"] * len(heads), *([label, *cells] for label, cells in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _matrix(
    names: Iterable[str], level: Callable[[Policy, str], str], others: Callable[[Policy], str] | None = None
) -> str:
    rows = [(f"`{name}`", [WORDS[level(policy, name)] for policy in ALL.values()]) for name in names]
    if others is not None:
        rows.append(("others", [WORDS[others(policy)] for policy in ALL.values()]))
    return _table("", ALL, rows)


def _rule_matrix(key: str, names: Iterable[str] | None = None) -> str:
    return _matrix(
        _named(key) if names is None else names,
        lambda policy, name: policy.level(key, name),
        None if key == "suites" else lambda policy: policy.rules[key].others,
    )


def _named(key: str) -> list[str]:
    """Every name that some policy mentions: allowed first, in the order of the policies."""
    found: dict[str, None] = {}
    for level in LEVELS:
        for policy in ALL.values():
            found.update(dict.fromkeys(policy.rules[key].names(level)))
    return list(found)


def _required() -> str:
    required = [f"`{name}`: {', '.join(p.required_versions)}" for name, p in ALL.items() if p.required_versions]
    return f"Versions that must be accepted: {'; '.join(required)}.\n"


def _traits() -> str:
    lines = ["Suites that no table names are judged so:\n"]
    for name, policy in ALL.items():
        rule = policy.rules["suites"]
        lines.append(f"- `{name}`: {WORDS[rule.others]}" + (", but for" if rule.traits else ""))
        lines += [f"  - {trait} ({TRAITS[trait]}): {WORDS[level]}" for trait, level in rule.traits.items()]
    return "\n".join(lines) + "\n"


def _limits() -> str:
    texts = {**KEYS, **{f"certificate.{key}": text for key, text in CERTIFICATE_KEYS.items()}}
    keys = next(iter(ALL.values())).numbers
    rows = [
        (texts[key], ["–" if p.numbers[key] is None else str(p.numbers[key]) for p in ALL.values()]) for key in keys
    ]
    rows.append((KEYS["min_days"], [str(policy.min_days) for policy in ALL.values()]))
    return _table("", ALL, rows)


def _features() -> str:
    rows = ((text, [policy.features[name] for policy in ALL.values()]) for name, text in FEATURES.items())
    note = "What is required or forbidden and found otherwise fails, what is recommended or discouraged warns. A certificate\n"
    note += "with Must-Staple needs a staple under every policy (RFC 7633).\n"
    return _table("", ALL, rows) + "\n" + note


def _port_25() -> str:
    sources: Mapping[str, str] = OPPORTUNISTIC["sources"]  # type: ignore[assignment]
    rules = {
        "forbidden_becomes": "what is forbidden is a warning",
        "versions": "but SSLv2 stays forbidden",
        "traits": "and so do suites without encryption",
        "without_sni": "a handshake without a server name must succeed; no other port is asked for that",
        "certificates_without_sni": "the certificate that it gets is judged with the others",
    }
    return (
        PORT_25
        + _table("rule", ["source"], ((rules[key], [source]) for key, source in sources.items()))
        + PORT_25_STRICT
    )


def _keys() -> str:
    rows = [(f"`{key}`", [text]) for key, text in KEYS.items()]
    rows += [(f"`certificate.{key}`", [text]) for key, text in CERTIFICATE_KEYS.items()]
    rows += [(f"`features.{key}`", [text]) for key, text in FEATURES.items()]
    lists = """
Names (`suites`, `groups`, `signature_algorithms`, `certificate.key_types`, `certificate.curves`, `certificate.signatures`,
`certificate.leaf_signatures`) are given as lists under `allowed`, `discouraged` and `forbidden`: a name moves to the list in
which it stands now. `others` (one of the three) says what holds for every name that no list has. For `suites`,
`discouraged_traits` and `forbidden_traits` concern what is not named, too:

"""
    traits = "".join(f"- `{trait}`: {text}\n" for trait, text in TRAITS.items())
    levels = "\nLevels of features are `required`, `recommended`, `ignored`, `discouraged` and `forbidden`.\n"
    levels += "A limit of `null` is none.\n"
    return _table("key", ["what it sets"], rows) + lists + traits + levels


def _sources(name: str) -> str:
    rows = ((f"`{key}`", [source]) for key, source in ALL[name].sources.items())
    return f"### {POLICIES[name]['title']}\n\n" + _table("rule", ["source"], rows)


def _not_observed() -> str:
    lines = ["## What is not looked at\n", "Rules that cannot be seen from outside, or not at a fair cost:\n"]
    for name in ALL:
        lines += [f"- `{name}`", *(f"  - {rule}" for rule in POLICIES[name]["not_observed"])]
    return "\n".join(lines) + "\n"
