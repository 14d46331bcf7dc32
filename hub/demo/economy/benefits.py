"""Social benefits: one worksheet of the social office."""

from __future__ import annotations

import numpy as np
import polars as pl

from hub.demo.people.identifiers import to_digits
from hub.demo.people.outsiders import record_persons
from hub.demo.people.people import NOBODY, THIS_YEAR, TODAY_DAY, People
from hub.demo.province import data_faults
from hub.demo.province.data_faults import BY_SYSTEM, InvalidValue, spoil_rows
from hub.demo.province.province_files import ProvinceFiles, day_text
from hub.demo.systems.source_words import BENEFIT_KIND, BENEFIT_STATUS

RATES = BY_SYSTEM["finance"]
HEADER = (
    "Số quyết định",
    "Họ tên",
    "Ngày sinh",
    "Số giấy tờ",
    "Địa chỉ",
    "Loại trợ cấp",
    "Mức hưởng",
    "Từ ngày",
    "Đến ngày",
    "Trạng thái",
)
BODY = "finance/tro_cap.rows"
FILE = "finance/tro_cap.xlsx"
FAULTS = (
    InvalidValue("kind", "Loại trợ cấp", pl.lit("Trợ cấp khác")),
    InvalidValue("date", "Từ ngày", pl.lit("31/04/2021")),
    InvalidValue("decision", "Số quyết định", pl.lit("*")),
)


def write_benefits(people: People, out: ProvinceFiles) -> None:
    """Benefits by age: old-age allowance from 75, merit from 50, disability at any age, poor households' heads. Pensions are another system's."""
    rng, age = people.block.rng(8), THIS_YEAR - people.birth_year
    drawn = rng.random((4, len(people)))
    eligible = {
        "OLD_AGE": ((age >= 75) & (drawn[0] < 0.6), 500_000), "DISABILITY": (drawn[1] < 0.022, 700_000),
        "POOR_HOUSEHOLD": ((people.roles.role == 0) & (drawn[2] < 0.012), 300_000), "MERIT": ((age >= 50) & (drawn[3] < 0.06), 2_055_000),
    }  # fmt: skip
    chosen = {
        kind: np.flatnonzero(mask & ~data_faults.is_showcase(people, np.arange(len(people))))
        for kind, (mask, _) in eligible.items()
    }
    who = np.concatenate(list(chosen.values()))
    kinds = np.repeat([BENEFIT_KIND[k] for k in chosen], [len(v) for v in chosen.values()])
    count = len(who)
    amount = (
        np.repeat([eligible[k][1] for k in chosen], [len(v) for v in chosen.values()])
        + rng.integers(0, 20, count) * 50_000
    )
    since = (
        TODAY_DAY
        - 60
        - (rng.random(count) * np.minimum(3_600, np.maximum(people.born[who] * 0 + 400, (age[who] - 59) * 365))).astype(
            np.int64
        )
    )
    since = np.maximum(since, people.born[who])
    died = people.died[who]
    # Every fifth payment to somebody who died has not been stopped: the social office was not told.
    ended = ((died >= 0) & (rng.random(count) < 0.8)) | (rng.random(count) < 0.06)
    until = np.where(ended, np.where(died >= 0, died + 20, np.minimum(since + 700, TODAY_DAY - 10)), NOBODY)
    written, gone = record_persons(rng, people, who, since, RATES, np.ones(count, dtype=np.bool_))
    ids = "QĐ-" + to_digits(people.block.ids(count), 8)
    frame = pl.DataFrame({
        HEADER[0]: ids, HEADER[1]: written["name"], HEADER[2]: written["birth"], HEADER[3]: written["identifier"], HEADER[4]: written["address"],
        HEADER[5]: kinds, HEADER[6]: amount, HEADER[7]: since, HEADER[8]: np.where(until >= 0, np.maximum(until, since), until),
        HEADER[9]: pl.Series(list(BENEFIT_STATUS.values())).gather(ended.astype(np.int64)), "dirt": written["dirt"],
        "subject_key": np.where(gone, "", to_digits(people.personal[who], 12).to_numpy()).astype(str), "source_id": ids,
        "subject_kind": pl.Series(["person", "outsider"]).gather(gone.astype(np.int64)),
    }).with_columns(day_text(HEADER[7]), day_text(HEADER[8]))  # fmt: skip
    frame = spoil_rows(rng, frame, FAULTS, RATES.invalid, np.zeros(count, dtype=np.bool_), people.block.first)
    out.sheet_rows(BODY, frame.select(HEADER))
    out.truth(
        "finance",
        "tro_cap",
        frame.select("source_id", pl.lit("").alias("role"), "subject_kind", "subject_key", "dirt"),
    )
