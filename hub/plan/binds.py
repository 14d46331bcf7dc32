"""Binds: where each parameter of a statement comes from. Values are bound when the plan runs, never rendered into SQL."""

import base64
import binascii
import enum
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hub.errors import OperationRefused

MAX_TEXT_CHARS = 2_000
"""Characters of one value in a filter or key."""

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Constant:
    """A value written in the document."""

    value: Any

    def get(self, variables: Mapping[str, Any]) -> Any:
        """The value."""
        return self.value


@dataclass(frozen=True)
class Variable:
    """A value inside the coerced variables, by path."""

    path: Path

    def get(self, variables: Mapping[str, Any]) -> Any:
        """The value at the path."""
        found: Any = variables
        for step in self.path:
            found = found[step]
        return found


@dataclass(frozen=True)
class Items:
    """A list written in the document, of which some items are variables."""

    items: "tuple[Leaf, ...]"

    def get(self, variables: Mapping[str, Any]) -> Any:
        """The list."""
        return [item.get(variables) for item in self.items]


Leaf = Constant | Variable | Items
Tree = Leaf | Mapping[str, "Tree"] | list["Tree"]
"""An argument: objects and lists of objects are shape, everything else is a leaf."""


def to_parameter(value: Any) -> Any:
    """A coerced GraphQL value as PostgreSQL takes it: enum members by name, lists item by item.

    Raises OperationRefused for text longer than any value of the vocabulary: folding it would cost the database dear.
    """
    if isinstance(value, str) and len(value) > MAX_TEXT_CHARS:
        raise OperationRefused(
            f"a value has more than {MAX_TEXT_CHARS:,} characters",
            code="BAD_USER_INPUT",
            next_step="send a shorter one",
        )
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, list):
        return [to_parameter(item) for item in value]
    return value


@dataclass(frozen=True)
class Bind:
    """One parameter: a leaf, the part taken of it, the SQL type it is cast to, and the response keys of the field it stands at."""

    leaf: Leaf
    cast: str
    take: Callable[[Any], Any] = to_parameter
    path: tuple[str, ...] = field(default=(), compare=False)

    def value(self, variables: Mapping[str, Any]) -> Any:
        """The parameter for these variables. Raises OperationRefused, which says at which field, if the value cannot be taken."""
        try:
            return self.take(self.leaf.get(variables))
        except OperationRefused as refusal:
            refusal.path = refusal.path or self.path
            raise


LONGEST_CURSOR = 4_000
"""Characters of a cursor."""
CURSOR_PATTERNS: Mapping[str, re.Pattern[str]] = {
    "bigint": re.compile(r"-?[0-9]{1,18}", re.ASCII),
    "integer": re.compile(r"-?[0-9]{1,9}", re.ASCII),
    "numeric": re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?", re.ASCII),
    "date": re.compile(r"[0-9]{4,5}-[0-9]{2}-[0-9]{2}( BC)?", re.ASCII),
    "timestamptz": re.compile(r"[0-9]{4,5}-[0-9]{2}-[0-9]{2}[ T][0-9:.]{5,15}[-+][0-9:]{2,6}", re.ASCII),
}
"""SQL type → how PostgreSQL writes its values in a cursor; texts are of any form."""


@dataclass(frozen=True)
class CursorPart:
    """Takes one value of a cursor, which must have been given for the same order, and be of the SQL type `cast`.

    `path` are the response keys of the connection. Raises OperationRefused with BAD_CURSOR for what the hub has not written.
    """

    order: str
    index: int
    cast: str = "text"
    path: tuple[str, ...] = ()

    def __call__(self, value: Any) -> Any:
        part = self._part(value) if isinstance(value, str) and len(value) <= LONGEST_CURSOR else NONE_OF_OURS
        pattern = CURSOR_PATTERNS.get(self.cast)
        if part is None or (isinstance(part, str) and "\0" not in part and (not pattern or pattern.fullmatch(part))):
            return part
        refusal = OperationRefused(
            "the cursor belongs to another connection or another order",
            code="BAD_CURSOR",
            next_step="use a cursor from pageInfo or an edge of the same connection, with the same orderBy",
        )
        refusal.path = self.path
        raise refusal

    def _part(self, value: str) -> Any:
        try:
            order, *parts = json.loads(base64.b64decode(value, validate=True))
        except (ValueError, TypeError, RecursionError, binascii.Error):
            return NONE_OF_OURS
        return parts[self.index] if order == self.order and self.index < len(parts) else NONE_OF_OURS


NONE_OF_OURS = object()
"""Stands for what no cursor holds."""


@dataclass(frozen=True)
class GlobalIdPart:
    """Takes the type name (0) or the number (1) of a global id; null if it is not one, so that it finds nothing."""

    index: int

    def __call__(self, value: Any) -> Any:
        return read_global_id(str(value))[self.index]


@dataclass(frozen=True)
class GlobalIdParts:
    """Takes the type names (0) or the numbers (1) of a list of global ids, at most `most`."""

    index: int
    most: int
    path: tuple[str, ...] = ()

    def __call__(self, value: Any) -> Any:
        if len(value) > self.most:
            refusal = OperationRefused(
                f"{self.most} ids are allowed at most, not {len(value)}",
                code="BAD_PAGE_SIZE",
                next_step="ask for them in several operations",
            )
            refusal.path = self.path
            raise refusal
        return [read_global_id(str(item))[self.index] for item in value]


GLOBAL_ID = re.compile(r"([A-Za-z]+):(0|[1-9][0-9]{0,17})", re.ASCII)
"""One spelling for each row: other spellings of the same number are no ids."""


def global_id(kind: str, number: int) -> str:
    """The global id of a row."""
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


def read_global_id(text: str) -> tuple[str | None, int | None]:
    """`base64("Citizen:12")` → ("Citizen", 12); (None, None) where it is not a global id."""
    try:
        raw = base64.b64decode(text, validate=True)
        found = GLOBAL_ID.fullmatch(raw.decode("ascii"))
    except (ValueError, binascii.Error):
        return None, None
    if found is None or base64.b64encode(raw).decode() != text:
        return None, None
    return found[1], int(found[2])


@dataclass(frozen=True)
class PastInstant:
    """Takes the instant of `@asOf`: one that has passed."""

    def __call__(self, value: Any) -> Any:
        if datetime.fromisoformat(str(value)) > datetime.now(UTC):
            raise OperationRefused(
                "@asOf: the instant is in the future",
                code="BAD_USER_INPUT",
                next_step="give a past instant, or leave @asOf out to read the present",
            )
        return str(value)
