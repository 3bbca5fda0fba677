#!/usr/bin/python
# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: firewall_ports_info
short_description: Tell exactly which new connections the packet filter accepts
version_added: 0.1.0
description:
  - Reads the packet filter of the host, or candidate files, and tells the exact set of new inbound connections that it
    accepts, for IPv4 and IPv6, by port, source and interface, whatever wrote the rules.
  - What depends on run-time state or is not understood is told as such, for exactly the packets that it touches.
  - Never fails for what it sees.
author:
  - mailops.gate authors (@mailops)
extends_documentation_fragment:
  - mailops.gate.options
  - mailops.gate.options.filter
  - mailops.gate.attributes
  - mailops.gate.attributes.afar
options:
  baseline:
    description:
      - Rules to compare with, V(live) for those of the host, or a mapping of files as in O(rules).
      - With V(live), O(rules) are taken to be meant for this host, so that its addresses and routes count for them too.
    type: raw
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
  fail_on:
    description:
      - Accepted so that one C(module_defaults) group serves all modules. This module never fails for what it sees.
seealso:
  - module: mailops.gate.assert_firewall_ports
"""

EXAMPLES = r"""
- name: What do the live rules let in?
  mailops.gate.firewall_ports_info:
  become: true
  register: filter

- name: What would these rules let in?
  mailops.gate.firewall_ports_info:
    rules:
      iptables: /etc/iptables/rules.v4
      ip6tables: /etc/iptables/rules.v6
  register: candidate

- name: What would they open and close?
  mailops.gate.firewall_ports_info:
    rules:
      iptables: /etc/iptables/rules.v4.new
      ip6tables: /etc/iptables/rules.v6.new
    baseline:
      iptables: /etc/iptables/rules.v4
      ip6tables: /etc/iptables/rules.v6
  register: change
"""

RETURN = r"""
openings:
  description: Disjoint entries. Everything outside the list is not accepted.
  returned: always
  type: list
  elements: dict
  contains:
    family:
      description: V(ipv4) or V(ipv6).
      type: str
    protocol:
      description: Such as V(tcp), V(udp), V(icmp), V(any), or a number.
      type: str
    ports:
      description: Ports and ranges of ports, absent for protocols without ports.
      type: list
      elements: str
    sources:
      description: CIDRs that may connect.
      type: list
      elements: str
    interfaces:
      description: Input interfaces. V(*) stands for every one that is not in RV(interfaces).
      type: list
      elements: str
    path:
      description: V(input) for what is delivered to the host itself, V(forward) for what it sends on.
      type: str
    to:
      description: Where NAT sends it, and by way of which interface, such as V(172.17.0.2:25 on docker0) or V(port 25). Absent
        where the packet goes to the address and port that the client named.
      type: str
    certainty:
      description:
        - V(always), V(sometimes) (a rate limit, a clock, a list that changes) or V(unknown) (what was not understood, or hangs on
          facts that were not there).
      type: str
    depends_on:
      description: What was not understood or depends on the run.
      type: list
      elements: str
    conditions:
      description: Further conditions, such as source ports or destinations.
      type: dict
    rules:
      description: The rules that accept.
      type: list
      elements: str
interfaces:
  description: The interfaces that are known by name, from the rules and the host.
  returned: always
  type: list
  elements: str
parity:
  description: Protocols and ports, such as V(tcp 25), that are open over one family alone, whoever may connect.
  returned: always
  type: dict
  contains:
    ipv4_only:
      description: Open over IPv4 alone.
      type: list
      elements: str
    ipv6_only:
      description: Open over IPv6 alone.
      type: list
      elements: str
routed:
  description:
    - Entries as in RV(openings), for what a client reaches by sending packets directly to other hosts of the networks that the
      host is connected to, such as containers.
  returned: when the rules are live and the host forwards to such networks
  type: list
  elements: dict
difference:
  description: What the rules open and close in comparison with O(baseline).
  returned: when O(baseline) is given
  type: dict
  contains:
    opened:
      description: What gets in, and did not, such as V(tcp 110 from any (IPv4\)).
      type: list
      elements: str
    closed:
      description: What got in, and does not.
      type: list
      elements: str
    undecided:
      description: What certainly gets in with one of the two, and with the other only perhaps or now and then.
      type: list
      elements: str
idle_rules:
  description: Rules that could be taken out. For information; not all such rules are found.
  returned: when O(verbose=true)
  type: list
  elements: dict
  contains:
    rule:
      description: Where it stands.
      type: str
    text:
      description: The rule.
      type: str
    why:
      description: V(never matches) or V(changes nothing).
      type: str
families:
  description: The families of addresses that the evidence covers.
  returned: always
  type: list
  elements: str
notes:
  description: Assumptions and warnings of the readers.
  returned: always
  type: list
  elements: str
"""

from ansible_collections.mailops.gate.plugins.module_utils._ansible.filter_tasks import firewall_ports_info
from ansible_collections.mailops.gate.plugins.module_utils._ansible.options import FIREWALL_PORTS_INFO
from ansible_collections.mailops.gate.plugins.module_utils._ansible.run import run_module


def main() -> None:
    run_module(FIREWALL_PORTS_INFO, firewall_ports_info)


if __name__ == "__main__":
    main()
