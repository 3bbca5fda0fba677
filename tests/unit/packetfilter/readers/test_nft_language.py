# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole language of nft, as nft 1.0.6 prints it: what each rule was read as, looked at once.

``language.nft`` was loaded into a namespace and printed with ``nft -j list ruleset``. To look anew, run this file.
"""

from __future__ import annotations

import sys
from pathlib import Path

from reader_words import ruleset_words

from _gate.packetfilter.readers import nft_json

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "rulesets"
READINGS = FIXTURES / "language-1.0.6.readings"


def readings():
    text = (FIXTURES / "language-1.0.6.json").read_text(encoding="utf-8")
    return ruleset_words(nft_json.read(text, "fixture").ruleset)


def test_each_rule_is_read_as_it_was_looked_at():
    assert readings() == READINGS.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    sys.stdout.write("\n".join(readings()) + "\n")
