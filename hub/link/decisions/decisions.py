"""Decisions of persons on links and merges, and their undoing. Each is one transaction, under the lock of linking.

What follows at once is the pair itself: a SAME link is the record's one row, CONFIRMED by `review`; a DIFFERENT one is gone,
accepted or not; a merge moves every link of the cluster to its heir, an undone merge moves them back. What follows for other
candidates of the record is for the next run, which takes the record for new.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from hub.errors import OperationRefused
from hub.link.decisions.link_rows import announce_links, look_again, take_links
from hub.link.decisions.merges import list_cluster_rows, regroup_clusters
from hub.link.decisions.pairs import Pair, agreed_pair, refuse_unasked
from hub.link.decisions.verdicts import BINDING, DECISION, Decision, Verdict, check_verdict, reason_of, reviewer_of
from hub.link.field import COLUMNS, Field, field_named
from hub.link.lock import hold_link_lock
from hub.link.review.review_priority import requeue_records
from hub.store.query import fetch_row, fetch_value

PAIR = "l.record_id = %(record)s and l.found_id = %(found)s"


def keep_decision(connection: Connection[Any], verdict: Verdict, *, asked_only: bool = False) -> Decision:
    """Keep a verdict, and let it take effect. A second opinion takes none. `asked_only`: only on a pair that linking asks about.

    Raises OperationRefused: UNKNOWN_FIELD, RECORD_NOT_FOUND, WRONG_KIND, ALREADY_DECIDED, DECISION_CONFLICT, NO_OPEN_QUESTION, VERDICT_INVALID,
    REVIEWER_INVALID, REASON_INVALID, LINKING_IN_PROGRESS; of second opinions DECISION_NOT_FOUND, ALREADY_UNDONE,
    SECOND_OPINION_REFUSED.
    """
    field, given = field_named(verdict.field), check_verdict(verdict)
    with connection.transaction():
        if given.second_of is not None:
            return _second(connection, given, given.second_of)
        at = hold_link_lock(connection)
        pair = agreed_pair(connection, field, given)
        if asked_only:
            refuse_unasked(connection, field, pair)
        decision = _kept(connection, given, pair, at)
        EFFECTS[field.merges, given.verdict](connection, field, decision, pair)
        requeue_records(connection, field, [decision.record_id])
    return decision


def withdraw_decision(connection: Connection[Any], decision_id: int, *, by: str, reason: str) -> Decision:
    """Take a decision back: it binds no more, and what it changed is changed back.

    A merge is taken apart exactly. Of a link, the rows that stood before come back if nothing has touched the record since
    (see `_restore`); either way the next run looks at it. Raises OperationRefused: DECISION_NOT_FOUND, ALREADY_UNDONE,
    REVIEWER_INVALID, REASON_INVALID, LINKING_IN_PROGRESS.
    """
    by, reason = reviewer_of(by), reason_of(reason)
    with connection.transaction():
        at = hold_link_lock(connection)
        decision = decision_of(connection, decision_id, hold_it=True)
        _refuse_undone(decision)
        with connection.cursor(row_factory=class_row(Decision)) as cursor:
            undone = fetch_row(
                cursor,
                "update link.decision d set undone_at = %s, undone_by = %s, undone_reason = %s where d.id = %s"
                f" returning {DECISION}",
                (at, by, reason, decision_id),
            )
        if undone.second_of is None:
            field = field_named(undone.field)
            _revert(connection, field, undone, at)
            requeue_records(connection, field, [undone.record_id])
    return undone


def decision_of(connection: Connection[Any], number: int, *, hold_it: bool = False) -> Decision:
    """One decision; with `hold_it` nobody else decides of it before this transaction ends. Raises OperationRefused if there
    is none."""
    with connection.cursor(row_factory=class_row(Decision)) as cursor:
        found = cursor.execute(
            f"select {DECISION} from link.decision d where d.id = %s{' for update' if hold_it else ''}", (number,)
        ).fetchone()
    if found is None:
        raise OperationRefused(
            f"there is no decision {number}", next_step="see `hub review decisions`", code="DECISION_NOT_FOUND"
        )
    return found


def list_decisions(
    connection: Connection[Any], field: str | None = None, *, every: bool = False, first: int = 50
) -> tuple[Decision, ...]:
    """The newest decisions, of one field or of all; those that were undone only if `every` says so."""
    with connection.cursor(row_factory=class_row(Decision)) as cursor:
        return tuple(
            cursor.execute(
                f"select {DECISION} from link.decision d where d.field = coalesce(%(field)s::text, d.field)"
                " and (%(every)s or d.undone_at is null) order by d.id desc limit %(first)s",
                {"field": field and field_named(field).name, "every": every, "first": first},
            ).fetchall()
        )


def _second(connection: Connection[Any], given: Verdict, first_id: int) -> Decision:
    first = decision_of(connection, first_id, hold_it=True)
    _refuse_undone(first)
    if first.second_of is not None or first.field != given.field:
        raise _not_second(f"decision {first_id} is not a first decision on {given.field}")
    if {given.record_id, given.subject_id} != {first.record_id, first.subject_id}:
        raise _not_second(f"decision {first_id} is of another pair")
    gave = connection.execute(
        "select d.reviewer from link.decision d where d.undone_at is null and (d.id = %s or d.second_of = %s)",
        (first_id, first_id),
    ).fetchall()
    if given.reviewer.casefold() in {name.casefold() for (name,) in gave}:
        raise _not_second(f"this reviewer has decided on decision {first_id} already")
    pair = Pair(first.record_id, first.subject_id, weight=first.weight, evidence=first.evidence)
    return _kept(connection, given, pair, fetch_value(connection, "select clock_timestamp()"))


def _kept(connection: Connection[Any], given: Verdict, pair: Pair, at: datetime) -> Decision:
    evidence = None if pair.evidence is None else Jsonb(pair.evidence)
    with connection.cursor(row_factory=class_row(Decision)) as cursor:
        return fetch_row(
            cursor,
            "insert into link.decision as d"
            " (field, record_id, subject_id, verdict, reviewer, reason, decided_at, weight, evidence, second_of)"
            f" values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning {DECISION}",
            (given.field, pair.record_id, pair.found_id, given.verdict, given.reviewer, given.reason, at, pair.weight, evidence, given.second_of),
        )  # fmt: skip


def _link_same(connection: Connection[Any], field: Field, decision: Decision, pair: Pair) -> None:
    values = {"record": decision.record_id, "at": decision.decided_at}
    take_links(connection, field.table, "l.record_id = %(record)s", values)
    _confirm(connection, field, decision, pair)
    look_again(connection, [decision.record_id])
    announce_links(connection, field, [decision.record_id], decision.decided_at)


def _link_different(connection: Connection[Any], field: Field, decision: Decision, pair: Pair) -> None:
    values = {"record": decision.record_id, "heir": pair.heir_id, "at": decision.decided_at}
    take_links(connection, field.table, "l.record_id = %(record)s and l.subject_id = %(heir)s", values)
    look_again(connection, [decision.record_id])
    announce_links(connection, field, [decision.record_id], decision.decided_at)


def _merge_same(connection: Connection[Any], field: Field, decision: Decision, pair: Pair) -> None:
    values = {"record": decision.record_id, "found": decision.subject_id, "at": decision.decided_at}
    members = {*list_cluster_rows(connection, decision.record_id), *list_cluster_rows(connection, decision.subject_id)}
    take_links(connection, field.table, PAIR, values)
    _confirm(connection, field, decision, replace(pair, heir_id=min(members)))
    regroup_clusters(connection, field, sorted(members), decision.record_id, decision.decided_at)


def _merge_different(connection: Connection[Any], field: Field, decision: Decision, pair: Pair) -> None:
    values = {"record": decision.record_id, "found": decision.subject_id, "at": decision.decided_at}
    take_links(connection, field.table, PAIR, values)
    look_again(connection, [decision.record_id])


EFFECTS: Mapping[tuple[bool, str], Callable[[Connection[Any], Field, Decision, Pair], None]] = {
    (False, "SAME"): _link_same,
    (False, "DIFFERENT"): _link_different,
    (True, "SAME"): _merge_same,
    (True, "DIFFERENT"): _merge_different,
}
"""(whether the field merges, verdict) → what changes at once."""


def _confirm(connection: Connection[Any], field: Field, decision: Decision, pair: Pair) -> None:
    by, at = f"person:{decision.reviewer}", decision.decided_at
    evidence = None if pair.evidence is None else Jsonb(pair.evidence)
    connection.execute(
        f"insert into link.{field.table} ({COLUMNS}, sys_from)"
        " values (%s, %s, %s, %s, 'CONFIRMED', 'review', null, %s, %s, %s, %s, %s)",
        (pair.record_id, pair.found_id, pair.heir_id, pair.kind, pair.weight, evidence, by, at, at),
    )


def _revert(connection: Connection[Any], field: Field, decision: Decision, at: datetime) -> None:
    values = {"record": decision.record_id, "found": decision.subject_id, "at": at}
    decided = f"{PAIR} and l.method = 'review'"
    members = list_cluster_rows(connection, decision.record_id) if field.merges else []
    if decision.verdict == "SAME":
        take_links(connection, field.table, decided, values)
    if field.merges:
        regroup_clusters(connection, field, members, decision.record_id, at)
    _restore(connection, field, decision, at)
    if not field.merges:
        look_again(connection, [decision.record_id])
        announce_links(connection, field, [decision.record_id], at)


_OF_PAIR = ("b.found_id = %(found)s", "l.found_id = b.found_id", "d.subject_id = b.found_id")
_OF_RECORD = (
    "true",
    "l.sys_from > %(decided)s",
    "coalesce(o.heir_id, d.subject_id) = coalesce(h.heir_id, b.found_id)",
)
"""Which rows a decision took; which there may not be now; which other decisions speak of one."""


def _restore(connection: Connection[Any], field: Field, decision: Decision, at: datetime) -> None:
    """Put back the rows that the decision took, if that is exactly what a run of that day left: the record is of the same
    version, no run has made other rows of it since, no other decision speaks of them, and the rows found are still there.

    Otherwise nothing is put back, and the next run finds what there is to find.
    """
    found = " or ".join(
        f"(b.subject_kind = '{kind}' and exists (select from data.{table} s where s.id = b.found_id))"
        for kind, table in field.tables
    )
    # A row of the register has as many rows here as there are pairs it is in, each decided by itself.
    taken, touched, refused = _OF_PAIR if field.merges else _OF_RECORD
    connection.execute(
        f"insert into link.{field.table} ({COLUMNS}, sys_from)"
        " select b.record_id, b.found_id, coalesce(h.heir_id, b.found_id), b.subject_kind, b.status, b.method, b.confidence,"
        " b.weight, b.evidence, b.decided_by, b.decided_at, %(at)s"
        f" from link_history.{field.table} b left join link.heir h on h.subject_id = b.found_id"
        f" where b.record_id = %(record)s and b.sys_to = %(decided)s and {taken} and ({found})"
        f" and exists (select from data.{field.entity.table} r where r.id = b.record_id and r.sys_from <= %(decided)s)"
        f" and not exists (select from link.{field.table} l where l.record_id = b.record_id and {touched})"
        f" and not exists (select from link.decision d left join link.heir o on o.subject_id = d.subject_id"
        f" where d.record_id = b.record_id and d.field = %(field)s and {BINDING} and {refused})",
        {"record": decision.record_id, "found": decision.subject_id, "decided": decision.decided_at, "at": at, "field": field.name},
    )  # fmt: skip


def _refuse_undone(decision: Decision) -> None:
    if decision.undone_at is not None:
        raise OperationRefused(
            f"decision {decision.id} was undone already",
            next_step="decide of the pair anew",
            code="ALREADY_UNDONE",
        )


def _not_second(message: str) -> OperationRefused:
    return OperationRefused(
        message,
        next_step="see `hub review checks` for what waits for a second opinion",
        code="SECOND_OPINION_REFUSED",
    )
