# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes a report's files on the controller: whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from datetime import datetime, timezone
from typing import Any, Callable, Mapping

import yaml
from ansible_collections.mailops.gate.plugins.module_utils._gate.errors import EvidenceError
from ansible_collections.mailops.gate.plugins.module_utils._gate.report.document import as_json, document, read_document
from ansible_collections.mailops.gate.plugins.module_utils._gate.report.junit import as_junit
from ansible_collections.mailops.gate.plugins.module_utils._gate.report.looks import parse_looks
from ansible_collections.mailops.gate.plugins.module_utils._gate.report.markdown import as_markdown
from ansible_collections.mailops.gate.plugins.module_utils._gate.report.places import headline
from ansible_collections.mailops.gate.plugins.module_utils._gate.report.sarif import as_sarif
from ansible_collections.mailops.gate.plugins.plugin_utils._report.page import as_html

FORMATS = ("html", "json", "junit", "sarif", "markdown")
OPTIONS: dict[str, dict[str, Any]] = {
    "looks": {"type": "list", "elements": "dict", "required": True},
    "hosts": {"type": "list", "elements": "str", "default": []},
    **{name: {"type": "path"} for name in FORMATS},
    "earlier": {"type": "path"},
    "title": {"type": "str", "default": "Mail ports and firewall"},
    "most_faults": {"type": "int", "default": 10},
}
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def write_report(options: Mapping[str, Any], run: str) -> dict[str, Any]:
    """The result of the action ``report``.

    :param run: what all tasks of one run of ansible-playbook have in common.
    """
    paths = {name: os.path.abspath(options[name]) for name in FORMATS if options[name]}
    generated = datetime.now(timezone.utc).isoformat(timespec="seconds")
    whole = document(
        parse_looks(options["looks"], options["hosts"]),
        generated,
        options["title"],
        run,
        _earlier(options["earlier"], paths),
    )
    renderings: dict[str, Callable[[], str]] = {
        "html": lambda: as_html(whole),
        "json": lambda: as_json(whole),
        "junit": lambda: as_junit(whole),
        "sarif": lambda: as_sarif(whole, _version()),
        "markdown": lambda: as_markdown(whole, options["most_faults"]),
    }
    texts = {name: renderings[name]() for name in paths}
    for name, text in texts.items():
        _write(paths[name], text)
    since = whole.get("since", {})
    counts = {name: len(places) if isinstance(places, list) else places for name, places in since.items()}
    return {
        "changed": False,
        "outcome": whole["outcome"],
        "counts": whole["counts"],
        "written": paths,
        "since": counts,
        "msg": headline(whole),
    }


def _earlier(path: str | None, paths: Mapping[str, str]) -> dict[str, Any] | None:
    """The earlier document. It may be missing only where this run writes the same file: then this is the first."""
    if not path:
        return None
    place = os.path.abspath(path)
    try:
        with open(place, encoding="utf-8") as stream:
            return read_document(stream.read(), place)
    except FileNotFoundError:
        if place == paths.get("json"):
            return None
        raise EvidenceError(
            place, "no such file", "leave earlier out for the first run, or let json write there"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise EvidenceError(place, str(error)) from None


def _write(path: str, text: str) -> None:
    """In one step, so that nobody reads half a report. Missing directories are made."""
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".report-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise EvidenceError(path, f"cannot be written: {error.strerror}", "give a path on the controller") from None


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _version() -> str:
    """This collection's: an installed one has a manifest, a checkout has galaxy.yml."""
    try:
        with open(os.path.join(_ROOT, "MANIFEST.json"), encoding="utf-8") as stream:
            return str(json.load(stream)["collection_info"]["version"])
    except FileNotFoundError:
        with open(os.path.join(_ROOT, "galaxy.yml"), encoding="utf-8") as stream:
            return str(yaml.safe_load(stream)["version"])
