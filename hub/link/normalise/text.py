"""Text as offices write it → two comparable forms: the accented key of a text and its ASCII key.

Both are total, idempotent and blind to Unicode form, case, ð typed for đ, white space, punctuation, and to where the mark of
a tone stands in its syllable (hoà, hòa). The accented key keeps the letters of Vietnamese, the ASCII key only a–z and 0–9.
"""

import re
import unicodedata
from functools import lru_cache

from anyascii import anyascii

WORDS_KEPT = 1 << 16
"""How many words are remembered. Vietnamese has some 7,000 syllables; the rest is for foreigners and typing errors."""

TONES = "\u0300\u0301\u0303\u0309\u0323"
VOWELS = "aăâeêioôơuưy"
SHAPED = "ăâêôơư"
ONSETS = (
    "ngh", "ng", "nh", "gh", "gi", "kh", "ph", "th", "tr", "ch", "qu",
    "b", "c", "d", "đ", "g", "h", "k", "l", "m", "n", "p", "q", "r", "s", "t", "v", "x", "",
)  # fmt: skip
"""Longest first: ngh is not n + gh. `gi` and `qu` are onsets only before another vowel."""
SYLLABLE = re.compile(rf"({'|'.join(ONSETS)})([{VOWELS}]{{1,3}})(ch|ng|nh|[cmnpt])?")
GLIDES = ("oa", "oe", "uy")
"""Pairs without a coda that bear the tone on their second vowel: hoà, hoè, thuỳ. All others bear it on the first: mùa, cái."""

ETH = str.maketrans("ðÐ", "đĐ")
DROPPED = re.compile("['’‘`´ʼ\u00ad\u200b-\u200f\u2060\ufeff]")
"""Apostrophes and what nobody sees: a word goes on behind them."""
PUNCTUATION = re.compile("[^\\w\u0300-\u036f]|_")


def accented_key(text: str) -> str:
    """The accented key: words of letters and digits in lower case, every tone mark where the present rule puts it."""
    return " ".join([key for word in text.split() if (key := accented_word(word))])


def ascii_key(text: str) -> str:
    """The ASCII key: a–z, 0–9 and single spaces. `đ` is d; Ø, Ł, Æ are o, l, ae."""
    return " ".join([key for word in accented_key(text).split() if (key := ascii_word(word))])


def fold_text(text: str) -> str:
    """Case, Unicode form, ð and apostrophes taken away; other punctuation and white space stay."""
    if text.isascii():
        return text.lower().replace("'", "").replace("`", "")
    # Canonical caseless matching (Unicode 3.13, D145) folds decomposed letters, and may leave them half composed.
    lower = unicodedata.normalize("NFD", unicodedata.normalize("NFD", text.translate(ETH)).casefold())
    return unicodedata.normalize("NFC", DROPPED.sub("", lower))


@lru_cache(WORDS_KEPT)
def accented_word(word: str) -> str:
    """The accented key of what stands between two spaces: several words if there is punctuation inside, or none."""
    return " ".join([_tone_placed(part) for part in PUNCTUATION.sub(" ", fold_text(word)).split()])


@lru_cache(WORDS_KEPT)
def ascii_word(word: str) -> str:
    """The ASCII key of a word of an accented key: of one in another script, what it sounds like, perhaps several words."""
    if word.isascii():
        return word
    decomposed = unicodedata.normalize("NFD", word)
    plain = "".join([c for c in decomposed if not unicodedata.combining(c)]).replace("đ", "d")
    if not plain.isascii():
        plain = anyascii(plain).lower().replace("'", "")
    return " ".join(PUNCTUATION.sub(" ", plain).split())


def _tone_placed(word: str) -> str:
    """A folded word with its tone mark where the present rule puts it; a word that is no Vietnamese syllable stays unchanged."""
    if word.isascii():
        return word
    decomposed = unicodedata.normalize("NFD", word)
    tones = [mark for mark in decomposed if mark in TONES]
    if len(tones) != 1:
        return word
    plain = unicodedata.normalize("NFC", decomposed.replace(tones[0], ""))
    at = tone_position(plain)
    if at is None:
        return word
    return unicodedata.normalize("NFC", plain[: at + 1] + tones[0] + plain[at + 1 :])


def tone_position(syllable: str) -> int | None:
    """Which letter of a syllable bears its tone, counted from 0; None if it is no syllable."""
    match = SYLLABLE.fullmatch(syllable)
    return None if match is None else match.start(2) + _bearer(match[2], bool(match[3]))


def _bearer(vowels: str, coda: bool) -> int:
    """Which of these vowels bears the tone: the last that has a shape of its own, else by how many there are."""
    shaped = [at for at, vowel in enumerate(vowels) if vowel in SHAPED]
    if shaped:
        return shaped[-1]
    if coda:
        return len(vowels) - 1
    return 1 if len(vowels) == 3 or vowels in GLIDES else 0
