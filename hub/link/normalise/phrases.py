"""Phrases that mean something where a list of words has them: titles before a name, kinds of unit in an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.link.normalise.text import accented_key, ascii_key

LONGEST = 8
"""Words of the longest phrase."""


@dataclass(frozen=True)
class Phrases:
    """Phrases as accented and as ASCII keys, split into words, with what they mean."""

    meaning: dict[tuple[str, ...], str]
    first: frozenset[str]
    """Their first words: a quick no."""

    @classmethod
    def table(cls, table: Mapping[str, str], *, but: frozenset[str] = frozenset()) -> Phrases:
        """Meaning → its phrases, separated by commas; those whose ASCII key alone is in `but` are left out.

        A word is a phrase's with its own tone marks or with none at all: `bàn` is no `bản`, `ban` may be one.
        """
        meaning: dict[tuple[str, ...], str] = {}
        for means, listed in table.items():
            for entry in listed.split(","):
                accented, plain = accented_key(entry), ascii_key(entry)
                meaning[tuple(accented.split())] = means
                if plain not in but:
                    meaning.setdefault(tuple(plain.split()), means)
        return cls(meaning, frozenset(words[0] for words in meaning))

    @classmethod
    def of(cls, listed: str, *, but: frozenset[str] = frozenset()) -> Phrases:
        """The phrases of a list, all of one meaning."""
        return cls.table({"": listed}, but=but)

    def length(self, words: list[str], at: int = 0) -> int:
        """How many words the longest phrase has that stands at this place; 0 if there is none."""
        if words[at] not in self.first:
            return 0
        longest = min(len(words) - at, LONGEST)
        return next((n for n in range(longest, 0, -1) if tuple(words[at : at + n]) in self.meaning), 0)
