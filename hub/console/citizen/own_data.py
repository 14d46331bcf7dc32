"""The data held about a citizen, in sections and in words: the answer of the purpose `portal`. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.console.officer.search_kinds import show_day
from hub.console.words import show_instant
from hub.model.names import to_snake_case
from hub.model.registry import load_registry
from schema.core import Label

Columns = tuple[tuple[str, Label], ...]
STATUS = ("status", Label("Tình trạng", "Status"))
SINCE = ("since", Label("Từ ngày", "Since"))
UNTIL = ("until", Label("Đến ngày", "Until"))


@dataclass(frozen=True)
class SectionShape:
    """One list of the answer: under which name, of which kind, and the columns of a row."""

    field: str
    entity: str
    title: Label
    columns: Columns


PERSON: Columns = (
    ("personalId", Label("Số định danh", "Identifier")),
    ("formerId", Label("Số CMND cũ", "Former identifier")),
    ("fullName", Label("Họ tên", "Name")),
    ("sex", Label("Giới tính", "Sex")),
    ("birthDate", Label("Ngày sinh", "Born")),
    ("ethnicity", Label("Dân tộc", "Ethnicity")),
    ("residenceAddress", Label("Nơi thường trú", "Residence")),
    ("registeredOn", Label("Đăng ký ngày", "Registered")),
)
SECTIONS = (
    SectionShape("memberships", "HouseholdMembership", Label("Hộ gia đình", "Household"), (
        ("household.householdCode", Label("Mã hộ", "Code")),
        ("household.address", Label("Địa chỉ", "Address")),
        ("relationship", Label("Quan hệ với chủ hộ", "Relationship")),
        SINCE,
    )),
    SectionShape("maritalStatuses", "MaritalStatus", Label("Hôn nhân", "Marriage"), (
        ("state", Label("Tình trạng", "State")),
        ("spouse.fullName", Label("Vợ hoặc chồng", "Spouse")),
        ("certificateNumber", Label("Số giấy chứng nhận", "Certificate")),
        SINCE,
        UNTIL,
    )),
    SectionShape("landUseRights", "LandUseRight", Label("Đất đai", "Land"), (
        ("certificateSerial", Label("Số giấy chứng nhận", "Certificate")),
        ("parcel.address", Label("Địa chỉ thửa đất", "Address")),
        ("area", Label("Diện tích (m²)", "Area")),
        ("purpose", Label("Mục đích sử dụng", "Purpose")),
        ("issuedOn", Label("Ngày cấp", "Issued")),
        STATUS,
    )),
    SectionShape("taxpayers", "Taxpayer", Label("Đăng ký thuế", "Tax registration"), (
        ("taxpayerNumber", Label("Số", "Number")),
        ("taxCode", Label("Mã số thuế", "Tax code")),
        ("kind", Label("Loại", "Kind")),
        STATUS,
    )),
    SectionShape("taxObligations", "TaxObligation", Label("Nghĩa vụ thuế", "Taxes"), (
        ("kind", Label("Loại thuế", "Tax")),
        ("year", Label("Năm", "Year")),
        ("amount", Label("Phải nộp (đồng)", "Due")),
        ("paidAmount", Label("Đã nộp (đồng)", "Paid")),
        ("dueOn", Label("Hạn nộp", "Due on")),
        STATUS,
    )),
    SectionShape("benefits", "Benefit", Label("Trợ cấp", "Benefits"), (
        ("kind", Label("Loại", "Kind")),
        ("monthlyAmount", Label("Mức tháng (đồng)", "A month")),
        SINCE,
        UNTIL,
        STATUS,
    )),
    SectionShape("businessRoles", "BusinessRole", Label("Doanh nghiệp", "Businesses"), (
        ("business.legalName", Label("Tên", "Name")),
        ("role", Label("Vai trò", "Role")),
        SINCE,
        UNTIL,
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
            tuple(_read_row(node, shape.entity, shape.columns, titles) for node in citizen[shape.field]["nodes"]),
        )
        for shape in SECTIONS
    )
    return (person, *(section for section in others if section.rows))


def _read_row(node: Mapping[str, Any], entity: str, columns: Columns, titles: Mapping[str, Label]) -> OwnRow:
    provenance = node.get("provenance") or {}
    name = provenance.get("source", "")
    source = f"{titles[name].vi if name in titles else name}, {show_instant(provenance.get('asOf'))}" if name else ""
    disputes = tuple(
        Label(one["label"]["vi"], one["label"]["en"]) for one in (node.get("corrections") or {}).get("nodes", [])
    )
    facts = tuple((label, text) for path, label in columns if (text := _show(node, entity, path)))
    return OwnRow(facts, source.strip(", "), disputes)


def _show(node: Mapping[str, Any], entity: str, path: str) -> str:
    """A value in words; empty if there is none."""
    value: Any = node
    for name in path.split("."):
        value = (value or {}).get(name)
    if value is None:
        return ""
    text = str(value)
    column = next((one for one in load_registry()[entity].columns if one.name == to_snake_case(path)), None)
    codes: Mapping[str, Label] = getattr(column.value, "codes", {}) if column else {}
    if text in codes:
        return codes[text].vi
    return show_day(text) if len(text) == 10 and text[4] == text[7] == "-" else text
