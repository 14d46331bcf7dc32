"""Communes that share a name are told apart as an official would: by the day of the reform."""

from hub.console.quality.quality_rows import tell_apart


def test_communes_of_one_name_are_told_apart_by_their_days() -> None:
    names = {"07081@..": "Phường Bình Khê", "07081@2025-07-01": "Phường Bình Khê", "06820@..": "Phường Vàng Danh"}
    assert tell_apart(names) == {
        "07081@..": "Phường Bình Khê (trước 01/07/2025)",
        "07081@2025-07-01": "Phường Bình Khê (từ 01/07/2025)",
        "06820@..": "Phường Vàng Danh",
    }


def test_those_of_the_same_days_have_their_codes() -> None:
    found = tell_apart({"07081@..": "Xã Tân Lập", "06658@..": "Xã Tân Lập", "99999@..": "Xã Tân Lập"})
    assert found == {
        "07081@..": "Xã Tân Lập (trước 01/07/2025) (07081@..)",
        "06658@..": "Xã Tân Lập (trước 01/07/2025) (06658@..)",
        "99999@..": "Xã Tân Lập (99999)",
    }
