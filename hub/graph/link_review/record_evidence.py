"""The root field `linkEvidence`: why a row is said to belong to somebody in the dossier. Outcomes of comparisons, and no value.

It tells of those links alone whose status the documents of the dossier's procedure read.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any

import strawberry
from graphql import FieldNode, GraphQLSchema, TypeInfo, TypeInfoVisitor, Visitor, get_named_type, parse, visit
from strawberry.annotation import StrawberryAnnotation
from strawberry.types import Info

from hub.access.purposes import find_purpose
from hub.errors import OperationRefused
from hub.graph.link_review.review import evidence_of
from hub.graph.schema_types.fields import Namespace, ValueField, make_field, object_type
from hub.graph.schema_types.linked_fields import LINKED_FIELD
from hub.link.review.record_evidence import RecordLink, find_record_links
from hub.model.registry import load_registry
from hub.plan.binds import global_id, read_global_id

EVIDENCE_OF_LINK: Mapping[str, tuple[str, str]] = {
    "field": ("LinkedField", "The linked field."),
    "recordId": (
        "ID",
        "The record that has the link: the row itself, or one that leads to it, such as a right to a parcel.",
    ),
    "status": ("LinkStatus", "How sure it is."),
    "method": ("str | None", "The rule or model that made it; null while unlinked."),
    "decidedBy": ("DecidedBy | None", "Whether a run or a person decided; null while unlinked."),
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
        found = await context.executor.reviews.run(
            lambda connection: find_record_links(connection, load_registry(), (kind, number), subjects, readable)
        )
        return [_describe(one) for one in found]

    link_evidence.__annotations__["record"] = Annotated[
        strawberry.ID, strawberry.argument(description="`recordId` of a value of `prefill`.")
    ]
    field = strawberry.field(
        resolver=link_evidence,
        name="linkEvidence",
        description="Why a row is said to belong to somebody in the dossier: its links, as far as the procedure reads their status.",
    )
    field.type_annotation = StrawberryAnnotation("list[LinkEvidence]", namespace=names)
    return field


def _describe(link: RecordLink) -> dict[str, Any]:
    return {
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
