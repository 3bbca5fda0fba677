# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at any mail server from here, as a client does, and judge it.

    python verify.py HOST [--services submission,imaps:1993] [--trust FILE] [--server-name NAME] [--timeout SECONDS]

Runs the playbook ``mailops.gate.verify`` with the outside view only: HOST needs no login, nothing is written there.
Exit code 0: the verdict lets the host pass; 1: it stops it; 2: it could not be looked at, or HOST is no host.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import re
import shlex
import sys
from pathlib import Path
from urllib.parse import urlsplit

import layout
from runner import CannotRun, ansible_playbook, end_on_signals, scratch, verdicts

LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.IGNORECASE)
#: For Ansible's own start and end, beyond the time that the look itself may take.
OVERHEAD_SECONDS = 60
EXAMPLE = "a name or an address, such as mail.example.org, 192.0.2.1 or 2001:db8::1"


class Unusable(ValueError):
    """What the user gave cannot be meant; the text says why and what would be right."""


def host(given: str) -> str:
    """The host that ``given`` names: an IP address without brackets, or a name in its ASCII form.

    :raises Unusable: when it is neither.
    """
    text = given.strip()
    if not text:
        raise Unusable(f"HOST is empty; give {EXAMPLE}")
    if "://" in text:
        raise Unusable(f"HOST is a URL, {text!r}; give its host alone: {_host_of_url(text)}")
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        pass
    name, colon, port = text.rpartition(":")
    if colon and port.isdigit() and (":" not in name or name.endswith("]")):
        raise Unusable(f"HOST has a port, {text!r}; give {name} alone, and ports as --services imaps:{port}")
    try:
        ascii_name = text.encode("idna").decode("ascii").rstrip(".")
    except UnicodeError:
        ascii_name = ""
    labels = ascii_name.split(".")
    if len(ascii_name) > 253 or labels[-1].isdigit() or not all(LABEL.fullmatch(label) for label in labels):
        raise Unusable(f"HOST is neither a name nor an address: {given!r}; give {EXAMPLE}")
    return ascii_name


def _host_of_url(url: str) -> str:
    try:
        return urlsplit(url).hostname or EXAMPLE
    except ValueError:
        return EXAMPLE


def services(given: str) -> list[object]:
    """The role's list for ``submission,imaps:1993``. Which names there are is the role's to know.

    :raises Unusable: when a port is no number, or there is no service at all.
    """
    listed: list[object] = []
    for word in filter(None, re.split(r"[,\s]+", given)):
        name, colon, port = word.partition(":")
        if colon and not port.isdigit():
            raise Unusable(f"--services {word!r}: the port after the colon must be a number, as in imaps:1993")
        listed.append({"name": name, "port": int(port)} if colon else name)
    if not listed:
        raise Unusable("--services is empty; give names, such as submission,imaps:1993")
    return listed


def role_variables(options: argparse.Namespace) -> dict[str, object]:
    """What the options say in the role's words; what they do not say stays the role's default."""
    variables: dict[str, object] = {"verify_host": host(options.host), "verify_views": ["wire"]}
    if options.services is not None:
        variables["verify_services"] = services(options.services)
    if options.trust is not None:
        word = options.trust in ("system", "none")
        variables["verify_trust"] = options.trust if word else os.path.abspath(options.trust)
    if options.server_name is not None:
        variables["verify_server_name"] = options.server_name
    if options.timeout is not None:
        variables["verify_timeout"] = options.timeout
    return variables


def verify(options: argparse.Namespace) -> int:
    variables = role_variables(options)
    name = variables["verify_host"]
    # Nothing is done on HOST, so no connection to it is meant: -c local matters where HOST is localhost.
    arguments = ["-i", f"{name},", "-c", "local", "mailops.gate.verify", "-e", json.dumps(variables)]
    print("$ " + shlex.join(["ansible-playbook", *arguments]) + "\n", flush=True)
    seconds = (options.timeout or 30) + OVERHEAD_SECONDS
    with scratch() as directory:
        run = ansible_playbook(arguments, Path(directory), seconds)
        result = verdicts(Path(directory)).get(str(name), {})
    if options.verbose:
        print(run.stdout)
    verdict = result.get("verdict")
    if verdict is None:
        raise CannotRun("\n".join(result.get("errors", [])) or run.stdout.strip())
    print(layout.heading(str(name), verdict["outcome"].upper()) + "\n")
    print(layout.verdict(verdict))
    return 1 if verdict["stops"] else 0


def parser() -> argparse.ArgumentParser:
    described = argparse.ArgumentParser(
        prog="verify", description="Look at a mail server from here, as a client does, and judge it."
    )
    described.add_argument("host", metavar="HOST", help=EXAMPLE)
    described.add_argument(
        "--services", help="names, each with a port of its own where it has one: submission,imaps:1993"
    )
    described.add_argument("--trust", help="system, none, or a file with CA certificates")
    described.add_argument("--server-name", help="the name in the certificate, where it is not HOST")
    described.add_argument("--timeout", type=int, help="seconds that the look may take (30)")
    described.add_argument("--verbose", action="store_true", help="show what ansible-playbook prints as well")
    return described


def main() -> int:
    options = parser().parse_args()
    end_on_signals()
    try:
        return verify(options)
    except (Unusable, CannotRun) as problem:
        print(layout.wrapped(str(problem)), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
