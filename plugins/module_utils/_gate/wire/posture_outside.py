# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a port accepts anything outside of what may be: suites by version, groups, and what shows only with some suites."""

from __future__ import annotations

from typing import List, Optional, Sequence

from . import posture_hellos as hellos
from .hello.groups import TLS12_GROUPS, TLS13_GROUPS, X25519MLKEM768
from .hello.traits import suite_traits, suites_of
from .posture_asking import Reply
from .posture_enumerating import ecdhe_suites
from .posture_evidence import ACCEPTED, REJECTED, VERSIONS, Answer
from .posture_inquiry import Inquiry, in_version


class OutsideLook:
    def __init__(self, inquiry: Inquiry) -> None:
        self._inquiry = inquiry

    def run(self) -> None:
        """What matters most comes first."""
        inquiry = self._inquiry
        for version in VERSIONS[:0:-1]:
            if inquiry.accepts(version):
                self._look_for_suites(version)
        if inquiry.accepts("TLSv1.3"):
            self._look_for_tls13_groups()
        if inquiry.accepts("TLSv1.2"):
            self._look_for_tls12_groups()

    def _look_for_suites(self, version: str) -> None:
        inquiry = self._inquiry
        inside = inquiry.left_out.suites.get(version)
        if inside is None or version in inquiry.outside_suites:
            return
        if inquiry.settle(inquiry.outside_suites, version, inquiry.seen_suites(version), inside):
            return
        others = [suite for suite in suites_of(version) if suite not in inside]
        hello = hellos.of_version(version, others, inquiry.server_name) if others else None
        reply = inquiry.ask(hello, for_any=True) if hello else None
        inquiry.outside_suites[version] = in_version(version, reply) if reply else Answer(version, REJECTED)

    def _look_for_tls13_groups(self) -> None:
        """Groups outside, and X25519MLKEM768 in the same hello where it has not shown itself: most servers refuse both."""
        version, inquiry = "TLSv1.3", self._inquiry
        inside = inquiry.left_out.groups
        if version in inquiry.outside_groups:
            return
        others: List[int] = []
        if inside is not None and not inquiry.settle(
            inquiry.outside_groups, version, inquiry.seen_groups(version), inside
        ):
            others = [group for group in TLS13_GROUPS if group not in inside]
            inquiry.outside_groups[version] = Answer(version, REJECTED)
        if X25519MLKEM768 not in inquiry.seen_groups(version) + others:
            reply = self._ask_for_groups([X25519MLKEM768] + others)
            # Where that is the one that was chosen, the others are still to be asked.
            if reply.answer != ACCEPTED or X25519MLKEM768 not in inquiry.seen_groups(version):
                self._note_groups(reply, others)
                return
        if others:
            self._note_groups(self._ask_for_groups(others), others)

    def _note_groups(self, reply: Reply, others: Sequence[int]) -> None:
        if others:
            self._inquiry.outside_groups["TLSv1.3"] = in_version("TLSv1.3", reply)

    def _ask_for_groups(self, groups: Sequence[int]) -> Reply:
        return self._inquiry.ask(hellos.tls13(suites_of("TLSv1.3"), groups, self._inquiry.server_name))

    def _look_for_tls12_groups(self) -> None:
        version, inquiry = "TLSv1.2", self._inquiry
        inside = inquiry.left_out.groups
        if inside is None or inquiry.settle(inquiry.outside_groups, version, inquiry.seen_groups(version), inside):
            return
        others = [group for group in TLS12_GROUPS if group not in inside]
        reply: Optional[Reply] = None
        if others:
            reply = inquiry.ask(hellos.tls12(ecdhe_suites(), others, server_name=inquiry.server_name))
        inquiry.outside_groups[version] = in_version(version, reply) if reply else Answer(version, REJECTED)

    def look_at_finite_fields_and_cbc(self) -> None:
        """The size of the finite field, and encrypt-then-MAC: they show only where such a suite is chosen."""
        inquiry = self._inquiry
        inside = inquiry.left_out.suites.get("TLSv1.2") or ()
        known = [suite for suite in suites_of("TLSv1.2") if suite in inside]
        finite = [suite for suite in known if suite_traits(suite).key_exchange == "DHE"]
        cbc = [suite for suite in known if suite_traits(suite).mode == "CBC"]
        if not inquiry.accepts("TLSv1.2") or not finite + cbc:
            return
        both = finite + [suite for suite in cbc if suite not in finite]
        reply = inquiry.ask(hellos.tls12(both, server_name=inquiry.server_name))
        if reply.answer != ACCEPTED:
            return
        if finite and reply.suite not in finite:
            inquiry.ask(hellos.tls12(finite, server_name=inquiry.server_name))
        if cbc and reply.suite not in cbc:
            inquiry.ask(hellos.tls12(cbc, server_name=inquiry.server_name))
