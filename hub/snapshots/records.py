"""Snapshots in the store: kept, found, loaded, and forgotten after their time.

Every function takes a psycopg connection in autocommit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from hub.errors import OperationRefused
from hub.snapshots.canonical import canonical_bytes, digest_of

Occasion = Literal["REQUEST", "CLOSING"]
MAX_BY_DOSSIER = 100
MAX_ANSWER_BYTES = 4_000_000
COLUMNS = (
    "s.id, s.dossier_id, d.code as dossier, d.office, s.procedure, s.procedure_version, s.declaration, s.roles, s.paths, s.outcomes,"
    " s.choices, s.people, s.answer, s.digest, s.at, s.hub_version, s.occasion, s.kept_by, s.keep_days, s.forgotten_at"
)
SUMMARY_COLUMNS = "s.id, d.code as dossier, s.procedure, s.procedure_version, s.at, s.hub_version, s.occasion, s.digest, s.forgotten_at"
INSERT = """
insert into hub.prefill_snapshot (dossier_id, procedure, procedure_version, declaration, roles, paths, outcomes, choices, people,
    answer, digest, at, hub_version, occasion, kept_by, acting_app, keep_days)
select %(dossier_id)s, %(procedure)s, %(procedure_version)s, %(declaration)s, %(roles)s, %(paths)s, %(outcomes)s, %(choices)s,
    %(people)s, %(answer)s, %(digest)s, %(at)s, %(hub_version)s, %(occasion)s, %(kept_by)s, %(acting_app)s, %(keep_days)s
from hub.dossier d
where d.id = %(dossier_id)s and d.outcome is null and d.expires_at > now()
    and (select count(*) from hub.prefill_snapshot where dossier_id = %(dossier_id)s) < %(most)s
returning id"""
IS_OPEN = "select outcome is null and expires_at > now() from hub.dossier where id = %s"
FIND_PEOPLE = """
select distinct p.entity, n.number
from unnest(%s::text[], %s::bigint[]) as p (entity, subject_id)
cross join lateral (
    select p.subject_id
    union all
    select h.heir_id from link.heir h where h.subject_kind = p.entity and h.subject_id = p.subject_id
) n (number)
order by 1, 2"""
FORGET = """
update hub.prefill_snapshot s
set answer = null, choices = null, people = null, forgotten_at = now()
from hub.dossier d
where d.id = s.dossier_id and s.forgotten_at is null
    and coalesce(d.ended_at, d.expires_at) < now() - least(s.keep_days, %(days)s::int) * interval '1 day'"""
SNAPSHOT_TYPE = "PrefillSnapshot"
"""The type in global ids."""
UNKNOWN = OperationRefused(
    "there is no such snapshot, or it is not one of your dossier",
    code="SNAPSHOT_UNKNOWN",
    next_step="take ids from `prefillSnapshots`, as they are",
)
"""One refusal for both: whether another dossier has a snapshot of this number is nobody's business."""


@dataclass(frozen=True)
class NewSnapshot:
    """A snapshot to keep. `answer` is the prefill's JSON; `people` are kind and number of everybody whose data it has."""

    dossier_id: int
    answer: Mapping[str, Any]
    choices: Mapping[str, Sequence[str]]
    people: Sequence[tuple[str, int]]
    paths: Sequence[str]
    at: datetime
    hub_version: str
    occasion: Occasion
    kept_by: str
    acting_app: str | None
    keep_days: int


@dataclass(frozen=True)
class SnapshotSummary:
    """A snapshot without what it says."""

    id: int
    dossier: str
    procedure: str
    procedure_version: str
    at: datetime
    hub_version: str
    occasion: Occasion
    digest: bytes
    forgotten_at: datetime | None


@dataclass(frozen=True)
class PrefillSnapshot:
    """A snapshot as it is stored. `answer`, `choices` and `people` are None once they are forgotten."""

    id: int
    dossier_id: int
    dossier: str
    office: str
    procedure: str
    procedure_version: str
    declaration: str
    roles: list[str]
    paths: list[str]
    outcomes: list[Mapping[str, Any]]
    choices: Mapping[str, list[str]] | None
    people: list[tuple[str, int]] | None
    answer: bytes | None
    digest: bytes
    at: datetime
    hub_version: str
    occasion: Occasion
    kept_by: str
    keep_days: int
    forgotten_at: datetime | None

    @property
    def chosen(self) -> Mapping[str, frozenset[str]]:
        """The items that the case was about, by requirement."""
        return {code: frozenset(keys) for code, keys in (self.choices or {}).items()}

    def read_answer(self) -> dict[str, Any]:
        """The prefill's JSON. Raises OperationRefused with SNAPSHOT_FORGOTTEN or SNAPSHOT_ALTERED."""
        if self.answer is None:
            raise OperationRefused(
                f"the values of the snapshot were deleted on {self.forgotten_at:%Y-%m-%d}, after their time",
                code="SNAPSHOT_FORGOTTEN",
                next_step="its digest and its statuses are still there; prefill the dossier again if it is open",
            )
        if digest_of(self.answer) != self.digest:
            raise OperationRefused(
                "the snapshot has been changed since it was kept: its digest differs",
                code="SNAPSHOT_ALTERED",
                next_step="tell the operator: somebody has changed the database",
            )
        read: dict[str, Any] = orjson.loads(self.answer)
        return read


def keep_snapshot(connection: Connection[Any], new: NewSnapshot) -> SnapshotSummary:
    """Keep a snapshot of an open dossier. Raises OperationRefused with DOSSIER_ENDED, TOO_MANY_SNAPSHOTS or RESULT_TOO_LARGE."""
    content = canonical_bytes(new.answer)
    if len(content) > MAX_ANSWER_BYTES:
        raise OperationRefused(
            f"the answer has more than {MAX_ANSWER_BYTES:,} bytes, so no snapshot is kept of it",
            code="RESULT_TOO_LARGE",
            next_step="choose the items that the case is about",
        )
    procedure = new.answer["procedure"]
    values = {
        "dossier_id": new.dossier_id,
        "procedure": procedure["code"],
        "procedure_version": procedure["version"],
        "declaration": procedure["declaration"],
        "roles": list(dict.fromkeys(subject["role"] for subject in new.answer["subjects"])),
        "paths": list(new.paths),
        "outcomes": Jsonb(list_outcomes(new.answer)),
        "choices": Jsonb({code: sorted(keys) for code, keys in new.choices.items()}),
        "people": Jsonb([list(one) for one in new.people]),
        "answer": content,
        "digest": digest_of(content),
        "at": new.at,
        "hub_version": new.hub_version,
        "occasion": new.occasion,
        "kept_by": new.kept_by,
        "acting_app": new.acting_app,
        "keep_days": new.keep_days,
        "most": MAX_BY_DOSSIER,
    }
    made = connection.execute(INSERT, values).fetchone()
    if made is None:
        open_now = connection.execute(IS_OPEN, (new.dossier_id,)).fetchone()
        if open_now is None or not open_now[0]:
            raise OperationRefused(
                "the dossier was ended while it was prefilled, so nothing is kept",
                code="DOSSIER_ENDED",
                next_step="open a new dossier for new work",
            )
        raise OperationRefused(
            f"the dossier has {MAX_BY_DOSSIER} snapshots already",
            code="TOO_MANY_SNAPSHOTS",
            next_step="use the newest of `prefillSnapshots`",
        )
    return list_snapshots(connection, new.dossier_id, number=made[0])[0]


def list_outcomes(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Requirement, role, status and reasons of each answer: all of it stays when the values are forgotten."""
    return [
        {
            "requirement": one["requirement"]["code"],
            "role": one["role"],
            "status": one["status"],
            "reasons": one["reasons"],
        }
        for one in answer["answers"]
    ]


def list_snapshots(connection: Connection[Any], dossier_id: int, *, number: int | None = None) -> list[SnapshotSummary]:
    """The snapshots of a dossier, the newest first; of one number if it is given."""
    query = f"""
        select {SUMMARY_COLUMNS}
        from hub.prefill_snapshot s join hub.dossier d on d.id = s.dossier_id
        where s.dossier_id = %s and (%s::bigint is null or s.id = %s)
        order by s.id desc
        limit {MAX_BY_DOSSIER}"""  # noqa: S608 constants
    with connection.cursor(row_factory=class_row(SnapshotSummary)) as cursor:
        return cursor.execute(query, (dossier_id, number, number)).fetchall()


def load_snapshot(connection: Connection[Any], number: int, *, dossier_id: int | None = None) -> PrefillSnapshot:
    """A snapshot, of this dossier if one is given. Raises OperationRefused with SNAPSHOT_UNKNOWN."""
    found = _load(
        connection, "s.id = %s and (%s::bigint is null or s.dossier_id = %s)", (number, dossier_id, dossier_id)
    )
    if found is None:
        raise UNKNOWN
    return found


def load_newest_snapshot(connection: Connection[Any], dossier_id: int) -> PrefillSnapshot | None:
    """The newest snapshot of a dossier; None if it has none."""
    return _load(connection, "s.dossier_id = %s", (dossier_id,))


def has_snapshot(connection: Connection[Any], dossier_id: int) -> bool:
    """Whether a dossier has a snapshot."""
    query = "select exists (select from hub.prefill_snapshot where dossier_id = %s)"
    row = connection.execute(query, (dossier_id,)).fetchone()
    return bool(row and row[0])


def find_people_now(connection: Connection[Any], people: Iterable[Sequence[Any]]) -> frozenset[tuple[str, int]]:
    """These people, and whoever they have been merged into since."""
    named = [(str(entity), int(number)) for entity, number in people]
    rows = connection.execute(FIND_PEOPLE, ([e for e, _ in named], [n for _, n in named])).fetchall()
    return frozenset((entity, number) for entity, number in rows)


def forget_snapshots(connection: Connection[Any], days: int | None) -> int:
    """Delete the values of snapshots whose time is over: the purpose's days after the dossier's end, or `days` if that is less. Returns how many."""
    return connection.execute(FORGET, {"days": days}).rowcount


def _load(connection: Connection[Any], condition: str, values: Sequence[Any]) -> PrefillSnapshot | None:
    query = f"""
        select {COLUMNS}
        from hub.prefill_snapshot s join hub.dossier d on d.id = s.dossier_id
        where {condition}
        order by s.id desc
        limit 1"""  # noqa: S608 constants
    with connection.cursor(row_factory=class_row(PrefillSnapshot)) as cursor:
        return cursor.execute(query, values).fetchone()
