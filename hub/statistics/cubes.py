"""Cubes: what may be counted by what, as the folder of the purpose `statistics` declares it, checked against the vocabulary."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.access.purposes import Purpose, find_purpose
from hub.errors import HubMisconfigured, OperationRefused
from hub.model.names import quote_identifier
from hub.model.registry import Entity, Registry
from schema.values import AdministrativeUnitCode, CodeList, Day, PartialDate

PURPOSE = "statistics"
CUBES_FILE = "cubes.toml"
MAX_CUBES = 50
AGE_BAND_YEARS = 10
OLDEST_BAND = 90
"""People of this age and older are one group: few are, so their ages would tell them apart."""


class DateBand(StrEnum):
    """How a date becomes a dimension."""

    AGE = "age"
    """Years of age today in groups of ten: `30-39`, `90+`."""
    YEAR = "year"


class Dimension(BaseModel):
    """One column that is counted by."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    column: str
    band: DateBand | None = None

    @property
    def name(self) -> str:
        """Name of the column in the file."""
        return self.column if self.band is None else f"{self.column}_{self.band}"


class CubeTitle(BaseModel):
    """A sentence in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    vi: str
    en: str


class CubeDeclaration(BaseModel):
    """One file of counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    entity: str
    about: CubeTitle
    by: tuple[Dimension, ...] = Field(min_length=1, max_length=5)
    without: tuple[str, ...] = ()
    """Columns that must be null for a row to be counted."""
    party: str | None = None
    """A linked subject of which a cell must have the smallest number, as it must have of rows."""


@dataclass(frozen=True)
class Cube:
    """A cube that the vocabulary can answer."""

    declaration: CubeDeclaration
    entity: Entity

    @property
    def name(self) -> str:
        """Name of its file without the ending."""
        return self.declaration.name

    @property
    def paths(self) -> tuple[str, ...]:
        """The fields that it is made of, for the ledger."""
        columns = [dimension.column for dimension in self.declaration.by]
        return tuple(f"{self.entity.name}.{column}" for column in [*columns, *self.declaration.without])


def read_cubes(registry: Registry) -> tuple[Purpose, tuple[Cube, ...]]:
    """The purpose and its cubes. Raises HubMisconfigured naming the file and the cube."""
    purpose = find_purpose(PURPOSE)
    path = purpose.folder / CUBES_FILE
    if purpose.declaration.limits.smallest_cell is None:
        raise HubMisconfigured(
            f"{purpose.folder}: limits.smallest_cell is missing",
            next_step="set it, e.g. to 10: smaller counts are left out",
        )
    try:
        declared: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        cubes = [CubeDeclaration.model_validate(one) for one in declared["cube"]]
    except OSError:
        raise HubMisconfigured(f"{path} cannot be read", next_step="declare its counts in it") from None
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise HubMisconfigured(f"{path}: {error}", next_step="write [[cube]] with name, entity, about, by") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise HubMisconfigured(f"{path}: {where}: {first['msg']}", next_step="correct the cube") from None
    if len(cubes) > MAX_CUBES or len({cube.name for cube in cubes}) < len(cubes):
        raise HubMisconfigured(
            f"{path}: names must differ, and there are {MAX_CUBES} cubes at most", next_step="correct it"
        )
    return purpose, tuple(_check(path, cube, registry) for cube in cubes)


def select_cubes(cubes: tuple[Cube, ...], names: list[str] | None) -> tuple[Cube, ...]:
    """The cubes of these names, or all. Raises OperationRefused."""
    known = {cube.name: cube for cube in cubes}
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise OperationRefused(f"there is no cube {unknown[0]}", next_step=f"use one of: {', '.join(known)}")
    return tuple(known[name] for name in names) if names else cubes


def render_count(cube: Cube, smallest: int, most_cells: int) -> str:
    """The statement that counts. Its rows are the dimensions, the count rounded down to the smallest cell, and whether the cell is too small."""
    declared = cube.declaration
    dimensions = ", ".join(f"{_render_dimension(one)} as {quote_identifier(one.name)}" for one in declared.by)
    where = " and ".join(
        [f"r.{quote_identifier(name)} is null" for name in declared.without]
        # A row that was merged into another is the same subject.
        + ["not exists (select from link.heir h where h.subject_id = r.id)"]
    )
    parties, join = "count(*)", ""
    if declared.party is not None:
        table = next(linked.table for linked in cube.entity.linked if linked.name == declared.party)
        # A record that is linked to nobody may be of a party that others of the cell are of, so it does not count as another.
        parties = "count(distinct l.subject_id)"
        join = f" left join link.{quote_identifier(table)} l on l.record_id = r.id and l.status <> 'UNCONFIRMED'"
    numbers = ", ".join(str(number) for number in range(1, len(declared.by) + 1))
    counted = (
        f'select {dimensions}, count(distinct r.id) / {smallest} * {smallest} as "count", {parties} < {smallest} as small'
        f" from data.{quote_identifier(cube.entity.table)} r{join} where {where} group by {numbers}"
    )
    return f"select * from ({counted}) cells order by small, {numbers} limit {most_cells + 1}"


def _render_dimension(dimension: Dimension) -> str:
    column = f"r.{quote_identifier(dimension.column)}"
    if dimension.band is None:
        return f"{column}::text"
    year = f"left({column}::text, 4)"
    if dimension.band is DateBand.YEAR:
        return year
    band = f"(extract(year from current_date)::int - {year}::int) / {AGE_BAND_YEARS} * {AGE_BAND_YEARS}"
    return (
        f"case when {column} is null then null when {band} >= {OLDEST_BAND} then '{OLDEST_BAND}+'"
        f" else {band} || '-' || ({band} + {AGE_BAND_YEARS - 1}) end"
    )


def _check(path: Path, declared: CubeDeclaration, registry: Registry) -> Cube:
    entity = registry.entities.get(declared.entity)
    if entity is None:
        raise HubMisconfigured(
            f"{path}: {declared.name}: there is no entity {declared.entity}",
            next_step="use a name of schema/, e.g. Citizen",
        )
    for fault in _find_faults(declared, entity):
        raise HubMisconfigured(f"{path}: {declared.name}: {fault}", next_step="correct the cube")
    return Cube(declared, entity)


def _find_faults(declared: CubeDeclaration, entity: Entity) -> Iterator[str]:
    columns = {column.name: column.value for column in entity.columns}
    for name in declared.without:
        if name not in columns:
            yield f"{entity.name} has no column {name}"
    if declared.party is not None and declared.party not in {linked.name for linked in entity.linked}:
        yield f"{entity.name} has no linked subject {declared.party}"
    for dimension in declared.by:
        value = columns.get(dimension.column)
        if value is None:
            yield f"{entity.name} has no column {dimension.column}"
        elif dimension.band is None and not issubclass(value, CodeList | AdministrativeUnitCode):
            # A name, a number or a day of birth would make each row a cell of its own, or tell who it is about.
            yield f"{dimension.column} is no code list and no unit: it cannot be counted by"
        elif dimension.band is not None and not issubclass(value, Day | PartialDate):
            yield f"{dimension.column} is no date, so it has no band"
