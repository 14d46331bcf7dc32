"""The root field `linkEvidence`: why a row is said to belong to somebody in the dossier. Outcomes of comparisons, and no value.

It tells of those links alone whose status the documents of the dossier's procedure read.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any

import strawberry
from graphql import FieldNode, GraphQLSchema, TypeInfo, TypeInfoVisitor, Visitor, get_named_type, parse, visit
from psycopg import Connection
from strawberry.annotation import StrawberryAnnotation
from strawberry.types import Info

from hub.access.argument_rules import BoundTo, EachOf, ObjectOf
from hub.access.permission_trie import FieldRule, PathNode
from hub.access.purposes import find_purpose
from hub.errors import OperationRefused
from hub.graph.link_review.review import evidence_of
from hub.graph.schema_types.fields import Namespace, ValueField, make_field, object_type
from hub.graph.schema_types.linked_fields import LINKED_FIELD
from hub.link.review.record_chain import ReadableFields, find_chain
from hub.link.review.record_evidence import RecordLink, find_record_links
from hub.model.registry import load_registry
from hub.plan.binds import global_id, read_global_id
from hub.plan.permission.compile import compile_purpose

EVIDENCE_OF_LINK: Mapping[str, tuple[str, str]] = {
    "field": ("LinkedField", "The linked field."),
    "recordId": (
        "ID",
        "The record that has the link: the row itself, or one that leads to it, such as a right to a parcel.",
    ),
    "status": ("LinkStatus", "How sure it is."),
    "method": ("str | None", "The rule or model that made it; null while unlinked."),
    "decidedBy": ("DecidedBy | None", "Whether a run or a person decided; null while unlinked."),
    "step": (
        "int | None",
        "Its place on the way from somebody in the dossier to the row, from 1, if the row is several links away; null of a link of its own.",
    ),
    "evidence": ("list[Evidence] | None", "The comparisons and their outcomes; null if none were kept."),
}
NEEDS_DOSSIER = OperationRefused(
    "evidence is told under a dossier",
    code="DOSSIER_NEEDED",
    next_step="open one with openDossier, and send its code as X-Hub-Dossier",
)
WRONG_ID = OperationRefused(
    "record is no global id of the graph",
    code="WRONG_KIND",
    next_step="take `recordId` of a value of `prefill`, as it is",
)


def link_evidence_field(names: Namespace) -> Any:
    """The field, for the schema, which has the types of linking in `names`."""
    names["LinkedField"] = LINKED_FIELD
    parts = {
        name: make_field(ValueField, kind, names, graphql=name, description=about)
        for name, (kind, about) in EVIDENCE_OF_LINK.items()
    }
    names["LinkEvidence"] = object_type(
        "LinkEvidence", "Why a row is said to belong to somebody in the dossier, without any value.", parts
    )

    async def link_evidence(info: Info[Any, Any], record: strawberry.ID) -> Any:
        context = info.context
        dossier = context.caller.dossier
        if dossier is None:
            raise NEEDS_DOSSIER
        kind, number = read_global_id(str(record))
        if kind is None or number is None or kind not in load_registry().entities:
            raise WRONG_ID
        subjects, purpose = tuple(dossier.roles), find_purpose(dossier.purpose)
        await context.executor.access.admit_people(frozenset(subjects), context.reading)
        readable = _list_readable_links(context.executor.schema, purpose.version, purpose.code)
        starts = [
            (subject, fields)
            for subject, roles in dossier.roles.items()
            for role in roles
            for fields in _list_starts(context.executor.schema, purpose.version, purpose.code, subject[0], role)
        ]

        def find(connection: Connection[Any]) -> list[dict[str, Any]]:
            row, registry = (kind, number), load_registry()
            direct = find_record_links(connection, registry, row, subjects, readable)
            if direct or row in dossier.roles:
                return [_describe(one) for one in direct]
            links = (step.link for step in find_chain(connection, registry, row, starts, readable))
            return [_describe(link, place) for place, link in enumerate((one for one in links if one), 1)]

        return await context.executor.reviews.run(find)

    link_evidence.__annotations__["record"] = Annotated[
        strawberry.ID, strawberry.argument(description="`recordId` of a value of `prefill`.")
    ]
    field = strawberry.field(
        resolver=link_evidence,
        name="linkEvidence",
        description="Why a row is said to belong to somebody in the dossier: its links, as far as the procedure reads their status; if it has none to them, the links on the way to it.",
    )
    field.type_annotation = StrawberryAnnotation("list[LinkEvidence]", namespace=names)
    return field


def _describe(link: RecordLink, step: int | None = None) -> dict[str, Any]:
    return {
        "step": step,
        "field": link.field.upper(),
        "recordId": global_id(link.owner, link.record),
        "status": link.status,
        "method": link.method,
        "decidedBy": link.decided_by,
        "evidence": evidence_of(link.evidence),
    }


@lru_cache(maxsize=200)
def _list_readable_links(schema: GraphQLSchema, version: str, code: str) -> frozenset[str]:
    """The tables of the links whose status the procedure reads. `version` is there for the cache."""
    reader = LinkReader(TypeInfo(schema))
    for document in find_purpose(code).documents:
        visit(parse(document.text), TypeInfoVisitor(reader.types, reader))
    return frozenset(
        linked.table
        for entity in load_registry()
        for linked in entity.linked
        if (entity.name, linked.link_graphql) in reader.found
    )


@lru_cache(maxsize=200)
def _list_starts(schema: GraphQLSchema, version: str, code: str, kind: str, role: str) -> tuple[ReadableFields, ...]:
    """What the procedure's documents read of a subject of this kind in this role. `version` is there for the cache."""
    compiled = compile_purpose(find_purpose(code), schema)
    rules = (
        rule
        for operation in compiled.operations
        if operation.kind == "query"
        for by_name in operation.root.fields.values()
        for of_name in by_name.values()
        for rule in of_name
    )
    return tuple(
        fields
        for rule in rules
        if _is_bound_to(rule, role) and (fields := _read_fields(rule.beneath)) and kind in fields.fields
    )


def _is_bound_to(rule: FieldRule, role: str) -> bool:
    """Whether one of the arguments must be a subject in this role."""
    parts = [allowed for _, allowed in rule.arguments]
    parts += [inner for allowed in parts if isinstance(allowed, ObjectOf) for _, inner in allowed.fields]
    parts = [part.item if isinstance(part, EachOf) else part for part in parts]
    return any(isinstance(part, BoundTo) and part.source == role for part in parts)


def _read_fields(node: PathNode) -> ReadableFields:
    """The fields of entities that lead on; pages of a list are looked through."""
    entities = load_registry().entities
    found: dict[str, dict[str, ReadableFields]] = {}
    for kind, by_name in node.fields.items():
        for name, rules in by_name.items():
            for rule in rules:
                beneath = _read_fields(rule.beneath)
                if kind in entities:
                    of_kind = found.setdefault(kind, {})
                    of_kind[name] = _merge(of_kind.get(name), beneath)
                else:
                    for inner, fields in beneath.fields.items():
                        found.setdefault(inner, {}).update(fields)
    return ReadableFields(found)


def _merge(first: ReadableFields | None, second: ReadableFields) -> ReadableFields:
    """What either reads."""
    if first is None:
        return second
    kinds = {*first.fields, *second.fields}
    return ReadableFields(
        {
            kind: {
                name: _merge(
                    first.fields.get(kind, {}).get(name), second.fields.get(kind, {}).get(name) or ReadableFields({})
                )
                for name in {*first.fields.get(kind, {}), *second.fields.get(kind, {})}
            }
            for kind in kinds
        }
    )


class LinkReader(Visitor):
    """Collects each field of documents, with the type that has it."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types = types
        self.found: set[tuple[str, str]] = set()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """Note the field."""
        parent = self.types.get_parent_type()
        if parent is not None:
            self.found.add((get_named_type(parent).name, node.name.value))
