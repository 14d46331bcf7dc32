"""`python -m tests.bench [--quick] [--only PART …]`: measure, print the tables, write docs/reference/benchmarks.{md,json}."""

import argparse
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import psycopg

from hub.store.server.embedded import EmbeddedServer
from tests.bench import (
    access,
    attacks,
    callers,
    cdc,
    connectors,
    console,
    costs,
    growth,
    ingest,
    ledger_growth,
    ledger_verify,
    linking,
    linking_demo,
    linking_independent,
    linking_million,
    linking_pseudopeople,
    linking_public,
    prefill,
    reads,
    refresh,
    searches,
    wide_filters,
)
from tests.bench.harness import ROOT, Bench, shown, write
from tests.bench.province import province
from tests.bench.servers import install


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    ingest: ingest.Sizes
    connectors: connectors.Sizes
    cdc: cdc.Sizes
    citizens: int
    linked: int
    independent: tuple[int, ...]
    million: int
    seconds: int
    rounds: int
    grown: tuple[int, ...]
    searched: int
    ledger: int
    grown_ledger: tuple[int, ...]


FULL = Sizes(
    ingest=ingest.Sizes(rows=1_000_000, dicts=500_000, most=5_000_000),
    connectors=connectors.Sizes(table=1_000_000, api=1_000_000),
    cdc=cdc.Sizes(rows=100_000, changes=6_000),
    citizens=20_000,
    linked=200_000,
    independent=linking_independent.SIZES,
    million=1_000_000,
    seconds=5,
    rounds=3,
    grown=(10_000, 100_000, 1_000_000),
    searched=1_000_000,
    ledger=1_000_000,
    grown_ledger=(500_000, 1_000_000, 2_500_000),
)
QUICK = Sizes(
    ingest=ingest.Sizes(rows=20_000, dicts=5_000, most=None),
    connectors=connectors.Sizes(table=20_000, api=10_000),
    cdc=cdc.Sizes(rows=2_000, changes=600),
    citizens=1_000,
    linked=3_000,
    independent=(3_000,),
    million=10_000,
    seconds=1,
    rounds=1,
    grown=(500, 5_000),
    searched=20_000,
    ledger=20_000,
    grown_ledger=(20_000, 40_000),
)


@dataclass
class Run:
    """One run: a PostgreSQL in memory, a folder in memory, and what the parts share."""

    server: EmbeddedServer
    folder: Path
    sizes: Sizes
    versions: dict[str, str] = field(default_factory=dict)

    @cached_property
    def province(self) -> str:
        """The URL of the database that the parts about reads have in common, made for the first of them."""
        return province(self.server, self.folder, self.sizes.citizens)

    @cached_property
    def node(self) -> Path:
        """The folder of PostGraphile, installed for the first part that is measured beside it."""
        node = install(self.folder)
        self.versions["postgraphile"] = json.loads((node / "package.json").read_text())["dependencies"]["postgraphile"]
        return node


def _ingest(run: Run, bench: Bench) -> None:
    ingest.measure(bench, run.server, run.folder, run.sizes.ingest)


def _connectors(run: Run, bench: Bench) -> None:
    connectors.measure(bench, run.server, run.folder, run.sizes.connectors)


def _cdc(run: Run, bench: Bench) -> None:
    cdc.measure(bench, run.server, run.folder, run.sizes.cdc)


def _reads(run: Run, bench: Bench) -> None:
    reads.measure(bench, run.province, run.folder, run.node, seconds=run.sizes.seconds, rounds=run.sizes.rounds)


def _growth(run: Run, bench: Bench) -> None:
    assert run.province  # its database is the template of growth's own
    growth.measure(bench, run.server, run.folder, run.sizes.grown, seconds=run.sizes.seconds, rounds=run.sizes.rounds)


def _search(run: Run, bench: Bench) -> None:
    searches.measure(bench, run.server, run.folder, run.sizes.searched)


def _attacks(run: Run, bench: Bench) -> None:
    attacks.measure(bench, run.province)


def _wide_filters(run: Run, bench: Bench) -> None:
    wide_filters.measure(bench, run.province, seconds=2 * run.sizes.seconds)


def _callers(run: Run, bench: Bench) -> None:
    callers.measure(bench, run.server)


def _access(run: Run, bench: Bench) -> None:
    access.measure(
        bench, run.server, run.province, run.folder, run.node, seconds=run.sizes.seconds, rounds=run.sizes.rounds
    )


def _prefill(run: Run, bench: Bench) -> None:
    prefill.measure(
        bench, run.server, run.province, run.folder, run.node, seconds=run.sizes.seconds, rounds=run.sizes.rounds
    )


def _console(run: Run, bench: Bench) -> None:
    console.measure(bench, run.server, run.province, seconds=run.sizes.seconds)


def _refresh(run: Run, bench: Bench) -> None:
    refresh.measure(bench, run.server, rounds=run.sizes.rounds * refresh.ROUNDS)


def _costs(run: Run, bench: Bench) -> None:
    costs.measure(bench, run.province, run.folder, seconds=run.sizes.seconds)


def _ledger_verify(run: Run, bench: Bench) -> None:
    ledger_verify.measure(bench, run.server, run.folder, run.sizes.ledger)


def _ledger_growth(run: Run, bench: Bench) -> None:
    ledger_growth.measure(bench, run.server, run.sizes.grown_ledger)


def _linking(run: Run, bench: Bench) -> None:
    linking.measure(bench)
    linking_pseudopeople.measure(bench, run.folder)
    linking_public.measure(bench, run.folder)
    linking_million.measure(bench, run.folder, run.sizes.million)


def _linking_demo(run: Run, bench: Bench) -> None:
    linking_demo.measure(bench, run.server, run.folder, run.sizes.linked)


def _linking_independent(run: Run, bench: Bench) -> None:
    linking_independent.measure(bench, run.server, run.folder, run.sizes.independent)


PARTS: Mapping[str, Callable[[Run, Bench], None]] = {
    "ingest": _ingest,
    "connectors": _connectors,
    "cdc": _cdc,
    "reads": _reads,
    "growth": _growth,
    "search": _search,
    "attacks": _attacks,
    "wide-filters": _wide_filters,
    "callers": _callers,
    "access": _access,
    "prefill": _prefill,
    "console": _console,
    "refresh": _refresh,
    "costs": _costs,
    "ledger-verify": _ledger_verify,
    "ledger-growth": _ledger_growth,
    "linking": _linking,
    "linking-demo": _linking_demo,
    "linking-independent": _linking_independent,
}


def main() -> None:
    """Run the benches in one PostgreSQL in memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, and nothing is written")
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, help="these parts alone; the others stay as they were recorded"
    )
    given = parser.parse_args()
    measured: dict[str, Bench] = {}
    with _folder() as folder, EmbeddedServer.start(folder / "postgresql", durable=False) as server:
        run = Run(server, folder, QUICK if given.quick else FULL, {"postgresql": _version(server)})
        for name in given.only or PARTS:
            measured[name] = Bench()
            PARTS[name](run, measured[name])
            _print(measured[name])
    if not given.quick:
        write(measured, run.versions, order=tuple(PARTS))
        print(f"wrote {(ROOT / 'docs' / 'reference' / 'benchmarks.md')}")


def _version(server: EmbeddedServer) -> str:
    with psycopg.connect(server.url("postgres")) as connection:
        number = connection.info.server_version
    return f"{number // 10_000}.{number % 10_000}"


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
            f"{row.hub / value:.2f} × {peer} ({shown(value, row.unit)})" for peer, value in row.peers.items() if value
        )
        met = "" if not row.targets else "met" if row.met else "NOT MET"
        print(f"{row.table}: {row.name}: {shown(row.hub, row.unit)} {row.unit}; {ratios}; {met} {row.note}")
    for heading, lines in bench.sections.items():
        print("\n".join(["", heading, *lines]))


if __name__ == "__main__":
    main()
