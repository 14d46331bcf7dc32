"""Names taken apart: what surrounds them, their order, their parts."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.link.normalise.names import NOTHING, read_name
from hub.link.normalise.text import accented_key

PARTS = (
    ("Nguyễn Văn Hòa", "nguyễn", "văn", "hoà"),
    ("NGUYỄN THỊ THU HÀ", "nguyễn", "thị thu", "hà"),
    ("Lê Nam", "lê", None, "nam"),
    ("An", None, None, "an"),
    ("Tôn Thất Tùng", "tôn thất", None, "tùng"),
    ("Ông Nguyễn Văn A", "nguyễn", "văn", "a"),
    ("ÔNG BÀ NGUYEN VAN AN", "nguyen", "van", "an"),
    ("Ông Ích Khiêm", "ông", "ích", "khiêm"),
    ("Ho Van An", "ho", "van", "an"),
    ("Ho ong Nguyen Van An", "nguyen", "van", "an"),
    ("Chu Van An", "chu", "van", "an"),
    ("Chu ho Nguyen Van An", "nguyen", "van", "an"),
    ("Mr. Trần Bình", "trần", None, "bình"),
    ("Mrs. Mr. Trần Bình", "trần", None, "bình"),
    ("Hộ ông: Nguyễn Văn An và vợ Trần Thị B", "nguyễn", "văn", "an"),
    ("Hộ bà Lê Thị Hoa", "lê", "thị", "hoa"),
    ("Ông Nguyễn Văn An & bà Lê Thị B", "nguyễn", "văn", "an"),
    ("Nguyễn Văn An, bà Trần Thị B", "nguyễn", "văn", "an"),
    ("Nguyễn Văn An - Trần Thị B", "nguyễn", "văn", "an"),
    ("Trần Thị B (đã chết)", "trần", "thị", None),
    ("Nguyễn Văn An sinh năm 1954", "nguyễn", "văn", "an"),
    ("Nguyễn Văn An 1954", "nguyễn", "văn", "an"),
    ("NGUYEN, Van An", "nguyen", "van", "an"),
    ("An, Nguyễn Văn", "nguyễn", "văn", "an"),
    ("SMITH, John", "smith", None, "john"),
    ("An Van Nguyen", "nguyen", "van", "an"),
    ("Anh Nguyen", "nguyen", None, "anh"),
    ("Ng. V. An", None, None, "an"),
    ("N.V.An", None, None, "an"),
    ("Nguyễn V. An", "nguyễn", None, "an"),
    ("Nguyễn Thị T", "nguyễn", "thị", None),
    ("Y Blơ", "y", None, "blơ"),
)


@pytest.mark.parametrize(("text", "surname", "middle", "given"), PARTS)
def test_parts(text: str, surname: str | None, middle: str | None, given: str | None) -> None:
    name = read_name(text, "PERSON")
    assert (name.surname, name.middle, name.given) == (surname, middle, given)


def test_what_is_written_the_other_way_round_has_the_same_key() -> None:
    keys = {read_name(text, None).name_ascii for text in ("Nguyễn Văn An", "An Van Nguyen", "AN, Nguyen Van")}
    assert keys == {"nguyen van an"}


MINORITY = (
    "Vàng",
    "Voòng",
    "Vòng",
    "Sằn",
    "Lỷ",
    "Phùn",
    "Chìu",
    "Nình",
    "Hoòng",
    "Slằm",
    "Cứ",
    "Giàng",
    "Sùng",
    "Lò",
    "Thào",
)
KINH = (
    "Hoàng Văn Lâm",
    "Vũ Thị Mai",
    "Dương Hà Giang",
    "Mai Lý Văn",
    "Hoàng Mai Thi",
    "Cao Thái Hà",
    "Lý Văn A",
    "Đào Thị Hoàng",
)
"""Names of which each word may be a family name: the other order is another person."""


@pytest.mark.parametrize(
    ("text", "name", "other"),
    [
        ("Mai Thị Nguyễn", "mai thị nguyễn", "nguyễn thị mai"),
        ("Hoàng Lê", "hoàng lê", "lê hoàng"),
        ("An Nguyen Van", "an nguyen van", "nguyen van an"),
        ("San Nguyen Van", "san nguyen van", "nguyen van san"),
        ("Sằn Thị Chíu", "chíu thị sằn", "sằn thị chíu"),
        ("Sằn Tiến Lý", "sằn tiến lý", "lý tiến sằn"),
        ("Vàng A Páo", "vàng a páo", None),
        ("Páo Giàng A", "páo giàng a", "giàng a páo"),
        ("Phừ Giàng Seo", "phừ giàng seo", "giàng seo phừ"),
        ("Lý Giàng A", "lý giàng a", "giàng a lý"),
        ("A Páo Giàng", "a páo giàng", "giàng a páo"),
        ("Sồi A Lỷ", "sồi a lỷ", "lỷ a sồi"),
        ("Lỷ A Mùa", "lỷ a mùa", "mùa a lỷ"),
        ("Pản Văn Sằn", "pản văn sằn", "sằn văn pản"),
        ("Lụa Slằm Thị", "lụa slằm thị", "slằm thị lụa"),
        ("Dính Vàng Thị", "dính vàng thị", "vàng thị dính"),
        *((f"Páo {name} A", f"páo {name.lower()} a", f"{name.lower()} a páo") for name in MINORITY),
        *((name, name.lower(), None) for name in KINH),
        ("Lê Hoàng", "lê hoàng", None),
        ("Bế Văn Đàn", "bế văn đàn", None),
    ],
)
def test_both_orders_are_kept_where_either_is_possible(text: str, name: str, other: str | None) -> None:
    read = read_name(text, "PERSON")
    assert (read.name, read.other) == (name, other)


@pytest.mark.parametrize("text", ["Nguyễn Văn An", "Ng. V. An", "N.V. An", "n v an"])
def test_initials_are_those_of_the_whole_name(text: str) -> None:
    assert read_name(text, "PERSON").initials == "nva"


@pytest.mark.parametrize(
    ("text", "kind"),
    [("Công ty TNHH Hạ Long", None), ("Hoàng Hà", "ENTERPRISE"), ("Tạp hoá Lê An", "HOUSEHOLD_BUSINESS")],
)
def test_organisations_have_no_parts(text: str, kind: str | None) -> None:
    name = read_name(text, kind)
    assert name.name == accented_key(text)
    assert (name.surname, name.middle, name.given, name.other) == (None, None, None, None)


@pytest.mark.parametrize("text", ["", " ", "...", "()", "123", "-"])
def test_what_holds_no_name_is_nothing(text: str) -> None:
    assert read_name(text, "PERSON") == NOTHING


words = st.sampled_from(["Nguyễn", "ông", "Hộ", "bà", "An", "V.", "N", ",", "và vợ", "(", ")", "Lê", "Mr.", "-", "1954", "Tôn", "Thất", "công ty"])  # fmt: skip


@given(st.one_of(st.text(max_size=40), st.lists(words, max_size=8).map(" ".join)), st.sampled_from(["PERSON", None, "ENTERPRISE", "?"]))  # fmt: skip
@example("A:𧏭", "PERSON")
@example("𧏭 A", "ENTERPRISE")
def test_any_text_is_read_and_its_key_reads_as_itself(text: str, kind: str | None) -> None:
    name = read_name(text, kind)
    for part in name:
        assert part is None or part == accented_key(part)
    if name.surname and name.given and name.name:
        assert name.name.startswith(name.surname)
        assert name.name.endswith(name.given)
