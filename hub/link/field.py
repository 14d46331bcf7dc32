"""Fields to link: a linked field, or the rows of a register that may be one subject; and the link table of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from hub.errors import OperationRefused
from hub.link.workspace import FIELD_TABLES
from hub.model.labels import lower_first
from hub.model.registry import Entity, Linked, load_registry
from schema.core import Label

COLUMNS = "record_id, found_id, subject_id, subject_kind, status, method, confidence, weight, evidence, decided_by, decided_at"
"""Of a link table, but for the period in which the hub holds a row."""
FAMILY = "Party"
"""The family of linked fields whose open records are weighed by likeness."""


@dataclass(frozen=True)
class Field:
    """What can be decided: a linked field, `Entity.field`, or which rows of a register are one, `Entity.duplicate`.

    `entity` is that of the record; `kinds` are those of the subjects; `table` is the link table's name. Of a merge entity and
    kind are the same, and `linked` is None.
    """

    name: str
    entity: Entity
    table: str
    kinds: tuple[str, ...]
    linked: Linked | None = None

    @property
    def code(self) -> str:
        """Its name as a value of an enum: `LAND_USE_RIGHT_HOLDER`."""
        return self.table.upper()

    @property
    def label(self) -> Label:
        """What a reviewer is asked about: `Người sử dụng đất (Quyền sử dụng đất)`."""
        own = self.entity.label
        if self.linked is None:
            return Label(f"Hai bản ghi của một {lower_first(own.vi)}?", f"Two rows of one {lower_first(own.en)}?")
        part = self.linked.label
        return Label(f"{part.vi} ({own.vi})", f"{part.en} ({own.en})")

    @property
    def merges(self) -> bool:
        """Whether the pair is two rows of one register."""
        return self.linked is None

    @property
    def tables(self) -> tuple[tuple[str, str], ...]:
        """Kind of subject → its table in `data`."""
        return tuple((kind, load_registry()[kind].table) for kind in self.kinds)

    @property
    def recorded(self) -> Linked:
        """The linked field whose recorded values the rules look at. Not of a merge."""
        assert self.linked is not None  # rules are of linked fields
        return self.linked

    @property
    def weighed(self) -> bool:
        """Whether what rules leave open is weighed by likeness."""
        return self.linked is not None and self.linked.family == FAMILY

    def temporary(self, name: str) -> str:
        """The name of one of its temporary tables in a run; `name` is one of FIELD_TABLES."""
        assert name in FIELD_TABLES, name
        return f"{name}_{self.table}"


@cache
def list_decidable_fields() -> Mapping[str, Field]:
    """Every field that can be decided, by name, in order of declaration; merges last."""
    found = [Field(f"{e.name}.{k.name}", e, k.table, k.kinds, k) for e in load_registry() for k in e.linked]
    found += [Field(f"{e.name}.duplicate", e, e.duplicate_table, (e.name,)) for e in load_registry() if e.duplicates]
    return {field.name: field for field in found}


def field_named(name: str) -> Field:
    """The field of this name. Raises OperationRefused."""
    found = list_decidable_fields().get(name)
    if found is None:
        raise OperationRefused(
            "there is no linked field or merge of this name",
            next_step=f"use one of: {', '.join(list_decidable_fields())}",
            code="UNKNOWN_FIELD",
        )
    return found


def field_of_code(code: str) -> Field:
    """The field of an enum's value."""
    return next(field for field in list_decidable_fields().values() if field.code == code)


def leading_to(kind: str) -> tuple[Field, ...]:
    """The fields whose rows may stand for a subject of this kind."""
    return tuple(field for field in list_decidable_fields().values() if kind in field.kinds)
