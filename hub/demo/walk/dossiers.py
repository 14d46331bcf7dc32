"""The dossiers of the walk: a case of each procedure, together with an answer of as many statuses as the province has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection

from hub.access.dossiers.dossier_store import NamedSubject
from hub.demo.walk.office import BUSINESS_OFFICER, LAND_OFFICER, DemoOffices, Officer
from hub.errors import OperationRefused
from hub.graph.procedures.prefill.prefill_service import PrefillService
from hub.graph.procedures.rehearsal import prefill_case
from hub.model.names import to_camel_case
from hub.plan.binds import read_global_id
from hub.procedures.answering.statuses import AnswerStatus
from hub.procedures.answers import LossKind, Prefill
from hub.procedures.rehearsal_cases import ProcedureCases, list_procedure_cases

MOST_TRIED = 60
"""Cases of a procedure of which one is chosen."""
CONTRADICTED_PROCEDURE = "land-right-transfer"
RIGHT = "LandUseRight"
CONTRADICTED_HOLDER = """
select c.personal_id from link.discrepancy d
join link.land_use_right_holder h on h.record_id = d.record_id and h.status <> 'UNCONFIRMED' and h.subject_kind = 'Citizen'
join data.land_use_right r on r.id = d.record_id and r.status = 'REGISTERED'
join data.citizen c on c.id = h.subject_id and c.death_date is null and c.birth_date < '1990'
where d.record_entity = 'LandUseRight' and d.record_field = 'holder_name' and d.sys_to is null and d.kind = 'DIFFERS'
order by d.id limit 60"""
OPEN = "mutation ($input: OpenDossierInput!) { openDossier(input: $input) { dossier { code } } }"
KEEP = "mutation { keepPrefill(input: {}) { snapshot { id } } }"
ANSWERS = """
blockedBy { label { vi en } sure }
answers {
  requirement { code label { vi en } holder }
  role status reasons items { key }
  values { recordId field source asOf display { vi en } losingValues { text kind source recordId field } }
  none { label { vi en } source asOf }
}"""
READ = f"query ($id: ID!) {{ prefillSnapshot(id: $id) {{ prefill {{ {ANSWERS} }} }} }}"
PREFILL = f"query ($procedure: String!) {{ prefill(procedure: $procedure) {{ {ANSWERS} }} }}"


@dataclass(frozen=True)
class ChosenCase:
    """A case of a procedure, and what it was answered."""

    procedure: str
    subjects: tuple[NamedSubject, ...]
    prefill: Prefill

    @property
    def statuses(self) -> frozenset[AnswerStatus]:
        """The statuses that its answers have."""
        return frozenset(answer.status for answer in self.prefill.answers)


@dataclass(frozen=True)
class WalkDossier:
    """A dossier that is open. `prefill` is what its snapshot says, as the graph gives it."""

    code: str
    procedure: str
    officer: Officer
    snapshot: str
    prefill: Mapping[str, Any]


async def choose_cases(prefills: PrefillService, connection: Connection[Any]) -> list[ChosenCase]:
    """One case of each procedure, so that together they show many statuses; in that of the transfer a holder is named otherwise.

    Raises OperationRefused if the province has nobody for a procedure.
    """
    chosen: list[ChosenCase] = []
    seen: set[AnswerStatus] = set()
    for one in sorted(list_procedure_cases(), key=lambda case: case.procedure != CONTRADICTED_PROCEDURE):
        if one.procedure == CONTRADICTED_PROCEDURE:
            cases = await _fill_cases(prefills, one.procedure, find_contradicted(connection, one))
            cases = [case for case in cases if names_holder_otherwise(case.prefill)]
        else:
            cases = await _fill_cases(prefills, one.procedure, one.find(connection, MOST_TRIED))
        if not cases:
            raise OperationRefused(
                f"the province has no case for {one.procedure}", next_step="take a larger province: --citizens"
            )
        best = max(cases, key=lambda case: len(case.statuses - seen))
        seen |= best.statuses
        chosen.append(best)
    return sorted(chosen, key=lambda case: case.procedure)


def find_contradicted(connection: Connection[Any], case: ProcedureCases) -> list[tuple[NamedSubject, ...]]:
    """Transfers by holders whose name on a certificate is not that of the population register."""
    (transferor, *others) = case.find(connection, 1)[0]
    holders = [number for (number,) in connection.execute(CONTRADICTED_HOLDER).fetchall()]
    taken = {one.value for one in others}
    return [(replace(transferor, value=number), *others) for number in holders if number not in taken]


def names_holder_otherwise(filled: Prefill) -> bool:
    """Whether an answer is contradictory because a certificate names its holder otherwise."""
    return any(
        loss.kind is LossKind.RECORDED_NAME and read_global_id(loss.record_id or "")[0] == RIGHT
        for answer in filled.answers
        if answer.status is AnswerStatus.CONTRADICTORY
        for value in answer.values
        for loss in value.losing_values
    )


async def _fill_cases(
    prefills: PrefillService, procedure: str, candidates: Sequence[tuple[NamedSubject, ...]]
) -> list[ChosenCase]:
    """The cases with their answers, in the same order; without those that are blocked."""
    filled = [(subjects, await prefill_case(prefills, procedure, subjects)) for subjects in candidates]
    return [
        ChosenCase(procedure, subjects, answer)
        for subjects, answer in filled
        if isinstance(answer, Prefill) and not answer.blocked_by
    ]


async def open_dossiers(offices: DemoOffices, cases: Sequence[ChosenCase]) -> list[WalkDossier]:
    """Open a dossier of each case as its office would, prefill it, and keep the answer. Raises OperationRefused."""
    return [await _open_dossier(offices, case, number) for number, case in enumerate(cases, 1)]


async def _open_dossier(offices: DemoOffices, case: ChosenCase, number: int) -> WalkDossier:
    now = datetime.now(UTC)
    officer = find_officer(case.procedure)
    given = {
        "code": f"H49.12-{now:%y%m%d}-{1_000 + number}",
        "purpose": case.procedure,
        "office": f"{officer.unit}@{now.date().isoformat()}",
        "subjects": [{"role": one.role, "subject": name_subject(one)} for one in case.subjects],
    }
    code = (await offices.ask(officer, OPEN, {"input": given}))["dossier"]["code"]
    snapshot = (await offices.ask(officer, KEEP, dossier=code))["snapshot"]["id"]
    kept = await offices.ask(officer, READ, {"id": snapshot}, dossier=code)
    return WalkDossier(code, case.procedure, officer, snapshot, kept["prefill"])


def find_officer(procedure: str) -> Officer:
    """The officer who works with a procedure: enterprises are registered by the province, the rest is done in a ward."""
    return BUSINESS_OFFICER if procedure == "enterprise-registration-change" else LAND_OFFICER


def name_subject(one: NamedSubject) -> dict[str, Any]:
    """A subject as the graph takes it: `{"citizen": {"personalId": …}}`."""
    assert one.field is not None
    return {f"{one.entity[0].lower()}{one.entity[1:]}": {to_camel_case(one.field): one.value}}


async def prefill_again(offices: DemoOffices, dossier: WalkDossier) -> Mapping[str, Any]:
    """What the dossier is answered now. Raises OperationRefused."""
    found: Mapping[str, Any] = await offices.ask(
        dossier.officer, PREFILL, {"procedure": dossier.procedure}, dossier=dossier.code
    )
    return found


def list_answers(prefill: Mapping[str, Any], status: str) -> list[Mapping[str, Any]]:
    """The answers with a status, in the order of the form."""
    return [one for one in prefill["answers"] if one["status"] == status]
