"""Which dossiers may be opened, by whom, about whom. Pure rules; the store has tests of its own."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.access.callers.principals import ClientKind, Principal, Role
from hub.access.dossiers.dossier_rules import (
    LONGEST_LIFE,
    MAX_SUBJECTS,
    OPEN_SCOPE,
    FoundSubject,
    check_code,
    check_life,
    check_opener,
    check_roles,
    check_subjects,
    is_minor,
)
from hub.access.dossiers.offices import parse_office
from hub.access.purpose_declaration import PurposeDeclaration
from hub.access.purposes import Purpose, read_purposes
from hub.errors import OperationRefused
from schema.units import find_level

TODAY = date(2026, 11, 28)
OFFICE = "06820@2025-07-01"
NAME = {"vi": "Thử", "en": "Trial"}


def purpose(**change: Any) -> PurposeDeclaration:
    declared: dict[str, Any] = {
        "code": "trial",
        "name": NAME,
        "about": NAME,
        "legal_basis": [{"title": "Luật", "about": NAME}],
        "users": {"roles": ["officer"], "clients": ["app"]},
        "subjects": {
            "applicant": {"entity": "Citizen", "name": NAME},
            "child": {"entity": "Citizen", "name": NAME, "optional": True, "many": True, "guardian": "guardian"},
            "guardian": {"entity": "Citizen", "name": NAME},
            "ancestor": {"entity": "Citizen", "name": NAME, "optional": True, "deceased": True},
            "plot": {"entity": "Parcel", "name": NAME, "optional": True},
        },
        "variables": {
            f"${role}"[1:]: {"subject": role} for role in ("applicant", "child", "guardian", "ancestor", "plot")
        },
        "dossier": True,
        "retention_days": 30,
        "limits": {"rows": 100},
    }
    return PurposeDeclaration.model_validate({**declared, **change})


def principal(**change: Any) -> Principal:
    given: dict[str, Any] = {
        "id": "https://id.example|an",
        "display_name": "An",
        "is_person": True,
        "client_kind": None,
        "roles": frozenset({Role.OFFICER}),
        "offices": frozenset({OFFICE}),
        "acting_app": None,
        "scopes": frozenset(),
        "expires_at": datetime(2027, 1, 1, tzinfo=UTC),
    }
    return Principal(**{**given, **change})


def citizen(role: str, number: int = 1, born: str | None = "1980-05-01", died: date | None = None) -> FoundSubject:
    return FoundSubject(role, "Citizen", number, "personal_id", "022080000001", born, died, 18)


def code_of(call: Any, *arguments: Any) -> str:
    with pytest.raises(OperationRefused) as refused:
        call(*arguments)
    assert refused.value.next_step
    return refused.value.code


# --- The code ---------------------------------------------------------------------------------------------------------


def test_a_code_is_made_canonical() -> None:
    assert check_code(" h49.12-261128-0007 ", TODAY) == "H49.12-261128-0007"


@pytest.mark.parametrize(
    "code",
    ["", "H49.12", "H49.12-261128", "H49.12-261328-0001", "H49.12-260230-0001", "H49.12-261201-0001", "H" * 80,
     "H49.12-261128-0007; drop table", "H49.12-２６１１２８-0007"],
)  # fmt: skip
def test_a_code_without_its_form_or_of_no_day_is_refused(code: str) -> None:
    assert code_of(check_code, code, TODAY) == "DOSSIER_CODE_INVALID"


# --- Who --------------------------------------------------------------------------------------------------------------


def test_an_officer_opens_at_the_own_office_and_at_what_continues_it() -> None:
    check_opener(principal(), purpose(), OFFICE)
    check_opener(principal(offices=frozenset({"06820@.."})), purpose(), OFFICE)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"roles": frozenset({Role.REVIEWER, Role.OPERATOR, Role.AUDITOR})}, "FORBIDDEN"),
        ({"offices": frozenset()}, "OFFICE_FORBIDDEN"),
        ({"offices": frozenset({"00097@2025-07-01"})}, "OFFICE_FORBIDDEN"),
        ({"roles": frozenset(), "client_kind": ClientKind.APP}, "FORBIDDEN"),
        ({"roles": frozenset(), "client_kind": ClientKind.EXPLORER, "scopes": frozenset({OPEN_SCOPE})}, "FORBIDDEN"),
        ({"roles": frozenset(), "scopes": frozenset({OPEN_SCOPE})}, "FORBIDDEN"),
    ],
)
def test_others_do_not_open(change: dict[str, Any], code: str) -> None:
    assert code_of(check_opener, principal(**change), purpose(), OFFICE) == code


def test_an_app_opens_with_the_scope() -> None:
    app = principal(is_person=False, roles=frozenset(), client_kind=ClientKind.APP, scopes=frozenset({OPEN_SCOPE}))
    check_opener(app, purpose(), OFFICE)


@pytest.mark.parametrize("purpose_", [one for one in read_purposes().values() if one.declaration.dossier], ids=str)
def test_an_app_with_the_scope_opens_every_procedure_of_the_vocabulary_and_no_emergency(purpose_: Purpose) -> None:
    declared = purpose_.declaration
    office = next(o for o in (OFFICE, "22") if not declared.users.offices or find_level(o) in declared.users.offices)
    app = principal(
        is_person=False,
        roles=frozenset(),
        client_kind=ClientKind.APP,
        scopes=frozenset({OPEN_SCOPE}),
        offices=frozenset({office}),
    )
    office = parse_office(office if "@" in office else f"{office}@2025-07-01")
    if declared.break_glass:
        assert code_of(check_opener, app, declared, office) == "FORBIDDEN"
        return
    check_opener(app, declared, office)
    for other in (replace(app, scopes=frozenset()), replace(app, client_kind=ClientKind.EXPLORER)):
        assert code_of(check_opener, other, declared, office) == "FORBIDDEN"
    assert (
        code_of(check_opener, replace(app, offices=frozenset({"00097@2025-07-01"})), declared, office)
        == "OFFICE_FORBIDDEN"
    )


def test_a_purpose_of_provinces_is_not_opened_at_a_commune() -> None:
    declared = purpose(users={"roles": ["officer"], "offices": ["PROVINCE"]})
    assert code_of(check_opener, principal(), declared, OFFICE) == "OFFICE_FORBIDDEN"


def test_a_purpose_without_dossiers_has_none() -> None:
    declared = purpose(dossier=False)
    assert code_of(check_opener, principal(), declared, OFFICE) == "FORBIDDEN"


# --- How long ---------------------------------------------------------------------------------------------------------


def test_the_life_of_a_dossier_is_bounded() -> None:
    now = datetime(2026, 11, 28, 9, tzinfo=UTC)
    assert check_life(None, now) > now
    assert check_life(now + LONGEST_LIFE, now) == now + LONGEST_LIFE
    for wrong in (now, now + LONGEST_LIFE + timedelta(seconds=1), datetime(2026, 12, 1)):  # noqa: DTZ001 - the wrong one
        assert code_of(check_life, wrong, now) == "DOSSIER_EXPIRY_INVALID"


# --- Whom -------------------------------------------------------------------------------------------------------------


def unknown(role: str) -> FoundSubject:
    return FoundSubject(role, "Citizen", None, "personal_id", "022080000001", None, None, 18)


@pytest.mark.parametrize(
    ("subjects", "code"),
    [
        ([], "ROLE_MISSING"),
        ([citizen("child")], "GUARDIAN_NEEDED"),
        ([citizen("applicant"), citizen("applicant", 2)], "ROLE_TAKEN"),
        ([citizen("applicant"), citizen("stranger")], "ROLE_UNKNOWN"),
        ([citizen("applicant"), citizen("child")], "SUBJECT_IN_TWO_ROLES"),
        ([unknown("applicant"), unknown("child")], "SUBJECT_IN_TWO_ROLES"),
        ([citizen("applicant"), FoundSubject("plot", "Citizen", 1, None, None)], "WRONG_KIND"),
        ([citizen("applicant", died=date(2020, 1, 1))], "SUBJECT_DECEASED"),
        ([citizen("applicant"), *(citizen("child", n) for n in range(MAX_SUBJECTS))], "TOO_MANY_SUBJECTS"),
    ],
)
def test_subjects_that_do_not_fill_the_roles(subjects: list[FoundSubject], code: str) -> None:
    if code == "GUARDIAN_NEEDED":
        subjects = [citizen("applicant", 2), citizen("child", born="2015-01-01")]
    assert code_of(check_subjects, purpose(), subjects, TODAY) == code


def test_subjects_that_fill_the_roles() -> None:
    check_subjects(purpose(), [citizen("applicant")], TODAY)
    check_subjects(purpose(), [citizen("applicant"), citizen("ancestor", 2, died=date(1999, 1, 1))], TODAY)
    children = [citizen("child", n, born="2015-01-01") for n in (3, 4)]
    check_subjects(purpose(), [citizen("applicant"), citizen("guardian", 2), *children], TODAY)
    check_subjects(
        purpose(), [citizen("applicant", 2), citizen("guardian", 2), *children], TODAY
    )  # a parent, for the child


@pytest.mark.parametrize("born", ["1980-05-01", "2015-01-01"])
@pytest.mark.parametrize("died", [None, date(2020, 1, 1)])
@pytest.mark.parametrize("number", [1, None])
@pytest.mark.parametrize(
    ("others", "code"),
    [
        ([], "ROLE_MISSING"),
        ([citizen("applicant", 2), citizen("applicant", 3)], "ROLE_TAKEN"),
        ([citizen("applicant", 2), citizen("stranger", 3)], "ROLE_UNKNOWN"),
        ([citizen("applicant", 2), FoundSubject("plot", "Citizen", 4, None, None)], "WRONG_KIND"),
    ],
)
def test_roles_that_are_not_filled_tell_nothing_of_who_was_named(
    others: list[FoundSubject], code: str, born: str, died: date | None, number: int | None
) -> None:
    named = FoundSubject("child", "Citizen", number, "personal_id", "022080000001", born, died, 18)
    assert code_of(check_subjects, purpose(), [named, *others], TODAY) == code
    assert code_of(check_roles, purpose(), [named, *others]) == code


def test_nobody_is_their_own_guardian() -> None:
    own = [citizen("applicant"), citizen("child", 3, born="2015-01-01"), citizen("guardian", 3, born="2015-01-01")]
    assert code_of(check_subjects, purpose(), own, TODAY) == "GUARDIAN_NEEDED"


def test_a_subject_that_the_hub_does_not_hold_is_taken() -> None:
    check_subjects(purpose(), [unknown("applicant")], TODAY)


@pytest.mark.parametrize(
    ("born", "minor"),
    [
        ("2008-11-28", False),
        ("2008-11-29", True),
        ("2008", True),
        ("2007", False),
        ("2026-01-01", True),
        ("1954", False),
    ],
)
def test_the_day_of_majority(born: str, minor: bool) -> None:
    assert is_minor(citizen("child", born=born), TODAY) is minor


@given(st.dates(date(1900, 1, 1), TODAY), st.dates(date(2026, 1, 1), date(2060, 1, 1)))
def test_nobody_becomes_a_minor_again(born: date, today: date) -> None:
    subject = citizen("child", born=born.isoformat())
    assert is_minor(subject, today) or not is_minor(subject, today + timedelta(days=400))
