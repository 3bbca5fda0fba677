# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Units and containers by control group, with the paths that systemd, Docker, Podman, Kubernetes and LXC make."""

from __future__ import annotations

import json

import pytest

from _gate.listeners.cgroups import ContainerNames, unit_and_container

ID = "0573d5b87ffc2d1a6f4b6b2b9e3f64a3d7f6a80c5d1e1b9a0f2c3d4e5f60718a"

PATHS = {
    "0::/system.slice/system-postfix.slice/postfix@-.service": ("postfix@-.service", ""),
    "0::/system.slice/dovecot.service": ("dovecot.service", ""),
    "0::/system.slice/docker.service/payload": ("docker.service", ""),
    "0::/user.slice/user-1000.slice/user@1000.service/app.slice/mail.service": ("mail.service", ""),
    "0::/user.slice/user-1000.slice/session-4.scope": ("session-4.scope", ""),
    "0::/init.scope": ("init.scope", ""),
    "0::/": ("", ""),
    "": ("", ""),
    f"0::/system.slice/docker-{ID}.scope": ("", ID),
    f"0::/docker/{ID}": ("", ID),
    f"0::/docker/{ID}/system.slice/postfix.service": ("postfix.service", ID),
    f"0::/machine.slice/libpod-{ID}.scope/container": ("", ID),
    f"0::/machine.slice/libpod-conmon-{ID}.scope": ("", ID),
    f"0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-{ID}.scope": ("", ID),
    f"0::/kubepods/besteffort/pod1234/{ID}": ("", ID),
    "0::/lxc/mail/system.slice/postfix.service": ("postfix.service", "mail"),
    "0::/lxc.payload.mail": ("", "mail"),
    "0::/machine.slice/machine-mail.scope/payload": ("", "mail"),
    f"2:cpu:/libpod_parent/libpod-{ID}\n1:name=systemd:/libpod_parent/libpod-{ID}\n0::/system.slice": ("", ID),
    "4:cpu,cpuacct:/other.service\n1:name=systemd:/system.slice/exim4.service": ("exim4.service", ""),
}


@pytest.mark.parametrize("path", list(PATHS))
def test_unit_and_container(path):
    assert unit_and_container(path) == PATHS[path]


def names(root):
    docker = root / "var/lib/docker/containers" / ID
    docker.mkdir(parents=True)
    podman = root / "var/lib/containers/storage/overlay-containers"
    podman.mkdir(parents=True)
    return docker / "config.v2.json", podman / "containers.json"


def test_docker_names_its_containers(tmp_path):
    docker, _podman = names(tmp_path)
    docker.write_text(json.dumps({"ID": ID, "Name": "/mail"}))
    assert ContainerNames(str(tmp_path)).of(ID) == "mail"


def test_podman_names_its_containers(tmp_path):
    _docker, podman = names(tmp_path)
    podman.write_text(json.dumps([{"id": "0" * 64, "names": ["web"]}, {"id": ID, "names": ["mail"]}]))
    assert ContainerNames(str(tmp_path)).of(ID) == "mail"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"Name": 3}', '[{"id": 3}, 4]', "[" * 100000])
def test_without_a_name_the_short_id_stands(tmp_path, content):
    for path in names(tmp_path):
        path.write_text(content)
    assert ContainerNames(str(tmp_path)).of(ID) == ID[:12]


def test_what_is_no_id_is_a_name(tmp_path):
    assert ContainerNames(str(tmp_path)).of("mail") == "mail"
    assert ContainerNames(str(tmp_path)).of("") == ""
