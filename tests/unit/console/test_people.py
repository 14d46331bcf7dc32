"""People whom a search found, and the form that opens a dossier for one of them."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from hub.access.callers.principals import Principal, Role
from hub.console.layout.refusals import FIELD_ERRORS
from hub.console.officer.candidates import read_found
from hub.console.officer.dossier_form import (
    BUSINESS_ENTITY,
    PERSON_ENTITY,
    CounterSubject,
    OpeningForm,
    check_form,
    list_offices,
    list_procedures,
    make_form,
    with_error,
)
from hub.console.officer.search_kinds import SearchKind
from hub.model.registry import load_registry
from hub.procedures.declaration.definition import Procedure, find_procedure, read_procedures
from schema.alphabet import make_alphabet_key

OFFICER = Principal(
    id="urn:x|an",
    display_name="Lê An",
    is_person=True,
    client_kind=None,
    roles=frozenset({Role.OFFICER}),
    offices=frozenset({"06820@2025-07-01"}),
    acting_app=None,
    scopes=frozenset(),
    expires_at=datetime.max.replace(tzinfo=UTC),
)

TODAY = date(2026, 11, 28)
FILLED = {
    "code": "h49.12-251118-0007",
    "office": "06820@2025-07-01",
    "role.transferor": "022 080 683 727",
    "role.transferee": "022184173560",
}


def person(**changed: Any) -> dict[str, Any]:
    return {
        "personalId": "022080683727",
        "fullName": "Nguyễn Văn Hoà",
        "birthDate": "1980-05-14",
        "sex": "MALE",
        "deathDate": None,
        "residenceUnitCode": "06820@2025-07-01",
        "corrections": {"nodes": []},
        **changed,
    }


def test_one_person_by_identifier() -> None:
    asked = {"personalId": "022080683727"}
    (found,) = read_found(SearchKind.PERSONAL_ID, asked, {"citizen": person()}).people
    assert (found.birth_date, found.sex_vi, found.commune) == ("14/05/1980", "Nam", "Phường Vàng Danh")
    assert (found.last_digits, found.flags) == ("…3727", ())
    assert read_found(SearchKind.PERSONAL_ID, asked, {"citizen": None}).people == ()


def test_flags_of_a_person() -> None:
    dispute = {"field": "birthDate", "label": {"vi": "Đã gửi", "en": "Sent"}}
    given = person(deathDate="2024-02-03", corrections={"nodes": [dispute, dispute]})
    (found,) = read_found(SearchKind.PERSONAL_ID, {"personalId": "022080000001"}, {"citizen": given}).people
    assert [flag.kind for flag in found.flags] == ["deceased", "merged", "disputed"]
    assert found.flags[0].text.vi == "Đã mất ngày 03/02/2024"
    assert found.flags[2].text.vi.endswith(": Đã gửi")
    assert found.is_deceased


def test_candidates_are_told_apart_by_what_differs() -> None:
    other = person(personalId="022080683999", birthDate=None, sex=None, residenceUnitCode=None)
    del other["corrections"]
    page = {"citizens": {"pageInfo": {"hasNextPage": True}, "nodes": [person(), other]}}
    found = read_found(SearchKind.NAME_AND_BIRTH_DATE, {}, page)
    assert found.has_more
    assert found.differing == {"last_digits", "birth_date", "commune", "sex_vi"}
    assert (found.people[1].birth_date, found.people[1].sex, found.people[1].commune) == ("", None, "")


def transfer(**given: str) -> tuple[OpeningForm, dict[str, Any]]:
    procedure = find_procedure("land-right-transfer")
    return check_form(make_form(procedure, OFFICER, load_registry(), {**FILLED, **given}), load_registry(), procedure)


def test_the_person_stands_in_the_first_role_until_something_is_typed() -> None:
    form = make_form(
        find_procedure("land-right-transfer"),
        OFFICER,
        load_registry(),
        {},
        CounterSubject(PERSON_ENTITY, "022080683727"),
    )
    assert [(role.role, role.value) for role in form.roles] == [
        ("transferor", "022080683727"),
        ("transferee", ""),
        ("guardian", ""),
    ]
    assert form.office == "06820@2025-07-01", "the only one is chosen"


def test_a_form_that_is_filled_in_opens_a_dossier() -> None:
    form, made = transfer()
    assert not form.has_errors
    by = [{"citizen": {"personalId": number}} for number in ("022080683727", "022184173560")]
    assert made == {
        "code": "H49.12-251118-0007",
        "purpose": "land-right-transfer",
        "office": "06820@2025-07-01",
        "subjects": [{"role": r, "subject": s} for r, s in zip(("transferor", "transferee"), by, strict=True)],
    }


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"code": ""}, {"code"}),
        ({"code": "12"}, {"code"}),
        ({"office": ""}, {"office"}),
        ({"role.transferor": ""}, {"transferor"}),
        ({"role.transferee": "123", "role.guardian": "x"}, {"transferee", "guardian"}),
        ({"role.transferor": "022080683727\n022184173560"}, {"transferor"}),
    ],
)
def test_what_is_wrong_stands_beside_its_field(given: dict[str, str], fields: set[str]) -> None:
    form, _ = transfer(**given)
    assert {*form.errors, *(role.role for role in form.roles if role.error)} == fields


def test_a_refusal_of_the_graph_stands_beside_its_field() -> None:
    form, _ = transfer()
    assert with_error(form, *FIELD_ERRORS["DOSSIER_EXISTS"]).errors.keys() == {"code"}
    names = {"code", "office", "subjects", "claimed"}
    assert {name for name, _ in FIELD_ERRORS.values()} == names


def test_every_procedure_can_be_opened_from_the_form() -> None:
    for procedure in read_procedures().values():
        given = {f"role.{role}": _example(procedure, role) for role in procedure.subjects}
        form = make_form(procedure, OFFICER, load_registry(), {**FILLED, **given})
        checked, made = check_form(form, load_registry(), procedure)
        assert not checked.has_errors, procedure.code
        assert len(made["subjects"]) == len(procedure.subjects)


def _example(procedure: Procedure, role: str) -> str:
    keys = load_registry().entities[procedure.subjects[role].entity].keys
    return next(key.value.examples[0] for key in keys)


def test_only_procedures_in_force_for_the_officer_are_offered() -> None:
    every = read_procedures().values()
    offered = {option.code for option in list_procedures(every, OFFICER, TODAY, PERSON_ENTITY)}
    assert "land-right-transfer" in offered
    names = [option.name.vi for option in list_procedures(every, OFFICER, TODAY, PERSON_ENTITY)]
    assert names == sorted(names, key=make_alphabet_key) != sorted(names)
    of_business = {option.code for option in list_procedures(every, OFFICER, TODAY, BUSINESS_ENTITY)}
    assert "land-right-transfer" not in of_business
    assert list_procedures(every, OFFICER, date(2000, 1, 1), PERSON_ENTITY) == ()
    assert list_procedures(every, replace(OFFICER, roles=frozenset({Role.AUDITOR})), TODAY, PERSON_ENTITY) == ()


def test_offices_that_are_no_units_are_left_out() -> None:
    offices = list_offices(replace(OFFICER, offices=frozenset({"06820@2025-07-01", "99999"})))
    assert [(office.code, office.name) for office in offices] == [("06820@2025-07-01", "Phường Vàng Danh")]
