"""Where businesses work: head office and other places, some with the number of their parcel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import polars as pl

from hub.demo.land.commune_pairs import load_commune_pairs
from hub.demo.land.land import Parcels
from hub.demo.people.identifiers import Bools, Ints, to_digits
from hub.demo.people.people import NOBODY, TODAY_DAY, People
from hub.demo.province.province_files import ProvinceFiles, day_text
from hub.demo.systems.source_words import BUSINESS_SITE_KIND

ELSEWHERE = 0.15
"""Of businesses: a second site, at one of the parcels of the block."""
STATED_PARCEL = 0.6
"""Of sites on land of the representative's household: the register has the parcel's number."""
KINDS = tuple(BUSINESS_SITE_KIND)
HEAD_OFFICE, LOCATION = KINDS.index("HEAD_OFFICE"), KINDS.index("BUSINESS_LOCATION")


class SitedBusinesses(Protocol):
    """What sites are made from: one entry a business."""

    id: Ints
    pair: Ints
    registered: Ints
    representative: Ints
    status: Ints

    def __len__(self) -> int: ...


def record_sites(people: People, firms: SitedBusinesses, parcels: Parcels) -> pl.DataFrame:
    """One row a site as the register has it, with the truth about its parcel: `at` is the number of the business."""
    rng, count = people.block.rng(20), len(firms)
    own = _own_parcels(people, firms, parcels)
    stated = (own >= 0) & (rng.random(count) < STATED_PARCEL)
    second = np.flatnonzero((rng.random(count) < ELSEWHERE) & (np.arange(count) > 0))
    at = np.concatenate([np.arange(count), second])
    parcel = np.concatenate([np.where(stated, own, NOBODY), rng.integers(0, len(parcels), len(second))])
    kind = np.concatenate([np.full(count, HEAD_OFFICE), np.full(len(second), LOCATION)])
    since = np.minimum(firms.registered[at] + (kind == LOCATION) * rng.integers(30, 900, len(at)), TODAY_DAY - 2)
    closed = firms.status[at] == 2
    pair = np.where(parcel >= 0, parcels.pair[parcel], firms.pair[at])
    known: Bools = parcel >= 0
    seen = parcels.seen(np.maximum(parcel, 0), since)
    return pl.DataFrame({
        "at": at, "source_id": firms.id[at], "ma": to_digits(firms.id[at], 8) + "-" + pl.Series(kind).cast(pl.String), "loai": pl.Series(list(BUSINESS_SITE_KIND.values())).gather(kind),
        "ma_xa": load_commune_pairs().codes(pair, since), "dia_chi": load_commune_pairs().phrases(pair, since), "tu_ngay": since,
        "den_ngay": np.where(closed, np.minimum(since + 400, TODAY_DAY - 1), NOBODY), **seen.select(pl.all().name.prefix("thua_")).to_dict(),
        "known": known, "subject_key": parcels.keys.gather(np.maximum(parcel, 0)), "dirt": parcels.seen_through(np.maximum(parcel, 0), since),
    }).with_columns(
        day_text("tu_ngay"), day_text("den_ngay"), pl.col("tu_ngay").cast(pl.Int32).cast(pl.Date).dt.strftime("%Y-%m-%d").alias("ngay_ma_xa"),
        pl.when("known").then(pl.struct(pl.col("^thua_.*$").name.map(lambda name: name.removeprefix("thua_")))).alias("thua"),
        item_key(("ma",)).alias("role"),
    ).sort("at", "ma")  # fmt: skip


def _own_parcels(people: People, firms: SitedBusinesses, parcels: Parcels) -> Ints:
    """A parcel of the representative's household for each business, NOBODY where it has none that is built on."""
    first = np.full(len(people.households.head), NOBODY, dtype=np.int64)
    built = np.flatnonzero(parcels.taxed)[::-1]
    first[parcels.household[built]] = built
    return first[people.household[firms.representative]]


def nest_sites(sites: pl.DataFrame) -> pl.Series:
    """The sites of each business as a list, in the order of the businesses."""
    grouped = sites.group_by("at", maintain_order=True).agg(
        pl.struct("ma", "loai", "ma_xa", "ngay_ma_xa", "dia_chi", "thua", "tu_ngay", "den_ngay").alias("dia_diem")
    )
    return grouped["dia_diem"]


def write_site_truth(sites: pl.DataFrame, out: ProvinceFiles) -> None:
    """Which parcel each site stands on, of those that state one."""
    out.truth(
        "business",
        "doanh-nghiep.dia_diem",
        sites.filter("known").with_columns(pl.lit("parcel").alias("subject_kind")),
    )


def item_key(columns: Sequence[str]) -> pl.Expr:
    """The part of a source key that names an item, as the connector's `item_key` makes it."""
    parts = [pl.col(c).cast(pl.String).fill_null("").str.replace_all(r"([\\|])", r"\$1") for c in columns]
    return pl.concat_str([pl.lit("="), pl.concat_str(parts, separator="|")])
