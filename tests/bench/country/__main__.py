"""One store that grows to millions of citizens: sizes, reads, prefills, vacuum and counts at each size, and whether partitions pay.

    python -m tests.bench.country --citizens 1000000 5000000 10000000 --folder DIR [--minutes 6] [--base 20000] [--compared 10000]
        [--seconds 5] [--spare-gb 10] [--partitions-at 5000000] [--table]

A province of `--base` citizens is read from its sources and linked by the hub; the rest of the store is copies of it, made in SQL (tests/bench/copies.py).
Indexes are dropped before the copies and made anew after them. A store of `--compared` citizens, read and linked too, lies in the same server
and is measured in turn with the large one. Files are on the disk of `--folder`, which a later start goes on with; the server does not wait for
the disk (fsync=off), and what its memory is stands in tests/bench/country/store.py.

After `--minutes` it begins no further step and exits with 75: start it again. If a size would leave less than `--spare-gb` of the disk free, the largest
size that fits is taken. Figures are in DIR/country.json, and `--table` prints those so far. Remove DIR afterwards.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from hub.store.server.embedded import EmbeddedServer
from tests.bench.country.measures import (
    draw_people,
    measure_cold_reads,
    measure_counts,
    measure_prefills,
    measure_reads,
    measure_sizes,
    measure_vacuum,
)
from tests.bench.country.partitions import build_partitions, compare_partitions
from tests.bench.country.store import (
    LARGE,
    Deadline,
    OutOfTimeError,
    drop_page_cache,
    grow,
    make_provinces,
    start_server,
)

AGAIN = 75
"""The exit code of a run that has to be started again."""
CUT_TO = 100_000
NEEDED_S = {
    "cold_reads": 70.0,
    "reads": 70.0,
    "prefills": 70.0,
    "counts": 40.0,
    "vacuum": 40.0,
    "partitions_built": 110.0,
    "partitions": 110.0,
}
"""What each measure takes at most, about; none begins later than this before the end."""
DEFAULT_BYTES_A_CITIZEN = 7_000.0
Found = dict[str, Any]


class Results:
    """The figures measured so far, by size and name, kept in a file so that a later start goes on with them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.by_size: dict[str, Found] = json.loads(path.read_text()) if path.exists() else {}

    def has(self, size: int, name: str) -> bool:
        """Whether this is measured."""
        return name in self.by_size.get(str(size), {})

    def note(self, size: int, name: str, value: Any) -> None:
        """Keep it, and print it."""
        self.by_size.setdefault(str(size), {})[name] = value
        self.path.write_text(json.dumps(self.by_size, indent=2) + "\n", encoding="utf-8")
        print(json.dumps({"citizens": size, name: value}), flush=True)


def fit_size(wanted: int, has: int, bytes_a_citizen: float, spare_bytes: float) -> int:
    """The size that is wanted, or the largest for which this much of the disk is enough; at least what the store has."""
    fits = has + int(max(0.0, spare_bytes) / bytes_a_citizen)
    return wanted if wanted <= fits else max(has, fits // CUT_TO * CUT_TO)


def _fit(server: EmbeddedServer, results: Results, folder: Path, wanted: int, spare_gb: float) -> int:
    with psycopg.connect(server.url(LARGE)) as connection:
        (has,) = connection.execute("select count(*) from data.citizen").fetchone() or (0,)
    known = [found["sizes"]["bytes_a_citizen"] for found in results.by_size.values() if "sizes" in found]
    spare = shutil.disk_usage(folder).free - spare_gb * 1e9
    return fit_size(wanted, int(has), max(known, default=DEFAULT_BYTES_A_CITIZEN), spare)


def run_size(results: Results, folder: Path, size: int, deadline: Deadline, given: argparse.Namespace) -> None:
    """Grow to a size and measure it. Raises OutOfTimeError."""
    with start_server(folder) as server:
        make_provinces(server, folder, given.base, given.compared)
        if not results.has(size, "copied_to"):
            results.note(size, "copied_to", _fit(server, results, folder, size, given.spare_gb))
        if not results.has(size, "grown"):
            results.note(size, "grown", grow(server.url(LARGE), results.by_size[str(size)]["copied_to"], deadline))
        if not results.has(size, "sizes"):
            results.note(size, "sizes", measure_sizes(server))
            draw_people(server, folder)
    if not results.has(size, "cold_reads"):
        deadline.check(NEEDED_S["cold_reads"])
        drop_page_cache(folder)
        with start_server(folder) as server:
            results.note(size, "cold_reads", measure_cold_reads(server, folder))
            results.note(size, "cold_prefills", measure_prefills(server, folder, (LARGE,), seconds=given.seconds))
    measures: Mapping[str, Callable[[EmbeddedServer], object]] = {
        "reads": partial(measure_reads, folder=folder, seconds=given.seconds),
        "prefills": partial(measure_prefills, folder=folder, seconds=given.seconds),
        "counts": measure_counts,
        "vacuum": measure_vacuum,
    }
    if size in given.partitions_at:
        measures = {
            **measures,
            "partitions_built": partial(build_partitions, folder=folder),
            "partitions": partial(compare_partitions, folder=folder, seconds=min(3, given.seconds)),
        }
    with start_server(folder) as server:
        for name, measure in measures.items():
            if not results.has(size, name):
                deadline.check(NEEDED_S[name])
                results.note(size, name, measure(server))


def make_table(by_size: Mapping[str, Found]) -> list[str]:
    """A Markdown table of the figures: a line for each, with a column for each size."""
    columns = [dict(_flatten(found)) for found in by_size.values()]
    names = list(dict.fromkeys(name for column in columns for name in column))
    lines = ["| | " + " | ".join(f"{int(size):,}" for size in by_size) + " |", "|---|" + "--:|" * len(columns)]
    return lines + [f"| {name} | " + " | ".join(_show(column.get(name)) for column in columns) + " |" for name in names]


def _flatten(found: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for name, value in found.items():
        label = f"{prefix}{name}"
        flat += _flatten(value, f"{label}: ") if isinstance(value, dict) else [(label, value)]
    return flat


def _show(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def main() -> None:
    """Grow and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--citizens", type=int, nargs="+", default=[1_000_000, 5_000_000, 10_000_000])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=600)
    parser.add_argument("--base", type=int, default=20_000)
    parser.add_argument("--compared", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--spare-gb", type=float, default=10)
    parser.add_argument("--partitions-at", type=int, nargs="*", default=[5_000_000])
    parser.add_argument("--table", action="store_true")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    given.folder.chmod(0o711)
    results = Results(given.folder / "country.json")
    if not given.table:
        deadline = Deadline(time.monotonic() + given.minutes * 60)
        try:
            for size in sorted(given.citizens):
                run_size(results, given.folder, size, deadline, given)
        except OutOfTimeError:
            print(json.dumps({"status": "more to do: start it again"}), flush=True)
            sys.exit(AGAIN)
    print("\n".join(make_table(results.by_size)))


if __name__ == "__main__":
    main()
