"""Prefill as a pure function: what each state of the data is answered with."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.errors import OperationRefused
from hub.procedures.answering.confirmations import find_stale_records
from hub.procedures.answering.engine import ReadSubject, WithheldDocument
from hub.procedures.answering.source_findings import SourceTrouble
from hub.procedures.answering.statuses import Reason
from hub.procedures.answering.subjects import check_roles
from hub.procedures.answers import CodeAnswer, LossKind, MoneyAnswer, as_json
from hub.procedures.declaration.compiled_procedures import CompiledProcedure
from hub.procedures.display import display_value
from hub.procedures.prefill import answer_requirements
from tests.unit.procedures import building as b


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> CompiledProcedure:
    home = tmp_path_factory.mktemp("procedures")
    return b.compile_folder(b.write_procedure(home, b.HEAD + b.REQUIREMENTS, seller=b.SELLER))


def state(answer: Any) -> str:
    """`STATUS REASON, REASON`."""
    return f"{answer.status.name} {', '.join(reason.name for reason in answer.reasons)}".strip()


def test_values_are_typed_and_say_where_they_are_from(compiled: CompiledProcedure) -> None:
    filled = b.fill(compiled, b.seller(taxObligations=b.page([b.debt(1_250_000)])))
    expected = {
        ("seller_name",): "Trần Thị Hòa",
        ("born",): "02/06/1980",
        ("age",): "45",
        ("residence",): "Tổ 1, Phường Vàng Danh",
        ("area", "A1"): "100,5 m²",
        ("term", "A1"): "Lâu dài",
        ("debt_amount", "D1"): "1.250.000 đồng",
        ("debt_total",): "1.250.000 đồng",
        ("debt_count",): "1",
    }
    for place, words in expected.items():
        answer = b.find(filled, *place)
        assert (state(answer), display_value(answer.values[0]).vi) == ("HELD", words), place
    area = b.find(filled, "area", "A1").values[0]
    assert (area.record_id, area.field, area.source, area.link_status) == ("parcel", "area", "land", "CONFIRMED")
    assert area.as_of is not None
    assert area.as_of.isoformat() == b.RECENT
    residence = b.find(filled, "residence").values[0]
    assert (residence.record_id, residence.source) == ("seller", "population")


def test_what_only_the_citizen_knows_is_apart_from_what_is_missing(compiled: CompiledProcedure) -> None:
    filled = b.fill(compiled, b.seller(birthDate=None))
    assert state(b.find(filled, "price")) == "ASKED_OF_CITIZEN ONLY_THE_CITIZEN_KNOWS"
    assert state(b.find(filled, "born")) == "MISSING NOT_RECORDED"
    assert state(b.find(filled, "age")) == "MISSING NOT_RECORDED"
    assert state(b.find(filled, "pension")) == "UNAVAILABLE NOT_CONNECTED"
    asked = {answer.requirement.code for answer in filled.still_to_ask}
    assert asked == {"price", "born", "age", "pension"}


def test_an_empty_list_is_none_only_after_a_recent_complete_read(compiled: CompiledProcedure) -> None:
    held = b.find(b.fill(compiled, b.seller()), "debts")
    assert state(held) == "HELD"
    assert held.none is not None
    assert (held.none.label.vi, held.none.source) == ("Không có", "finance")
    for facts, why in (
        (b.sources(completed=None), "UNAVAILABLE NEVER_READ"),
        (b.sources(without=("TaxObligation",)), "UNAVAILABLE NEVER_READ"),
        (b.sources(completed=b.OLD), "UNAVAILABLE NOT_SWEPT"),
        (b.sources(completed=b.OLD, trouble=SourceTrouble.DOWN), "UNAVAILABLE SOURCE_DOWN"),
        (b.sources(completed=b.OLD, trouble=SourceTrouble.DEFERRED), "UNAVAILABLE DEFERRED"),
    ):
        answer = b.find(b.fill(compiled, b.seller(), facts), "debts")
        assert (state(answer).partition(",")[0], answer.none) == (why, None)
    down_and_recent = b.fill(compiled, b.seller(), b.sources(trouble=SourceTrouble.DOWN))
    assert state(b.find(down_and_recent, "debts")) == "HELD"


def test_a_sum_over_nothing_is_zero_only_where_there_is_nothing(compiled: CompiledProcedure) -> None:
    none = b.find(b.fill(compiled, b.seller()), "debt_total")
    assert state(none) == "HELD"
    assert isinstance(none.values[0], MoneyAnswer)
    assert none.values[0].amount == 0
    down = b.find(b.fill(compiled, b.seller(), b.sources(completed=None)), "debt_total")
    assert (state(down), down.values) == ("UNAVAILABLE NEVER_READ, NO_RECORD", ())


def test_a_total_subtracts_what_was_paid(compiled: CompiledProcedure) -> None:
    debts = b.page([b.debt(300, 100, "D1"), b.debt(50, None, "D2")])
    total = b.find(b.fill(compiled, b.seller(taxObligations=debts)), "debt_total")
    assert isinstance(total.values[0], MoneyAnswer)
    assert (state(total), total.values[0].amount, total.values[0].currency) == ("HELD", Decimal(250), "VND")


def test_a_subject_that_the_hub_does_not_hold_has_nothing(compiled: CompiledProcedure) -> None:
    filled = b.fill(compiled, None)
    assert [one.id for one in filled.subjects] == [None]
    assert state(b.find(filled, "seller_name")) == "MISSING SUBJECT_UNMATCHED"
    assert state(b.find(filled, "debts")) == "MISSING SUBJECT_UNMATCHED"
    never = b.fill(compiled, None, b.sources(completed=None))
    assert state(b.find(never, "seller_name")) == "UNAVAILABLE NEVER_READ, SUBJECT_UNMATCHED"


@pytest.mark.parametrize("reason", [Reason.SEALED, Reason.RESTRICTED])
def test_a_withheld_document_says_nothing(compiled: CompiledProcedure, reason: Reason) -> None:
    filled = b.fill(compiled, WithheldDocument(reason))
    for code in ("seller_name", "certificates", "area", "debt_total", "age"):
        assert state(b.find(filled, code)) == f"UNAVAILABLE {reason.name}", code
    assert state(b.find(filled, "price")) == "ASKED_OF_CITIZEN ONLY_THE_CITIZEN_KNOWS"


@pytest.mark.parametrize(
    ("changes", "code", "expected"),
    [
        ({"parcelLink": {"status": "PROBABLE"}}, "area", "UNCONFIRMED LINK_PROBABLE"),
        ({"parcelLink": {"status": "PROBABLE"}}, "likely_area", "HELD"),
        ({"parcelLink": {"status": "PROBABLE"}}, "encumbrances", "UNCONFIRMED LINK_PROBABLE, NO_RECORD"),
        ({"holderLink": {"status": "PROBABLE", "recorded": None}}, "term", "UNCONFIRMED LINK_PROBABLE"),
        ({"holderLink": None}, "term", "UNCONFIRMED LINK_UNCONFIRMED"),
        ({"parcel": None, "parcelLink": {"status": "UNCONFIRMED"}}, "same_area", "UNCONFIRMED LINK_UNCONFIRMED, NOT_RECORDED"),
        ({"parcel": None, "parcelLink": {"status": "UNLINKED"}}, "same_area", "MISSING NOT_LINKED"),
        ({"parcel": None, "parcelLink": {"status": "UNLINKED"}}, "encumbrances", "MISSING NOT_LINKED"),
        ({"parcel": None, "parcelLink": {"status": "UNLINKED"}}, "area", "HELD"),
        ({"area": 90}, "area", "HELD"),
        ({"area": 90}, "same_area", "CONTRADICTORY SOURCES_DIFFER"),
        ({"area": 100.50}, "same_area", "HELD"),
        ({"holderLink": {"status": "CONFIRMED", "recorded": {"name": "Lê Văn Ba"}}}, "term", "CONTRADICTORY NAMED_OTHERWISE"),
        ({"holderLink": {"status": "CONFIRMED", "recorded": {"name": "TRẦN THỊ HÒA"}}}, "term", "HELD"),
        ({"provenance": b.origin(as_of=b.OLD)}, "term", "STALE TOO_OLD"),
        ({"parcel": b.parcel(area=None, provenance=b.origin(as_of=b.OLD))}, "same_area", "UNAVAILABLE NOT_SWEPT, NOT_RECORDED"),
    ],
)  # fmt: skip
def test_one_certificate(compiled: CompiledProcedure, changes: dict[str, Any], code: str, expected: str) -> None:
    filled = b.fill(compiled, b.seller(landUseRights=b.page([b.right(**changes)])))
    assert state(b.find(filled, code, "A1")) == expected


def test_values_that_lost_are_shown_with_their_record(compiled: CompiledProcedure) -> None:
    named = {"status": "CONFIRMED", "recorded": {"name": "Lê Văn Ba"}}
    filled = b.fill(compiled, b.seller(landUseRights=b.page([b.right(area=90, holderLink=named)])))
    lost = {loss.kind: loss for loss in b.find(filled, "area", "A1").values[0].losing_values}
    assert (lost[LossKind.ALTERNATIVE].text, lost[LossKind.ALTERNATIVE].record_id) == ("90", "right-A1")
    recorded = lost[LossKind.RECORDED_NAME]
    assert (recorded.text, recorded.record_id, recorded.field) == ("Lê Văn Ba", "right-A1", "holderLink.recorded.name")


def test_a_stale_value_says_that_its_source_is_down(compiled: CompiledProcedure) -> None:
    old = b.right(provenance=b.origin(as_of=b.OLD))
    filled = b.fill(compiled, b.seller(landUseRights=b.page([old])), b.sources(trouble=SourceTrouble.DOWN))
    answer = b.find(filled, "term", "A1")
    assert (state(answer), len(answer.values)) == ("STALE TOO_OLD, SOURCE_DOWN", 1)


def test_a_list_of_which_an_item_is_old_is_stale_as_the_item(compiled: CompiledProcedure) -> None:
    rights = b.page([b.right("A1"), b.right("A2", provenance=b.origin(as_of=b.OLD))])
    down = b.sources(trouble=SourceTrouble.DOWN)
    assert state(b.find(b.fill(compiled, b.seller(landUseRights=rights), down), "certificates")) == (
        "STALE TOO_OLD, SOURCE_DOWN, CHOICE_OPEN"
    )
    fresh, old = (
        b.fill(compiled, b.seller(landUseRights=rights), down, choices={"certificates": frozenset({key})})
        for key in ("A1", "A2")
    )
    assert state(b.find(fresh, "certificates")) == "HELD", "the item that the case is about is fresh"
    assert state(b.find(old, "certificates")) == "STALE TOO_OLD, SOURCE_DOWN"


def test_an_item_is_asked_for_again_when_it_is_older_than_its_list_may_be(compiled: CompiledProcedure) -> None:
    filled = b.fill(compiled, b.seller(landUseRights=b.page([b.right("A1")])))
    later = replace(filled, at=filled.at + timedelta(days=3))
    assert "right-A1" not in find_stale_records(later)
    strict = tuple(
        replace(one, requirement=replace(one.requirement, max_age_days=1))
        if one.requirement.code == "certificates"
        else one
        for one in later.answers
    )
    assert find_stale_records(replace(later, answers=strict)) == {"right-A1": timedelta(days=1)}


@pytest.mark.parametrize("cut", [True, None])
def test_a_list_that_is_cut_or_does_not_say_so_is_not_held(compiled: CompiledProcedure, cut: bool | None) -> None:
    filled = b.fill(compiled, b.seller(landUseRights=b.page([b.right()], cut=cut), taxObligations=b.page([], cut=cut)))
    assert state(b.find(filled, "certificates")) == "UNAVAILABLE TRUNCATED"
    assert state(b.find(filled, "area", "A1")) == "UNAVAILABLE TRUNCATED"
    assert state(b.find(filled, "debts")) == "UNAVAILABLE TRUNCATED, NO_RECORD"
    assert b.find(filled, "debt_total").values == ()


def test_one_of_several_is_chosen(compiled: CompiledProcedure) -> None:
    rights = b.page([b.right("A1"), b.right("A2", area=200, parcel=b.parcel(area=200))])
    both = b.fill(compiled, b.seller(landUseRights=rights))
    assert state(b.find(both, "certificates")) == "ASKED_OF_CITIZEN CHOICE_OPEN"
    assert [a.items[0].key for a in both.answers if a.requirement.code == "area"] == ["A1", "A2"]
    one = b.fill(compiled, b.seller(landUseRights=rights), choices={"certificates": frozenset({"A2"})})
    assert state(b.find(one, "certificates")) == "HELD"
    assert display_value(b.find(one, "area", "A2").values[0]).en == "200 m²"
    for choices in ({"certificates": frozenset({"A3"})}, {"debts": frozenset({"D1"})}):
        with pytest.raises(OperationRefused) as refused:
            b.fill(compiled, b.seller(landUseRights=rights), choices=choices)
        assert refused.value.code == "CHOICE_UNKNOWN"
        assert "A3" not in str(refused.value)


def test_lists_within_lists_and_what_is_asked_of_their_items(compiled: CompiledProcedure) -> None:
    burdens = b.page([b.encumbrance("MORTGAGE", "E1"), b.encumbrance("SEIZURE", "E2")])
    rights = b.page([b.right("A1", parcel=b.parcel(encumbrances=burdens)), b.right("A2")])
    filled = b.fill(compiled, b.seller(landUseRights=rights))
    assert isinstance(b.find(filled, "encumbrance_kind", "A1", "E1").values[0], CodeAnswer)
    assert state(b.find(filled, "release", "A1", "E1")) == "ASKED_OF_CITIZEN ONLY_THE_CITIZEN_KNOWS"
    assert state(b.find(filled, "release", "A1", "E2")) == "NOT_APPLICABLE RULE"
    assert state(b.find(filled, "release", "A2")) == "NOT_APPLICABLE NO_ITEM"
    none = b.find(filled, "encumbrances", "A2").none
    assert none is not None
    assert none.label.en == "None"


def test_a_block_is_of_the_chosen_item_and_asks_nothing(compiled: CompiledProcedure) -> None:
    seized = b.right("A1", parcel=b.parcel(encumbrances=b.page([b.encumbrance("SEIZURE", "E2")])))
    rights = b.page([seized, b.right("A2")])
    filled = b.fill(compiled, b.seller(landUseRights=rights), choices={"certificates": frozenset({"A1"})})
    (block,) = filled.blocked_by
    assert (block.code, block.sure, [item.key for item in block.items]) == ("seized", True, ["A1", "E2"])
    assert filled.still_to_ask == ()
    other = b.fill(compiled, b.seller(landUseRights=rights), choices={"certificates": frozenset({"A2"})})
    assert other.blocked_by == ()
    assert other.still_to_ask
    unsure = b.right("A1", holderLink=None, parcel=b.parcel(encumbrances=b.page([b.encumbrance("SEIZURE")])))
    (block,) = b.fill(compiled, b.seller(landUseRights=b.page([unsure]))).blocked_by
    assert not block.sure


def test_the_dead_are_a_block(compiled: CompiledProcedure) -> None:
    read = ReadSubject(b.subject(died=date(2026, 1, 1)), {"seller": {"citizen": b.seller()}})
    filled = answer_requirements(compiled, [read], b.sources())
    assert [(block.code, block.role, block.sure) for block in filled.blocked_by] == [
        ("subject_deceased", "seller", True)
    ]


def test_a_minor_needs_a_guardian(tmp_path: Path) -> None:
    head = b.HEAD.replace('entity = "Citizen"', 'entity = "Citizen"\nguardian = "guardian"', 1)
    head += '\n[subjects.guardian]\nentity = "Citizen"\nname = { vi = "Giám hộ", en = "Guardian" }\n'
    one = b.compile_folder(b.write_procedure(tmp_path, head + b.REQUIREMENTS, seller=b.SELLER))
    child = ReadSubject(b.subject(born="2015-03-01"), {"seller": {"citizen": b.seller()}})
    guardian = ReadSubject(b.subject("guardian", 2), {})
    alone, together = (answer_requirements(one, read, b.sources()) for read in ([child], [child, guardian]))
    assert [(block.code, block.role, block.sure) for block in alone.blocked_by] == [("guardian_needed", "seller", True)]
    assert (alone.still_to_ask, together.blocked_by) == ((), ())
    for subjects in ([child.subject], [child.subject, guardian.subject]):
        check_roles(one.procedure, subjects)


def test_json_has_every_value_once_with_its_type(compiled: CompiledProcedure) -> None:
    filled = b.fill(compiled, b.seller())
    shown = as_json(filled)
    name = next(one for one in shown["answers"] if one["requirement"]["code"] == "seller_name")
    assert name["values"] == [
        {
            "type": "TextAnswer",
            "recordId": "seller",
            "field": "fullName",
            "source": "population",
            "asOf": b.RECENT,
            "linkStatus": None,
            "losingValues": [],
            "text": "Trần Thị Hòa",
        }
    ]
    assert shown == as_json(b.fill(compiled, b.seller()))
    assert Reason.RULE.name not in str(name)


def test_discrepancies_are_losing_values(tmp_path: Path) -> None:
    copies = "discrepancies(first: 5) { nodes { field recorded source recordedIn { recordId field } } }"
    document = (
        f"query S($seller: PersonalId!) {{ citizen(by: {{ personalId: $seller }}) {{ {b.ORIGIN} fullName {copies} }} }}"
    )
    requirement = b.REQUIREMENTS.split("[[requirements]]")[1]
    one = b.compile_folder(b.write_procedure(tmp_path, f"{b.HEAD}[[requirements]]{requirement}", seller=document))
    differing = {
        "field": "fullName",
        "recorded": "Hoa",
        "source": "land",
        "recordedIn": {"recordId": "r", "field": "f"},
    }
    other = {**differing, "field": "birthDate"}
    citizen = {"id": "c", "fullName": "Hoà", "provenance": b.origin(), "discrepancies": {"nodes": [differing, other]}}
    answer = b.find(b.fill(one, citizen), "seller_name")
    assert state(answer) == "HELD"
    (lost,) = answer.values[0].losing_values
    assert (lost.kind, lost.text, lost.source, lost.record_id, lost.field) == (
        LossKind.DISCREPANCY,
        "Hoa",
        "land",
        "r",
        "f",
    )
