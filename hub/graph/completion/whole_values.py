"""Whole values: what a resolver returns when nothing of it has to be fetched any more, and how the fields of the graph read it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from operator import attrgetter, itemgetter
from typing import Any

from hub.model.names import to_camel_case

PLAIN = frozenset({str, int, bool, float, type(None)})
OwnReader = Callable[[Any, Any], Any]
OwnReaders = Mapping[type, Mapping[str, OwnReader]]
"""Class → field of the graph → what reads it of an object and the context. A class has the readers of its bases, too."""


@dataclass(frozen=True)
class ValueReaders:
    """How the fields of a kind of whole values are read. One for each kind, made once.

    `own` reads the fields that are no attributes of their class. Objects of the classes in `constant` never change, and are the same again
    and again, such as the description of a requirement, so its written form is cached.
    """

    own: OwnReaders
    constant: frozenset[type] = frozenset()

    def list_names(self, kind: Any) -> tuple[str, ...] | None:
        """The fields of the graph that objects of a class have; None if the class is not one of objects."""
        attributes = _list_attributes(kind)
        if attributes is None:
            return None
        return tuple(dict.fromkeys([*attributes, *(name for base in kind.__mro__ for name in self.own.get(base, ()))]))

    def find_own(self, kind: Any, name: str) -> OwnReader | None:
        """What reads a field that is no attribute; None if it is one."""
        return next((self.own[base][name] for base in kind.__mro__ if name in self.own.get(base, ())), None)


@dataclass(frozen=True)
class WholeValue:
    """A tree of frozen values, tuples, lists, dicts and leaves, with what its own readers are given beside each object.

    Where an interface is declared, each object's class is named like its type.
    """

    value: Any
    readers: ValueReaders
    context: Any = None

    def as_dict(self) -> dict[str, Any]:
        """All of it as dicts, by the names of the graph's fields."""
        made: dict[str, Any] = self._walk(self.value)
        return made

    def _walk(self, value: Any) -> Any:
        if isinstance(value, tuple | list):
            return [self._walk(one) for one in value]
        names = self.readers.list_names(type(value))
        if names is None:
            return value if isinstance(value, dict) else leaf_as_json(value)
        return {name: self._walk(self._read(value, name)) for name in names}

    def _read(self, value: Any, name: str) -> Any:
        own = self.readers.find_own(type(value), name)
        return find_attribute(type(value), name)(value) if own is None else own(value, self.context)


def find_attribute(kind: Any, name: str) -> Callable[[Any], Any]:
    """What reads a field of the graph that is an attribute of a class, or a key of a dict. Raises KeyError if there is none of it."""
    if issubclass(kind, dict):
        return itemgetter(name)
    return attrgetter((_list_attributes(kind) or {})[name])


def leaf_as_json(value: Any) -> Any:
    """A leaf as scalars of the graph take it: enums by name, instants and days in ISO 8601, decimals as text."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


@cache
def _list_attributes(kind: Any) -> Mapping[str, str] | None:
    """The fields of the graph that are attributes of a class; None if it is no dataclass and no model."""
    if is_dataclass(kind):
        return {to_camel_case(one.name): one.name for one in fields(kind)}
    modelled = getattr(kind, "model_fields", None)
    return None if modelled is None else {name: name for name in modelled}
