"""Corrections of rejected rows as a form offers them, and rows as a page shows them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.console.operator.rejected_groups import RULE_WORDS, find_expected
from hub.console.words import show_instant
from hub.model.labels import find_label
from hub.model.registry import load_registry
from schema.core import Label
from schema.values import PartialDate, Storage

EDIT_WORDS: Mapping[str, Label] = {
    "REPLACE_VALUE": Label("Thay cả giá trị", "Replace the whole value"),
    "REPLACE_TEXT": Label("Thay một đoạn trong giá trị", "Replace a part of the value"),
    "PAD": Label("Thêm số 0 đã mất ở đầu cho đủ số chữ số", "Add lost leading zeros up to a length"),
    "EMPTY": Label("Bỏ trống", "Leave it out"),
}
DAY_WORDS: Mapping[str, Label] = {
    "DAY_MONTH_YEAR": Label("ngày/tháng/năm, như 25/12/1980", "day/month/year"),
    "MONTH_DAY_YEAR": Label("tháng/ngày/năm, như 12/25/1980", "month/day/year"),
    "DAY_MONTH_YEAR_DASHES": Label("ngày-tháng-năm, như 25-12-1980", "day-month-year"),
    "DAY_MONTH_YEAR_DOTS": Label("ngày.tháng.năm, như 25.12.1980", "day.month.year"),
    "YEAR_MONTH_DAY": Label("năm/tháng/ngày, như 1980/12/25", "year/month/day"),
    "DAY_MONTH_YEAR_DIGITS": Label("viết liền, như 25121980", "digits, day first"),
    "YEAR_MONTH_DAY_DIGITS": Label("viết liền, như 19801225", "digits, year first"),
}
READ_DAY = "READ_DAY"
FIX_FIELDS = ("column", "edit", "find", "to", "note")
"""Fields of the form that proposes a correction. `edit` is a key of EDIT_WORDS, or READ_DAY with a form of a day."""


@dataclass(frozen=True)
class GroupHead:
    """What a page says of a group: its field, rule, and the form that the field has."""

    source: str
    stream: str
    entity: str
    name: Label
    rule: Label
    expected: str
    is_day: bool


@dataclass(frozen=True)
class RejectedRowView:
    """One row: values of the broken field in full, others masked."""

    number: int
    key: str
    reason: str
    since: str
    broken: tuple[tuple[str, str], ...]
    others: tuple[tuple[str, str], ...]
    is_withheld: bool


def describe_group(group: Mapping[str, str | None]) -> GroupHead:
    """The head of a page."""
    entity, field = group["entity"] or "", group["field"]
    known = {one.name: one for one in load_registry()}
    column = next((one for one in known[entity].columns if one.name == field), None) if entity in known else None
    rule = group["rule"] or ""
    return GroupHead(
        source=group["source"] or "",
        stream=group["stream"] or "",
        entity=entity,
        name=find_label(load_registry(), entity, field),
        rule=RULE_WORDS.get(rule, Label(rule, rule)),
        expected=find_expected(entity, field),
        is_day=column is not None and (column.value.storage is Storage.DATE or issubclass(column.value, PartialDate)),
    )


def read_rows(nodes: Sequence[Mapping[str, Any]]) -> tuple[RejectedRowView, ...]:
    """The rows of a page."""
    return tuple(
        RejectedRowView(
            number=node["number"],
            key=node["key"],
            reason=node["reason"],
            since=show_instant(node["firstSeen"]),
            broken=_list_cells(node["cells"], is_broken=True),
            others=_list_cells(node["cells"], is_broken=False),
            is_withheld=node["isWithheld"],
        )
        for node in nodes
    )


def read_edit(given: Mapping[str, str]) -> dict[str, str]:
    """The variables of a correction, from the fields of the form."""
    edit, _, form = given.get("edit", "").partition(":")
    find = form if edit == READ_DAY else given.get("find", "")
    return {"column": given.get("column", ""), "edit": edit, "find": find, "to": given.get("to", "")}


def _list_cells(cells: Sequence[Mapping[str, Any]], *, is_broken: bool) -> tuple[tuple[str, str], ...]:
    return tuple((cell["column"], cell["value"] or "") for cell in cells if cell["isBroken"] is is_broken)
