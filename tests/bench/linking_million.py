"""Linking a million recorded parties to a million citizens: how long each step takes, and the memory of it all.

    python -m tests.bench.linking_million [--rows 100000]

tries it at a smaller size and prints the rows; nothing is recorded.
"""

import argparse
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from hub.demo.people.identifiers import Ints, to_digits
from hub.demo.people.outsiders import record_persons
from hub.demo.people.people import TODAY_DAY, People, day_of, make_people
from hub.demo.people.population import write_population
from hub.demo.province.data_faults import BY_SYSTEM
from hub.demo.province.generate import plan_blocks
from hub.demo.province.province_files import ProvinceFiles
from tests.bench.harness import Bench, Row, child, shown
from tests.bench.linking_million_run import TRUTH

TABLE = "Linking a million to a million"
OFFICES = ("land", "finance", "business")
SEED, PURPOSE = 22, 90
"""Of the province, and of what is drawn here: no other purpose of the generator has that number."""
FIRST_RECORDS = day_of(2005, 1, 1)


def measure(bench: Bench, folder: Path, rows: int) -> None:
    """Make both sides, link them in a process of its own, and count what was found."""
    made = folder / f"million-{rows}"
    register, parties = sides(made, rows)
    found = child("tests.bench.linking_million_run", str(made))
    shutil.rmtree(made)
    title = "A million recorded parties against a million citizens"
    if rows != 1_000_000:
        title = f"{parties:,} recorded parties against {register:,} citizens"
    precision, recall = found["right"] / found["accepted"], found["right"] / found["linkable"]
    with_review = found["reachable"] / found["linkable"]
    quality = (
        f"{register:,} citizens, {parties:,} parties, {found['pairs']:,.0f} pairs of at least 0.10; accepted {found['accepted']:,.0f},"
        f" precision {precision:.5f}, recall {recall:.5f}, {with_review:.5f} with those in review"
    )
    steps = (
        ("reading features of both", "features_s", ""),
        ("training", "training_s", ""),
        ("scoring and deciding", "scoring_s", quality),
    )
    bench.rows += [Row(TABLE, f"{title}: {name}", "s", round(found[key], 1), {}, (), note) for name, key, note in steps]
    peaks = f"after features {found['features_mb']:,.0f} MB, after training {found['training_mb']:,.0f} MB"
    bench.rows.append(Row(TABLE, f"{title}: peak memory, the engine's included", "MB", found["peak_mb"], {}, (), peaks))
    bench.method.append(
        "Linking a million to a million: the people of a province of that size as the demo's population register writes them, and"
        " each of them once more as a land office, a tax office or a business register does, by turns, with the dirt of that office"
        " and 4 in 1,000 whom the register does not hold. Features are read and the model is trained and used with the default"
        " settings (DuckDB, 2 threads, 2,000 MB) in a process of its own, without rules before it and without companions; its peak"
        " holds both sides and all pairs. The truth is looked at to count."
    )


def sides(folder: Path, rows: int) -> tuple[int, int]:
    """Write register.parquet and parties.parquet of so many people: INPUT, the truth, and the register's former_id. Returns how
    many rows each has; rows of the register that no hub would take are left out."""
    parties = []
    with ProvinceFiles(folder) as out:
        for block in plan_blocks(rows, SEED):
            people = make_people(block)
            write_population(people, out)
            parties.append(_recorded(people))
    written = pl.concat(parties).with_row_index("key")
    written.write_parquet(folder / "parties.parquet")
    register = _register(folder)
    register.write_parquet(folder / "register.parquet")
    return register.height, written.height


def _register(folder: Path) -> pl.DataFrame:
    truth = pl.read_csv(folder / "truth" / "population.cong_dan.csv", infer_schema=False)
    rows = pl.read_csv(folder / "population" / "cong_dan.csv", infer_schema=False)
    return (
        # One row for each identifier, as the hub keeps it.
        rows.filter(pl.col("so_dinh_danh").str.contains(r"^\d{12}$"))
        .unique("so_dinh_danh", keep="first", maintain_order=True)
        .join(truth, left_on="id", right_on="source_id", how="inner", maintain_order="left")
        .select(
            pl.col("id").alias("key"),
            pl.lit("PERSON").alias("kind"),
            pl.col("ho_va_ten").alias("name"),
            pl.col("ngay_sinh").alias("birth_date"),
            pl.col("so_dinh_danh").alias("identifier"),
            pl.lit(None, pl.String).alias("tax_code"),
            pl.col("dia_chi").alias("address"),
            pl.concat_str("ma_xa", "ngay_dang_ky", separator="@").alias("unit_code"),
            pl.col("so_cmnd_cu").alias("former_id"),
            pl.col("subject_key").alias(TRUTH),
        )
    )


def _recorded(people: People) -> pl.DataFrame:
    """Everybody of a block as one office or another wrote them, on some day of the last twenty years of their lives."""
    rng = people.block.rng(PURPOSE)
    everybody = np.arange(len(people))
    first = np.maximum(people.born, FIRST_RECORDS)
    on = first + (rng.random(len(people)) * (TODAY_DAY - first)).astype(np.int64)
    return pl.concat([
        _by_office(rng, people, everybody[at :: len(OFFICES)], on, office) for at, office in enumerate(OFFICES)
    ])  # fmt: skip


def _by_office(rng: np.random.Generator, people: People, who: Ints, on: Ints, office: str) -> pl.DataFrame:
    written, gone = record_persons(rng, people, who, on[who], BY_SYSTEM[office], np.ones(len(who), dtype=np.bool_))
    subjects = pl.when(pl.lit(pl.Series(gone))).then(pl.lit("")).otherwise(pl.lit(to_digits(people.personal[who], 12)))
    return written.select(
        pl.lit("PERSON").alias("kind"),
        "name",
        pl.col("birth").alias("birth_date"),
        "identifier",
        pl.lit(None, pl.String).alias("tax_code"),
        "address",
        pl.lit(None, pl.String).alias("unit_code"),
        subjects.alias(TRUTH),
    )


def main() -> None:
    """Try it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    given = parser.parse_args()
    shm = Path("/dev/shm")
    bench = Bench()
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-", dir=shm if os.access(shm, os.W_OK) else None))
    try:
        measure(bench, folder, given.rows)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for row in bench.rows:
        print(f"{row.name}: {shown(row.hub, row.unit)} {row.unit} {row.note}")


if __name__ == "__main__":
    main()
