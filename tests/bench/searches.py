"""Search at a million citizens: what its index costs to make, to keep and to load, and how long a search takes with and without.

    python -m tests.bench.searches [--rows 1000000]

tries it and prints the rows; nothing is recorded.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

from hub.settings import load_settings
from hub.store.server.embedded import EmbeddedServer
from tests.bench.harness import Bench, Row, Target, shown
from tests.bench.people import People
from tests.bench.stores import first_load, store
from tests.system.graph import Graph

TABLE = "Search at {rows:,} citizens"
INDEX = "citizen_full_name_key_words"
WITHOUT = "without the index"
TIMES = 30
SLOWEST_MS = 100
QUERY = "query($t: String!) { search(text: $t) { hasMore hits { matchedOn node { ... on Citizen { personalId fullName birthDate } } } } }"
WORDS = "query($t: String!) { citizens(first: 10, filter: { fullName: { words: $t } }) { nodes { personalId } } }"
SPREAD = """update data.citizen set birth_date = (date '1930-01-01' + (hashint8(id) & 32767) % 32000)::text
where length(birth_date) = 10"""
"""The people are those of a small province over again: their birth dates are not."""


def measure(bench: Bench, server: EmbeddedServer, folder: Path, rows: int) -> None:
    """Load that many people with the index and without, and search among them."""
    table = TABLE.format(rows=rows)
    where = str(People.make(folder, rows).write(folder))
    with store(server, "bench_search_bare") as url:
        _run(url, f"drop index data.{INDEX}")
        bare = first_load(url, "files", str(Path(where).parent), rows)
    with store(server, "bench_search") as url:
        full = first_load(url, "files", str(Path(where).parent), rows)
        _run(url, SPREAD, "vacuum analyze data.citizen")
        made = _seconds(url, f"reindex index data.{INDEX}")
        size = _number(url, f"select pg_relation_size('data.{INDEX}') / 1e6")
        graph = Graph(url, load_settings())
        try:
            texts = _texts(url)
            found = {name: _times(graph, QUERY, some) for name, some in texts.items()}
            indexed = _times(graph, WORDS, texts["a whole name"])
            _run(url, f"drop index data.{INDEX}")
            scanned = _times(graph, WORDS, texts["a whole name"][:5])
        finally:
            graph.close()
    rates = [rows / run["seconds"] for run in (full, bare)]
    bench.rows += [
        Row(table, "First load", "rows/s", round(rates[0]), {WITHOUT: round(rates[1])}, (Target(0.9, WITHOUT),)),
        Row(table, "The index of words: made", "s", round(made, 2), {}, ()),
        Row(table, "The index of words: size", "MB", round(size, 1), {}, ()),
        *(
            Row(table, f"A search for {name}, p50", "ms", round(statistics.median(ms), 2), {}, (Target(SLOWEST_MS, at_most=True),), f"slowest of {len(ms)}: {max(ms):.1f} ms")
            for name, ms in found.items()
        ),
        Row(table, "The filter `words`, p50", "ms", round(statistics.median(indexed), 2), {WITHOUT: round(statistics.median(scanned), 2)}, (Target(0.2, WITHOUT, at_most=True),)),
    ]  # fmt: skip
    bench.method.append(
        f"Search: {rows:,} people of the demonstration (a small province's names over again, birth dates spread), one database on a"
        f" tmpfs; each search by the executor that serves the graph, without HTTP, {TIMES} texts of each kind, each once, after a"
        " warm-up. The first load is measured twice, in stores with and without the index."
    )


def _texts(url: str) -> dict[str, list[str]]:
    """What is searched for, by kind."""
    with psycopg.connect(url) as connection:
        people = connection.execute(
            f"select full_name, personal_id, birth_date from data.citizen where length(birth_date) = 10"
            f" order by hashint8extended(id, 3) limit {TIMES}"
        ).fetchall()
    born = ["/".join(reversed(str(day).split("-"))) for *_, day in people]
    return {
        "an identifier": [number for _, number, _ in people],
        "a birth date": born,
        "a whole name": [name for name, *_ in people],
        "a name and a birth date": [f"{name} {day}" for (name, *_), day in zip(people, born, strict=True)],
        "two common words": ["nguyễn thị", "nguyen van", "tran thi", "pham van", "le thi"] * (TIMES // 5),
        "the most common word": ["nguyễn"] * TIMES,
        "nobody's name": [f"Quách Zuy{n % 10}en Lương" for n in range(TIMES)],
    }


def _times(graph: Graph, query: str, texts: Sequence[str]) -> list[float]:
    """Milliseconds of each text."""
    graph.data(query, {"t": texts[0]})
    found = []
    for text in texts:
        began = time.perf_counter()
        graph.data(query, {"t": text})
        found.append(1_000 * (time.perf_counter() - began))
    return found


def _run(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def _seconds(url: str, statement: str) -> float:
    began = time.perf_counter()
    _run(url, statement)
    return time.perf_counter() - began


def _number(url: str, query: str) -> float:
    with psycopg.connect(url) as connection:
        row: tuple[Any, ...] | None = connection.execute(query).fetchone()
    assert row is not None
    return float(row[0])


def main() -> None:
    """Try it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    bench, folder = Bench(), Path(tempfile.mkdtemp(prefix="hub-bench-", dir="/dev/shm"))
    folder.chmod(0o711)
    try:
        with EmbeddedServer.start(folder / "postgresql", durable=False) as server:
            measure(bench, server, folder, given.rows)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for row in bench.rows:
        peers = "".join(f", {name} {shown(value, row.unit)}" for name, value in row.peers.items())
        met = "" if not row.targets else "met" if row.met else "NOT MET"
        print(f"{row.name}: {shown(row.hub, row.unit)} {row.unit}{peers} {met} {row.note}")


if __name__ == "__main__":
    main()
