"""Which units a written name can mean: by ASCII key of the bare name, at each level, with the provinces of every commune."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Callable
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
    provinces_of: dict[str, frozenset[str]]
    """Key of a district or commune → names of the provinces it is or was in, its heirs are in, or its predecessors were in."""
    districts_of: dict[str, frozenset[str]]
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
        provinces_of=_gathered(every, _province),
        districts_of=_gathered(every, _district),
    )


def _by_name(every: tuple[Unit, ...], level: str) -> dict[str, tuple[Unit, ...]]:
    found: dict[str, list[Unit]] = defaultdict(list)
    for unit in every:
        if unit.level == level:
            found[unit.plain].append(unit)
    return {name: tuple(sorted(same, key=lambda unit: (unit.in_force, unit.key))) for name, same in found.items()}


def _province(unit: Unit) -> str | None:
    top = unit
    while top.parent:
        top = load_unit_index()[top.parent]
    return top.plain if top.level == "PROVINCE" else None


def _district(unit: Unit) -> str | None:
    parent = load_unit_index()[unit.parent] if unit.parent else None
    return parent.key if parent and parent.level == "DISTRICT" else None


def _gathered(every: tuple[Unit, ...], of: Callable[[Unit], str | None]) -> dict[str, frozenset[str]]:
    """What `of` says of each unit, of its heirs in force, and of those it is the heir of; a district has that of its communes."""
    found: dict[str, set[str]] = defaultdict(set)
    for unit in every:
        for heir in {unit.key, *unit.current}:
            found[unit.key] |= {said for said in (of(load_unit_index()[heir]),) if said}
            found[heir] |= {said for said in (of(unit),) if said}
    communes = [unit for unit in every if unit.level == "COMMUNE" and unit.parent]
    for unit in communes:
        found[str(unit.parent)] |= found[unit.key]
    return {key: frozenset(said) for key, said in found.items()}
