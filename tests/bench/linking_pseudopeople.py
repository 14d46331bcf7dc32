"""Linking pseudopeople's sample: a schema mapping alone, beside a plain Splink model over the same rows.

    python -m tests.bench.linking_pseudopeople [--seeds 1 2 3]

tries it with other noise and prints the rows; nothing is recorded.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from hub.link.model.roles import ColumnRole, map_roles
from hub.link.model.scoring.backends import Backend, open_backend
from hub.link.model.scoring.decide import PairBand, one_to_many
from hub.link.model.scoring.score import score_pairs
from hub.link.model.training.train import train_model
from tests.bench.harness import Bench, Row, Target
from tests.febrl import Found

TABLE = "Linking pseudopeople's sample"
HERE = Path(__file__).parent / "pseudopeople"
SEED = 1
KEY, TRUTH = "key", "simulant_id"
PLAIN = "plain Splink"
BEST = "plain Splink, best of each record"
ACCEPTED = 0.99
COMPARISONS: Mapping[str, Callable[[str], Any]] = {
    "first_name": cl.NameComparison,
    "last_name": cl.NameComparison,
    "street_name": cl.NameComparison,
    "date_of_birth": partial(cl.DateOfBirthComparison, input_is_string=True),
}
"""Comparisons of Splink's library where it has one for a column; the others are compared for equality, with frequencies."""
SELECTING = ("first_name", "last_name", "street_number", "street_name")
FEW = 1_000
"""Under so many records the note says what one of them counts."""

COLUMNS = {
    "first_name": ColumnRole.GIVEN_NAME,
    "middle_initial": ColumnRole.INITIAL,
    "last_name": ColumnRole.SURNAME,
    "date_of_birth": ColumnRole.BIRTH_DATE,
    "street_number": ColumnRole.STREET_NUMBER,
    "street_name": ColumnRole.STREET,
    "unit_number": ColumnRole.CATEGORY,
    # The sample is one town with one postcode: these tell little, and select nothing.
    "city": ColumnRole.CATEGORY,
    "state": ColumnRole.CATEGORY,
    "zipcode": ColumnRole.CATEGORY,
    "sex": ColumnRole.CATEGORY,
    "race_ethnicity": ColumnRole.CATEGORY,
}
"""What each column is that the census has and another file has, too, as the census names it. No file but the taxes has a social
security number."""


@dataclass(frozen=True)
class File:
    """A file that is linked to the census: its columns by ours."""

    name: str
    title: str
    columns: Mapping[str, str]

    @property
    def roles(self) -> dict[str, ColumnRole]:
        """What of the mapping this file and the census both have."""
        return {name: role for name, role in COLUMNS.items() if name in self.columns}


NAMES = ("first_name", "middle_initial", "last_name")
PLACES = ("street_number", "street_name", "unit_number", "city", "state", "zipcode")
CENSUS = File("census", "decennial census", {name: name for name in COLUMNS})
FILES = (
    File(
        "taxes",
        "W-2 and 1099 tax forms",
        {**{name: name for name in NAMES}, **{name: f"mailing_address_{name}" for name in PLACES}},
    ),
    File("benefits", "benefits of women, infants and children", CENSUS.columns),
)


def measure(bench: Bench, folder: Path, seed: int = SEED) -> None:
    """Write the files, link each to the census by both models, and hold the links against the truth."""
    made = folder / "pseudopeople"
    written(made, seed)
    register = read(made, CENSUS)
    with open_backend("duckdb", folder=folder) as backend:
        for file in FILES:
            _measure(bench, backend, file, read(made, file), register)
    bench.method.append(
        f"Linking pseudopeople's sample: the census, tax and benefit files of version {_pinned()} with its default noise, made in an"
        " environment of its own; the truth is the simulated person. Each record of a file has one record of the census at most."
        " The hub knows what each column is and is trained without the truth. The plain model has Splink's own comparisons with"
        " their defaults, its tutorial's training, and the same pairs to weigh; it accepts from 0.99, all or each record's best."
    )


def _measure(bench: Bench, backend: Backend, file: File, records: pl.DataFrame, register: pl.DataFrame) -> None:
    known = records.join(register, on=TRUTH, how="semi").height
    pairs = by_plain(file, records, register)
    best = pairs.sort("weight", "right_key", descending=[True, False]).unique(
        "left_key", keep="first", maintain_order=True
    )
    hub = _found(by_hub(backend, file, records, register), records, register, known)
    peers = {PLAIN: _found(pairs, records, register, known), BEST: _found(best, records, register, known)}
    counted = "; ".join(
        f"{name} {found.right:,} right of {found.joined:,} joined" for name, found in {"hub": hub, **peers}.items()
    )
    notes = {
        "precision": counted,
        "recall": f"{records.height:,} records, {known:,} of people whom the census has among its {register.height:,}"
        + (f"; one record more or less is {1 / known:.4f}" if known < FEW else ""),
    }
    for measure_of in ("precision", "recall", "F1"):
        figures = {name: round(getattr(found, measure_of.lower()), 5) for name, found in peers.items()}
        bench.rows.append(
            Row(
                TABLE,
                f"Census and {file.title}: {measure_of}",
                "of 1",
                round(getattr(hub, measure_of.lower()), 5),
                figures,
                tuple(Target(1.0, peer) for peer in peers),
                notes.get(measure_of, ""),
            )
        )


def _found(pairs: pl.DataFrame, records: pl.DataFrame, register: pl.DataFrame, known: int) -> Found:
    judged = pairs.join(_truth(records, "left"), on="left_key").join(_truth(register, "right"), on="right_key")
    return Found(judged.height, judged.filter(pl.col("left") == pl.col("right")).height, known)


def _truth(frame: pl.DataFrame, side: str) -> pl.DataFrame:
    return frame.select(pl.col(KEY).alias(f"{side}_key"), pl.col(TRUTH).alias(side))


def by_hub(backend: Backend, file: File, records: pl.DataFrame, register: pl.DataFrame) -> pl.DataFrame:
    """The pairs that the hub accepts, from what each column is."""
    spec = map_roles(file.name, KEY, file.roles)
    model = train_model(spec, records, register, backend=backend)
    pairs = score_pairs(model, records, register, backend=backend)
    return one_to_many(pairs, spec.bands).filter(pl.col("band") == PairBand.ACCEPT)


def by_plain(file: File, records: pl.DataFrame, register: pl.DataFrame) -> pl.DataFrame:
    """The pairs that a model of Splink's own comparisons accepts: left_key, right_key, weight."""
    dated = "date_of_birth" in file.columns
    second = ("date_of_birth",) if dated else ("street_number", "street_name")
    with duckdb.connect(":memory:") as connection:
        connection.execute("set threads = 2")
        api = DuckDBAPI(connection)
        # Splink takes the first by name for the left side.
        sides = [
            api.register(frame.select(KEY, *file.roles).to_arrow(), dataset_display_name=name)
            for name, frame in (("a_records", records), ("b_register", register))
        ]
        linker = Linker(sides, _plain(file, (*SELECTING, "date_of_birth") if dated else SELECTING), log_level=None)
        training = linker.training
        certain = [block_on("first_name", "last_name", column) for column in second]
        training.estimate_probability_two_random_records_match(certain, recall=0.7)
        training.estimate_u_using_random_sampling(max_pairs=1e6, seed=SEED)
        training.estimate_parameters_using_expectation_maximisation(block_on("first_name", "last_name"))
        training.estimate_parameters_using_expectation_maximisation(block_on(*second))
        found = linker.inference.predict(threshold_match_probability=ACCEPTED)
        pairs = pl.DataFrame(found.as_pyarrow_table())
    named = {f"{KEY}_l": "left_key", f"{KEY}_r": "right_key", "match_weight": "weight"}
    return pairs.select(*named).rename(named)


def _plain(file: File, selecting: Sequence[str]) -> SettingsCreator:
    """Each column by the comparison that Splink's library has for it, and the pairs that two of the selecting columns agree on,
    which are those that the hub looks at."""
    comparisons = [
        COMPARISONS[name](name)
        if name in COMPARISONS
        else cl.ExactMatch(name).configure(term_frequency_adjustments=True)
        for name in file.roles
    ]
    return SettingsCreator(
        link_type="link_only",
        unique_id_column_name=KEY,
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=[block_on(*pair) for pair in combinations(selecting, 2)],
    )


def read(folder: Path, file: File) -> pl.DataFrame:
    """A file's records: a key, the truth, and its columns as the census names them, in lower case; days from MM/DD/YYYY or
    MMDDYYYY to YYYY-MM-DD, wrong characters left where they are."""
    frame = pl.read_csv(folder / f"{file.name}.csv", infer_schema=False).with_row_index("at")
    columns = {ours: pl.col(theirs).str.strip_chars().str.to_lowercase() for ours, theirs in file.columns.items()}
    if "date_of_birth" in columns:
        columns["date_of_birth"] = _day(columns["date_of_birth"])
    return frame.select(pl.format(f"{file.name}-{{}}", "at").alias(KEY), TRUTH, **columns)


def _day(written: pl.Expr) -> pl.Expr:
    whole = written.str.replace_all("/", "")
    return pl.when(whole.str.len_chars() == 8).then(
        pl.concat_str(whole.str.slice(4, 4), whole.str.slice(0, 2), whole.str.slice(2, 2), separator="-")
    )


def written(folder: Path, seed: int) -> None:
    """Write the files into a folder, by the package in an environment of its own, since its libraries are of other versions.

    Raises RuntimeError with what was said where a program failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    environment = folder / "environment"
    uv, python = str(Path(sys.executable).parent / "uv"), str(environment / "bin" / "python")
    lock = str(HERE / "requirements.lock")
    if not environment.exists():
        _run(uv, "venv", "--quiet", "--python", sys.executable, str(environment))
        _run(uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", lock)
    _run(python, str(HERE / "generate.py"), str(folder), str(seed))


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{(done.stderr or done.stdout)[-3000:]}")


def _pinned() -> str:
    lines = (HERE / "requirements.in").read_text(encoding="ascii").split()
    (number,) = (line.removeprefix("pseudopeople==") for line in lines if line.startswith("pseudopeople=="))
    return number


def main() -> None:
    """Try it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[SEED])
    given = parser.parse_args()
    shm = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-", dir=shm if os.access(shm, os.W_OK) else None))
    try:
        for seed in given.seeds:
            bench = Bench()
            measure(bench, folder, seed)
            for row in bench.rows:
                figures = ", ".join(f"{name} {value:.5f}" for name, value in {"hub": row.hub, **row.peers}.items())
                print(f"seed {seed}: {row.name}: {figures}; {'met' if row.met else 'NOT MET'} {row.note}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
