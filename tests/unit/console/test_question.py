"""A review question as a page shows it: aligned, marked, and without a score."""

import pytest

from hub.console.steward.question import compare, mark_of, read_facts, read_question
from hub.console.steward.review_pages import read_typed
from schema.codes import RightStatus
from schema.core import Label

CITIZEN = {
    "id": "Q2l0aXplbjo1",
    "personalId": "022085001234",
    "formerId": "100234567",
    "fullName": "Nguyễn Văn Hòa",
    "sex": "MALE",
    "birthDate": "1980-05-14",
    "residenceAddress": "Tổ 3",
    "residence": {"name": "Phường Hà Tu"},
    "memberships": {"nodes": [{"household": {"householdCode": "H1", "address": "Tổ 3"}}]},
    "landUseRights": {"nodes": [{"certificateSerial": "AA1", "parcel": None}]},
}
RECORD = {
    "id": "VA",
    "certificateSerial": "BB2",
    "issuedOn": "2019-02-01",
    "rightStatus": "REGISTERED",
    "holderLink": {
        "recorded": {"name": "NGUYEN VAN HOA", "birthDate": "1981", "identifier": "100234567", "address": None}
    },
    "parcelLink": {"recorded": {"parcelNumber": "12"}},
    "provenance": {"source": "land", "asOf": "2025-01-02T00:00:00Z"},
}
NODE = {
    "field": "LAND_USE_RIGHT_HOLDER",
    "record": RECORD,
    "candidates": [
        {"subject": CITIZEN, "weight": 17.25, "confidence": 0.991},
        {"subject": None, "weight": 3.5, "confidence": 0.5},
    ],
    "stake": {"procedures": ["a"], "waiting": 3},
}


@pytest.mark.parametrize(
    ("row", "left", "right", "mark"),
    [
        ("name", "Hòa", "Hòa", "same"),
        ("name", "HOA", "Hòa", "spelling"),
        ("name", "Hòa", "Hằng", "differs"),
        ("name", "Hòa", "", "absent"),
        ("birth", "1980", "14/05/1980", "year"),
        ("birth", "14/05/1980", "1980", "year"),
        ("birth", "1981", "14/05/1980", "differs"),
        ("birth", "15/05/1980", "14/05/1980", "differs"),
        ("address", "Hà Tu", "Tổ 3/Hà Tu", "differs"),
    ],
)
def test_a_value_is_marked_by_how_it_stands_to_the_record(row: str, left: str, right: str, mark: str) -> None:
    assert mark_of(row, {row: left}, {row: right}) == mark


def name_source(name: str) -> Label:
    return Label(f"Nguồn {name}", f"Source {name}")


def test_a_question_names_its_source_and_the_local_instant() -> None:
    given = {**NODE, "record": {**RECORD, "provenance": {"source": "land", "asOf": "2025-01-01T18:30:00+00:00"}}}
    question = read_question(given, name_source)
    assert question.source == Label("Nguồn land", "Source land")
    assert question.as_of == "02/01/2025 01:30", "the day of Vietnam, not of Greenwich"
    unknown = read_question({**NODE, "record": {**RECORD, "provenance": None}}, name_source)
    assert (unknown.source, unknown.as_of) == (None, "")


def test_a_question_is_aligned_and_tells_no_score() -> None:
    question = read_question(NODE, name_source)
    marks = {row.name.en: row.cells[0].mark for row in question.rows}
    assert (marks["Name"], marks["Identifier"], marks["Born"], marks["Address"]) == (
        "spelling",
        "same",
        "differs",
        "absent",
    )
    assert [(name.en, text) for name, text in question.facts] == [
        ("Certificate", "BB2"),
        ("Issued", "01/02/2019"),
        ("Status of the right", RightStatus.codes["REGISTERED"].vi),
    ]
    assert [one.beside for one in question.candidates] == [("Hộ H1 Tổ 3", "Giấy chứng nhận AA1")]
    assert question.candidates[0].same_reason == "trùng: họ tên hoặc tên gọi, số định danh"
    assert "17.25" not in repr(question)
    assert "0.99" not in repr(question)


def test_a_record_with_two_links_shows_the_one_that_is_asked_about() -> None:
    assert read_facts(RECORD, "parcelLink") == {"parcel": "12"}
    rows = compare(read_facts(RECORD, "holderLink"), [read_facts(CITIZEN)])
    assert "Parcel number" not in {row.name.en for row in rows}


def test_only_the_best_candidates_are_shown_and_the_others_counted() -> None:
    candidates = [{"subject": {**CITIZEN, "id": str(n)}} for n in range(9)]
    question = read_question({**NODE, "candidates": candidates}, name_source)
    assert [one.subject_id for one in question.candidates] == ["0", "1", "2", "3", "4", "5"]
    assert question.others == 3


@pytest.mark.parametrize(
    ("changed", "typed"),
    [
        ({}, {"Q2l0aXplbjo1": "vì"}),
        ({"record": "VB"}, {}),
        ({"field": "TAXPAYER_PARTY"}, {}),
    ],
)
def test_a_typed_reason_is_of_its_question_and_candidate(changed: dict[str, str], typed: dict[str, str]) -> None:
    draft = {"field": "LAND_USE_RIGHT_HOLDER", "record": "VA", "subject": "Q2l0aXplbjo1", "reason": "vì", **changed}
    assert read_typed(draft, read_question(NODE, name_source)) == typed
    assert read_typed({}, read_question(NODE, name_source)) == {}
    assert read_typed({}, None) == {}
