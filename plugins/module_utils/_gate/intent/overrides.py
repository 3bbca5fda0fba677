# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One list of services for many hosts, and what single hosts have otherwise."""

from __future__ import annotations

from typing import Any, Mapping

from ..errors import IntentError


def override_services(services: object, overrides: object) -> list[Any]:
    """The list with the changes of one host, as plain data: what it means is ``parse_services``'s to say.

    :param services: names, and mappings with a name.
    :param overrides: a mapping from names of the list to the keys that differ, or to false for a service that this host has not.
    :raises IntentError: another shape, or a name that is not in the list (a slip that would change nothing).
    """
    if not overrides:
        return list(services) if isinstance(services, (list, tuple)) else [services]
    if not isinstance(overrides, Mapping):
        raise IntentError("overrides", overrides, "a mapping such as {submission: {port: 2587}, imaps: false}")
    if not isinstance(services, (list, tuple)):
        raise IntentError("services", services, "a list of services")
    names = [item.get("name") if isinstance(item, Mapping) else item for item in services]
    for name, change in overrides.items():
        if name not in names:
            listed = ", ".join(str(known) for known in names if known)
            raise IntentError(f"overrides.{name}", change, f"about a service of the list: {listed}")
        if change is not False and not isinstance(change, Mapping):
            raise IntentError(f"overrides.{name}", change, "a mapping with what differs, or false")
        if change is not False and "name" in change:
            raise IntentError(f"overrides.{name}.name", change["name"], "left out: the name says which service it is")
    changed = []
    for name, item in zip(names, services):
        change = overrides.get(name, {}) if name is not None else {}
        if change is not False:
            given = item if isinstance(item, Mapping) else {"name": item}
            changed.append({**given, **change} if change else item)
    return changed
