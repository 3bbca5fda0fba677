# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way to one port of one address: all of its connections are made here, within the budget.

A port that answered and then stops answering in the middle of a look (a ban, a limit, a restart) is left alone from then
on: nothing may be concluded from what it no longer says.
"""

from __future__ import annotations

import re
import time
from typing import Optional

from . import evidence
from .connection import Broken, Connection, DeadlineReached, Endpoint, NotOpened, Silence, open_connection
from .dialogue.base import Errand, Facts, StartTls
from .dialogue.conversation import Conversation
from .proxy_protocol import header
from .slots import Slots, Spent
from .talk import Talk
from .visit import Setting


class PutOff(Exception):
    """The server asks to come back later (421, 454, ``[UNAVAILABLE]``); the text is its line."""


#: A rate is not back within limits after a short pause, and each further attempt is counted.
_TOO_FAST = re.compile(r"\brate\b", re.IGNORECASE)


class CutOff(Exception):
    """The port answered before and no longer does, or the budget is spent; the text is the cause, to be told as it is."""


class Reach:
    """Makes connections to one port. ``connections``: how many so far. ``gone``: why there are no more, or ``""``."""

    def __init__(self, setting: Setting, endpoint: Endpoint, slots: Slots) -> None:
        self.setting = setting
        self.endpoint = endpoint
        self.slots = slots
        self.connections = 0
        self.gone = ""
        self.put_off_elsewhere = False
        self._answered = 0
        self._put_off: Optional[PutOff] = None

    def connect(self) -> Connection:
        """A fresh TCP connection; its PROXY protocol header, if there is to be one, has been sent.

        :raises NotOpened: with the TCP state, when nothing has answered here so far, or the deadline came.
        :raises CutOff: this port has stopped answering, now or before, or the budget is spent.
        """
        if self.gone:
            raise CutOff(self.gone)
        setting = self.setting
        elsewhere = self.slots.put_off_with(setting.target.protocol)
        if elsewhere:
            self.gone = "put off at another port of this address: {0}".format(elsewhere)
            self.put_off_elsewhere = True
            raise CutOff(self.gone)
        try:
            self.slots.spend(setting.deadline)
        except Spent as why:
            self.gone = str(why)
            raise CutOff(self.gone) from why
        except DeadlineReached as why:
            raise NotOpened(evidence.NOT_TRIED, 0.0, "", cut_off=True) from why
        if setting.deadline.remaining() > 0:
            self.connections += 1
        try:
            connection = open_connection(
                self.endpoint, setting.target.port, setting.limits.connect_seconds, setting.deadline
            )
        except NotOpened as failure:
            if self._answered and not failure.cut_off and failure.state != evidence.NOT_TRIED:
                raise self.cut_off("{0} {1}".format(failure.state, failure.detail).rstrip()) from failure
            raise
        self._greet_as_proxy(connection)
        return connection

    def answered(self) -> None:
        """Note that the server spoke on a connection: from now on, silence or a closed door means that we are cut off."""
        self._answered = self.connections

    def cut_off(self, cause: str) -> CutOff:
        """Make no more connections: the port answered before and no longer does. Returns the exception that says so."""
        self.gone = "cut off after {0} connections: {1}".format(self.connections - 1, cause)
        return CutOff(self.gone)

    def at_tls_start(self, encryption: str) -> Connection:
        """A connection on which the next bytes to be sent are those of a ClientHello.

        :param encryption: IMPLICIT or STARTTLS of :mod:`.evidence`. For STARTTLS the dialogue is led as far as the server's
            consent, by the shortest way.
        :raises NotOpened, CutOff: as :meth:`connect`.
        :raises PutOff: the server asks to come back later, and did so again after a pause; later calls raise it at once.
        :raises Broken: the dialogue does not lead to TLS (the text says why). Nothing is proven of TLS by that.
        :raises Silence, DeadlineReached: the connection does not carry what is to be sent.
        """
        if self._put_off is not None:
            raise PutOff(str(self._put_off))
        if encryption == evidence.IMPLICIT:
            return self.connect()
        try:
            return self._after_starttls()
        except PutOff as why:
            if not self.may_try_again(str(why)):
                self._put_off = why
                raise
        try:
            return self._after_starttls()
        except PutOff as why:
            self._put_off = why
            self.put_off_for_good(str(why))
            raise

    def may_try_again(self, line: str) -> bool:
        """Wait before a second attempt at a server that put us off with this line; False when there is to be none.

        :raises DeadlineReached: it would come after the deadline.
        """
        if _TOO_FAST.search(line):
            self.put_off_for_good(line)
            return False
        deadline = self.setting.deadline
        time.sleep(deadline.grant(self.setting.limits.retry_seconds))
        deadline.grant(1.0)
        return True

    def put_off_for_good(self, line: str) -> None:
        """Spare the server more attempts, at its other ports too: limits and jails count them."""
        self.slots.put_off(self.setting.target.protocol, line)

    def _after_starttls(self) -> Connection:
        connection = self.connect()
        reached = False
        try:
            facts = self._ask_for_tls(connection)
            if facts.throttled:
                raise PutOff(facts.throttled)
            if facts.stopped or facts.stays_plain:
                raise Broken(facts.stopped or "STARTTLS refused: {0}".format(facts.starttls_reply))
            reached = True
        finally:
            if not reached:
                connection.close()
        return connection

    def _ask_for_tls(self, connection: Connection) -> Facts:
        target, limits = self.setting.target, self.setting.limits
        conversation = Conversation(target.protocol, False, limits.client_name, Errand(straight_to_tls=True))
        talk = Talk(conversation, connection, limits)
        event = None
        try:
            event = talk.hold()
        except (Broken, Silence) as why:
            if talk.untold and self._answered:
                raise self.cut_off(str(why) or "the server takes nothing") from why
            raise
        facts = conversation.facts
        if talk.untold and self._answered and not isinstance(event, StartTls):
            raise self.cut_off(facts.stopped)
        self.answered()
        return facts

    def _greet_as_proxy(self, connection: Connection) -> None:
        first = header(self.setting.target.proxy_protocol, connection.source, connection.destination)
        try:
            connection.send(first, self.setting.limits.reply_seconds)
        except (Broken, Silence, DeadlineReached) as why:
            connection.close()
            if isinstance(why, DeadlineReached):
                raise NotOpened(evidence.NOT_TRIED, connection.seconds, "", cut_off=True) from why
            raise NotOpened(evidence.RESET, connection.seconds, "the PROXY protocol header was not taken") from why
