"""The eight procedures of the package, prefilled for people, businesses and parcels of the demonstration's store."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
import pytest
from jsonschema import Draft202012Validator

from hub.access.dossiers.dossier_store import NamedSubject
from hub.graph.execution.reading import Reading
from hub.graph.permission.callers import LOCAL
from hub.graph.procedures.prefill import PrefillRequest
from hub.procedures.answering.statuses import AnswerStatus
from hub.procedures.answers import Prefill, as_json
from hub.procedures.json_schema import make_json_schema
from hub.settings import load_settings
from tests.conftest import ServedHub
from tests.system.graph import Graph

PERSON, ENTERPRISE, PARCEL = (
    ("Citizen", "personal_id"),
    ("Business", "registration_number"),
    ("Parcel", "parcel_number"),
)


@dataclass(frozen=True)
class Case:
    """Whom a procedure is tried for: by role, the kind of subject and a query of one; and what must be held then."""

    procedure: str
    subjects: dict[str, tuple[tuple[str, str], str]]
    held: frozenset[str]
    asked: frozenset[str]
    blocked: str = ""


LANDHOLDER = """select c.personal_id from data.citizen c join link.land_use_right_holder l on l.subject_id = c.id
    join data.land_use_right r on r.id = l.record_id
    where l.status = 'CONFIRMED' and r.status = 'REGISTERED' and c.death_date is null and c.birth_date < '1990' order by c.id limit 1"""
ADULT = "select personal_id from data.citizen where death_date is null and birth_date between '1970' and '1990' order by id desc limit 1"
ELDER = "select personal_id from data.citizen where death_date is null and birth_date < '1946' order by id limit 1"
OWNER = """select c.personal_id from data.citizen c join link.business_role_person l on l.subject_id = c.id
    join data.business_role r on r.id = l.record_id where l.status = 'CONFIRMED' and c.death_date is null
    and r.role <> 'OWNER' and r.until is null order by c.id limit 1"""
MOTHER = """select c.personal_id from data.citizen c join link.marital_status_person l on l.subject_id = c.id
    join data.marital_status m on m.id = l.record_id where l.status = 'CONFIRMED' and m.state = 'MARRIED' and m.until is null
    and c.sex = 'FEMALE' and c.death_date is null and c.birth_date between '1985' and '2003' order by c.id limit 1"""
COMPANY = "select registration_number from data.business where legal_form <> 'HOUSEHOLD_BUSINESS' and status = 'ACTIVE' order by id limit 1"
DISSOLVED = "select registration_number from data.business where legal_form <> 'HOUSEHOLD_BUSINESS' and status = 'DISSOLVED' order by id limit 1"
SITE = """select p.parcel_number from data.parcel p join link.land_use_right_parcel l on l.subject_id = p.id
    where l.status = 'CONFIRMED' order by p.id limit 1"""

CASES = (
    Case("land-right-transfer", {"transferor": (PERSON, LANDHOLDER), "transferee": (PERSON, ADULT)},
         frozenset({"transferor_name", "transferee_name"}), frozenset({"price", "contract", "signatures"})),
    Case("detached-house-permit", {"applicant": (PERSON, LANDHOLDER)},
         frozenset({"applicant_name", "applicant_birth_date"}), frozenset({"drawings", "neighbour_commitment"})),
    Case("household-business-registration", {"owner": (PERSON, OWNER), "member": (PERSON, ADULT)},
         frozenset({"owner_name", "member_name"}), frozenset({"business_name", "activities", "capital"})),
    Case("enterprise-registration-change", {"enterprise": (ENTERPRISE, COMPANY), "representative": (PERSON, ADULT)},
         frozenset({"legal_name", "legal_form", "enterprise_status", "representative_name"}), frozenset({"resolution", "new_values"})),
    Case("enterprise-registration-change", {"enterprise": (ENTERPRISE, DISSOLVED)},
         frozenset({"legal_name"}), frozenset(), blocked="enterprise_dissolved"),
    Case("old-age-allowance", {"applicant": (PERSON, ELDER)},
         frozenset({"applicant_name", "applicant_age"}), frozenset({"bank_account"})),
    Case("old-age-allowance", {"applicant": (PERSON, ADULT)},
         frozenset({"applicant_name", "applicant_age"}), frozenset(), blocked="too_young"),
    Case("birth-residence-health-card", {"mother": (PERSON, MOTHER)},
         frozenset({"mother_name", "marital_status"}), frozenset({"child_name", "clinic"})),
    Case("tax-clearance", {"transferor": (PERSON, LANDHOLDER)}, frozenset({"transferor_name"}), frozenset()),
    Case("site-clearance-compensation", {"holder": (PERSON, LANDHOLDER), "parcel": (PARCEL, SITE)},
         frozenset({"holder_name", "parcel_area"}), frozenset({"crops", "structures", "acknowledgement"})),
)  # fmt: skip


@pytest.fixture(scope="module")
def graph(served_hub: ServedHub) -> Iterator[Graph]:
    made = Graph(served_hub.database, load_settings())
    yield made
    made.close()


def fill(graph: Graph, served_hub: ServedHub, case: Case) -> Prefill:
    subjects = []
    with psycopg.connect(served_hub.database) as connection:
        for role, ((entity, field), sql) in case.subjects.items():
            row = connection.execute(sql).fetchone()
            assert row is not None, f"the demonstration has nobody for {role} of {case.procedure}"
            subjects.append(NamedSubject(role, entity, field, row[0]))
    request = PrefillRequest(case.procedure, tuple(subjects), {})
    filled: Prefill = graph.run(graph.executor.prefills.fill(request, Reading(LOCAL)))
    return filled


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.procedure} {case.blocked}".strip())
def test_a_procedure_answers_every_requirement(graph: Graph, served_hub: ServedHub, case: Case) -> None:
    compiled = graph.executor.prefills.catalogue.find(case.procedure, datetime.now(UTC).date())
    filled = fill(graph, served_hub, case)
    by_code = {answer.requirement.code: answer for answer in filled.answers}
    assert by_code.keys() == {requirement.code for requirement in compiled.procedure.requirements}
    held = {code for code, answer in by_code.items() if answer.status is AnswerStatus.HELD}
    assert case.held <= held, {code: (by_code[code].status, by_code[code].reasons) for code in case.held - held}
    blocks = {fact.code for fact in filled.blocked_by}
    assert blocks >= ({case.blocked} if case.blocked else set())
    if not filled.blocked_by:
        asked = {answer.requirement.code for answer in filled.still_to_ask}
        assert case.asked <= asked
        assert not held & asked
    problems = list(Draft202012Validator(make_json_schema(compiled)).iter_errors(as_json(filled)))
    assert not problems, problems[0].message
