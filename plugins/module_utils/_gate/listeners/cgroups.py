# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a process's control groups to its systemd unit and its container."""

from __future__ import annotations

import json
import os
import re
from typing import Dict, Tuple

from .proc_net import read_text

#: A unit that processes are in. Slices only group units; names are escaped by systemd and hold no slash.
_UNIT = re.compile(r"[^/]+\.(?:service|scope|socket|mount|swap)")
#: docker-ID.scope, /docker/ID, libpod-ID.scope, crio-ID.scope, cri-containerd-ID.scope, kubepods/.../ID.
_CONTAINER_ID = re.compile(r"(?:^|[-/])([0-9a-f]{64})(?:\.scope)?(?=/|$)")
#: LXC (lxc/NAME, lxc.payload.NAME) and systemd-nspawn (machine-NAME.scope).
_CONTAINER_NAME = re.compile(r"/(?:lxc/|lxc\.payload\.|machine\.slice/machine-)([^/]+?)(?:\.scope)?(?=/|$)")
_SHORT = 12


def unit_and_container(text: str) -> Tuple[str, str]:
    """Of the content of /proc/PID/cgroup: the innermost unit, and the id (64 hexadecimal digits) or name of the container.

    Each is ``""`` where there is none. With several hierarchies (cgroups v1) systemd's own counts for the unit.
    """
    paths = [line.split(":", 2) for line in text.splitlines() if line.count(":") >= 2]
    unit = container = ""
    for _number, _controllers, path in sorted(paths, key=lambda parts: parts[1] != "name=systemd"):
        units = _UNIT.findall(path)
        unit = unit or (units[-1] if units else "")
        ids = _CONTAINER_ID.findall(path) or _CONTAINER_NAME.findall(path)
        container = container or (ids[-1] if ids else "")
    if container and container in unit:  # the container's own scope tells no more than the container
        unit = ""
    return unit, container


class ContainerNames:
    """The names that Docker and Podman have for their containers, from their files where these can be read (as root)."""

    def __init__(self, root: str = "/") -> None:
        self._docker = os.path.join(root, "var/lib/docker/containers/{0}/config.v2.json")
        self._podman = os.path.join(root, "var/lib/containers/storage/overlay-containers/containers.json")
        self._known: Dict[str, str] = {}

    def of(self, container: str) -> str:
        """The name, or where it is not known the id as its first twelve digits. A name stays as it is."""
        if not re.fullmatch(r"[0-9a-f]{64}", container):
            return container
        if container not in self._known:
            self._known[container] = self._docker_name(container) or self._podman_name(container)
        return self._known[container] or container[:_SHORT]

    def _docker_name(self, container: str) -> str:
        settings = _json(self._docker.format(container))
        name = settings.get("Name") if isinstance(settings, dict) else None
        return name.lstrip("/") if isinstance(name, str) else ""

    def _podman_name(self, container: str) -> str:
        listed = _json(self._podman)
        for item in listed if isinstance(listed, list) else []:
            if isinstance(item, dict) and item.get("id") == container:
                names = item.get("names")
                if isinstance(names, list) and names and isinstance(names[0], str):
                    return names[0]
        return ""


def _json(path: str) -> object:
    text = read_text(path)
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
