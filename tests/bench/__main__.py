"""`python -m tests.bench [--quick] [--only ingest|reads]`: measure, print the tables, write docs/benchmarks.{md,json}."""

import argparse
import os
import shutil
import tempfile
from pathlib import Path

import psycopg

from hub.store.embedded import EmbeddedServer
from tests.bench import ingest, reads
from tests.bench.harness import ROOT, Bench, write


def main() -> None:
    """Run the benches in one PostgreSQL in memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, and nothing is written")
    parser.add_argument("--only", choices=("ingest", "reads"))
    given = parser.parse_args()
    shm = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-", dir=shm if os.access(shm, os.W_OK) else None))
    folder.chmod(0o711)
    bench = Bench()
    try:
        with EmbeddedServer.start(folder / "postgresql", durable=False) as server:
            if given.only in (None, "ingest"):
                ingest.measure(bench, server, folder, rows=50_000 if given.quick else 500_000)
            if given.only in (None, "reads"):
                reads.measure(
                    bench, server, folder, citizens=1_000 if given.quick else 10_000, seconds=3 if given.quick else 10
                )
            with psycopg.connect(server.url("postgres")) as connection:
                version = f"{connection.info.server_version // 10_000}.{connection.info.server_version % 10_000}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for row in bench.rows:
        ratios = ", ".join(f"{row.hub / value:.2f} × {peer} ({value:,.0f})" for peer, value in row.peers.items())
        print(
            f"{row.table}: {row.name}: {row.hub:,.0f} {row.unit}; {ratios}; {'met' if row.met else 'NOT MET'} {row.note}"
        )
    if not given.quick and given.only is None:
        write(bench, version)
        print(f"wrote {(ROOT / 'docs' / 'benchmarks.md')}")


if __name__ == "__main__":
    main()
