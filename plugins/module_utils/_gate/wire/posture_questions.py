# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the caller wants to know of a port's TLS. Plain data: the sensor does not know why."""

from __future__ import annotations

from typing import Callable, Dict, Optional, Tuple, Union

from ..dataclass import dataclass
from ..errors import IntentError
from .hello.groups import group_number, scheme_number
from .hello.suites import suite_number
from .posture_evidence import VERSIONS

Given = Union[str, int]


@dataclass(frozen=True)
class Questions:
    """Everything is given by IANA's name, by number, or by number as text (``0x1234``).

    ``leave_out_suites``: pairs of a version (of VERSIONS) and the suites that may be accepted there: the server is asked for
    any other. Versions that are not listed are not asked so. ``leave_out_groups``, ``leave_out_signatures``: likewise the
    groups (of every version) and the signature schemes of TLS 1.2's key exchange; None: not asked.
    ``enumerate_fully``: find the exact set of suites and groups of every version, and whose order decides. Where something
    outside is accepted, that is done anyway. ``most_connections``: to this port, all that were made before included, for
    everything but enumeration; ``most_when_enumerating``: with it. A clean server takes 9 or 10 hellos, two more where it
    refuses old versions with another alert than protocol_version, and two or more for each that it does not answer.
    """

    leave_out_suites: Tuple[Tuple[str, Tuple[Given, ...]], ...] = ()
    leave_out_groups: Optional[Tuple[Given, ...]] = None
    leave_out_signatures: Optional[Tuple[Given, ...]] = None
    enumerate_fully: bool = False
    most_connections: int = 20
    most_when_enumerating: int = 150


@dataclass(frozen=True)
class LeftOut:
    """The same as numbers."""

    suites: Dict[str, Tuple[int, ...]]
    groups: Optional[Tuple[int, ...]]
    signatures: Optional[Tuple[int, ...]]


def check_questions(questions: Questions) -> LeftOut:
    """Make sure that the questions can be meant.

    :raises IntentError: a version, suite, group or scheme does not exist, or a bound is below 1.
    """
    for option in ("most_connections", "most_when_enumerating"):
        if getattr(questions, option) < 1:
            raise IntentError("questions." + option, getattr(questions, option), "at least 1")
    suites: Dict[str, Tuple[int, ...]] = {}
    for version, given in questions.leave_out_suites:
        if version not in VERSIONS:
            raise IntentError("questions.leave_out_suites", version, "one of " + ", ".join(VERSIONS))
        # SSL 2.0 has no suite that anybody would leave out.
        suites[version] = _numbers("leave_out_suites", given, suite_number)
    return LeftOut(
        suites,
        _numbers_if_any("leave_out_groups", questions.leave_out_groups, group_number),
        _numbers_if_any("leave_out_signatures", questions.leave_out_signatures, scheme_number),
    )


def _numbers(option: str, given: Tuple[Given, ...], number_of: Callable[[Given], int]) -> Tuple[int, ...]:
    numbers = []
    for each in given:
        try:
            numbers.append(number_of(each))
        except ValueError as why:
            raise IntentError("questions." + option, each, "an IANA name or a number ({0})".format(why)) from why
    return tuple(numbers)


def _numbers_if_any(
    option: str, given: Optional[Tuple[Given, ...]], number_of: Callable[[Given], int]
) -> Optional[Tuple[int, ...]]:
    return None if given is None else _numbers(option, given, number_of)
