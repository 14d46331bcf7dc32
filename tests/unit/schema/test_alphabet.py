"""Lists that a person reads are in the order of a Vietnamese dictionary."""

import random
import unicodedata

from schema.alphabet import make_alphabet_key

IN_ORDER = (
    "an",
    "ăn",
    "ân",
    "Bồi thường",
    "Cấp 2",
    "Cấp giấy",
    "Chuyển nhượng",
    "Dân",
    "Đăng ký",
    "em",
    "êm",
    "gà",
    "ma",
    "mà",
    "mả",
    "mã",
    "má",
    "mạ",
    "Mau",
    "mẫu",
    "On",
    "Ôn",
    "Ơn",
    "Xác nhận",
)


def test_texts_sort_as_in_a_dictionary() -> None:
    mixed = list(IN_ORDER)
    random.Random(7).shuffle(mixed)
    assert tuple(sorted(mixed, key=make_alphabet_key)) == IN_ORDER
    assert sorted(mixed) != list(IN_ORDER)


def test_the_unicode_form_does_not_matter() -> None:
    for text in IN_ORDER:
        assert make_alphabet_key(unicodedata.normalize("NFD", text)) == make_alphabet_key(text)


def test_empty_text_and_a_mark_alone_have_a_place() -> None:
    assert sorted(["a", "\u0301", ""], key=make_alphabet_key)[0] == ""
