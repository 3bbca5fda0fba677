# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Strategies: arbitrary input, and good input that has been damaged."""

from __future__ import annotations

import json
from typing import Any, List, Sequence

from hypothesis import strategies as st

#: Sizes and tags on which parsers stumble.
_NASTY = (
    b"\x00",
    b"\xff",
    b"\x80",
    b"\x30\x80",
    b"\xff\xff\xff",
    b"\r\n",
    b"\n",
    b" ",
    b"{9}",
    b'"',
    b"\\",
    b"%",
    b"\xc3\x28",
    "²".encode(),
    b"99999",
)


@st.composite
def damaged(draw: Any, corpus: Sequence[bytes]) -> bytes:
    """A piece of the corpus with up to six cuts, insertions, repetitions, changed bytes, or ends of other pieces."""
    data = bytearray(draw(st.sampled_from(corpus)))
    for _change in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        kind = draw(st.integers(0, 5))
        if kind == 0:
            del data[at : at + draw(st.integers(1, 40))]
        elif kind == 1:
            data[at:at] = draw(st.binary(max_size=20))
        elif kind == 2:
            data[at : at + 1] = draw(st.sampled_from(_NASTY))
        elif kind == 3:
            data[at:at] = data[at : at + draw(st.integers(1, 60))] * draw(st.integers(1, 20))
        elif kind == 4 and at < len(data):
            data[at] ^= 1 << draw(st.integers(0, 7))
        else:
            other = draw(st.sampled_from(corpus))
            data[at:] = other[draw(st.integers(0, len(other))) :]
    return bytes(data)


def pieces(data: bytes, cuts: Sequence[int]) -> List[bytes]:
    """The data, split at these places."""
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in zip(places, places[1:])]


CUTS = st.lists(st.integers(0, 10000), max_size=6)


def json_values(words: Sequence[str]) -> st.SearchStrategy[Any]:
    """Anything that JSON or YAML can hold; texts are often one of the words."""
    texts = st.one_of(st.sampled_from(list(words)), st.text(max_size=12))
    numbers = st.one_of(st.integers(-2, 70000), st.integers(), st.floats())
    leaves = st.one_of(st.none(), st.booleans(), numbers, texts)
    return st.recursive(
        leaves,
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
        max_leaves=12,
    )


@st.composite
def damaged_json(draw: Any, corpus: Sequence[Any], words: Sequence[str]) -> Any:
    """A document of the corpus in which up to four places have been replaced, taken out or doubled."""
    document = json.loads(json.dumps(draw(st.sampled_from(corpus))))
    for _change in range(draw(st.integers(0, 4))):
        parent, key = draw(st.sampled_from(_places(document)))
        kind = draw(st.integers(0, 3))
        if kind == 0:
            del parent[key]
        elif kind == 1 and isinstance(parent, list):
            parent.insert(key, parent[key])
        elif kind == 2 and isinstance(parent, dict):
            parent[draw(st.sampled_from(list(words)))] = parent.pop(key)
        else:
            parent[key] = draw(json_values(words))
        if not _places(document):
            break
    return document


def _places(document: Any) -> List[Any]:
    found: List[Any] = []
    waiting = [document]
    while waiting:
        parent = waiting.pop()
        items = parent.items() if isinstance(parent, dict) else enumerate(parent) if isinstance(parent, list) else ()
        for key, value in items:
            found.append((parent, key))
            waiting.append(value)
    return found
