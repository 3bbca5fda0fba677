# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a name can stand in the public DNS at all."""

from __future__ import annotations

#: Ends of names that the public DNS does not have: RFC 6761 section 6, RFC 6762 section 3 and appendix G, RFC 8375 (home.arpa),
#: and what systems make up by themselves (localdomain).
_PRIVATE = (
    ("local",),
    ("localhost",),
    ("localdomain",),
    ("test",),
    ("example",),
    ("invalid",),
    ("internal",),
    ("intranet",),
    ("private",),
    ("corp",),
    ("home",),
    ("lan",),
    ("home", "arpa"),
)


def is_public(name: str) -> bool:
    """Whether the public DNS may have the name. It has none of one label, which a search list completes or /etc/hosts knows,
    and none under an end that is kept for private networks."""
    labels = tuple(name.lower().rstrip(".").split("."))
    return len(labels) > 1 and not any(labels[-len(end) :] == end for end in _PRIVATE)
