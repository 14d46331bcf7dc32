"""Procedures made in a folder of their own, and answered from values instead of a store."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hub.access.purposes import load_purpose
from hub.graph.schema import get_core_schema, load_schema
from hub.procedures.answering.engine import ReadSubject, WithheldDocument
from hub.procedures.answering.source_findings import EntitySource, SourceFacts, SourceTrouble
from hub.procedures.answering.subjects import PrefillSubject
from hub.procedures.answers import Prefill, RequirementAnswer
from hub.procedures.declaration.compiled_procedures import CompiledProcedure, compile_procedure
from hub.procedures.prefill import answer_requirements

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
RECENT = (AT - timedelta(hours=1)).isoformat()
OLD = (AT - timedelta(days=400)).isoformat()
HEAD = """
code = "trial"
version = "1"
in_force_from = 2025-07-01
max_age_days = 30
retention_days = 0
name = { vi = "Thử", en = "Trial" }
about = { vi = "Thử", en = "Trial" }
users = { roles = ["officer"] }
limits = { rows = 100000 }

[[legal_basis]]
title = "Luật"
article = "Điều 1"
about = { vi = "Thử", en = "Trial" }

[subjects.seller]
entity = "Citizen"
name = { vi = "Bên bán", en = "Seller" }
"""
ORIGIN = "id provenance { source asOf }"
SELLER = """
query Seller($seller: PersonalId!) {
  citizen(by: { personalId: $seller }) {
    id fullName birthDate residenceAddress residence { name unitCode } provenance { source asOf }
    landUseRights(first: 10) {
      pageInfo { hasNextPage }
      nodes {
        id certificateSerial area termEndsOn provenance { source asOf }
        holderLink { status recorded { name } }
        parcelLink { status }
        parcel {
          id area provenance { source asOf }
          encumbrances(first: 10) {
            pageInfo { hasNextPage }
            nodes { id kind registrationNumber parcelLink { status } provenance { source asOf } }
          }
        }
      }
    }
    taxObligations(first: 10) {
      pageInfo { hasNextPage }
      nodes { id amount paidAmount obligationNumber debtorLink { status } provenance { source asOf } }
    }
  }
}
"""
REQUIREMENTS = """
[[requirements]]
code = "seller_name"
label = { vi = "Họ tên", en = "Name" }
holder = "citizen"
value = ["citizen.fullName"]

[[requirements]]
code = "born"
label = { vi = "Ngày sinh", en = "Born" }
holder = "citizen"
value = ["citizen.birthDate"]

[[requirements]]
code = "age"
label = { vi = "Tuổi", en = "Age" }
derived = { rule = "age", from = "born" }

[[requirements]]
code = "residence"
label = { vi = "Nơi thường trú", en = "Residence" }
holder = "citizen"
address = { detail = "citizen.residenceAddress", unit = "citizen.residence.name", unit_code = "citizen.residence.unitCode" }

[[requirements]]
code = "certificates"
label = { vi = "Giấy chứng nhận", en = "Certificates" }
holder = "land"
rows = "citizen.landUseRights.nodes"
key = "certificateSerial"
choose = true
none = { vi = "Không có", en = "None" }

[[requirements]]
code = "area"
label = { vi = "Diện tích", en = "Area" }
holder = "land"
within = "certificates"
value = ["parcel.area", "area"]

[[requirements]]
code = "same_area"
label = { vi = "Diện tích khớp", en = "Same area" }
holder = "land"
within = "certificates"
value = ["parcel.area"]
agrees_with = ["area"]

[[requirements]]
code = "likely_area"
label = { vi = "Diện tích, có thể", en = "Likely area" }
holder = "land"
within = "certificates"
value = ["parcel.area"]
probable = true

[[requirements]]
code = "term"
label = { vi = "Thời hạn", en = "Term" }
holder = "land"
within = "certificates"
value = ["termEndsOn"]
null = { code = "LONG_TERM", vi = "Lâu dài", en = "Long-term" }

[[requirements]]
code = "encumbrances"
label = { vi = "Hạn chế", en = "Encumbrances" }
holder = "land"
within = "certificates"
rows = "parcel.encumbrances.nodes"
key = "registrationNumber"
none = { vi = "Không có", en = "None" }

[[requirements]]
code = "encumbrance_kind"
label = { vi = "Loại", en = "Kind" }
holder = "land"
within = "encumbrances"
value = ["kind"]

[[requirements]]
code = "release"
label = { vi = "Giấy xoá thế chấp", en = "Release" }
kind = "document"
asked_of = "citizen"
within = "encumbrances"
applies_when = [{ requirement = "encumbrance_kind", in = ["MORTGAGE"] }]

[[requirements]]
code = "debts"
label = { vi = "Nợ thuế", en = "Debts" }
holder = "finance"
rows = "citizen.taxObligations.nodes"
key = "obligationNumber"
none = { vi = "Không có", en = "None" }

[[requirements]]
code = "debt_amount"
label = { vi = "Số tiền", en = "Amount" }
holder = "finance"
within = "debts"
value = ["amount"]

[[requirements]]
code = "debt_paid"
label = { vi = "Đã nộp", en = "Paid" }
holder = "finance"
within = "debts"
value = ["paidAmount"]
null = { code = "NOTHING", vi = "Chưa nộp", en = "Nothing" }

[[requirements]]
code = "debt_total"
label = { vi = "Tổng nợ", en = "Total" }
derived = { rule = "sum", from = "debt_amount", minus = "debt_paid" }

[[requirements]]
code = "debt_count"
label = { vi = "Số khoản", en = "Count" }
derived = { rule = "count", from = "debts" }

[[requirements]]
code = "pension"
label = { vi = "Lương hưu", en = "Pension" }
holder = "insurance"

[[requirements]]
code = "price"
label = { vi = "Giá", en = "Price" }
asked_of = "citizen"

[[blocks]]
code = "seized"
label = { vi = "Bị kê biên", en = "Seized" }
when = [{ requirement = "encumbrance_kind", in = ["SEIZURE"] }]
"""


def write_procedure(home: Path, declaration: str, **documents: str) -> Path:
    """A folder with a declaration and documents."""
    folder = home / "trial"
    folder.mkdir(exist_ok=True)
    (folder / "procedure.toml").write_text(declaration, encoding="utf-8")
    for name, text in documents.items():
        (folder / f"{name}.graphql").write_text(text, encoding="utf-8")
    return folder


def compile_folder(folder: Path) -> CompiledProcedure:
    """The procedure in a folder."""
    return compile_procedure(load_purpose(folder), get_core_schema(load_schema()))


def origin(source: str = "land", as_of: str = RECENT) -> dict[str, Any]:
    """The provenance of a row."""
    return {"source": source, "asOf": as_of}


def page(nodes: list[Any], *, cut: bool | None = False) -> dict[str, Any]:
    """A connection; `cut` None: the page does not say whether it is cut."""
    return {"nodes": nodes, "pageInfo": None if cut is None else {"hasNextPage": cut}}


def right(serial: str = "A1", **changes: Any) -> dict[str, Any]:
    """A land-use right in a parcel without encumbrances."""
    made = {
        "id": f"right-{serial}",
        "certificateSerial": serial,
        "area": 100.5,
        "termEndsOn": None,
        "provenance": origin(),
        "holderLink": {"status": "CONFIRMED", "recorded": {"name": "Trần Thị Hoà"}},
        "parcelLink": {"status": "CONFIRMED"},
        "parcel": parcel(),
    }
    return {**made, **changes}


def parcel(**changes: Any) -> dict[str, Any]:
    """A parcel."""
    made = {
        "id": "parcel",
        "area": 100.5,
        "provenance": origin(),
        "encumbrances": page([]),
    }
    return {**made, **changes}


def encumbrance(kind: str = "MORTGAGE", number: str = "E1") -> dict[str, Any]:
    """An encumbrance."""
    return {
        "id": f"encumbrance-{number}",
        "kind": kind,
        "registrationNumber": number,
        "parcelLink": {"status": "CONFIRMED"},
        "provenance": origin(),
    }


def debt(amount: int, paid: int | None = 0, number: str = "D1") -> dict[str, Any]:
    """A tax obligation."""
    return {
        "id": f"debt-{number}",
        "amount": amount,
        "paidAmount": paid,
        "obligationNumber": number,
        "debtorLink": {"status": "CONFIRMED"},
        "provenance": origin("finance"),
    }


def seller(**changes: Any) -> dict[str, Any]:
    """A citizen who holds one right and owes nothing."""
    made = {
        "id": "seller",
        "fullName": "Trần Thị Hòa",
        "birthDate": "1980-06-02",
        "residenceAddress": "Tổ 1",
        "residence": {"name": "Phường Vàng Danh", "unitCode": "06820@2025-07-01"},
        "provenance": origin("population"),
        "landUseRights": page([right()]),
        "taxObligations": page([]),
    }
    return {**made, **changes}


def sources(
    *, completed: str | None = RECENT, trouble: SourceTrouble | None = None, without: tuple[str, ...] = ()
) -> SourceFacts:
    """The sources of every entity, all in one state."""
    instant = None if completed is None else datetime.fromisoformat(completed)
    names = {
        "Citizen": "population",
        "LandUseRight": "land",
        "Parcel": "land",
        "Encumbrance": "land",
        "TaxObligation": "finance",
    }
    states = {
        entity: (EntitySource(source, instant, trouble),) for entity, source in names.items() if entity not in without
    }
    return SourceFacts(states, AT)


def subject(role: str = "seller", number: int | None = 1, **changes: Any) -> PrefillSubject:
    """A subject."""
    keys = {} if number is None else {"personalId": f"{number:012}", "id": f"Citizen:{number}"}
    return PrefillSubject(role, "Citizen", number, keys, **changes)


def fill(
    compiled: CompiledProcedure,
    citizen: Mapping[str, Any] | WithheldDocument | None,
    facts: SourceFacts | None = None,
    **options: Any,
) -> Prefill:
    """The prefill for one seller; None: the hub does not hold the person."""
    name = next(iter(compiled.documents))
    data = citizen if isinstance(citizen, WithheldDocument) else {"citizen": citizen}
    read = ReadSubject(subject(number=None if citizen is None else 1), {name: data if citizen is not None else None})
    return answer_requirements(compiled, [read], facts or sources(), **options)


def find(filled: Prefill, code: str, *keys: str) -> RequirementAnswer:
    """The one answer to a requirement, of these items if it is within a list."""
    found = [
        answer
        for answer in filled.answers
        if answer.requirement.code == code and (not keys or tuple(item.key for item in answer.items) == keys)
    ]
    assert len(found) == 1, [answer.items for answer in found]
    return found[0]
