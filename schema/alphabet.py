"""The order of the Vietnamese alphabet, for lists that a person reads."""

import unicodedata

LETTERS = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
"""The 29 letters in their order, and f, j, w and z of foreign words where the Latin alphabet has them."""
LETTER_PLACES = {unicodedata.normalize("NFD", letter): place for place, letter in enumerate(LETTERS, start=1)}
TONES = "\u0300\u0309\u0303\u0301\u0323"
"""Grave, hook, tilde, acute, dot below: the order of dictionaries, after no tone. They only order words that are spelt alike."""

AlphabetKey = tuple[tuple[tuple[int, int], ...], tuple[int, ...]]


def make_alphabet_key(text: str) -> AlphabetKey:
    """The key by which texts sort as in a Vietnamese dictionary: "Cấp" before "Chuyển", "Đăng" after "Dân". Case is ignored."""
    letters: list[tuple[int, int]] = []
    tones: list[int] = []
    for written in _split_letters(unicodedata.normalize("NFD", text.casefold())):
        tone = next((TONES.index(mark) + 1 for mark in written if mark in TONES), 0)
        letter = "".join(mark for mark in written if mark not in TONES)
        place = LETTER_PLACES.get(letter)
        letters.append((0, ord(letter[0])) if place is None and letter else (1, place or 0))
        tones.append(tone)
    return tuple(letters), tuple(tones)


def _split_letters(decomposed: str) -> list[str]:
    """Each character with the marks that follow it."""
    found: list[str] = []
    for character in decomposed:
        if found and unicodedata.combining(character):
            found[-1] += character
        else:
            found.append(character)
    return found
