"""Births and deaths in the civil-status register: two more tables of the population system."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from hub.demo.land.commune_pairs import load_commune_pairs
from hub.demo.people.families import HouseholdRoles
from hub.demo.people.identifiers import Ints, to_digits
from hub.demo.people.people import NOBODY, TODAY_DAY, People, day_of
from hub.demo.people.person_names import load_name_book
from hub.demo.province import data_faults
from hub.demo.province.data_faults import BY_SYSTEM, InvalidValue, record_parties, select_where, spoil_rows
from hub.demo.province.province_files import ProvinceFiles, day_iso, instant_text

RATES = BY_SYSTEM["civil_status"]
ELECTRONIC_SINCE = day_of(2016, 1, 1)
"""Births before are in paper registers."""
LATE = 0.06
"""Of births: registered after the 60 days that the law gives, some years later."""
NOT_REGISTERED_DEATHS = 0.1
BIRTH_FAULTS = (
    InvalidValue("number", "so_dang_ky", pl.lit("*")),
    InvalidValue("birth_date", "ngay_sinh", pl.lit("31/02/2019")),
    InvalidValue("sex", "gioi_tinh", pl.lit("?")),
)
DEATH_FAULTS = (InvalidValue("number", "so_dang_ky", pl.lit("*")),)


@dataclass(frozen=True)
class Parents:
    """Mother and father of each person, indices or NOBODY."""

    mother: Ints
    father: Ints


def find_parents(people: People) -> Parents:
    """The parents of the children who live with them: the head of the household and the spouse."""
    child = people.roles.role == HouseholdRoles.CHILD
    head = people.roles.head[people.household]
    spouse = np.where(people.spouse[head] >= 0, people.spouse[head], NOBODY)
    mother = np.where(people.female[head], head, spouse)
    father = np.where(people.female[head], spouse, head)
    return Parents(np.where(child, mother, NOBODY), np.where(child, father, NOBODY))


def write_civil_status(people: People, out: ProvinceFiles) -> None:
    """The two tables and their truth."""
    _births(people.block.rng(11), people, find_parents(people), out)
    _deaths(people.block.rng(12), people, out)


def _births(rng: np.random.Generator, people: People, parents: Parents, out: ProvinceFiles) -> None:
    everyone = np.arange(len(people))
    has_parent = (parents.mother >= 0) | (parents.father >= 0)
    registered_here = (people.born >= ELECTRONIC_SINCE) | data_faults.is_showcase(people, everyone)
    who = np.flatnonzero(has_parent & registered_here)
    count, keep = len(who), data_faults.is_showcase(people, who)
    late = (rng.random(count) < LATE) & ~keep
    after = np.where(late, rng.integers(61, 2_500, count), rng.integers(2, 60, count))
    on = np.minimum(people.born[who] + after, TODAY_DAY - 1)
    child = record_parties(rng, people, who, np.full(count, TODAY_DAY), RATES)
    mother, father = parents.mother[who], parents.father[who]
    hers, his = (record_parties(rng, people, np.maximum(parent, 0), on, RATES) for parent in (mother, father))
    hospitals = pl.Series(load_name_book().organisation["hospital"])
    frame = pl.DataFrame({
        "id": people.block.ids(count), "so_dang_ky": _numbers("KS", people, on, count),
        "so_dinh_danh": child["identifier"], "ho_va_ten": child["name"], "ngay_sinh": data_faults.format_births(people, who, np.zeros(count, dtype=np.int64)),
        "gioi_tinh": pl.Series(["Nam", "Nữ"]).gather(people.female[who].astype(np.int64)), "noi_sinh": hospitals.gather(rng.integers(0, len(hospitals), count)),
        **_parent_columns("me", mother, hers), **_parent_columns("cha", father, his),
        "ma_xa": load_commune_pairs().codes(people.pair[who], on), "ngay_dang_ky": on, "cap_nhat_luc": on,
        "dirt": _late_flags(child["dirt"], late), "subject_key": to_digits(people.personal[who], 12),
        "mother_key": select_where(mother >= 0, to_digits(people.personal[mother], 12)), "mother_dirt": hers["dirt"],
        "father_key": select_where(father >= 0, to_digits(people.personal[father], 12)), "father_dirt": his["dirt"],
    }).with_columns(day_iso("ngay_dang_ky"), instant_text("cap_nhat_luc"))  # fmt: skip
    frame = spoil_rows(rng, frame, BIRTH_FAULTS, RATES.invalid, keep, people.block.first)
    truths = ("dirt", "subject_key", "mother_key", "mother_dirt", "father_key", "father_dirt")
    out.csv("population/khai_sinh.csv", frame.drop(truths))
    _truth(out, "khai_sinh", frame, "", "subject_key", "dirt")
    for role, parent in (("me", "mother"), ("cha", "father")):
        known = frame.filter(pl.col(f"{parent}_key").is_not_null())
        _truth(out, "khai_sinh", known, role, f"{parent}_key", f"{parent}_dirt")


def _parent_columns(role: str, parent: Ints, written: pl.DataFrame) -> dict[str, pl.Series]:
    known = parent >= 0
    return {
        f"so_dinh_danh_{role}": select_where(known, written["identifier"]),
        f"ho_va_ten_{role}": select_where(known, written["name"]),
        f"ngay_sinh_{role}": select_where(known, written["birth"]),
    }


def _late_flags(dirt: pl.Series, late: np.ndarray) -> pl.Series:
    parts = [pl.when(pl.lit(dirt) != "").then(pl.lit(dirt)), pl.when(pl.lit(pl.Series(late))).then(pl.lit("late"))]
    return pl.select(pl.concat_str(parts, separator=";", ignore_nulls=True)).to_series()


def _numbers(book: str, people: People, on: Ints, count: int) -> pl.Series:
    """Numbers of the entries: the register, the year, a serial number."""
    year = pl.Series(on.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970).cast(pl.String)
    return book + "-" + year + "-" + to_digits(people.block.ids(count), 8)


def _deaths(rng: np.random.Generator, people: People, out: ProvinceFiles) -> None:
    died = np.flatnonzero(people.died >= 0)
    who = died[rng.random(len(died)) >= NOT_REGISTERED_DEATHS]
    count = len(who)
    on = np.minimum(people.died[who] + rng.integers(1, 40, count), TODAY_DAY - 1)
    written = record_parties(rng, people, who, on, RATES)
    frame = pl.DataFrame({
        "id": people.block.ids(count), "so_dang_ky": _numbers("KT", people, on, count), "so_dinh_danh": written["identifier"],
        "ho_va_ten": written["name"], "ngay_sinh": written["birth"], "ngay_mat": people.died[who],
        "ma_xa": load_commune_pairs().codes(people.pair[who], on), "ngay_dang_ky": on, "cap_nhat_luc": on,
        "dirt": written["dirt"], "subject_key": to_digits(people.personal[who], 12),
    }).with_columns(day_iso("ngay_mat"), day_iso("ngay_dang_ky"), instant_text("cap_nhat_luc"))  # fmt: skip
    frame = spoil_rows(rng, frame, DEATH_FAULTS, RATES.invalid, np.zeros(count, dtype=np.bool_), people.block.first)
    out.csv("population/khai_tu.csv", frame.drop("dirt", "subject_key"))
    _truth(out, "khai_tu", frame, "", "subject_key", "dirt")


def _truth(out: ProvinceFiles, table: str, frame: pl.DataFrame, role: str, key: str, dirt: str) -> None:
    out.truth("population", table, frame.select(
        pl.col("id").alias("source_id"), pl.lit(role).alias("role"), pl.lit("person").alias("subject_kind"),
        pl.col(key).alias("subject_key"), pl.col(dirt).alias("dirt"),
    ))  # fmt: skip
