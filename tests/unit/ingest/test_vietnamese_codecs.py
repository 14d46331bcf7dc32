"""Old encodings of Vietnamese: every letter there and back, in pieces too, and told from each other."""

import codecs
import random
from unicodedata import normalize

import polars as pl
import pytest

from hub.draft.connector_writer import text_encoding_of
from hub.draft.encoding_guess import guess_encoding
from hub.ingest.transform.prepare import repair_encoding
from hub.ingest.values.vietnamese_codecs import CODEC_NAMES, TONE_PATTERN, repair_text
from hub.sdk.streams import SqlStream

SMALL = "àảãáạăằẳẵắặâầẩẫấậđèẻẽéẹêềểễếệìỉĩíịòỏõóọôồổỗốộơờởỡớợùủũúụưừửữứựỳỷỹýỵ"
LETTERS = SMALL + SMALL.upper()
TEXT = "Nguyễn Thị Hoà, thửa đất số 12, phường Hồng Hà; ỦY BAN NHÂN DÂN; quyết định ngày 05/01/2026\n" * 3


def in_cp1258(text: str) -> bytes:
    """As Windows writes it: the letter with its hat, and the tone after it."""
    parts = normalize("NFD", text)
    return normalize("NFC", TONE_PATTERN.sub(lambda tone: f"\0{tone[0]}", parts)).replace("\0", "").encode("cp1258")


@pytest.mark.parametrize("name", CODEC_NAMES)
def test_every_letter_is_written_and_read_back(name: str) -> None:
    assert len(LETTERS) == 134
    for letter in LETTERS:
        assert letter.encode(name).decode(name) == letter
    assert TEXT.encode(name).decode(name) == TEXT


@pytest.mark.parametrize("name", CODEC_NAMES)
@pytest.mark.parametrize("most", [1, 3, 40])
def test_a_file_is_read_in_pieces_of_any_size(name: str, most: int) -> None:
    data = TEXT.encode(name)
    decoder = codecs.getincrementaldecoder(name)()
    dice = random.Random(most)
    read, at = "", 0
    while at < len(data):
        size = dice.randint(1, most)
        read += decoder.decode(data[at : at + size])
        at += size
    assert read + decoder.decode(b"", final=True) == TEXT


def test_encodings_are_told_from_each_other() -> None:
    assert guess_encoding(TEXT.encode()) == "utf-8"
    assert guess_encoding(in_cp1258(TEXT)) == "cp1258"
    for name in CODEC_NAMES:
        assert guess_encoding(TEXT.encode(name)) == name


@pytest.mark.parametrize("name", CODEC_NAMES)
def test_texts_of_a_database_are_read_as_what_they_are(name: str) -> None:
    shown = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in "Nguyễn Thị Hoà".encode(name))
    assert repair_text(shown, name) == "Nguyễn Thị Hoà"
    assert repair_text("Nguyễn Thị Hoà", name) == "Nguyễn Thị Hoà"
    assert text_encoding_of({"ten": [shown], "id": ["1"]}) == name
    assert text_encoding_of({"ten": ["Nguyễn Thị Hoà", "Lê Văn Ân"]}) is None
    emits = {"Citizen": {"fields": {"full_name": "ten"}}}
    stream = SqlStream.model_validate({"table": "t", "key": ["id"], "text_encoding": name, "emits": emits})
    frame = pl.DataFrame({"id": [shown], "ten": [shown]})
    assert repair_encoding(frame, stream).rows() == [(shown, "Nguyễn Thị Hoà")]
