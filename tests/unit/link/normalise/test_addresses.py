"""Addresses: their parts, and the units of today that they mean, for every commune there is and was."""

import csv
import unicodedata
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.link.normalise.addresses import NO_ADDRESS, read_address
from hub.link.normalise.places import MANY, NOWHERE, How, Place, place_of_code
from hub.link.normalise.text import ascii_key
from schema.units import CHANGES_CSV, UNITS_CSV

HA_TU = ("06652@2025-07-01",)

PARTS = (
    ("Tổ 5, khu Trần Phú, phường Hà Tu, thành phố Hạ Long, tỉnh Quảng Ninh", "trần phú", "5", None),
    ("to 5 khu tran phu phuong ha tu tp ha long quang ninh", "tran phu", "5", None),
    ("Tổ 05, Khu phố 03", "3", "5", None),
    ("TDP số 7, P. Hà Tu, TP. Hạ Long", "7", None, None),
    ("Xóm 3, thôn Đông, xã Liên Hoà", "3 đông", None, None),
    ("Số 12/5 đường Lê Lợi, P.1, Q.3, TP.HCM", None, None, "12 5 lê lợi"),
    ("SN 12 ngõ 5 phố Lê Lợi, phường Hà Tu, tỉnh Quảng Ninh", None, None, "12 ngõ 5 lê lợi"),
    ("12 Lê Lợi, phường Hà Tu, tỉnh Quảng Ninh", None, None, "12 lê lợi"),
    ("HKTT: thôn 3 xã Bản Phố huyện Bắc Hà tỉnh Lào Cai", "3", None, None),
    ("bản Pò Hèn, xã Hải Sơn", "pò hèn", None, None),
    ("bàn tay, phường Hà Tu, tỉnh Quảng Ninh", None, None, "bàn tay"),
)


@pytest.mark.parametrize(("text", "hamlet", "group", "street"), PARTS)
def test_local_parts(text: str, hamlet: str | None, group: str | None, street: str | None) -> None:
    address = read_address(text)
    assert (address.hamlet, address.group, address.street) == (hamlet, group, street)


PLACES = (
    ("phường Hà Tu, thành phố Hạ Long, tỉnh Quảng Ninh", Place("06664@..", HA_TU, How.SUCCESSOR)),
    ("P.Hà Tu, TP.Hạ Long, QN", Place("06664@..", HA_TU, How.SUCCESSOR)),
    ("Hà Tu - Hạ Long - Quảng Ninh, Việt Nam", Place("06664@..", HA_TU, How.SUCCESSOR)),
    ("PHUONG HA TU THANH PHO HA LONG TINH QUANG NINH", Place("06664@..", HA_TU, How.SUCCESSOR)),
    ("Hà Tu Hạ Long Quảng Ninh", Place("06664@..", HA_TU, How.SUCCESSOR)),
    ("phường Hà Tu, tỉnh Quảng Ninh", Place(HA_TU[0], HA_TU, How.EXACT)),
    ("phuong Ha Tu, Quang Ninh", Place(HA_TU[0], HA_TU, How.BY_NAME)),
    ("xã Hà Tu, tỉnh Quảng Ninh", Place(HA_TU[0], HA_TU, How.BY_NAME)),
    ("phường Trưng Vương, Uông Bí, Quảng Ninh", Place("06820@..", ("06811@2025-07-01", "06820@2025-07-01"), How.SPLIT)),
    ("xã Bản Phố, huyện Bắc Hà, tỉnh Lào Cai", Place("02866@..", ("02839@2025-07-01",), How.SUCCESSOR)),
    ("Phường Xuân Trường - Đà Lạt, tỉnh Lâm Đồng", Place("24805@2025-07-01", ("24805@2025-07-01",), How.EXACT)),
    ("phường 01, quận 03, TP HCM", Place("27160@..", ("27154@2025-07-01",), How.SUCCESSOR)),
    ("P1, Q3, TP. Hồ Chí Minh", Place("27160@..", ("27154@2025-07-01",), How.SUCCESSOR)),
)


@pytest.mark.parametrize(("text", "place"), PLACES)
def test_places(text: str, place: Place) -> None:
    assert read_address(text).place == place


def test_a_name_that_several_communes_have_gives_what_all_of_them_became() -> None:
    place = read_address("Xã Tân Tiến").place
    assert place.recorded is None
    assert place.how is How.AMBIGUOUS
    assert len(place.units) > 1
    assert place.unit is None


def test_of_a_name_that_too_many_have_none_is_a_candidate() -> None:
    assert MANY < 60
    assert read_address("Phường 1").place == NOWHERE


def test_nothing_is_guessed_beyond_what_is_written() -> None:
    assert read_address("phường Hà Tu, tỉnh Lào Cai").place == NOWHERE
    assert read_address("phường Hà Tu, thành phố Uông Bí, tỉnh Quảng Ninh").place == NOWHERE
    assert read_address("Tổ 5, khu Trần Phú").place == NOWHERE
    assert read_address("Trần Phú").place == NOWHERE


@pytest.mark.parametrize("text", ["", " ", ",,", "Việt Nam", "..."])
def test_what_says_nothing_is_no_address(text: str) -> None:
    assert read_address(text) == NO_ADDRESS


def test_a_commune_code_becomes_the_units_of_today() -> None:
    assert place_of_code("06820@2025-07-01") == Place("06820@2025-07-01", ("06820@2025-07-01",), How.EXACT)
    assert place_of_code("06820@2026-01-01") == Place("06820@2025-07-01", ("06820@2025-07-01",), How.EXACT)
    assert place_of_code("06664@..") == place_of_code("06664@2019-05-05") == Place("06664@..", HA_TU, How.SUCCESSOR)
    assert place_of_code("06820@..").how is How.SPLIT
    for code in ("", "06820", "99999@..", "22@..", "193@..", "06820@2025-13-01", "@"):
        assert place_of_code(code) == NOWHERE


@cache
def rows() -> tuple[dict[str, dict[str, str]], dict[str, set[str]]]:
    """Unit key → its row, and unit key of before → keys of its successors; read here anew, from the files."""
    with UNITS_CSV.open(encoding="utf-8", newline="") as lines:
        found = {f"{row['code']}@{row['valid_from'] or '..'}": row for row in csv.DictReader(lines)}
    heirs: dict[str, set[str]] = {}
    with CHANGES_CSV.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            heirs.setdefault(f"{row['old_code']}@..", set()).add(f"{row['new_code']}@{row['effective_on']}")
    return found, heirs


def communes() -> list[str]:
    return [key for key, row in rows()[0].items() if row["level"] == "COMMUNE"]


def written(key: str) -> str:
    """The address of a commune: its name and those above it."""
    found, era = rows()[0], key.partition("@")[2]
    names = []
    while key in found:
        names.append(found[key]["name"])
        key = f"{found[key]['parent_code']}@{era}"
    return ", ".join(names)


def test_every_commune_is_found_by_its_address_or_among_the_candidates() -> None:
    heirs = rows()[1]
    alone = 0
    for key in communes():
        place = read_address(f"Tổ 5, thôn 3, {written(key)}").place
        assert heirs.get(key, {key} if not key.endswith("..") else set()) <= set(place.units), key
        alone += place.recorded == key
    # The others have a namesake of another kind in the same district.
    assert alone > len(communes()) * 0.995


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Xã Tứ Quận Huyện Yên Sơn Tỉnh Tuyên Quang", "02464@.."),
        ("Xã Hiền Kiệt Huyện Quan Hóa Tỉnh Thanh Hóa", "14899@.."),
        ("Xã Tứ Xã Huyện Lâm Thao Tỉnh Phú Thọ", "08536@.."),
        ("Phường Tân Hòa Thành phố Hòa Bình Tỉnh Hòa Bình", "04792@.."),
        ("Phường Tân Lợi Thành phố Buôn Ma Thuột Tỉnh Đắk Lắk", "24136@.."),
        ("Phường Đô Vinh - Thành phố Phan Rang - Tháp Chàm - Tỉnh Ninh Thuận", "22738@.."),
        ("Phường Đô Vinh Thành phố Phan Rang - Tháp Chàm Tỉnh Ninh Thuận", "22738@.."),
    ],
)
def test_words_of_a_name_that_also_say_what_follows(text: str, key: str) -> None:
    assert read_address(text).place.recorded == key


def test_without_tone_marks_a_name_means_all_that_are_so_without_them() -> None:
    assert len(read_address("xa nga thanh, huyen nga son, tinh thanh hoa").place.units) > 1
    assert read_address("xã Nga Thanh, huyện Nga Sơn, tỉnh Thanh Hoá").place.recorded == "16123@.."


@given(st.sampled_from(communes()), st.sampled_from(["{}", "lower", "upper", "ascii", "NFD", "spaces", "dashes"]))
@settings(max_examples=300)
def test_however_it_is_typed(key: str, spelling: str) -> None:
    text = written(key)
    typed = {
        "lower": text.lower(),
        "upper": text.upper(),
        "ascii": ", ".join(ascii_key(part) for part in text.split(",")),
        "NFD": unicodedata.normalize("NFD", text),
        "spaces": text.replace(",", " "),
        "dashes": text.replace(",", " -"),
    }.get(spelling, text)
    assert rows()[1].get(key, {key}) <= set(read_address(typed).place.units)


parts = st.sampled_from(["tổ", "phường", "P.", "Hà Tu", ",", "tp", "Hạ Long", "quảng ninh", "-", "5", "khu", "xã", "q", "tỉnh", "số", "/", "việt nam", "địa chỉ"])  # fmt: skip


@given(st.one_of(st.text(max_size=40), st.lists(parts, max_size=12).map(" ".join)))
def test_any_text_is_read(text: str) -> None:
    address = read_address(text)
    assert (address.place.how is How.UNKNOWN) == (not address.place.units)
    assert read_address(text) == address
