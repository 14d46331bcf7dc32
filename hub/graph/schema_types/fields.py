"""Strawberry fields over stored data, and the making of types from values instead of written classes.

The JSON of a plan is keyed by response key, as PostgreSQL built it. A stored field therefore reads its own response key
from the parent, so that aliases and arguments need no second look.
"""

import enum
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types import Info
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from hub.model.names import to_snake_case
from hub.plan.building.node_builder import KIND_KEY

Namespace = dict[str, Any]


class Whole(dict[str, Any]):
    """An object that was made without a plan: all of its fields, by their own names."""


class StoredField(StrawberryField):
    """A field whose value the plan has already fetched."""

    @property
    def is_basic_field(self) -> bool:
        """False: the response key comes from `info`."""
        return False

    def get_result(self, source: Any, info: Info[Any, Any] | None, args: list[Any], kwargs: Any) -> Any:
        """The value under this field's response key; of an object that was made whole, under its name."""
        assert info is not None  # Strawberry gives it to every field that is not basic
        return source[self.graphql_name if isinstance(source, Whole) else info.path.key]


class ValueField(StrawberryField):
    """A field whose value stands in the parent under the field's own name."""

    def get_result(self, source: Any, info: Info[Any, Any] | None, args: list[Any], kwargs: Any) -> Any:
        """The value under this field's name."""
        return source[self.graphql_name]


class ReadField(StrawberryField):
    """A field whose value is read when it is asked for."""

    @property
    def is_basic_field(self) -> bool:
        """False if the value comes from `info`."""
        return False

    @property
    def is_async(self) -> bool:
        """True: the store is asked."""
        return True


class NodeField(ReadField):
    """A row by the global id that stands in the parent: asks the context to plan and read it.

    The id of `node` stands under `id`, that of `subject` under `subjectId`.
    """

    def get_result(
        self, source: Any, info: Info[Any, Any] | None, args: list[Any], kwargs: Any
    ) -> Awaitable[Any] | Any:
        """An awaitable of the row."""
        assert info is not None
        return info.context.node(info, source["recordId" if self.graphql_name == "node" else f"{self.graphql_name}Id"])


class RootField(ReadField):
    """A root field: asks the context to run the plan of the whole operation, once, and takes its part."""

    def get_result(
        self, source: Any, info: Info[Any, Any] | None, args: list[Any], kwargs: Any
    ) -> Awaitable[Any] | Any:
        """An awaitable of the value under this field's response key."""
        assert info is not None
        return info.context.stored(info)


def make_field(
    kind: type[StrawberryField],
    annotation: str,
    namespace: Namespace,
    *,
    graphql: str,
    description: str,
    arguments: Sequence[StrawberryArgument] = (),
    deprecated: str | None = None,
) -> StrawberryField:
    """One field of a derived type. `annotation` is a Python annotation whose names are looked up in `namespace`, late."""
    made = kind(
        python_name=to_snake_case(graphql),
        graphql_name=graphql,
        type_annotation=StrawberryAnnotation(annotation, namespace=namespace),
        description=description,
        deprecation_reason=deprecated,
    )
    if arguments:
        made.arguments = list(arguments)
    return made


def make_argument(graphql: str, annotation: str, namespace: Namespace, description: str) -> StrawberryArgument:
    """An optional argument."""
    return StrawberryArgument(
        python_name=graphql,
        graphql_name=graphql,
        type_annotation=StrawberryAnnotation(annotation, namespace=namespace),
        description=description,
        default=strawberry.UNSET,
    )


def object_type(
    name: str,
    description: str,
    fields: Mapping[str, StrawberryField],
    decorate: Callable[..., Any] = strawberry.type,
    bases: tuple[type, ...] = (),
    **options: Any,
) -> Any:
    """A Strawberry type made of fields. Its values are dicts: JSON that a plan returned."""
    late = {python_name: made.type_annotation for python_name, made in fields.items()}
    body: dict[str, Any] = {"__annotations__": dict.fromkeys(fields, Any), "is_type_of": _is_type_of(name), **fields}
    made_type = decorate(type(name, bases, body), name=name, description=description, **options)
    # Strawberry evaluates annotations when it decorates a class, before the types they name exist: hand them in again.
    for declared in made_type.__strawberry_definition__.fields:
        declared.type_annotation = late[declared.python_name]
    return made_type


def enum_type(name: str, description: str, values: Mapping[str, str]) -> Any:
    """A Strawberry enum: name of each value → its description."""
    described = {value: strawberry.enum_value(value, description=text) for value, text in values.items()}
    made: Any = enum.Enum(name, described)  # type: ignore[misc]  # name and members are data
    return strawberry.enum(made, description=description)


def _is_type_of(name: str) -> Any:
    def is_type_of(value: Any, info: Any) -> bool:
        return not isinstance(value, dict) or value.get(KIND_KEY, name) == name

    return staticmethod(is_type_of)


def input_type(
    name: str,
    description: str,
    fields: Mapping[str, tuple[str, str]],
    namespace: Namespace,
    *,
    one_of: bool = False,
    required: bool = False,
) -> Any:
    """A Strawberry input: field name → (annotation, description).

    Every field is optional; with `required`, those are whose annotation admits None.
    """
    made: dict[str, StrawberryField] = {}
    for graphql, (annotation, text) in fields.items():
        made[f"{graphql}_"] = StrawberryField(
            python_name=f"{graphql}_",
            graphql_name=graphql,
            type_annotation=StrawberryAnnotation(annotation, namespace=namespace),
            description=text,
            **({} if required and not annotation.endswith("| None") else {"default": strawberry.UNSET}),
        )
    return object_type(name, description, made, strawberry.input, one_of=one_of or None)
