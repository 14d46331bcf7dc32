"""Types of corrections: requests to the owners of wrong or missing values, at rows and at the root."""

from strawberry.types.field import StrawberryField

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
from hub.graph.schema_types.type_parts import add_connection, page_arguments, part_fields
from hub.model.correction_states import ORIGIN_MEANINGS, STATE_MEANINGS
from hub.model.derived_fields import CORRECTION
from hub.plan.building.correction_nodes import CORRECTIONS_FIELD

LABEL = {"vi": ("str", "In Vietnamese."), "en": ("str", "In English.")}


def add_corrections(names: Namespace) -> None:
    """Add the types of corrections to `names`."""
    states = {state.name: about for state, about in STATE_MEANINGS.items()}
    names["CorrectionState"] = enum_type("CorrectionState", "Where a correction stands.", states)
    names["CorrectionOrigin"] = enum_type("CorrectionOrigin", "What a correction was opened from.", ORIGIN_MEANINGS)
    label = {n: make_field(StoredField, kind, names, graphql=n, description=text) for n, (kind, text) in LABEL.items()}
    names["CorrectionStateLabel"] = object_type("CorrectionStateLabel", "A state in words.", label)
    words = make_field(
        StoredField, "CorrectionStateLabel", names, graphql="label", description="The state in words, for people."
    )
    names["Correction"] = object_type(
        "Correction",
        "A request to the owner of a value that is wrong or missing. It closes when the source shows the value.",
        {**part_fields(CORRECTION, names), "label": words},
    )
    add_connection("Correction", names)
    states_filter = {
        "eq": ("CorrectionState | None", "Equal."),
        "in": ("list[CorrectionState] | None", "Equal to one of these."),
    }
    about = "A condition on the state of a correction."
    names["CorrectionStateFilter"] = input_type("CorrectionStateFilter", about, states_filter, names)
    parts = {
        "source": ("StringFilter | None", "The sector system that owns the value: the name of its connector."),
        "state": ("CorrectionStateFilter | None", "Where it stands."),
        "since": ("DateTimeFilter | None", "When it was opened."),
        "dueAt": ("DateTimeFilter | None", "By when the source has to act."),
    }
    about = "Conditions on corrections; all that are given must hold."
    names["CorrectionFilter"] = input_type("CorrectionFilter", about, parts, names)
    order = {"since": ("OrderDirection | None", "By when it was opened.")}
    names["CorrectionOrder"] = input_type("CorrectionOrder", "An order of corrections.", order, names, one_of=True)


def corrections_field(names: Namespace) -> StrawberryField:
    """The connection at the root: all corrections."""
    arguments = [
        make_argument("filter", "CorrectionFilter | None", names, "Only those for which this holds."),
        make_argument("orderBy", "CorrectionOrder | None", names, "Order; the newest first if not given."),
        *page_arguments(names),
    ]
    return make_field(
        RootField,
        "CorrectionConnection",
        names,
        graphql=CORRECTIONS_FIELD,
        description="Requests to correct a value, for the source that owns it.",
        arguments=arguments,
    )


def row_corrections_field(names: Namespace) -> StrawberryField:
    """The connection of a row: what of it is disputed."""
    return make_field(
        StoredField,
        "CorrectionConnection",
        names,
        graphql=CORRECTIONS_FIELD,
        description="Disputed values of this row, not settled yet, oldest first: of the fields that are selected beside this one.",
        arguments=page_arguments(names),
    )
