"""Enterprises and household businesses, who is what to them, and the register's export."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from hub.demo.economy.business_sites import item_key, nest_sites, record_sites, write_site_truth
from hub.demo.land.commune_pairs import REORGANISATION_DAY, load_commune_pairs
from hub.demo.land.land import Parcels
from hub.demo.people.identifiers import Bools, Ints, tax_codes, to_digits
from hub.demo.people.outsiders import make_outsiders
from hub.demo.people.people import NOBODY, THIS_YEAR, TODAY_DAY, People, day_of
from hub.demo.people.person_names import load_name_book
from hub.demo.province.data_faults import BY_SYSTEM, InvalidValue, record_parties, spoil_rows
from hub.demo.province.province_files import ProvinceFiles, day_iso, day_text, instant_text
from hub.demo.systems.source_words import BUSINESS_ROLE, BUSINESS_STATUS, LEGAL_FORM, LEGAL_FORM_NAME

RATES = BY_SYSTEM["business"]
ENTERPRISES, HOUSEHOLD_BUSINESSES = 0.010, 0.030
"""Per citizen."""
FORMS = tuple(LEGAL_FORM)
FORM_SHARES = (0.55, 0.25, 0.12, 0.05, 0.03)
HOUSEHOLD_FORM = FORMS.index("HOUSEHOLD_BUSINESS")
OUTSIDERS = 0.06
STREETS = (
    "Đường Trần Phú",
    "Đường Hạ Long",
    "Phố Lê Thánh Tông",
    "Quốc lộ 18A",
    "Đường Nguyễn Văn Cừ",
    "Đường Hùng Vương",
)
FAULTS = (
    InvalidValue("tax_code", "ma_so_thue", pl.lit("5700000000")),
    InvalidValue("legal_form", "loai_hinh", pl.lit("XX")),
    InvalidValue("commune", "ma_xa", pl.lit("99999")),
    InvalidValue("registration_date", "ngay_dang_ky", pl.lit("30/02/2018")),
)


@dataclass
class Businesses:
    """One entry a business; members are one entry a role, in the order of their businesses."""

    id: Ints
    form: Ints
    status: Ints
    registered: Ints
    pair: Ints
    representative: Ints
    number: pl.Series
    enterprise_code: pl.Series
    """Null for household businesses."""
    tax_code: pl.Series
    name: pl.Series
    member_business: Ints
    member_person: Ints
    """NOBODY for people from outside the province."""
    member_role: Ints

    def __len__(self) -> int:
        return len(self.form)

    @property
    def is_household(self) -> Bools:
        household: Bools = self.form == HOUSEHOLD_FORM
        return household


def make_businesses(people: People) -> Businesses:
    """The businesses of a block. In block 0 the first is an active one-member company of the showcase citizen."""
    rng = people.block.rng(5)
    enterprises, shops = max(4, round(len(people) * ENTERPRISES)), max(4, round(len(people) * HOUSEHOLD_BUSINESSES))
    count, first = enterprises + shops, people.block.first
    form = np.minimum(np.searchsorted(np.cumsum(FORM_SHARES), rng.random(count)), len(FORM_SHARES) - 1)
    form[enterprises:] = HOUSEHOLD_FORM
    able = np.flatnonzero((THIS_YEAR - people.birth_year > 22) & (THIS_YEAR - people.birth_year < 70) & people.alive)
    able = able[people.household[able] > 0] if first else able
    representative = rng.choice(able, count)
    drawn = rng.random(count)
    status = np.select([drawn < 0.82, drawn < 0.90], [0, 1], 2)
    pair = np.where(rng.random(count) < 0.85, people.pair[representative], load_commune_pairs().draw(rng, count))
    oldest = np.maximum(day_of(2002, 1, 1), people.born[representative] + 20 * 365)
    registered = oldest + (rng.random(count) ** 0.6 * (TODAY_DAY - 30 - oldest)).astype(np.int64)
    if first:
        form[0], representative[0], status[0], pair[0], registered[0] = 0, 0, 0, people.pair[0], day_of(2018, 3, 12)
    codes = tax_codes("57", people.block.number * 1_000 + np.arange(enterprises))
    certificates = "22A8" + to_digits(people.block.number * 1_000 + np.arange(shops), 6)
    numbers = pl.concat([codes, certificates])
    nothing = pl.Series([None] * shops, dtype=pl.String)
    member_business, member_person, member_role = _members(rng, people, form, representative, able)
    return Businesses(
        people.block.ids(count), form, status, registered, pair, representative, numbers, pl.concat([codes, nothing]),
        pl.concat([codes, _shop_tax_codes(rng, people, representative[enterprises:], registered[enterprises:])]), _names(rng, people, form, representative),
        member_business, member_person, member_role,
    )  # fmt: skip


def _shop_tax_codes(rng: np.random.Generator, people: People, representative: Ints, registered: Ints) -> pl.Series:
    """The representative's identifier since 2025-07-01; some entries still show the ten-digit code from before."""
    old = pl.Series((registered < REORGANISATION_DAY) & (rng.random(len(registered)) < 0.3))
    now = to_digits(people.personal[representative], 12)
    return pl.select(
        pl.when(pl.lit(old)).then(pl.lit(people.old_tax_codes.gather(representative))).otherwise(pl.lit(now))
    ).to_series()


def _names(rng: np.random.Generator, people: People, form: Ints, representative: Ints) -> pl.Series:
    book = load_name_book()
    first, second = (
        pl.Series(book.organisation[f"word_{n}"]).gather(
            rng.integers(0, len(book.organisation[f"word_{n}"]), len(form))
        )
        for n in (1, 2)
    )
    given = book.givens.gather(people.names.given[representative], np.zeros(len(form), dtype=np.int64))
    kind = pl.Series(list(LEGAL_FORM_NAME.values())).gather(form)
    shop = pl.lit(pl.Series(form == HOUSEHOLD_FORM))
    end = pl.when(shop).then(pl.lit(given)).otherwise(pl.lit(second))
    return pl.select(pl.concat_str(pl.lit(kind), pl.lit(first), end, separator=" ")).to_series()


def _members(
    rng: np.random.Generator, people: People, form: Ints, representative: Ints, able: Ints
) -> tuple[Ints, Ints, Ints]:
    """Everyone has a representative or owner; companies of several members have two to four more, a joint-stock company a director."""
    roles = tuple(BUSINESS_ROLE)
    legal, owner, member, director = (roles.index(r) for r in ("LEGAL_REPRESENTATIVE", "OWNER", "MEMBER", "DIRECTOR"))
    every = np.arange(len(form))
    names = {name: at for at, name in enumerate(FORMS)}
    owned = every[
        np.isin(form, [names["LIMITED_ONE_MEMBER"], names["PRIVATE_ENTERPRISE"], names["HOUSEHOLD_BUSINESS"]])
    ]
    represented = every[form != HOUSEHOLD_FORM]
    several = every[np.isin(form, [names["LIMITED_MEMBERS"], names["JOINT_STOCK"], names["COOPERATIVE"]])]
    joined = np.repeat(several, rng.integers(2, 5, len(several)))
    directed = every[form == names["JOINT_STOCK"]]
    business = np.concatenate([owned, represented, joined, directed])
    drawn = rng.choice(able, len(joined))
    outside = rng.random(len(joined)) < OUTSIDERS * len(business) / max(len(joined), 1)
    person = np.concatenate(
        [
            representative[owned],
            representative[represented],
            np.where(outside, NOBODY, drawn),
            rng.choice(able, len(directed)),
        ]
    )
    role = np.concatenate(
        [
            np.full(len(part), code)
            for part, code in ((owned, owner), (represented, legal), (joined, member), (directed, director))
        ]
    )
    order = np.argsort(business, kind="stable")
    return business[order], person[order], role[order]


def write_businesses(people: People, firms: Businesses, parcels: Parcels, out: ProvinceFiles) -> None:
    """The export and its truth."""
    rng, count = people.block.rng(6), len(firms)
    members = record_members(rng, people, firms)
    grouped = members.group_by("at", maintain_order=True).agg(
        pl.struct("ho_ten", "ngay_sinh", "so_giay_to", "dia_chi", "vai_tro", "tu_ngay", "den_ngay", "von_gop").alias(
            "thanh_vien"
        )
    )
    sites = record_sites(people, firms, parcels)
    seat_day = np.where(
        rng.random(count) < 0.3, np.maximum(firms.registered, REORGANISATION_DAY + 60), firms.registered
    )
    streets, activities = pl.Series(STREETS), pl.Series(load_name_book().organisation["activity"])
    capital = pl.Series(rng.integers(2, 200, count) * 50_000_000)
    frame = pl.DataFrame({
        "id": firms.id, "ma_so": firms.number, "ma_doanh_nghiep": firms.enterprise_code, "ma_so_thue": firms.tax_code, "ten": firms.name,
        "loai_hinh": pl.Series(list(LEGAL_FORM.values())).gather(firms.form), "trang_thai": pl.Series(list(BUSINESS_STATUS.values())).gather(firms.status),
        "ngay_dang_ky": firms.registered, "von_dieu_le": pl.select(pl.when(pl.lit(pl.Series(~firms.is_household))).then(pl.lit(capital))).to_series(),
        "nganh_nghe": activities.gather(rng.integers(0, len(activities), count)), "ma_xa": load_commune_pairs().codes(firms.pair, seat_day), "ngay_ma_xa": seat_day,
        "so_nha": rng.integers(1, 400, count), "duong": streets.gather(rng.integers(0, len(STREETS), count)), "noi": load_commune_pairs().phrases(firms.pair, seat_day),
        "cap_nhat_luc": np.maximum(seat_day, TODAY_DAY - 1 - rng.integers(0, 1_500, count)), "dirt": [""] * count, "subject_key": firms.number,
    }).with_columns(
        day_text("ngay_dang_ky"), day_iso("ngay_ma_xa"), instant_text("cap_nhat_luc"), grouped["thanh_vien"], nest_sites(sites),
        pl.format("Số {}, {}, {}", "so_nha", "duong", "noi").alias("dia_chi"),
    )  # fmt: skip
    keep = (np.arange(count) == 0) & people.block.first
    frame = spoil_rows(rng, frame, FAULTS, RATES.invalid, keep, people.block.first).with_columns(
        pl.struct("ma_xa", "ngay_ma_xa", "dia_chi").alias("tru_so")
    )
    columns = ["id", "ma_so", "ma_doanh_nghiep", "ma_so_thue", "ten", "loai_hinh", "trang_thai", "ngay_dang_ky", "von_dieu_le", "nganh_nghe", "tru_so", "thanh_vien", "dia_diem", "cap_nhat_luc"]  # fmt: skip
    out.lines("business/doanh-nghiep.jsonl", frame.select(columns))
    out.truth("business", "doanh-nghiep", frame.select(pl.col("id").alias("source_id"), pl.lit("").alias("role"), pl.lit("business").alias("subject_kind"), "subject_key", "dirt"))  # fmt: skip
    out.truth("business", "doanh-nghiep.thanh_vien", members)
    write_site_truth(sites, out)


def record_members(rng: np.random.Generator, people: People, firms: Businesses) -> pl.DataFrame:
    """Members as written when they joined, with the truth about each: `source_id` is the id of the business, `role` what names it in its list."""
    business, person = firms.member_business, firms.member_person
    count, outside = len(person), person == NOBODY
    who = np.where(outside, 0, person)
    since = firms.registered[business] + np.where(
        rng.random(count) < 0.25, (rng.random(count) * 400).astype(np.int64), 0
    )
    since = np.minimum(since, TODAY_DAY - 3)
    left = (rng.random(count) < 0.08) & (firms.member_role == tuple(BUSINESS_ROLE).index("MEMBER"))
    until = np.where(
        left | (firms.status[business] == 2), np.minimum(since + rng.integers(200, 2_000, count), TODAY_DAY - 1), NOBODY
    )
    written = record_parties(rng, people, who, since, RATES)
    strangers = make_outsiders(rng, people, count)
    out = pl.lit(pl.Series(outside))
    contributes = pl.lit(pl.Series((firms.form[business] != HOUSEHOLD_FORM) & (firms.member_role != 0)))
    return pl.DataFrame({
        "at": business, "source_id": firms.id[business],
        "vai_tro": pl.Series(list(BUSINESS_ROLE.values())).gather(firms.member_role), "since": since, "until": until,
        "von": rng.integers(1, 60, count) * 50_000_000, "true_key": to_digits(people.personal[who], 12), "written_dirt": written["dirt"],
    }).with_columns(
        *(pl.when(out).then(pl.lit(strangers[c])).otherwise(pl.lit(written[c])).alias(to) for c, to in (("name", "ho_ten"), ("birth", "ngay_sinh"), ("identifier", "so_giay_to"), ("address", "dia_chi"))),
        day_text("since").alias("tu_ngay"), day_text("until").alias("den_ngay"), pl.when(contributes).then("von").alias("von_gop"),
        pl.when(out).then(pl.lit("outsider")).otherwise(pl.lit("person")).alias("subject_kind"),
        pl.when(out).then(pl.lit(strangers["identifier"])).otherwise("true_key").alias("subject_key"),
        pl.when(out).then(pl.lit("")).otherwise("written_dirt").alias("dirt"),
    ).with_columns(item_key(("ho_ten", "ngay_sinh", "so_giay_to", "vai_tro")).alias("role"))  # fmt: skip
