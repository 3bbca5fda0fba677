# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a client may connect depends on its address, so that must be known where the connection failed, too."""

from __future__ import annotations

import socket

import pytest

from _gate.wire.connection import Deadline, Endpoint, NotOpened, open_connection


def test_a_refused_connection_tells_from_where_it_was_tried():
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))  # held and not listening: refused
    try:
        with pytest.raises(NotOpened) as caught:
            open_connection(Endpoint(socket.AF_INET, "127.0.0.1"), holder.getsockname()[1], 2.0, Deadline(5.0))
    finally:
        holder.close()
    assert caught.value.state == "refused"
    assert caught.value.source_address == "127.0.0.1"


def test_a_connection_that_timed_out_tells_from_where_it_was_tried():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    queued = [socket.socket() for _number in range(3)]  # a full queue: further SYNs go unanswered
    try:
        for each in queued:
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        with pytest.raises(NotOpened) as caught:
            open_connection(Endpoint(socket.AF_INET, "127.0.0.1"), listener.getsockname()[1], 0.5, Deadline(5.0))
    finally:
        for each in [listener, *queued]:
            each.close()
    assert caught.value.state == "timed-out"
    assert caught.value.source_address == "127.0.0.1"
