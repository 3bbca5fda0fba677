# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A conversation held over a connection, up to the next point where it ends or TLS begins."""

from __future__ import annotations

import time
from collections import deque
from typing import Deque, Iterable, Optional

from .connection import Connection, Silence
from .dialogue.base import Event, Send
from .dialogue.conversation import Conversation
from .target import Limits

#: Seconds granted for the reply to QUIT or LOGOUT.
_FAREWELL = 1.0


class Talk:
    """Carries bytes and events between the two. ``untold``: the server has not sent a byte yet."""

    def __init__(self, conversation: Conversation, connection: Connection, limits: Limits) -> None:
        self._conversation = conversation
        self._connection = connection
        self._limits = limits
        self.untold = True

    def hold(self, data: Optional[bytes] = None, events: Iterable[Event] = ()) -> Event:
        """Say and hear until there is a StartTls or Done, which is returned.

        :param data: bytes received already.
        :param events: what the conversation wants already.
        :raises Broken, Silence, DeadlineReached: the connection does not carry what is to be sent, or broke.
        """
        pending: Deque[Event] = deque(events)
        until = self._until()
        while True:
            if data is not None:
                self.untold = self.untold and not data
                pending.extend(self._conversation.feed(data) if data else self._conversation.closed())
            while pending:
                event = pending.popleft()
                if not isinstance(event, Send):
                    return event
                self._connection.send(event.data, self._limits.reply_seconds)
                until = self._until()
            data = self._listen(until, pending)

    def _until(self) -> float:
        return time.monotonic() + (_FAREWELL if self._conversation.leaving else self._limits.reply_seconds)

    def _listen(self, until: float, pending: Deque[Event]) -> Optional[bytes]:
        """The next bytes, or None when silence called for events, which are then appended."""
        patience = self._conversation.patience
        left = until - time.monotonic()
        try:
            if left <= 0:
                raise Silence()
            return self._connection.receive(left if patience is None else min(left, patience))
        except Silence:
            if patience is not None and until > time.monotonic():
                pending.extend(self._conversation.nudge())
            else:
                pending.extend(self._conversation.silent(self._limits.reply_seconds))
            return None
