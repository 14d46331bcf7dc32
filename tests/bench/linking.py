"""Linking: the FEBRL data sets from a schema mapping alone."""

import time
from collections.abc import Callable

from hub.link.model.scoring.backends import Backend, open_backend
from tests.bench.harness import Bench, Row, Target
from tests.febrl import Found, febrl_3, febrl_4

TABLE = "Linking"
F1 = Target(0.999)
DATA_SETS: tuple[tuple[str, Callable[[Backend], Found]], ...] = (
    ("FEBRL 4, 5,000 records to 5,000, one to one", febrl_4),
    ("FEBRL 3, duplicates among 5,000 records, clusters", febrl_3),
)


def measure(bench: Bench) -> None:
    """Train and score each data set, and print how well: no threshold is set on the truth."""
    with open_backend("duckdb") as backend:
        engine = ", ".join(f"{name} {number}" for name, number in backend.versions.items())
        for name, run in DATA_SETS:
            started, processor = time.monotonic(), time.process_time()
            found = run(backend)
            seconds, cpu = time.monotonic() - started, time.process_time() - processor
            note = (
                f"precision {found.precision:.5f}, recall {found.recall:.5f}, {found.joined:,} pairs joined of {found.all:,};"
                f" training and scoring {seconds:.1f} s, {cpu:.1f} s of processors; {engine}"
            )
            bench.rows.append(Row(TABLE, name, "F1", round(found.f1, 5), {}, (F1,), note))
    bench.method.append(
        "Linking: a schema mapping says what each column is (a name, a date, an identifier, words, a code); the model is learned"
        " without the truth, pairs of at least 0.99 are accepted, and the truth is looked at to count. F1 is over pairs."
    )
