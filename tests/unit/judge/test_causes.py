# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of causes: every combination of what the views can show has exactly one cause, and every cause has its case."""

from __future__ import annotations

import itertools
import string
from dataclasses import fields

import pytest

from _gate.judge import causes
from _gate.judge.causes import CAUSES, VIEWS, find_cause
from _gate.judge.diagnosis import Details
from _gate.judge.surplus import SURPLUS

FINE = {
    "names": "here",
    "listening": "here",
    "filter": "accepts",
    "here": "open",
    "outside": "open",
    "other_family": "unknown",
    "talk": "fine",
}

#: What differs from a service without fault, and the cause.
CASES = [
    ({}, "fine"),
    ({"names": "unknown", "listening": "unknown", "filter": "unknown", "here": "unknown"}, "fine"),
    ({"listening": "in a container only", "filter": "unknown"}, "fine.published"),
    ({"here": "timed out"}, "fine"),
    ({"names": "not found", "outside": "unknown", "talk": "unknown"}, "name.not-found"),
    ({"names": "elsewhere"}, "name.elsewhere"),
    ({"names": "elsewhere", "outside": "refused", "talk": "unknown"}, "name.elsewhere"),
    ({"listening": "nothing", "here": "refused"}, "views.answered-by-another"),
    ({"listening": "loopback only"}, "views.answered-by-another"),
    ({"filter": "drops"}, "views.open-through-filter"),
    ({"filter": "rejects"}, "views.open-through-filter"),
    ({"listening": "nothing", "here": "refused", "outside": "refused", "talk": "unknown"}, "listen.nothing"),
    ({"listening": "nothing", "filter": "drops", "outside": "timed out", "talk": "unknown"}, "listen.nothing"),
    (
        {"listening": "in a container only", "filter": "unknown", "outside": "refused", "talk": "unknown"},
        "listen.container-only",
    ),
    ({"listening": "loopback only", "outside": "refused", "talk": "unknown"}, "listen.loopback"),
    ({"listening": "other family only", "outside": "refused", "talk": "unknown"}, "listen.one-family"),
    ({"listening": "other addresses only", "outside": "refused", "talk": "unknown"}, "listen.other-address"),
    ({"filter": "drops", "outside": "timed out", "talk": "unknown"}, "filter.drops"),
    ({"filter": "drops", "outside": "unknown", "talk": "unknown"}, "filter.drops"),
    ({"filter": "rejects", "outside": "refused", "talk": "unknown"}, "filter.rejects"),
    ({"filter": "some sources only"}, "filter.by-source"),
    ({"filter": "some sources only", "outside": "timed out", "talk": "unknown"}, "filter.by-source"),
    ({"filter": "some interfaces only", "outside": "timed out", "talk": "unknown"}, "filter.by-interface"),
    ({"filter": "depends on a rate", "outside": "open to some"}, "filter.by-rate"),
    ({"filter": "drops what follows the first packet", "outside": "timed out"}, "filter.loses"),
    ({"here": "timed out", "outside": "timed out", "talk": "unknown"}, "server.not-accepting"),
    ({"here": "refused", "outside": "refused", "talk": "unknown"}, "views.refused-here"),
    ({"outside": "timed out", "other_family": "open", "talk": "unknown"}, "way.one-family"),
    ({"outside": "timed out", "talk": "unknown"}, "way.silent"),
    ({"listening": "unknown", "here": "unknown", "outside": "timed out", "talk": "unknown"}, "way.silent"),
    ({"outside": "refused", "talk": "unknown"}, "way.refused"),
    ({"outside": "reset", "talk": "unknown"}, "way.refused"),
    ({"outside": "unreachable", "talk": "unknown"}, "way.unreachable"),
    ({"outside": "open to some"}, "way.some-vantages"),
    ({"filter": "unknown", "outside": "timed out", "talk": "unknown"}, "unknown.filter-or-way"),
    ({"listening": "unknown", "here": "unknown", "outside": "refused", "talk": "unknown"}, "unknown.refused"),
    (
        {"listening": "unknown", "filter": "unknown", "here": "unknown", "outside": "timed out", "talk": "unknown"},
        "unknown.silent",
    ),
    ({"talk": "throttled"}, "server.throttled"),
    ({"talk": "refuses service"}, "server.refuses"),
    ({"talk": "hangs up"}, "server.hangs-up"),
    ({"talk": "silent"}, "server.hangs"),
    ({"talk": "other protocol"}, "server.other-process"),
    ({"talk": "other mode"}, "server.other-mode"),
    ({"talk": "no TLS session"}, "server.no-tls"),
    ({"talk": "bad certificate"}, "server.certificate"),
    ({"talk": "against the policy"}, "server.policy"),
    ({"outside": "unknown", "talk": "unknown"}, "unknown.not-seen-from-outside"),
    ({"outside": "unknown", "talk": "fine"}, "unknown.not-seen-from-outside"),
    (dict.fromkeys(FINE, "unknown"), "unknown"),
]


@pytest.mark.parametrize("changed, cause", CASES, ids=[cause for _changed, cause in CASES])
def test_the_cause(changed, cause):
    assert find_cause({**FINE, **changed}) == cause


def test_every_cause_has_a_case():
    assert {cause for _changed, cause in CASES} == set(CAUSES)


def test_every_combination_has_a_cause_and_none_is_fine_that_is_not():
    values = dict(VIEWS, other_family=("unknown", "open"))
    for shown in itertools.product(*values.values()):
        facts = dict(zip(values, shown))
        cause = find_cause(facts)
        if cause.startswith("fine"):
            assert facts["outside"] in ("open", "open to some") and facts["talk"] == "fine"
            assert facts["names"] not in ("elsewhere", "not found")
            assert facts["filter"] in ("accepts", "unknown")
        elif facts["outside"] == "open" and facts["talk"] == "fine":
            told = [facts["names"], facts["listening"], facts["filter"]]
            assert set(told) - {"here", "accepts", "unknown"}, facts


def test_conditions_name_what_the_views_can_show():
    for cause in CAUSES.values():
        for view, shown in cause.when.items():
            assert set(shown) <= set(VIEWS[view])


def test_texts_are_whole_and_take_only_details_that_there_are():
    known = {each.name for each in fields(Details)}
    for identifier, cause in CAUSES.items():
        for text in (cause.text, cause.settles, cause.remedy):
            assert {name for _before, name, _format, _conversion in string.Formatter().parse(text) if name} <= known
        if not identifier.startswith("fine"):
            assert cause.text and cause.settles and cause.remedy
    assert all(each.text and each.settles and each.remedy for each in SURPLUS.values())


def test_what_is_uncertain_says_so():
    uncertain = {identifier for identifier, cause in CAUSES.items() if not cause.certain}
    assert uncertain == {each for each in CAUSES if each.startswith(("unknown", "views."))} | {"server.throttled"}


def test_the_shut_states_are_the_shut_states():
    assert set(causes.SHUT) == set(VIEWS["here"]) - {"unknown", "open"}
