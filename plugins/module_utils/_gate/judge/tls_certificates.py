# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates that a port serves, held against the policy: keys, signatures, life, chain, usage, staple.

Trust, name and validity of the one that an ordinary client gets are judged in :mod:`judge.mail_ports`; of any other one here.
"""

from __future__ import annotations

import re
from typing import Callable, Iterator, NamedTuple, Sequence

from ..intent.vocabulary import ALLOWED, DISCOURAGED, FORBIDDEN
from ..wire.names import as_address, matches
from ..wire.posture_evidence import ACCEPTED, Posture, ServedCertificate
from .finding import UNKNOWN, Finding
from .place import Place
from .weight import is_opportunistic, weigh, worst


class _Fault(NamedTuple):
    """One thing wrong with one certificate. ``source``: "" for that of the check."""

    level: str
    expected: str
    observed: str
    source: str = ""


def judge_certificates(place: Place, posture: Posture) -> Iterator[Finding]:
    """The findings about every certificate that clients of the service meet."""
    served = _met(place, posture)
    if not served:
        if any(answer.answer == ACCEPTED for answer in posture.versions):
            yield place.finding("mail.certificate-key", UNKNOWN, "a certificate", "not established", "none was seen")
        return
    yield _about(place, "mail.certificate-key", served, _key_faults)
    yield _about(place, "mail.certificate-signature", served, _signature_faults)
    numbers = place.service.policy.numbers
    if numbers["certificate.max_days"] is not None or numbers["certificate.max_days_good"] is not None:
        yield _about(place, "mail.certificate-lifetime", served, _life_faults)
    yield _about(place, "mail.certificate-chain", served, _chain_faults)
    yield _about(place, "mail.certificate-usage", served, _usage_faults)
    yield from _staple(place, posture, served)
    yield from _others(place, served)


def _met(place: Place, posture: Posture) -> list[ServedCertificate]:
    """Each certificate once. One that only a hello without a server name gets counts where clients send none."""
    by_print: dict[str, ServedCertificate] = {}
    for certificate in sorted(posture.certificates, key=lambda one: one.without_sni):
        if not certificate.without_sni or is_opportunistic(place.service):
            by_print.setdefault(certificate.sha256, certificate)
    return list(by_print.values())


def _about(
    place: Place,
    check: str,
    served: Sequence[ServedCertificate],
    faults_of: Callable[[Place, ServedCertificate], Iterator[_Fault]],
) -> Finding:
    """One finding over all certificates; each fault says which certificate it is about where there are several."""
    faults = [(certificate, fault) for certificate in served for fault in faults_of(place, certificate)]
    several = len(served) > 1
    return place.finding(
        check,
        worst(weigh(place.service, fault.level) for _certificate, fault in faults),
        _joined(fault.expected for _certificate, fault in faults),
        _joined(
            (f"{certificate.kind} certificate: " if several else "") + fault.observed for certificate, fault in faults
        ),
        _joined(f"certificate of {certificate.subject}" for certificate, _fault in faults),
        source=_joined(fault.source for _certificate, fault in faults if fault.source),
    )


def _joined(texts: Iterator[str]) -> str:
    return ", ".join(dict.fromkeys(texts))


def _key_faults(place: Place, certificate: ServedCertificate) -> Iterator[_Fault]:
    policy = place.service.policy
    level = policy.level("certificate.key_types", certificate.kind)
    if level != ALLOWED:
        rule = policy.rules["certificate.key_types"]
        allowed = [kind for kind in ("RSA", "ECDSA", "Ed25519", "Ed448") if rule.level(kind) == ALLOWED]
        source = policy.source("certificate.key_types")
        yield _Fault(level, " or ".join(allowed) + " key", f"{certificate.kind} key", source)
        return
    if certificate.kind in ("RSA", "DSA"):
        least, good = policy.numbers["certificate.rsa_bits"], policy.numbers["certificate.rsa_bits_good"]
        for level, bits, key in ((FORBIDDEN, least, "rsa_bits"), (DISCOURAGED, good, "rsa_bits_good")):
            if bits is not None and certificate.key_bits < bits:
                expected = f"{certificate.kind} key of at least {bits} bits"
                observed = f"{certificate.kind} key of {certificate.key_bits} bits"
                yield _Fault(level, expected, observed, policy.source(f"certificate.{key}"))
                return
    elif certificate.kind == "ECDSA":
        level = policy.level("certificate.curves", certificate.curve)
        if level != ALLOWED:
            source = policy.source("certificate.curves")
            yield _Fault(level, f"ECDSA key on a curve of {policy.name}", f"ECDSA key on {certificate.curve}", source)


def _signature_faults(place: Place, certificate: ServedCertificate) -> Iterator[_Fault]:
    policy = place.service.policy
    for position, signature in enumerate(certificate.signatures):
        keys = ["certificate.signatures"] + (["certificate.leaf_signatures"] if position == 0 else [])
        for key in keys:
            level = policy.level(key, signature)
            if level != ALLOWED:
                yield _Fault(level, f"not {signature}", signature, policy.source(key))
                break


def _life_faults(place: Place, certificate: ServedCertificate) -> Iterator[_Fault]:
    policy = place.service.policy
    for level, key in ((FORBIDDEN, "certificate.max_days"), (DISCOURAGED, "certificate.max_days_good")):
        most = policy.numbers[key]
        if most is not None and certificate.lifetime_days > most:
            yield _Fault(
                level, f"at most {most} days of life", f"{certificate.lifetime_days} days of life", policy.source(key)
            )
            return


def _chain_faults(place: Place, certificate: ServedCertificate) -> Iterator[_Fault]:
    ordinary = place.evidence.tls
    # That the chain of an ordinary handshake leads nowhere is told by mail.certificate-trust.
    told = (
        ordinary is not None
        and ordinary.trusted is False
        and ordinary.certificate is not None
        and ordinary.certificate.sha256 == certificate.sha256
    )
    if not certificate.ordered:
        yield _Fault(FORBIDDEN, "each certificate issued by the next", " | ".join(certificate.chain))
    elif certificate.complete is False and place.service.trust != "none" and not told:
        yield _Fault(FORBIDDEN, "a chain up to an authority", "an intermediate is missing")
    if certificate.root_sent:
        yield _Fault(DISCOURAGED, "no root certificate", "the root is sent too")


def _usage_faults(_place: Place, certificate: ServedCertificate) -> Iterator[_Fault]:
    extended = _spelled(certificate.extended_key_usage)
    if extended and not extended & {"serverauth", "anyextendedkeyusage", "136155731"}:
        yield _Fault(FORBIDDEN, "serverAuth", ", ".join(certificate.extended_key_usage))
    usage = _spelled(certificate.key_usage)
    if usage and "digitalsignature" not in usage:
        yield _Fault(FORBIDDEN, "digitalSignature", ", ".join(certificate.key_usage))


def _spelled(names: Sequence[str]) -> set[str]:
    """Names without regard to spelling: ``digital_signature`` is ``digitalSignature``."""
    return {re.sub(r"[^a-z0-9]", "", name.lower()) for name in names}


def _staple(place: Place, posture: Posture, served: Sequence[ServedCertificate]) -> Iterator[Finding]:
    policy, stapled = place.service.policy, posture.features.ocsp_staple
    must = any(certificate.must_staple for certificate in served)
    level = {"required": FORBIDDEN, "recommended": DISCOURAGED}.get(policy.features["ocsp_staple"], "")
    wanted = level if any(certificate.ocsp_responder for certificate in served) else ""
    if not must and not wanted:
        return
    outcome = (
        UNKNOWN if stapled is None else weigh(place.service, ALLOWED if stapled else FORBIDDEN if must else wanted)
    )
    yield place.finding(
        "mail.certificate-staple",
        outcome,
        "an OCSP staple",
        "not established" if stapled is None else "none",
        "the certificate says that clients must refuse it without one" if must else "",
        source="RFC 7633 section 4.3" if must else policy.source("features.ocsp_staple"),
    )


def _others(place: Place, served: Sequence[ServedCertificate]) -> Iterator[Finding]:
    """Name and validity of certificates that the ordinary handshake did not show: a second key, which other clients get."""
    ordinary = place.evidence.tls.certificate if place.evidence.tls else None
    for certificate in served:
        if certificate.without_sni or ordinary is None or certificate.sha256 == ordinary.sha256:
            continue
        outcome = weigh(place.service, FORBIDDEN)
        whose = f"the {certificate.kind} certificate, which some clients get"
        dns_names = [name for name in certificate.names if as_address(name) is None]
        addresses = [address for address in map(as_address, certificate.names) if address is not None]
        if not matches(place.name, dns_names, addresses):
            observed = ", ".join(certificate.names) or "no names"
            yield place.finding("mail.certificate-name", outcome, place.name, observed, whose + ", is for another name")
        threshold = min(place.service.policy.min_days, certificate.lifetime_days // 3)
        if certificate.not_yet_valid or certificate.days_left < threshold:
            yield place.finding(
                "mail.certificate-validity",
                outcome,
                f"valid now and for {threshold} days more",
                f"valid from {certificate.not_before} to {certificate.not_after}",
                f"{whose}: {'it is not valid yet' if certificate.not_yet_valid else f'{certificate.days_left} days left'}",
            )
