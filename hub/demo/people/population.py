"""The population system's four tables, as its own office keeps them."""

from __future__ import annotations

import numpy as np
import polars as pl

from hub.demo.land.commune_pairs import load_commune_pairs
from hub.demo.people.families import HouseholdRoles
from hub.demo.people.identifiers import Ints, to_digits
from hub.demo.people.people import NOBODY, TODAY_DAY, People, day_of
from hub.demo.people.person_names import ETHNIC_GROUPS
from hub.demo.province import data_faults
from hub.demo.province.data_faults import BY_SYSTEM, InvalidValue, record_parties, select_where, spoil_rows
from hub.demo.province.province_files import ProvinceFiles, day_iso, instant_text
from hub.demo.systems.source_words import MARITAL_STATE, MEMBER, RESIDENCE_KIND

RATES = BY_SYSTEM["population"]
REGISTER_OPENED = day_of(2016, 1, 1)
UNKNOWN_COMMUNE = "99999"
TEMPORARY, UNSTATED_RESIDENCE = 0.02, 0.05
"""Of members of households."""
STATES = ("SINGLE", "MARRIED", "DIVORCED", "WIDOWED")
CITIZEN_FAULTS = (
    InvalidValue("identifier", "so_dinh_danh", pl.col("so_dinh_danh").str.slice(0, 11)),
    InvalidValue("identifier_letter", "so_dinh_danh", pl.col("so_dinh_danh").str.slice(0, 11) + "X"),
    InvalidValue("commune", "ma_xa", pl.lit(UNKNOWN_COMMUNE)),
    InvalidValue("birth_date", "ngay_sinh", pl.lit("31/02/1980")),
    InvalidValue("sex", "gioi_tinh", pl.lit("?")),
)
MEMBER_FAULTS = (InvalidValue("relationship", "quan_he", pl.lit("??")),)
HOUSEHOLD_FAULTS = (InvalidValue("commune", "ma_xa", pl.lit(UNKNOWN_COMMUNE)),)
STATE_FAULTS = (
    InvalidValue("state", "tinh_trang", pl.lit("Không rõ ràng")),
    InvalidValue("certificate", "so_giay", pl.lit("*")),
)


def write_population(people: People, out: ProvinceFiles) -> None:
    """The four tables and their truth."""
    rng = people.block.rng(2)
    _citizens(rng, people, out)
    _households(rng, people, out)
    _members(rng, people, out)
    _states(rng, people, out)


def _write_persons(rng: np.random.Generator, people: People, who: Ints) -> pl.DataFrame:
    """Persons as this office writes them: it always uses the personal identifier."""
    return record_parties(rng, people, who, np.full(len(who), TODAY_DAY), RATES).with_columns(
        pl.when(pl.col("dirt").str.contains("former_identifier"))
        .then(pl.lit(to_digits(people.personal[who], 12))).otherwise("identifier").alias("identifier"),
        pl.col("dirt").str.replace_all("former_identifier;?", "").str.strip_chars_end(";"),
    )  # fmt: skip


def _draw_update_days(rng: np.random.Generator, count: int) -> Ints:
    return TODAY_DAY - 1 - (rng.random(count) ** 2 * 1_500).astype(np.int64)


def _citizens(rng: np.random.Generator, people: People, out: ProvinceFiles) -> None:
    everyone = np.arange(len(people))
    twice = np.flatnonzero((rng.random(len(people)) < RATES.duplicate) & ~data_faults.is_showcase(people, everyone))
    if people.block.first and not len(twice):
        twice = np.asarray([len(people) - 1])
    who = np.concatenate([everyone, twice])
    count = len(who)
    registered = np.maximum(
        REGISTER_OPENED + (rng.random(count) * (TODAY_DAY - REGISTER_OPENED - 60)).astype(np.int64),
        people.born[who] + 20,
    )
    registered[: len(people)][data_faults.is_showcase(people, everyone)] = day_of(2019, 6, 3)
    former = people.former[who]
    shared = (rng.random(count) < RATES.shared_former) & (former >= 0) & ~data_faults.is_showcase(people, who)
    former = np.where(shared, np.roll(former, 1), former)
    written = _write_persons(rng, people, who)
    again = np.arange(count) >= len(people)
    flags = data_faults.join_flags([("duplicate", again), ("shared_former", shared)], count)
    frame = pl.DataFrame({
        "id": people.block.ids(count), "so_dinh_danh": written["identifier"],
        "so_cmnd_cu": pl.select(pl.when(pl.lit(pl.Series(former >= 0))).then(pl.lit(to_digits(former, 9)))).to_series(),
        "ho_va_ten": written["name"], "gioi_tinh": pl.Series(["Nam", "Nữ"]).gather(people.female[who].astype(np.int64)),
        "ngay_sinh": written["birth"], "ngay_mat": people.died[who],
        "dan_toc": pl.Series(ETHNIC_GROUPS).gather(people.ethnic[who]),
        "ma_xa": load_commune_pairs().codes(people.pair[who], registered), "ngay_dang_ky": registered,
        "dia_chi": data_faults.write_addresses(people, people.household[who], people.pair[who], registered),
        "ghi_chu": pl.Series([None] * count, dtype=pl.String),
        "cap_nhat_luc": np.maximum(_draw_update_days(rng, count), registered),
        "dirt": pl.select(pl.concat_str(_present(written["dirt"]), _present(flags), separator=";", ignore_nulls=True)).to_series(),
        "subject_key": to_digits(people.personal[who], 12),
    }).with_columns(day_iso("ngay_mat"), day_iso("ngay_dang_ky"), instant_text("cap_nhat_luc"))  # fmt: skip
    frame = spoil_rows(
        rng, frame, CITIZEN_FAULTS, RATES.invalid, data_faults.is_showcase(people, who), people.block.first
    )
    second = _register_again(rng.spawn(1)[0], people, frame)
    _write(out, "cong_dan", pl.concat([frame, second.drop("same_as")]), "person")
    _pairs(people, second, out)


def _register_again(rng: np.random.Generator, people: People, frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of those whom the register holds again, under another personal identifier: by turns with all else the same, without
    the former number, with the year of birth alone; half of them where they lived before."""
    who = np.flatnonzero(people.second >= 0)
    count, turn = len(who), np.arange(len(who)) % 3
    registered = np.minimum(day_of(2016, 6, 1) + rng.integers(0, 3_000, count), TODAY_DAY - 60)
    pair = np.where(rng.random(count) < 0.5, load_commune_pairs().draw(rng, count), people.pair[who])
    written = _write_persons(rng, people, who)
    form = np.where((turn == 2) | people.year_known_only[who], 1, 0)
    return frame[who].with_columns(
        pl.Series("same_as", frame["id"].to_numpy()[who]), pl.Series("id", people.block.ids(len(frame) + count)[len(frame) :]),
        to_digits(people.second[who], 12).alias("so_dinh_danh"), written["name"].alias("ho_va_ten"),
        to_digits(people.former[who], 9).alias("_former"), pl.Series("_no_former", (turn == 1) | (people.former[who] < 0)),
        pl.Series("gioi_tinh", ["Nam", "Nữ"]).gather(people.female[who].astype(np.int64)),
        data_faults.format_births(people, who, form).alias("ngay_sinh"), pl.Series("ngay_dang_ky", registered),
        load_commune_pairs().codes(pair, registered).alias("ma_xa"), data_faults.write_addresses(people, people.household[who], pair, registered).alias("dia_chi"),
        pl.Series("cap_nhat_luc", np.maximum(_draw_update_days(rng, count), registered)),
        data_faults.join_flags([("registered_twice", turn >= 0), ("missing_former", turn == 1), ("year_only", form == 1)], count).alias("dirt"),
    ).with_columns(
        pl.when(~pl.col("_no_former")).then("_former").alias("so_cmnd_cu"), day_iso("ngay_dang_ky"), instant_text("cap_nhat_luc"),
    ).select([*frame.columns, "same_as"])  # fmt: skip


def _pairs(people: People, second: pl.DataFrame, out: ProvinceFiles) -> None:
    """The truth about rows that are one person, and about people who are not one though name, year and commune are the same."""
    out.csv("truth/population.duplicates.csv", second.select(
        pl.col("id").alias("source_id"), "same_as", pl.lit("person").alias("subject_kind"), "subject_key", "dirt"
    ))  # fmt: skip
    who = np.flatnonzero(people.homonym >= 0)
    out.csv("truth/population.homonyms.csv", pl.DataFrame({
        "source_id": people.block.ids(len(people))[who], "group": people.homonym[who], "subject_key": to_digits(people.personal[who], 12),
    }).sort("group", "source_id").select(
        "source_id", pl.format("{}-{}", pl.lit(people.block.number), "group").alias("group"), pl.lit("person").alias("subject_kind"),
        "subject_key", pl.lit("").alias("dirt"),
    ))  # fmt: skip


def _present(series: pl.Series) -> pl.Expr:
    return pl.when(pl.lit(series) != "").then(pl.lit(series))


def _households(rng: np.random.Generator, people: People, out: ProvinceFiles) -> None:
    homes = people.households
    count = len(homes.head)
    frame = pl.DataFrame({
        "id": people.block.ids(count), "ma_ho": homes.codes, "so_dinh_danh_chu_ho": to_digits(people.personal[homes.head], 12),
        "ma_xa": load_commune_pairs().codes(homes.pair, homes.created), "ngay_lap": homes.created,
        "dia_chi": data_faults.write_addresses(people, np.arange(count), homes.pair, homes.created),
        "cap_nhat_luc": _draw_update_days(rng, count), "dirt": pl.Series([""] * count), "subject_key": homes.codes,
    }).with_columns(day_iso("ngay_lap"), instant_text("cap_nhat_luc"))  # fmt: skip
    frame = spoil_rows(rng, frame, HOUSEHOLD_FAULTS, RATES.invalid / 4, np.arange(count) == 0, people.block.first)
    _write(out, "ho_gia_dinh", frame, "household")


def _members(rng: np.random.Generator, people: People, out: ProvinceFiles) -> None:
    who = np.arange(len(people))
    role, female = people.roles.role, people.female
    words = np.select(
        [role == HouseholdRoles.HEAD, (role == HouseholdRoles.SPOUSE) & female, role == HouseholdRoles.SPOUSE, role == HouseholdRoles.CHILD, role == HouseholdRoles.FATHER, role == HouseholdRoles.MOTHER],
        [0, 1, 2, 3, 4, 5], 6,
    )  # fmt: skip
    written = _write_persons(rng, people, who)
    since = np.maximum(people.households.created[people.household], people.born + 15)
    frame = pl.DataFrame({
        "id": people.block.ids(len(who)), "ma_ho": people.households.codes.gather(people.household), "so_dinh_danh": written["identifier"],
        "ho_va_ten": written["name"], "ngay_sinh": written["birth"], "quan_he": pl.Series(list(MEMBER.values())).gather(words),
        "loai_cu_tru": _residence_kinds(people), "tu_ngay": np.minimum(since, TODAY_DAY - 2), "cap_nhat_luc": _draw_update_days(rng, len(who)), "dirt": written["dirt"],
        "subject_key": to_digits(people.personal, 12),
    }).with_columns(day_iso("tu_ngay"), instant_text("cap_nhat_luc"))  # fmt: skip
    frame = spoil_rows(
        rng, frame, MEMBER_FAULTS, RATES.invalid / 4, data_faults.is_showcase(people, who), people.block.first
    )
    _write(out, "thanh_vien_ho", frame, "person")


def _residence_kinds(people: People) -> pl.Series:
    """Temporary residents are relatives who live with the family; some of the older entries do not say."""
    rng = people.block.rng(18)
    temporary = (people.roles.role == HouseholdRoles.OTHER) | (rng.random(len(people)) < TEMPORARY)
    temporary &= ~data_faults.is_showcase(people, np.arange(len(people)))
    words = pl.Series(list(RESIDENCE_KIND.values())).gather(temporary.astype(np.int64))
    return select_where(rng.random(len(people)) >= UNSTATED_RESIDENCE, words)


def _states(rng: np.random.Generator, people: People, out: ProvinceFiles) -> None:
    """One entry for the state in force; of the divorced and widowed also the marriage that ended."""
    grown = people.adult
    now = np.flatnonzero(grown)
    before = np.flatnonzero(grown & (people.state >= 2))
    who = np.concatenate([now, before])
    past = np.arange(len(who)) >= len(now)
    state = np.where(past, 1, people.state[who])
    since = np.select([state == 0, state == 1], [people.born[who] + 18 * 366, people.married[who]], people.ended[who])
    until = np.where(state == 1, people.ended[who], NOBODY)
    wed = state == 1
    spouse = np.where(wed, people.spouse[who], NOBODY)
    written, other = _write_persons(rng, people, who), _write_persons(rng, people, np.maximum(spouse, 0))
    # Husband and wife share one certificate: its number is that of the lesser index of the two.
    certificate = people.block.number * 10_000 + np.where(spouse >= 0, np.minimum(spouse, who), who)
    frame = pl.DataFrame({
        "id": people.block.ids(len(who)), "so_dinh_danh": written["identifier"], "ho_va_ten": written["name"], "ngay_sinh": written["birth"],
        "tinh_trang": pl.Series([MARITAL_STATE[s] for s in STATES]).gather(state),
        "so_dinh_danh_vo_chong": select_where(spouse >= 0, other["identifier"]), "ho_va_ten_vo_chong": select_where(spouse >= 0, other["name"]),
        "tu_ngay": since, "den_ngay": until, "so_giay": select_where(wed, "KH-" + to_digits(certificate, 7)),
        "cap_nhat_luc": _draw_update_days(rng, len(who)), "dirt": written["dirt"], "subject_key": to_digits(people.personal[who], 12),
        "spouse_key": select_where(spouse >= 0, to_digits(people.personal[spouse], 12)), "spouse_dirt": other["dirt"],
    }).with_columns(day_iso("tu_ngay"), day_iso("den_ngay"), instant_text("cap_nhat_luc"))  # fmt: skip
    frame = spoil_rows(
        rng, frame, STATE_FAULTS, RATES.invalid / 4, data_faults.is_showcase(people, who), people.block.first
    )
    spouses = frame.filter(pl.col("spouse_key").is_not_null()).select(
        "id", pl.col("spouse_key").alias("subject_key"), pl.col("spouse_dirt").alias("dirt")
    )
    _write(out, "hon_nhan", frame.drop("spouse_key", "spouse_dirt"), "person")
    _write_truth(out, "hon_nhan", spouses, "person", "vo_chong")


def _write(out: ProvinceFiles, table: str, frame: pl.DataFrame, kind: str) -> None:
    out.csv(f"population/{table}.csv", frame.drop("dirt", "subject_key"))
    _write_truth(out, table, frame, kind, "")


def _write_truth(out: ProvinceFiles, table: str, frame: pl.DataFrame, kind: str, role: str) -> None:
    out.truth("population", table, frame.select(
        pl.col("id").alias("source_id"), pl.lit(role).alias("role"), pl.lit(kind).alias("subject_kind"), "subject_key", "dirt"
    ))  # fmt: skip
