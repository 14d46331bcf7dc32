"""The pair that a verdict names, as the store has it, and whether it may be decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from hub.errors import OperationRefused
from hub.link.decisions.merges import heir_of, list_cluster_rows
from hub.link.decisions.verdicts import BINDING, Verdict
from hub.link.field import Field
from hub.model.registry import load_registry
from hub.model.tables import OPEN
from hub.store.query import fetch_value


@dataclass(frozen=True)
class Pair:
    """A record and a row of the register, `heir_id` being what that row stands for; weight and evidence where it is a candidate."""

    record_id: int
    found_id: int
    heir_id: int = 0
    kind: str = ""
    weight: float | None = None
    evidence: list[dict[str, Any]] | None = None
    is_proposed: bool = False
    """Whether a run proposed it and left it open."""


def agreed_pair(connection: Connection[Any], field: Field, given: Verdict) -> Pair:
    """The pair of a first decision. Raises OperationRefused if there is no such pair, or another decision speaks against it."""
    record, subject = given.record_id, given.subject_id
    if field.merges:
        record, subject = max(record, subject), min(record, subject)
        if record == subject:
            raise OperationRefused(
                "a row cannot be merged with itself", next_step="name two rows", code="RECORD_NOT_FOUND"
            )
    _kind(connection, (field.entity.name,), record, "record")
    kind = _kind(connection, field.kinds, subject, "subject")
    heir = heir_of(connection, subject)
    _refuse_merge(connection, field, record, subject, given) if field.merges else _refuse_link(
        connection, field, record, heir, given
    )
    # A subject is shown by its heir: of the rows found that stand for it, the decision is on the likeliest.
    exact = field.merges or heir != subject
    row = connection.execute(
        f"select l.found_id, l.weight, l.evidence, l.{OPEN} from link.{field.table} l where l.record_id = %(record)s and l.subject_id = %(heir)s"
        " and (l.found_id = %(subject)s or not %(exact)s) order by l.found_id = %(subject)s desc, l.status = 'UNCONFIRMED',"
        " l.weight desc nulls last, l.found_id limit 1",
        {"record": record, "heir": heir, "subject": subject, "exact": exact},
    ).fetchone()
    found, weight, evidence, is_open = row or (subject, None, None, False)
    return Pair(record, found, heir, kind, weight, evidence, is_open)


def refuse_unasked(connection: Connection[Any], field: Field, pair: Pair) -> None:
    """Raises OperationRefused with NO_OPEN_QUESTION unless linking asks about this pair: a run proposed it, and the record has no confirmed link.

    One person alone must not give a record that is settled, or one of their own choice, to whomever they like.
    """
    confirmed = f"select exists (select from link.{field.table} l where l.record_id = %s and l.status = 'CONFIRMED')"
    if pair.is_proposed and (field.merges or not fetch_value(connection, confirmed, (pair.record_id,))):
        return
    raise OperationRefused(
        "linking does not ask about this pair: no run proposed it and left it open, or the record has a confirmed link",
        next_step="decide what `reviewQueue` lists; a confirmed link that is wrong is for two people: undo the decision"
        " that confirmed it, or have the operator run `hub review decide` on the server",
        code="NO_OPEN_QUESTION",
    )


def _refuse_link(connection: Connection[Any], field: Field, record: int, heir: int, given: Verdict) -> None:
    binding = connection.execute(
        "select d.id, d.verdict, coalesce(h.heir_id, d.subject_id) = %s from link.decision d"
        f" left join link.heir h on h.subject_id = d.subject_id where d.record_id = %s and d.field = %s and {BINDING} order by d.id",
        (heir, record, field.name),
    ).fetchall()
    for number, verdict, same_subject in binding:
        if same_subject:
            raise _decided(number, "this pair")
        if verdict == given.verdict == "SAME":
            raise _decided(number, "which subject this record is")


def _refuse_merge(connection: Connection[Any], field: Field, record: int, subject: int, given: Verdict) -> None:
    exact = connection.execute(
        f"select d.id from link.decision d where d.record_id = %s and d.subject_id = %s and d.field = %s and {BINDING}",
        (record, subject, field.name),
    ).fetchone()
    if exact:
        raise _decided(exact[0], "this pair")
    one, other = list_cluster_rows(connection, record), list_cluster_rows(connection, subject)
    if given.verdict == "DIFFERENT":
        if one[0] == other[0]:
            raise _conflict("the two are one through other merges", _between(connection, field, one, one, "SAME"))
        return
    against = _between(connection, field, one, other, "DIFFERENT")
    if against:
        raise _conflict("the merge would make rows one that were decided to be different", against)


def _between(
    connection: Connection[Any], field: Field, one: Sequence[int], other: Sequence[int], verdict: str
) -> list[int]:
    """Binding decisions of this verdict between two sets of rows, by id."""
    rows = connection.execute(
        f"select d.id from link.decision d where d.field = %(field)s and d.verdict = %(verdict)s and {BINDING}"
        " and (d.record_id = any(%(one)s) and d.subject_id = any(%(other)s)"
        " or d.record_id = any(%(other)s) and d.subject_id = any(%(one)s)) order by d.id",
        {"field": field.name, "verdict": verdict, "one": list(one), "other": list(other)},
    ).fetchall()
    return [number for (number,) in rows]


def _kind(connection: Connection[Any], kinds: Sequence[str], row: int, what: str) -> str:
    """Of which of these kinds a row is. Raises OperationRefused if it is of another kind, or there is none."""
    every = {entity.name: entity.table for entity in load_registry()}
    rows = connection.execute(
        " union all ".join(
            f"select '{kind}' where exists (select from data.{table} where id = %(row)s)"
            for kind, table in every.items()
        ),
        {"row": row},
    ).fetchall()
    if not rows:
        raise OperationRefused(f"there is no {what} {row}", next_step="see `hub review list`", code="RECORD_NOT_FOUND")
    kind: str = rows[0][0]
    if kind not in kinds:
        raise OperationRefused(f"{what} {row} is a {kind}", next_step=f"name a {' or '.join(kinds)}", code="WRONG_KIND")
    return kind


def _decided(number: int, what: str) -> OperationRefused:
    return OperationRefused(
        f"decision {number} says already, of {what}",
        next_step=f"undo it first: `hub review undo {number}`",
        code="ALREADY_DECIDED",
    )


def _conflict(message: str, decisions: Sequence[int]) -> OperationRefused:
    return OperationRefused(
        f"{message}: decisions {', '.join(map(str, decisions))}",
        next_step="undo the one that is wrong first: `hub review undo`",
        code="DECISION_CONFLICT",
    )
