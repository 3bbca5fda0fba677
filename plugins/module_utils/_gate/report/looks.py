# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was looked at, host by host, from the results that tasks registered."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence

from ..dataclass import dataclass, field, replace
from ..errors import IntentError
from ..intent.policy import parse_policy
from ..intent.services import Defaults, Service, parse_services
from ..judge.finding import Finding
from ..judge.verdict import Verdict, reach_verdict
from ..packetfilter.addresses import range_of
from .order import natural
from .plain import findings_of

_KEYS = ("host", "services", "results", "openings", "interfaces")
NOT_LOOKED_AT = "not looked at"


@dataclass
class HostLook:
    """One host: ``names`` under which it was looked at, ``problems``: why a look gave nothing, ``openings``: those of
    ``firewall_ports_info`` (None: not looked at), ``interfaces``: those that the look was about, as its entries name them."""

    host: str
    services: Sequence[Service] = ()
    findings: List[Finding] = field(default_factory=list)
    problems: List[str] = field(default_factory=list)
    openings: Any = None
    interfaces: Sequence[str] = ()

    @property
    def names(self) -> List[str]:
        return sorted({finding.host for finding in self.findings} - {self.host})

    def verdict(self) -> Verdict:
        """Over all views, each finding under the host's one name."""
        return reach_verdict(replace(finding, host=self.host) for finding in self.findings)


def parse_looks(given: object, expected: Sequence[str] = (), option: str = "looks") -> List[HostLook]:
    """The hosts in natural order.

    :param given: a list of mappings: ``results`` (registered results of the assert modules), ``services`` (the list that they
        were held against), ``openings`` (the registered result of ``firewall_ports_info``), ``interfaces`` (those that it was
        asked about, all but lo by default), and ``host``, the name of the one host that they are about; without it the
        findings say which hosts.
    :param expected: hosts that must stand in the report; those without a look were not looked at.
    :raises IntentError: another shape. A result that failed is no error: its host has a problem then.
    """
    if not isinstance(given, (list, tuple)):
        raise IntentError(option, given, "a list with one entry for each host")
    hosts: Dict[str, HostLook] = {}
    for index, entry in enumerate(given):
        _add(hosts, entry, f"{option}[{index}]")
    for name in expected:
        if name not in hosts:
            hosts[name] = HostLook(name, problems=[NOT_LOOKED_AT])
    return sorted(hosts.values(), key=lambda look: natural(look.host))


def _add(hosts: Dict[str, HostLook], entry: object, place: str) -> None:
    if not isinstance(entry, Mapping):
        raise IntentError(place, entry, "a mapping with " + ", ".join(_KEYS))
    for key in entry:
        if key not in _KEYS:
            raise IntentError(f"{place}.{key}", entry[key], "left out: known keys are " + ", ".join(_KEYS))
    results = entry.get("results") or []
    if not isinstance(results, (list, tuple)):
        raise IntentError(place + ".results", results, "a list of registered results")
    findings: List[Finding] = []
    problems = [] if results else [NOT_LOOKED_AT]
    for number, result in enumerate(results):
        problem = _problem(result)
        if problem:
            problems.append(problem)
        else:
            findings += findings_of(result, f"{place}.results[{number}]")
    named = entry.get("host")
    if not named and not findings:
        raise IntentError(place + ".host", named, "given where the results have no finding that names the host")
    services = _services(entry.get("services"), place + ".services")
    for name in [str(named)] if named else dict.fromkeys(finding.host for finding in findings):
        look = hosts.setdefault(name, HostLook(name))
        look.services = look.services or services
        look.findings += [finding for finding in findings if named or finding.host == name]
        look.problems += problems
        _add_openings(look, entry.get("openings"), entry.get("interfaces"), place)


def _services(given: object, option: str) -> Sequence[Service]:
    if not given:
        return ()
    return parse_services(given, Defaults(parse_policy("rfc8314")), option)


def _problem(result: object) -> str:
    """Why a result tells nothing, ``""`` where it does."""
    if not isinstance(result, Mapping) or "findings" in result:
        return ""  # the first is bad input, and has its message where it is read
    if result.get("skipped"):
        return "a look was skipped"
    text = str(result.get("msg") or NOT_LOOKED_AT)
    text = "; ".join(line.strip() for line in text.splitlines() if line.strip())
    return f"unreachable: {text}" if result.get("unreachable") else text


def _add_openings(look: HostLook, given: object, asked: object, place: str) -> None:
    if not isinstance(given, Mapping) or not isinstance(given.get("openings"), list):
        return  # the look failed or was left out, and then there is no picture
    try:
        for entry in given["openings"]:
            for text in list(entry["sources"]) + list(entry.get("sources_except", ())):
                range_of(text)
            fit = entry["family"] in ("ipv4", "ipv6") and entry["protocol"] and list(entry["interfaces"])
            if not fit:
                raise ValueError
    except (KeyError, TypeError, ValueError):
        raise IntentError(
            place + ".openings", given["openings"], "the registered result of firewall_ports_info"
        ) from None
    look.openings = list(given["openings"])
    named = asked if isinstance(asked, (list, tuple)) else ()
    look.interfaces = [str(name) for name in named] or [name for name in given.get("interfaces", []) if name != "lo"]
