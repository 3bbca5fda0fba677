# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One port's evidence as plain data: by version rather than in lists, and short unless all of it is asked for."""

from __future__ import annotations

from typing import Any, Iterable, Sequence

from ..dataclass import asdict
from ..wire.evidence import PortEvidence
from ..wire.posture_evidence import ACCEPTED, INCONCLUSIVE, Answer, Groups, Posture, ServedCertificate, Suites

#: Texts of a list that are shown where not all are asked for.
_MOST = 10
_CERTIFICATE = ("kind", "key_bits", "curve", "names", "issuer", "not_after", "days_left", "sha256", "signatures")


def port_as_dict(evidence: PortEvidence, verbose: bool = False) -> dict[str, Any]:
    """One port's evidence without what is empty or not established. ``seconds`` to a millisecond.

    :param verbose: with the capability lines as sent, all accepted suites, whole chains and all facts of certificates.
    """
    plain: dict[str, Any] = without_empty(asdict(evidence))
    plain["seconds"] = round(evidence.seconds, 3)
    if evidence.posture is not None:
        plain["posture"] = without_empty(posture_as_dict(evidence.posture, verbose))
    if not verbose:
        for moment in ("before_tls", "after_tls"):
            plain.get(moment, {}).pop("lines", None)
        plain["notes"] = _shortened(plain.get("notes", []))
        for observed in plain.get("mail_posture", {}).values():
            observed.pop("why" if observed["answer"] in ("yes", "no") else "", None)
    return {key: value for key, value in plain.items() if value != []}


def posture_as_dict(posture: Posture, verbose: bool) -> dict[str, Any]:
    """The posture by version."""
    features = asdict(posture.features)
    return {
        "versions": [answer.subject for answer in posture.versions if answer.answer == ACCEPTED],
        "inconclusive": _doubts(posture),
        "suites": {suites.version: _accepted(suites, verbose) for suites in posture.suites},
        "groups": {groups.outside.subject: _accepted(groups, verbose) for groups in posture.groups},
        "certificates": _certificates(posture.certificates, verbose),
        "features": features,
        "without_sni": posture.without_sni.answer if posture.without_sni else None,
        "stopped": posture.stopped,
        "notes": list(posture.notes) if verbose else _shortened(posture.notes),
    }


def _doubts(posture: Posture) -> dict[str, str]:
    """What stayed inconclusive, and why."""
    named: list[tuple[str, Answer | None]] = [(answer.subject, answer) for answer in posture.versions]
    named += [(f"suites of {suites.version}", suites.outside) for suites in posture.suites]
    named += [(f"groups of {groups.outside.subject}", groups.outside) for groups in posture.groups]
    named += [("signatures", posture.signatures), ("without SNI", posture.without_sni)]
    return {name: answer.why for name, answer in named if answer is not None and answer.answer == INCONCLUSIVE}


def _accepted(found: Suites | Groups, verbose: bool) -> dict[str, Any]:
    """``outside``: whether anything is accepted beyond what the policy allows."""
    plain: dict[str, Any] = {
        "outside": found.outside.answer,
        "accepted": list(found.accepted) if verbose else _shortened(found.accepted),
        "complete": found.complete,
    }
    if isinstance(found, Suites):
        plain["server_chooses"] = found.server_chooses
    else:
        plain["finite_field_bits"] = list(found.finite_field_bits)
    return plain


def _certificates(served: Iterable[ServedCertificate], verbose: bool) -> list[dict[str, Any]]:
    """Each certificate once; ``sni`` tells for which hellos it is."""
    by_chain: dict[tuple[str, tuple[str, ...]], dict[str, Any]] = {}
    for certificate in served:
        facts = asdict(certificate)
        without_sni = facts.pop("without_sni")
        kept = facts if verbose else {name: facts[name] for name in _CERTIFICATE}
        kept["names"] = list(certificate.names) if verbose else _shortened(certificate.names)
        plain = by_chain.setdefault((certificate.sha256, certificate.chain), dict(kept, sni=[]))
        plain["sni"].append("without" if without_sni else "with")
    return list(by_chain.values())


def _shortened(texts: Sequence[str]) -> list[str]:
    return list(texts) if len(texts) <= _MOST else [*texts[:_MOST], f"and {len(texts) - _MOST} more"]


def without_empty(value: Any) -> Any:
    """The value without what is None, empty text, or an empty collection, at any depth."""
    if isinstance(value, dict):
        kept = {key: without_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item is not None and item not in ("", [], {})}
    if isinstance(value, (list, tuple)):
        return [without_empty(item) for item in value]
    return value
