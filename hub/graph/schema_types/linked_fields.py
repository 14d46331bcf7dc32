"""The enum of what linking decides: linked fields, and the registers whose rows can be merged."""

from typing import Any

from hub.graph.schema_types.fields import enum_type
from hub.link.field import Field, list_decidable_fields


def _describe_field(field: Field) -> str:
    if field.merges:
        return f"{field.label.vi} Rows of {field.entity.name} that may be one."
    return f"{field.label.vi}. {field.name}: {field.recorded.description}"


LINKED_FIELD: Any = enum_type(
    "LinkedField",
    "What linking decides, and persons review.",
    {f.code: _describe_field(f) for f in list_decidable_fields().values()},
)
