"""Ingest: the first load of a CSV file beside dlt and beside raw COPY, the same people again, and the memory it takes."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.store.server.embedded import EmbeddedServer
from tests.bench.harness import Bench, Row, Target, child
from tests.bench.people import People
from tests.bench.stores import counted, database, first_load, second_read, store

TABLE = "Ingest"
MEMORY = "Memory of ingest"
ARROW, DICTS, COPY = "dlt merge, Arrow tables", "dlt merge, dictionaries", "raw COPY"
MOST_MB = 600


@dataclass(frozen=True)
class Sizes:
    """How many rows are loaded; how many by dlt's slower way; how many in the case that is about memory, if it is run."""

    rows: int
    dicts: int
    most: int | None


@dataclass(frozen=True)
class Loads:
    """What the hub's loads of one size gave: into an empty store, and read again with and without changes."""

    rows: int
    first: dict[str, float]
    unchanged: dict[str, float]
    changed: dict[str, float] | None


def measure(bench: Bench, server: EmbeddedServer, folder: Path, sizes: Sizes) -> None:
    """Measure the hub and its peers one after another, each in a process of its own."""
    work = folder / "ingest"
    work.mkdir()
    people = People.make(work, sizes.rows)
    loads = _loads(server, work, people, changes=True)
    speed = _peers(server, work, people, sizes)
    bench.rows += [_first_row(loads, speed, sizes), *_second_rows(loads)]
    bench.rows += _memory_rows(loads, None)
    if sizes.most is not None:
        bench.rows += _memory_rows(_loads(server, work, People(people.tile, sizes.most), changes=False), loads)
    shutil.rmtree(work)
    bench.method += _method(sizes)


def _loads(server: EmbeddedServer, work: Path, people: People, *, changes: bool) -> Loads:
    """The hub's loads into one store; each edition of the file takes the place of the one before."""
    where = str(work)
    with store(server, "bench_hub") as url:
        people.write(work)
        first = first_load(url, "files", where, people.rows)
        people.again().write(work)
        unchanged = second_read(url, where, first, changed=False)
        if not changes:
            return Loads(people.rows, first, unchanged, None)
        people.with_changes().write(work)
        return Loads(people.rows, first, unchanged, second_read(url, where, first, changed=True))


def _peers(server: EmbeddedServer, work: Path, people: People, sizes: Sizes) -> dict[str, float]:
    """Rows a second of each peer, which are held to have loaded every row."""
    path = people.write(work)
    speed = {ARROW: _dlt(server, work, "arrow", people.rows)}
    with database(server, "bench_copy") as url:
        speed[COPY] = people.rows / child("tests.bench.load_copy", url, str(path))["seconds"]
        assert counted(url, "select count(*) from people") == people.rows
    People(people.tile, sizes.dicts).write(work)
    return {**speed, DICTS: _dlt(server, work, "dicts", sizes.dicts)}


def _dlt(server: EmbeddedServer, work: Path, way: str, rows: int) -> float:
    with database(server, "bench_dlt") as url:
        found = child("tests.bench.load_dlt", url, str(work), way)
        assert counted(url, "select count(*) from dlt_bench.people") == rows
    return rows / found["seconds"]


def _first_row(loads: Loads, speed: dict[str, float], sizes: Sizes) -> Row:
    # 7 × is held against the way that dlt's documentation begins with; the ratio to its fastest is shown beside it.
    targets = (Target(100_000), Target(7, DICTS), Target(0.12, COPY))
    hub = loads.rows / loads.first["seconds"]
    note = f"dlt's dictionaries over {sizes.dicts:,} rows only: rates are compared" if sizes.dicts < sizes.rows else ""
    peers = {name: speed[name] for name in (ARROW, DICTS, COPY)}
    return Row(TABLE, f"First load, {loads.rows:,} rows of 12 columns, CSV", "rows/s", hub, peers, targets, note)


def _second_rows(loads: Loads) -> list[Row]:
    assert loads.changed is not None
    unchanged, changed = loads.unchanged["seconds"], loads.changed["seconds"]
    first = {"first load": loads.rows / loads.first["seconds"]}
    return [
        Row(
            TABLE,
            "A second full read in another order, nothing changed",
            "rows/s",
            loads.rows / unchanged,
            first,
            (Target(3, "first load"),),
        ),
        Row(
            TABLE,
            "The same, 1 % of the rows changed",
            "s",
            changed,
            {"nothing changed": unchanged},
            (Target(1.5, "nothing changed", at_most=True),),
        ),
    ]


def _memory_rows(loads: Loads, smaller: Loads | None) -> list[Row]:
    def row(name: str, peak_mb: float, before: Mapping[str, float]) -> Row:
        peers = {f"{smaller.rows:,} rows": before["peak_mb"]} if smaller else {}
        return Row(MEMORY, f"{name} of {loads.rows:,} rows", "MB", peak_mb, peers, (Target(MOST_MB, at_most=True),))

    compared = smaller or loads
    return [
        row("First load", loads.first["peak_mb"], compared.first),
        row("Second full read", loads.unchanged["peak_mb"], compared.unchanged),
    ]


def _method(sizes: Sizes) -> list[str]:
    return [
        "Ingest: the demo province's people as one CSV file, in memory like the databases. The hub reads, maps, cleans and"
        " checks every field, keeps provenance, merges by content hash, and makes all of its indexes. Each loader in a process"
        " of its own, one after another into empty databases, start-up not counted; afterwards every database is held to have"
        " its rows.",
        "dlt merge: a primary key and write disposition merge, nothing checked, no other index. Arrow tables: pyarrow reads the"
        " file in blocks of 16 MB, all columns as text, which is dlt's fastest documented way. Dictionaries: the way its"
        " documentation begins with, here pages of 10,000 from csv.DictReader, which dlt normalizes and infers the types of."
        " Its settings are its defaults. The target of 7 × is held against the dictionaries alone.",
        "Raw COPY: psycopg sends the file as it is, in pieces of 1 MB, into a table of text columns with no key and no index.",
        "Second full read: the same rows, each with every value it had, the tiles of the file and the rows within each in"
        " another order; a full read all the same. With changes, one row in 100 has another address and a later time of change."
        " The counts of the run (read, added, changed, unchanged, deleted) and the rows of the store are held to be exact.",
        "Memory of ingest: the most that the loading process had resident (VmHWM), the hub alone, without the database"
        + (f"; {sizes.most:,} rows are a case of its own." if sizes.most is not None else "."),
    ]
