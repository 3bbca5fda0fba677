# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings of all views, joined: what one cause explains is told once, by that cause.

A finding of a view goes only where another one that is no better takes its place. So the joined verdict is never better than any
view's own, but for one thing: that the host itself gets in where nobody else should is no fault where the filter or a client from
elsewhere was asked.
"""

from __future__ import annotations

from typing import Iterator, Mapping, Sequence

from ..dataclass import replace
from ..intent.services import Service
from . import causes as shows
from .causes import CAUSES
from .checks import CHECKS
from .diagnosis import Diagnosis, Views, diagnose, looked_at
from .diagnosis_views import ANSWERS, FILTER_CHECKS, family_of, is_about
from .finding import FAIL, PASS, UNKNOWN, WARN, Finding
from .joined_lists import tell_other_lists
from .joined_part import Part
from .joined_surplus import tell_surplus
from .vantage import sent_nothing
from .weight import worst

_ITSELF = "the host itself can connect, which a filter does not stop as a rule, and nobody looked from elsewhere"
_NOT_DECIDED = ("unknown", "unknown.not-seen-from-outside")


def join_views_of_server(
    services: Sequence[Service],
    seen: Views,
    beside: Sequence[Finding] = (),
    missing: Mapping[str, str] | None = None,
) -> list[Finding]:
    """All findings about one server, each fault once.

    :param beside: findings that no view of the live host explains, such as those about candidate rules.
    :param missing: looks that were asked for and gave nothing, each with the reason.
    """
    joined = _Join(services, seen).run()
    for view, why in (missing or {}).items():
        joined.append(_not_looked_at(seen.host, view, why))
    return [*joined, *tell_other_lists(services, seen, beside), *beside]


class _Join:
    def __init__(self, services: Sequence[Service], seen: Views) -> None:
        self.services = services
        self.seen = seen
        self.parts = [*_of_vantages(seen), *(Part(finding) for finding in seen.filter_findings)]
        self.joined: list[Finding] = []

    def run(self) -> list[Finding]:
        diagnoses = {(each.transport, each.port): each for each in diagnose(self.services, self.seen)}
        for service in self.services:
            found = diagnoses.get((service.transport, service.port))
            for each in (found, found.other if found else None):
                if each is not None and not each.is_fine:
                    self._tell(service, each)
            if found is not None:
                self._pass(service, found)
        self._judge_name(list(diagnoses.values()))
        tell_surplus(self.seen, self.services, self.parts, self.joined)
        return [*self.joined, *self._rest()]

    # -- one diagnosis -------------------------------------------------------------------------------------------------

    def _tell(self, service: Service, found: Diagnosis) -> None:
        kind = found.cause.partition(".")[0]
        if found.cause in _NOT_DECIDED:
            self._tell_undecided(service, found)
        elif "talk" in CAUSES[found.cause].when:
            self._mark(found)
        elif kind == "filter":
            self._tell_filter(found)
        elif kind == "name":
            self._tell_name(found)
        elif kind == "listen":
            observed = dict(found.facts)["listening"]
            self._add(found, _finding(found, "server.listening", FAIL, "listening where clients connect", observed))
        elif kind == "views":
            taken = self._take(found, FILTER_CHECKS) if found.cause == "views.open-through-filter" else []
            self._add(found, _finding(found, "server.views", UNKNOWN, "views that fit together", _shown(found)), taken)
        else:
            facts = dict(found.facts)
            observed = next(facts[view] for view in ("outside", "here") if facts[view] != shows.UNKNOWN)
            self._add(found, _finding(found, "mail.reachable", FAIL, "open", observed))

    def _tell_undecided(self, service: Service, found: Diagnosis) -> None:
        """Where a view has a fault or a doubt of its own, that says more. Doors that are no mail service have no clients here."""
        mine = [part.finding for part in self.parts if part.is_about(found)]
        if (
            service.protocol is None
            or not self.seen.vantages
            or worst(each.outcome for each in mine) in (FAIL, UNKNOWN)
        ):
            return
        looked = {port.family for each in self.seen.vantages for port in each.ports if port.port == found.port}
        outcome = WARN if looked.issuperset(found.families) else UNKNOWN
        self._add(found, _finding(found, "server.views", outcome, "seen by a client from elsewhere", _shown(found)))

    def _tell_filter(self, found: Diagnosis) -> None:
        taken = self._take(found, FILTER_CHECKS)
        if taken:
            self._add(found, replace(taken[0], diagnosis=found.cause, settles=found.settles), taken)
            return
        for index, each in enumerate(self.joined):  # a fault of both families, told for the other one already
            if each.check in FILTER_CHECKS and is_about(each, found.port, found.service, found.transport):
                unreachable = self._take(found, ("mail.reachable",))
                self.joined[index] = replace(
                    each,
                    addresses=(*each.addresses, *(address for finding in unreachable for address in finding.addresses)),
                    cause="{}; {}".format(each.cause, _with_clients(found.text, unreachable)),
                )

    def _tell_name(self, found: Diagnosis) -> None:
        """Once for all services: it is the host's name."""
        unreachable = self._take(found, ("mail.reachable",))
        if not any(each.diagnosis == found.cause for each in self.joined):
            finding = _finding(found, "server.name", FAIL, "the addresses of this host", dict(found.facts)["names"])
            self.joined.append(replace(finding, port=0, service="", cause=_with_clients(found.text, unreachable)))

    def _mark(self, found: Diagnosis) -> None:
        """The finding of the wire says what is the matter, for the software that was recognised; who holds a port, it cannot."""
        for part in self.parts:
            mine = part.finding
            if found.finding is not None and _is_same(mine, found.finding) and not mine.diagnosis:
                cause = found.text if found.cause == "server.other-process" else mine.cause
                part.finding = replace(mine, diagnosis=found.cause, settles=found.settles, cause=cause)

    def _add(self, found: Diagnosis, finding: Finding, taken: Sequence[Finding] = ()) -> None:
        """The finding by which a cause is told, in the place of those that it explains."""
        unreachable = self._take(found, ("mail.reachable",))
        told = found.text if finding.check == "mail.reachable" else _with_clients(found.text, unreachable)
        self.joined.append(
            replace(
                finding,
                outcome=worst([finding.outcome, *(each.outcome for each in (*taken, *unreachable))]),
                addresses=tuple(dict.fromkeys(address for each in unreachable for address in each.addresses)),
                cause=told,
            )
        )

    def _take(self, found: Diagnosis, checks: Sequence[str]) -> list[Finding]:
        """Takes the faults that the cause explains out of the parts: of the port, and of the families that it holds for."""
        taken: list[Finding] = []
        left: list[Part] = []
        for part in self.parts:
            mine = part.finding
            fits = mine.check in checks and mine.outcome != PASS and part.is_about(found)
            if not fits or (mine.check == "mail.reachable" and mine.outcome != FAIL):
                left.append(part)
                continue
            other = tuple(each for each in mine.addresses if family_of(each) not in found.families)
            if other and found.cause != "name.not-found":
                left.append(Part(replace(mine, addresses=other), part.seen_by))
                mine = replace(mine, addresses=tuple(each for each in mine.addresses if each not in other))
            if mine.addresses or not other:
                taken.append(mine)
        self.parts = left
        return taken

    # -- what is right, and the rest -----------------------------------------------------------------------------------

    def _pass(self, service: Service, found: Diagnosis) -> None:
        causes = [each.cause for each in (found, found.other) if each is not None]
        right = ["server.views"] if found.is_fine else []
        if dict(found.facts)["listening"] == shows.HERE and not any(cause.startswith("listen.") for cause in causes):
            right.append("server.listening")
        self.joined += [Finding(check, self.seen.host, service.port, service.label, PASS) for check in right]

    def _judge_name(self, diagnoses: Sequence[Diagnosis]) -> None:
        name = self.seen.name
        if name is not None and name.unanswered:
            fix = "mend the resolver of the controller; or leave names out of the views, where DNS is no matter"
            self.joined.append(
                Finding("server.name", self.seen.host, 0, "", UNKNOWN, (), "an answer", "none", name.unanswered, fix)
            )
            return
        shown = {dict(each.facts)["names"] for each in diagnoses}
        if any(each.check == "server.name" for each in self.joined):
            return
        if shows.BY_FILES in shown:
            self.joined.append(_known_without_dns(self.seen.host, looked_at(self.seen)))
        elif shows.HERE in shown:
            self.joined.append(Finding("server.name", self.seen.host, 0, "", PASS))

    def _rest(self) -> Iterator[Finding]:
        """What no cause took: faults and doubts as they are, and what passes everywhere, once."""
        told = {_place(part.finding) for part in self.parts if part.finding.outcome != PASS}
        passed = set()
        for part in self.parts:
            place = _place(part.finding)
            if part.finding.outcome != PASS:
                yield self._with_vantages(part)
            elif place not in told and place not in passed:
                passed.add(place)
                yield part.finding

    def _with_vantages(self, part: Part) -> Finding:
        """The finding, with those who saw it where others looked at the port and did not."""
        looked = [
            each.name for each in self.seen.vantages if any(port.port == part.finding.port for port in each.ports)
        ]
        if not part.seen_by or set(looked) == set(part.seen_by):
            return part.finding
        return replace(part.finding, observed="{} (from {})".format(part.finding.observed, ", ".join(part.seen_by)))


def _of_vantages(seen: Views) -> list[Part]:
    """What all vantages found, the same finding of several once."""
    found: dict[Finding, tuple[dict[str, None], dict[str, None]]] = {}
    for vantage in seen.vantages:
        for finding in vantage.findings:
            if vantage.itself and (finding.check, finding.outcome) == ("mail.closed", FAIL):
                if seen.filter_findings or finding.port in _seen_from_elsewhere(seen):
                    continue
                finding = replace(finding, outcome=UNKNOWN, cause=_ITSELF)
            addresses, names = found.setdefault(replace(finding, addresses=()), ({}, {}))
            addresses.update(dict.fromkeys(finding.addresses))
            names[vantage.name] = None
    return [
        Part(replace(finding, addresses=tuple(addresses)), tuple(names))
        for finding, (addresses, names) in found.items()
    ]


def _seen_from_elsewhere(seen: Views) -> set[int]:
    """The ports at which another machine learned whether it can connect."""
    return {
        port.port
        for place in seen.vantages
        for port in place.ports
        if not place.itself and port.state in ANSWERS and not sent_nothing(port)
    }


def _finding(found: Diagnosis, check: str, outcome: str, expected: str, observed: str) -> Finding:
    return Finding(
        check,
        found.host,
        found.port,
        found.service,
        outcome,
        (),
        expected,
        observed,
        found.text,
        found.remedy,
        CHECKS[check].source,
        found.families,
        found.cause,
        found.settles,
    )


def _shown(found: Diagnosis) -> str:
    """What each view shows, of those that show something."""
    known = [f"{view} {shown}" for view, shown in found.facts if shown != shows.UNKNOWN and view != "other_family"]
    return "; ".join(known) or "nothing"


def _with_clients(cause: str, unreachable: Sequence[Finding]) -> str:
    words = dict.fromkeys(each.observed for each in unreachable)
    return "{}; a client sees: {}".format(cause, ", ".join(words)) if words else cause


def _is_same(one: Finding, other: Finding) -> bool:
    """But for the addresses."""
    return replace(one, addresses=()) == replace(other, addresses=())


def _place(finding: Finding) -> tuple[str, int, str]:
    return finding.check, finding.port, finding.service


def _known_without_dns(host: str, addresses: Sequence[str]) -> Finding:
    return Finding(
        "server.name",
        host,
        0,
        "",
        WARN,
        tuple(addresses),
        "an address in DNS",
        "none",
        f"{host} is no name of the public DNS, and those who look know it in another way (/etc/hosts, a search list)",
        "none where all clients know it so; otherwise publish it. Leave names out of the views where DNS is no matter",
        CHECKS["server.name"].source,
    )


def _not_looked_at(host: str, view: str, why: str) -> Finding:
    fix = "mend what keeps it from being looked at, or leave that view out"
    return Finding("server.looked-at", host, 0, view, UNKNOWN, (), "looked at", "not looked at", f"{view}: {why}", fix)
