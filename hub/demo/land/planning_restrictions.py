"""Planning restrictions on parcels, as land's system keeps them."""

from __future__ import annotations

import numpy as np
import polars as pl

from hub.demo.land.land import Parcels, parcel_struct
from hub.demo.people.identifiers import to_digits
from hub.demo.people.people import NOBODY, People, day_of
from hub.demo.province.data_faults import BY_SYSTEM, InvalidValue, spoil_rows
from hub.demo.province.province_files import ProvinceFiles, day_text, instant_text
from hub.demo.systems.source_words import PLANNING_KIND

RATES = BY_SYSTEM["land"]
PLANS = (
    ("LAND_RECOVERY", 0.25, "QĐ-1520/2025", "Kế hoạch sử dụng đất năm 2026"),
    ("ROAD_CORRIDOR", 0.30, "QĐ-88/2021", "Quy hoạch giao thông đường bộ tỉnh"),
    ("POWER_LINE_CORRIDOR", 0.15, "QĐ-412/2019", "Hành lang đường dây 110 kV Cái Lân"),
    ("WATERWAY_CORRIDOR", 0.10, "QĐ-2230/2022", "Hành lang bảo vệ nguồn nước"),
    ("HERITAGE", 0.05, "QĐ-142/2020", "Khu vực bảo vệ di sản vịnh Hạ Long"),
    ("HEIGHT_LIMIT", 0.15, "QĐ-318/2023", "Quy chế quản lý kiến trúc đô thị"),
)
"""Kind, part of all restrictions, decision, name of the plan."""
RESTRICTED = 0.06
"""Of parcels."""
FAULTS = (
    InvalidValue("kind", "loai", pl.lit("Khác")),
    InvalidValue("date", "tu_ngay", pl.lit("31/04/2021")),
)


def write_restrictions(people: People, parcels: Parcels, identifiers: pl.Series, out: ProvinceFiles) -> None:
    """The restrictions and their truth. The showcase citizen's first parcel has a height limit."""
    rng = people.block.rng(16)
    drawn = rng.random(len(parcels))
    if people.block.first:
        drawn[:2] = 0.0, 1.0
    which = np.flatnonzero(drawn < RESTRICTED)
    count = len(which)
    shares = np.cumsum([share for _, share, _, _ in PLANS])
    plan = np.minimum(np.searchsorted(shares, rng.random(count)), len(PLANS) - 1)
    if people.block.first:
        plan[0] = next(at for at, (kind, *_) in enumerate(PLANS) if kind == "HEIGHT_LIMIT")
    since = day_of(2019, 1, 1) + rng.integers(0, 7 * 365, count)
    limited = rng.random(count) < 0.3
    measured = rng.random(count) < 0.6
    affected = np.round(parcels.area[which] * rng.uniform(0.05, 0.8, count), 1)
    # The plan department knows a parcel by the numbers of the day of the decision.
    frame = pl.DataFrame({
        "id": people.block.ids(count), "so_hieu": "QH-" + to_digits(people.block.ids(count), 8), "thua": parcel_struct(parcels.seen(which, since), identifiers.gather(which)),
        "loai": pl.Series([PLANNING_KIND[kind] for kind, *_ in PLANS]).gather(plan), "so_quyet_dinh": pl.Series([number for _, _, number, _ in PLANS]).gather(plan),
        "ten_quy_hoach": pl.Series([name for *_, name in PLANS]).gather(plan),
        "dien_tich_anh_huong": pl.select(pl.when(pl.lit(pl.Series(measured))).then(pl.lit(pl.Series(affected)))).to_series(),
        "tu_ngay": since, "den_ngay": np.where(limited, since + 3_650, NOBODY), "cap_nhat_luc": since,
        "dirt": parcels.seen_through(which, since), "subject_key": parcels.keys.gather(which),
    }).with_columns(day_text("tu_ngay"), day_text("den_ngay"), instant_text("cap_nhat_luc"))  # fmt: skip
    keep = parcels.household[which] == 0
    frame = spoil_rows(rng, frame, FAULTS, RATES.invalid, keep, people.block.first)
    out.lines("land/quy-hoach.jsonl", frame.drop("dirt", "subject_key"))
    out.truth("land", "quy-hoach", frame.select(
        pl.col("id").alias("source_id"), pl.lit("").alias("role"), pl.lit("parcel").alias("subject_kind"), "subject_key", "dirt"
    ))  # fmt: skip
