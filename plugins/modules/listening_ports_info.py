#!/usr/bin/python
# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: listening_ports_info
short_description: Tell what listens on the host, on which addresses, and who
version_added: 0.1.0
description:
  - Reads the listening TCP sockets and the bound UDP sockets of the host from the kernel, for IPv4 and IPv6, with the process,
    the systemd unit or the container that holds each. No command is run but C(systemctl), and only where systemd itself may
    hold a socket.
  - Sockets in the networks of containers are told too, with their network namespace.
  - "Without root the sockets are seen, and of their owners only the user's own processes; the others are
    V(unknown: needs become)."
  - Never fails for what it sees.
author:
  - mailops.gate authors (@mailops)
extends_documentation_fragment:
  - mailops.gate.options
  - mailops.gate.attributes
options:
  host:
    description:
      - Accepted so that one C(module_defaults) group serves all modules. Not used here.
  addresses:
    description:
      - Accepted so that one C(module_defaults) group serves all modules. Not used here.
  services:
    description:
      - Accepted so that one C(module_defaults) group serves all modules. Not used here.
  policy:
    description:
      - Accepted so that one C(module_defaults) group serves all modules. Not used here.
  trust:
    description:
      - Accepted so that one C(module_defaults) group serves all modules. Not used here.
  server_name:
    description:
      - Accepted so that one C(module_defaults) group serves all modules. Not used here.
  verbose:
    description:
      - Return commands with all of their arguments, which may hold what is not for every log.
  fail_on:
    description:
      - Accepted so that one C(module_defaults) group serves all modules. This module never fails for what it sees.
seealso:
  - module: mailops.gate.mail_ports_info
  - module: mailops.gate.firewall_ports_info
"""

EXAMPLES = r"""
- name: See what listens
  mailops.gate.listening_ports_info:
  become: true
  register: seen

- name: Nothing but the mail servers listens for other hosts
  ansible.builtin.assert:
    that: others | length == 0
    fail_msg: "{{ others | map(attribute='owner') | join(', ') }}"
  vars:
    others: "{{ seen.listeners | rejectattr('loopback') | rejectattr('namespace', 'defined')
      | rejectattr('port', 'in', [25, 465, 587, 993, 2587]) | selectattr('protocol', 'equalto', 'tcp') }}"
"""

RETURN = r"""
listeners:
  description: One entry for each place that is listened at. What was not established, or does not apply, is absent.
  returned: always
  type: list
  elements: dict
  contains:
    protocol:
      description: V(tcp) for a socket that listens, V(udp) for one that is bound and not connected.
      type: str
    address:
      description: The address as bound. V(0.0.0.0) and V(::) stand for all.
      type: str
    port:
      description: The port.
      type: int
    families:
      description: The families of addresses from which packets arrive, V(ipv4), V(ipv6). Both at V(::) without IPV6_V6ONLY.
      type: list
      elements: str
    v6only:
      description:
        - Whether an IPv6 socket leaves IPv4 out. Absent for IPv4, and where the kernel does not tell; at V(::) it is unknown then
          whether IPv4 arrives.
      type: bool
    loopback:
      description: Whether only the host itself can connect.
      type: bool
    interface:
      description: The only interface that it listens on.
      type: str
    user:
      description: Who opened it. In a container the number, since its names are its own.
      type: str
    owner:
      description: "Who owns it in a few words, such as V(dovecot), the unit in parentheses, or V(unknown: needs become)."
      type: str
    owners:
      description: The programs that hold it open, the oldest first.
      type: list
      elements: dict
      contains:
        pid:
          description: The process id, of several processes that of the oldest.
          type: int
        name:
          description: The kernel's name for the process, 15 characters at most.
          type: str
        command:
          description: The program as it was called, with its arguments if O(verbose=true).
          type: str
        user:
          description: The user that it runs as. In a container the number.
          type: str
        unit:
          description: The systemd unit.
          type: str
        container:
          description: The name of the container, or the first twelve digits of its id.
          type: str
        processes:
          description: How many processes of this program hold it.
          type: int
    owner_unknown:
      description: Why there are no owners.
      type: str
    socket_unit:
      description: The systemd socket unit that owns it, where systemd holds it open.
      type: str
    published:
      description: The container's side of a published port, with C(address) and C(port) (as far as known) and C(container).
      type: dict
    namespace:
      description: The network namespace, absent for the host's own. Only RV(namespaces) tells which addresses lead there.
      type: str
    sockets:
      description: How many sockets share the place, where there are several.
      type: int
namespaces:
  description: The other network namespaces in which something listens, each with C(name), C(pid), C(addresses), C(container).
  returned: always
  type: list
  elements: dict
notes:
  description: What kept the look from being exact.
  returned: always
  type: list
  elements: str
"""

from ansible_collections.mailops.gate.plugins.module_utils._ansible.listener_tasks import listening_ports_info
from ansible_collections.mailops.gate.plugins.module_utils._ansible.options import LISTENING_PORTS_INFO
from ansible_collections.mailops.gate.plugins.module_utils._ansible.run import run_module


def main() -> None:
    run_module(LISTENING_PORTS_INFO, listening_ports_info)


if __name__ == "__main__":
    main()
