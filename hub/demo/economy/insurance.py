"""Social insurance: pensions, health-insurance cards and notices of birth, as the agency's service returns them."""

from __future__ import annotations

import numpy as np
import polars as pl

from hub.demo.people.civil_status import find_parents
from hub.demo.people.identifiers import Bools, Ints, Scatter, to_digits
from hub.demo.people.outsiders import record_persons
from hub.demo.people.people import NOBODY, THIS_YEAR, TODAY_DAY, People, day_of
from hub.demo.people.person_names import NameParts, load_name_book
from hub.demo.province import data_faults
from hub.demo.province.data_faults import BY_SYSTEM, InvalidValue, spoil_rows
from hub.demo.province.province_files import ProvinceFiles, day_iso, instant_text
from hub.demo.systems.source_words import BENEFIT_STATUS, PENSION_KIND

RATES = BY_SYSTEM["insurance"]
INSURED = 0.93
NOTIFIED_SINCE = day_of(2025, 1, 1)
"""Hospitals send notices of birth through the agency since then."""
NO_NOTICE = 0.1
"""Of births: the hospital's notice never came."""
NOT_STOPPED = 0.2
"""Of pensions of the dead: nobody told the agency."""
CATEGORIES = ("DN", "HC", "HT", "CC", "HN", "CN", "TE", "HS", "BT", "GD")
COVER_LEVEL = {"DN": 4, "HC": 4, "HT": 3, "CC": 2, "HN": 2, "CN": 3, "TE": 1, "HS": 4, "BT": 2, "GD": 4}
PENSION_FAULTS = (
    InvalidValue("amount", "mucHuong", pl.lit("không rõ")),
    InvalidValue("decision", "soQuyetDinh", pl.lit("*")),
)
CARD_FAULTS = (
    InvalidValue("number", "soThe", pl.col("soThe").str.slice(0, 12)),
    InvalidValue("category", "doiTuong", pl.lit("ZZ")),
)
NOTICE_FAULTS = (InvalidValue("birth_date", "ngaySinhCon", pl.lit("2025-02-31")),)


def write_insurance(people: People, out: ProvinceFiles) -> None:
    """The three lists and their truth."""
    age = THIS_YEAR - people.birth_year
    insurance_numbers = "22" + to_digits(
        Scatter.seeded(people.block.seed, 6)(people.block.first_serial + np.arange(len(people))), 8
    )
    pensioner = (age >= 60) & (people.block.rng(21).random(len(people)) < 0.30)
    _pensions(people, insurance_numbers, pensioner, out)
    _cards(people, insurance_numbers, age, pensioner, out)
    _notices(people, out)


def _pensions(people: People, insurance_numbers: pl.Series, pensioner: Bools, out: ProvinceFiles) -> None:
    rng, everyone = people.block.rng(22), np.arange(len(people))
    survivor = (people.state == 3) & people.adult & ~pensioner & (rng.random(len(people)) < 0.08)
    who = np.flatnonzero((pensioner | survivor) & ~data_faults.is_showcase(people, everyone))
    count = len(who)
    kind = np.where(survivor[who], 3, np.where(rng.random(count) < 0.94, 0, rng.integers(1, 3, count)))
    amount = np.where(kind == 3, 1_170_000, 3_500_000 + rng.integers(0, 120, count) * 50_000)
    since = np.where(kind == 3, np.maximum(people.ended[who], day_of(1995, 1, 1)), people.born[who] + 60 * 365)
    since = np.clip(since, None, TODAY_DAY - 40)
    died = people.died[who]
    stopped = (died >= 0) & (rng.random(count) >= NOT_STOPPED)
    written, gone = record_persons(
        rng, people, who, np.maximum(since, day_of(2017, 1, 1)), RATES, np.ones(count, dtype=np.bool_)
    )
    frame = pl.DataFrame({
        "maHoSo": people.block.ids(count), "soQuyetDinh": "HT-" + to_digits(people.block.ids(count), 8), "maSoBhxh": insurance_numbers.gather(who),
        "hoTen": written["name"], "ngaySinh": written["birth"], "soGiayTo": written["identifier"], "diaChi": written["address"],
        "cheDo": pl.Series(list(PENSION_KIND.values())).gather(kind), "mucHuong": pl.Series(amount).cast(pl.String), "tuNgay": since,
        "denNgay": np.where(stopped, died + 5, NOBODY), "trangThai": pl.Series(list(BENEFIT_STATUS.values())).gather(stopped.astype(np.int64)),
        "capNhat": np.maximum(since, np.where(stopped, died, 0)), **_subject(people, who, gone, written),
    }).with_columns(day_iso("tuNgay"), day_iso("denNgay"), instant_text("capNhat"))  # fmt: skip
    frame = spoil_rows(rng, frame, PENSION_FAULTS, RATES.invalid, np.zeros(count, dtype=np.bool_), people.block.first)
    _write(out, "luong-huu", frame)


def _cards(people: People, insurance_numbers: pl.Series, age: Ints, pensioner: Bools, out: ProvinceFiles) -> None:
    rng, everyone = people.block.rng(23), np.arange(len(people))
    showcase = data_faults.is_showcase(people, everyone)
    who = np.flatnonzero(people.alive & ((rng.random(len(people)) < INSURED) | showcase))
    count, drawn = len(who), rng.random(len(who))
    category = np.select(
        [age[who] < 6, age[who] < 22, pensioner[who], drawn < 0.02, drawn < 0.04, drawn < 0.07, drawn < 0.09, drawn < 0.45, drawn < 0.52],
        [CATEGORIES.index(code) for code in ("TE", "HS", "HT", "HN", "CN", "BT", "CC", "DN", "HC")], CATEGORIES.index("GD"),
    )  # fmt: skip
    letters = pl.Series(CATEGORIES).gather(category)
    levels = pl.Series([str(COVER_LEVEL[code]) for code in CATEGORIES]).gather(category)
    child = age[who] < 6
    since = np.where(child, people.born[who] + 20, day_of(2026, 1, 1) + 0 * who)
    until = np.where(
        child,
        people.born[who] + 6 * 365 + 1,
        np.where(category == CATEGORIES.index("HT"), NOBODY, day_of(2026, 12, 31)),
    )
    lapsed = (rng.random(count) < 0.05) & ~child & (until >= 0) & ~showcase[who]
    since, until = since - lapsed * 365, until - lapsed * 365
    hospitals = load_name_book().organisation["hospital"]
    clinic = rng.integers(0, len(hospitals), count)
    written, gone = record_persons(rng, people, who, np.maximum(since, people.born[who] + 1), RATES, ~child)
    frame = pl.DataFrame({
        "maHoSo": people.block.ids(count), "soThe": letters + levels + "22" + insurance_numbers.gather(who), "hoTen": written["name"], "ngaySinh": written["birth"],
        "soGiayTo": written["identifier"], "diaChi": written["address"], "doiTuong": letters, "tuNgay": since, "denNgay": until,
        "maCoSo": "22" + to_digits(clinic + 1, 3), "tenCoSo": pl.Series(hospitals).gather(clinic), "capNhat": since,
        **_subject(people, who, gone, written),
    }).with_columns(day_iso("tuNgay"), day_iso("denNgay"), instant_text("capNhat"))  # fmt: skip
    frame = spoil_rows(rng, frame, CARD_FAULTS, RATES.invalid / 2, showcase[who], people.block.first)
    _write(out, "the-bhyt", frame)


def _notices(people: People, out: ProvinceFiles) -> None:
    """The mother as the hospital wrote her, often from an old paper; some children are in no register yet."""
    rng, mother = people.block.rng(24), find_parents(people).mother
    born = np.flatnonzero((mother >= 0) & (people.born >= NOTIFIED_SINCE))
    at = born[rng.random(len(born)) >= NO_NOTICE]
    count, who = len(at), mother[at]
    hospitals = pl.Series(load_name_book().organisation["hospital"])
    written, gone = record_persons(rng, people, who, people.born[at], RATES, np.zeros(count, dtype=np.bool_))
    names = load_name_book().render(_parts(people, at), np.zeros(count, dtype=np.int64))
    intended = data_faults.select_where(rng.random(count) < 0.7, names)
    frame = pl.DataFrame({
        "maHoSo": people.block.ids(count), "soChungSinh": "CS-" + to_digits(people.block.ids(count), 8), "hoTenMe": written["name"], "ngaySinhMe": written["birth"],
        "soGiayToMe": written["identifier"], "diaChiMe": written["address"], "ngaySinhCon": people.born[at], "gioiTinhCon": pl.Series(["Nam", "Nữ"]).gather(people.female[at].astype(np.int64)),
        "canNang": np.clip(rng.normal(3_150, 420, count), 1_200, 5_000).astype(np.int64), "duDinhDatTen": intended,
        "coSo": hospitals.gather(rng.integers(0, len(hospitals), count)), "ngayCap": people.born[at] + 2, "capNhat": people.born[at] + 3,
        **_subject(people, who, gone, written),
    }).with_columns(day_iso("ngaySinhCon"), day_iso("ngayCap"), instant_text("capNhat"))  # fmt: skip
    frame = spoil_rows(rng, frame, NOTICE_FAULTS, RATES.invalid, np.zeros(count, dtype=np.bool_), people.block.first)
    _write(out, "giay-chung-sinh", frame)


def _parts(people: People, who: Ints) -> NameParts:
    names = people.names
    return NameParts(names.family[who], names.middle[who], names.given[who])


def _subject(people: People, who: Ints, gone: Bools, written: pl.DataFrame) -> dict[str, pl.Series]:
    """The truth about each row, beside it."""
    keys = to_digits(people.personal[who], 12)
    return {
        "subject_key": pl.select(pl.when(pl.lit(pl.Series(gone))).then(pl.lit("")).otherwise(pl.lit(keys))).to_series(),
        "subject_kind": pl.Series(["person", "outsider"]).gather(gone.astype(np.int64)),
        "dirt": written["dirt"],
    }


def _write(out: ProvinceFiles, stream: str, frame: pl.DataFrame) -> None:
    out.lines(f"insurance/{stream}.jsonl", frame.drop("subject_key", "subject_kind", "dirt"))
    out.truth("insurance", stream, frame.select(
        pl.col("maHoSo").alias("source_id"), pl.lit("").alias("role"), "subject_kind", "subject_key", "dirt"
    ))  # fmt: skip
