# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work inside another network namespace, in a thread of its own: the rest of the process stays where it is."""

from __future__ import annotations

import ctypes
import os
import threading
from typing import Callable, List, TypeVar, Union

_CLONE_NEWNET = 0x40000000
_Result = TypeVar("_Result")


def inside(namespace_file: str, work: Callable[[], _Result]) -> _Result:
    """What ``work`` returns, or raises, when it is done in the network namespace of a file such as ``/proc/7/ns/net``.

    :raises OSError: the namespace may not be entered (it takes CAP_SYS_ADMIN), or is gone.
    """
    outcome: List[Union[_Result, BaseException]] = []

    def enter_and_work() -> None:
        try:
            _enter(namespace_file)
            outcome.append(work())
        except BaseException as error:  # pylint: disable=broad-exception-caught
            outcome.append(error)  # raised again below

    thread = threading.Thread(target=enter_and_work, name="namespace", daemon=True)
    thread.start()
    thread.join()
    result = outcome[0]
    if isinstance(result, BaseException):
        raise result
    return result


def _enter(namespace_file: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(namespace_file, os.O_RDONLY)
    try:
        if libc.setns(descriptor, _CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), namespace_file)
    finally:
        os.close(descriptor)
