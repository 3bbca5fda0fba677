# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at many mail ports at the same time, under one deadline."""

from __future__ import annotations

import contextlib
import importlib.machinery
import queue
import threading
from collections import deque
from typing import Callable, Deque, Dict, List, Optional, Sequence, TypeVar, Union

from ..dataclass import dataclass, replace
from ..errors import EvidenceError
from . import evidence
from .certificate import require_cryptography
from .connection import Deadline, Endpoint
from .evidence import PortEvidence
from .hello.client import VERSION_NUMBERS
from .hello.traits import suites_of
from .probe import PortLook, blank
from .resolve import NoAddress, addresses_of
from .slots import Slots
from .target import Limits, Target, check_limits, check_target
from .tls import TrustStores, check_trust
from .visit import Setting
from .waiting import Waits

__all__ = ["Limits", "Target", "look", "prepare", "require_cryptography"]

Progress = Callable[[str], None]
_Item = TypeVar("_Item")

#: Seconds beyond the deadline in which threads hand in what they have; they all watch the deadline themselves.
_GRACE = 0.5


def look(
    targets: Sequence[Target],
    limits: Limits,
    progress: Optional[Progress] = None,
    waiting: Optional[Progress] = None,
) -> List[PortEvidence]:
    """See what a client sees at each target, one result for each address of its host.

    The results are in the order of the targets, each with its IPv4 addresses first. What was not seen when the
    deadline came is evidence with the state ``not-tried``, or ``stopped`` with the deadline. Returns at most a second
    after the deadline.

    :param progress: is told each result in one line, from the calling thread.
    :param waiting: likewise, is told which ports are slow while they are waited for.
    :raises IntentError: a target or a limit cannot be meant.
    :raises EvidenceError: a CA file or the library ``cryptography`` is missing. Both before anything is connected. That
        ``cryptography`` is there and cannot be imported is found out while the first answers are waited for.
    """
    check_limits(limits)
    for index, target in enumerate(targets):
        check_target(target, "targets[{0}]".format(index))
    if not targets:
        return []
    if importlib.machinery.PathFinder.find_spec("cryptography") is None:
        require_cryptography()
    for trust in sorted({target.trust for target in targets}):
        check_trust(trust)
    return _Look(targets, limits, progress, Waits(waiting) if waiting else None).run()


def prepare() -> None:
    """Load and work out what every look needs, in a process whose forks look. What is missing the look tells."""
    with contextlib.suppress(EvidenceError):
        require_cryptography()
    for version in VERSION_NUMBERS:
        suites_of(version)


@dataclass(frozen=True)
class _Job:
    """One port of one address; ``number`` is the target's."""

    number: int
    endpoint: Endpoint


@dataclass(frozen=True)
class _Resolved:
    host: str
    endpoints: Sequence[Endpoint]
    problem: str = ""


@dataclass(frozen=True)
class _Seen:
    job: _Job
    result: PortEvidence


@dataclass(frozen=True)
class _Defect:
    """An exception that should not have been: raised again in the calling thread."""

    error: BaseException


_News = Union[_Resolved, _Seen, _Defect]


class _Look:
    """The calling thread hands out work and gathers the news; threads do it. They are daemons, since a resolver
    that hangs must not hold up the interpreter's exit."""

    def __init__(
        self, targets: Sequence[Target], limits: Limits, progress: Optional[Progress], waits: Optional[Waits]
    ) -> None:
        self._targets = targets
        self._limits = limits
        self._progress = progress
        self._waits = waits
        self._deadline = Deadline(limits.deadline_seconds)
        self._trusts = TrustStores()
        self._news: queue.Queue[_News] = queue.Queue()
        self._names: Deque[str] = deque(dict.fromkeys(target.host for target in targets))
        self._resolving = 0
        self._resolved: Dict[str, _Resolved] = {}
        self._slots: Dict[str, Slots] = {}
        self._waiting: List[_Job] = []
        self._under_way = 0
        self._can_read = False
        self._results: Dict[_Job, PortEvidence] = {}

    def run(self) -> List[PortEvidence]:
        while True:
            self._hand_out()
            if not (self._names or self._resolving or self._waiting or self._under_way):
                break
            if self._under_way and not self._can_read:
                # It takes longer to load than all of this library: the first answers are on their way meanwhile.
                require_cryptography()
                self._can_read = True
            news = self._next_news()
            if news is None:
                break
            self._take(news)
        return [result for number, target in enumerate(self._targets) for result in self._results_of(number, target)]

    def _next_news(self) -> Optional[_News]:
        """None when the deadline came first. Slow ports are named meanwhile."""
        while True:
            left = self._deadline.remaining() + _GRACE
            patience = min(left, self._waits.seconds_to_next()) if self._waits else left
            try:
                return self._news.get(timeout=max(patience, 0.001))
            except queue.Empty:
                if self._waits is None or self._deadline.remaining() + _GRACE <= 0:
                    return None
                self._waits.name_slow()

    def _hand_out(self) -> None:
        while self._names and self._resolving < self._limits.at_once:
            self._resolving += 1
            _start(self._news, _resolve, self._names.popleft())
        still_waiting: List[_Job] = []
        for job in self._waiting:
            if self._under_way >= self._limits.at_once or not self._slots[job.endpoint.address].take_if_free():
                still_waiting.append(job)
                continue
            self._under_way += 1
            if self._waits:
                self._waits.begin(job, self._targets[job.number].host, self._targets[job.number].port)
            _start(self._news, self._see, job)
        self._waiting = still_waiting

    def _see(self, job: _Job) -> _News:
        slots = self._slots[job.endpoint.address]
        setting = Setting(self._targets[job.number], self._limits, self._deadline, self._trusts)
        try:
            return _Seen(job, PortLook(setting, job.endpoint, slots).run())
        finally:
            slots.give_back()

    def _take(self, news: _News) -> None:
        if isinstance(news, _Defect):
            raise news.error
        if isinstance(news, _Seen):
            self._under_way -= 1
            if self._waits:
                self._waits.end(news.job)
            self._results[news.job] = news.result
            if self._progress:
                self._progress(_one_line(news.result))
            return
        self._resolving -= 1
        self._resolved[news.host] = news
        for endpoint in news.endpoints:
            limits = self._limits
            self._slots.setdefault(endpoint.address, Slots(limits.per_address, limits.in_all, limits.per_second))
        for number, target in enumerate(self._targets):
            if target.host == news.host:
                self._waiting += [_Job(number, endpoint) for endpoint in news.endpoints]

    def _results_of(self, number: int, target: Target) -> List[PortEvidence]:
        late = str(self._deadline)
        if target.host not in self._resolved:
            return [replace(blank(target, None), detail="the name was not resolved in time", stopped=late)]
        resolved = self._resolved[target.host]
        if resolved.problem:
            return [replace(blank(target, None, evidence.NAME_NOT_FOUND), detail=resolved.problem)]
        return [
            self._results.get(_Job(number, endpoint)) or replace(blank(target, endpoint), stopped=late)
            for endpoint in resolved.endpoints
        ]


def _resolve(host: str) -> _News:
    try:
        return _Resolved(host, addresses_of(host))
    except NoAddress as why:
        return _Resolved(host, (), str(why))


def _start(news: queue.Queue[_News], work: Callable[[_Item], _News], item: _Item) -> None:
    def report() -> None:
        try:
            news.put(work(item))
        except BaseException as error:  # pylint: disable=broad-exception-caught
            news.put(_Defect(error))

    threading.Thread(target=report, name="look", daemon=True).start()


def _one_line(result: PortEvidence) -> str:
    where = "{0} [{1}]:{2}".format(result.host, result.address, result.port)
    words = [result.state, result.speaks, result.encryption or "", result.throttled or result.stopped]
    return "{0} {1} ({2:.2f} s)".format(where, ", ".join(word for word in words if word), result.seconds)
