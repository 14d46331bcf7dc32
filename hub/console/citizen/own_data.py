"""The data held about a citizen, in sections and in words: the answer of the purpose `portal`. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.console.officer.search_kinds import show_day
from hub.console.words import show_instant
from hub.model.labels import join_labels
from hub.model.names import to_snake_case
from hub.model.registry import Column, Reference, Registry, load_registry
from hub.procedures.display import show_quantity
from schema.core import Label
from schema.values import CodeList


@dataclass(frozen=True)
class SectionShape:
    """One list of the answer: under which name, of which kind, and the values of a row as paths, whose words the schema has."""

    field: str
    entity: str
    title: Label
    paths: tuple[str, ...]


PERSON = ("personalId", "formerId", "fullName", "sex", "birthDate", "ethnicity", "residenceAddress", "registeredOn")
SECTIONS = (
    SectionShape("memberships", "HouseholdMembership", Label("Hộ gia đình", "Household"), (
        "household.householdCode", "household.address", "relationship", "since",
    )),
    SectionShape("maritalStatuses", "MaritalStatus", Label("Hôn nhân", "Marriage"), (
        "state", "spouse.fullName", "certificateNumber", "since", "until",
    )),
    SectionShape("landUseRights", "LandUseRight", Label("Đất đai", "Land"), (
        "certificateSerial", "parcel.address", "area", "purpose", "issuedOn", "status",
    )),
    SectionShape("taxpayers", "Taxpayer", Label("Đăng ký thuế", "Tax registration"), (
        "taxpayerNumber", "taxCode", "kind", "status",
    )),
    SectionShape("taxObligations", "TaxObligation", Label("Nghĩa vụ thuế", "Taxes"), (
        "kind", "year", "amount", "paidAmount", "dueOn", "status",
    )),
    SectionShape("benefits", "Benefit", Label("Trợ cấp", "Benefits"), (
        "kind", "monthlyAmount", "since", "until", "status",
    )),
    SectionShape("businessRoles", "BusinessRole", Label("Doanh nghiệp", "Businesses"), (
        "business.legalName", "role", "since", "until",
    )),
)  # fmt: skip


@dataclass(frozen=True)
class OwnRow:
    """One row. `source` says from whom it is and as of when; `disputes` are corrections under way."""

    facts: tuple[tuple[Label, str], ...]
    source: str
    disputes: tuple[Label, ...]


@dataclass(frozen=True)
class OwnSection:
    """Rows of one kind."""

    title: Label
    rows: tuple[OwnRow, ...]


def read_own_data(citizen: Mapping[str, Any], titles: Mapping[str, Label]) -> tuple[OwnSection, ...]:
    """The sections that have any row, the person first."""
    person = OwnSection(Label("Bản thân", "Yourself"), (_read_row(citizen, "Citizen", PERSON, titles),))
    others = (
        OwnSection(
            shape.title,
            tuple(_read_row(node, shape.entity, shape.paths, titles) for node in citizen[shape.field]["nodes"]),
        )
        for shape in SECTIONS
    )
    return (person, *(section for section in others if section.rows))


def find_path_column(registry: Registry, entity: str, path: str) -> tuple[Label, Column]:
    """The column that a path from an entity ends at, with its words: `spouse.fullName` is told by what leads to the person."""
    *through, last = path.split(".")
    at, words = registry[entity], None
    for name in through:
        end = at.ends[to_snake_case(name)]
        words = words or end.label
        at = registry[end.target if isinstance(end, Reference) else end.kinds[0]]
    column = at.column(to_snake_case(last))
    is_name = column.value.name_search
    label = words if words and is_name else join_labels(words, column.label) if words else column.label
    return label, column


def _read_row(node: Mapping[str, Any], entity: str, paths: tuple[str, ...], titles: Mapping[str, Label]) -> OwnRow:
    provenance = node.get("provenance") or {}
    name = provenance.get("source", "")
    source = f"{titles[name].vi if name in titles else name}, {show_instant(provenance.get('asOf'))}" if name else ""
    disputes = tuple(
        Label(one["label"]["vi"], one["label"]["en"]) for one in (node.get("corrections") or {}).get("nodes", [])
    )
    facts = []
    for path in paths:
        label, column = find_path_column(load_registry(), entity, path)
        if text := _show(node, column, path):
            facts.append((label, text))
    return OwnRow(tuple(facts), source.strip(", "), disputes)


def _show(node: Mapping[str, Any], column: Column, path: str) -> str:
    """A value in words, with its unit; empty if there is none."""
    value: Any = node
    for name in path.split("."):
        value = (value or {}).get(name)
    if value is None:
        return ""
    text, kind = str(value), column.value
    if issubclass(kind, CodeList):
        return kind.codes[text].vi if text in kind.codes else text
    if kind.unit:
        return show_quantity(Decimal(text), kind.unit)
    return show_day(text) if len(text) == 10 and text[4] == text[7] == "-" else text
