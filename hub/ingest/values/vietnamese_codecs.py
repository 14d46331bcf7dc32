"""Vietnamese encodings from before Unicode that Python lacks: `tcvn3` (ABC, fonts .Vn…) and `vni` (fonts VNI-…).

Importing this module registers them with `codecs`. TCVN3 uses one byte per letter (TCVN 5712:1993; letters that its
fonts lack are taken from VN1, so that every letter has a byte). VNI writes a letter followed by its marks. Both occur
in cells that are declared to be in another encoding: `repair_text` restores such a text.
"""

import codecs
import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from unicodedata import normalize

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

CODEC_NAMES = ("tcvn3", "vni")
FIRST_LETTER_BYTE = 0x41
LONGEST_WORD_BYTES = 1_024
"""Longest run of bytes without a space. Beyond it, a block may be cut between a letter and its mark."""

# --- TCVN3 -----------------------------------------------------------------------------------------------------------

TCVN3_LOW = {0x01: "Ú", 0x02: "Ụ", 0x04: "Ừ", 0x05: "Ử", 0x06: "Ữ", 0x11: "Ứ", 0x12: "Ự", 0x13: "Ỳ", 0x14: "Ỷ", 0x15: "Ỹ", 0x16: "Ý", 0x17: "Ỵ"}  # fmt: skip
TCVN3_HIGH = (
    "ÀẢÃÁẠẶẬÈẺẼÉẸỆÌỈĨÍỊÒỎÕÓỌỘỜỞỠỚỢÙỦŨ"
    "\u00a0ĂÂÊÔƠƯĐăâêôơưđẰ\u0300\u0309\u0303\u0301\u0323àảãáạẲằẳẵắẴ"
    "ẮẦẨẪẤỀặầẩẫấậèỂẻẽéẹềểễếệìỉỄẾỒĩíịò"
    "ỔỏõóọồổỗốộờởỡớợùỖủũúụừửữứựỳỷỹýỵỐ"
)
"""The letters of bytes 80 to FF."""
TCVN3_LETTERS = "".join(TCVN3_LOW.get(byte, chr(byte)) for byte in range(0x80)) + TCVN3_HIGH
TCVN3_BYTES = codecs.charmap_build(TCVN3_LETTERS)

# --- VNI -------------------------------------------------------------------------------------------------------------

VNI_TONES = {"ù": "\u0301", "ø": "\u0300", "û": "\u0309", "õ": "\u0303", "ï": "\u0323"}
VNI_CIRCUMFLEXES = {"â": "", "á": "\u0301", "à": "\u0300", "å": "\u0309", "ã": "\u0303", "ä": "\u0323"}
VNI_BREVES = {"ê": "", "é": "\u0301", "è": "\u0300", "ú": "\u0309", "ü": "\u0303", "ë": "\u0323"}
VNI_SINGLE_LETTERS = {"í": "í", "ì": "ì", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ", "ñ": "đ", "ô": "ơ", "ö": "ư"}


def _build_vni_letters() -> dict[str, str]:
    found = {base + mark: base + tone for base in "aeouy" for mark, tone in VNI_TONES.items()}
    found |= {base + mark: f"{base}\u0302{tone}" for base in "aeo" for mark, tone in VNI_CIRCUMFLEXES.items()}
    found |= {f"a{mark}": f"a\u0306{tone}" for mark, tone in VNI_BREVES.items()}
    found |= {horned + mark: VNI_SINGLE_LETTERS[horned] + tone for horned in "ôö" for mark, tone in VNI_TONES.items()}
    found |= VNI_SINGLE_LETTERS
    letters = {written: normalize("NFC", letter) for written, letter in found.items()}
    capital = {written.upper(): letter.upper() for written, letter in letters.items()}
    mixed = {w[0].upper() + w[1:]: letter.upper() for w, letter in letters.items() if len(w) > 1}
    return {**mixed, **capital, **letters}


VNI_LETTERS = _build_vni_letters()
"""Text in the font's encoding, decoded as Windows-1252 → the letter."""
VNI_PATTERN = re.compile("|".join(sorted(map(re.escape, VNI_LETTERS), key=len, reverse=True)))
LETTER_TO_VNI = {letter: written for written, letter in VNI_LETTERS.items()}


def _decode_vni(data: bytes, errors: str = "strict") -> tuple[str, int]:
    text = bytes(data).decode("cp1252", errors)
    return VNI_PATTERN.sub(lambda found: VNI_LETTERS[found[0]], text), len(data)


def _encode_vni(text: str, errors: str = "strict") -> tuple[bytes, int]:
    composed = normalize("NFC", text)
    return "".join(LETTER_TO_VNI.get(letter, letter) for letter in composed).encode("cp1252", errors), len(text)


def _decode_tcvn3(data: bytes, errors: str = "strict") -> tuple[str, int]:
    text, read = codecs.charmap_decode(data, errors, TCVN3_LETTERS)
    return normalize("NFC", text), read


def _encode_tcvn3(text: str, errors: str = "strict") -> tuple[bytes, int]:
    return codecs.charmap_encode(normalize("NFC", text), errors, TCVN3_BYTES)[0], len(text)


DECODERS: dict[str, Callable[[bytes, str], tuple[str, int]]] = {"tcvn3": _decode_tcvn3, "vni": _decode_vni}
ENCODERS: dict[str, Callable[[str, str], tuple[bytes, int]]] = {"tcvn3": _encode_tcvn3, "vni": _encode_vni}


def _build_incremental_decoder(name: str) -> type[codecs.BufferedIncrementalDecoder]:
    class Decoder(codecs.BufferedIncrementalDecoder):
        def _buffer_decode(self, given: "ReadableBuffer", errors: str, final: bool) -> tuple[str, int]:
            """Decode up to the last letter that no mark can follow: a space, a digit or a line end."""
            data = bytes(given)
            end = len(data)
            while not final and end and data[end - 1] >= FIRST_LETTER_BYTE and len(data) - end < LONGEST_WORD_BYTES:
                end -= 1
            whole = data[:end] if len(data) - end < LONGEST_WORD_BYTES else data
            return DECODERS[name](whole, errors)

    return Decoder


def _find_codec(name: str) -> codecs.CodecInfo | None:
    if name not in CODEC_NAMES:
        return None
    return codecs.CodecInfo(
        encode=ENCODERS[name],  # type: ignore[arg-type]  # a function satisfies the protocol
        decode=DECODERS[name],  # type: ignore[arg-type]  # as above
        incrementaldecoder=_build_incremental_decoder(name),
        name=name,
    )


codecs.register(_find_codec)


# --- Which is it? ----------------------------------------------------------------------------------------------------

ONSET_PATTERN = "(?:b|ch?|d|đ|gh?|gi|h|kh?|l|m|nh?|ngh?|ph?|qu|r|s|th?|tr|v|x)?"
RHYME_PATTERN = (
    "(?:a[iouy]?|ă|â[uy]?|eo?|êu?|i[au]?|iêu?|o[aeio]?|oă|oa[io]|oay|oeo|ô[i]?|ơi?|u[aâêiơôy]?|uây|uôi|uy[aêu]"
    "|ư[aiu]?|ươ[iu]?|y|yêu?)(?:ch?|m|nh?|ng|p|t)?"
)
SYLLABLE_PATTERN = re.compile(ONSET_PATTERN + RHYME_PATTERN)
TONE_PATTERN = re.compile("[\u0300\u0301\u0303\u0309\u0323]")


def is_syllable(word: str) -> bool:
    """Whether a word has the form of a Vietnamese syllable: lower case, upper case, or capitalised."""
    if not (word.islower() or word.isupper() or word[1:].islower()):
        return False
    parts = normalize("NFD", word.lower())
    bare = normalize("NFC", TONE_PATTERN.sub("", parts))
    return len(TONE_PATTERN.findall(parts)) <= 1 and SYLLABLE_PATTERN.fullmatch(bare) is not None


def vietnamese_share(text: str) -> float:
    """Return the share of non-ASCII words that are Vietnamese syllables; 0 if there are none."""
    words = [word for word in re.findall(r"[^\s\d.,;:|/()\"'-]+", normalize("NFC", text)) if not word.isascii()]
    return sum(map(is_syllable, words)) / len(words) if words else 0.0


def repair_text(text: str, name: str) -> str:
    """Restore a text whose bytes are in the encoding `name` but were decoded as Windows-1252.

    A text with letters outside Windows-1252 was not decoded that way and is returned unchanged.
    """
    if text.isascii():
        return text
    try:
        data = b"".join(_encode_letter(letter) for letter in text)
        return DECODERS[name](data, "strict")[0]
    except UnicodeError:
        return text


def _encode_letter(letter: str) -> bytes:
    try:
        return letter.encode("cp1252")
    except UnicodeEncodeError:
        return letter.encode("latin-1")
