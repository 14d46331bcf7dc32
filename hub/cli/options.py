"""Options shared by several commands."""

from enum import StrEnum
from typing import Annotated, Protocol

from cyclopts import Parameter


class BilingualText(Protocol):
    """A text in both languages."""

    @property
    def vi(self) -> str:
        """In Vietnamese."""
        ...

    @property
    def en(self) -> str:
        """In English."""
        ...


class LabelLanguage(StrEnum):
    """The language of labels in a table."""

    VI = "vi"
    EN = "en"

    def pick(self, label: BilingualText) -> str:
        """The words of a label in this language."""
        return label.vi if self is LabelLanguage.VI else label.en


Lang = Annotated[
    LabelLanguage, Parameter(name="--lang", help="Language of labels: vi or en. With --json there are codes instead.")
]
Json = Annotated[bool, Parameter(name="--json", help="Print one JSON document.")]
