"""Encodings of Vietnamese from before Unicode that Python does not know: `tcvn3` (ABC, fonts .Vn…) and `vni` (fonts VNI-…).

Importing this module registers them with `codecs`. TCVN3 is one byte a letter (TCVN 5712:1993; letters that its fonts lack are
those of VN1, so that every letter has a byte). VNI writes a letter and, after it, its marks. Both came to stand in cells that
are said to be of another encoding: `repaired` reads what such a text was meant to be.
"""

import codecs
import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from unicodedata import normalize

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

NAMES = ("tcvn3", "vni")
FIRST_LETTER = 0x41
LONGEST_WORD = 1_024
"""Bytes without a space among them; beyond, a block may be cut within a letter and its mark."""

# --- TCVN3 -----------------------------------------------------------------------------------------------------------

LOW = {0x01: "Ú", 0x02: "Ụ", 0x04: "Ừ", 0x05: "Ử", 0x06: "Ữ", 0x11: "Ứ", 0x12: "Ự", 0x13: "Ỳ", 0x14: "Ỷ", 0x15: "Ỹ", 0x16: "Ý", 0x17: "Ỵ"}  # fmt: skip
HIGH = (
    "ÀẢÃÁẠẶẬÈẺẼÉẸỆÌỈĨÍỊÒỎÕÓỌỘỜỞỠỚỢÙỦŨ"
    "\u00a0ĂÂÊÔƠƯĐăâêôơưđẰ\u0300\u0309\u0303\u0301\u0323àảãáạẲằẳẵắẴ"
    "ẮẦẨẪẤỀặầẩẫấậèỂẻẽéẹềểễếệìỉỄẾỒĩíịò"
    "ỔỏõóọồổỗốộờởỡớợùỖủũúụừửữứựỳỷỹýỵỐ"
)
"""The letters of the bytes 80 to FF."""
TCVN3 = "".join(LOW.get(byte, chr(byte)) for byte in range(0x80)) + HIGH
TCVN3_BYTES = codecs.charmap_build(TCVN3)

# --- VNI -------------------------------------------------------------------------------------------------------------

TONES = {"ù": "\u0301", "ø": "\u0300", "û": "\u0309", "õ": "\u0303", "ï": "\u0323"}
HATS = {"â": "", "á": "\u0301", "à": "\u0300", "å": "\u0309", "ã": "\u0303", "ä": "\u0323"}
BREVES = {"ê": "", "é": "\u0301", "è": "\u0300", "ú": "\u0309", "ü": "\u0303", "ë": "\u0323"}
SINGLE = {"í": "í", "ì": "ì", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ", "ñ": "đ", "ô": "ơ", "ö": "ư"}


def _vni() -> dict[str, str]:
    found = {base + mark: base + tone for base in "aeouy" for mark, tone in TONES.items()}
    found |= {base + mark: f"{base}\u0302{tone}" for base in "aeo" for mark, tone in HATS.items()}
    found |= {f"a{mark}": f"a\u0306{tone}" for mark, tone in BREVES.items()}
    found |= {horned + mark: SINGLE[horned] + tone for horned in "ôö" for mark, tone in TONES.items()}
    found |= SINGLE
    letters = {written: normalize("NFC", letter) for written, letter in found.items()}
    capital = {written.upper(): letter.upper() for written, letter in letters.items()}
    mixed = {w[0].upper() + w[1:]: letter.upper() for w, letter in letters.items() if len(w) > 1}
    return {**mixed, **capital, **letters}


VNI = _vni()
"""What stands in the font's encoding, read as Windows-1252 → the letter."""
VNI_LETTER = re.compile("|".join(sorted(map(re.escape, VNI), key=len, reverse=True)))
FROM_VNI = {letter: written for written, letter in VNI.items()}


def _decode_vni(data: bytes, errors: str = "strict") -> tuple[str, int]:
    text = bytes(data).decode("cp1252", errors)
    return VNI_LETTER.sub(lambda found: VNI[found[0]], text), len(data)


def _encode_vni(text: str, errors: str = "strict") -> tuple[bytes, int]:
    composed = normalize("NFC", text)
    return "".join(FROM_VNI.get(letter, letter) for letter in composed).encode("cp1252", errors), len(text)


def _decode_tcvn3(data: bytes, errors: str = "strict") -> tuple[str, int]:
    text, read = codecs.charmap_decode(data, errors, TCVN3)
    return normalize("NFC", text), read


def _encode_tcvn3(text: str, errors: str = "strict") -> tuple[bytes, int]:
    return codecs.charmap_encode(normalize("NFC", text), errors, TCVN3_BYTES)[0], len(text)


DECODERS: dict[str, Callable[[bytes, str], tuple[str, int]]] = {"tcvn3": _decode_tcvn3, "vni": _decode_vni}
ENCODERS: dict[str, Callable[[str, str], tuple[bytes, int]]] = {"tcvn3": _encode_tcvn3, "vni": _encode_vni}


def _incremental(name: str) -> type[codecs.BufferedIncrementalDecoder]:
    class Decoder(codecs.BufferedIncrementalDecoder):
        def _buffer_decode(self, given: "ReadableBuffer", errors: str, final: bool) -> tuple[str, int]:
            """All up to the last letter that no mark can follow: a space, a digit, a line end."""
            data = bytes(given)
            end = len(data)
            while not final and end and data[end - 1] >= FIRST_LETTER and len(data) - end < LONGEST_WORD:
                end -= 1
            whole = data[:end] if len(data) - end < LONGEST_WORD else data
            return DECODERS[name](whole, errors)

    return Decoder


def _search(name: str) -> codecs.CodecInfo | None:
    if name not in NAMES:
        return None
    return codecs.CodecInfo(
        encode=ENCODERS[name],  # type: ignore[arg-type]  # a function does for the protocol
        decode=DECODERS[name],  # type: ignore[arg-type]  # as above
        incrementaldecoder=_incremental(name),
        name=name,
    )


codecs.register(_search)


# --- Which is it? ----------------------------------------------------------------------------------------------------

ONSET = "(?:b|ch?|d|đ|gh?|gi|h|kh?|l|m|nh?|ngh?|ph?|qu|r|s|th?|tr|v|x)?"
RHYME = (
    "(?:a[iouy]?|ă|â[uy]?|eo?|êu?|i[au]?|iêu?|o[aeio]?|oă|oa[io]|oay|oeo|ô[i]?|ơi?|u[aâêiơôy]?|uây|uôi|uy[aêu]"
    "|ư[aiu]?|ươ[iu]?|y|yêu?)(?:ch?|m|nh?|ng|p|t)?"
)
SYLLABLE = re.compile(ONSET + RHYME)
TONE = re.compile("[\u0300\u0301\u0303\u0309\u0323]")
WORD = re.compile(r"[^\W\d_]+|[^\x00-\x7f]+")


def is_syllable(word: str) -> bool:
    """Whether a word has the form of a Vietnamese syllable, in small letters, in capitals, or with one capital first."""
    if not (word.islower() or word.isupper() or word[1:].islower()):
        return False
    parts = normalize("NFD", word.lower())
    bare = normalize("NFC", TONE.sub("", parts))
    return len(TONE.findall(parts)) <= 1 and SYLLABLE.fullmatch(bare) is not None


def vietnamese_share(text: str) -> float:
    """The share of the words with marks that are Vietnamese syllables; 0 where no word has marks."""
    words = [word for word in re.findall(r"[^\s\d.,;:|/()\"'-]+", normalize("NFC", text)) if not word.isascii()]
    return sum(map(is_syllable, words)) / len(words) if words else 0.0


def repaired(text: str, name: str) -> str:
    """What a text was meant to be whose bytes are of the encoding `name` and were taken for Windows-1252.

    A text with letters that Windows-1252 has not is no such text: it stays as it is.
    """
    if text.isascii():
        return text
    try:
        data = b"".join(_byte(letter) for letter in text)
        return DECODERS[name](data, "strict")[0]
    except UnicodeError:
        return text


def _byte(letter: str) -> bytes:
    try:
        return letter.encode("cp1252")
    except UnicodeEncodeError:
        return letter.encode("latin-1")
