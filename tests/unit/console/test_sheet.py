"""The sheet: three parts in the order of the form, made of nothing but the answer's data."""

from typing import Any

import pytest

from hub.console.officer.sheet import (
    HELD,
    NOT_ASKED,
    PART_OF_STATUS,
    TO_ASK,
    TO_CONFIRM,
    SheetNames,
    find_value,
    read_sheet,
)
from hub.console.words import (
    CHANGE_WORDS,
    LINK_WORDS,
    LOSS_WORDS,
    OCCASION_WORDS,
    REASON_WORDS,
    STATUS_WORDS,
    describe_outcome,
    show_instant,
)
from hub.graph.schema import get_core_schema, load_schema
from hub.procedures.answering.statuses import SETTLED, AnswerStatus, Reason
from schema.core import Label

NAMES = SheetNames(
    {"seller": Label("Bên bán", "Seller"), "buyer": Label("Bên mua", "Buyer")},
    {"land": Label("Đất đai", "Land"), "population": Label("Dân cư", "Population")},
)


def label(text: str) -> dict[str, str]:
    return {"vi": text, "en": f"{text} (en)"}


def value(text: str, **changed: Any) -> dict[str, Any]:
    return {
        "__typename": "TextAnswer",
        "recordId": "Q2l0aXplbjox",
        "field": "fullName",
        "display": label(text),
        "source": "population",
        "asOf": "2026-11-28T17:45:12.2+00:00",
        "linkStatus": None,
        "losingValues": [],
        "corrections": [],
        "text": text,
        **changed,
    }


def answer(code: str, status: str = "HELD", *values: dict[str, Any], **changed: Any) -> dict[str, Any]:
    requirement = {
        "code": code,
        "label": label(code),
        "kind": "DATA",
        "holder": "land",
        "askedOf": None,
        "evidence": None,
    }
    made = {
        "requirement": requirement | changed.pop("requirement", {}),
        "role": "seller",
        "items": [],
        "status": status,
        "reasons": [],
        "values": list(values),
        "none": None,
    }
    return made | changed


def prefill(*answers: dict[str, Any], **changed: Any) -> dict[str, Any]:
    subjects = [{"role": "seller", "id": "x", "merged": False}, {"role": "buyer", "id": None, "merged": False}]
    return {
        "procedure": {"name": label("Chuyển nhượng")},
        "dossier": "H49.12-251118-0007",
        "at": "2026-11-28T17:45:12+00:00",
        "subjects": subjects,
        "blockedBy": [],
        "answers": list(answers),
        **changed,
    }


def test_each_status_has_its_part_and_what_is_settled_is_not_asked() -> None:
    assert PART_OF_STATUS.keys() == {status.name for status in AnswerStatus}
    assert {PART_OF_STATUS[status.name] for status in SETTLED} == {HELD, NOT_ASKED}
    sheet = read_sheet(prefill(*(answer(s.name, s.name, value("x")) for s in AnswerStatus)), NAMES)
    listed = {one.code for groups in sheet.parts.values() for group in groups for one in group.answers}
    assert listed == PART_OF_STATUS.keys(), "no answer is lost"
    assert [sheet.count(part) for part in (HELD, TO_CONFIRM, TO_ASK, NOT_ASKED)] == [1, 3, 3, 1]


def test_every_code_of_the_graph_has_words() -> None:
    graph = get_core_schema(load_schema())
    assert STATUS_WORDS.keys() == set(graph.type_map["AnswerStatus"].values)  # type: ignore[attr-defined]
    for name, known in (("PrefillChangeKind", CHANGE_WORDS), ("SnapshotOccasion", OCCASION_WORDS)):
        assert known.keys() == set(graph.type_map[name].values)  # type: ignore[attr-defined]
    assert REASON_WORDS.keys() == {reason.name for reason in Reason}
    assert LINK_WORDS.keys() == {None, *graph.type_map["LinkStatus"].values}  # type: ignore[attr-defined]
    assert LOSS_WORDS.keys() == set(graph.type_map["LossKind"].values)  # type: ignore[attr-defined]
    words = [*STATUS_WORDS.values(), *REASON_WORDS.values(), *LINK_WORDS.values(), *LOSS_WORDS.values()]
    assert all(one.vi and one.en and one.vi != one.en for one in words)


def test_groups_stand_in_the_order_of_the_form() -> None:
    items = {key: [{"requirement": "list", "key": key}] for key in ("A", "B")}
    sheet = read_sheet(
        prefill(
            answer("name", "HELD", value("An")),
            answer("list", "HELD"),
            answer("serial", "HELD", value("A1"), items=items["A"]),
            answer("serial", "HELD", value("B1"), items=items["B"]),
            answer("area", "HELD", value("A2"), items=items["A"]),
            answer("debt", "HELD", value("0")),
            answer("price", "ASKED_OF_CITIZEN", role=None, requirement={"askedOf": "citizen", "kind": "DOCUMENT"}),
        ),
        NAMES,
    )
    told = [(group.name.vi, [one.code for one in group.answers]) for group in sheet.parts[HELD]]
    assert told == [("Bên bán", ["name", "debt"]), ("list A", ["serial", "area"]), ("list B", ["serial"])]
    (asked,) = sheet.parts[TO_ASK][0].answers
    assert (asked.asked_of, asked.is_document) == (Label("Công dân", "the citizen"), True)


def loss_of(text: str, **changed: Any) -> dict[str, Any]:
    where = {"recordId": "TGFuZDox", "field": "holderLink.recorded.name", "source": "land", "asOf": None}
    return {"text": text, "kind": "RECORDED_NAME", "corrections": [], **where, **changed}


def test_a_name_on_a_record_is_told_once_for_the_record_and_can_be_corrected() -> None:
    items = [{"requirement": "certificates", "key": "A1"}]
    named = loss_of("Nguyễn Văn Hoè", corrections=[{"words": label("Đang chờ chỉnh sửa")}])
    other = loss_of("7", kind="DIFFERS", field="area")
    answers = [
        answer("serial", "CONTRADICTORY", value("A1", losingValues=[named]), items=items, reasons=["NAMED_OTHERWISE"]),
        answer(
            "area",
            "CONTRADICTORY",
            value("8", field="area", losingValues=[named, other]),
            items=items,
            reasons=["NAMED_OTHERWISE", "SOURCES_DIFFER"],
        ),
    ]
    sheet = read_sheet(prefill(*answers), NAMES)
    (group,) = sheet.parts[TO_CONFIRM]
    assert [one.vi for one in group.reasons] == [REASON_WORDS["NAMED_OTHERWISE"].vi]
    assert [one.text for one in group.losing] == ["Nguyễn Văn Hoè"]
    assert group.losing[0].disputes[0].vi == "Đang chờ chỉnh sửa"

    found = find_value(sheet, "TGFuZDox", "holderLink.recorded.name")
    assert found is not None
    assert found[0].label.vi == "Tên ghi trên bản ghi: A1"
    assert (found[1].exact, found[1].kind, found[1].record_id) == ("Nguyễn Văn Hoè", "TextAnswer", "TGFuZDox")
    (alone,) = read_sheet(prefill(answers[0]), NAMES).parts[TO_CONFIRM]
    assert (alone.reasons, alone.losing) == ((), ())


def test_a_value_says_where_it_is_from_and_why_it_is_here() -> None:
    loss = loss_of("Nguyễn Văn Hòa")
    dispute = {"words": label("Đang chờ chỉnh sửa")}
    given = value(
        "Nguyễn Văn Hoà", linkStatus="PROBABLE", losingValues=[loss], corrections=[dispute], source="land, other"
    )
    sheet = read_sheet(prefill(answer("name", "CONTRADICTORY", given, reasons=["NAMED_OTHERWISE"])), NAMES)
    found = find_value(sheet, "Q2l0aXplbjox", "fullName")
    assert found is not None
    shown, held = found
    assert shown.reasons == (REASON_WORDS["NAMED_OTHERWISE"],)
    assert (held.source.vi, held.as_of, held.why) == ("Đất đai, other", "29/11/2026 00:45", LINK_WORDS["PROBABLE"])
    assert (held.losing[0].text, held.losing[0].source) == ("Nguyễn Văn Hòa", Label("Đất đai", "Land"))
    assert held.disputes[0].vi == "Đang chờ chỉnh sửa"
    assert (held.exact, held.can_be_corrected) == ("Nguyễn Văn Hoà", True)
    assert find_value(sheet, "Q2l0aXplbjoy", "fullName") is None


def test_a_derived_value_is_not_corrected_and_the_text_of_a_party_is_not_exact() -> None:
    derived = value("Phạm Thị Thu Thuỷ, 022184173560", __typename="PartyAnswer", recordId=None)
    del derived["text"]
    (group,) = read_sheet(prefill(answer("total", "HELD", derived)), NAMES).parts[HELD]
    (shown,) = group.answers[0].values
    assert (shown.can_be_corrected, shown.exact) == (False, None)


def test_a_list_of_several_is_offered_by_what_tells_its_items_apart() -> None:
    items = {key: [{"requirement": "certificates", "key": key}] for key in ("A1", "B2")}
    area = {"A1": value("100,9 m²", __typename="NumberAnswer"), "B2": value("7 m²", __typename="NumberAnswer")}
    parcel = value("thửa 2", __typename="ParcelAnswer")
    sheet = read_sheet(
        prefill(
            answer("certificates", "ASKED_OF_CITIZEN", reasons=["CHOICE_OPEN"]),
            answer("area", "HELD", area["A1"], items=items["A1"]),
            answer("area", "HELD", area["B2"], items=items["B2"]),
            answer("parcel", "HELD", parcel, items=items["A1"]),
        ),
        NAMES,
    )
    (choice,) = sheet.choices
    assert [option.text for option in choice.options] == ["A1: thửa 2; 100,9 m²", "B2: 7 m²"]
    assert sheet.count(TO_ASK) == 0, "the choice stands above the parts, not among what is asked of the citizen"


def test_what_stands_above_the_parts() -> None:
    block = {"label": label("Thửa đất đang bị kê biên"), "role": "seller", "sure": False}
    sheet = read_sheet(
        prefill(
            answer("a", "UNAVAILABLE", reasons=["SOURCE_DOWN"]),
            answer("b", "STALE", value("x"), reasons=["LOOKUP_FAILED"]),
            answer("c", "MISSING", reasons=["NO_RECORD"], none=None),
            blockedBy=[block],
        ),
        NAMES,
    )
    assert [source.vi for source in sheet.down] == ["Đất đai", "Dân cư"]
    assert [(one.label.vi, one.party, one.is_sure) for one in sheet.blocks] == [
        ("Thửa đất đang bị kê biên", Label("Bên bán", "Seller"), False)
    ]
    assert (sheet.unknown, sheet.merged) == ((Label("Bên mua", "Buyer"),), ())


def test_that_there_is_none_is_held() -> None:
    none = {"label": label("Không có"), "source": "land", "asOf": "2026-11-28T17:45:12+00:00"}
    (group,) = read_sheet(prefill(answer("mortgages", "HELD", none=none)), NAMES).parts[HELD]
    assert (group.answers[0].none, group.answers[0].none_source) == (Label(**label("Không có")), NAMES.sources["land"])


@pytest.mark.parametrize(("text", "shown"), [(None, ""), ("2026-12-31T17:30:00+00:00", "01/01/2027 00:30")])
def test_instants_are_shown_in_local_time(text: str | None, shown: str) -> None:
    assert show_instant(text) == shown


def test_an_outcome_is_told_with_its_reasons() -> None:
    assert describe_outcome("HELD", []) == Label("Đã có", "held")
    told = describe_outcome("UNAVAILABLE", ["SOURCE_DOWN", "NEW"])
    assert told.vi == "Chưa tra được: nguồn đang không trả lời, NEW"
    assert told.en == "cannot be looked up: the source does not answer, NEW"
