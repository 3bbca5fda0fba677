# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is there though nothing requires it, joined: the filter's finding of an opening learns who is behind it."""

from __future__ import annotations

from typing import Iterator, Sequence

from ..dataclass import replace
from ..intent.services import Service
from .checks import CHECKS
from .diagnosis import Views
from .diagnosis_views import listeners_on, opening_covers
from .finding import FAIL, UNKNOWN, Finding
from .joined_part import Part
from .surplus import Surplus, find_surplus
from .wording import first_of

_MOST_OPEN = 10


def tell_surplus(seen: Views, services: Sequence[Service], parts: list[Part], joined: list[Finding]) -> None:
    """Changes the parts that are about a surplus; what no part is about is added to ``joined``."""
    _fold_those_who_may_not_connect(parts, services)
    if seen.listeners is None:
        return
    joined.extend(_closed_to_whom(seen, services))
    behind_no_filter: list[Surplus] = []
    for surplus in find_surplus(seen.host, services, seen.listeners, seen.openings):
        mine = [
            part
            for part in parts
            if part.finding.check == "firewall.surplus-opening"
            and part.finding.outcome == FAIL
            and part.finding.port == surplus.port
            and part.finding.observed.startswith(surplus.protocol + " ")
        ]
        for part in mine:
            cause = f"{part.finding.cause}; {surplus.text}"
            part.finding = replace(part.finding, cause=cause, diagnosis=surplus.cause, settles=surplus.settles)
        if mine:
            _fold_the_clients_word(parts, surplus, mine[0])
        elif surplus.cause == "surplus.published":
            joined.append(_published(surplus, seen))
        else:
            behind_no_filter.append(surplus)
    for part in parts:
        if part.finding.check == "firewall.unfiltered" and part.finding.outcome == FAIL and behind_no_filter:
            part.finding = _with_doors(part.finding, behind_no_filter)


def _fold_those_who_may_not_connect(parts: list[Part], services: Sequence[Service]) -> None:
    """A port that the filter opens to more than may connect, and a client that got in so, are one fault."""
    for service in services:
        opened = next(
            (
                part
                for part in parts
                if (part.finding.check, part.finding.outcome) == ("firewall.surplus-opening", FAIL)
                and part.finding.port == service.port
                and part.finding.observed.startswith("tcp ")
            ),
            None,
        )
        if opened is None or service.closed or service.protocol is None:
            continue
        for part in list(parts):
            mine = part.finding
            same_door = (mine.port, mine.service) == (service.port, service.label)
            if same_door and (mine.check, mine.outcome) == ("mail.closed", FAIL):
                parts.remove(part)
                by = ", ".join(part.seen_by)
                cause = f"{opened.finding.cause}; {by}, who may not connect, can"
                opened.finding = replace(opened.finding, cause=cause, addresses=mine.addresses)


def _fold_the_clients_word(parts: list[Part], surplus: Surplus, told: Part) -> None:
    """A port that must be closed, is open in the filter and answers, is one fault."""
    if surplus.protocol != "tcp":
        return
    for part in list(parts):
        mine = part.finding
        same_door = (mine.port, mine.service) == (surplus.port, told.finding.service)
        if same_door and (mine.check, mine.outcome) == ("mail.closed", FAIL):
            parts.remove(part)
            told.finding = replace(told.finding, cause=f"{told.finding.cause}; a client sees: {mine.observed}")


def _closed_to_whom(seen: Views, services: Sequence[Service]) -> Iterator[Finding]:
    """Where nobody looked at the filter, and no client at the port, a closed port with a listener is not known to be closed."""
    if seen.filter_findings:
        return
    looked = {each.port for place in seen.vantages for each in place.ports}
    for service in services:
        behind = listeners_on(seen.listeners, service) if seen.listeners else []
        owners = dict.fromkeys(each.owner for each in behind if not each.is_loopback)
        if service.closed and owners and not (service.transport == "tcp" and service.port in looked):
            yield Finding(
                "server.surplus",
                seen.host,
                service.port,
                service.label,
                UNKNOWN,
                (),
                "closed",
                f"{service.transport} {service.port} listens",
                f"{', '.join(owners)} listens, and what the filter does was not looked at",
                "stop it, or let it listen on loopback only",
                CHECKS["server.surplus"].source,
                settles="the module assert_firewall_ports, with become",
            )


def _published(surplus: Surplus, seen: Views) -> Finding:
    """A fault where the filter is known to forward to it; otherwise it is not known whether anybody gets there."""
    known = any(
        opening_covers({**opening, "path": "input"}, surplus.protocol, surplus.port)
        for opening in seen.openings
        if opening["certainty"] == "always" and opening["family"] in surplus.families
    )
    return Finding(
        "server.surplus",
        surplus.host,
        surplus.port,
        "",
        FAIL if known else UNKNOWN,
        (),
        "closed",
        f"{surplus.protocol} {surplus.port} published",
        surplus.text,
        surplus.remedy,
        CHECKS["server.surplus"].source,
        surplus.families,
        surplus.cause,
        surplus.settles,
    )


def _with_doors(finding: Finding, surplus: Sequence[Surplus]) -> Finding:
    """Without a filter, what listens is what is open."""
    doors = [f"{each.protocol} {each.port}" for each in surplus if each.cause.endswith("listening")]
    if not doors:
        return finding
    return replace(finding, cause=f"{finding.cause}; listening, and not required: {first_of(doors, _MOST_OPEN)}")
