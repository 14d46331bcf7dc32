"""The eight procedures of the package, prefilled for people, businesses and parcels of the demonstration's store."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import psycopg
import pytest

from hub.graph.execution.reading import Reading
from hub.graph.permission.callers import LOCAL
from hub.graph.procedures.prefill.prefill_service import PrefillRequest
from hub.procedures.answering.statuses import AnswerStatus
from hub.procedures.answers import Prefill, as_json
from hub.procedures.json_schema import make_json_schema
from hub.procedures.rehearsal_cases import list_procedure_cases
from hub.settings import load_settings
from tests.conftest import ServedHub
from tests.system.graph import Graph

DEMO = {one.procedure: one for one in list_procedure_cases()}


@dataclass(frozen=True)
class Expected:
    """What must be held, asked and blocked in the demonstration's first case of a procedure; `changed` puts other subjects in its place."""

    procedure: str
    held: frozenset[str]
    asked: frozenset[str]
    blocked: str = ""
    changed: tuple[tuple[str, str], ...] = ()
    """Role and a query of another subject."""


ADULT = "select personal_id from data.citizen where death_date is null and birth_date between '1970' and '1990' order by id desc limit 1"
DISSOLVED = "select registration_number from data.business where legal_form <> 'HOUSEHOLD_BUSINESS' and status = 'DISSOLVED' order by id limit 1"
PARCEL_OF_NOBODY = """select p.parcel_number from data.parcel p where not exists (
    select from link.land_use_right_parcel l join link.land_use_right_holder h on h.record_id = l.record_id where l.subject_id = p.id)
    order by p.id limit 1"""

EXPECTED = (
    Expected("land-right-transfer", frozenset({"transferor_name", "transferee_name"}), frozenset({"price", "contract", "signatures"})),
    Expected("detached-house-permit", frozenset({"applicant_name", "applicant_birth_date"}), frozenset({"drawings", "neighbour_commitment"})),
    Expected("household-business-registration", frozenset({"owner_name", "member_name"}), frozenset({"business_name", "activities", "capital"})),
    Expected("enterprise-registration-change", frozenset({"legal_name", "legal_form", "enterprise_status", "representative_name"}), frozenset({"resolution", "new_values"})),
    Expected("enterprise-registration-change", frozenset({"legal_name"}), frozenset(), "enterprise_dissolved", (("enterprise", DISSOLVED),)),
    Expected("old-age-allowance", frozenset({"applicant_name", "applicant_age"}), frozenset({"bank_account"})),
    Expected("old-age-allowance", frozenset({"applicant_name", "applicant_age"}), frozenset(), "too_young", (("applicant", ADULT),)),
    Expected("birth-residence-health-card", frozenset({"mother_name", "marital_status"}), frozenset({"child_name", "clinic"})),
    Expected("tax-clearance", frozenset({"transferor_name"}), frozenset()),
    Expected("site-clearance-compensation", frozenset({"holder_name", "parcel_area"}), frozenset({"crops", "structures", "acknowledgement"})),
    Expected("site-clearance-compensation", frozenset({"holder_name", "parcel_number"}), frozenset(), "parcel_of_others", (("parcel", PARCEL_OF_NOBODY),)),
)  # fmt: skip


@pytest.fixture(scope="module")
def graph(served_hub: ServedHub) -> Iterator[Graph]:
    made = Graph(served_hub.database, load_settings())
    yield made
    made.close()


def fill(graph: Graph, served_hub: ServedHub, case: Expected) -> Prefill:
    with psycopg.connect(served_hub.database) as connection:
        first = DEMO[case.procedure].find(connection, 1)
        assert first, f"the demonstration has nobody for {case.procedure}"
        subjects = list(first[0])
        for role, sql in case.changed:
            row = connection.execute(sql).fetchone()  # type: ignore[call-overload]
            assert row is not None, f"the demonstration has nobody for {role} of {case.procedure}"
            subjects = [replace(one, value=row[0]) if one.role == role else one for one in subjects]
    request = PrefillRequest(case.procedure, tuple(subjects), {})
    filled: Prefill = graph.run(graph.executor.prefills.fill(request, Reading(LOCAL)))
    return filled


@pytest.mark.parametrize("case", EXPECTED, ids=lambda case: f"{case.procedure} {case.blocked}".strip())
def test_a_procedure_answers_every_requirement(graph: Graph, served_hub: ServedHub, case: Expected) -> None:
    from jsonschema import Draft202012Validator  # 4 s, which every process that only collects tests would wait for

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
