"""Delivery: what waits is sent, answers are read, and sources are reminded. Run by the worker every few minutes.

A message is sent at least once: if the hub dies between sending and writing that down, it is sent again with the same idempotency
key. A source that is down holds up its own messages and no others.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from psycopg import Connection
from psycopg.rows import class_row

from hub.access.alarms import raise_alarm
from hub.corrections.answers import mark_read, read_answers
from hub.corrections.messages import MessageKind, OutgoingMessage, SourceAnswer
from hub.corrections.records import COLUMNS, Correction, apply_event, correction_closed, load_correction, write_change
from hub.corrections.requests import decide_correction
from hub.corrections.senders import CorrectionSender, open_sender
from hub.corrections.settlement import SettlingCounts, settle_corrections
from hub.corrections.terms import find_terms
from hub.corrections.transitions import CorrectionEvent, next_state
from hub.errors import HubError, OperationRefused, SourceUnavailable
from hub.ingest.connectors import load_manifests
from hub.ingest.read.http.client import AnswerRefused
from hub.model.correction_states import PENDING, CorrectionState
from hub.sdk.corrections import FileCorrections

LOG = logging.getLogger("hub.corrections")
BATCH = 500
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(hours=6)
BY = "worker"
LOCK = "select pg_try_advisory_lock(hashtextextended('hub corrections', 0))"
UNLOCK = "select pg_advisory_unlock(hashtextextended('hub corrections', 0))"
SELECT_WAITING = f"""
select {COLUMNS} from hub.source_correction
where to_send is not null and next_try_at <= %(now)s
order by connector, next_try_at, id limit %(most)s"""  # noqa: S608 constants
SELECT_FORGETFUL = f"""
select {COLUMNS} from hub.source_correction
where state = any(%(pending)s) and remind_at <= %(now)s and to_send is null
order by id limit %(most)s"""  # noqa: S608 constants
SELECT_BESIDE = """
select (select s.name from hub.stream s where s.id = %(stream)s), (select d.code from hub.dossier d where d.id = %(dossier)s)"""


@dataclass
class DeliveryCounts:
    """What one delivery did. `problems` name sources and rules, never a value."""

    settled: SettlingCounts = field(default_factory=SettlingCounts)
    sent: int = 0
    failed: int = 0
    answered: int = 0
    reminded: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def is_worth_saying(self) -> bool:
        """Whether anything happened."""
        settled = self.settled.resolved + self.settled.reopened
        return bool(self.sent + self.failed + self.answered + self.reminded + settled or self.problems)

    def describe(self) -> str:
        """One line for a person."""
        numbers = (
            f"{self.sent:,} sent, {self.failed:,} failed, {self.answered:,} answered, {self.reminded:,} reminded,"
            f" {self.settled.resolved:,} resolved, {self.settled.reopened:,} reopened"
        )
        return " | ".join([numbers, *self.problems])


def deliver_corrections(connection: Connection[Any]) -> DeliveryCounts | None:
    """Settle what the sources show, remind, send what waits, and read answers; None if another process does so now.

    Takes a connection in autocommit. Raises nothing for a source that is away: it is one of the problems.
    """
    row = connection.execute(LOCK).fetchone()
    if row is None or not row[0]:
        return None
    try:
        counts = DeliveryCounts(settle_corrections(connection))
        counts.reminded = remind_sources(connection)
        for connector, waiting in _list_waiting(connection):
            _send_all(connection, connector, waiting, counts)
        _read_all(connection, counts)
        return counts
    finally:
        connection.execute(UNLOCK)


def remind_sources(connection: Connection[Any]) -> int:
    """Remind sources whose time is over: a message to those that take messages, an alarm for the work queue. Returns how many."""
    now = datetime.now(UTC)
    with connection.cursor(row_factory=class_row(Correction)) as cursor:
        found = cursor.execute(SELECT_FORGETFUL, {"pending": sorted(PENDING), "now": now, "most": BATCH}).fetchall()
    in_queue = False
    for one in found:
        terms = find_terms(one.connector)
        later = terms.compute_reminder(now)
        with connection.transaction():
            fresh = load_correction(connection, one.id, for_change=True)
            if fresh.state not in PENDING or fresh.to_send is not None:
                continue
            if terms.is_sent:
                connection.execute(
                    "update hub.source_correction set to_send = 'REMINDER', next_try_at = %s, remind_at = %s where id = %s",
                    (now, later, one.id),
                )
                continue
            in_queue = True
            write_change(
                connection, fresh, CorrectionEvent.REMIND, fresh.state, by=BY, at=now, reminders=fresh.reminders + 1, remind_at=later
            )  # fmt: skip
    if in_queue:
        raise_alarm(connection, "CORRECTIONS_OVERDUE", principal=None, dossier_id=None)
    return len(found)


def queue_message(connection: Connection[Any], number: int) -> Correction:
    """Let a correction be sent, or its source be reminded, with the next delivery, whatever became of it before.

    Raises OperationRefused with CORRECTION_UNKNOWN, CORRECTION_CLOSED, or NOT_SENT if the source takes it from the work queue.
    """
    with connection.transaction():
        found = load_correction(connection, number, for_change=True)
        if found.state not in PENDING:
            raise correction_closed(found)
        if not find_terms(found.connector).is_sent:
            raise OperationRefused(
                f"{found.connector} takes corrections from the work queue: nothing is sent to it",
                code="NOT_SENT",
                next_step="tell its steward, who sees it with `hub corrections list`; or declare [corrections] in the manifest",
            )
        kind = "REMINDER" if found.sent_at and found.state is not CorrectionState.REOPENED else "REQUEST"
        connection.execute(
            "update hub.source_correction set to_send = %s, next_try_at = now(), attempts = 0, failure = null where id = %s",
            (kind, number),
        )
        return load_correction(connection, number)


def _list_waiting(connection: Connection[Any]) -> Iterator[tuple[str, list[Correction]]]:
    with connection.cursor(row_factory=class_row(Correction)) as cursor:
        found = cursor.execute(SELECT_WAITING, {"now": datetime.now(UTC), "most": BATCH}).fetchall()
    for connector in dict.fromkeys(one.connector for one in found):
        yield connector, [one for one in found if one.connector == connector]


def _send_all(
    connection: Connection[Any], connector: str, waiting: Sequence[Correction], counts: DeliveryCounts
) -> None:
    manifest = load_manifests().get(connector)
    sending = waiting[0]
    try:
        if manifest is None:
            raise SourceUnavailable(
                f"{connector}: there is no such connector", next_step="install it, or correct its manifest"
            )
        with open_sender(manifest) as sender:
            for sending in waiting:
                _send(connection, sender, sending, counts)
    except HubError as error:  # the source is away, or set up wrongly: the others of it wait as well
        counts.failed += 1
        counts.problems.append(str(error))
        _keep_failure(connection, sending, error.message)


def _send(
    connection: Connection[Any], sender: CorrectionSender | None, found: Correction, counts: DeliveryCounts
) -> None:
    if sender is None:  # the source takes them from the work queue by now
        connection.execute("update hub.source_correction set to_send = null, failure = null where id = %s", (found.id,))
        return
    kind = cast(MessageKind, found.to_send)
    beside = connection.execute(SELECT_BESIDE, {"stream": found.stream_id, "dossier": found.dossier_id}).fetchone()
    stream, dossier = beside or (None, None)
    try:
        answer = sender.send(OutgoingMessage(found, kind, stream, dossier))
    except AnswerRefused as error:
        counts.failed += 1
        counts.problems.append(str(error))
        _give_up(connection, found, error.message)
        return
    counts.sent += 1
    _keep_sent(connection, found, kind)
    if answer is not None and kind == "REQUEST":
        counts.answered += keep_answer(connection, found.id, answer)


def _keep_sent(connection: Connection[Any], sent: Correction, kind: MessageKind) -> None:
    """Write down that a message has gone, unless somebody has changed what there is to send meanwhile."""
    now = datetime.now(UTC)
    with connection.transaction():
        found = load_correction(connection, sent.id, for_change=True)
        if found.to_send != kind:
            return
        done: dict[str, Any] = {"to_send": None, "attempts": 0, "failure": None, "sent_at": now}
        if kind == "REQUEST" and next_state(found.state, CorrectionEvent.SEND):
            apply_event(connection, found, CorrectionEvent.SEND, by=BY, at=now, **done)
        elif kind == "REMINDER":
            done["reminders"] = found.reminders + 1
            write_change(connection, found, CorrectionEvent.REMIND, found.state, by=BY, at=now, **done)
        else:
            write_change(connection, found, CorrectionEvent.SEND, found.state, by=BY, at=now, **done)


def keep_answer(connection: Connection[Any], number: int, answer: SourceAnswer) -> bool:
    """Keep what a source answered; False if the correction is closed already, which a late answer finds."""
    try:
        decide_correction(connection, number, accepted=answer.accepted, by="source", answer=answer.reason)
    except HubError:
        return False
    return True


def compute_backoff(attempts: int, first: timedelta = FIRST_WAIT, longest: timedelta = LONGEST_WAIT) -> timedelta:
    """How long a message waits after so many failed tries: doubling, up to `longest`."""
    doubled: timedelta = first * 2 ** min(attempts - 1, 20)
    return min(doubled, longest)


def _keep_failure(connection: Connection[Any], found: Correction, message: str) -> None:
    attempts = min(found.attempts + 1, 1_000)
    connection.execute(
        "update hub.source_correction set attempts = %s, failure = %s, next_try_at = %s where id = %s and to_send = %s",
        (attempts, message, datetime.now(UTC) + compute_backoff(attempts), found.id, found.to_send),
    )


def _give_up(connection: Connection[Any], sent: Correction, message: str) -> None:
    """The source will never take this message: a person has to look."""
    with connection.transaction():
        found = load_correction(connection, sent.id, for_change=True)
        if found.to_send != sent.to_send:
            return
        write_change(
            connection,
            found,
            CorrectionEvent.SEND_FAILED,
            found.state,
            by=BY,
            note=message,
            to_send=None,
            failure=message,
        )
        raise_alarm(connection, "CORRECTION_NOT_SENT", principal=None, dossier_id=found.dossier_id)


def _read_all(connection: Connection[Any], counts: DeliveryCounts) -> None:
    for manifest in load_manifests().values():
        if not isinstance(manifest.corrections, FileCorrections):
            continue
        try:
            found = read_answers(connection, manifest, manifest.corrections)
        except HubError as error:
            counts.problems.append(str(error))
            continue
        counts.problems += found.problems
        for number, answer in found.answers.items():
            counts.answered += keep_answer(connection, number, answer)
            mark_read(connection, number, found.written[number])
