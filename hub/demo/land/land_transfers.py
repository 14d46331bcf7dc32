"""Transfers of land-use rights: the slips that the land office sends to the tax office, and the taxes assessed from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from hub.demo.land.land import INDIVIDUAL, Parcels, make_serials, parcel_struct
from hub.demo.people.identifiers import Ints, to_digits
from hub.demo.people.people import NOBODY, TODAY_DAY, People, day_of
from hub.demo.province import data_faults
from hub.demo.province.data_faults import BY_SYSTEM, InvalidValue, record_parties, spoil_rows
from hub.demo.province.province_files import ProvinceFiles, day_text, format_dotted, instant_text
from hub.demo.systems.source_words import LAND_TRANSFER_KIND, OBLIGATION_STATUS, TAX_KIND, TAXPAYER_KIND

LAND, FINANCE = BY_SYSTEM["land"], BY_SYSTEM["finance"]
SENT, FULFILLED, REVOKED = range(3)
STATUS_WORDS = ("da_chuyen", "hoan_thanh", "da_thu_hoi")
KINDS = ("SALE", "GIFT", "INHERITANCE")
TRANSFERRED = 0.04
"""Of parcels held by one person: transferred since 2023, or being transferred."""
FORGOTTEN = 0.5
"""Of revoked slips: the tax office still demands what it assessed."""
DUE, PAID, EXEMPT = "DUE", "PAID", "EXEMPT"
SLIP_FAULTS = (
    InvalidValue("kind", "loai", pl.lit("khac")),
    InvalidValue("date", "ngay_lap", pl.lit("30/02/2025")),
)


@dataclass(frozen=True)
class LandTransfers:
    """One entry a transfer: which parcel, from whom to whom, when, for how much (thousand đồng), and how far it has come."""

    parcel: Ints
    transferor: Ints
    transferee: Ints
    kind: Ints
    status: Ints
    issued: Ints
    revoked: Ints
    price: Ints
    numbers: pl.Series

    def __len__(self) -> int:
        return len(self.parcel)


def make_transfers(people: People, parcels: Parcels) -> LandTransfers:
    """Transfers of a block: those under way are made by the holder, those done made the holder."""
    rng = people.block.rng(13)
    able = np.flatnonzero(people.alive & people.adult & ~data_faults.is_showcase(people, np.arange(len(people))))
    held = (parcels.holding == INDIVIDUAL) & people.alive[parcels.holder] & (parcels.household > 0)
    parcel = np.flatnonzero(held & (rng.random(len(parcels)) < TRANSFERRED))
    count, drawn = len(parcel), rng.random(len(parcel))
    status = np.select([drawn < 0.35, drawn < 0.85], [SENT, FULFILLED], REVOKED)
    done = (status == FULFILLED) & (parcels.issued[parcel] >= day_of(2023, 1, 15))
    status = np.where((status == FULFILLED) & ~done, SENT, status)
    age = np.where(status == SENT, rng.integers(3, 60, count), rng.integers(60, 300, count))
    issued = np.where(done, parcels.issued[parcel] - rng.integers(8, 30, count), TODAY_DAY - age)
    holder, other = parcels.holder[parcel], rng.choice(able, count)
    other = np.where(other == holder, able[0], other)
    kind = np.where(rng.random(count) < 0.75, 0, np.where(rng.random(count) < 0.7, 1, 2))
    price = np.where(kind == 0, (parcels.area[parcel] * rng.integers(2, 40, count) * 500).astype(np.int64), NOBODY)
    return LandTransfers(
        parcel=parcel, transferor=np.where(done, other, holder), transferee=np.where(done, holder, other), kind=kind, status=status, issued=issued,
        revoked=np.where(status == REVOKED, issued + rng.integers(5, 50, count), NOBODY), price=price,
        numbers="PC-" + to_digits(people.block.ids(count), 8),
    )  # fmt: skip


def write_slips(
    people: People, parcels: Parcels, transfers: LandTransfers, identifiers: pl.Series, out: ProvinceFiles
) -> None:
    """The slips as the land office wrote them, and their truth. `identifiers` are those of the parcels that have one."""
    rng, which, on = people.block.rng(14), transfers.parcel, transfers.issued
    count = len(transfers)
    sides = {"ben_chuyen": transfers.transferor, "ben_nhan": transfers.transferee}
    written = {side: record_parties(rng, people, who, on, LAND) for side, who in sides.items()}
    frame = pl.DataFrame({
        "id": people.block.ids(count), "so_phieu": transfers.numbers, "ma_ho_so": _dossiers(people, transfers),
        "so_phat_hanh": make_serials(people, parcels).gather(which), "thua": parcel_struct(parcels.seen(which, on), identifiers.gather(which)),
        "loai": pl.Series([LAND_TRANSFER_KIND[kind] for kind in KINDS]).gather(transfers.kind), "dien_tich": parcels.area[which],
        "gia": pl.Series(np.where(transfers.price < 0, 0, transfers.price * 1_000)), "ngay_lap": on, "ngay_thu_hoi": transfers.revoked,
        "trang_thai": pl.Series(STATUS_WORDS).gather(transfers.status), "cap_nhat_luc": np.maximum(on, transfers.revoked),
        **{side: _party_struct(party) for side, party in written.items()},
        **{f"{side}_key": to_digits(people.personal[who], 12) for side, who in sides.items()},
        **{f"{side}_dirt": party["dirt"] for side, party in written.items()},
        "dirt": parcels.seen_through(which, on), "parcel_key": parcels.keys.gather(which),
    }).with_columns(
        pl.when(pl.col("gia") > 0).then("gia").alias("gia"), day_text("ngay_lap"), day_text("ngay_thu_hoi"), instant_text("cap_nhat_luc")
    )  # fmt: skip
    frame = spoil_rows(rng, frame, SLIP_FAULTS, LAND.invalid, np.zeros(count, dtype=np.bool_), people.block.first)
    columns = ["id", "so_phieu", "ma_ho_so", "so_phat_hanh", "thua", "ben_chuyen", "ben_nhan", "loai", "dien_tich", "gia", "ngay_lap", "ngay_thu_hoi", "trang_thai", "cap_nhat_luc"]  # fmt: skip
    out.lines("land/phieu-chuyen.jsonl", frame.select(columns))
    roles = [
        ("thua", "parcel", "parcel_key", "dirt"),
        *((side, "person", f"{side}_key", f"{side}_dirt") for side in sides),
    ]
    for role, kind, key, dirt in roles:
        out.truth("land", "phieu-chuyen", frame.select(
            pl.col("id").alias("source_id"), pl.lit(role).alias("role"), pl.lit(kind).alias("subject_kind"), pl.col(key).alias("subject_key"), pl.col(dirt).alias("dirt")
        ))  # fmt: skip


def _party_struct(party: pl.DataFrame) -> pl.Series:
    return party.select(
        pl.lit("ca_nhan").alias("loai"), pl.col("name").alias("ho_ten"), pl.col("birth").alias("ngay_sinh"),
        pl.col("identifier").alias("so_giay_to"), pl.col("address").alias("dia_chi"),
    ).to_struct()  # fmt: skip


def _dossiers(people: People, transfers: LandTransfers) -> pl.Series:
    """Codes of the dossiers: agency, day, serial of the day."""
    day = (
        pl.DataFrame({"d": transfers.issued})
        .select(pl.col("d").cast(pl.Int32).cast(pl.Date).dt.strftime("%y%m%d"))
        .to_series()
    )
    return "H49.12-" + day + "-" + to_digits(people.block.ids(len(transfers), 5_000), 5)


@dataclass(frozen=True)
class _Assessment:
    """The taxes assessed on transfers: which transfer, which taxpayer, which tax, how much."""

    at: Ints
    who: Ints
    tax: str
    amount: Ints


def write_transfer_taxes(people: People, parcels: Parcels, transfers: LandTransfers, out: ProvinceFiles) -> None:
    """Income tax of the transferor, registration fee of the transferee; gifts and inheritances are exempt from the former."""
    rng = people.block.rng(15)
    known = (transfers.status != REVOKED) | (rng.random(len(transfers)) < FORGOTTEN)
    at = np.flatnonzero(known)
    value = np.where(transfers.price >= 0, transfers.price, (parcels.area[transfers.parcel] * 3_000).astype(np.int64))[
        at
    ]
    parts = (
        _Assessment(at, transfers.transferor[at], "PERSONAL_INCOME", value * 20),
        _Assessment(at, transfers.transferee[at], "REGISTRATION_FEE", value * 5),
    )
    which = np.concatenate([part.at for part in parts])
    who, amount = np.concatenate([part.who for part in parts]), np.concatenate([part.amount for part in parts])
    taxes = np.repeat([TAX_KIND[part.tax] for part in parts], [len(part.at) for part in parts])
    exempt = (transfers.kind[which] > 0) & (taxes == TAX_KIND["PERSONAL_INCOME"])
    state = np.where(exempt, EXEMPT, np.where(transfers.status[which] == FULFILLED, PAID, DUE))
    on, count = transfers.issued[which], len(which)
    written = record_parties(rng, people, who, on, FINANCE)
    seen = parcels.seen(transfers.parcel[which], on)
    numbers = "TBCQ-" + to_digits(people.block.ids(count), 8)
    frame = pl.DataFrame({
        "so_thong_bao": numbers, "ma_so_nnt": pl.Series([None] * count, dtype=pl.String), "mst": to_digits(people.personal[who], 12),
        "ten_nnt": written["name"], "loai_nnt": [TAXPAYER_KIND["PERSON"]] * count, "ngay_sinh": written["birth"], "so_giay_to": written["identifier"],
        "dia_chi": written["address"], "loai_thue": taxes, "nam": on.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970,
        "so_tien": amount, "da_nop": np.where(state == PAID, amount, 0), "han_nop": np.minimum(on + 30, TODAY_DAY + 30),
        "trang_thai": [OBLIGATION_STATUS[one] for one in state], **seen.with_columns(pl.col("so_to", "so_thua").cast(pl.String)).to_dict(),
        "so_phieu_chuyen": transfers.numbers.gather(which),
        "dirt": written["dirt"], "subject_key": to_digits(people.personal[who], 12), "parcel_key": parcels.keys.gather(transfers.parcel[which]),
        "parcel_dirt": parcels.seen_through(transfers.parcel[which], on), "state": state, "on": on,
    })  # fmt: skip
    _write_taxes(people, frame, out)


def _write_taxes(people: People, frame: pl.DataFrame, out: ProvinceFiles) -> None:
    paid = frame.filter(pl.col("state") == PAID)
    _write_receipts(people, paid, out)
    relatives = frame.filter(pl.col("state") == EXEMPT)
    out.csv("finance/mien_giam.csv", relatives.select(
        ("MG" + pl.col("so_thong_bao")).alias("so_quyet_dinh"), "so_thong_bao", pl.lit("Chuyển quyền giữa người thân trong gia đình").alias("ly_do"),
        format_dotted(pl.col("so_tien")).alias("so_tien"), pl.col("on").alias("ngay_quyet_dinh"),
    ).with_columns(day_text("ngay_quyet_dinh")), separator=";", bom=True)  # fmt: skip
    shown = frame.with_columns(format_dotted(pl.col("so_tien")), format_dotted(pl.col("da_nop")), day_text("han_nop"))
    truths = ("dirt", "subject_key", "parcel_key", "parcel_dirt", "state", "on")
    out.csv("finance/nghia_vu_thue_chuyen_quyen.csv", shown.drop(truths), separator=";", bom=True)
    for role, kind, key, dirt in (
        ("", "person", "subject_key", "dirt"),
        ("thua", "parcel", "parcel_key", "parcel_dirt"),
    ):
        out.truth("finance", "nghia_vu_thue", frame.select(
            pl.col("so_thong_bao").alias("source_id"), pl.lit(role).alias("role"), pl.lit(kind).alias("subject_kind"),
            pl.col(key).alias("subject_key"), pl.col(dirt).alias("dirt"),
        ))  # fmt: skip


def _write_receipts(people: People, paid: pl.DataFrame, out: ProvinceFiles) -> None:
    receipts = paid.select(
        ("BLCQ-" + pl.Series(to_digits(people.block.ids(len(paid)), 9))).alias("so_bien_lai"), "so_thong_bao",
        format_dotted(pl.col("so_tien")).alias("so_tien"), (pl.col("on") + 5).clip(upper_bound=TODAY_DAY - 1).alias("ngay_nop"),
    ).with_columns(day_text("ngay_nop"))  # fmt: skip
    out.csv("finance/nop_tien.csv", receipts, separator=";", bom=True)
    out.truth("finance", "nop_tien", receipts.select(
        pl.col("so_bien_lai").alias("source_id"), pl.lit("").alias("role"), pl.lit("obligation").alias("subject_kind"),
        pl.col("so_thong_bao").alias("subject_key"), pl.lit("").alias("dirt"),
    ))  # fmt: skip
