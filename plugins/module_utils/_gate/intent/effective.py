# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A policy as plain data, with the keys that users write: what a name or a mapping comes to."""

from __future__ import annotations

from typing import Any

from .policy import CERTIFICATE_KEYS, KEYS, Policy
from .rule import Rule
from .vocabulary import LEVELS


def policy_as_dict(policy: Policy) -> dict[str, Any]:
    """Every rule with its level and its source. But for ``name`` and ``sources`` it can be given as a policy again."""
    plain: dict[str, Any] = {
        "name": policy.name,
        "min_version": policy.min_version,
        "required_versions": list(policy.required_versions),
        "discouraged_versions": list(policy.discouraged_versions),
        "min_days": policy.min_days,
        "features": dict(policy.features),
        "certificate": {},
        "sources": dict(policy.sources),
    }
    for key in KEYS:
        if key in policy.rules:
            plain[key] = rule_as_dict(policy.rules[key])
        elif key in policy.numbers:
            plain[key] = policy.numbers[key]
    for key in CERTIFICATE_KEYS:
        full = f"certificate.{key}"
        plain["certificate"][key] = rule_as_dict(policy.rules[full]) if full in policy.rules else policy.numbers[full]
    return plain


def rule_as_dict(rule: Rule) -> dict[str, Any]:
    """A rule with the keys that users write, without empty lists."""
    plain: dict[str, Any] = {"others": rule.others}
    for level in LEVELS:
        plain[level] = rule.names(level)
        plain[f"{level}_traits"] = [trait for trait, named in rule.traits.items() if named == level]
    return {key: value for key, value in plain.items() if value}
