"""Subjects as callers name them: by one identifier, or by a global id."""

from typing import Any

import strawberry

from hub.access.dossiers.dossier_store import NamedSubject
from hub.errors import OperationRefused
from hub.model.names import to_camel_case
from hub.model.registry import Entity, Registry
from hub.plan.binds import read_global_id


def is_named_by_key(entity: Entity) -> bool:
    """Whether subjects of this kind can be named by an identifier."""
    return entity.kind == "subject" and bool(entity.keys)


def read_named_subjects(registry: Registry, given: list[Any]) -> tuple[NamedSubject, ...]:
    """Subjects as a caller names them. Raises OperationRefused with WRONG_KIND or BAD_USER_INPUT."""
    return tuple(_named_subject(registry, one) for one in given)


def _named_subject(registry: Registry, given: Any) -> NamedSubject:
    by = given.subject_
    if by.id_ not in (None, strawberry.UNSET):
        kind, number = read_global_id(str(by.id_))
        if number is None or kind not in registry.entities:
            raise OperationRefused(
                "an id is not one of a subject", code="WRONG_KIND", next_step="take ids from the graph, as they are"
            )
        return NamedSubject(given.role_, str(kind), number=number)
    for entity in registry:
        chosen = getattr(by, f"{to_camel_case(entity.table)}_", None) if is_named_by_key(entity) else None
        if chosen in (None, strawberry.UNSET):
            continue
        for key in entity.keys:
            value = getattr(chosen, f"{key.graphql}_")
            if value not in (None, strawberry.UNSET):
                return NamedSubject(given.role_, entity.name, field=key.name, value=str(value))
    raise OperationRefused(
        "a subject has no identifier", code="BAD_USER_INPUT", next_step="give an id, or one identifier of a subject"
    )
