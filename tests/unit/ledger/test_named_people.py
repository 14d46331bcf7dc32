"""Which numbers of a row are somebody's identifiers."""

import pytest

from hub.access.subjects.named_people import find_identifiers


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("022080683727", {"022080683727"}),
        ("CCCD 022080683727 cấp ngày 01/02/2021", {"022080683727"}),
        ("022 080 683 727", {"022080683727"}),
        ("022.080.683.727", {"022080683727"}),
        ("022080683727-022184173560", {"022080683727", "022184173560"}),
        ("22080683727", {"022080683727"}),
        (22080683727, {"022080683727"}),
        (" 100234567 ", {"100234567"}),
        ({"chu": [{"so": "022080683727"}], "vo": {"so_cu": "100234567"}}, {"022080683727", "100234567"}),
        ("số 100234567", set()),
        (100234567, set()),
        ("150000000", set()),
        ("0220806837271", set()),
        ("0912345678", set()),
        ("2025-06-01T00:00:00+07:00", set()),
        (None, set()),
        (True, set()),
        (1.5, set()),
    ],
    ids=lambda given: str(sorted(given) if isinstance(given, set) else given),
)
def test_identifiers_are_found_as_sources_write_them(value: object, found: set[str]) -> None:
    assert find_identifiers([value]) == found


def test_what_is_nested_without_end_is_left() -> None:
    value: list[object] = []
    value.append(value)
    assert find_identifiers([value, "022080683727"]) == {"022080683727"}
