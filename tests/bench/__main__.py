"""`python -m tests.bench [--quick] [--only PART]`: measure, print the tables, write docs/benchmarks.{md,json}."""

import argparse
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from hub.store.embedded import EmbeddedServer
from tests.bench import attacks, costs, growth, ingest, reads
from tests.bench.harness import ROOT, Bench, shown, write
from tests.bench.province import province
from tests.bench.servers import install

PARTS = ("ingest", "reads", "growth", "attacks", "costs")


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    ingested: int
    citizens: int
    seconds: int
    rounds: int
    grown: tuple[int, ...]


FULL = Sizes(ingested=500_000, citizens=20_000, seconds=5, rounds=3, grown=(10_000, 100_000, 1_000_000))
QUICK = Sizes(ingested=50_000, citizens=1_000, seconds=1, rounds=1, grown=(500, 5_000))


def main() -> None:
    """Run the benches in one PostgreSQL in memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, and nothing is written")
    parser.add_argument("--only", choices=PARTS, help="one part alone, and nothing is written")
    given = parser.parse_args()
    parts = PARTS if given.only is None else (given.only,)
    bench = Bench()
    with _folder() as folder, EmbeddedServer.start(folder / "postgresql", durable=False) as server:
        versions = _measure(bench, server, folder, QUICK if given.quick else FULL, parts)
    _print(bench)
    if not given.quick and given.only is None:
        write(bench, versions)
        print(f"wrote {(ROOT / 'docs' / 'benchmarks.md')}")


def _measure(
    bench: Bench, server: EmbeddedServer, folder: Path, sizes: Sizes, parts: tuple[str, ...]
) -> dict[str, str]:
    with psycopg.connect(server.url("postgres")) as connection:
        number = connection.info.server_version
    versions = {"postgresql": f"{number // 10_000}.{number % 10_000}"}
    if "ingest" in parts:
        ingest.measure(bench, server, folder, rows=sizes.ingested)
    if parts == ("ingest",):
        return versions
    url = province(server, folder, sizes.citizens)
    if "reads" in parts:
        node = install(folder)
        versions["postgraphile"] = json.loads((node / "package.json").read_text())["dependencies"]["postgraphile"]
        reads.measure(bench, url, folder, node, seconds=sizes.seconds, rounds=sizes.rounds)
    if "growth" in parts:
        growth.measure(bench, server, folder, sizes.grown, seconds=sizes.seconds, rounds=sizes.rounds)
    if "attacks" in parts:
        attacks.measure(bench, url)
    if "costs" in parts:
        costs.measure(bench, url, folder, seconds=sizes.seconds)
    return versions


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder in memory where there is such a thing, which the server's user may pass through."""
    shm = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-", dir=shm if os.access(shm, os.W_OK) else None))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _print(bench: Bench) -> None:
    for row in bench.rows:
        ratios = ", ".join(
            f"{row.hub / value:.2f} × {peer} ({shown(value)})" for peer, value in row.peers.items() if value
        )
        met = "" if not row.targets else "met" if row.met else "NOT MET"
        print(f"{row.table}: {row.name}: {shown(row.hub)} {row.unit}; {ratios}; {met} {row.note}")
    for heading, lines in bench.sections.items():
        print("\n".join(["", heading, *lines]))


if __name__ == "__main__":
    main()
