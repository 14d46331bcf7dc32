"""Types of linking: links with their evidence and candidates, merged subjects, discrepancies."""

from typing import Any

from strawberry.types.field import StrawberryField

from hub.graph.schema_types.fields import (
    Namespace,
    StoredField,
    enum_type,
    input_type,
    make_argument,
    make_field,
    object_type,
)
from hub.graph.schema_types.type_parts import add_connection, of_parts, page_arguments, part_fields, value_field
from hub.model.derived_fields import CANDIDATE, DISCREPANCY, EVIDENCE, LINK, MERGED_SINCE, RECORDED_IN
from hub.model.registry import Entity, Registry
from hub.plan.building.discrepancy_nodes import DISCREPANCIES_FIELD, INCLUDE_RESOLVED

STATUSES = {
    "CONFIRMED": "Joined. A person decided it, or the number and the whole name agree, tone marks included, the birth years do not"
    " disagree, only one subject fits, and no veto holds.",
    "PROBABLE": "Joined. The number agrees, and the name is left out or written without its tone marks or middle names; or a rule that"
    " can be wrong now and then, or a model, finds it very likely. No veto holds.",
    "UNCONFIRMED": "Joined to nothing: candidates for a person to decide, since several fit, not enough agrees, or a veto holds.",
    "UNLINKED": "No candidate.",
}
DECIDERS = {"RUN": "A run of linking, by a rule or a model.", "PERSON": "A person who reviewed it."}
CANDIDATE_SUBJECT = "The candidate; null if the hub no longer holds it."
KINDS = {
    "SPELLING": "The same but for marks, case or spaces.",
    "DIFFERS": "Different values.",
}


def add_links(registry: Registry, names: Namespace) -> None:
    """Add the types of links, and of merged rows, to `names`."""
    names["LinkStatus"] = enum_type("LinkStatus", "How sure a link is.", STATUSES)
    names["DecidedBy"] = enum_type("DecidedBy", "Who decided a link.", DECIDERS)
    about = "One comparison behind a link: what agreed and what did not. It holds no value of either side."
    names["Evidence"] = of_parts("Evidence", about, EVIDENCE, names)
    for family in registry.families:
        _family(family, names)
    for entity in registry:
        if entity.duplicates:
            names[f"Merged{entity.name}"] = _make_merged_type(entity, names)


def _family(family: str, names: Namespace) -> None:
    """Types of one family of links: the candidate and the link."""
    evidence = make_field(
        StoredField,
        "list[Evidence] | None",
        names,
        graphql="evidence",
        description="The comparisons and their outcomes; null if none were kept.",
    )
    subject = make_field(StoredField, f"{family} | None", names, graphql="subject", description=CANDIDATE_SUBJECT)
    names[f"{family}Candidate"] = object_type(
        f"{family}Candidate",
        "A subject that may be the one recorded: joined to nothing until confirmed.",
        {"subject": subject, **part_fields(CANDIDATE, names), "evidence": evidence},
    )
    recorded, candidates = (
        make_field(StoredField, kind, names, graphql=name, description=text)
        for name, kind, text in (
            ("recorded", f"{family}AsRecorded", "What the sector wrote, kept as it was."),
            ("candidates", f"list[{family}Candidate]", "Unconfirmed candidates."),
        )
    )
    link = {**part_fields(LINK, names), "evidence": evidence, "recorded": recorded, "candidates": candidates}
    names[f"{family}Link"] = object_type(f"{family}Link", "How a record was linked to its subject.", link)


def _make_merged_type(entity: Entity, names: Namespace) -> Any:
    """What identifies a merged row."""
    own = make_field(
        StoredField, "ID", names, graphql="id", description="The global id it had; it leads to the heir now."
    )
    keys = {column.name: value_field(column, names) for column in entity.keys}
    about = f"A row of {entity.name} that counts as the same as another, which stands for both."
    return object_type(f"Merged{entity.name}", about, {"id": own} | keys | part_fields((MERGED_SINCE,), names))


def merged_fields(entity: Entity, names: Namespace) -> dict[str, StrawberryField]:
    """The fields of a subject that rows can be merged into."""
    about = {
        "mergedIds": ("list[ID]", "Global ids that lead here: those of the rows that were merged into this one."),
        "mergedFrom": (f"list[Merged{entity.name}]", "The rows that were merged into this one, as far as they are still held."),
    }  # fmt: skip
    return {n: make_field(StoredField, kind, names, graphql=n, description=text) for n, (kind, text) in about.items()}


def add_discrepancies(registry: Registry, names: Namespace) -> None:
    """Add the types of discrepancies to `names`."""
    names["DiscrepancyKind"] = enum_type("DiscrepancyKind", "How a copy differs from its source.", KINDS)
    sectors = {sector.upper(): f"Entities of the sector {sector}." for sector in registry.sectors}
    names["Sector"] = enum_type("Sector", "A sector, by what it owns.", sectors)
    node = make_field(StoredField, "Node | None", names, graphql="node", description="The record; null if it is gone.")
    names["RecordedIn"] = object_type(
        "RecordedIn", "Where a copy stands.", {**part_fields(RECORDED_IN, names), "node": node}
    )
    subject = make_field(
        StoredField, "Subject | None", names, graphql="subject", description="Whose value it is; null if it is gone."
    )
    where = make_field(
        StoredField, "RecordedIn", names, graphql="recordedIn", description="The record that has the copy."
    )
    names["Discrepancy"] = object_type(
        "Discrepancy",
        "A copy that differs from the authoritative source. The sector that owns the copy has to mend it.",
        {"subject": subject, **part_fields(DISCREPANCY, names), "recorded_in": where},
    )
    add_connection("Discrepancy", names)
    _add_discrepancy_filter(names)


def _add_discrepancy_filter(names: Namespace) -> None:
    for kind, about in (("Sector", "a sector"), ("DiscrepancyKind", "how a copy differs")):
        operators = {"eq": (f"{kind} | None", "Equal."), "in": (f"list[{kind}] | None", "Equal to one of these.")}
        names[f"{kind}Filter"] = input_type(f"{kind}Filter", f"A condition on {about}.", operators, names)
    parts = {
        "sector": ("SectorFilter | None", "The sector that owns the copy."),
        "source": ("StringFilter | None", "The sector system that the copy is from: the name of its connector."),
        "kind": ("DiscrepancyKindFilter | None", "How the two differ."),
        "since": ("DateTimeFilter | None", "Since when the hub has seen it."),
    }
    about = "Conditions on discrepancies; all that are given must hold."
    names["DiscrepancyFilter"] = input_type("DiscrepancyFilter", about, parts, names)
    order = {"since": ("OrderDirection | None", "By when the hub first saw it.")}
    names["DiscrepancyOrder"] = input_type("DiscrepancyOrder", "An order of discrepancies.", order, names, one_of=True)


def discrepancies_field(kind: type[StrawberryField], names: Namespace) -> StrawberryField:
    """The connection: of a subject, or at the root of all."""
    arguments = [
        make_argument("filter", "DiscrepancyFilter | None", names, "Only those for which this holds."),
        make_argument("orderBy", "DiscrepancyOrder | None", names, "Order; the newest first if not given."),
        make_argument(INCLUDE_RESOLVED, "bool | None", names, "Also those that no longer stand."),
        *page_arguments(names),
    ]
    about = "Copies in other sectors that differ from the authoritative source."
    return make_field(
        kind, "DiscrepancyConnection", names, graphql=DISCREPANCIES_FIELD, description=about, arguments=arguments
    )
