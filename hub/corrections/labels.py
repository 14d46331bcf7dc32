"""Labels of corrections in the two languages of the user interface."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CorrectionLabel:
    """A label in Vietnamese and English."""

    vi: str
    en: str
