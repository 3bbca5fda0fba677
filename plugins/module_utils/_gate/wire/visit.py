# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One connection from its first byte to its last."""

from __future__ import annotations

from typing import Optional

from ..dataclass import dataclass, field
from .connection import Broken, Connection, Deadline, DeadlineReached, Silence
from .dialogue.base import NO_ERRAND, Errand, Facts, StartTls
from .dialogue.conversation import Conversation
from .recognise import is_tls
from .talk import Talk
from .target import Limits, Target
from .tls import Demands, Handshake, TrustStores


@dataclass(frozen=True)
class Setting:
    """What all connections of a look at one port have in common."""

    target: Target
    limits: Limits
    deadline: Deadline
    trusts: TrustStores


@dataclass
class Visit:
    """What one connection told. ``untold``: nothing outside a handshake; ``reset``: how it ended. ``early_data``: its tickets
    allow 0-RTT data (None: not established)."""

    facts: Facts = field(default_factory=Facts)
    handshake: Optional[Handshake] = None
    untold: bool = True
    reset: bool = False
    early_data: Optional[bool] = None

    @property
    def first_bytes_are_tls(self) -> bool:
        """The server answered the ClientHello with a TLS record."""
        return self.handshake is not None and bool(self.handshake.first_bytes) and is_tls(self.handshake.first_bytes)


class Visitor:
    """Makes one visit. Use once.

    :param demands: for the handshake, whenever it comes.
    :param inside_tls: begin with the handshake.
    :param errand: what to do beyond looking at what is offered.
    :param patient: False: do not wait longer for the handshake than a silent port is waited for.
    """

    def __init__(
        self,
        setting: Setting,
        connection: Connection,
        demands: Demands,
        inside_tls: bool,
        errand: Errand = NO_ERRAND,
        patient: bool = True,
    ) -> None:
        self._target = setting.target
        self._deadline = setting.deadline
        self._trusts = setting.trusts
        self._connection = connection
        self._demands = demands
        self._inside_tls = inside_tls
        self._patience = setting.limits.reply_seconds if patient else setting.limits.silence_seconds
        self._conversation = Conversation(setting.target.protocol, inside_tls, setting.limits.client_name, errand)
        self._talk = Talk(self._conversation, connection, setting.limits)
        self._visit = Visit()

    def run(self, first: Optional[bytes] = None) -> Visit:
        """Say and hear everything, and close the connection. ``first``: bytes received already."""
        try:
            if not self._inside_tls or self._established():
                self._converse(first)
        except (Broken, DeadlineReached, Silence) as why:
            # All is seen when only an errand or the goodbye is missing.
            if not self._conversation.complete:
                interrupted = interruption(why, self._deadline)
                self._visit.reset = interrupted.reset
                facts = self._conversation.facts
                facts.stopped = facts.stopped or interrupted.facts.stopped
        finally:
            self._visit.facts = self._conversation.facts
            self._visit.untold = self._talk.untold
            self._visit.early_data = self._connection.early_data
            self._connection.close()
        return self._visit

    def _established(self) -> bool:
        context = self._trusts.context(self._target.trust, self._demands)
        handshake = self._connection.handshake(context, self._demands, self._target.sni, self._patience)
        self._visit.handshake = handshake
        return handshake.established

    def _converse(self, first: Optional[bytes]) -> None:
        event = self._talk.hold(first)
        while isinstance(event, StartTls):
            self._conversation.feed(self._connection.waiting())
            if not self._established():
                return
            event = self._talk.hold(events=self._conversation.handshake_done())


def interruption(why: Exception, deadline: Deadline) -> Visit:
    """A visit that consists of its interruption."""
    if isinstance(why, DeadlineReached):
        return Visit(Facts(stopped=str(deadline)))
    if isinstance(why, Silence):
        return Visit(Facts(stopped="the server does not take what is sent"))
    return Visit(Facts(stopped=str(why)), reset=isinstance(why, Broken) and why.reset)
