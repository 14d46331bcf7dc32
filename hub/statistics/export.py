"""Export: cubes counted in one snapshot of the store, and written as Parquet beside a list of what they are."""

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson
import polars as pl
from psycopg import Connection

from hub.access.purposes import Purpose
from hub.errors import OperationRefused
from hub.extras import DISTRIBUTION_NAME
from hub.statistics.cubes import Cube, render_count

FORMAT = "hub-statistics/1"
MAX_CELLS = 1_000_000
"""Cells of one cube: far more than communes × sexes × ages; a cube with more has a dimension that it should not have."""
WITHIN_S = 600
SOURCES = "select s.connector, min(s.as_of) from hub.stream s group by s.connector order by s.connector"


@dataclass(frozen=True)
class CountedCube:
    """The cells of a cube that are large enough. `suppressed` is how many are not."""

    cube: Cube
    cells: pl.DataFrame
    suppressed: int


@dataclass(frozen=True)
class CountedStore:
    """All cubes as of one instant, and until when the hub knew all of each source."""

    at: datetime
    cubes: tuple[CountedCube, ...]
    sources: dict[str, str | None]


def count_cubes(connection: Connection[Any], cubes: Sequence[Cube], smallest: int) -> CountedStore:
    """Count, in one snapshot. Raises OperationRefused if a cube has more cells than MAX_CELLS."""
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        connection.execute(f"set local statement_timeout = '{WITHIN_S}s'")
        counted = tuple(_count(connection, cube, smallest) for cube in cubes)
        sources = {
            name: None if as_of is None else as_of.astimezone(UTC).isoformat()
            for name, as_of in connection.execute(SOURCES).fetchall()
        }
    return CountedStore(datetime.now(UTC), counted, sources)


def _count(connection: Connection[Any], cube: Cube, smallest: int) -> CountedCube:
    rows = connection.execute(render_count(cube, smallest, MAX_CELLS).encode()).fetchall()
    if len(rows) > MAX_CELLS:
        raise OperationRefused(
            f"the cube {cube.name} has more than {MAX_CELLS:,} cells", next_step="count by fewer columns in cubes.toml"
        )
    names = [dimension.name for dimension in cube.declaration.by]
    schema = {**dict.fromkeys(names, pl.String), "count": pl.Int64}
    cells = pl.DataFrame([row[:-1] for row in rows if not row[-1]], schema=schema, orient="row")
    return CountedCube(cube, cells, len(rows) - len(cells))


def write_export(counted: CountedStore, purpose: Purpose, folder: Path) -> None:
    """Write a Parquet file for each cube, and `export.json`. The folder is there whole or not at all. Raises OperationRefused."""
    smallest = purpose.declaration.limits.smallest_cell
    facts = {
        "format": FORMAT,
        "at": counted.at.isoformat(timespec="seconds"),
        "hub": version(DISTRIBUTION_NAME),
        "purpose": purpose.code,
        "purposeVersion": purpose.version,
        "smallestCell": smallest,
        "sources": counted.sources,
    }
    with _new_folder(folder) as partial:
        files = []
        for one in counted.cubes:
            path = partial / f"{one.cube.name}.parquet"
            about = one.cube.declaration.about
            told = {"format": FORMAT, "at": str(facts["at"]), "smallest_cell": str(smallest), "about": about.en}
            one.cells.write_parquet(path, metadata=told)
            files.append(
                {
                    "file": path.name,
                    "about": about.model_dump(),
                    "columns": one.cells.columns,
                    "cells": len(one.cells),
                    "suppressedCells": one.suppressed,
                    "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                }
            )
        (partial / "export.json").write_bytes(orjson.dumps({**facts, "files": files}, option=orjson.OPT_INDENT_2))


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    if folder.exists():
        raise OperationRefused(f"{folder} is there already", next_step="name a new folder")
    partial = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    try:
        partial.mkdir(parents=True)
        yield partial
        os.rename(partial, folder)
    except OSError as error:
        raise OperationRefused(
            f"{folder} cannot be written: {error.strerror}", next_step="free space, or name another folder"
        ) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
