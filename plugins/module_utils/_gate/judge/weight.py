# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the levels of a policy to outcomes, with port 25's own rules."""

from __future__ import annotations

from typing import Iterable

from ..intent.policies.opportunistic import OPPORTUNISTIC
from ..intent.services import Service
from ..intent.suites import suite_traits
from ..intent.vocabulary import ALLOWED, DISCOURAGED, FORBIDDEN
from .finding import FAIL, OUTCOMES, PASS, WARN

_OUTCOMES = {ALLOWED: PASS, DISCOURAGED: WARN, FORBIDDEN: FAIL}
_EXCEPTIONS: dict[str, list[str]] = OPPORTUNISTIC["forbidden_still"]


def is_opportunistic(service: Service) -> bool:
    """Whether clients take cleartext where TLS fails."""
    return service.encryption in ("opportunistic", "none")


def weigh(service: Service, level: str, subject: str = "") -> str:
    """The outcome of something that the policy puts at ``level``.

    :param subject: the version or suite, for what stays a fault on port 25 too.
    """
    if level == FORBIDDEN and is_opportunistic(service):
        excepted = subject in _EXCEPTIONS["versions"] or suite_traits(subject).intersection(_EXCEPTIONS["traits"])
        return FAIL if excepted else _OUTCOMES[OPPORTUNISTIC["forbidden_becomes"]]
    return _OUTCOMES[level]


def worst(outcomes: Iterable[str]) -> str:
    """The worst of them, pass when there is none."""
    return max(outcomes, key=OUTCOMES.index, default=PASS)
