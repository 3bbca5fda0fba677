# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which versions a port accepts, and which certificates it has."""

from __future__ import annotations

from typing import Sequence, Tuple

from . import posture_hellos as hellos
from .chain import kind_of
from .hello.client import TLS12, VERSION_NAMES
from .hello.groups import ALL_SCHEMES, scheme_kind
from .hello.sslv2 import Sslv2Hello
from .hello.traits import authenticated_by, suite_traits, suites_of
from .posture_asking import Reply
from .posture_enumerating import NO_KEY_SHARE
from .posture_evidence import ACCEPTED, INCONCLUSIVE, REJECTED, Answer
from .posture_inquiry import Inquiry

_OLD_VERSIONS = ("TLSv1.1", "TLSv1", "SSLv3")
_ECDSA_KINDS = ("ECDSA", "Ed25519", "Ed448")
_WITHOUT_SNI = "without SNI"


class VersionsLook:
    """:param exact_sets: they will be asked for, which says more of a version that is known to be accepted."""

    def __init__(self, inquiry: Inquiry, exact_sets: bool = False) -> None:
        self._inquiry = inquiry
        self._exact_sets = exact_sets
        self._seen_kind = ""
        if inquiry.application is not None and inquiry.application.chain:
            kind = kind_of(inquiry.application.chain[0])
            self._seen_kind = "ECDSA" if kind in _ECDSA_KINDS else kind if kind == "RSA" else ""

    def run(self) -> None:
        """All but SSL 2.0, which can wait."""
        self._look_at_tls13()
        self._look_at_old_versions()
        self._look_at_tls12()
        self._look_without_sni()

    def look_at_sslv2(self) -> None:
        inquiry = self._inquiry
        reply = inquiry.ask(Sslv2Hello())
        inquiry.versions["SSLv2"] = reply.about("SSLv2")
        if reply.flight.sslv2 is not None:
            inquiry.sslv2_suites = reply.flight.sslv2.suites
            if reply.flight.sslv2.certificate:
                # There is no SNI in SSL 2.0.
                inquiry.gathering.take_chain((reply.flight.sslv2.certificate,), bool(inquiry.server_name))

    def _look_at_tls13(self) -> None:
        inquiry = self._inquiry
        if self._exact_sets and inquiry.seen_groups("TLSv1.3"):
            inquiry.versions["TLSv1.3"] = Answer("TLSv1.3", ACCEPTED)
            return
        self._ask_for_everything_of("TLSv1.3")
        if inquiry.application is None or inquiry.application.version != "TLSv1.3" or inquiry.accepts("TLSv1.3"):
            return
        # The ordinary client's handshake is the better witness.
        why = inquiry.versions["TLSv1.3"].why or NO_KEY_SHARE
        inquiry.versions["TLSv1.3"] = Answer("TLSv1.3", ACCEPTED)
        doubt = Answer("TLSv1.3", INCONCLUSIVE, why)
        inquiry.outside_suites["TLSv1.3"] = inquiry.outside_groups["TLSv1.3"] = doubt

    def _look_at_old_versions(self) -> None:
        inquiry = self._inquiry
        for version in _OLD_VERSIONS:
            if version in inquiry.versions:
                continue
            reply = self._ask_for_everything_of(version)
            if reply.wrong_version:
                for older in _OLD_VERSIONS:
                    inquiry.versions.setdefault(older, Answer(older, REJECTED))

    def _ask_for_everything_of(self, version: str) -> Reply:
        inquiry = self._inquiry
        reply = inquiry.ask(hellos.everything_of(version, inquiry.server_name))
        inquiry.version_seen(version, reply)
        if reply.answer == ACCEPTED:
            # The versions up to TLS 1.1 can use the same suites.
            inquiry.whole[VERSION_NAMES[reply.version]] = reply.suite
        return reply

    # TLS 1.2, by the kind of key in the certificate

    def _look_at_tls12(self) -> None:
        inquiry = self._inquiry
        first, other = ("ECDSA", "RSA") if self._seen_kind == "ECDSA" else ("RSA", "ECDSA")
        shown = self._look_at_seen_kind(first)
        if shown.answer == ACCEPTED or shown.wrong_version or inquiry.asker.lost:
            inquiry.version_seen("TLSv1.2", shown)
            if inquiry.accepts("TLSv1.2"):
                self._look_at_other_kind(first, other)
            return
        second = self._ask_for(_by(other))
        if second.answer != ACCEPTED:
            second = inquiry.ask(hellos.everything_of("TLSv1.2", inquiry.server_name))
        inquiry.version_seen("TLSv1.2", second)
        if inquiry.accepts("TLSv1.2"):
            self._look_at_weak_signatures()

    def _look_at_seen_kind(self, kind: str) -> Reply:
        """The certificate of the kind that the ordinary client saw, without SNI first: what shows there as well need not be
        asked for again."""
        inquiry, application = self._inquiry, self._inquiry.application
        if not inquiry.server_name or not self._seen_kind or application is None:
            return self._ask_for(_by(kind))
        unnamed = inquiry.ask(hellos.tls12(_by(kind), alpn=inquiry.alpn), without_sni=True)
        if unnamed.wrong_version:
            return unnamed
        if unnamed.answer == ACCEPTED:
            inquiry.without_sni = unnamed.about(_WITHOUT_SNI)
            if unnamed.version != TLS12:
                return unnamed
            if unnamed.flight.certificates[:1] == application.chain[:1]:
                # The same leaf has the same chain, and is served by the same settings.
                inquiry.gathering.take_chain(unnamed.flight.certificates)
                inquiry.gathering.take_as_named(unnamed.flight)
                return unnamed
        # A refusal may be about the kind: without the name there may be another certificate.
        return self._ask_for(_by(kind))

    def _look_at_other_kind(self, first: str, other: str) -> None:
        """Whether there is a certificate of the other kind; and, in the same hello, whether the first kind signs with a scheme
        outside. A server that does neither refuses it, which proves both."""
        inquiry = self._inquiry
        weak = self._schemes_outside()
        weak_of_first = tuple(scheme for scheme in weak if scheme_kind(scheme) == first)
        of_other = tuple(scheme for scheme in ALL_SCHEMES if scheme_kind(scheme) != first)
        suites = _by(other) + (_signed(_by(first)) if weak_of_first else ())
        schemes = of_other + weak_of_first if weak_of_first else ALL_SCHEMES
        reply = self._ask_for(suites, schemes)
        if reply.answer == ACCEPTED and suite_traits(reply.suite).authentication == other:
            self._look_at_weak_signatures()
        elif reply.answer == ACCEPTED:
            inquiry.signatures = Answer("TLSv1.2", ACCEPTED)
            self._ask_for(_by(other))
        elif weak:
            inquiry.signatures = reply.about("TLSv1.2")

    def _look_at_weak_signatures(self) -> None:
        weak = self._schemes_outside()
        if weak:
            # Where one is accepted, a suite that is new may show too.
            seen = self._inquiry.seen_suites("TLSv1.2")
            suites = sorted(_signed(_by("RSA") + _by("ECDSA")), key=lambda suite: suite in seen)
            reply = self._ask_for(suites, weak)
            self._inquiry.signatures = reply.about("TLSv1.2")

    def _schemes_outside(self) -> Tuple[int, ...]:
        inside = self._inquiry.left_out.signatures
        return () if inside is None else tuple(scheme for scheme in ALL_SCHEMES if scheme not in inside)

    def _look_without_sni(self) -> None:
        inquiry = self._inquiry
        if not inquiry.server_name or inquiry.without_sni is not None:
            return
        for version in ("TLSv1.2", "TLSv1.3", *_OLD_VERSIONS):
            # SSL 3.0 has no SNI.
            if inquiry.accepts(version) and version != "SSLv3":
                reply = inquiry.ask(hellos.everything_of(version), without_sni=True)
                inquiry.without_sni = reply.about(_WITHOUT_SNI)
                return

    def _ask_for(self, suites: Sequence[int], schemes: Sequence[int] = ALL_SCHEMES) -> Reply:
        inquiry = self._inquiry
        return inquiry.ask(hellos.tls12(suites, schemes=schemes, server_name=inquiry.server_name, alpn=inquiry.alpn))


def _by(kind: str) -> Tuple[int, ...]:
    return authenticated_by(suites_of("TLSv1.2"), kind)


def _signed(suites: Sequence[int]) -> Tuple[int, ...]:
    """Those in whose key exchange the server signs."""
    return tuple(suite for suite in suites if suite_traits(suite).key_exchange in ("ECDHE", "DHE"))
