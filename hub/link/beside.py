"""Which values of a subject stand beside what a sector recorded of it, as SQL over the subject `{s}`. A table, and its SQL."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.link.field import Field
from hub.model.registry import registry


@dataclass(frozen=True)
class Beside:
    """A kind of subject: part of the as-recorded class → SQL of what the register holds; `join` adds where that stands."""

    values: Mapping[str, str]
    join: str = ""


BOTH = "concat_ws(' / ', {0}, {1})"
BESIDE: Mapping[str, Beside] = {
    "Citizen": Beside(
        {
            "kind": "'PERSON'",
            "name": "{s}.full_name",
            "birth_date": "{s}.birth_date",
            "identifier": BOTH.format("{s}.personal_id", "{s}.former_id"),
            "tax_code": "{s}.personal_id",
            "address": "{s}.residence_address",
        }
    ),
    "Household": Beside(
        {
            "kind": "'HOUSEHOLD'",
            "name": "head.full_name",
            "birth_date": "head.birth_date",
            "identifier": BOTH.format("{s}.head_personal_id", "head.former_id"),
            "tax_code": "{s}.head_personal_id",
            "address": "{s}.address",
        },
        "left join data.citizen head on head.personal_id = {s}.head_personal_id",
    ),
    "Business": Beside(
        {
            "kind": "{s}.legal_form",
            "name": "{s}.legal_name",
            "identifier": "{s}.registration_number",
            "tax_code": BOTH.format("{s}.tax_code", "{s}.enterprise_code"),
            "address": "{s}.seat_address",
        }
    ),
    "Parcel": Beside({"parcel_number": "{s}.parcel_number", "parcel_identifier": "{s}.parcel_identifier"}),
}
"""A household is recorded under the name and birth date of its head."""


def recorded_sql(field: Field) -> str:
    """What the record says, one JSON object of texts: of a link what was recorded of the subject, of a merge every value."""
    if field.linked:
        parts = [(part.part, f"r.{part.column.name}") for part in field.linked.recorded]
    else:
        parts = [(column.name, f"r.{column.name}") for column in field.entity.columns]
    return _object(parts)


def held_sql(field: Field, kind: str) -> str:
    """What a subject of this kind says of the same, from `data.<kind> s`: `select <object> from … where s.id = …`."""
    table = registry()[kind].table
    if field.merges:
        return f"select {_object([(c.name, f's.{c.name}') for c in field.entity.columns])} from data.{table} s"
    beside = BESIDE[kind]
    parts = [(part, sql.format(s="s")) for part, sql in beside.values.items()]
    return f"select {_object(parts)} from data.{table} s {beside.join.format(s='s')}"


def facts_sql(field: Field) -> str:
    """What the record is, apart from its subject: its own values and references."""
    own = [*field.entity.fields, *(reference.column for reference in field.entity.references)]
    return _object([] if field.merges else [(column.name, f"r.{column.name}") for column in own])


def _object(parts: list[tuple[str, str]]) -> str:
    # No name has a quote: they are those of declarations.
    inside = ", ".join(f"'{name}', ({sql})::text" for name, sql in parts)
    return f"jsonb_build_object({inside})"
