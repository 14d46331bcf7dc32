"""Which units a written name can mean: by ASCII key of the bare name, at each level, with the provinces of every commune."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hub.link.normalise.text import ascii_key
from hub.link.normalise.units import Unit, load_unit_index

DATA = Path(__file__).parent / "data" / "addresses.toml"


@dataclass(frozen=True)
class Gazetteer:
    """Bare names as ASCII keys → what they can mean. Units of all times are in it, those in force last."""

    provinces: dict[str, str]
    """How a province is written → its name; before and after a reorganisation it is the same province here."""
    province_kinds: dict[str, frozenset[str]]
    """Name of a province → its kinds, of all times."""
    districts: dict[str, tuple[Unit, ...]]
    communes: dict[str, tuple[Unit, ...]]
    provinces_of: Mapping[str, frozenset[str]]
    """Key of a district or commune → names of the provinces it is or was in, its heirs are in, or its predecessors were in."""
    districts_of: Mapping[str, frozenset[str]]
    """Key of a commune → keys of the districts it or its predecessors were in."""

    def knows(self, plain: str) -> bool:
        """Some unit of any level is called so."""
        return plain in self.communes or plain in self.districts or plain in self.provinces


@cache
def load_gazetteer() -> Gazetteer:
    """The gazetteer of `schema/data/`."""
    with DATA.open("rb") as file:
        aliases = tomllib.load(file)["province"]
    every = tuple(load_unit_index().values())
    provinces = {unit.plain: unit.plain for unit in every if unit.level == "PROVINCE"}
    provinces |= {ascii_key(word): ascii_key(name) for name, words in aliases.items() for word in words.split(",")}
    kinds: dict[str, set[str]] = defaultdict(set)
    for unit in every:
        if unit.level == "PROVINCE":
            kinds[unit.plain].add(unit.kind)
    return Gazetteer(
        provinces=provinces,
        province_kinds={name: frozenset(found) for name, found in kinds.items()},
        districts=_by_name(every, "DISTRICT"),
        communes=_by_name(every, "COMMUNE"),
        provinces_of=_GatheredNames(_province),
        districts_of=_GatheredNames(_district),
    )


def _by_name(every: tuple[Unit, ...], level: str) -> dict[str, tuple[Unit, ...]]:
    found: dict[str, list[Unit]] = defaultdict(list)
    for unit in every:
        if unit.level == level:
            found[unit.plain].append(unit)
    return {
        name: tuple(sorted(same, key=lambda unit: (unit.in_force, unit.key))) if len(same) > 1 else tuple(same)
        for name, same in found.items()
    }


def _province(unit: Unit) -> str | None:
    top = unit
    while top.parent:
        top = load_unit_index()[top.parent]
    return top.plain if top.level == "PROVINCE" else None


def _district(unit: Unit) -> str | None:
    parent = load_unit_index()[unit.parent] if unit.parent else None
    return parent.key if parent and parent.level == "DISTRICT" else None


class _GatheredNames(dict[str, frozenset[str]]):
    """Unit key → what `of` says of the unit, of its heirs in force, and of those it is the heir of; a district has that of its communes
    too. Worked out for the units that are asked for: a run asks for some hundred of 14,000."""

    def __init__(self, of: Callable[[Unit], str | None]) -> None:
        super().__init__()
        self.of = of

    def __missing__(self, key: str) -> frozenset[str]:
        found = set(self._own(key))
        for commune in _communes_of().get(key, ()):
            found |= self._own(commune)
        self[key] = frozenset(found)
        return self[key]

    def _own(self, key: str) -> set[str]:
        index = load_unit_index()
        units = {key, *index[key].current, *_predecessors().get(key, ())}
        return {said for unit in units if (said := self.of(index[unit]))}


@cache
def _predecessors() -> dict[str, list[str]]:
    """Key of a unit in force → keys of those that it is the heir of."""
    found: dict[str, list[str]] = defaultdict(list)
    for unit in load_unit_index().values():
        for heir in unit.current:
            found[heir].append(unit.key)
    return found


@cache
def _communes_of() -> dict[str, list[str]]:
    """Key of a district, or of a province that has none → keys of its communes."""
    found: dict[str, list[str]] = defaultdict(list)
    for unit in load_unit_index().values():
        if unit.level == "COMMUNE" and unit.parent:
            found[unit.parent].append(unit.key)
    return found
