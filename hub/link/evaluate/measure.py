"""Measures over records whose truth is known. Pure: frames in, figures out.

A record is *linkable* where a register holds its subject. Precision is the part of accepted links that are right; recall is
the part of linkable records whose accepted link is right, or (with review) that have the right subject among their candidates.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

ACCEPTED = ("CONFIRMED", "PROBABLE")
BANDS = (*ACCEPTED, "UNCONFIRMED", "UNLINKED")
Z = 1.959964
"""Of the normal distribution: intervals hold 95 in 100."""

RECORDS: Mapping[str, Any] = {
    "field": pl.String(),
    "record_id": pl.Int64(),
    "subject_kind": pl.String(),
    "dirt": pl.String(),
    "linkable": pl.Boolean(),
    "status": pl.String(),
    "method": pl.String(),
    "right": pl.Boolean(),
    "offered": pl.Boolean(),
    "homonym": pl.Boolean(),
    "bare": pl.Boolean(),
}
"""What there is of each record: whether the accepted link is right, whether the right subject is among the candidates, whether
its subject or the one it was linked to has a homonym, and whether the link to a homonym has no further evidence."""


@dataclass(frozen=True)
class Proportion:
    """A part of a whole, with its Wilson interval: near 0 and 1 it stays within them, unlike the usual one."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """None if there is no whole."""
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Lower and upper bound."""
        return compute_wilson_interval(self.part, self.whole) if self.whole else None

    def document(self) -> dict[str, Any]:
        """For machines."""
        low, high = self.interval or (None, None)
        return {"part": self.part, "whole": self.whole, "value": self.value, "low": low, "high": high}


def compute_wilson_interval(part: int, whole: int, z: float = Z) -> tuple[float, float]:
    """The interval that holds the true proportion with the confidence of z. `whole` is at least 1."""
    share, square = part / whole, z * z
    centre = share + square / (2 * whole)
    spread = z * math.sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    scale = 1 + square / whole
    return max((centre - spread) / scale, 0.0), min((centre + spread) / scale, 1.0)


@dataclass(frozen=True)
class Tally:
    """Records of one group by what became of them. The first six add up to `records`; `linkable` overlaps them."""

    right: int
    wrong: int
    offered: int
    """In review, the right subject among the candidates."""
    astray: int
    """Linkable, in review, the right subject not among the candidates."""
    missed: int
    """Linkable, and nothing found."""
    nobody: int
    """Not linkable, and not linked."""
    linkable: int

    @property
    def records(self) -> int:
        return self.right + self.wrong + self.offered + self.astray + self.missed + self.nobody

    @property
    def precision(self) -> Proportion:
        """Of accepted links."""
        return Proportion(self.right, self.right + self.wrong)

    @property
    def recall(self) -> Proportion:
        """Of accepted links."""
        return Proportion(self.right, self.linkable)

    @property
    def recall_with_review(self) -> Proportion:
        """Of accepted links and candidates."""
        return Proportion(self.right + self.offered, self.linkable)

    def document(self) -> dict[str, Any]:
        """For machines."""
        counts = ("records", "linkable", "right", "wrong", "offered", "astray", "missed", "nobody")
        rates = ("precision", "recall", "recall_with_review")
        return {
            **{name: getattr(self, name) for name in counts},
            **{name: getattr(self, name).document() for name in rates},
        }


ACCEPT = pl.col("status").is_in(ACCEPTED)
OUTCOMES: Mapping[str, pl.Expr] = {
    "right": ACCEPT & pl.col("right"),
    "wrong": ACCEPT & ~pl.col("right"),
    "offered": ~ACCEPT & pl.col("offered"),
    "astray": ~ACCEPT & pl.col("linkable") & ~pl.col("offered") & (pl.col("status") == "UNCONFIRMED"),
    "missed": pl.col("linkable") & (pl.col("status") == "UNLINKED"),
    "nobody": ~ACCEPT & ~pl.col("linkable"),
    "linkable": pl.col("linkable"),
}


def tally_records(records: pl.DataFrame) -> Tally:
    """All records as one group."""
    return Tally(**records.select(expr.sum().alias(name) for name, expr in OUTCOMES.items()).row(0, named=True))


def tally_by_column(records: pl.DataFrame, by: str) -> dict[str, Tally]:
    """A tally for each value of a column, in order of the values; records without one are left out."""
    counted = (
        records.filter(pl.col(by).is_not_null())
        .group_by(by)
        .agg(expr.sum().alias(name) for name, expr in OUTCOMES.items())
        .sort(by)
    )
    return {str(row.pop(by)): Tally(**row) for row in counted.iter_rows(named=True)}


CLEAN = "clean"


def by_dirt(records: pl.DataFrame) -> dict[str, Tally]:
    """A tally for each kind of dirt; a record with two kinds is in both, one with none is `clean`."""
    kinds = pl.when(pl.col("dirt") == "").then(pl.lit(CLEAN)).otherwise("dirt").str.split(";")
    return tally_by_column(records.with_columns(kinds.alias("kind_of_dirt")).explode("kind_of_dirt"), "kind_of_dirt")


def by_combination(records: pl.DataFrame, most: int = 20) -> dict[str, Tally]:
    """The combinations of dirt by which most linkable records were not linked rightly, the worst first."""
    named = pl.when(pl.col("dirt") == "").then(pl.lit(CLEAN)).otherwise("dirt").alias("combination")
    found = tally_by_column(records.with_columns(named), "combination")
    lost = {name: one.linkable - one.right for name, one in found.items()}
    worst = sorted((name for name in found if lost[name]), key=lambda name: (-lost[name], name))
    return {name: found[name] for name in worst[:most]}


def by_band(records: pl.DataFrame) -> dict[str, Tally]:
    """A tally for each status, in the order of trust."""
    found = tally_by_column(records, "status")
    return {band: found[band] for band in BANDS if band in found}


@dataclass(frozen=True)
class Homonyms:
    """Records about people who share name, birth year and commune with somebody."""

    tally: Tally
    bare: int
    """Accepted links of them without further evidence: no number, no full birth date, no place within the commune agrees."""
    bare_wrong: int

    def document(self) -> dict[str, Any]:
        """For machines."""
        return {**self.tally.document(), "without_further_evidence": self.bare, "of_them_wrong": self.bare_wrong}


def measure_homonyms(records: pl.DataFrame) -> Homonyms:
    """What became of homonyms."""
    theirs = records.filter("homonym")
    bare = theirs.filter(ACCEPT & pl.col("bare"))
    return Homonyms(tally_records(theirs), len(bare), len(bare.filter(~pl.col("right"))))


@dataclass(frozen=True)
class Merges:
    """Proposed merges of a register's rows against those that are one subject."""

    real: int
    proposed: int
    right: int
    accepted: int
    accepted_right: int

    @property
    def precision(self) -> Proportion:
        """Of proposals."""
        return Proportion(self.right, self.proposed)

    @property
    def recall(self) -> Proportion:
        """Of real duplicates."""
        return Proportion(self.right, self.real)

    def document(self) -> dict[str, Any]:
        """For machines."""
        counts = ("real", "proposed", "right", "accepted", "accepted_right")
        return {
            **{name: getattr(self, name) for name in counts},
            "precision": self.precision.document(),
            "recall": self.recall.document(),
        }


def measure_merges(real: pl.DataFrame, found: pl.DataFrame) -> Merges:
    """Both frames have the ids `one` and `other` of a pair, in any order; `found` also has `status`."""
    pairs = [_pairs(frame) for frame in (real, found)]
    known = pairs[0].unique()
    proposed = pairs[1].unique(("one", "other"))
    right = proposed.join(known, on=("one", "other"), how="semi")
    accepted = [frame.filter(pl.col("status").is_in(ACCEPTED)).height for frame in (proposed, right)]
    return Merges(known.height, proposed.height, right.height, *accepted)


def _pairs(frame: pl.DataFrame) -> pl.DataFrame:
    ordered = (pl.min_horizontal("one", "other").alias("one"), pl.max_horizontal("one", "other").alias("other"))
    return frame.with_columns(*ordered).filter(pl.col("one") != pl.col("other"))
