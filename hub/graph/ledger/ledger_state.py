"""Root fields for auditors about the ledger itself: `ledgerState`, `checkRecentRecords`, and `breach`, whom to notify after a leak."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import orjson
import strawberry
from psycopg import Connection
from strawberry.types import Info

from hub.access.callers.principals import Role
from hub.errors import OperationRefused
from hub.graph.ledger.access_log import NOT_AN_AUDITOR, find_log, make_stored_fields
from hub.graph.ledger.breach_rows import list_cells, write_people
from hub.graph.schema_types.fields import Namespace, Whole, object_type
from hub.ledger.health import read_ledger_health
from hub.ledger.log.breach import Breach, find_breach
from hub.ledger.log.looked_for import name_principal
from hub.ledger.verify.recent_check import RecentCheck, check_recent_records
from hub.ledger.writing.records import HEADER_BYTES, RecordKind
from hub.plan.data_subjects import DataSubject

MAX_HOURS = 24 * 31
MAX_BREACHED = 5_000
"""People of one answer, each of whom is in one record of the ledger."""
MAX_SHOWN = 50
Fields = Mapping[str, tuple[str, str]]
WITNESS: Fields = {
    "name": ("str", "Name of the witness."),
    "delivered": ("int", "The last checkpoint that it has; -1 if none."),
    "failingSince": ("DateTime | None", "Since when it fails; null if it does not."),
    "reason": ("str | None", "Why it fails, by kind; null if it does not."),
}
STATE: Fields = {
    "checkpoint": ("int | None", "Number of the last checkpoint; null if there is none."),
    "checkpointAt": ("DateTime | None", "When it was made; null if there is none."),
    "checkpointHash": ("str | None", "Its hash, to be compared with what a witness has; null if there is none."),
    "isSigned": ("bool", "Whether it is signed."),
    "witnesses": ("list[LedgerWitnessState]", "What each witness has."),
    "openChains": ("int", "Chains without an end: one for each process that writes."),
    "abandonedChains": ("int", "Those of them whose process is gone."),
    "revokedKeys": ("int", "Signing keys that were revoked."),
    "lastCheck": ("LedgerCheck | None", "The last check of recent records; null if there was none in the newest 20,000 records."),
}  # fmt: skip
CHECK: Fields = {
    "at": ("DateTime", "When it was checked."),
    "hours": ("int", "How many hours back."),
    "records": ("int", "Records that were checked."),
    "chains": ("int", "Chains that they are of."),
    "broken": ("list[str]", "Records that were changed, or have none before them: chain and number, at most 20."),
    "isComplete": ("bool", "Whether all records of that time were checked, and not only the newest."),
}
PERSON: Fields = {
    "identifier": ("str", "Identifier of the person."),
    "name": ("str", "Name of the person."),
    "reads": ("int", "How often they were read."),
    "first": ("DateTime | None", "First; null if it is not known."),
    "last": ("DateTime | None", "Last; null if it is not known."),
    "categories": ("str", "Which of their data, in Vietnamese."),
}
BREACH: Fields = {
    "principal": ("str", "The credential."),
    "reads": ("int", "Answers that had somebody's data."),
    "known": ("int", "People who are known."),
    "unknown": (
        "int",
        "People who cannot be named: their rows are gone, or the key of the month is, or they are sealed or restricted.",
    ),
    "categories": ("list[str]", "Kinds of data that were read, in Vietnamese."),
    "destroyedMonths": ("list[str]", "Months whose key was destroyed, as YYYY-MM."),
    "people": ("list[BreachedPerson]", f"At most {MAX_SHOWN} of them, those read most first."),
    "csv": ("str", "All of them, as a file (RFC 4180)."),
}
LAST_CHECK = """
select at, record from (select at, record from ledger.record order by at desc limit 20000) newest
where position('"checked_records"'::bytea in record) > 0
order by at desc
limit 1"""
HEAD_DOCUMENT = "select document from ledger.checkpoint order by number desc limit 1"


def ledger_state_fields(names: Namespace) -> dict[str, Any]:
    """The root fields of Query; their types are added to `names`."""
    for name, about, fields in (
        ("LedgerWitnessState", "A witness of the ledger.", WITNESS),
        ("LedgerCheck", "A check of recent records.", CHECK),
        ("LedgerState", "How the ledger does.", STATE),
        ("BreachedPerson", "Somebody to be notified.", PERSON),
        ("Breach", "What a credential read.", BREACH),
    ):
        names[name] = object_type(name, about, make_stored_fields(fields, names))

    async def ledger_state(info: Info[Any, Any]) -> Any:
        _check_auditor(info)
        return await find_log(info).run(_read_state)

    async def check_recent(
        info: Info[Any, Any],
        hours: Annotated[int, strawberry.argument(description=f"How many hours back, up to {MAX_HOURS}.")] = 24,
    ) -> Any:
        _check_auditor(info)
        if not 1 <= hours <= MAX_HOURS:
            raise OperationRefused(
                f"hours must be 1 to {MAX_HOURS}", code="BAD_USER_INPUT", next_step="check a shorter time"
            )
        now = datetime.now(UTC)
        done = await find_log(info).run(lambda c: check_recent_records(c, now - timedelta(hours=hours)))
        info.context.reading.details = _describe_check(done, hours)
        return _show_check(done, hours, now)

    async def breach(
        info: Info[Any, Any],
        principal: Annotated[
            str, strawberry.argument(description="Id of the principal; `key:` and 8 characters for an API key.")
        ],
        since: Annotated[Any, strawberry.argument(description="Since when it was in wrong hands.")],
        until: Annotated[Any, strawberry.argument(description="Until when; now if not given.")] = None,
    ) -> Any:
        _check_auditor(info)
        begin, end = _read_instant(since), _read_instant(until) if until is not None else datetime.now(UTC)
        found = await find_log(info).run(lambda c: find_breach(c, principal, begin, end))
        access = info.context.executor.access
        withheld = await access.find_withheld()
        found = leave_out(found, withheld.list_of({(one.entity, one.number) for one in found.people}))
        if len(found.people) > MAX_BREACHED:
            raise OperationRefused(
                f"{len(found.people):,} people were read: too many for a page",
                code="TOO_MANY_ROWS",
                next_step="run `hub ledger breach --to FILE` on the server, or give a shorter time",
            )
        reading = info.context.reading
        reading.kind = RecordKind.EXPORT
        reading.shows_rows = True
        await access.admit_people({(person.entity, person.number) for person in found.people}, reading)
        reading.details = {
            "looked_for": [f"breach of {name_principal(principal)}", f"since={begin.isoformat()}"],
            "people": len(found.people),
        }
        return _show_breach(found)

    instant = names["DateTime"]
    breach.__annotations__["since"] = Annotated[
        instant, strawberry.argument(description="Since when it was in wrong hands.")
    ]
    given = strawberry.argument(description="Until when; now if not given.")
    breach.__annotations__["until"] = Annotated[instant | None, given]
    made = (
        (ledger_state, "ledgerState", "LedgerState", "How the ledger does: checkpoints, witnesses, chains, and the last check."),
        (check_recent, "checkRecentRecords", "LedgerCheck", "Check the newest records of the ledger: hashes, order and gaps."),
        (breach, "breach", "Breach", f"After a leak: everyone whose data a credential read, at most {MAX_BREACHED:,} people."),
    )  # fmt: skip
    fields = {}
    for resolver, name, returned, about in made:
        resolver.__annotations__["return"] = names[returned]
        fields[resolver.__name__] = strawberry.field(resolver=resolver, name=name, description=f"{about} For auditors.")
    return fields


def leave_out(found: Breach, withheld: frozenset[DataSubject]) -> Breach:
    """A breach without the people whom no answer may show, who count as unknown: the operator notifies them, by `hub ledger breach`."""
    shown = tuple(person for person in found.people if (person.entity, person.number) not in withheld)
    return replace(found, people=shown, unknown=found.unknown + len(found.people) - len(shown))


def _check_auditor(info: Info[Any, Any]) -> None:
    if Role.AUDITOR not in info.context.caller.known.roles:
        raise NOT_AN_AUDITOR


def _read_state(connection: Connection[Any]) -> Whole:
    health = read_ledger_health(connection)
    head = connection.execute(HEAD_DOCUMENT).fetchone()
    chains = health.chains or ()
    return Whole(
        checkpoint=health.checkpoint and health.checkpoint.number,
        checkpointAt=health.checkpoint and health.checkpoint.at.isoformat(),
        checkpointHash=hashlib.sha256(bytes(head[0])).hexdigest() if head else None,
        isSigned=bool(health.checkpoint and health.checkpoint.is_signed),
        witnesses=[
            Whole(
                name=one.name,
                delivered=one.delivered,
                failingSince=one.failing_since and one.failing_since.isoformat(),
                reason=one.reason,
            )
            for one in health.witnesses
        ],
        openChains=len(chains),
        abandonedChains=sum(not chain.is_alive for chain in chains),
        revokedKeys=len(health.revoked_keys),
        lastCheck=_read_last_check(connection),
    )


def _read_last_check(connection: Connection[Any]) -> Whole | None:
    row = connection.execute(LAST_CHECK).fetchone()
    if row is None:
        return None
    try:
        details = orjson.loads(bytes(row[1])[HEADER_BYTES:])["details"]
        done = RecentCheck(
            details["checked_records"], details["chains"], tuple(details["broken"]), details["is_complete"]
        )
        return _show_check(done, details["hours"], row[0])
    except (ValueError, KeyError, TypeError):
        return None  # edited: a check says so


def _describe_check(done: RecentCheck, hours: int) -> dict[str, Any]:
    found = {"checked_records": done.records, "chains": done.chains, "broken": list(done.broken), "hours": hours}
    return {**found, "is_complete": done.is_complete}


def _show_check(done: RecentCheck, hours: int, at: datetime) -> Whole:
    return Whole(
        at=at.isoformat(),
        hours=hours,
        records=done.records,
        chains=done.chains,
        broken=list(done.broken),
        isComplete=done.is_complete,
    )


def _show_breach(found: Breach) -> Whole:
    file = io.StringIO(newline="")
    write_people(found.people, file)
    return Whole(
        principal=found.principal,
        reads=found.reads,
        known=len(found.people),
        unknown=found.unknown,
        categories=list(found.categories),
        destroyedMonths=[f"{month:%Y-%m}" for month in found.destroyed_months],
        people=[
            Whole(
                zip(
                    ("identifier", "name", "_", "reads", "first", "last", "categories", "_"),
                    list_cells(person),
                    strict=True,
                )
            )
            for person in found.people[:MAX_SHOWN]
        ],
        csv=file.getvalue(),
    )


def _read_instant(given: Any) -> datetime:
    return given if isinstance(given, datetime) else datetime.fromisoformat(str(given))
