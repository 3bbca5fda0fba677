# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The looks of ``assert_mail_server`` itself: at the host by a module, and from here at its ports meanwhile."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Mapping

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.mailops.gate.plugins.module_utils._ansible.filter_tasks import (
    assert_firewall_ports,
    reads_files,
)
from ansible_collections.mailops.gate.plugins.module_utils._ansible.look_options import limits, mail_services, targets
from ansible_collections.mailops.gate.plugins.module_utils._ansible.options import FIREWALL_PORTS, MAIL_PORTS
from ansible_collections.mailops.gate.plugins.module_utils._ansible.wire_tasks import assert_mail_ports
from ansible_collections.mailops.gate.plugins.module_utils._gate.errors import EvidenceError, IntentError
from ansible_collections.mailops.gate.plugins.module_utils._gate.judge.verdict import parse_fail_on
from ansible_collections.mailops.gate.plugins.plugin_utils._from_afar import check_options, look_from_afar

#: The vantage from which this process looks.
HERE = "localhost"
_FILTER, _LISTENERS, _WIRE = "filter", "listeners", "wire"
#: Variables of the environment that say which authorities a client trusts.
_TRUSTED = ("SSL_CERT_FILE", "SSL_CERT_DIR")

display = Display()


def look_at_server(action: ActionBase, options: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
    """The options of ``assert_mail_server`` with the results of the looks that it takes itself, as if they were given.

    A look that fails is a failed result. An unreachable host is one too with ``ignore_unreachable``, and ends the task without.

    :raises IntentError: before anything is looked at.
    """
    look, views = options["look"], dict(options)
    at_filter, at_ports = _filter_options(options), _options(options, MAIL_PORTS)
    _refuse_views_given_twice(options)
    parse_fail_on(options["fail_on"])
    if _WIRE in look:
        limits(at_ports)
        targets(at_ports, mail_services(at_ports))
    if _FILTER in look and not reads_files(at_filter):
        check_options(assert_firewall_ports, at_filter)
    with ThreadPoolExecutor(1) as beside:
        if _WIRE in look:
            _trust_as_the_task_says(action)
            display.v("looking at {}".format(options["host"]), host=task_vars.get("inventory_hostname"))
            ports = beside.submit(_ports, at_ports)
        try:
            views.update(_on_host(action, look, at_filter, task_vars))
        except AnsibleConnectionFailure as error:
            if not action._task.ignore_unreachable:  # pylint: disable=protected-access
                raise
            views.update({name: {"unreachable": True, "msg": str(error)} for name in _wanted(look)})
        except AnsibleError as error:  # such as no way to become root, or no directory to write to
            views.update({name: {"failed": True, "msg": str(error)} for name in _wanted(look)})
        if _WIRE in look:
            views["wire"] = {HERE: ports.result(), **options["wire"]}
    views["candidates"] = options["candidates"] or (_FILTER in look and reads_files(at_filter))
    return views


def _refuse_views_given_twice(options: Mapping[str, Any]) -> None:
    for name, option in _wanted(options["look"]).items():
        if options[name] is not None:
            raise IntentError(name, "a result", f"left out, since look has {option}")
    if _WIRE in options["look"] and HERE in options["wire"]:
        raise IntentError("wire", HERE, "the name of another place, since look has wire")


def _wanted(look: list[str]) -> dict[str, str]:
    """The options of ``assert_mail_server`` that hold the views of the host, by the names of these."""
    return {option: view for view, option in ((_FILTER, "firewall"), (_LISTENERS, "listeners")) if view in look}


def _on_host(
    action: ActionBase, look: list[str], options: Mapping[str, Any], task_vars: dict[str, Any]
) -> dict[str, Any]:
    if _FILTER in look:
        found = _filter(action, options, task_vars)
        listeners = found.pop("listeners", found)
        return {"firewall": found, "listeners": listeners} if _LISTENERS in look else {"firewall": found}
    if _LISTENERS in look:
        return {"listeners": _module(action, "listening_ports_info", {}, task_vars)}
    return {}


def _filter(action: ActionBase, options: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
    if reads_files(options):
        return _module(action, "assert_firewall_ports", options, task_vars)
    try:
        return look_from_afar(action, assert_firewall_ports, options, task_vars)
    except EvidenceError as error:
        return {"failed": True, "msg": str(error)}


def _module(action: ActionBase, name: str, options: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = action._execute_module(  # pylint: disable=protected-access
        module_name="mailops.gate." + name, module_args=dict(options), task_vars=task_vars
    )
    return found


def _ports(options: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return assert_mail_ports(options, waiting=display.display)
    except EvidenceError as error:
        return {"failed": True, "msg": str(error)}


def _options(options: Mapping[str, Any], spec: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Those of one look; what fails the task is decided over all."""
    known = {name: options.get(name, entry.get("default")) for name, entry in spec.items()}
    return {**known, "host": [options["host"]], "fail_on": ["never"]}


def _filter_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The addresses are those that clients use; the host knows its own, and may have others behind NAT."""
    asked = {"addresses": [], "verbose": True, "listeners": _LISTENERS in options["look"]}
    return {**_options(options, FIREWALL_PORTS), **asked}


def _trust_as_the_task_says(action: ActionBase) -> None:
    """This process is the task's own."""
    for given in action._task.environment or ():  # pylint: disable=protected-access
        variables = action._templar.template(given) or {}  # pylint: disable=protected-access
        os.environ.update({name: str(variables[name]) for name in _TRUSTED if name in variables})
