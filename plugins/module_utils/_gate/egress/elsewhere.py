# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What another place saw of the same targets: the result of a look from there, to compare with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Mapping, Optional, Sequence, Tuple

from ..errors import IntentError
from ..wire import evidence as seen
from ..wire.evidence import PortEvidence

_RIGHT = "what mail_egress_info or mail_ports_info returned as ports when it looked from another place"


@dataclass(frozen=True)
class Seen:
    """One port of one address, seen from elsewhere. ``encryption``: as in :class:`PortEvidence`, None where not established."""

    host: str
    address: str
    port: int
    greeting: str = ""
    encryption: Optional[str] = None
    sha256: str = ""
    names: Tuple[str, ...] = ()


class Elsewhere:
    """The view from another place.

    :param given: plain data of open and other ports; those that were not open tell nothing of who answers.
    :raises IntentError: it is something else.
    """

    def __init__(self, given: Sequence[object], option: str = "reference") -> None:
        self._seen: List[Seen] = []
        for index, item in enumerate(given):
            place = "{0}[{1}]".format(option, index)
            if not isinstance(item, Mapping) or not {"host", "port", "state"} <= set(item):
                raise IntentError(place, item, _RIGHT)
            if item["state"] == seen.OPEN:
                self._seen.append(_read(item, place))

    def of(self, evidence: PortEvidence) -> Optional[Seen]:
        """What was seen of the same port: at the same address if it was looked at, else at another of the host's."""
        same_port = [each for each in self._seen if each.port == evidence.port]
        for same in (
            [each for each in same_port if each.address == evidence.address],
            [each for each in same_port if each.host == evidence.host],
        ):
            if same:
                return same[0]
        return None


def _read(item: Mapping[str, object], place: str) -> Seen:
    tls = item.get("tls")
    certificate = tls.get("certificate") if isinstance(tls, Mapping) else None
    certificate = certificate if isinstance(certificate, Mapping) else {}
    encryption = item.get("encryption")
    names = certificate.get("names", ())
    try:
        return Seen(
            str(item["host"]),
            str(item.get("address", "")),
            int(str(item["port"])),
            str(item.get("greeting", "")),
            None if encryption is None else str(encryption),
            str(certificate.get("sha256", "")),
            tuple(str(name) for name in names) if isinstance(names, (list, tuple)) else (),
        )
    except ValueError:
        raise IntentError(place, item, _RIGHT) from None
