"""`hub review`: the questions that linking left to persons, and their decisions. Only `show` prints values of people."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any, Literal

import cyclopts
from cyclopts import Parameter
from psycopg import Connection

from hub.cli.linking.review_display import describe_decision, list_shown, show_item
from hub.cli.options import Json
from hub.cli.shown_values import record_shown
from hub.cli.store import connect_to_read
from hub.cli.terminal import OUT, show_json, show_table
from hub.errors import OperationRefused
from hub.link.decisions import agreement as agreements
from hub.link.decisions import decisions as log
from hub.link.decisions.verdicts import WORDS, Decision, Verdict, Word
from hub.link.review import item as items
from hub.link.review import review
from hub.settings import load_settings

app = cyclopts.App(name="review")
app.command(
    "hub.cli.linking.review_sample:sample_command",
    name="sample",
    help="List sampled questions that wait for a reviewer. How linking answered them is hidden.",
)
app.command(
    "hub.cli.linking.review_sample:question_command",
    name="question",
    help="Show a sampled question: a record beside rows of a register that it may mean. These are personal data: keep no copy.",
)
app.command(
    "hub.cli.linking.review_sample:answer_command",
    name="answer",
    help="Answer a sampled question: which row the record means, none of those shown, or that it cannot be told.",
)
Says = Annotated[Literal["same", "different"], Parameter(help="same or different.")]
Reviewer = Annotated[str | None, Parameter(help="Who decides; by default, HUB_REVIEWER.")]
Reason = Annotated[str, Parameter(help="The reason, in a sentence.")]
WORD: dict[str, Word] = {word.lower(): word for word in WORDS}


@app.command(name="list")
def list_command(
    *,
    field: str | None = None,
    kind: str | None = None,
    sector: str | None = None,
    least_weight: float | None = None,
    first: int = 20,
    after: str | None = None,
    json: Json = False,
) -> None:
    """List open questions, most valuable first, without personal data.

    Parameters
    ----------
    field
        Of this linked field, Entity.field; or of merges, Entity.duplicate.
    kind
        With a candidate of this kind of subject.
    sector
        Records of this sector.
    least_weight
        With a candidate of at least this weight, in bits.
    first
        How many.
    after
        The cursor of the page before.
    """
    with open_connection() as connection:
        wanted = review.Wanted(
            fields=None if field is None else (field,),
            kind=kind,
            sectors=None if sector is None else (sector,),
            weight=() if least_weight is None else (("gte", least_weight),),
        )
        page = review.read_review_queue(connection, wanted, review.Part(first, after))
        counted = review.count_waiting(connection)
    if json:
        show_json({"items": [asdict(item) for item in page.items], "after": page.after, "waiting": [asdict(w) for w in counted]})  # fmt: skip
        return
    columns = ("field", "record", "sector", "candidates", "weight", "from undecided", "procedures", "waiting", "value")
    rows = [
        (
            item.field,
            str(item.record_id),
            item.sector,
            item.candidates,
            "" if item.weight is None else f"{item.weight:+.2f}",
            f"{item.distance:.2f}",
            len(item.procedures),
            item.waiting,
            item.value,
        )
        for item in page.items
    ]
    show_table("Review", columns, rows, numbers=columns[3:])
    waits = "; ".join(f"{w.field} {w.records:,} records, {w.candidates:,} candidates" for w in counted)
    OUT.print(f"waiting: {waits or 'nothing'}")
    if page.after:
        OUT.print(f"more: --after {page.after}")


@app.command(name="show")
def show_command(
    field: str | None = None, record: int | None = None, *, decision: int | None = None, json: Json = False
) -> None:
    """Show one record beside its candidates. These are personal data: view them only if you are entitled to, and keep no copy.

    Parameters
    ----------
    field
        The linked field, Entity.field; or Entity.duplicate.
    record
        The id of the record; of a merge that of the younger row.
    decision
        Instead of both: the pair of this decision as it was shown, without its verdict, for a second opinion.
    """
    with open_connection() as connection:
        if decision is not None:
            found = items.asked_of(connection, decision)
        elif field is not None and record is not None:
            found = items.read_review_item(connection, field, record)
        else:
            raise OperationRefused("no record was given", next_step="give a field and a record, or --decision")
        record_shown(connection, list_shown(found))
    show_json(asdict(found)) if json else show_item(found)


@app.command(name="decide")
def decide_command(
    field: str,
    record: int,
    subject: int,
    verdict: Says,
    *,
    reason: Reason,
    reviewer: Reviewer = None,
    json: Json = False,
) -> None:
    """Decide whether a record and a subject are the same, or whether two rows of a register are.

    Parameters
    ----------
    field
        The linked field, Entity.field; or Entity.duplicate.
    record
        The id of the record.
    subject
        The id of the subject.
    """
    with open_connection() as connection:
        given = Verdict(field, record, subject, WORD[verdict], name_reviewer(reviewer), reason)
        _show(log.keep_decision(connection, given), json=json)


@app.command(name="second")
def second_command(
    decision: int, verdict: Says, *, reason: Reason, reviewer: Reviewer = None, json: Json = False
) -> None:
    """Give a second opinion on someone else's decision. It is counted and changes no link.

    Parameters
    ----------
    decision
        The number of the decision.
    """
    with open_connection() as connection:
        of = log.decision_of(connection, decision)
        who = name_reviewer(reviewer)
        given = Verdict(of.field, of.record_id, of.subject_id, WORD[verdict], who, reason, second_of=decision)
        _show(log.keep_decision(connection, given), json=json)


@app.command(name="undo")
def undo_command(decision: int, *, reason: Reason, reviewer: Reviewer = None, json: Json = False) -> None:
    """Undo a decision and everything it changed.

    Parameters
    ----------
    decision
        The number of the decision.
    """
    with open_connection() as connection:
        _show(log.withdraw_decision(connection, decision, by=name_reviewer(reviewer), reason=reason), json=json)


@app.command(name="decisions")
def decisions_command(field: str | None = None, *, all: bool = False, first: int = 50, json: Json = False) -> None:
    """List decisions, newest first.

    Parameters
    ----------
    field
        Of this field alone.
    all
        Those that were undone, too.
    first
        How many.
    """
    with open_connection() as connection:
        found = log.list_decisions(connection, field, every=all, first=first)
    if json:
        show_json([asdict(decision) for decision in found])
        return
    for decision in found:
        OUT.print(f"{decision.field} {describe_decision(decision)}")


@app.command(name="checks")
def checks_command(*, first: int = 50, json: Json = False) -> None:
    """List decisions to check again: opinions differ, the record changed since, or they were sampled.

    Parameters
    ----------
    first
        How many.
    """
    with open_connection() as connection:
        found = agreements.list_decisions_to_check(connection, share=load_settings().review_second_share, first=first)
    if json:
        show_json([asdict(check) for check in found])
        return
    columns = ("decision", "why", "field", "record", "subject", "verdict", "decided")
    rows = [
        (str(c.decision_id), c.why, c.field, str(c.record_id), str(c.subject_id), c.verdict, f"{c.decided_at:%Y-%m-%d}")
        for c in found
    ]
    show_table("To be looked at again", columns, rows)


@app.command(name="agreement")
def agreement_command(*, json: Json = False) -> None:
    """Show how often second opinions agree with the first, by field: observed share and Cohen's kappa."""
    with open_connection() as connection:
        found = agreements.measure_agreement(connection)
    if json:
        show_json([asdict(measured) for measured in found])
        return
    columns = ("field", "pairs", "agreed", "observed", "kappa")
    rows = [(a.field, a.pairs, a.agreed, _share(a.observed), _share(a.kappa)) for a in found]
    show_table("Agreement", columns, rows, numbers=columns[1:])


@contextmanager
def open_connection() -> Iterator[Connection[Any]]:
    """A connection to the store as it is."""
    with connect_to_read(load_settings()) as connection:
        yield connection


def name_reviewer(reviewer: str | None) -> str:
    """Who decides: as given, or as HUB_REVIEWER says."""
    return load_settings().reviewer if reviewer is None else reviewer


def _show(decision: Decision, *, json: bool) -> None:
    if json:
        show_json(asdict(decision))
        return
    done = "undone" if decision.undone_at else decision.verdict
    OUT.print(f"decision {decision.id} on {decision.field}: {done}")
    if decision.binds:
        OUT.print(f"`hub review undo {decision.id}` takes it back; the next `hub link` looks at the record")


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
