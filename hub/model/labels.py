"""Labels: what people read of an entity, a field, a link or a code list, in Vietnamese and English.

They are declared in `schema/`. A declaration may leave them out, as one outside this package might: a readable form of its
name then stands in both languages, and `hub schema check` says so.
"""

import re
from typing import TYPE_CHECKING

from hub.model.authorities import list_authorities
from hub.model.names import qualify_column, to_snake_case
from schema.core import Label

if TYPE_CHECKING:
    # The registry reads labels as it is built, so it is the one that imports.
    from hub.model.registry import Registry

OWN_PACKAGE = "schema."
"""Modules of the vocabulary that comes with the hub: there, a missing label is an error."""


class Labelled:
    """A declared thing with a name and perhaps a label."""

    name: str
    declared_label: Label | None

    @property
    def label(self) -> Label:
        """Its label, or its name made readable."""
        return self.declared_label or make_readable(self.name)


def make_readable(name: str) -> Label:
    """`plate_number` or `PlateNumber` → Plate number, in both languages."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ").strip().lower()
    text = words[:1].upper() + words[1:]
    return Label(text, text)


def join_labels(whole: Label, part: Label) -> Label:
    """`Người sử dụng đất`, `Tên như đã ghi` → `Người sử dụng đất: tên như đã ghi`."""
    return Label(*(f"{a}: {lower_first(b)}" for a, b in ((whole.vi, part.vi), (whole.en, part.en))))


def describe_with_label(label: Label | None, description: str) -> str:
    """A description for the graph, which is in English, behind the Vietnamese label; alone if none is declared."""
    return f"{label.vi}. {description}" if label else description


def find_label(registry: "Registry", entity: str, field: str | None) -> Label:
    """Words for a column, reference or linked field of an entity, with the entity before it; for the entity alone if `field` is None.

    What the vocabulary no longer has, such as in an old finding, keeps its name in readable form.
    """
    known = registry.entities.get(entity)
    whole = known.label if known else make_readable(entity)
    if field is None:
        return whole
    # A value as recorded stands in the graph as `holderLink.recorded.birthDate`, and in the store as `holder_birth_date`.
    linked, _, recorded = field.rpartition("Link.recorded.")
    column = qualify_column(to_snake_case(linked), to_snake_case(recorded)) if linked else to_snake_case(field)
    part = (known.find_label(column) or _find_held_elsewhere(registry, entity, column)) if known else None
    part = part or make_readable(field)
    return Label(*(f"{a}, {lower_first(b)}" for a, b in ((whole.vi, part.vi), (whole.en, part.en))))


def _find_held_elsewhere(registry: "Registry", entity: str, column: str) -> Label | None:
    """The label of a column that an entity's authority has for it: the name of a household is that of its head."""
    for _, facts in list_authorities(registry):
        holder, _, held = facts.field.partition(".")
        if held == column and (facts.through or "").startswith(f"{entity}."):
            return registry[holder].column(column).label
    return None


def find_path_label(registry: "Registry", path: str) -> Label:
    """`Entity.field` in words."""
    entity, _, field = path.partition(".")
    return find_label(registry, entity, field or None)


def list_unlabelled(registry: "Registry") -> tuple[tuple[str, bool], ...]:
    """Declarations without a label, each with whether it belongs to the vocabulary shipped with the hub."""
    found: dict[str, bool] = {}
    for entity in registry:
        is_own = entity.module.startswith(OWN_PACKAGE)
        parts = (*entity.fields, *entity.references, *entity.linked, *entity.backlinks)
        found |= {f"{entity.name}.{part.name}": is_own for part in parts if part.declared_label is None}
    for recorded in registry.recorded.values():
        is_own = recorded.module.startswith(OWN_PACKAGE)
        found |= {f"{recorded.name}.{part.name}": is_own for part in recorded.fields if part.declared_label is None}
    for codes in registry.code_lists:
        if codes.label is None:
            found[codes.__name__] = codes.__module__.startswith(OWN_PACKAGE)
    return tuple(found.items())


def lower_first(text: str) -> str:
    """Lower case at the start, unless the first word is an abbreviation: `Họ tên` → `họ tên`, `CMND` stays."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
