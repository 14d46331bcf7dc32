"""Papers that officers ask of citizens: granted only if the hub's own snapshot says that the state does not hold the thing.

Both are counted, granted and refused requests: `hub procedures stats` shows how often citizens are asked again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection

from hub.errors import OperationRefused
from hub.snapshots.records import PrefillSnapshot, load_newest_snapshot

NEWEST_WITHIN = timedelta(days=1)
"""How old the snapshot may be that a request rests on: later the state may hold the missing value."""
MAX_BY_SNAPSHOT = 500
HELD, NOT_APPLICABLE, BLOCKED, CHOICE_OPEN = "HELD", "NOT_APPLICABLE", "BLOCKED", "CHOICE_OPEN"
INSERT = """
insert into hub.paper_request (snapshot_id, procedure, requirement, role, status, reasons, granted, asked_by, acting_app, asked_at)
select %(snapshot_id)s, %(procedure)s, %(requirement)s, %(role)s, %(status)s, %(reasons)s, %(granted)s, %(asked_by)s, %(acting_app)s,
    %(asked_at)s
where (select count(*) from hub.paper_request where snapshot_id = %(snapshot_id)s) < %(most)s
returning id"""
SELECT_GRANTED = """
select p.id, p.snapshot_id, p.requirement, p.role, p.status, p.reasons, p.asked_at
from hub.paper_request p
join hub.prefill_snapshot s on s.id = p.snapshot_id
where s.dossier_id = %s and p.granted
order by p.asked_at desc, p.id desc
limit %s"""
MAX_LISTED = 200
REFUSALS: Mapping[str, tuple[str, str, str]] = {
    HELD: (
        "VALUE_HELD",
        "the state holds this already, so it must not be asked for",
        "use the value of `prefill`; if it is wrong, openCorrection asks the source to correct it",
    ),
    NOT_APPLICABLE: ("NOT_ASKED", "this is not asked in this case", "leave it out of the form"),
    CHOICE_OPEN: (
        "CHOICE_NEEDED",
        "the state holds several, and nobody has said which of them is meant",
        "choose in keepPrefill(choices: …), and ask for what is not held then",
    ),
    BLOCKED: (
        "PROCEDURE_BLOCKED",
        "the procedure is blocked, so no paper is asked for",
        "see `blockedBy` of the prefill, and tell the citizen",
    ),
}


@dataclass(frozen=True)
class PaperVerdict:
    """Whether a paper may be asked for, and what the snapshot says: its status, and the reasons, the strongest first."""

    granted: bool
    status: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class PaperRequest:
    """A paper that may be asked for. `role` is None if it was not narrowed to one."""

    id: int
    snapshot_id: int
    requirement: str
    role: str | None
    status: str
    reasons: tuple[str, ...]
    asked_at: datetime


def judge_paper(answer: Mapping[str, Any], requirement: str, role: str | None) -> PaperVerdict:
    """Judge a request by the JSON of a prefill. Of several answers, such as those of items, one that is not held is enough.

    A list of which nobody has chosen an item is held: the officer chooses, and the citizen brings no paper.

    Raises OperationRefused with REQUIREMENT_UNKNOWN.
    """
    found = [
        one
        for one in answer["answers"]
        if one["requirement"]["code"] == requirement and (role is None or one["role"] == role)
    ]
    if not found:
        raise OperationRefused(
            "the prefill has no such requirement for this role",
            code="REQUIREMENT_UNKNOWN",
            next_step="use a code of `prefill`, e.g. transferor_marital_status; `hub procedures show` lists them",
        )
    if answer["blockedBy"]:
        return PaperVerdict(False, BLOCKED, tuple(dict.fromkeys(block["code"] for block in answer["blockedBy"])))
    unchosen = [one for one in found if one["reasons"] == [CHOICE_OPEN]]
    open_ones = [one for one in found if one["status"] not in (HELD, NOT_APPLICABLE) and one not in unchosen]
    if open_ones:
        return PaperVerdict(True, open_ones[0]["status"], tuple(open_ones[0]["reasons"]))
    if unchosen:
        return PaperVerdict(False, CHOICE_OPEN, (CHOICE_OPEN,))
    decisive = next((one for one in found if one["status"] == HELD), found[0])
    return PaperVerdict(False, decisive["status"], tuple(decisive["reasons"]))


def list_paper_requests(connection: Connection[Any], dossier_id: int) -> list[PaperRequest]:
    """The papers that the citizen was asked for under a dossier, the newest first; MAX_LISTED at most."""
    found = connection.execute(SELECT_GRANTED, (dossier_id, MAX_LISTED)).fetchall()
    return [
        PaperRequest(number, snapshot, requirement, role, status, tuple(reasons), asked_at)
        for number, snapshot, requirement, role, status, reasons, asked_at in found
    ]


def request_paper(
    connection: Connection[Any],
    dossier_id: int,
    requirement: str,
    role: str | None,
    *,
    asked_by: str,
    acting_app: str | None,
) -> PaperRequest:
    """Ask for a paper, by the newest snapshot of the dossier. A refusal is written down before it is raised.

    Raises OperationRefused with SNAPSHOT_NEEDED, REQUIREMENT_UNKNOWN, VALUE_HELD, NOT_ASKED, CHOICE_NEEDED, PROCEDURE_BLOCKED,
    TOO_MANY_PAPER_REQUESTS, and as `PrefillSnapshot.read_answer` does.
    """
    now = datetime.now(UTC)
    snapshot = _find_recent(connection, dossier_id, now)
    verdict = judge_paper(snapshot.read_answer(), requirement, role)
    values = {
        "snapshot_id": snapshot.id,
        "procedure": snapshot.procedure,
        "requirement": requirement,
        "role": role,
        "status": verdict.status,
        "reasons": list(verdict.reasons),
        "granted": verdict.granted,
        "asked_by": asked_by,
        "acting_app": acting_app,
        "asked_at": now,
        "most": MAX_BY_SNAPSHOT,
    }
    made = connection.execute(INSERT, values).fetchone()
    if made is None:
        raise OperationRefused(
            f"{MAX_BY_SNAPSHOT} papers were asked for by this snapshot already",
            code="TOO_MANY_PAPER_REQUESTS",
            next_step="keep another snapshot with keepPrefill",
        )
    if not verdict.granted:
        code, words, step = REFUSALS[verdict.status]
        raise OperationRefused(words, code=code, next_step=step)
    return PaperRequest(made[0], snapshot.id, requirement, role, verdict.status, verdict.reasons, now)


def _find_recent(connection: Connection[Any], dossier_id: int, now: datetime) -> PrefillSnapshot:
    found = load_newest_snapshot(connection, dossier_id)
    if found is None or found.at < now - NEWEST_WITHIN:
        age = "has no snapshot" if found is None else "has none of the last 24 hours"
        raise OperationRefused(
            f"a paper is asked for on the ground of a snapshot, and the dossier {age}",
            code="SNAPSHOT_NEEDED",
            next_step="keep one with keepPrefill, and ask again",
        )
    return found
