"""Writers of whole values: made once for a selection, they write what graphql-core would complete leaf by leaf.

Of 7 ms for a prefill, 3 ms were completion: for each of 800 leaves graphql-core makes a path, an info and its arguments, calls a resolver
that reads one attribute, and asks six times whether something has to be awaited. Here a selection becomes pairs of a reader and a writer.

A writer returns the same value as completion, or raises IrregularValue: then graphql-core completes the value and reports the error with its path.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import (
    GraphQLID,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLString,
    Undefined,
    is_abstract_type,
    is_enum_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from hub.graph.completion.whole_values import OwnReader, ValueReaders, find_attribute, leaf_as_json
from hub.graph.execution.bounded_cache import BoundedCache
from hub.graph.schema_types.fields import ValueField

Write = Callable[[Any, "WritingState"], Any]
SelectFields = Callable[[GraphQLObjectType, Any], Mapping[str, Any]]
"""Map a type and the nodes of a field to its sub-selection by response key, applying the same directives as execution does."""
FRAGMENT_BYTES = 300
"""Of a constant beside its text."""
TEXTS = (GraphQLString, GraphQLID)
DEFINITION = "strawberry-definition"


class IrregularValue(Exception):
    """A value is not what the schema says. No fault of a caller: completion makes the error."""


@dataclass(frozen=True)
class WritingState:
    """State of writing one whole value: how to read it, and its cached constants, if any."""

    readers: ValueReaders
    context: Any
    constants: BoundedCache[tuple[int, int], Any] | None


BoundField = tuple[str, Callable[[Any], Any] | None, OwnReader | None, Write]
"""Response key, what reads the value (one of the two), and what writes it."""


@dataclass
class ObjectWriter:
    """Writes objects of one type. `fields` are response key, name and writer; `__typename` has no writer."""

    type_name: str
    fields: tuple[tuple[str, str, Write | None], ...]
    _bound: dict[Any, tuple[ValueReaders, tuple[BoundField, ...]]] = field(default_factory=dict)

    def write(self, value: Any, state: WritingState) -> Any:
        """The JSON of an object: a dict or, of a constant, its text."""
        kind = type(value)
        if state.constants is not None and kind in state.readers.constant:
            return self._write_constant(value, kind, state, state.constants)
        return self._write_fields(value, kind, state)

    def _write_fields(self, value: Any, kind: Any, state: WritingState) -> dict[str, Any]:
        bound = self._bound.get(kind)
        if bound is None or bound[0] is not state.readers:
            bound = self._bound[kind] = (state.readers, tuple(self._bind(kind, state.readers)))
        return {
            key: write(read(value) if read is not None else own(value, state.context), state)  # type: ignore[misc]  # one of the two
            for key, read, own, write in bound[1]
        }

    def _bind(self, kind: Any, readers: ValueReaders) -> Iterator[BoundField]:
        for key, name, write in self.fields:
            own = readers.find_own(kind, name)
            if write is None:
                yield key, None, _read_nothing, _write_name(self.type_name)
            elif own is not None:
                yield key, None, own, write
            else:
                try:
                    yield key, find_attribute(kind, name), None, write
                except KeyError:
                    raise IrregularValue from None

    def _write_constant(
        self, value: Any, kind: Any, state: WritingState, constants: BoundedCache[tuple[int, int], Any]
    ) -> orjson.Fragment:
        place = id(self), id(value)
        kept = constants.get(place)
        if kept is None:
            text = orjson.dumps(self._write_fields(value, kind, state))
            # Kept with what the ids are of: they would be given to others otherwise.
            kept = self, value, orjson.Fragment(text)
            constants.put(place, kept, FRAGMENT_BYTES + len(text))
        made: orjson.Fragment = kept[2]
        return made


def make_writer(
    schema: GraphQLSchema, kind: GraphQLOutputType, nodes: Any, select: SelectFields
) -> ObjectWriter | None:
    """A writer of objects of this type as `nodes` select them; None if something selected is more than a value that is there."""
    try:
        return _make_object(schema, kind, nodes, select)
    except _NotWhole:
        return None


class _NotWhole(Exception):
    """A selected field has a resolver or arguments."""


def _make_object(schema: GraphQLSchema, kind: Any, nodes: Any, select: SelectFields) -> ObjectWriter:
    made: list[tuple[str, str, Write | None]] = []
    for key, beneath in select(kind, nodes).items():
        name = beneath[0].node.name.value
        if name == "__typename":
            made.append((key, name, None))
            continue
        definition = kind.fields[name]
        if definition.args or not isinstance(definition.extensions.get(DEFINITION), ValueField):
            raise _NotWhole
        made.append((key, name, _make_write(schema, definition.type, beneath, select)))
    return ObjectWriter(kind.name, tuple(made))


def _make_write(schema: GraphQLSchema, kind: Any, nodes: Any, select: SelectFields) -> Write:
    """A writer of values of a type. It raises IrregularValue for a null where the type has none."""
    is_required = is_non_null_type(kind)
    inner = kind.of_type if is_required else kind
    if is_list_type(inner):
        return _write_list(_make_write(schema, inner.of_type, nodes, select), is_required=is_required)
    if is_leaf_type(inner):
        if inner in TEXTS:
            return _write_text(inner.coerce_output_value, is_required=is_required)
        write = _write_enum if is_enum_type(inner) else _write_leaf
        return write(inner.coerce_output_value, is_required=is_required)
    if is_object_type(inner):
        return _write_object(_make_object(schema, inner, nodes, select).write, is_required=is_required)
    assert is_abstract_type(inner)  # there is no other kind of type
    writers = {one.name: _make_object(schema, one, nodes, select).write for one in schema.get_possible_types(inner)}
    return _write_any(writers, is_required=is_required)


def _write_null(is_required: bool) -> None:
    if is_required:
        raise IrregularValue


def _write_list(write: Write, *, is_required: bool) -> Write:
    def write_value(value: Any, state: WritingState) -> Any:
        if type(value) is tuple or type(value) is list:
            return [write(one, state) for one in value] if value else []
        if value is not None:
            raise IrregularValue
        return _write_null(is_required)

    return write_value


def _write_text(coerce: Callable[[Any], Any], *, is_required: bool) -> Write:
    """Write a text unchanged. A value that must be coerced to text, such as a number, takes the slower path."""

    def write_value(value: Any, state: WritingState) -> Any:
        if type(value) is str:
            return value
        return _write_null(is_required) if value is None else _coerce(coerce, value)

    return write_value


def _write_leaf(coerce: Callable[[Any], Any], *, is_required: bool) -> Write:
    return lambda value, _: _write_null(is_required) if value is None else _coerce(coerce, value)


def _write_enum(coerce: Callable[[Any], Any], *, is_required: bool) -> Write:
    known: dict[Any, Any] = {}  # no more than the enum has, by member and by name

    def write_value(value: Any, state: WritingState) -> Any:
        try:
            found = known.get(value)
        except TypeError:  # a list or a dict is no member
            raise IrregularValue from None
        if found is not None:
            return found
        if value is None:
            return _write_null(is_required)
        found = known[value] = _coerce(coerce, value)
        return found

    return write_value


def _write_object(write: Write, *, is_required: bool) -> Write:
    return lambda value, state: _write_null(is_required) if value is None else write(value, state)


def _write_any(writers: Mapping[str, Write], *, is_required: bool) -> Write:
    """Of an interface: by the class, which is named like the type."""

    def write_value(value: Any, state: WritingState) -> Any:
        if value is None:
            return _write_null(is_required)
        write = writers.get(type(value).__name__)
        if write is None:
            raise IrregularValue
        return write(value, state)

    return write_value


def _coerce(coerce: Callable[[Any], Any], value: Any) -> Any:
    try:
        made = coerce(leaf_as_json(value))
    except Exception:
        raise IrregularValue from None
    if made is None or made is Undefined:
        raise IrregularValue
    return made


def _read_nothing(value: Any, context: Any) -> None:
    return None


def _write_name(name: str) -> Write:
    return lambda _, __: name
