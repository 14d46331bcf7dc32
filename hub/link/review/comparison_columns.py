"""Which values of a subject stand beside what a sector recorded of it, as SQL over the subject `{s}`. The declarations as SQL."""

from hub.link.field import Field
from hub.link.profile import load_profile
from hub.model.registry import load_registry


def recorded_sql(field: Field) -> str:
    """The record's side, one JSON object of texts: for a link the recorded values of the subject, for a merge every value."""
    if field.linked:
        parts = [(part.part, f"r.{part.column.name}") for part in field.linked.recorded]
    else:
        parts = [(column.name, f"r.{column.name}") for column in field.entity.columns]
    return _object(parts)


def held_sql(field: Field, kind: str) -> str:
    """What a subject of this kind says of the same, from `data.<kind> s`: `select <object> from … where s.id = …`."""
    table = load_registry()[kind].table
    if field.merges:
        return f"select {_object([(c.name, f's.{c.name}') for c in field.entity.columns])} from data.{table} s"
    subject = load_profile().subjects[kind]
    parts = [(part, sql.format(s="s")) for part, sql in subject.shown.items()]
    return f"select {_object(parts)} from data.{table} s {subject.shown_from.format(s='s')}"


def facts_sql(field: Field) -> str:
    """What the record is, apart from its subject: its own values and references."""
    own = [*field.entity.fields, *(reference.column for reference in field.entity.references)]
    return _object([] if field.merges else [(column.name, f"r.{column.name}") for column in own])


def _object(parts: list[tuple[str, str]]) -> str:
    # No name has a quote: they are those of declarations.
    inside = ", ".join(f"'{name}', ({sql})::text" for name, sql in parts)
    return f"jsonb_build_object({inside})"
