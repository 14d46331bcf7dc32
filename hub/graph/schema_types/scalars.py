"""GraphQL scalars and enums of the value types, and the filter inputs over them."""

from collections.abc import Callable, Iterable
from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from hub.graph.schema_types.fields import Namespace, enum_type, input_type
from hub.model.labels import describe_with_label
from hub.model.registry import Registry
from schema.values import CodeList, Instant, Storage, Value

BUILT_IN = {"String": str, "Int": int}
ScalarMap = dict[object, ScalarDefinition]
NUMBERS = (Storage.BIGINT, Storage.NUMERIC, Storage.INTEGER)


def scalar_name(value: type[Value]) -> str:
    """Name of the GraphQL scalar or enum of a value type."""
    return value.scalar or value.__name__


def filter_name(value: type[Value]) -> str:
    """Name of the filter input over a value type."""
    return "NameFilter" if value.name_search else f"{scalar_name(value)}Filter"


def add_scalars(namespace: Namespace, registry: Registry) -> ScalarMap:
    """Add every scalar, enum and filter input in use to `namespace`. Returns the definitions of the scalars."""
    definitions: ScalarMap = {}
    for value in _in_use(registry):
        name = scalar_name(value)
        if name not in namespace:
            namespace[name] = _enum(value) if issubclass(value, CodeList) else _scalar(value, definitions)
        if filter_name(value) not in namespace:
            namespace[filter_name(value)] = _filter(value, namespace)
    return definitions


def _in_use(registry: Registry) -> Iterable[type[Value]]:
    columns = [column for entity in registry for column in entity.columns]
    return [Instant, *dict.fromkeys(column.value for column in columns)]


def _enum(value: type[CodeList]) -> Any:
    return enum_type(
        value.__name__,
        describe_with_label(value.label, _about(value)),
        {code: f"{label.vi} / {label.en}" for code, label in value.codes.items()},
    )


def _scalar(value: type[Value], definitions: ScalarMap) -> Any:
    name = scalar_name(value)
    if name in BUILT_IN:
        return BUILT_IN[name]
    marker = NewType(name, str)  # type: ignore[misc]  # the name is data
    definitions[marker] = strawberry.scalar(
        name=name,
        description=_about(value),
        specified_by_url=value.specified_by or f"urn:cross-sector-hub:value:{value.__name__}",
        serialize=_same,
        parse_value=_parser(value),
    )
    return marker


def _same(stored: Any) -> Any:
    return stored


def _parser(value: type[Value]) -> Callable[[Any], Any]:
    def parse(raw: Any) -> Any:
        text = value.parse(raw if isinstance(raw, str) else str(raw))
        return float(text) if value.storage is Storage.NUMERIC else int(text) if value.storage in NUMBERS else text

    return parse


def _about(value: type[Value]) -> str:
    unit = f" Unit: {value.unit}." if value.unit else ""
    return f"{(value.__doc__ or '').strip()}{unit}"


def _filter(value: type[Value], namespace: Namespace) -> Any:
    name = scalar_name(value)
    fields = {
        "eq": (f"{name} | None", "Equal."),
        "in": (f"list[{name}] | None", "Equal to one of these."),
        "isNull": ("bool | None", "True: null; false: not null."),
    }
    if value.name_search:
        fields["prefix"] = ("str | None", "Begins with this.")
        fields["words"] = (
            "str | None",
            "Has all of these words, in any order: `hoa nguyen` finds Nguyễn Văn Hoà.",
        )
        about = "A condition on a name, without regard to tone marks and case."
        return input_type("NameFilter", about, fields, namespace)
    if value.ordered:
        words = {
            "gt": "Greater than.",
            "gte": "Greater than or equal.",
            "lt": "Less than.",
            "lte": "Less than or equal.",
        }
        fields |= {op: (f"{name} | None", text) for op, text in words.items()}
    elif not issubclass(value, CodeList):
        fields["prefix"] = ("str | None", "Begins with this.")
    return input_type(filter_name(value), f"A condition on a value of type {name}.", fields, namespace)
