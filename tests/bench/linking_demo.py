"""Linking the demo province: how right it is by the truth, how long it takes, and how long a thousand new records take.

    python -m tests.bench.linking_demo [--citizens 20000]

tries it at a smaller size and prints the rows; nothing is recorded.
"""

import argparse
import os
import shutil
import tempfile
from pathlib import Path

import psycopg

from hub.demo.province.generate import generate_province
from hub.demo.systems.sector_systems import start_systems
from hub.ingest.run.connector_run import sync_connectors
from hub.link.evaluate.evaluation import Evaluation, evaluate_links
from hub.link.evaluate.measure import Proportion
from hub.model.registry import load_registry
from hub.model.tables import stored_columns
from hub.store.engine import make_engine
from hub.store.server.embedded import EmbeddedServer
from tests.bench import linking_changes
from tests.bench.harness import Bench, Row, Target, child, shown
from tests.bench.stores import counted, store

TABLE = "Linking the demo province"
NEW = 1_000
PRECISION, RECALL, WITH_REVIEW = 0.9995, 0.97, 0.995
MOST_SECONDS, MOST_MB, MOST_SECONDS_NEW = 360, 4_096, 10


def measure(bench: Bench, server: EmbeddedServer, folder: Path, citizens: int) -> None:
    """Make a province of this size, link it, hold it against its truth, and link a thousand records more."""
    made = generate_province(folder / f"linking-{citizens}", citizens)
    with store(server, "bench_linking") as url:
        opened = make_engine(url)
        with start_systems(Path(made.folder), server.url("postgres")) as systems:
            os.environ.update(systems.environment)
            sync_connectors(opened)
        full = child("tests.bench.link_run", url)
        found = evaluate_links(opened, Path(made.folder) / "truth")
        add(url)
        again = child("tests.bench.link_run", url)
        opened.dispose()
        assert again["whole"] == 0, again
        assert counted(url, SAME) > 0.99 * NEW
        linking_changes.measure(bench, url, citizens)
    shutil.rmtree(made.folder)
    bench.rows += _quality(found)
    bench.rows += [
        Row(TABLE, f"First run, {found.overall.records:,} links to find", "s", full["seconds"], {}, (Target(MOST_SECONDS, at_most=True),)),
        Row(TABLE, "Its peak memory, the database's apart", "MB", full["peak_mb"], {}, (Target(MOST_MB, at_most=True),)),
        Row(TABLE, f"A run after {NEW:,} new land-use rights", "s", again["seconds"], {}, (Target(MOST_SECONDS_NEW, at_most=True),)),
    ]  # fmt: skip
    bench.method.append(
        f"Linking the demo province: {citizens:,} citizens, read from the simulated systems, linked in a process of its own, and held"
        " against the truth that the generator writes aside (`hub link evaluate`); intervals are Wilson's, 95 %. New records are"
        " copies of random land-use rights under new keys, parties and parcels included, put into the store as ingest leaves them."
    )


def _quality(found: Evaluation) -> list[Row]:
    whole, merges = found.overall, found.merges["Citizen"]
    rates = (
        ("Accepted links that are right", whole.precision, PRECISION),
        ("Links that are accepted, of those there are", whole.recall, RECALL),
        ("The same, with those in review", whole.recall_with_review, WITH_REVIEW),
    )
    rows = [_rate(name, rate, target) for name, rate, target in rates]
    rows += [
        _rate(f"Accepted links that are right, to a {kind}", found.by_kind[kind].precision, None)
        for kind in ("person", "household", "business", "parcel")
    ]
    bare = Row(
        TABLE, "Homonyms joined without further evidence", "links", found.homonyms.bare, {}, (Target(0, at_most=True),),
        f"of {found.homonyms.tally.records:,} records of people who share name, birth year and commune with another",
    )  # fmt: skip
    merged = f"{merges.proposed:,} merges proposed, {merges.right:,} of them right"
    return [*rows, bare, Row(TABLE, "People registered twice, found", "of 1", merges.recall.value or 0, {}, (), merged)]


def _rate(name: str, rate: Proportion, target: float | None) -> Row:
    low, high = rate.interval or (0.0, 1.0)
    note = f"{rate.part:,} of {rate.whole:,}; {low:.5f} to {high:.5f}"
    return Row(TABLE, name, "of 1", round(rate.value or 0, 5), {}, (Target(target),) if target else (), note)


SAME = (
    "select count(*) from data.land_use_right n join data.land_use_right o on n.source_key = o.source_key || '~new'"
    " where (select array_agg(l.found_id order by l.found_id) from link.land_use_right_holder l where l.record_id = n.id)"
    " is not distinct from (select array_agg(l.found_id order by l.found_id) from link.land_use_right_holder l where l.record_id = o.id)"
)
"""New records that have the holders and candidates of those they are copies of."""


def add(url: str) -> None:
    """Put copies of records into the store, under new keys."""
    entity = load_registry()["LandUseRight"]
    kept = [column for column in stored_columns(entity) if column not in ("id", "source_key", "sys_from")]
    with psycopg.connect(url) as connection:
        connection.execute(
            f"insert into data.{entity.table} (source_key, sys_from, {', '.join(kept)})"
            f" select source_key || '~new', now(), {', '.join(kept)} from data.{entity.table}"
            f" order by hashint8extended(id, 7) limit {NEW}"
        )


def main() -> None:
    """Try it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--citizens", type=int, default=20_000)
    given = parser.parse_args()
    bench, folder = Bench(), Path(tempfile.mkdtemp(prefix="hub-bench-", dir="/dev/shm"))
    folder.chmod(0o711)
    try:
        with EmbeddedServer.start(folder / "postgresql", durable=False) as server:
            measure(bench, server, folder, given.citizens)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for row in bench.rows:
        met = "" if not row.targets else "met" if row.met else "NOT MET"
        print(f"{row.name}: {shown(row.hub, row.unit)} {row.unit} {met} {row.note}")


if __name__ == "__main__":
    main()
