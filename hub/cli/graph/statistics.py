"""`hub statistics`: counts that leave the hub as Parquet files, under the purpose `statistics`."""

from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from hub.cli.options import Json
from hub.cli.shown_values import ShownValues, record_shown
from hub.cli.store import connect_to_read
from hub.cli.terminal import OUT, show_json, show_table
from hub.errors import OperationRefused
from hub.ledger.writing.records import RecordKind
from hub.model.registry import load_registry
from hub.settings import load_settings
from hub.statistics.cubes import read_cubes, select_cubes

app = cyclopts.App(name="statistics")


@app.command(name="list")
def list_command(*, json: Json = False) -> None:
    """List the available counts and their dimensions."""
    _, cubes = read_cubes(load_registry())
    rows = [
        {
            "name": cube.name,
            "entity": cube.entity.name,
            "by": [dimension.name for dimension in cube.declaration.by],
            "about": cube.declaration.about.model_dump(),
        }
        for cube in cubes
    ]
    if json:
        show_json(rows)
        return
    cells = [(cube.name, ", ".join(d.name for d in cube.declaration.by), cube.declaration.about.vi) for cube in cubes]
    show_table("Cubes", ("name", "by", "about"), cells)


@app.command(name="export")
def export_command(
    *,
    to: Annotated[Path, Parameter(help="Folder to make: a Parquet file for each cube, and export.json.")],
    cube: Annotated[
        list[str] | None, Parameter(negative=(), help="This cube alone; may be given several times.")
    ] = None,
) -> None:
    """Export counts as Parquet files: small cells are left out, counts rounded down. It is recorded in the ledger."""
    from hub.statistics.export import count_cubes, write_export

    if to.exists():
        raise OperationRefused(f"{to} is there already", next_step="name a new folder")
    purpose, known = read_cubes(load_registry())
    cubes, smallest = select_cubes(known, cube), purpose.declaration.limits.smallest_cell
    assert smallest is not None  # read_cubes refuses a purpose without one
    with connect_to_read(load_settings()) as connection:
        counted = count_cubes(connection, cubes, smallest)
        details = {
            "cubes": [one.cube.name for one in counted.cubes],
            "cells": sum(len(one.cells) for one in counted.cubes),
            "smallest_cell": smallest,
        }
        paths = tuple(path for one in cubes for path in one.paths)
        # Before anything is on disk: what cannot be written down does not leave.
        record_shown(connection, ShownValues(paths, kind=RecordKind.EXPORT, purpose=purpose.code, details=details))
    write_export(counted, purpose, to)
    for one in counted.cubes:
        OUT.print(
            f"{to / one.cube.name}.parquet: {len(one.cells):,} cells, {one.suppressed:,} under {smallest} left out"
        )
