"""Keys of text: the same syllable has one key, however it was typed."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.link.normalise.text import ONSETS, TONES, accented_key, ascii_key, tone_position

NUCLEI = ("a", "oa", "oe", "uy", "ia", "ua", "ưa", "iê", "yê", "ươ", "uô", "ưu", "oai", "uyê", "uya", "iêu", "ươi", "ai", "ôi", "ê", "y", "i")  # fmt: skip
CODAS = ("", "n", "ng", "nh", "c", "ch", "m", "p", "t")
syllables = st.builds(lambda *parts: "".join(parts), st.sampled_from(ONSETS), st.sampled_from(NUCLEI), st.sampled_from(CODAS))  # fmt: skip
VIETNAMESE = "aăâeêioôơuưyàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵbcdđghklmnpqrstvx "
vietnamese = st.text(VIETNAMESE + VIETNAMESE.upper(), max_size=30)

PLACEMENTS = (
    ("Hoà", "Hòa", "hoà"), ("Hoè", "Hòe", "hoè"), ("Thuý", "Thúy", "thuý"), ("Quý", "Qúy", "quý"), ("Quả", "Qủa", "quả"),
    ("Già", "Gìa", "già"), ("Giếng", "Gíêng", "giếng"), ("Toàn", "Tòan", "toàn"), ("Ngoài", "Ngòai", "ngoài"),
    ("Của", "Cuả", "của"), ("Mía", "Miá", "mía"), ("Lưới", "Lứơi", "lưới"), ("Khuỷu", "Khủyu", "khuỷu"), ("Gìn", "Gìn", "gìn"),
)  # fmt: skip


@pytest.mark.parametrize(("one", "other", "key"), PLACEMENTS)
def test_the_tone_mark_has_one_place(one: str, other: str, key: str) -> None:
    assert accented_key(one) == accented_key(other) == key


@given(syllables, st.sampled_from(TONES), st.data())
def test_every_placement_of_a_tone_gives_one_key(syllable: str, tone: str, data: st.DataObject) -> None:
    places = [at for at, letter in enumerate(syllable) if letter in "aăâeêioôơuưy"]
    spelled = {accented_key(syllable[: at + 1] + tone + syllable[at + 1 :]) for at in places}
    assert len(spelled) == 1 or tone_position(syllable) is None


@given(vietnamese)
def test_form_case_and_eth_do_not_count(text: str) -> None:
    key = accented_key(text)
    assert accented_key(unicodedata.normalize("NFD", text)) == key
    assert accented_key(text.upper()) == key
    assert accented_key(text.replace("đ", "ð").replace("Đ", "Ð")) == key
    assert accented_key(f" {text.replace(' ', '   ')}\n") == key


@given(st.text(max_size=40))
@example("a'\u0300 ŉ İ ß ǰ ﬁ \u0345α Ω\u0345")
def test_keys_are_idempotent_and_the_ascii_key_is_ascii(text: str) -> None:
    key, plain = accented_key(text), ascii_key(text)
    assert accented_key(key) == key
    assert ascii_key(plain) == plain == ascii_key(key)
    assert plain.isascii()
    assert plain == plain.lower()
    assert not set(plain) - set("abcdefghijklmnopqrstuvwxyz0123456789 ")
    assert key == " ".join(key.split())


@pytest.mark.parametrize(
    ("text", "key", "plain"),
    [
        ("ĐẶNG Thị  Hòa", "đặng thị hoà", "dang thi hoa"),
        ("Søren Łukasz Ægir", "søren łukasz ægir", "soren lukasz aegir"),
        ("SØREN ŁUKASZ ÆGIR", "søren łukasz ægir", "soren lukasz aegir"),
        ("O’Brien D'Ran", "obrien dran", "obrien dran"),
        ("N.V.An", "n v an", "n v an"),
        ("José", "josé", "jose"),
        ("王小明", "王小明", "wangxiaoming"),
        ("Zu\u200bzu", "zuzu", "zuzu"),
    ],
)
def test_keys(text: str, key: str, plain: str) -> None:
    assert (accented_key(text), ascii_key(text)) == (key, plain)
