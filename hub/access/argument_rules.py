"""Which values an argument of a permitted operation may have: a constant, at most a number, one bound to the dossier's subjects, any."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Bindings = Mapping[str, frozenset[str]]
"""Role of a subject, or `caller.<attribute>` → the values that it may be given by: its identifiers and its global ids."""


def canonicalise_value(value: Any) -> Any:
    """A coerced GraphQL value, hashable and comparable: enum members by name, lists as tuples, objects as sorted pairs.

    Parts of objects that are null are left out: for the planner they are not there.
    """
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, list | tuple):
        return tuple(canonicalise_value(item) for item in value)
    if isinstance(value, Mapping):
        return tuple(sorted((name, canonicalise_value(item)) for name, item in value.items() if item is not None))
    return value


class Mismatch(enum.Enum):
    """Why a value is not allowed."""

    ARGUMENT = "FORBIDDEN_ARGUMENT"
    SUBJECT = "NOT_A_SUBJECT"


@dataclass(frozen=True)
class Exactly:
    """This value and no other; None is null, or absent."""

    value: Any

    def mismatch(self, value: Any, bindings: Bindings) -> Mismatch | None:
        """None if the coerced value is allowed."""
        given = canonicalise_value(value)
        # True == 1 in Python, and not in GraphQL.
        equal = given == self.value and isinstance(given, bool) is isinstance(self.value, bool)
        return None if equal else Mismatch.ARGUMENT


@dataclass(frozen=True)
class AtMost:
    """A page of at most `rows` rows. `default` is the page of an absent or null size; None if a size must be given."""

    rows: int
    default: int | None

    def mismatch(self, value: Any, bindings: Bindings) -> Mismatch | None:
        """None if the coerced value is allowed."""
        size = self.default if value is None else value
        return None if isinstance(size, int) and 0 <= size <= self.rows else Mismatch.ARGUMENT


@dataclass(frozen=True)
class BoundTo:
    """One of the values that the bindings have under `source`."""

    source: str

    def mismatch(self, value: Any, bindings: Bindings) -> Mismatch | None:
        """None if the coerced value is allowed."""
        known = bindings.get(self.source)
        if known and isinstance(value, str | int) and str(value) in known:
            return None
        return Mismatch.SUBJECT


@dataclass(frozen=True)
class AnyValue:
    """Any value; null only if `nullable`."""

    nullable: bool

    def mismatch(self, value: Any, bindings: Bindings) -> Mismatch | None:
        """None if the coerced value is allowed."""
        return Mismatch.ARGUMENT if value is None and not self.nullable else None


@dataclass(frozen=True)
class EachOf:
    """A list of at most `most` items, each of which is allowed."""

    item: "BoundTo | AnyValue"
    most: int

    def mismatch(self, value: Any, bindings: Bindings) -> Mismatch | None:
        """None if the coerced value is allowed."""
        if not isinstance(value, list | tuple) or len(value) > self.most:
            return self.item.mismatch(None, bindings) if value is None else Mismatch.ARGUMENT
        return next((wrong for one in value if (wrong := self.item.mismatch(one, bindings))), None)


@dataclass(frozen=True)
class ListOf:
    """A list with exactly these items, in this order."""

    items: "tuple[Allowed, ...]"

    def mismatch(self, value: Any, bindings: Bindings) -> Mismatch | None:
        """None if the coerced value is allowed."""
        if not isinstance(value, list | tuple) or len(value) != len(self.items):
            return Mismatch.ARGUMENT
        pairs = zip(self.items, value, strict=True)
        return next((wrong for item, one in pairs if (wrong := item.mismatch(one, bindings))), None)


@dataclass(frozen=True)
class ObjectOf:
    """An input object with exactly these fields; fields that are null count as absent."""

    fields: "tuple[tuple[str, Allowed], ...]"

    @cached_property
    def by_name(self) -> "Mapping[str, Allowed]":
        """The fields by name."""
        return dict(self.fields)

    def mismatch(self, value: Any, bindings: Bindings) -> Mismatch | None:
        """None if the coerced value is allowed."""
        if not isinstance(value, Mapping) or any(v is not None for n, v in value.items() if n not in self.by_name):
            return Mismatch.ARGUMENT
        pairs = ((allowed, value.get(name)) for name, allowed in self.fields)
        return next((wrong for allowed, one in pairs if (wrong := allowed.mismatch(one, bindings))), None)


Allowed = Exactly | AtMost | BoundTo | AnyValue | EachOf | ListOf | ObjectOf
"""What an argument, or a part of one, may be."""
