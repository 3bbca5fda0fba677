# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the pages of docs that are made from the library; with ``--check`` only tells whether they are current."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "plugins" / "module_utils"))

from _gate.judge.checks import CHECKS  # noqa: E402
from diagnosis_page import diagnosis_page  # noqa: E402
from policies_page import policies_page  # noqa: E402

INTRODUCTION = """# Findings

Every finding has a stable identifier. It comes with `outcome` (`fail`, `unknown` or `warn`), `expected` and
`observed` in the same form, `cause`, `fix` and `source`. `unknown` means that the evidence is missing or does not
decide: it is not a pass. A check that passes is listed in `passed`.

This page is made by `tests/tools/make_docs.py` from the library's list of checks.
"""


def findings_page() -> str:
    parts = [INTRODUCTION]
    for name, check in CHECKS.items():
        parts.append(f"## {name}\n\n{check.asks}\n\n{check.matters}\n\nSource: {check.source}.\n")
    return "\n".join(parts)


def main() -> int:
    pages = {
        ROOT / "docs" / "findings.md": findings_page(),
        ROOT / "docs" / "diagnosis.md": diagnosis_page(),
        ROOT / "docs" / "policies.md": policies_page(),
    }
    if "--check" not in sys.argv[1:]:
        for page, text in pages.items():
            page.write_text(text, encoding="utf-8")
        return 0
    old = [page for page, text in pages.items() if not page.exists() or page.read_text(encoding="utf-8") != text]
    for page in old:
        print(f"{page.relative_to(ROOT)} is not current: run tests/tools/make_docs.py", file=sys.stderr)
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
