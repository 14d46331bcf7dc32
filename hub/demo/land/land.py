"""Parcels, rights and encumbrances: the true ones of a block, and as the land office wrote them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from hub.demo.land.commune_pairs import REORGANISATION_DAY, load_commune_pairs
from hub.demo.people.identifiers import Bools, Floats, Ints, Scatter, to_digits, to_geohashes
from hub.demo.people.outsiders import record_persons
from hub.demo.people.people import NOBODY, TODAY_DAY, People, day_of
from hub.demo.people.person_names import load_name_book
from hub.demo.province import data_faults
from hub.demo.province.data_faults import BY_SYSTEM, InvalidValue, spoil_rows
from hub.demo.province.province_files import ProvinceFiles, day_iso, day_text, instant_text
from hub.demo.systems.source_words import LONG_TERM, RIGHT_ORIGIN, RIGHT_STATUS

RATES = BY_SYSTEM["land"]
PARCELS_PER_CITIZEN = 0.3
RENUMBERED = 0.35
SHEETS_PER_BLOCK = 8
"""Of each commune. The last takes parcels whose number was already taken when communes were merged; the one before it is
used in every commune, so that its numbers collide after a merger; the others are shared out among communes that merged."""
COLLIDING = 0.15
MEASURED_ANEW = 0.12
"""Of parcels, since the certificate was issued: the register then has the new area, a few in a hundred more or less."""
INDIVIDUAL, CO_HOLDERS, HOUSEHOLD = 0, 1, 2
URBAN_PURPOSES = (
    ("ODT", 0.80, 90.0),
    ("CLN", 0.08, 300.0),
    ("TMD", 0.06, 250.0),
    ("SKC", 0.03, 600.0),
    ("HNK", 0.03, 350.0),
)
RURAL_PURPOSES = (
    ("ONT", 0.45, 220.0),
    ("LUC", 0.20, 480.0),
    ("CLN", 0.12, 900.0),
    ("HNK", 0.10, 420.0),
    ("RSX", 0.10, 9000.0),
    ("NTS", 0.03, 2500.0),
)
PURPOSES = tuple(dict.fromkeys(code for code, _, _ in URBAN_PURPOSES + RURAL_PURPOSES))
TAXED_PURPOSES = ("ODT", "ONT", "TMD", "SKC")
PARCEL_FAULTS = (
    InvalidValue("area", "dien_tich", -pl.col("dien_tich")),
    InvalidValue("commune", "ma_xa", pl.lit("99999")),
    InvalidValue("purpose", "loai_dat", pl.lit("XXX")),
    InvalidValue("sheet", "so_to", pl.lit(0, pl.Int64)),
)
RIGHT_FAULTS = (
    InvalidValue("serial", "so_phat_hanh", pl.lit("D1234567")),
    InvalidValue("issue_date", "ngay_cap", pl.lit("31/02/2019")),
    InvalidValue("share", "ty_le", pl.lit("50%")),
    InvalidValue("area", "dien_tich", -pl.col("dien_tich")),
)
ENCUMBRANCE_FAULTS = (
    InvalidValue("kind", "loai", pl.lit("khac")),
    InvalidValue("date", "ngay_dang_ky", pl.lit("30/02/2020")),
)
SERIAL_LETTERS = ("AB", "AĐ", "BA", "BM", "BX", "CĐ", "CH", "CS", "DA", "DĐ")
ORIGINS = ("RECOGNISED", "TRANSFERRED", "INHERITED", "ALLOCATED", "LEASED")


@dataclass
class Parcels:
    """One entry a parcel. `code_day` is the day as of which its commune code is written in the land system."""

    id: Ints
    pair: Ints
    renumbered: Bools
    code_day: Ints
    old_sheet: Ints
    sheet: Ints
    number: Ints
    new_number: Ints
    purpose: Ints
    area: Floats
    household: Ints
    holding: Ints
    holder: Ints
    """The person who holds, or holds half; the head if the household holds."""
    issued: Ints
    latitude: Floats
    longitude: Floats

    def __len__(self) -> int:
        return len(self.pair)

    @property
    def taxed(self) -> Bools:
        return np.isin(self.purpose, [PURPOSES.index(code) for code in TAXED_PURPOSES])

    @property
    def keys(self) -> pl.Series:
        """The true key: number of the parcel as the land system has it."""
        codes = load_commune_pairs().codes(self.pair, self.code_day)
        since = pl.Series(["@..:", "@2025-07-01:"]).gather(self.renumbered.astype(np.int64))
        return (
            pl.DataFrame({"c": codes, "d": since, "s": self.sheet, "n": self.number_now})
            .select(pl.format("{}{}{}:{}", "c", "d", "s", "n"))
            .to_series()
        )

    @property
    def number_now(self) -> Ints:
        return np.where(self.renumbered, self.new_number, self.number)

    def seen(self, which: Ints, on: Ints) -> pl.DataFrame:
        """How an office wrote these parcels on these days: the commune code of the day, with the numbers valid then."""
        new = self.renumbered[which] & (on >= REORGANISATION_DAY)
        return pl.DataFrame({
            "ma_xa": load_commune_pairs().codes(self.pair[which], on), "ngay_ma_xa": on,
            "so_to": np.where(new, self.sheet[which], self.old_sheet[which]), "so_thua": np.where(new, self.new_number[which], self.number[which]),
        }).with_columns(day_iso("ngay_ma_xa"))  # fmt: skip

    def seen_through(self, which: Ints, on: Ints) -> pl.Series:
        """Whether these parcels, as written on these days, stand under a commune that has since been merged, or been split."""
        other = (self.code_day[which] >= REORGANISATION_DAY) != (on >= REORGANISATION_DAY)
        whole = load_commune_pairs().whole[self.pair[which]]
        return data_faults.join_flags(
            [("other_commune_code", other & whole), ("split_commune", other & ~whole)], len(which)
        )


def make_parcels(people: People) -> Parcels:
    """The parcels of the block's households. In block 0 the first two belong to the showcase citizen."""
    rng, homes, where = people.block.rng(3), people.households, load_commune_pairs()
    count = max(2, round(len(people) * PARCELS_PER_CITIZEN))
    household = rng.integers(0, len(homes.head), count)
    here = rng.random(count) < 0.88
    drawn_pair, drawn = where.draw(rng, count), rng.random(count)
    renumbered = rng.random(count) < RENUMBERED
    showcase = np.arange(count) < (2 if people.block.first else 0)
    household[showcase], renumbered[showcase] = 0, np.asarray([False, True])[: int(showcase.sum())]
    pair = np.where(here | showcase, homes.pair[household], drawn_pair)
    head = homes.head[household]
    spouse = people.spouse[head]
    holding = np.select([(drawn < 0.25) & (spouse >= 0), drawn > 0.8], [CO_HOLDERS, HOUSEHOLD], INDIVIDUAL)
    holding[showcase] = np.asarray([INDIVIDUAL, CO_HOLDERS])[: int(showcase.sum())]
    other = (spouse >= 0) & (holding == INDIVIDUAL) & (rng.random(count) < 0.3) & ~showcase
    purpose, area = _purposes(rng, where.urban[pair], showcase)
    sheet, number = _numbers(rng, people.block.number, where.old[pair], where.sibling[pair])
    new_sheet, new_number = _renumber(people.block.number, where.new[pair], sheet, number, renumbered)
    issued = _issue_days(rng, people, np.where(other, spouse, head), showcase)
    map_day = day_of(2006, 1, 1) + rng.integers(0, 19 * 365, count)
    return Parcels(
        id=people.block.ids(count), pair=pair, renumbered=renumbered, code_day=np.where(renumbered, REORGANISATION_DAY + rng.integers(0, 400, count), map_day),
        old_sheet=sheet, sheet=np.where(renumbered, new_sheet, sheet), number=number, new_number=new_number, purpose=purpose, area=area,
        household=household, holding=holding, holder=np.where(other, spouse, head), issued=issued,
        latitude=where.latitude[pair] + rng.normal(0, 0.012, count), longitude=where.longitude[pair] + rng.normal(0, 0.012, count),
    )  # fmt: skip


def _purposes(rng: np.random.Generator, urban: Bools, showcase: Bools) -> tuple[Ints, Floats]:
    drawn, spread = rng.random(len(urban)), rng.lognormal(0, 0.45, len(urban))
    purpose, area = np.zeros(len(urban), dtype=np.int64), np.zeros(len(urban))
    for is_urban, table in ((True, URBAN_PURPOSES), (False, RURAL_PURPOSES)):
        mine = urban == is_urban
        at = np.minimum(np.searchsorted(np.cumsum([part for _, part, _ in table]), drawn[mine]), len(table) - 1)
        purpose[mine] = np.asarray([PURPOSES.index(code) for code, _, _ in table])[at]
        area[mine] = np.asarray([size for _, _, size in table])[at]
    purpose[showcase] = PURPOSES.index("ODT")
    area[showcase] = 110.0
    return purpose, np.round(area * spread, 1)


def _ranks(groups: Ints) -> Ints:
    """Position of each element among those of its own group."""
    order = np.argsort(groups, kind="stable")
    sorted_groups = groups[order]
    starts = np.flatnonzero(np.concatenate([[True], sorted_groups[1:] != sorted_groups[:-1]]))
    ranks = np.empty(len(groups), dtype=np.int64)
    ranks[order] = np.arange(len(groups)) - np.repeat(starts, np.diff(np.append(starts, len(groups))))
    return ranks


def _numbers(rng: np.random.Generator, block: int, commune: Ints, sibling: Ints) -> tuple[Ints, Ints]:
    """Map sheet and number under the old commune. No two blocks share a sheet of a commune, so numbers never repeat."""
    rank = _ranks(commune)
    shared = rng.random(len(commune)) < COLLIDING
    slot = np.where(shared, SHEETS_PER_BLOCK - 2, (2 * sibling + rank % 2) % (SHEETS_PER_BLOCK - 2))
    return 1 + block * SHEETS_PER_BLOCK + slot, 1 + rank * 3 + rng.integers(0, 3, len(commune))


def _renumber(block: int, commune: Ints, sheet: Ints, number: Ints, renumbered: Bools) -> tuple[Ints, Ints]:
    """Under the new commune a parcel keeps sheet and number, unless a parcel of a merged commune has them already."""
    at = np.flatnonzero(renumbered)
    same = (commune[at] * 10_000 + sheet[at]) * 100_000 + number[at]
    taken = at[_ranks(same) > 0]
    new_sheet, new_number = sheet.copy(), number.copy()
    new_sheet[taken] = 1 + block * SHEETS_PER_BLOCK + SHEETS_PER_BLOCK - 1
    new_number[taken] = 1 + _ranks(commune[taken])
    return new_sheet, new_number


def _issue_days(rng: np.random.Generator, people: People, holder: Ints, showcase: Bools) -> Ints:
    """Certificates were first issued in the nineties; nobody has one as a child. One in six dates from after the reorganisation."""
    count = len(holder)
    before = day_of(1996, 1, 1) + (rng.random(count) ** 0.7 * (REORGANISATION_DAY - day_of(1996, 1, 1) - 1)).astype(
        np.int64
    )
    after = REORGANISATION_DAY + (rng.random(count) * (TODAY_DAY - REORGANISATION_DAY - 30)).astype(np.int64)
    day = np.where(rng.random(count) < 1 / 6, after, before)
    day = np.clip(np.maximum(day, people.born[holder] + 19 * 365), None, TODAY_DAY - 10)
    day[showcase] = np.asarray([day_of(2015, 4, 20), day_of(2025, 10, 6)])[: int(showcase.sum())]
    return day


def write_land(people: People, parcels: Parcels, out: ProvinceFiles) -> pl.Series:
    """Parcels, rights and encumbrances, and their truth. Returns the parcels' identifiers, null where none has been issued."""
    rng = people.block.rng(4)
    hashes = to_geohashes(parcels.latitude, parcels.longitude)
    known = pl.Series(rng.random(len(parcels)) < np.where(parcels.renumbered, 0.75, 0.15))
    identifiers = pl.select(pl.when(pl.lit(known)).then(pl.lit(hashes))).to_series()
    _parcels(rng, people, parcels, identifiers, out)
    _rights(rng, people, parcels, identifiers, out)
    _encumbrances(rng, people, parcels, identifiers, out)
    return identifiers


def _parcels(
    rng: np.random.Generator, people: People, parcels: Parcels, identifiers: pl.Series, out: ProvinceFiles
) -> None:
    count = len(parcels)
    surveyed = pl.Series(rng.random(count) < 0.8)
    frame = pl.DataFrame({
        "id": parcels.id, "ma_dinh_danh_thua": identifiers, "ma_xa": load_commune_pairs().codes(parcels.pair, parcels.code_day), "ngay_ma_xa": parcels.code_day,
        "so_to": parcels.sheet, "so_thua": parcels.number_now, "dien_tich": parcels.area, "loai_dat": pl.Series(PURPOSES).gather(parcels.purpose),
        "dia_chi": load_commune_pairs().phrases(parcels.pair, parcels.code_day),
        "vi_do": np.round(parcels.latitude, 6), "kinh_do": np.round(parcels.longitude, 6),
        "cap_nhat_luc": np.maximum(parcels.code_day, TODAY_DAY - 1 - (rng.random(count) ** 2 * 2_000).astype(np.int64)),
        "dirt": [""] * count, "subject_key": parcels.keys,
    }).with_columns(
        day_iso("ngay_ma_xa"), instant_text("cap_nhat_luc"),
        pl.when(pl.lit(surveyed)).then(pl.struct("vi_do", "kinh_do")).alias("toa_do"),
    )  # fmt: skip
    frame = spoil_rows(rng, frame, PARCEL_FAULTS, RATES.invalid, parcels.household == 0, people.block.first)
    columns = [
        "id",
        "ma_dinh_danh_thua",
        "ma_xa",
        "ngay_ma_xa",
        "so_to",
        "so_thua",
        "dien_tich",
        "loai_dat",
        "dia_chi",
        "toa_do",
        "cap_nhat_luc",
    ]
    _write(out, "thua-dat", _repeat_rows(rng, people, frame), columns, "parcel")


def _repeat_rows(rng: np.random.Generator, people: People, frame: pl.DataFrame) -> pl.DataFrame:
    """Some rows a second time, exactly as they are."""
    again = np.flatnonzero(rng.random(len(frame)) < RATES.duplicate)
    if people.block.first and not len(again):
        again = np.asarray([len(frame) - 1])
    label = pl.concat_str(
        [pl.when(pl.col("dirt") != "").then("dirt"), pl.lit("duplicate")], separator=";", ignore_nulls=True
    )
    return pl.concat([frame, frame[again].with_columns(label.alias("dirt"))])


def parcel_struct(seen: pl.DataFrame, identifiers: pl.Series) -> pl.Series:
    """A parcel as a nested value of the land system's rows."""
    return seen.with_columns(identifiers.alias("ma_dinh_danh")).to_struct("thua")


def _rights(
    rng: np.random.Generator, people: People, parcels: Parcels, identifiers: pl.Series, out: ProvinceFiles
) -> None:
    both = np.flatnonzero(parcels.holding == CO_HOLDERS)
    which = np.concatenate([np.arange(len(parcels)), both])
    second = np.arange(len(which)) >= len(parcels)
    who = np.where(second, people.spouse[parcels.holder[which]], parcels.holder[which])
    on, holding = parcels.issued[which], parcels.holding[which]
    count = len(which)
    written, gone = record_persons(rng, people, who, on, RATES, holding == INDIVIDUAL)
    keep_identifier = pl.Series(
        data_faults.is_showcase(people, who) | (on < REORGANISATION_DAY - 900) | (rng.random(count) < 0.5)
    )
    long_term = np.isin(parcels.purpose[which], [PURPOSES.index(c) for c in ("ODT", "ONT")])
    drawn, keep = rng.random(count), data_faults.is_showcase(people, who)
    status = np.where(keep, 0, np.select([drawn < 0.93, drawn < 0.99], [0, 1], 2))
    household = holding == HOUSEHOLD
    registered = pl.Series(list(RIGHT_STATUS.values())).gather(status)
    homes = people.households.codes.gather(parcels.household[which])
    frame = pl.DataFrame({
        "id": people.block.ids(count), "so_phat_hanh": make_serials(people, parcels).gather(which), "so_vao_so": "CS" + to_digits(parcels.id[which], 8),
        "issued": on,
        "thua": parcel_struct(parcels.seen(which, on), pl.select(pl.when(pl.lit(keep_identifier)).then(None).otherwise(pl.lit(identifiers.gather(which)))).to_series().cast(pl.String)),
        "loai": pl.Series(["ca_nhan", "ho_gia_dinh"]).gather(household.astype(np.int64)),
        "ho_ten": written["name"], "ngay_sinh": written["birth"], "so_giay_to": written["identifier"], "dia_chi": written["address"],
        "ty_le": pl.Series(["1/1", "1/2"]).gather((holding == CO_HOLDERS).astype(np.int64)), "dien_tich": _certified_areas(people, parcels)[which],
        "muc_dich": pl.Series(PURPOSES).gather(parcels.purpose[which]), "ends": np.where(long_term, NOBODY, on + 50 * 365),
        "nguon_goc": pl.Series([RIGHT_ORIGIN[o] for o in ORIGINS]).gather(rng.integers(0, len(ORIGINS), count)), "trang_thai": registered,
        "cap_nhat_luc": np.maximum(on, TODAY_DAY - 1 - rng.integers(0, 2_500, count)),
        "dirt": written["dirt"], "subject_key": np.where(household, homes.to_numpy(), np.where(gone, "", to_digits(people.personal[who], 12).to_numpy())).astype(str),
        "subject_kind": pl.Series(["person", "household", "outsider"]).gather(np.where(gone, 2, household)),
        "parcel_dirt": parcels.seen_through(which, on), "parcel_key": parcels.keys.gather(which),
    }).with_columns(
        day_text("issued").alias("ngay_cap"), day_text("ends").fill_null(LONG_TERM).alias("thoi_han"), instant_text("cap_nhat_luc"),
        pl.struct("loai", "ho_ten", "ngay_sinh", "so_giay_to", "dia_chi").alias("chu_su_dung"),
    )  # fmt: skip
    frame = _repeat_rows(rng, people, spoil_rows(rng, frame, RIGHT_FAULTS, RATES.invalid, keep, people.block.first))
    columns = ["id", "so_phat_hanh", "so_vao_so", "ngay_cap", "thua", "chu_su_dung", "ty_le", "dien_tich", "muc_dich", "thoi_han", "nguon_goc", "trang_thai", "cap_nhat_luc"]  # fmt: skip
    out.lines("land/quyen-su-dung-dat.jsonl", frame.select(columns))
    _truth(out, "quyen-su-dung-dat", frame, "chu_su_dung", pl.col("subject_kind"), "subject_key")
    _truth(
        out,
        "quyen-su-dung-dat",
        frame.with_columns(pl.col("parcel_dirt").alias("dirt")),
        "thua",
        pl.lit("parcel"),
        "parcel_key",
    )


def _certified_areas(people: People, parcels: Parcels) -> Floats:
    """What the certificates state of the parcels; the showcase citizen's were not measured anew."""
    rng = people.block.rng(10)
    anew = (rng.random(len(parcels)) < MEASURED_ANEW) & (parcels.household != 0)
    return np.round(parcels.area * np.where(anew, np.exp(rng.normal(0, 0.04, len(parcels))), 1.0), 1)


def make_serials(people: People, parcels: Parcels) -> pl.Series:
    """Two letters and eight digits, six on certificates from before 2010."""
    scatter = Scatter.seeded(people.block.seed, 3)
    number = scatter(people.block.number * 4_000 + np.arange(len(parcels)))
    letters = pl.Series(SERIAL_LETTERS).gather(
        np.clip((parcels.issued - day_of(1996, 1, 1)) // 1_130, 0, len(SERIAL_LETTERS) - 1)
    )
    modern = pl.Series(parcels.issued >= day_of(2010, 1, 1))
    long = to_digits(number * 100 + parcels.id % 97, 8)
    return (
        letters
        + " "
        + pl.select(pl.when(pl.lit(modern)).then(pl.lit(long)).otherwise(pl.lit(to_digits(number, 6)))).to_series()
    )


def _encumbrances(
    rng: np.random.Generator, people: People, parcels: Parcels, identifiers: pl.Series, out: ProvinceFiles
) -> None:
    drawn = rng.random(len(parcels))
    drawn[parcels.household == 0] = 1.0
    which = np.flatnonzero(drawn < 0.14)
    if not len(which):
        return
    count = len(which)
    seized, discharged = drawn[which] < 0.01, rng.random(count) < 0.45
    on = np.minimum(parcels.issued[which] + 30 + (rng.random(count) * 3_000).astype(np.int64), TODAY_DAY - 40)
    off = np.where(discharged, np.minimum(on + 200 + rng.integers(0, 2_000, count), TODAY_DAY - 5), NOBODY)
    book = load_name_book().organisation
    names = pl.Series([*book["lender"], *book["authority"]])
    by = np.where(
        seized,
        len(book["lender"]) + rng.integers(0, len(book["authority"]), count),
        rng.integers(0, len(book["lender"]), count),
    )
    amount = pl.Series(rng.integers(5, 400, count) * 10_000_000)
    frame = pl.DataFrame({
        "id": people.block.ids(count), "so_dang_ky": "BD-" + to_digits(people.block.ids(count), 8), "thua": parcel_struct(parcels.seen(which, on), identifiers.gather(which)),
        "loai": pl.Series(["the_chap", "ke_bien"]).gather(seized.astype(np.int64)),
        "trang_thai": pl.Series(["hieu_luc", "da_xoa"]).gather(discharged.astype(np.int64)), "ben_nhan": names.gather(by),
        "so_tien": pl.select(pl.when(pl.lit(pl.Series(~seized))).then(pl.lit(amount))).to_series(), "ngay_dang_ky": on, "ngay_xoa": off,
        "cap_nhat_luc": np.maximum(on, off), "dirt": parcels.seen_through(which, on), "subject_key": parcels.keys.gather(which),
    }).with_columns(day_text("ngay_dang_ky"), day_text("ngay_xoa"), instant_text("cap_nhat_luc"))  # fmt: skip
    frame = spoil_rows(
        rng, frame, ENCUMBRANCE_FAULTS, RATES.invalid, np.zeros(count, dtype=np.bool_), people.block.first
    )
    columns = [c for c in frame.columns if c not in ("dirt", "subject_key")]
    _write(out, "han-che", frame, columns, "parcel")


def _write(out: ProvinceFiles, stream: str, frame: pl.DataFrame, columns: list[str], kind: str) -> None:
    out.lines(f"land/{stream}.jsonl", frame.select(columns))
    _truth(out, stream, frame, "", pl.lit(kind), "subject_key")


def _truth(out: ProvinceFiles, stream: str, frame: pl.DataFrame, role: str, kind: pl.Expr, key: str) -> None:
    out.truth("land", stream, frame.select(
        pl.col("id").alias("source_id"), pl.lit(role).alias("role"), kind.alias("subject_kind"), pl.col(key).alias("subject_key"), "dirt"
    ))  # fmt: skip
