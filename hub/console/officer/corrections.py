"""What an officer claims a value should be, as the graph takes it. Pure."""

from collections.abc import Mapping

from hub.console.officer.search_kinds import show_day
from hub.errors import OperationRefused
from hub.model.registry import Registry
from hub.plan.binds import read_global_id
from hub.plan.building.search_text import read_search_text
from schema.core import Label
from schema.values import CodeList


def read_claim(kind: str, text: str) -> str | None:
    """The claim in the form of the graph; empty for none. None if it should be a day, and is none."""
    clean = text.strip()
    if kind != "DateAnswer" or not clean:
        return clean
    try:
        read = read_search_text(clean)
    except OperationRefused:
        return None
    dates = (*read.days, *read.years)
    return dates[0] if len(dates) == 1 == len(read.tokens) else None


def show_claim(kind: str, exact: str | None) -> str:
    """What the form begins with: the value as it is, in the form in which it is typed."""
    return show_day(exact) if kind == "DateAnswer" and exact else exact or ""


def list_code_options(registry: Registry, record_id: str, field: str) -> Mapping[str, Label]:
    """The codes that a field of a record can have, with their words; empty if it is no code."""
    kind, _ = read_global_id(record_id)
    entity = registry.entities.get(kind or "")
    column = next((one for one in entity.columns if one.graphql == field), None) if entity else None
    return column.value.codes if column is not None and issubclass(column.value, CodeList) else {}
