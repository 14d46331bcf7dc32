"""A prefill as the graph's types read it."""

from collections.abc import Mapping
from typing import Any

from hub.corrections.notices import DisputedRecords
from hub.graph.completion.whole_values import OwnReader, ValueReaders, WholeValue
from hub.graph.procedures.prefill.prefill_corrections import show_disputes
from hub.plan.building.correction_nodes import CORRECTIONS_FIELD
from hub.plan.building.node_builder import KIND_KEY
from hub.procedures.answers import HeldValue, LosingValue, Prefill, ProcedureSummary, RequirementSummary
from hub.procedures.display import display_value


def view_prefill(filled: Prefill, disputed: DisputedRecords) -> WholeValue:
    """A prefill with the corrections of its values that are not settled."""
    return WholeValue(filled, READERS, (disputed, filled.at))


def _read_corrections(value: Any, context: Any) -> list[dict[str, Any]]:
    return show_disputes(context[0], value, context[1])


_OWN: Mapping[type, Mapping[str, OwnReader]] = {
    Prefill: {"stillToAsk": lambda filled, _: filled.still_to_ask},
    HeldValue: {
        KIND_KEY: lambda value, _: type(value).__name__,
        "display": lambda value, _: display_value(value),
        CORRECTIONS_FIELD: _read_corrections,
    },
    LosingValue: {CORRECTIONS_FIELD: _read_corrections},
}
READERS = ValueReaders(_OWN, constant=frozenset({RequirementSummary, ProcedureSummary}))
