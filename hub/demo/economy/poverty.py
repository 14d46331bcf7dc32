"""The yearly lists of poor and near-poor households, as the communes send them: a file a year."""

from __future__ import annotations

import numpy as np
import polars as pl

from hub.demo.land.commune_pairs import load_commune_pairs
from hub.demo.people.identifiers import to_digits
from hub.demo.people.people import TODAY_DAY, People, day_of
from hub.demo.province.data_faults import BY_SYSTEM, InvalidValue, is_showcase, record_parties, spoil_rows
from hub.demo.province.province_files import ProvinceFiles, day_text
from hub.demo.systems.source_words import POVERTY_CATEGORY

RATES = BY_SYSTEM["finance"]
YEARS = (2025, 2026)
POOR, NEAR_POOR = 0.015, 0.025
"""Of households, in one year."""
KEPT = 0.8
"""Of a year's households, on the next year's list too."""
FAULTS = (
    InvalidValue("category", "phan_loai", pl.lit("Khác")),
    InvalidValue("decision", "so_quyet_dinh", pl.lit("*")),
)


def write_poor_households(people: People, out: ProvinceFiles) -> None:
    """The lists of the years, and their truth."""
    rng, homes = people.block.rng(17), people.households
    drawn = rng.random(len(homes.head))
    free = ~is_showcase(people, homes.head)
    size = np.bincount(people.household, minlength=len(homes.head))
    for year in YEARS:
        listed = np.flatnonzero((drawn < POOR + NEAR_POOR) & free)
        count, head = len(listed), homes.head[listed]
        on = np.full(count, min(day_of(year - 1, 12, 20), TODAY_DAY))
        written = record_parties(rng, people, head, on, RATES)
        frame = pl.DataFrame({
            "nam": [year] * count, "ma_xa": load_commune_pairs().codes(homes.pair[listed], on), "stt": to_digits(people.block.ids(count, 1_000), 6),
            "chu_ho": written["name"], "ngay_sinh": written["birth"], "so_giay_to": written["identifier"], "dia_chi": written["address"],
            "so_nhan_khau": size[listed], "phan_loai": pl.Series(list(POVERTY_CATEGORY.values())).gather((drawn[listed] >= POOR).astype(np.int64)),
            "so_quyet_dinh": f"QĐ-{year}/" + pl.Series(load_commune_pairs().codes(homes.pair[listed], on)), "ngay_quyet_dinh": on,
            "dirt": written["dirt"], "subject_key": homes.codes.gather(listed),
        }).with_columns(day_text("ngay_quyet_dinh"))  # fmt: skip
        frame = spoil_rows(rng, frame, FAULTS, RATES.invalid, np.zeros(count, dtype=np.bool_), people.block.first)
        out.csv(f"finance/ho_ngheo_{year}.csv", frame.drop("dirt", "subject_key"), separator=";", bom=True)
        out.truth("finance", "ho_ngheo", frame.select(
            pl.concat_str("nam", "stt", separator="|").alias("source_id"), pl.lit("").alias("role"),
            pl.lit("household").alias("subject_kind"), "subject_key", "dirt",
        ))  # fmt: skip
        left = rng.random(len(drawn)) >= KEPT
        drawn = np.where(left, rng.random(len(drawn)), drawn)
