"""A procedure of a province's own, in a folder outside the package: found by `HUB_PROCEDURES`, linted, and answered.

`province/death_registration` was written by somebody who had the documentation alone, and stays as they left it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.access.purposes import read_purposes
from hub.cli.procedures.procedures import find_procedure_faults, show_command
from hub.graph.schema import get_core_schema, load_schema
from hub.procedures.answering.engine import ReadSubject
from hub.procedures.answering.source_findings import EntitySource, SourceFacts
from hub.procedures.answers import CodeAnswer, MoneyAnswer, Prefill
from hub.procedures.catalogue import ProcedureCatalogue
from hub.procedures.prefill import answer_requirements
from tests.unit.procedures import building as b

PROVINCE = Path(__file__).parent / "province"
HOLDERS = {
    "Citizen": "population",
    "DeathRegistration": "population",
    "MaritalStatus": "population",
    "Pension": "insurance",
}
WIDOW = {"personalId": "000000000002", "fullName": "Lê Thị Hoà", "birthDate": "1950-02-22"}


def person(**changes: Any) -> dict[str, Any]:
    home = {"residenceAddress": "Tổ 1", "residence": {"name": "Phường Vàng Danh", "unitCode": "06820@2025-07-01"}}
    return {"id": "x", "provenance": b.origin("population"), **home, **changes}


def deceased(**changes: Any) -> dict[str, Any]:
    """A married person whose death nobody has registered, and who has no pension."""
    marriage = {
        "id": "m", "state": "MARRIED", "until": None, "certificateNumber": "KH-1", "spouse": person(**WIDOW),
        "personLink": {"status": "CONFIRMED", "recorded": {"name": "Trần Đức Hoà"}}, "spouseLink": {"status": "CONFIRMED"},
        "provenance": b.origin("population"),
    }  # fmt: skip
    lists = {"deathRegistrations": b.page([]), "maritalStatuses": b.page([marriage]), "pensions": b.page([])}
    known = {"personalId": "000000000001", "fullName": "Trần Đức Hoà", "birthDate": "1947-05-29", "deathDate": None}
    return {**person(**known, sex="MALE", ethnicity="Kinh"), **lists, **changes}


def entry() -> dict[str, Any]:
    return {
        "id": "d", "registrationNumber": "KT-1", "diedOn": "2026-05-01", "registeredOn": "2026-05-02",
        "registry": {"name": "Phường Vàng Danh"}, "provenance": b.origin("population"),
        "deceasedLink": {"status": "CONFIRMED", "recorded": {"name": "Trần Đức Hoà"}},
    }  # fmt: skip


@pytest.fixture
def catalogue(monkeypatch: pytest.MonkeyPatch) -> ProcedureCatalogue:
    monkeypatch.setenv("HUB_PROCEDURES", str(PROVINCE))
    return ProcedureCatalogue(get_core_schema(load_schema()))


def fill(
    catalogue: ProcedureCatalogue, dead: dict[str, Any], declarant: dict[str, Any] = WIDOW, died: Sequence[date | None] = (None, None)
) -> Prefill:  # fmt: skip
    """The prefill for both; `died` of the declarant and of the deceased, as registers have it."""
    states = {
        entity: (EntitySource(source, datetime.fromisoformat(b.RECENT), None),) for entity, source in HOLDERS.items()
    }
    reads = [
        ReadSubject(replace(b.subject("declarant", 2), died=died[0]), {"declarant": {"citizen": person(**declarant)}}),
        ReadSubject(replace(b.subject("deceased", 1), died=died[1]), {"deceased": {"citizen": dead}}),
    ]
    return answer_requirements(catalogue.find("death-registration", date(2026, 6, 1)), reads, SourceFacts(states, b.AT))


def test_the_folder_has_no_faults_and_is_not_of_the_package(
    catalogue: ProcedureCatalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    found = find_procedure_faults(PROVINCE / "death_registration", get_core_schema(load_schema()))
    assert [(one.is_error, one.words.partition(" without")[0]) for one in found] == [
        (False, "legal_basis: Thông tư 04/2020/TT-BTP")
    ]
    assert read_purposes()["death-registration"].folder == PROVINCE / "death_registration"
    show_command("death-registration")
    told = " ".join(capsys.readouterr().out.split())
    assert "subject: declarant, a Citizen (Người đi khai tử" in told
    assert "subject: deceased, a Citizen, may be deceased (Người chết" in told


def test_what_the_state_holds_is_not_asked(catalogue: ProcedureCatalogue) -> None:
    filled = fill(catalogue, deceased())
    assert [one.requirement.code for one in filled.still_to_ask] == [
        "relationship", "deceased_nationality", "death_time_and_place", "death_cause", "death_notice",
    ]  # fmt: skip
    assert filled.blocked_by == ()
    is_spouse, total = (b.find(filled, code).values[0] for code in ("declarant_among_spouses", "pension_total"))
    assert isinstance(is_spouse, CodeAnswer)
    assert is_spouse.code == "YES"
    assert isinstance(total, MoneyAnswer)
    assert (total.amount, total.source, total.as_of is not None) == (0, "insurance", True), (
        "who said that there is none"
    )


def test_a_death_that_is_registered_blocks_and_one_that_is_not_does_not(catalogue: ProcedureCatalogue) -> None:
    dead = deceased(deathDate="2026-05-01")
    day = date(2026, 5, 1)
    registered = fill(catalogue, {**dead, "deathRegistrations": b.page([entry()])}, died=(None, day))
    assert [(one.code, one.sure) for one in registered.blocked_by] == [("already_registered", True)]
    assert fill(catalogue, dead, died=(None, day)).blocked_by == (), "the population register alone knows of it"


def test_the_declarant_lives_and_is_of_age(catalogue: ProcedureCatalogue) -> None:
    dead = fill(catalogue, deceased(), died=(date(2026, 5, 1), None))
    assert [(one.code, one.role) for one in dead.blocked_by] == [("subject_deceased", "declarant")]
    child = fill(catalogue, deceased(), {**WIDOW, "birthDate": "2010-01-01"})
    assert [one.code for one in child.blocked_by] == ["declarant_too_young"]
