# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as one HTML page that needs nothing else: no request leaves it, and it works without JavaScript."""

from __future__ import annotations

import os
from typing import Any, Mapping

import jinja2
from ansible_collections.mailops.gate.plugins.module_utils._gate.report.view import view_of


def as_html(whole: Mapping[str, Any]) -> str:
    """:param whole: the document (report/document.py). Everything in it is escaped, wherever it stands."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(os.path.dirname(__file__)),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(view_of(whole))
