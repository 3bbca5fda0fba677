# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ufw's own words for a rule that it wrote, from the rule as iptables-save prints it (ufw(8), "RULE SYNTAX")."""

from __future__ import annotations

from typing import Collection

from ..packetfilter.model import Where

_ACTIONS = {"ACCEPT": "allow", "DROP": "deny", "REJECT": "reject"}
_LIMIT = "-user-limit-accept"
_BY_NUMBER = "ufw status numbered shows the rule that {0} {1}; ufw delete NUMBER"
#: Options of iptables that ufw has words for; the others of them that it writes say nothing more.
_WITH_WORDS = {
    "-s": "source", "-d": "destination", "-i": "in", "-o": "out", "-p": "protocol", "-j": "action",
    "--sport": "source port", "--sports": "source port", "--dport": "port", "--dports": "port",
}  # fmt: skip
_WITHOUT = {"-A", "-m", "--reject-with"}


def delete_command(where: Where, does: str, what: str, siblings: Collection[str] = ()) -> str:
    """The command that takes the rule out, for both families if it is of both; by its number where it cannot be named.

    :param does: ``opens`` or ``closes``. ``what``: such as ``tcp 3306``.
    :param siblings: the texts of all rules of its chain. ``ufw allow 3306`` makes one rule for TCP and one for UDP, and ufw
        deletes both or none.
    """
    words = rule_words(where)
    twin = _other_protocol(where.text)
    if not words or twin in siblings:
        return _BY_NUMBER.format(does, what)
    return "ufw {0}delete {1}".format("route " if "-forward" in where.chain else "", words)


def unlimited(where: Where) -> str:
    """The commands that make ``allow`` of a rule that is ``limit``; empty for any other."""
    words = rule_words(where)
    if not words.startswith("limit "):
        return ""
    return "ufw delete {0}, then ufw {1}".format(words, words.replace("limit", "allow", 1))


def rule_words(where: Where) -> str:
    """``allow 3306/tcp``, ``deny from 192.0.2.0/24 to any port 25 proto tcp``; empty where ufw has no words for it."""
    found = _options(where.text)
    target = found.get("action", "")
    action = "limit" if target.endswith(_LIMIT) else _ACTIONS.get(target, "")
    if not action or "-user-" not in where.chain:
        return ""
    port, protocol = found.get("port", ""), found.get("protocol", "")
    if port and protocol and set(found) == {"port", "protocol", "action"} and "-forward" not in where.chain:
        return "{0} {1}/{2}".format(action, port, protocol)
    words = [action]
    words += ["{0} on {1}".format(way, found[way]) for way in ("in", "out") if way in found]
    for word, address, number in (("from", "source", "source port"), ("to", "destination", "port")):
        words.append("{0} {1}".format(word, found.get(address, "any")))
        words += ["port {0}".format(found[number])] if number in found else []
    words += ["proto {0}".format(protocol)] if protocol else []
    return " ".join(words)


def _other_protocol(text: str) -> str:
    swapped = {"tcp": "udp", "udp": "tcp"}
    return " ".join(swapped.get(word, word) for word in text.split())


def _options(text: str) -> dict[str, str]:
    """Nothing at all where one of them is not ufw's."""
    found: dict[str, str] = {}
    words = text.split()
    if len(words) % 2:
        return {}
    for option, value in zip(words[::2], words[1::2]):
        if option in _WITH_WORDS:
            found[_WITH_WORDS[option]] = value
        elif option not in _WITHOUT:
            return {}
    return found
