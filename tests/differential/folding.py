"""Names as they are compared."""

import unicodedata


def folded(name: str) -> str:
    """A name without tone marks and case."""
    letters = unicodedata.normalize("NFD", name.strip(" ")).lower()
    for stroke in "đð":
        letters = letters.replace(stroke, "d")
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
