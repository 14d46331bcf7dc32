"""Authorities, resolved: for every linked field, which of the record's columns are held against which column of the subject.

The declarations are `schema.authority`'s; here each is bound to the columns it names, and one that cannot hold is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub.errors import HubMisconfigured
from schema.authority import AuthorityFacts, Comparison
from schema.values import CodeList, Storage

if TYPE_CHECKING:
    # The registry checks authorities as it is built, so it is the one that imports.
    from hub.model.registry import Column, Entity, Linked, Reference, Registry


@dataclass(frozen=True)
class Hop:
    """From the subject to the entity that holds the authoritative column: `column` of the subject equals its `key`."""

    column: Column
    key: Column


@dataclass(frozen=True)
class Copy:
    """A column of a record, the linked field that leads to the subject, and the authoritative column of that kind of subject.

    `kind` is the kind of subject the link leads to, `holder` the entity that `held` is a column of: the same one, but for a
    `hop`. `beside` is the older number of an IDENTIFIER, or the unit of an ADDRESS.
    """

    linked: Linked
    column: Column
    compared: Comparison
    kind: str
    holder: str
    held: Column
    hop: Hop | None = None
    beside: Column | None = None
    codes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    while_empty: Column | None = None


def find_copies(registry: Registry, entity: Entity) -> tuple[Copy, ...]:
    """Every copy that records of this entity hold, in order of declaration. Raises HubMisconfigured."""
    found = [
        _resolve_own_field(registry, entity, column, facts) for column in entity.fields for facts in column.authority
    ]
    for linked in entity.linked:
        found += [
            _resolve_copy(registry, entity, linked, part.column, facts)
            for part in linked.recorded
            for facts in part.column.authority
            if _subject_kind(facts) in linked.kinds
        ]
    return tuple(found)


def check_authorities(registry: Registry) -> None:
    """Resolve every declared authority. Raises HubMisconfigured if one names a field that does not exist or cannot be compared."""
    for entity in registry:
        find_copies(registry, entity)
    for recorded in registry.recorded.values():
        for column in recorded.fields:
            for facts in column.authority:
                where = f"{recorded.name}.{column.name}"
                _subject_field(registry, where, facts.field)
                if facts.linked or facts.while_empty:
                    raise _refuse(where, "names a linked field", "use `copies` in an as-recorded class")
                family = recorded.name.removesuffix("AsRecorded")
                if _subject_kind(facts) not in registry.families.get(family, ()):
                    raise _refuse(
                        where,
                        f"is a copy of {facts.field}, but no linked field leads there",
                        f"name a field of {', '.join(registry.families.get(family, ())) or 'a subject'}",
                    )


def _subject_kind(facts: AuthorityFacts) -> str:
    """The kind of subject that the link has to lead to."""
    return (facts.through or facts.field).partition(".")[0]


def _resolve_own_field(registry: Registry, entity: Entity, column: Column, facts: AuthorityFacts) -> Copy:
    where = f"{entity.name}.{column.name}"
    linked = next((linked for linked in entity.linked if linked.name == facts.linked), None)
    if linked is None:
        raise _refuse(
            where,
            f"has an authority through {facts.linked}, which is not a linked field of {entity.name}",
            f"name one of: {', '.join(linked.name for linked in entity.linked) or 'none is declared'}",
        )
    if _subject_kind(facts) not in linked.kinds:
        raise _refuse(
            where,
            f"is compared with {facts.field}, but {linked.name} leads to {', '.join(linked.kinds)}",
            "name a field of one of these",
        )
    return _resolve_copy(registry, entity, linked, column, facts)


def _resolve_copy(registry: Registry, entity: Entity, linked: Linked, column: Column, facts: AuthorityFacts) -> Copy:
    where = f"{entity.name}.{column.name}"
    holder, held = _subject_field(registry, where, facts.field)
    hop = None
    if facts.through:
        start, step = _subject_field(registry, where, facts.through)
        key = next((key for key in holder.keys if key.value is step.value), None)
        if key is None:
            raise _refuse(
                where,
                f"goes through {facts.through}, which is not a key of {holder.name}",
                "name a field of its key's type",
            )
        hop = Hop(start.column(step.name), key)
    copy = Copy(
        linked,
        column,
        facts.compared,
        _subject_kind(facts),
        holder.name,
        held,
        hop,
        _find_companion(where, holder, facts),
        facts.codes,
        _find_field(where, entity, facts.while_empty),
    )
    COMPARISON_CHECKS[facts.compared](where, copy)
    return copy


def _subject_field(registry: Registry, where: str, path: str) -> tuple[Entity, Column]:
    name, _, field = path.partition(".")
    entity = registry.entities.get(name)
    if entity is None or entity.kind != "subject":
        raise _refuse(where, f"has the authority {path}, and {name} is not a subject", "name a field of a subject")
    column = _find_field(where, entity, field)
    assert column is not None  # a field was named
    return entity, column


def _find_field(where: str, entity: Entity, field: str | None) -> Column | None:
    if field is None:
        return None
    column = next((column for column in entity.fields if column.name == field), None)
    if column is None:
        raise _refuse(where, f"has the authority {entity.name}.{field}, which is not a field", "correct the name")
    return column


def _find_companion(where: str, holder: Entity, facts: AuthorityFacts) -> Column | None:
    if facts.compared is not Comparison.ADDRESS:
        return _find_field(where, holder, facts.beside)
    found: Reference | None = next((ref for ref in holder.references if ref.name == facts.beside), None)
    if found is None or found.target != "AdministrativeUnit":
        raise _refuse(
            where,
            f"has the address {facts.field} without the unit it is in",
            "name the reference to the unit in `beside`",
        )
    return found.column


def _check_texts(where: str, copy: Copy) -> None:
    """Text against text, of the kind that the comparison is for."""
    held = copy.held.value
    fits = {
        Comparison.NAME: held.name_search,
        Comparison.PARTIAL_DATE: held.__name__ == "PartialDate",
        Comparison.ADDRESS: held.__name__ == "Address",
        Comparison.IDENTIFIER: held.pattern is not None and not held.name_search,
        Comparison.TAX_CODE: held.__name__ in ("TaxCode", "PersonalId", "EnterpriseCode"),
    }[copy.compared]
    types = {column.value.storage for column in (copy.column, copy.held)}
    if not fits or types != {Storage.TEXT} or issubclass(copy.column.value, CodeList):
        raise _refuse_comparison(where, copy)


def _check_codes(where: str, copy: Copy) -> None:
    """A code against a code: every code of the authority is spoken of, and every code named is one."""
    own, held = copy.column.value, copy.held.value
    if not (issubclass(own, CodeList) and issubclass(held, CodeList)):
        raise _refuse_comparison(where, copy)
    named = dict(copy.codes)
    if (
        named.keys() != held.codes.keys()
        or not {code for codes in named.values() for code in codes} <= own.codes.keys()
    ):
        raise _refuse(
            where,
            f"names other codes than {held.__name__} and {own.__name__} have",
            f"say for each of {', '.join(held.codes)} which of {', '.join(own.codes)} go with it",
        )


def _check_ending(where: str, copy: Copy) -> None:
    """A code against a day."""
    own, held = copy.column.value, copy.held.value
    if not (issubclass(own, CodeList) and held.storage is Storage.DATE):
        raise _refuse_comparison(where, copy)
    if not {code for _, codes in copy.codes for code in codes} <= own.codes.keys():
        raise _refuse(where, f"names codes that {own.__name__} does not have", f"use {', '.join(own.codes)}")


COMPARISON_CHECKS: Mapping[Comparison, Callable[[str, Copy], None]] = {
    Comparison.NAME: _check_texts,
    Comparison.PARTIAL_DATE: _check_texts,
    Comparison.ADDRESS: _check_texts,
    Comparison.IDENTIFIER: _check_texts,
    Comparison.TAX_CODE: _check_texts,
    Comparison.CODE: _check_codes,
    Comparison.ENDED: _check_ending,
}
"""Check the conditions without which a comparison means nothing."""


def _refuse_comparison(where: str, copy: Copy) -> HubMisconfigured:
    own, held = copy.column.value.__name__, copy.held.value.__name__
    return _refuse(
        where,
        f"({own}) cannot be compared with {copy.holder}.{copy.held.name} ({held}) as {copy.compared.name}",
        "name another field or another comparison",
    )


def _refuse(where: str, what: str, next_step: str) -> HubMisconfigured:
    return HubMisconfigured(f"schema: {where} {what}", next_step=next_step)


def list_authorities(registry: Registry) -> Iterator[tuple[str, AuthorityFacts]]:
    """Every declaration as it was written: the field of the copy, and one authority of it."""
    for recorded in registry.recorded.values():
        yield from (
            (f"{recorded.name}.{column.name}", facts) for column in recorded.fields for facts in column.authority
        )
    for entity in registry:
        yield from ((f"{entity.name}.{column.name}", facts) for column in entity.fields for facts in column.authority)
