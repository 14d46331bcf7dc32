"""Linking a province that somebody else wrote: how right it is, with and without heaped birth dates, and what is wrong.

    python -m tests.bench.linking_independent [--citizens 30000] [--heap 0.07] [--seed 1] [--errors 5]

tries it at one size, prints the rows and the errors by kind of dirt; nothing is recorded. What it prints is of nobody.
"""

import argparse
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.ingest.run.connector_run import sync_connectors
from hub.link.evaluate.evaluation import Evaluation, evaluate_links
from hub.link.evaluate.falses import FalseLink
from hub.link.evaluate.measure import Proportion, Tally
from hub.store.engine import make_engine
from hub.store.server.embedded import EmbeddedServer
from tests.bench.harness import Bench, Row, Target, child, shown
from tests.bench.independent_province.write import CONNECTOR, VARIABLE, write_province
from tests.bench.stores import store

TABLE = "Linking a province written independently"
SIZES, HEAPS = (30_000, 60_000), (0.07, 0.0)
UNKNOWABLE = "parcel_renumbered_unknowably"
"""No office could say which parcel such a record means: left out of recall, and its accepted links count as any other."""
RELATIVES = ("identifier_of_spouse", "identifier_of_child", "identifier_of_mother")
PRECISION, MODEL_PRECISION, RELATIVES_PRECISION = 0.9997, 0.999, 0.995
RECALL, WITH_REVIEW = 0.965, 0.985


def measure(bench: Bench, server: EmbeddedServer, folder: Path, sizes: Iterable[int]) -> None:
    """Write, read and link provinces of these sizes, with and without heaps."""
    for citizens in sizes:
        for heap in HEAPS:
            found, run = link_province(server, folder / f"independent-{citizens}-{heap}", citizens, heap)
            bench.rows += _rows(found, run, f"{citizens:,} citizens, {'heaped' if heap else 'no heaps'}")
    bench.method.append(
        "The independent province (`tests/bench/independent_province`) was written from facts about the offices and without reading"
        " the demonstration's generator: 51 kinds of dirt, names of ethnic minorities, 7 % of births heaped on 1 January or none."
        f" Records of the kind `{UNKNOWABLE}` are left out of recall; nothing is tuned on its truth. Intervals are Wilson's, 95 %."
    )


def link_province(
    server: EmbeddedServer, folder: Path, citizens: int, heap: float, *, seed: int = 1, values: bool = False
) -> tuple[Evaluation, dict[str, float]]:
    """The evaluation of one province linked in a process of its own, and what that process reported."""
    write_province(folder, citizens, heap=heap, seed=seed)
    try:
        with store(server, "bench_independent") as url, _environment(folder):
            opened = make_engine(url)
            reports = sync_connectors(opened, ["place", CONNECTOR])
            assert all(report.status != "FAILED" for report in reports), [report.problems for report in reports]
            run = child("tests.bench.link_run", url)
            found = evaluate_links(opened, folder / "truth", values=values)
            opened.dispose()
    finally:
        shutil.rmtree(folder)
    return found, run


@contextmanager
def _environment(folder: Path) -> Iterator[None]:
    mine = {"HUB_CONNECTORS_PATH": str(folder / "connectors"), VARIABLE: str(folder / "data")}
    before = {name: os.environ.get(name) for name in mine}
    os.environ.update(mine)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def _rows(found: Evaluation, run: dict[str, float], which: str) -> list[Row]:
    whole, unknowable = found.overall, found.by_dirt.get(UNKNOWABLE)
    knowable = whole.linkable - (unknowable.linkable if unknowable else 0)
    model = [tally for method, tally in found.by_method.items() if method.startswith("model:")]
    relatives = [found.by_dirt[kind] for kind in RELATIVES if kind in found.by_dirt]
    spared = (unknowable.right, unknowable.right + unknowable.offered) if unknowable else (0, 0)
    rates = [
        ("Accepted links that are right", whole.precision, PRECISION),
        ("The model's own links that are right", _precision(model), MODEL_PRECISION),
        ("Links of records with a relative's identifier that are right", _precision(relatives), RELATIVES_PRECISION),
        ("Links that are accepted, of those there are", Proportion(whole.right - spared[0], knowable), RECALL),
        ("The same, with those in review", Proportion(whole.right + whole.offered - spared[1], knowable), WITH_REVIEW),
    ]
    rows = [_rate(f"{name}: {which}", rate, target) for name, rate, target in rates]
    return [*rows, Row(TABLE, f"First run: {which}", "s", run["seconds"], {}, ())]


def _precision(tallies: Iterable[Tally]) -> Proportion:
    known = list(tallies)
    return Proportion(sum(one.right for one in known), sum(one.right + one.wrong for one in known))


def _rate(name: str, rate: Proportion, target: float) -> Row:
    low, high = rate.interval or (0.0, 1.0)
    note = f"{rate.part:,} of {rate.whole:,}; {low:.5f} to {high:.5f}"
    return Row(TABLE, name, "of 1", round(rate.value or 0, 5), {}, (Target(target),), note)


def _show_errors(found: Evaluation, most: int) -> None:
    print("\nBy kind of dirt: linkable, right, wrong, in review, astray, missed")
    lost = {kind: one.linkable - one.right for kind, one in found.by_dirt.items()}
    for kind in sorted(lost, key=lambda kind: -lost[kind]):
        one = found.by_dirt[kind]
        print(f"  {kind}: {one.linkable:,} {one.right:,} {one.wrong:,} {one.offered:,} {one.astray:,} {one.missed:,}")
    print("\nBy field")
    for name, one in found.by_field.items():
        print(f"  {name}: {one.linkable:,} {one.right:,} {one.wrong:,} {one.offered:,} {one.astray:,} {one.missed:,}")
    kinds: dict[tuple[str, ...], list[FalseLink]] = defaultdict(list)
    for link in found.false_links:
        kinds[(link.field, link.method, *link.dirt)].append(link)
    print("\nFalse links by field, method and dirt")
    for kind, links in sorted(kinds.items(), key=lambda item: -len(item[1])):
        print(f"  {len(links)} × {' / '.join(kind)}")
        for link in links[:most]:
            bits = "; ".join(f"{e['comparison']} {e['outcome']} {e['bits']}" for e in link.evidence or ())
            print(f"      {link.status} {link.weight} [{bits}]\n      {link.values}")


def main() -> None:
    """Try it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--citizens", type=int, default=30_000)
    parser.add_argument("--heap", type=float, default=0.07)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--errors", type=int, default=2, help="how many false links of each kind are shown whole")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-", dir="/dev/shm"))
    folder.chmod(0o711)
    try:
        with EmbeddedServer.start(folder / "postgresql", durable=False) as server:
            found, run = link_province(
                server, folder / "province", given.citizens, given.heap, seed=given.seed, values=True
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for row in _rows(found, run, f"{given.citizens:,} citizens, heap {given.heap}"):
        met = "" if not row.targets else "met" if row.met else "NOT MET"
        print(f"{row.name}: {shown(row.hub, row.unit)} {row.unit} {met} {row.note}")
    _show_errors(found, given.errors)


if __name__ == "__main__":
    main()
