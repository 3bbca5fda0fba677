# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the listeners module does: options in, the look, results out."""

from __future__ import annotations

from typing import Any, Mapping

from .._gate.listeners.sensor import look_at_listeners
from .._gate.report.listeners import listeners_as_dict


def listening_ports_info(options: Mapping[str, Any]) -> dict[str, Any]:
    """The result of ``listening_ports_info``: ``listeners``, ``namespaces`` and ``notes``."""
    return dict(listeners_as_dict(look_at_listeners(), options["verbose"]), changed=False)
