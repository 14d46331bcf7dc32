"""The root field `myAccessLog`: what a portal shows a citizen who asks who read their data. No third party is named."""

from collections.abc import Awaitable, Mapping, Sequence
from datetime import UTC, datetime, time
from functools import lru_cache
from typing import Any

import strawberry
from graphql import FieldNode, Node, OperationDefinitionNode, SelectionSetNode, VariableNode, Visitor, parse, visit
from strawberry.types import Info

from hub.access.purpose_declaration import NoticeToCitizens
from hub.access.purposes import read_purposes
from hub.access.subjects.sealing import WithholdKind
from hub.errors import OperationRefused
from hub.graph.ledger.access_log import PAGE as PAGE_ARGUMENTS
from hub.graph.ledger.access_log import entry_id, find_log, make_page, make_stored_fields, read_page_size
from hub.graph.ledger.ledger_reads import LedgerReads, MonthState
from hub.graph.schema_types.fields import Namespace, ReadField, Whole, make_argument, make_field, object_type
from hub.graph.schema_types.type_parts import add_connection
from hub.ledger.log.concerns import find_categories
from hub.ledger.log.entries import LogEntry, parse_cursor
from hub.ledger.log.people import PersonKey, find_person_entity
from hub.ledger.log.query import LogFilter, ToldPurposes
from hub.ledger.log.sentences import CitizenEntry, write_sentence
from hub.ledger.writing.records import INCIDENTAL_ROLE, LOCAL_PRINCIPAL, REFUSED_ROLE, ReadOutcome
from hub.model.registry import load_registry
from hub.plan.data_subjects import DataSubject
from hub.plan.read_paths import list_read_paths
from schema.core import Label

MAX_OWN_PAGE = 100
MAX_IDENTIFIERS = 5
CITIZEN_NEEDED = OperationRefused(
    "myAccessLog is for a citizen whom a portal has signed in, and the token names none",
    code="CITIZEN_NEEDED",
    next_step="send a token with the citizen's identifier in the claim that HUB_OIDC_PERSONAL_ID_CLAIM names",
)
NOTES = (
    Label(
        "Những lượt xem mà pháp luật chưa cho phép thông báo không có trong danh sách này.",
        "Accesses of which the law does not yet allow notice are not in this list.",
    ),
    Label(
        "Người phát triển phần mềm có thể xem dữ liệu đã che họ tên, mã số và địa chỉ của ông/bà; các lượt xem đó chỉ được ghi gộp.",
        "Developers of software may see data in which your name, identifiers and address are masked; such reads are recorded in sum only.",
    ),
)
"""Always shown, so that they say nothing about whether there are any such reads."""
TEXT = {"vi": ("str", "In Vietnamese."), "en": ("str", "In English.")}
OWN_ENTRY: Mapping[str, tuple[str, str]] = {
    "id": ("ID", "Id of the entry: an office or an auditor finds it by this."),
    "at": ("DateTime", "When."),
    "text": ("AccessText", "What happened, in a sentence."),
    "categories": ("list[AccessText]", "The kinds of the citizen's data that were read."),
    "purpose": ("AccessText | None", "Name of the purpose; null if it would tell of somebody else."),
    "legalBasis": ("list[str]", "Titles of the laws that the purpose rests on."),
    "dossier": ("str | None", "Code of the dossier; null if the citizen is no party of it."),
}
LOG: Mapping[str, tuple[str, str]] = {
    "completeSince": ("DateTime | None", "Since when the log is complete for the citizen; null if it is for no time."),
    "notes": ("list[AccessText]", "Notes on what the list leaves out, to show with it."),
    "entries": ("MyAccessLogEntryConnection", "The entries, newest first."),
}


class MyAccessLogField(ReadField):
    """The root field `myAccessLog`."""

    def get_result(
        self, source: Any, info: Info[Any, Any] | None, args: list[Any], kwargs: Any
    ) -> Awaitable[Any] | Any:
        """An awaitable of the log."""
        assert info is not None
        return _read_own_log(info, {name: value for name, value in kwargs.items() if value is not strawberry.UNSET})


def my_access_log_field(names: Namespace) -> Any:
    """The field, for the schema; its types are added to `names`."""
    names["AccessText"] = object_type(
        "AccessText", "Words to show, in both languages.", make_stored_fields(TEXT, names)
    )
    names["MyAccessLogEntry"] = object_type(
        "MyAccessLogEntry", "One time that the citizen's data was read.", make_stored_fields(OWN_ENTRY, names)
    )
    add_connection("MyAccessLogEntry", names, counted=False)
    names["MyAccessLog"] = object_type(
        "MyAccessLog", "Who read a citizen's data, in words.", make_stored_fields(LOG, names)
    )
    arguments = [make_argument(name, kind, names, about) for name, (kind, about) in PAGE_ARGUMENTS.items()]
    return make_field(
        MyAccessLogField,
        "MyAccessLog",
        names,
        graphql="myAccessLog",
        description="Who read the data of the citizen whom the portal has signed in. Names no other person.",
        arguments=arguments,
    )


async def _read_own_log(info: Info[Any, Any], given: Mapping[str, Any]) -> Whole:
    log, reading = find_log(info), info.context.reading
    whose = await _find_own_rows(log, info.context.caller.known.personal_ids)
    # A restriction is the person's own right, and so is the log: it is told in spite of one.
    access = info.context.executor.access
    await access.admit_people(set(whose), reading, allowed=WithholdKind.RESTRICTION)
    reading.details = {"looked_for": ["their own"]}
    months = await log.list_months()
    after = parse_cursor(given["after"]) if given.get("after") else None
    size = read_page_size(given.get("first"), MAX_OWN_PAGE)
    page = await log.read_page(
        LogFilter(), size=size, after=after, whose=whose, months=months, told=find_told_purposes()
    )
    own = frozenset(
        state.month.pseudonym(entity, number).hex()
        for state in months
        if state.month is not None
        for entity, number in whose
    )
    since = find_complete_since(months)
    return Whole(
        completeSince=None if since is None else since.isoformat(),
        notes=[_text(note) for note in NOTES],
        entries=make_page(page, [_tell_entry(entry, own) for entry in page.entries], after is not None),
    )


async def _find_own_rows(log: LedgerReads, personal_ids: frozenset[str]) -> tuple[DataSubject, ...]:
    if not personal_ids:
        raise CITIZEN_NEEDED
    entity = find_person_entity(load_registry())
    key = entity.keys[0].name
    found: dict[DataSubject, None] = {}
    for value in sorted(personal_ids)[:MAX_IDENTIFIERS]:
        found |= dict.fromkeys(await log.find_person(PersonKey(entity.name, field=key, value=value)))
    return tuple(found)


def find_complete_since(months: Sequence[MonthState]) -> datetime | None:
    """Since when nothing is missing for a person: the beginning of the last run of months that all have their keys."""
    since: datetime | None = None
    after_destroyed = False
    for state in months:
        if state.key is None:
            since, after_destroyed = None, True
        elif since is None:
            since = datetime.combine(state.first_day, time(), UTC) if after_destroyed else state.opened_at
    return since


def find_told_purposes() -> ToldPurposes:
    """The purposes that citizens are told of, as their folders say it now."""
    by_time: dict[str, list[str]] = {"at_once": [], "after_closing": [], "sealed": []}
    for purpose in read_purposes().values():
        notice: NoticeToCitizens = purpose.declaration.disclosure
        by_time[notice.when].append(purpose.code)
    return ToldPurposes(tuple(by_time["at_once"]), tuple(by_time["after_closing"]))


def _tell_entry(entry: LogEntry, own: frozenset[str]) -> Whole:
    told = describe_entry(entry, own)
    purpose = read_purposes().get(str(entry.body.get("purpose"))) if told.purpose is not None else None
    return Whole(
        id=entry_id(entry),
        at=entry.at.isoformat(),
        text=_text(write_sentence(told)),
        categories=[_text(label) for label in told.what],
        purpose=None if told.purpose is None else _text(told.purpose),
        legalBasis=[law.title for law in purpose.declaration.legal_basis] if purpose else [],
        dossier=told.dossier,
    )


def describe_entry(entry: LogEntry, own: frozenset[str]) -> CitizenEntry:
    """An entry as far as it concerns the person who has these pseudonyms, in hexadecimal.

    Of another person's business it has nothing, so nothing that is made of it can tell of that.
    """
    body, roles = entry.body, entry.roles_of(own)
    purpose = read_purposes().get(str(body.get("purpose")))
    incidental = roles <= {INCIDENTAL_ROLE}
    paths = entry.paths
    if purpose is not None and purpose.declaration.subjects and not incidental:
        by_role = list_paths_by_role(purpose.version, purpose.code)
        mine = frozenset(path for role in roles for path in by_role.get(role, ()))
        paths = tuple(path for path in paths if path in mine)
    # Somebody may have been named on a dossier that is another person's.
    is_own_business = not incidental and not (roles <= {REFUSED_ROLE} and body.get("dossier"))
    shown = purpose if is_own_business else None
    return CitizenEntry(
        kind=str(body.get("kind")),
        # A prefill that was answered had nothing of whoever may not be shown.
        outcome=ReadOutcome.REFUSED if roles and roles <= {REFUSED_ROLE} else str(body.get("outcome")),
        roles=frozenset({INCIDENTAL_ROLE}) if incidental else roles,
        what=find_categories(paths, own=not incidental),
        office=None if incidental else body.get("office"),
        purpose=None if shown is None else Label(shown.declaration.name.vi, shown.declaration.name.en),
        is_procedure=shown is not None and shown.is_procedure,
        dossier=body.get("dossier") if is_own_business else None,
        is_local=str(body.get("principal")).startswith(LOCAL_PRINCIPAL),
    )


@lru_cache(maxsize=500)
def list_paths_by_role(version: str, code: str) -> Mapping[str, frozenset[str]]:
    """Role of a dossier → the paths that a purpose's documents read of the subject in it: those beneath its identifier."""
    purpose = read_purposes()[code]
    roles = {name: rule.subject for name, rule in purpose.declaration.variables.items() if rule.subject}
    found: dict[str, set[str]] = {}
    for document in map(parse, (document.text for document in purpose.documents)):
        for operation in document.definitions:
            if not isinstance(operation, OperationDefinitionNode):
                continue
            for field in operation.selection_set.selections:
                alone = OperationDefinitionNode(
                    operation=operation.operation, selection_set=SelectionSetNode(selections=(field,))
                )
                for role in {roles[name] for name in _list_variables(field) if name in roles}:
                    found.setdefault(role, set()).update(list_read_paths(document, alone))
    return {role: frozenset(paths) for role, paths in found.items()}


def _list_variables(field: Node) -> set[str]:
    """The variables in the arguments of a root field."""
    found: set[str] = set()

    class VariableCollector(Visitor):
        def enter_variable(self, node: VariableNode, *_: object) -> None:
            found.add(node.name.value)

    for argument in field.arguments or () if isinstance(field, FieldNode) else ():
        visit(argument, VariableCollector())
    return found


def _text(label: Label) -> Whole:
    return Whole(vi=label.vi, en=label.en)
