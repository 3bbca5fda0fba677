# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies: what an encrypted connection must be like. A name, or a mapping that starts from one and overrides.

A policy is data: each published one is a file in ``policies/``, written with the same keys that users override (:data:`KEYS`,
explained in docs/policies.md).
"""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Optional

from ..dataclass import dataclass
from ..errors import IntentError
from .policies.bsi_tr_02102_2 import POLICY as BSI_TR_02102_2
from .policies.mozilla_intermediate import POLICY as MOZILLA_INTERMEDIATE
from .policies.mozilla_modern import POLICY as MOZILLA_MODERN
from .policies.ncsc_nl_2025 import POLICY as NCSC_NL_2025
from .policies.nist_800_52r2 import POLICY as NIST_800_52R2
from .policies.rfc8314 import POLICY as RFC8314
from .rule import Rule, RuleReader, names, one_of, refuse_unknown_keys
from .suites import is_tls13, suite_traits
from .vocabulary import (
    ALLOWED,
    CERTIFICATE_SIGNATURES,
    CURVES,
    DISCOURAGED,
    DSA_SCHEMES,
    FEATURE_LEVELS,
    FEATURES,
    FORBIDDEN,
    GROUPS,
    KEY_TYPES,
    MD5_AND_SHA1_SCHEMES,
    SHA224_SCHEMES,
    SIGNATURE_SCHEMES,
    VERSIONS,
)

POLICIES: dict[str, Mapping[str, Any]] = {
    "rfc8314": RFC8314,
    "mozilla-modern": MOZILLA_MODERN,
    "mozilla-intermediate": MOZILLA_INTERMEDIATE,
    "ncsc-nl-2025": NCSC_NL_2025,
    "bsi-tr-02102-2": BSI_TR_02102_2,
    "nist-800-52r2": NIST_800_52R2,
}
DEFAULT = "rfc8314"

#: What users may override, and what it means.
KEYS = {
    "extends": "the policy to start from (default: rfc8314)",
    "min_version": "the lowest version that is allowed, one of " + ", ".join(VERSIONS),
    "required_versions": "versions that the server must accept",
    "discouraged_versions": "versions below min_version that are a warning only",
    "suites": "cipher suites by IANA name",
    "groups": "key-exchange groups by IANA name",
    "signature_algorithms": "signature schemes of the TLS 1.2 key exchange by IANA name",
    "finite_field_bits": "bits that a finite-field group of TLS 1.2 must have at least",
    "finite_field_bits_good": "bits below which such a group is a warning",
    "certificate": "limits of the certificate, see below",
    "min_days": "days for which the certificate must still be valid (a third of its life, where that is less)",
    "features": "levels of features, see below",
}
CERTIFICATE_KEYS = {
    "key_types": "types of keys",
    "curves": "curves of ECDSA keys",
    "signatures": "signature algorithms of every certificate of the chain but the root",
    "leaf_signatures": "signature algorithms of the server's own certificate",
    "rsa_bits": "bits that an RSA or DSA key must have at least",
    "rsa_bits_good": "bits below which such a key is a warning",
    "max_days": "days of life that the certificate may have at most",
    "max_days_good": "days above which its life is a warning",
}
_NUMBERS = ("finite_field_bits", "finite_field_bits_good")
_CERTIFICATE_NUMBERS = ("rsa_bits", "rsa_bits_good", "max_days", "max_days_good")


def _vocabulary(*words: str) -> RuleReader:
    known = {word.lower() for word in words}
    return RuleReader(lambda name: name.lower() in known, words[:3])


_READERS = {
    "suites": RuleReader(
        lambda name: "unrecognised" not in suite_traits(name),
        ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"],
        traits=True,
    ),
    "groups": _vocabulary(*GROUPS),
    "signature_algorithms": _vocabulary(*SIGNATURE_SCHEMES, *DSA_SCHEMES, *MD5_AND_SHA1_SCHEMES, *SHA224_SCHEMES),
}
_CERTIFICATE_READERS = {
    "key_types": _vocabulary(*KEY_TYPES),
    "curves": _vocabulary(*CURVES),
    "signatures": _vocabulary(*CERTIFICATE_SIGNATURES),
    "leaf_signatures": _vocabulary(*CERTIFICATE_SIGNATURES),
}


@dataclass(frozen=True)
class Policy:
    """Rules by key, as :data:`KEYS` explains them; those of the certificate as ``certificate.KEY``.

    ``numbers``: None where the policy sets no limit. ``features``: a level of FEATURE_LEVELS for each of FEATURES.
    ``sources``: for each key (and ``features.NAME``) the section that asks for it.
    """

    name: str
    min_version: str
    required_versions: tuple[str, ...]
    discouraged_versions: tuple[str, ...]
    rules: Mapping[str, Rule]
    numbers: Mapping[str, Optional[int]]
    min_days: int
    features: Mapping[str, str]
    sources: Mapping[str, str]

    def version_level(self, version: str) -> str:
        """The level of a version such as ``TLSv1.2``. An unknown name is forbidden."""
        if self.allows_version(version):
            return ALLOWED
        return DISCOURAGED if version in self.discouraged_versions else FORBIDDEN

    def allows_version(self, version: str) -> bool:
        """Whether ``version`` (such as ``TLSv1.2``) is at least the required one. An unknown name is not."""
        return version in VERSIONS and VERSIONS.index(version) >= VERSIONS.index(self.min_version)

    def level(self, key: str, name: str) -> str:
        """The level of a name under a rule, such as ``("groups", "x25519")`` or ``("certificate.curves", "secp256r1")``."""
        return self.rules[key].level(name)

    def source(self, key: str) -> str:
        return self.sources.get(key, "")


@dataclass(frozen=True)
class Questions:
    """What a look need not ask, since the policy allows it: the look offers everything else. By IANA names.

    ``suites``: for each version that the policy allows, the allowed ones. ``groups``, ``signature_algorithms``: likewise.
    """

    suites: Mapping[str, tuple[str, ...]]
    groups: tuple[str, ...]
    signature_algorithms: tuple[str, ...]


def questions_of(
    policy: Policy, suites: Iterable[str], groups: Iterable[str], signature_algorithms: Iterable[str]
) -> Questions:
    """Which of the names that the look knows are allowed. What is discouraged is asked for like the forbidden."""
    allowed = [name for name in suites if policy.level("suites", name) == ALLOWED]
    of_tls13 = tuple(name for name in allowed if is_tls13(name))
    older = tuple(name for name in allowed if not is_tls13(name))
    versions = [version for version in VERSIONS if policy.allows_version(version) and version != "SSLv2"]
    return Questions(
        {version: of_tls13 if version == "TLSv1.3" else older for version in versions},
        tuple(name for name in groups if policy.level("groups", name) == ALLOWED),
        tuple(name for name in signature_algorithms if policy.level("signature_algorithms", name) == ALLOWED),
    )


def parse_policy(given: object, option: str = "policy") -> Policy:
    """The policy that ``given`` means: a name of :data:`POLICIES`, or a mapping with ``extends`` and overrides.

    :raises IntentError: unknown name, unknown key, or an unusable value; names the option, such as ``policy.min_days``.
    """
    if isinstance(given, str):
        given = {"extends": given}
        base_option = option
    elif isinstance(given, Mapping):
        base_option = option + ".extends"
    else:
        raise IntentError(option, given, "the name of a policy ({}) or a mapping".format(", ".join(POLICIES)))
    refuse_unknown_keys(given, tuple(KEYS), option)
    name = given.get("extends", DEFAULT)
    if not isinstance(name, str) or name not in POLICIES:
        raise IntentError(base_option, name, "one of " + ", ".join(POLICIES))
    base = _read(POLICIES[name], option, None)
    changes = {key: value for key, value in given.items() if key != "extends"}
    return _read(changes, option, base) if changes else base


def _read(given: Mapping[str, Any], option: str, base: Policy | None) -> Policy:
    """The policy of a file (``base`` is None: every key stands there) or of a user's mapping on top of ``base``."""
    certificate = given.get("certificate", {})
    features = given.get("features", {})
    for key, part, known in (("certificate", certificate, CERTIFICATE_KEYS), ("features", features, FEATURES)):
        if not isinstance(part, Mapping):
            raise IntentError(f"{option}.{key}", part, "a mapping with any of " + ", ".join(known))
        refuse_unknown_keys(part, tuple(known), f"{option}.{key}")
    rules = dict(base.rules) if base else {}
    numbers = dict(base.numbers) if base else {}
    for prefix, part, readers, counts in (
        ("", given, _READERS, _NUMBERS),
        ("certificate.", certificate, _CERTIFICATE_READERS, _CERTIFICATE_NUMBERS),
    ):
        for key, reader in readers.items():
            if key in part:
                rules[prefix + key] = reader.read(part[key], f"{option}.{prefix}{key}", rules.get(prefix + key))
        for key in counts:
            if key in part:
                numbers[prefix + key] = _number(part[key], f"{option}.{prefix}{key}")
    min_version = one_of(
        given.get("min_version", base.min_version if base else None), VERSIONS, option + ".min_version"
    )
    levels = dict(base.features) if base else {}
    for feature, level in features.items():
        levels[feature] = one_of(level, FEATURE_LEVELS, f"{option}.features.{feature}")
    return Policy(
        name=base.name.replace(" (changed)", "") + " (changed)" if base else given["name"],
        min_version=min_version,
        required_versions=_required(given, option, base.required_versions if base else (), min_version),
        discouraged_versions=_versions(
            given, "discouraged_versions", option, base.discouraged_versions if base else ()
        ),
        rules=rules,
        numbers=numbers,
        min_days=_days(given.get("min_days", base.min_days if base else None), option + ".min_days"),
        features=levels,
        sources=_sources(given, base),
    )


def _sources(given: Mapping[str, Any], base: Policy | None) -> Mapping[str, str]:
    if base is None:
        sources: Mapping[str, str] = given["sources"]
        return sources
    changed = dict(base.sources)
    for key, value in given.items():
        for name in [f"{key}.{part}" for part in value] if key in ("certificate", "features") else [key]:
            changed[name] = f"policy option {name}"
    return changed


def _versions(given: Mapping[str, Any], key: str, option: str, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    versions = names(given.get(key, otherwise), f"{option}.{key}")
    return tuple(one_of(version, VERSIONS, f"{option}.{key}") for version in versions)


def _required(given: Mapping[str, Any], option: str, otherwise: tuple[str, ...], lowest: str) -> tuple[str, ...]:
    """What must be accepted. A higher min_version takes away what the base required below it."""
    required = _versions(given, "required_versions", option, otherwise)
    allowed = VERSIONS[VERSIONS.index(lowest) :]
    if "required_versions" in given:
        for version in required:
            one_of(version, allowed, option + ".required_versions")
    return tuple(version for version in required if version in allowed)


def _number(value: object, option: str) -> int | None:
    """A limit; None (null) for none."""
    if value is None:
        return None
    try:
        number = int(str(value))
    except ValueError:
        number = -1
    if isinstance(value, bool) or number < 0:
        raise IntentError(option, value, "a whole number, or null for no limit")
    return number


def _days(value: object, option: str) -> int:
    try:
        days = int(str(value))
    except ValueError:
        days = -1
    if isinstance(value, bool) or not 0 <= days <= 3650:
        raise IntentError(option, value, "a whole number of days from 0 to 3650")
    return days
