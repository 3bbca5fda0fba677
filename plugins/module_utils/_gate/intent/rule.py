# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rule of a policy: which names of a vocabulary it allows, discourages and forbids."""

from __future__ import annotations

from typing import Callable, Collection, Iterable, Mapping, Sequence

from ..dataclass import dataclass, replace
from ..errors import IntentError
from .suites import TRAITS, suite_traits
from .vocabulary import ALLOWED, DISCOURAGED, FORBIDDEN, LEVELS

_TRAIT_KEYS = {"discouraged_traits": DISCOURAGED, "forbidden_traits": FORBIDDEN}


@dataclass(frozen=True)
class Rule:
    """``named`` gives the level of each name that the policy mentions, ``others`` of all the rest.

    ``traits`` gives the level of a trait (:data:`suites.TRAITS`); the worst one of a suite counts, unless the suite is named.
    ``spelling``: each name as it was written; the keys of both mappings are lower case.
    """

    others: str
    named: Mapping[str, str]
    traits: Mapping[str, str]
    spelling: Mapping[str, str]

    def names(self, level: str) -> list[str]:
        """The names that the policy mentions at this level, as they were written."""
        return [self.spelling[name] for name, named in self.named.items() if named == level]

    def level(self, name: str) -> str:
        """One of LEVELS. Case does not count: X.509 and TLS libraries write names differently."""
        named = self.named.get(name.lower())
        if named is not None:
            return named
        if not self.traits:
            return self.others
        levels = [self.traits[trait] for trait in suite_traits(name) if trait in self.traits]
        return max(levels + [self.others], key=LEVELS.index) if levels else self.others

    def has(self, level: str) -> bool:
        """Whether anything at all has this level."""
        return level == self.others or level in self.named.values() or level in self.traits.values()


class RuleReader:
    """Reads the rules of one vocabulary, from a policy's file or from the user's mapping.

    :param known: whether a name belongs to the vocabulary; a misspelled name would pass without a word otherwise.
    :param examples: some names, for the message.
    """

    def __init__(self, known: Callable[[str], bool], examples: Iterable[str], traits: bool = False) -> None:
        self._known = known
        self._examples = ", ".join(examples)
        self.keys = LEVELS + (tuple(_TRAIT_KEYS) if traits else ()) + ("others",)

    def read(self, given: object, option: str, base: Rule | None = None) -> Rule:
        """The rule that ``given`` means, on top of ``base``: a name moves to the list in which it stands now.

        :raises IntentError: no mapping, an unknown key or name, or a name in two lists.
        """
        if not isinstance(given, Mapping):
            raise IntentError(option, given, "a mapping with any of " + ", ".join(self.keys))
        refuse_unknown_keys(given, self.keys, option)
        rule = base or Rule(ALLOWED, {}, {}, {})
        if "others" in given:
            rule = replace(rule, others=one_of(given["others"], LEVELS, option + ".others"))
        named: dict[str, str] = {}
        spelling: dict[str, str] = {}
        for level in LEVELS:
            for name in names(given.get(level, ()), f"{option}.{level}"):
                if not self._known(name):
                    raise IntentError(f"{option}.{level}", name, "a known name, such as " + self._examples)
                if named.get(name.lower(), level) != level:
                    raise IntentError(
                        f"{option}.{level}", name, f"in one list only: it is in {named[name.lower()]} too"
                    )
                named[name.lower()] = level
                spelling[name.lower()] = name
        traits = dict(rule.traits)
        for key, level in _TRAIT_KEYS.items():
            for trait in names(given.get(key, ()), f"{option}.{key}"):
                traits[one_of(trait, tuple(TRAITS), f"{option}.{key}")] = level
        return replace(rule, named={**rule.named, **named}, traits=traits, spelling={**spelling, **rule.spelling})


def names(given: object, option: str) -> Sequence[str]:
    """A list of texts.

    :raises IntentError: anything else.
    """
    if isinstance(given, (list, tuple)) and all(isinstance(name, str) for name in given):
        return given
    raise IntentError(option, given, "a list of names")


def one_of(given: object, words: Collection[str], option: str) -> str:
    """A text that is one of ``words``.

    :raises IntentError: anything else.
    """
    if isinstance(given, str) and given in words:
        return given
    raise IntentError(option, given, "one of " + ", ".join(words))


def refuse_unknown_keys(given: Mapping[str, object], known: Collection[str], option: str) -> None:
    """:raises IntentError: names the first key that is not known, and the known ones."""
    for key in given:
        if key not in known:
            raise IntentError(f"{option}.{key}", given[key], "left out: known keys are " + ", ".join(known))
