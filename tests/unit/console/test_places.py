"""Parcels are told as officials write them, and two of one number in a commune before and after the reform are not called different."""

import pytest

from hub.console.places import show_parcel_number
from hub.console.steward.question import mark_of, read_facts

BEFORE, NOW, MERGED = "06820@2019-05-05:12:345", "06820@2025-08-01:12:345", "06736@2026-07-18:4:11"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BEFORE, "thửa 345, tờ bản đồ 12, Phường Trưng Vương (trước 01/07/2025)"),
        ("06820@..:12:345", "thửa 345, tờ bản đồ 12, Phường Trưng Vương (trước 01/07/2025)"),
        (NOW, "thửa 345, tờ bản đồ 12, Phường Vàng Danh"),
        (MERGED, "thửa 11, tờ bản đồ 4, Phường Móng Cái 3"),
        ("99999@2026-07-18:4:11", "thửa 11, tờ bản đồ 4, mã xã 99999 không có ngày 18/07/2026"),
        ("12", "12"),
    ],
)
def test_a_parcel_number_is_told_in_words(text: str, words: str) -> None:
    assert show_parcel_number(text) == words


@pytest.mark.parametrize(
    ("record", "candidate", "mark"),
    [
        (BEFORE, "06820@..:12:345", "same"),
        (BEFORE, NOW, "commune"),
        (MERGED, "06736@..:4:11", "commune"),
        (BEFORE, "06820@..:12:346", "differs"),
        (BEFORE, "06820@..:13:345", "differs"),
        ("12", "13", "differs"),
    ],
)
def test_the_same_number_in_another_commune_is_marked_so(record: str, candidate: str, mark: str) -> None:
    recorded = read_facts({"parcelLink": {"recorded": {"parcelNumber": record}}}, "parcelLink")
    assert mark_of("parcel", recorded, read_facts({"parcelNumber": candidate})) == mark
