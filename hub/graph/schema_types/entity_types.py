"""The Strawberry types of the graph, derived from the registry: one object, connection, filter and order for each entity."""

from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Annotated, Any

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from hub.graph.link_review.linking import add_discrepancies, add_links, discrepancies_field, merged_fields
from hub.graph.procedures.correction_types import add_corrections, corrections_field, row_corrections_field
from hub.graph.schema_types.fields import (
    Namespace,
    RootField,
    StoredField,
    enum_type,
    input_type,
    make_argument,
    make_field,
    object_type,
)
from hub.graph.schema_types.scalars import ScalarMap, add_scalars, filter_name, scalar_name
from hub.graph.schema_types.search import add_search, search_field
from hub.graph.schema_types.type_parts import add_connection, of_parts, page_arguments, value_field
from hub.model.derived_fields import MAX_PAGE, PROVENANCE
from hub.model.labels import describe_with_label
from hub.model.names import to_camel_case
from hub.model.registry import AsRecorded, Entity, Linked, Registry
from hub.plan.building.conditions import PROVENANCE_PARTS

ORDER_DIRECTION = "OrderDirection"
NOT_HELD = "Null if the hub does not hold it: not read yet, or rejected."


@dataclass(frozen=True)
class Derived:
    """Everything that the schema takes from the registry: the fields of Query, and the types by name."""

    query_fields: dict[str, StrawberryField]
    types: Namespace
    scalars: ScalarMap


def derive_types(registry: Registry) -> Derived:
    """Build all types. Names refer to each other through one namespace, so that their order does not matter."""
    names: Namespace = {"ID": strawberry.ID}
    scalars = add_scalars(names, registry)
    names[ORDER_DIRECTION] = _order_direction()
    names["PageInfo"] = _page_info(names)
    names["Provenance"] = of_parts("Provenance", "Where a row is from and when it was known.", PROVENANCE, names)
    _interfaces(names)
    for recorded in registry.recorded.values():
        names[recorded.name] = _make_recorded_type(recorded, names)
    add_links(registry, names)
    add_discrepancies(registry, names)
    _add_part_filters(names)
    add_corrections(names)
    add_search(registry, names)
    for entity in registry:
        names[f"{entity.name}Filter"] = _filter(registry, entity, names)
        if entity.keys:
            names[f"{entity.name}By"] = _by(entity, names)
        names[f"{entity.name}ListFilter"] = _list_filter(entity, names)
        names[f"{entity.name}Order"] = _order(entity, names)
        names[entity.name] = _entity(registry, entity, names)
        add_connection(entity.name, names)
    for family, kinds in registry.families.items():
        if len(kinds) > 1:
            names[f"{family}Filter"] = _family_filter(registry, family, kinds, names)
            # Annotations are looked up late, so the union may come after the types that name it.
            members: Any = reduce(or_, (names[kind] for kind in kinds))
            names[family] = Annotated[
                members, strawberry.union(family, description="A subject that may hold, owe or own.")
            ]
    return Derived(_query_fields(registry, names), names, scalars)


def connection_arguments(entity: Entity, names: Namespace) -> list[StrawberryArgument]:
    """The arguments of a connection to this entity."""
    return [
        make_argument("filter", f"{entity.name}Filter | None", names, "Only those for which this holds."),
        make_argument("orderBy", f"list[{entity.name}Order] | None", names, "Order; ties are broken by id."),
        *page_arguments(names),
    ]


def _interfaces(names: Namespace) -> None:
    """Node, and the two kinds of entity that are nodes."""
    names["Node"] = object_type("Node", "Anything with a global id.", {"id": _id_field(names)}, strawberry.interface)
    for name, about in (
        ("Subject", "A thing in the world that several sectors know; its id is stable."),
        ("Record", "A fact that one sector states about subjects."),
    ):
        fields = {"id": _id_field(names), "provenance": _provenance_field(names)}
        names[name] = object_type(name, about, fields, strawberry.interface, (names["Node"],))


def _provenance_field(names: Namespace) -> StrawberryField:
    return make_field(StoredField, "Provenance", names, graphql="provenance", description="Source, as-of, key.")


def _id_field(names: Namespace) -> StrawberryField:
    return make_field(StoredField, "ID", names, graphql="id", description="Global id.")


def _order_direction() -> Any:
    values = {
        "ASC": "Smallest first; nulls last.",
        "DESC": "Greatest first; nulls first.",
    }
    return enum_type(ORDER_DIRECTION, "Direction of an order.", values)


def _page_info(names: Namespace) -> Any:
    about = {
        "hasNextPage": ("bool", "There are more after this page."),
        "hasPreviousPage": ("bool", "There are some before this page."),
        "startCursor": ("str | None", "Cursor of the first edge; null if the page is empty."),
        "endCursor": ("str | None", "Cursor of the last edge; null if the page is empty."),
    }
    fields = {n: make_field(StoredField, a, names, graphql=n, description=d) for n, (a, d) in about.items()}
    return object_type("PageInfo", "Where a page stands in its connection.", fields)


def _make_recorded_type(recorded: AsRecorded, names: Namespace) -> Any:
    fields = {c.name: value_field(c, names) for c in recorded.fields}
    return object_type(recorded.name, f"{recorded.label.vi}. {recorded.description}", fields)


def _entity(registry: Registry, entity: Entity, names: Namespace) -> Any:
    fields: dict[str, StrawberryField] = {c.name: value_field(c, names) for c in entity.fields}
    for ref in entity.references:
        fields[ref.column.name] = value_field(ref.column, names)
        absent = "Null if there is none, or if the hub does not hold it." if ref.column.nullable else NOT_HELD
        fields[ref.name] = make_field(
            StoredField,
            f"{ref.target} | None",
            names,
            graphql=ref.graphql,
            description=describe_with_label(ref.declared_label, f"{ref.description} {absent}"),
        )
    for linked in entity.linked:
        fields |= _make_linked_fields(linked, names)
    for back in entity.backlinks:
        target = registry[back.target]
        fields[back.name] = make_field(
            StoredField,
            f"{back.target}Connection",
            names,
            graphql=back.graphql,
            description=describe_with_label(back.declared_label, back.description),
            arguments=connection_arguments(target, names),
        )
    if entity.duplicates:
        fields |= merged_fields(entity, names)
    if entity.name in registry.copied:
        fields["discrepancies"] = discrepancies_field(StoredField, names)
    fields["corrections"] = row_corrections_field(names)
    fields["provenance"] = _provenance_field(names)
    fields = {"id": _id_field(names)} | fields
    about = f"{entity.label.vi}. {entity.description} Sector: {entity.sector}. Term: {entity.standard}."
    return object_type(entity.name, about, fields, bases=(names[entity.kind.capitalize()],))


def _make_linked_fields(linked: Linked, names: Namespace) -> dict[str, StrawberryField]:
    subject = linked.family if len(linked.kinds) > 1 else linked.kinds[0]
    return {
        linked.name: make_field(
            StoredField,
            f"{subject} | None",
            names,
            graphql=linked.graphql,
            description=describe_with_label(linked.declared_label, f"{linked.description} Null until linked."),
        ),
        f"{linked.name}_link": make_field(
            StoredField,
            f"{linked.family}Link",
            names,
            graphql=linked.link_graphql,
            description="As recorded, and how it was linked.",
        ),
    }


def _filter(registry: Registry, entity: Entity, names: Namespace) -> Any:
    columns = [c for c in entity.columns if c.filter]
    fields = {c.graphql: (f"{filter_name(c.value)} | None", c.description) for c in columns}
    for ref in entity.references:
        fields[ref.graphql] = (f"{ref.target}Filter | None", f"There is one, and it satisfies this. {ref.description}")
    for linked in entity.linked:
        target = linked.family if len(linked.kinds) > 1 else linked.kinds[0]
        about = f"It is linked to one that satisfies this. {linked.description}"
        fields[linked.graphql] = (f"{target}Filter | None", about)
    for back in entity.backlinks:
        fields[back.graphql] = (f"{back.target}ListFilter | None", f"On the many. {back.description}")
    own = f"{entity.name}Filter"
    fields["id"] = ("IdFilter | None", "It is one of these.")
    fields["provenance"] = ("ProvenanceFilter | None", "Its source, and when it was recorded, changed and confirmed.")
    for linked in entity.linked:
        fields[linked.link_graphql] = ("LinkFilter | None", f"How it was linked. {linked.description}")
    fields["and"] = (f"list[{own}] | None", "All of these hold.")
    fields["or"] = (f"list[{own}] | None", "At least one of these holds.")
    fields["not"] = (f"{own} | None", "This does not hold.")
    return input_type(own, f"Conditions on {entity.name}; all that are given must hold.", fields, names)


def _add_part_filters(names: Namespace) -> None:
    """Add the filters over what the graph adds to every row and link."""
    ids = {"eq": ("ID | None", "This one."), "in": ("list[ID] | None", f"One of these, {MAX_PAGE} at most.")}
    names["IdFilter"] = input_type("IdFilter", "A condition on a global id.", ids, names)
    about = {part.graphql: part.description for part in PROVENANCE}
    kinds = {name: "StringFilter" if sql == "text" else "DateTimeFilter" for name, sql in PROVENANCE_PARTS.items()}
    parts = {name: (f"{kind} | None", about[name]) for name, kind in kinds.items()}
    names["ProvenanceFilter"] = input_type("ProvenanceFilter", "Conditions on where a row is from.", parts, names)
    statuses = {"eq": ("LinkStatus | None", "Equal."), "in": ("list[LinkStatus] | None", "Equal to one of these.")}
    names["LinkStatusFilter"] = input_type("LinkStatusFilter", "A condition on how sure a link is.", statuses, names)
    links = {
        "status": ("LinkStatusFilter | None", "How sure the link is."),
        "method": ("StringFilter | None", "The rule or model that made it."),
    }
    names["LinkFilter"] = input_type("LinkFilter", "Conditions on how a record was linked.", links, names)


def _list_filter(entity: Entity, names: Namespace) -> Any:
    own = f"{entity.name}Filter"
    fields = {
        "some": (f"{own} | None", "At least one of them satisfies this."),
        "none": (f"{own} | None", "Not one of them satisfies this."),
    }
    return input_type(f"{entity.name}ListFilter", f"Conditions on the {entity.name}s of something.", fields, names)


def _family_filter(registry: Registry, family: str, kinds: tuple[str, ...], names: Namespace) -> Any:
    fields = {
        to_camel_case(registry[kind].table): (f"{kind}Filter | None", f"It is a {kind} that satisfies this.")
        for kind in kinds
    }
    return input_type(f"{family}Filter", f"A condition on a {family}, by its kind.", fields, names, one_of=True)


def _by(entity: Entity, names: Namespace) -> Any:
    fields = {c.graphql: (f"{scalar_name(c.value)} | None", c.description) for c in entity.keys}
    return input_type(
        f"{entity.name}By", f"What identifies one {entity.name}: exactly one.", fields, names, one_of=True
    )


def _order(entity: Entity, names: Namespace) -> Any:
    columns = [c for c in entity.columns if c.order or c.unique]
    fields = {c.graphql: (f"{ORDER_DIRECTION} | None", c.description) for c in columns}
    fields["id"] = (f"{ORDER_DIRECTION} | None", "By the hub's own id: the order in which rows came.")
    return input_type(f"{entity.name}Order", f"One term of an order of {entity.name}.", fields, names, one_of=True)


def _query_fields(registry: Registry, names: Namespace) -> dict[str, StrawberryField]:
    fields: dict[str, StrawberryField] = {}
    for entity in registry:
        if entity.keys:
            by = StrawberryArgument(
                "by", "by", StrawberryAnnotation(f"{entity.name}By", namespace=names), description="Its identifier."
            )
            about = f"One {entity.name} by one of its identifiers; null if there is none."
            fields[entity.table] = make_field(
                RootField,
                f"{entity.name} | None",
                names,
                graphql=to_camel_case(entity.table),
                description=about,
                arguments=[by],
            )
        fields[entity.plural] = make_field(
            RootField,
            f"{entity.name}Connection",
            names,
            graphql=to_camel_case(entity.plural),
            description=f"{entity.label.vi}. All {entity.plural.replace('_', ' ')}, by page.",
            arguments=connection_arguments(entity, names),
        )
    fields["discrepancies"] = discrepancies_field(RootField, names)
    fields["corrections"] = corrections_field(names)
    fields["search"] = search_field(registry, names)
    node_id = StrawberryArgument("id", "id", StrawberryAnnotation(strawberry.ID), description="A global id.")
    fields["node"] = make_field(
        RootField,
        "Node | None",
        names,
        graphql="node",
        description="Any row by its global id; null if there is none.",
        arguments=[node_id],
    )
    ids = StrawberryArgument("ids", "ids", StrawberryAnnotation(list[strawberry.ID]), description="Global ids.")
    about = f"Rows by their global ids, {MAX_PAGE} at most, in the order of the ids; null for an id of nothing."
    fields["nodes"] = make_field(
        RootField, "list[Node | None]", names, graphql="nodes", description=about, arguments=[ids]
    )
    return fields
