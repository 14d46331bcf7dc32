"""Taxpayers, what they owe and paid, and benefits: the files that the tax office and the social office drop in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from hub.demo.economy.business import Businesses
from hub.demo.land.commune_pairs import REORGANISATION_DAY
from hub.demo.land.land import HOUSEHOLD, Parcels
from hub.demo.people.identifiers import Bools, Ints, to_digits
from hub.demo.people.outsiders import record_persons
from hub.demo.people.people import NOBODY, THIS_YEAR, TODAY_DAY, People, day_of
from hub.demo.province import data_faults
from hub.demo.province.data_faults import BY_SYSTEM, InvalidValue, spoil_rows, without_names
from hub.demo.province.province_files import ProvinceFiles, day_text, format_dotted
from hub.demo.systems.source_words import (
    OBLIGATION_STATUS,
    TAX_EXEMPTION_GROUND,
    TAX_KIND,
    TAXPAYER_KIND,
    TAXPAYER_STATUS,
)

RATES = BY_SYSTEM["finance"]
TAX_YEARS = (2023, 2024, 2025, 2026)
KINDS, TAXES, STATES = tuple(TAXPAYER_KIND), tuple(TAX_KIND), tuple(OBLIGATION_STATUS)
PERSON, HOME, SHOP, FIRM = range(4)
INCOME_PAYERS = 0.16
"""Of people of working age."""
TAX_CODE_RENEWED = 0.7
DUE, PARTLY, PAID, OVERDUE, EXEMPT = range(5)
PAYER_FAULTS = (
    InvalidValue("tax_code", "mst", pl.lit("8000000000")),
    InvalidValue("kind", "loai", pl.lit("??")),
    InvalidValue("status", "trang_thai", pl.lit("99")),
)
OBLIGATION_FAULTS = (
    InvalidValue("amount", "so_tien", pl.lit("không rõ")),
    InvalidValue("status", "trang_thai", pl.lit("??")),
    InvalidValue("due_date", "han_nop", pl.lit("31/02/2024")),
    InvalidValue("tax_kind", "loai_thue", pl.lit("Thuế khác")),
)
PAYMENT_FAULTS = (
    InvalidValue("amount", "so_tien", pl.lit("-")),
    InvalidValue("date", "ngay_nop", pl.lit("00/00/2024")),
)

GROUNDS = ("MERIT", "POOR_HOUSEHOLD", "DISADVANTAGED_AREA", "ONLY_HOME")
EXEMPTION_FAULTS = (InvalidValue("ground", "ly_do", pl.lit("Khác")),)


@dataclass(frozen=True)
class Payers:
    """One entry a taxpayer: of which kind, who stands for it, and which household or business it is (NOBODY for persons)."""

    kind: Ints
    person: Ints
    thing: Ints
    keys: pl.Series
    subject_kinds: pl.Series

    def without(self, gone: Bools) -> Payers:
        """The same, of whom these are in no register."""
        known = pl.lit(pl.Series(~gone))
        keys = pl.select(pl.when(known).then(pl.lit(self.keys)).otherwise(pl.lit(""))).to_series()
        kinds = pl.select(pl.when(known).then(pl.lit(self.subject_kinds)).otherwise(pl.lit("outsider"))).to_series()
        return replace(self, keys=keys, subject_kinds=kinds)


@dataclass(frozen=True)
class Obligations:
    """One entry an obligation."""

    payer: Ints
    tax: Ints
    year: Ints
    amount: Ints
    parcel: Ints


def write_finance(people: People, parcels: Parcels, firms: Businesses, out: ProvinceFiles) -> None:
    """Taxpayers, obligations, payments, and their truth."""
    rng = people.block.rng(7)
    land_payer_person = parcels.holder[parcels.taxed & (parcels.holding != HOUSEHOLD)]
    workers = (THIS_YEAR - people.birth_year >= 22) & (THIS_YEAR - people.birth_year < 60)
    earners = np.flatnonzero(workers & (rng.random(len(people)) < INCOME_PAYERS))
    earners = np.union1d(earners, [0]) if people.block.first else earners
    persons = np.union1d(land_payer_person, earners)
    homes = np.unique(parcels.household[parcels.taxed & (parcels.holding == HOUSEHOLD)])
    payers = _make_payers(people, firms, persons, homes)
    owed = _make_obligations(rng, people, parcels, firms, persons, homes, earners)
    payers, written, codes, registered = _write_payers(rng, people, firms, payers, out)
    _write_obligations(rng, people, parcels, payers, owed, written, codes, registered, out)


def _make_payers(people: People, firms: Businesses, persons: Ints, homes: Ints) -> Payers:
    everything = np.arange(len(firms))
    kind = np.concatenate(
        [np.full(len(persons), PERSON), np.full(len(homes), HOME), np.where(firms.is_household, SHOP, FIRM)]
    )
    keys = pl.concat([to_digits(people.personal[persons], 12), people.households.codes.gather(homes), firms.number])
    return Payers(
        kind, np.concatenate([persons, people.households.head[homes], firms.representative]),
        np.concatenate([np.full(len(persons), NOBODY), homes, everything]), keys,
        pl.Series(["person", "household", "business", "business"]).gather(kind),
    )  # fmt: skip


@dataclass(frozen=True)
class _TaxDemand:
    """One tax of one year: who is asked, for which parcels (NOBODY where for none), how much."""

    tax: str
    payer: Ints
    parcel: Ints
    amount: Ints


def _make_obligations(
    rng: np.random.Generator,
    people: People,
    parcels: Parcels,
    firms: Businesses,
    persons: Ints,
    homes: Ints,
    earners: Ints,
) -> Obligations:
    payer_of_parcel = np.where(
        parcels.holding == HOUSEHOLD,
        len(persons) + np.searchsorted(homes, parcels.household),
        np.searchsorted(persons, parcels.holder),
    )
    first_firm = len(persons) + len(homes)
    asked: list[tuple[int, _TaxDemand]] = []
    for year in TAX_YEARS:
        parts = (
            _on_land(rng, people, parcels, payer_of_parcel),
            _on_income(rng, people, persons, earners),
            *_on_firms(rng, firms, first_firm, year),
            *_on_certificates(rng, parcels, payer_of_parcel, year),
        )
        asked += [(year, part) for part in parts]
    sizes = [len(part.payer) for _, part in asked]
    return Obligations(
        np.concatenate([part.payer for _, part in asked]), np.repeat([TAXES.index(part.tax) for _, part in asked], sizes),
        np.repeat([year for year, _ in asked], sizes), np.concatenate([part.amount for _, part in asked]),
        np.concatenate([part.parcel for _, part in asked]),
    )  # fmt: skip


def _on_land(rng: np.random.Generator, people: People, parcels: Parcels, payer: Ints) -> _TaxDemand:
    showcase = people.block.first & (parcels.household == 0)
    taxed = np.flatnonzero(parcels.taxed & (showcase | (rng.random(len(parcels)) < 0.85)))
    amount = (parcels.area[taxed] * 0.4).astype(np.int64) * 1_000 + 12_500
    return _TaxDemand("NON_AGRICULTURAL_LAND", payer[taxed], taxed, amount)


def _on_income(rng: np.random.Generator, people: People, persons: Ints, earners: Ints) -> _TaxDemand:
    income = earners[(rng.random(len(earners)) < 0.6) | ((earners == 0) & people.block.first)]
    amount = rng.integers(300, 30_000, len(income)) * 1_000
    return _TaxDemand("PERSONAL_INCOME", np.searchsorted(persons, income), _none(income), amount)


def _on_firms(rng: np.random.Generator, firms: Businesses, first: int, year: int) -> tuple[_TaxDemand, ...]:
    open_now = np.flatnonzero((firms.status == 0) & (firms.registered < day_of(year, 12, 1)))
    licence = np.where(firms.is_household[open_now], 500_000, 2_000_000)
    turnover = open_now[rng.random(len(open_now)) < 0.7]
    added = rng.integers(2_000, 90_000, len(turnover)) * 1_000
    return (
        _TaxDemand("BUSINESS_LICENCE", first + open_now, _none(open_now), licence),
        _TaxDemand("VALUE_ADDED", first + turnover, _none(turnover), added),
    )


def _on_certificates(rng: np.random.Generator, parcels: Parcels, payer: Ints, year: int) -> Iterator[_TaxDemand]:
    years = parcels.issued.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    issued = np.flatnonzero((years == year) & parcels.taxed)
    for kind, price in (("REGISTRATION_FEE", 90), ("LAND_USE_FEE", 1_500)):
        asked = issued[rng.random(len(issued)) < 0.6]
        yield _TaxDemand(kind, payer[asked], asked, (parcels.area[asked] * price).astype(np.int64) * 1_000)


def _none(like: Ints) -> Ints:
    return np.full(len(like), NOBODY, dtype=np.int64)


def _names(people: People, firms: Businesses, payers: Payers, written: pl.DataFrame) -> pl.Series:
    """A person's or head's name as written; a business goes by its own."""
    business = payers.kind >= SHOP
    own = firms.name.gather(np.where(business, payers.thing, 0))
    chosen = pl.when(pl.lit(pl.Series(business))).then(pl.lit(own)).otherwise(pl.lit(written["name"]))
    return pl.select(chosen.alias("name")).to_series()


def _write_payers(
    rng: np.random.Generator, people: People, firms: Businesses, payers: Payers, out: ProvinceFiles
) -> tuple[Payers, pl.DataFrame, pl.DataFrame, Ints]:
    """The register of taxpayers. Returns who they are, the parties as written and their codes before and since 2025-07-01."""
    count = len(payers.kind)
    business = payers.kind >= SHOP
    thing = np.where(business, payers.thing, 0)
    start = np.where(
        business,
        firms.registered[thing],
        day_of(2009, 1, 1) + (rng.random(count) * (TODAY_DAY - 60 - day_of(2009, 1, 1))).astype(np.int64),
    )
    registered = np.where(data_faults.is_showcase(people, payers.person) & ~business, day_of(2016, 5, 16), start)
    written, gone = record_persons(rng, people, payers.person, registered, RATES, payers.kind == PERSON)
    payers = payers.without(gone)
    written = written.with_columns(_names(people, firms, payers, written))
    firm = pl.lit(pl.Series(payers.kind == FIRM))
    code, personal = pl.lit(firms.number.gather(thing)), pl.lit(_codes_since(people, payers, written, gone))
    codes = pl.select(
        pl.when(firm).then(code).otherwise(pl.lit(people.old_tax_codes.gather(payers.person))).alias("before"),
        pl.when(firm).then(code).otherwise(personal).alias("since"),
    )
    written = written.with_columns(
        *(pl.when(firm).then(None).otherwise(c).alias(c) for c in ("birth", "identifier")),
        pl.when(firm)
        .then(pl.lit(""))
        .when(pl.lit(pl.Series(business)))
        .then(without_names(pl.col("dirt")))
        .otherwise("dirt")
        .alias("dirt"),
    )
    renewed = (
        data_faults.is_showcase(people, payers.person)
        | (registered >= REORGANISATION_DAY)
        | (rng.random(count) < TAX_CODE_RENEWED)
    )
    closed = np.select(
        [business, (rng.random(count) < 0.95) | data_faults.is_showcase(people, payers.person)],
        [firms.status[thing], 0],
        1,
    )
    frame = pl.DataFrame({
        "ma_so": "NNT" + to_digits(people.block.ids(count), 8), "mst": _either(renewed, codes["since"], codes["before"]), "loai": pl.Series(list(TAXPAYER_KIND.values())).gather(payers.kind),
        "ten": written["name"], "ngay_sinh": written["birth"], "so_giay_to": written["identifier"], "dia_chi": written["address"],
        "trang_thai": pl.Series(list(TAXPAYER_STATUS.values())).gather(closed), "ngay_dang_ky": registered, "dirt": written["dirt"],
        "subject_key": payers.keys, "subject_kind": payers.subject_kinds,
    }).with_columns(day_text("ngay_dang_ky"))  # fmt: skip
    frame = spoil_rows(
        rng, frame, PAYER_FAULTS, RATES.invalid, data_faults.is_showcase(people, payers.person), people.block.first
    )
    out.csv("finance/nguoi_nop_thue.csv", frame.drop("dirt", "subject_key", "subject_kind"), separator=";", bom=True)
    out.truth(
        "finance",
        "nguoi_nop_thue",
        frame.select(
            pl.col("ma_so").alias("source_id"), pl.lit("").alias("role"), "subject_kind", "subject_key", "dirt"
        ),
    )
    return payers, written, codes, registered


def _codes_since(people: People, payers: Payers, written: pl.DataFrame, gone: Bools) -> pl.Series:
    """Personal identifiers; for those who moved away the written one, if valid, or their former code."""
    before = pl.lit(people.old_tax_codes.gather(payers.person))
    theirs = (
        pl.when(pl.lit(written["identifier"]).str.len_chars() == 12)
        .then(pl.lit(written["identifier"]))
        .otherwise(before)
    )
    own = pl.lit(to_digits(people.personal[payers.person], 12))
    return pl.select(pl.when(pl.lit(pl.Series(gone))).then(theirs).otherwise(own)).to_series()


def _either(where: Bools, this: pl.Series, that: pl.Series) -> pl.Series:
    return pl.select(pl.when(pl.lit(pl.Series(where))).then(pl.lit(this)).otherwise(pl.lit(that))).to_series()


def _states(rng: np.random.Generator, owed: Obligations, showcase: Bools) -> Ints:
    """Mostly paid; of this year much is still due; the showcase citizen has paid all but this year's."""
    drawn, now = rng.random(len(owed.year)), owed.year == THIS_YEAR
    state = np.where(
        now, np.select([drawn < 0.45, drawn < 0.52, drawn < 0.98], [DUE, PARTLY, PAID], EXEMPT),
        np.select([drawn < 0.86, drawn < 0.90, drawn < 0.98], [PAID, PARTLY, OVERDUE], EXEMPT),
    )  # fmt: skip
    return np.where(showcase, np.where(now, DUE, PAID), state)


def _write_obligations(
    rng: np.random.Generator,
    people: People,
    parcels: Parcels,
    payers: Payers,
    owed: Obligations,
    written: pl.DataFrame,
    codes: pl.DataFrame,
    registered: Ints,
    out: ProvinceFiles,
) -> None:
    """One file a year; land taxes name the parcel as the tax office knew it that year."""
    count, showcase = len(owed.payer), data_faults.is_showcase(people, payers.person)[owed.payer]
    state = _states(rng, owed, showcase)
    paid = np.select([state == PAID, state == PARTLY], [owed.amount, owed.amount // 2_000 * 1_000], 0)
    numbers = "TB" + pl.Series(owed.year).cast(pl.String) + "-" + to_digits(people.block.ids(count), 8)
    party, code = written[owed.payer], codes[owed.payer]
    on_land = owed.parcel != NOBODY
    # Half the land notices still use the numbers of the last survey, whatever the year.
    day = np.where((owed.year >= 2026) & (rng.random(count) < 0.5), day_of(2026, 1, 15), day_of(2023, 1, 15))
    seen = (
        parcels.seen(np.maximum(owed.parcel, 0), day)
        .with_columns(pl.col("so_to", "so_thua").cast(pl.String))
        .select(
            pl.when(pl.lit(pl.Series(on_land))).then(c).alias(c) for c in ("ma_xa", "ngay_ma_xa", "so_to", "so_thua")
        )
    )
    due = (np.asarray(owed.year - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)) + 364
    frame = pl.DataFrame({
        "so_thong_bao": numbers, "ma_so_nnt": "NNT" + to_digits(people.block.ids(len(payers.kind))[owed.payer], 8),
        "mst": _either((owed.year > 2025) | (registered[owed.payer] >= REORGANISATION_DAY), code["since"], code["before"]), "ten_nnt": party["name"],
        "loai_nnt": pl.Series(list(TAXPAYER_KIND.values())).gather(payers.kind[owed.payer]), "ngay_sinh": party["birth"], "so_giay_to": party["identifier"],
        "dia_chi": party["address"], "loai_thue": pl.Series(list(TAX_KIND.values())).gather(owed.tax), "nam": owed.year, "so_tien": owed.amount, "da_nop": paid,
        "han_nop": due, "trang_thai": pl.Series(list(OBLIGATION_STATUS.values())).gather(state), **seen.to_dict(), "so_phieu_chuyen": pl.Series([None] * count, dtype=pl.String),
        "dirt": party["dirt"], "subject_key": payers.keys.gather(owed.payer), "subject_kind": payers.subject_kinds.gather(owed.payer),
        "parcel_key": parcels.keys.gather(np.maximum(owed.parcel, 0)), "parcel_dirt": parcels.seen_through(np.maximum(owed.parcel, 0), day), "paid": paid, "due": due, "showcase": showcase,
    }).with_columns(format_dotted(pl.col("so_tien")), format_dotted(pl.col("da_nop")), day_text("han_nop"))  # fmt: skip
    frame = spoil_rows(rng, frame, OBLIGATION_FAULTS, RATES.invalid, showcase, people.block.first)
    for year in TAX_YEARS:
        rows = frame.filter(pl.col("nam") == year).drop(
            "dirt", "subject_key", "subject_kind", "parcel_key", "parcel_dirt", "paid", "due", "showcase"
        )
        out.csv(f"finance/nghia_vu_thue_{year}.csv", rows, separator=";", bom=True)
    identity = pl.col("so_thong_bao").alias("source_id")
    out.truth(
        "finance",
        "nghia_vu_thue",
        frame.select(identity, pl.lit("").alias("role"), "subject_kind", "subject_key", "dirt"),
    )
    land = frame.filter(pl.col("ma_xa").is_not_null())
    out.truth("finance", "nghia_vu_thue", land.select(
        identity, pl.lit("thua").alias("role"), pl.lit("parcel").alias("subject_kind"), pl.col("parcel_key").alias("subject_key"), pl.col("parcel_dirt").alias("dirt")
    ))  # fmt: skip
    _write_payments(rng, people, frame.filter(pl.col("paid") > 0), out)
    _write_exemptions(people, frame.filter(pl.col("trang_thai") == OBLIGATION_STATUS["EXEMPT"]), out)


def _write_exemptions(people: People, waived: pl.DataFrame, out: ProvinceFiles) -> None:
    """The decision behind each waived obligation."""
    rng, count = people.block.rng(19), len(waived)
    grounds = pl.Series([TAX_EXEMPTION_GROUND[ground] for ground in GROUNDS])
    frame = pl.DataFrame({
        "so_quyet_dinh": "MG-" + to_digits(people.block.ids(count), 8), "so_thong_bao": waived["so_thong_bao"],
        "ly_do": grounds.gather(rng.integers(0, len(GROUNDS), count)), "so_tien": waived["so_tien"], "ngay_quyet_dinh": waived["due"] - rng.integers(30, 200, count),
        "dirt": [""] * count,
    }).with_columns(day_text("ngay_quyet_dinh"))  # fmt: skip
    frame = spoil_rows(rng, frame, EXEMPTION_FAULTS, RATES.invalid, np.zeros(count, dtype=np.bool_), people.block.first)
    out.csv("finance/mien_giam.csv", frame.drop("dirt"), separator=";", bom=True)
    out.truth("finance", "mien_giam", frame.select(
        pl.col("so_quyet_dinh").alias("source_id"), pl.lit("").alias("role"), pl.lit("obligation").alias("subject_kind"),
        pl.col("so_thong_bao").alias("subject_key"), "dirt",
    ))  # fmt: skip


def _write_payments(rng: np.random.Generator, people: People, paid: pl.DataFrame, out: ProvinceFiles) -> None:
    """One receipt for each paid obligation, two for every fifth; together they add up to the amount paid."""
    halves = rng.random(len(paid)) < 0.2
    which = np.concatenate([np.arange(len(paid)), np.flatnonzero(halves)])
    second = np.arange(len(which)) >= len(paid)
    amount = paid["paid"].to_numpy()[which]
    half = amount // 2_000 * 1_000
    split = halves[which] & (half > 0)
    received = np.where(split, np.where(second, amount - half, half), amount)
    keep = ~(second & ~split)
    count = int(keep.sum())
    days = np.minimum(paid["due"].to_numpy()[which] - rng.integers(5, 200, len(which)) + second * 4, TODAY_DAY - 1)
    frame = pl.DataFrame({
        "so_bien_lai": "BL-" + to_digits(people.block.ids(count), 9), "so_thong_bao": paid["so_thong_bao"].gather(which[keep]), "so_tien": received[keep],
        "ngay_nop": days[keep], "dirt": [""] * count, "subject_kind": ["obligation"] * count, "showcase": paid["showcase"].gather(which[keep]),
    }).with_columns(format_dotted(pl.col("so_tien")), day_text("ngay_nop"))  # fmt: skip
    frame = spoil_rows(rng, frame, PAYMENT_FAULTS, RATES.invalid / 2, frame["showcase"].to_numpy(), people.block.first)
    out.csv("finance/nop_tien.csv", frame.drop("dirt", "subject_kind", "showcase"), separator=";", bom=True)
    out.truth("finance", "nop_tien", frame.select(
        pl.col("so_bien_lai").alias("source_id"), pl.lit("").alias("role"), "subject_kind", pl.col("so_thong_bao").alias("subject_key"), "dirt"
    ))  # fmt: skip
