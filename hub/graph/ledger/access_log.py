"""The root field `accessLog`: the ledger of reads, for auditors. Who reads it is written down in it as well."""

import base64
from collections.abc import Awaitable, Mapping
from datetime import datetime
from typing import Any

import strawberry
from strawberry.types import Info

from hub.access.callers.principals import Role
from hub.errors import OperationRefused
from hub.graph.ledger.ledger_reads import LedgerReads, LogPage
from hub.graph.schema_types.fields import (
    Namespace,
    ReadField,
    StoredField,
    Whole,
    enum_type,
    make_argument,
    make_field,
    object_type,
)
from hub.graph.schema_types.scalars import scalar_name
from hub.graph.schema_types.type_parts import add_connection, make_connection
from hub.ledger.log.entries import LogEntry, parse_cursor
from hub.ledger.log.looked_for import describe_search
from hub.ledger.log.people import PersonKey, find_person_entity
from hub.ledger.log.query import MAX_PAGE, LogFilter
from hub.ledger.writing.records import RecordKind
from hub.model.derived_fields import DEFAULT_PAGE
from hub.model.registry import Registry, load_registry
from hub.plan.binds import read_global_id

NOT_AN_AUDITOR = OperationRefused(
    "only auditors may read the log", code="FORBIDDEN", next_step="sign in with the role auditor, and send X-Hub-Purpose: audit"
)  # fmt: skip
NO_LEDGER = OperationRefused(
    "nothing is written down while HUB_ACCESS=off, so there is no log to read",
    code="LEDGER_OFF",
    next_step="the operator sets HUB_ACCESS=on; `hub ledger list` shows earlier entries",
)
KINDS: Mapping[str, str] = {
    "EPOCH_BEGIN": "A process began to write a chain.",
    "EPOCH_END": "A chain ended in order.",
    "READ": "An operation was answered or refused.",
    "EVENT": "An event of a subscription was sent.",
    "MASKED": "Masked reads of one explorer, added up.",
    "COMMAND": "A command showed values on a terminal.",
    "EXPORT": "Data left as a file.",
    "AUDIT": "The ledger itself was read.",
    "KEEPING": "Something was done to the ledger: a key was destroyed, a restored backup was found.",
}
OUTCOMES: Mapping[str, str] = {
    "ANSWERED": "The caller got an answer.",
    "REFUSED": "The caller was refused; `code` says why.",
    "NOTHING_FOUND": "Nobody was found.",
    "FAILED": "The hub failed to answer.",
}
SOURCE: Mapping[str, tuple[str, str]] = {
    "source": ("str", "The sector system."),
    "asOf": ("str | None", "The instant for which the hub last knew all of it; null if it is not known."),
}
ROLE: Mapping[str, tuple[str, str]] = {
    "role": (
        "str",
        "Role in the dossier, or incidental, requested, self, or refused: named by a request that was refused.",
    ),
    "people": ("int", "How many people had it."),
}
ENTRY: Mapping[str, tuple[str, str]] = {
    "id": ("ID", "Id of the entry: its chain and its number."),
    "at": ("DateTime", "When the answer was ready to leave."),
    "kind": ("AccessKind | None", "What happened; null if the record was edited."),
    "outcome": ("AccessOutcome | None", "How it ended; null if the record was edited."),
    "code": ("str | None", "Code of the error; null if there was none."),
    "principal": ("str | None", "Id of who asked; `local:` and a login for a command. Null if the record was edited."),
    "actingApp": ("str | None", "The app that acted for a person; null if none did."),
    "purpose": ("str | None", "Code of the purpose; null if none was named."),
    "purposeVersion": ("str | None", "SHA-256 of the purpose's files; null if no purpose was named."),
    "dossier": ("str | None", "Code of the dossier; null if it was read without one."),
    "office": (
        "str | None",
        "The office: that of the dossier, or else the only one of who asked; null if there is none.",
    ),
    "paths": ("list[str]", "The fields that were asked for."),
    "people": ("list[AccessRole]", "How many people the answer was about, by role."),
    "sources": ("list[AccessSource]", "Sector systems that the answer rests on."),
    "count": ("int", "How many reads it adds up; 1 unless they were masked."),
    "requestId": ("str | None", "X-Request-Id of the request; null for a command."),
    "traceId": ("str | None", "Trace of the request; null if the caller named none."),
    "details": ("list[str]", "Of entries about the ledger: the search or the action."),
    "epoch": ("str", "The chain that it is in."),
    "number": ("int", "Its number in the chain."),
    "hash": ("str", "SHA-256 of the record in hexadecimal, to look it up in an export."),
    "intact": ("bool", "Whether the record still has this hash. `hub ledger verify` checks the chain as well."),
}
CONDITIONS: Mapping[str, tuple[str, str]] = {
    "since": ("DateTime | None", "Not before this instant."),
    "until": ("DateTime | None", "Before this instant."),
    "principal": ("str | None", "Of this principal, by id."),
    "app": ("str | None", "By this acting app."),
    "purpose": ("str | None", "Under this purpose."),
    "dossier": ("str | None", "On this dossier."),
    "office": ("str | None", "Of this office, e.g. 06820@2025-07-01."),
    "kind": ("AccessKind | None", "Of this kind."),
    "outcome": ("AccessOutcome | None", "That ended so."),
    "code": ("str | None", "With this error code."),
    "subject": ("ID | None", "About the person with this global id, and every row merged with it."),
}
PAGE: Mapping[str, tuple[str, str]] = {
    "first": ("int | None", f"At most so many, up to {MAX_PAGE}."),
    "after": ("str | None", "Begin after this cursor."),
}


class AccessLogField(ReadField):
    """The root field `accessLog`."""

    def get_result(
        self, source: Any, info: Info[Any, Any] | None, args: list[Any], kwargs: Any
    ) -> Awaitable[Any] | Any:
        """An awaitable of the page."""
        assert info is not None
        return _read_access_log(info, {name: value for name, value in kwargs.items() if value is not strawberry.UNSET})


def access_log_field(known: Registry, names: Namespace) -> Any:
    """The field, for the schema; the types of entries are added to `names`."""
    names["AccessKind"] = enum_type("AccessKind", "What an entry of the log says happened.", KINDS)
    names["AccessOutcome"] = enum_type("AccessOutcome", "How a read ended.", OUTCOMES)
    for name, fields, about in (
        ("AccessSource", SOURCE, "A sector system that an answer rests on."),
        ("AccessRole", ROLE, "How many people had a role in an answer."),
        ("AccessLogEntry", ENTRY, "One request, as it was written down before its answer left."),
    ):
        names[name] = object_type(name, about, make_stored_fields(fields, names))
    add_connection("AccessLogEntry", names, counted=False)
    key = find_person_entity(known).keys[0]
    person = {key.graphql: (f"{scalar_name(key.value)} | None", "About the person with this identifier.")}
    arguments = [make_argument(name, kind, names, about) for name, (kind, about) in ({**CONDITIONS, **person, **PAGE}).items()]  # fmt: skip
    return make_field(
        AccessLogField,
        "AccessLogEntryConnection",
        names,
        graphql="accessLog",
        description="Who read what, newest first. For auditors, under the purpose audit; each reading of it is an entry too.",
        arguments=arguments,
    )


def make_stored_fields(about: Mapping[str, tuple[str, str]], names: Namespace) -> dict[str, Any]:
    """Fields of an object that was made whole."""
    return {n: make_field(StoredField, kind, names, graphql=n, description=text) for n, (kind, text) in about.items()}


def find_log(info: Info[Any, Any]) -> LedgerReads:
    """The log that this hub keeps; the request is from now on one that read it. Raises OperationRefused with LEDGER_OFF."""
    log: LedgerReads | None = info.context.executor.log
    if log is None:
        raise NO_LEDGER
    info.context.reading.kind = RecordKind.AUDIT
    return log


def read_page_size(given: Any, most: int) -> int:
    """The size of a page. Raises OperationRefused if it is none."""
    size = DEFAULT_PAGE if given is None else int(given)
    if not 1 <= size <= most:
        raise OperationRefused(f"first must be 1 to {most}", next_step=f"ask for {most} and follow `endCursor`")
    return size


async def _read_access_log(info: Info[Any, Any], given: Mapping[str, Any]) -> Whole:
    if Role.AUDITOR not in info.context.caller.known.roles:
        raise NOT_AN_AUDITOR
    log, reading = find_log(info), info.context.reading
    wanted = _read_filter(given)
    key = _read_person(given)
    reading.details = {"looked_for": describe_search(wanted, of_person=key is not None)}
    whose = await log.find_person(key) if key else None
    if key:
        await info.context.executor.access.admit_look_up(whose or (), 0 if whose else 1, reading)
    months = await log.list_months() if key else ()
    after = parse_cursor(given["after"]) if given.get("after") else None
    size = read_page_size(given.get("first"), MAX_PAGE)
    page = await log.read_page(wanted, size=size, after=after, whose=whose, months=months)
    reading.details["entries"] = len(page.entries)
    return make_page(page, [_describe_entry(entry) for entry in page.entries], after is not None)


def make_page(page: LogPage, nodes: list[Whole], has_previous: bool) -> Whole:
    """A page as a connection."""
    cursors = [entry.position.cursor for entry in page.entries]
    return make_connection(nodes, cursors, has_next=page.has_next, has_previous=has_previous)


def _read_filter(given: Mapping[str, Any]) -> LogFilter:
    return LogFilter(
        since=_read_instant(given.get("since")),
        until=_read_instant(given.get("until")),
        kind=_enum_name(given.get("kind")),
        outcome=_enum_name(given.get("outcome")),
        **{name: given.get(name) for name in ("principal", "app", "purpose", "dossier", "office", "code")},
    )


def _read_person(given: Mapping[str, Any]) -> PersonKey | None:
    named = {name: value for name, value in given.items() if name not in (*CONDITIONS, *PAGE) and value is not None}
    subject = given.get("subject")
    if subject is not None and named:
        raise OperationRefused("subject and an identifier were both given", next_step="give one of them")
    if subject is not None:
        kind, number = read_global_id(str(subject))
        if kind is None:
            raise OperationRefused(
                "subject is no global id", code="WRONG_KIND", next_step="take ids from the graph, as they are"
            )
        return PersonKey(kind, number=number)
    for name, value in named.items():
        return _key_of(name, str(value))
    return None


def _key_of(graphql_name: str, value: str) -> PersonKey:
    entity = find_person_entity(load_registry())
    return PersonKey(entity.name, field=next(k.name for k in entity.keys if k.graphql == graphql_name), value=value)


def _enum_name(given: Any) -> str | None:
    return None if given is None else str(given.name)


def _read_instant(given: Any) -> datetime | None:
    if given is None:
        return None
    return given if isinstance(given, datetime) else datetime.fromisoformat(str(given))


def _describe_entry(entry: LogEntry) -> Whole:
    body = entry.body
    details = body.get("details") or {}
    return Whole(
        id=entry_id(entry),
        at=entry.at.isoformat(),
        kind=body.get("kind") if body.get("kind") in KINDS else None,
        outcome=body.get("outcome") if body.get("outcome") in OUTCOMES else None,
        paths=list(entry.paths),
        people=[Whole(role=role, people=len(people)) for role, people in entry.people.items()],
        sources=[Whole(source=source, asOf=as_of) for source, as_of in body.get("sources") or ()],
        count=body.get("count", 1),
        requestId=body.get("request"),
        traceId=body.get("trace"),
        details=[f"{name}: {', '.join(map(str, value)) if isinstance(value, list) else value}" for name, value in details.items()],
        epoch=str(entry.stored.epoch),
        number=entry.stored.number,
        hash=entry.stored.hash.hex(),
        intact=entry.is_intact,
        actingApp=body.get("app"),
        **{name: body.get(name) for name in ("code", "principal", "purpose", "purposeVersion", "dossier", "office")},
    )  # fmt: skip


def entry_id(entry: LogEntry) -> str:
    """The id of an entry, the same for auditors and for citizens: a citizen can name it when they ask about it."""
    return base64.b64encode(f"AccessLogEntry:{entry.stored.epoch.hex}:{entry.stored.number}".encode()).decode()
