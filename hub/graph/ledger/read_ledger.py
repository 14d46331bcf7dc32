"""The ledger entry of a request: who asked, why, for which fields, and whose data the answer has. Committed before the answer leaves."""

import asyncio
import contextlib
import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from graphql import (
    GraphQLSchema,
    IntValueNode,
    Node,
    OperationType,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    visit,
)

from hub.access.callers.principals import Principal
from hub.access.dossiers.offices import find_unit
from hub.access.purposes import find_purpose
from hub.access.subjects.named_people import ALL_ROWS, find_identifiers, list_texts
from hub.errors import HubError
from hub.graph.execution.bounded_cache import BoundedCache
from hub.graph.execution.prepare import PreparedRequest
from hub.graph.execution.reading import Reading
from hub.graph.execution.reads import Reads
from hub.graph.permission.callers import Caller
from hub.graph.permission.permissions import INTROSPECTION, PUBLIC, root_fields
from hub.graph.schema_types.source_states import SourceStates
from hub.ledger.log.looked_for import is_dossier_code
from hub.ledger.writing.records import (
    INCIDENTAL_ROLE,
    REFUSED_ROLE,
    REQUESTED_ROLE,
    SELF_ROLE,
    DisclosedSubject,
    LedgerEntry,
    ReadOutcome,
    RecordKind,
    SourceState,
)
from hub.ledger.writing.writer import LedgerWriter
from hub.model.names import quote_identifier
from hub.model.registry import Registry
from hub.plan.binds import read_global_id
from hub.plan.data_subjects import DataSubject
from hub.plan.read_paths import list_read_paths

UNRECORDED_CODES = frozenset({"SYNTAX", "INVALID", "NO_OPERATION", "LEDGER_UNAVAILABLE"})
"""Refusals of requests that are no operation: they asked for nothing that could be written down."""
CACHE_OPERATIONS = 2_000
CACHE_BYTES = 16_000_000
MASKED_EVERY_S = 60.0
"""How often the masked reads of explorers are added up and written down."""
MAX_NAMED_TEXTS = 500
"""Texts of a refused request in which people are looked for: a purpose allows far fewer."""
MAX_MASKED = 10_000
"""Different masked operations that are added up at a time."""


@dataclass(frozen=True)
class AskedFields:
    """What an operation asks for: paths of fields, and the entities that have them."""

    paths: tuple[str, ...]
    entities: frozenset[str]


class ReadLedger:
    """Writes down what requests read."""

    def __init__(
        self, writer: LedgerWriter, reads: Reads, sources: SourceStates, schema: GraphQLSchema, registry: Registry
    ) -> None:
        self.writer = writer
        self._reads = reads
        self._named_rows = select_named_rows(registry)
        self._person = next(entity.name for entity in registry if entity.personal)
        self._sources = sources
        self._schema = schema
        self._entities = frozenset(entity.name for entity in registry)
        self._asked: BoundedCache[tuple[str, str | None], AskedFields] = BoundedCache(
            CACHE_OPERATIONS, most_size=CACHE_BYTES
        )
        self._masked: dict[LedgerEntry, int] = {}
        self._masked_timer: asyncio.TimerHandle | None = None

    async def record(self, reading: Reading, code: str | None) -> None:
        """Return when the record of the read is on disk. `code` is that of the answer's error, if it has one.

        Raises LedgerUnavailable: then the answer must not leave.
        """
        caller = reading.caller
        if caller.principal is None or not self._is_recorded(reading, code):
            return
        asked = self._find_all_asked(reading)
        outcome = find_outcome(reading, code)
        entry = make_entry(
            caller,
            reading.kind,
            outcome,
            code,
            paths=asked.paths,
            subjects=(
                *find_roles(caller, reading.people, await self._find_own(reading)),
                *(
                    await self._find_refused(reading, outcome)
                    if outcome is ReadOutcome.REFUSED or reading.withheld
                    else ()
                ),
            ),
            # An explorer's reads are added up: their sources are found for the sum.
            sources=() if is_masked(caller) else await self._find_sources(asked),
            details=reading.details or None,
        )
        if (told := reading.dossier_event or reading.only_look_up) is not None:
            purpose = find_purpose(told.purpose)
            entry = entry._replace(
                dossier=told.code, office=told.office, purpose=purpose.code, purpose_version=purpose.version
            )
        if is_masked(caller) and entry.outcome is not ReadOutcome.REFUSED and len(self._masked) < MAX_MASKED:
            self._add_masked(entry)
            return
        await self.writer.commit(entry)

    async def record_refusal(self, caller: Caller, code: str, *, dossier: str | None = None) -> None:
        """Write down that a caller was refused before the request was read. Raises LedgerUnavailable.

        `dossier` is the code that was given, which may be that of nobody's.
        """
        if caller.principal is None:
            return
        entry = make_entry(caller, RecordKind.READ, ReadOutcome.REFUSED, code)
        given = dossier.strip().upper() if dossier else None
        if given is not None and is_dossier_code(given):  # anything else might be a person's name
            entry = entry._replace(dossier=given)
        await self.writer.commit(entry)

    async def flush_masked(self) -> None:
        """Write down the masked reads so far. Raises LedgerUnavailable; then they are kept for the next time."""
        while self._masked:
            entry, count = self._masked.popitem()
            try:
                await self.writer.commit(entry._replace(at=datetime.now(UTC), count=count))
            except HubError:
                self._masked[entry] = self._masked.get(entry, 0) + count
                raise

    async def close(self) -> None:
        """Write the remaining records, and end the chain in order."""
        if self._masked_timer is not None:
            self._masked_timer.cancel()
        with contextlib.suppress(HubError):  # the writer has logged it
            await self.flush_masked()
        await self.writer.close()

    def _is_recorded(self, reading: Reading, code: str | None) -> bool:
        if reading.people or reading.look_ups or reading.kind is RecordKind.EVENT:
            return True
        if code is not None:
            return code not in UNRECORDED_CODES
        purpose = reading.caller.purpose
        if purpose is None or purpose.code == PUBLIC or reading.ready is None:
            return False
        names = root_fields(reading.ready.operation)
        return names is None or not names <= INTROSPECTION

    def _find_asked(self, ready: PreparedRequest) -> AskedFields:
        name = ready.operation.name.value if ready.operation.name else None
        key = (ready.checked.text, name)
        kept = self._asked.get(key)
        if kept is None:
            paths = tuple(sorted(set(list_read_paths(ready.checked.document, ready.operation))))
            kept = AskedFields(paths, self._find_entities(ready))
            self._asked.put(key, kept, 500 + len(ready.checked.text) + sum(map(len, paths)))
        return kept

    def _find_entities(self, ready: PreparedRequest) -> frozenset[str]:
        """The entities that an operation's fields are of. Those of fragments that it does not use are listed too."""
        info = TypeInfo(self._schema)
        found: set[str] = set()

        class Collector(Visitor):
            def enter_field(self, *_: object) -> None:
                kind = info.get_parent_type()
                if kind is not None:
                    found.add(get_named_type(kind).name)

        visit(ready.checked.document, TypeInfoVisitor(info, Collector()))
        return frozenset(found & self._entities)

    def _find_all_asked(self, reading: Reading) -> AskedFields:
        """What a request asked for: by its own document alone, most often."""
        found = [self._find_asked(ready) for ready in [reading.ready, *reading.documents] if ready is not None]
        if len(found) == 1 and not reading.paths:
            return found[0]
        paths = {path for one in found for path in one.paths} | reading.paths
        return AskedFields(tuple(sorted(paths)), frozenset(entity for one in found for entity in one.entities))

    async def _find_sources(self, asked: AskedFields) -> tuple[SourceState, ...]:
        try:
            return await self._sources.of_entities(asked.entities)
        except HubError:
            return ()  # the database is away: the read has failed, and says so

    async def _find_own(self, reading: Reading) -> frozenset[DataSubject]:
        """Of the people in an answer, those whom the caller asks for: the citizen whom a portal has signed in."""
        personal_ids = reading.caller.principal.personal_ids if reading.caller.principal else frozenset()
        if not personal_ids or not reading.people:
            return frozenset()
        rows = orjson.loads(await self._reads.json(self._named_rows, (sorted(personal_ids), [])))
        return frozenset((entity, number) for entity, number in rows)

    async def _find_refused(self, reading: Reading, outcome: ReadOutcome) -> tuple[DisclosedSubject, ...]:
        """Whom a request was about and got nothing of, so that an auditor finds by person who tried to look at them.

        Of a refused one: whoever it named by an identifier or a global id, and sealed and restricted people whom it met, as incidental if
        it named somebody else. A prefill goes on without such a person: then it is they, if they are of its dossier.
        """
        is_refused, dossier = outcome is ReadOutcome.REFUSED, reading.caller.dossier
        named = set(await self._find_named(reading.ready)) if is_refused and reading.ready is not None else set()
        if dossier is not None:
            named |= reading.withheld & dossier.roles.keys()
        met = reading.withheld - named if is_refused else frozenset()
        role = INCIDENTAL_ROLE if named else REFUSED_ROLE
        return tuple(
            DisclosedSubject(entity, number, role)
            for role, people in ((REFUSED_ROLE, named), (role, met))
            for entity, number in sorted(people - reading.people)
        )

    async def _find_named(self, ready: PreparedRequest) -> frozenset[DataSubject]:
        """The rows of whoever the arguments of an operation name; nobody if the database is away."""
        given = [*ready.variables.values(), *list_literals(ready.checked.document)]
        texts = list(itertools.islice(list_texts(given), MAX_NAMED_TEXTS))
        people = {known for text in texts if (known := self._read_person_id(text)) is not None}
        identifiers = sorted(find_identifiers(texts))
        if not identifiers and not people:
            return frozenset()
        try:
            rows = orjson.loads(
                await self._reads.json(self._named_rows, (identifiers, [str(number) for _, number in people]))
            )
        except HubError:
            return frozenset()  # the refusal is written down all the same
        return frozenset((entity, number) for entity, number in rows)

    def _read_person_id(self, text: str) -> DataSubject | None:
        entity, number = read_global_id(text)
        return (entity, number) if entity == self._person and number is not None and number < 2**63 else None

    def _add_masked(self, entry: LedgerEntry) -> None:
        key = entry._replace(
            at=datetime.min.replace(tzinfo=UTC),
            subjects=(),
            request_id=None,
            trace_id=None,
            kind=RecordKind.MASKED,
        )
        self._masked[key] = self._masked.get(key, 0) + 1
        if self._masked_timer is None:
            loop = asyncio.get_running_loop()
            self._masked_timer = loop.call_later(MASKED_EVERY_S, lambda: loop.create_task(self._flush_later()))

    async def _flush_later(self) -> None:
        self._masked_timer = None
        try:
            await self.flush_masked()
        except HubError:  # the writer has logged it
            loop = asyncio.get_running_loop()
            self._masked_timer = loop.call_later(MASKED_EVERY_S, lambda: loop.create_task(self._flush_later()))


def make_entry(
    caller: Caller,
    kind: RecordKind,
    outcome: ReadOutcome,
    code: str | None,
    *,
    paths: tuple[str, ...] = (),
    subjects: tuple[DisclosedSubject, ...] = (),
    sources: tuple[SourceState, ...] = (),
    details: Mapping[str, Any] | None = None,
) -> LedgerEntry:
    """The entry of a known caller."""
    principal, purpose, dossier = caller.known, caller.purpose, caller.dossier
    return LedgerEntry(
        datetime.now(UTC),
        kind,
        principal.id,
        outcome,
        acting_app=principal.acting_app,
        purpose=purpose.code if purpose else None,
        purpose_version=purpose.version if purpose else None,
        dossier=dossier.code if dossier else None,
        office=dossier.office if dossier else find_only_office(principal),
        paths=paths,
        subjects=subjects,
        sources=sources,
        code=code,
        request_id=caller.trace.request_id,
        trace_id=caller.trace.trace_id,
        details=details,
    )


def find_only_office(principal: Principal) -> str | None:
    """The office that someone reads for without a dossier, as a canonical code; None if they work for none or for several."""
    offices = {find_unit(code) for code in principal.offices}
    return offices.pop() if len(offices) == 1 else None


def is_masked(caller: Caller) -> bool:
    """Whether the caller sees masked values only."""
    return caller.purpose is not None and caller.purpose.declaration.masked


def find_outcome(reading: Reading, code: str | None) -> ReadOutcome:
    """How a read ended. A count under a smallest cell, and an event, have no people and are answers all the same."""
    if code is not None:
        failed = code in ("STORE_UNAVAILABLE", "TIMEOUT", "INTERNAL", "SOURCE_UNAVAILABLE")
        return ReadOutcome.FAILED if failed else ReadOutcome.REFUSED
    purpose = reading.caller.purpose
    counts = purpose is not None and purpose.declaration.limits.smallest_cell
    writes = reading.ready is not None and reading.ready.operation.operation is OperationType.MUTATION
    says = reading.kind in (RecordKind.AUDIT, RecordKind.EVENT)
    shows = bool(reading.people) or reading.shows_rows
    return ReadOutcome.ANSWERED if shows or counts or writes or says else ReadOutcome.NOTHING_FOUND


def select_named_rows(registry: Registry) -> str:
    """A statement that gives, as JSON, entity and number of the rows of whoever has one of the identifiers $1, or is one of the rows $2."""
    entity = next(entity for entity in registry if entity.personal)
    table, key = quote_identifier(entity.table), quote_identifier(entity.keys[0].name)
    return f"""
        select coalesce(json_agg(json_build_array('{entity.name}', n.id)), '[]')::text
        from (
            select t.id from data.{table} t where t.{key} = any($1::text[])
            union select t.id from data.{table} t where t.id = any($2::text[]::bigint[])
        ) t
        {ALL_ROWS}"""  # noqa: S608 constants and quoted identifiers


def list_literals(document: Node) -> list[str]:
    """The texts that stand in a document itself instead of in a variable."""
    found: list[str] = []

    class Collector(Visitor):
        def enter_string_value(self, node: StringValueNode, *_: object) -> None:
            found.append(node.value)

        def enter_int_value(self, node: IntValueNode, *_: object) -> None:
            found.append(node.value)

    visit(document, Collector())
    return found


def find_roles(
    caller: Caller, people: Collection[DataSubject], own: frozenset[DataSubject] = frozenset()
) -> tuple[DisclosedSubject, ...]:
    """The people with their roles: that in the dossier; of a citizen who asks for their own data, `self`; otherwise incidental.

    `own` are the rows of that citizen: whoever else their answer has, such as a spouse, is incidental to it.
    """
    named: Mapping[DataSubject, tuple[str, ...]] = caller.dossier.roles if caller.dossier else {}
    is_portal = caller.principal is not None and bool(caller.principal.personal_ids)
    alone = INCIDENTAL_ROLE if caller.dossier or is_portal else REQUESTED_ROLE
    known = [person for person in people if person in named or person in own]
    others = people if not known else set(people).difference(known)
    return (
        *(DisclosedSubject(*person, role) for person in sorted(known) for role in named.get(person) or (SELF_ROLE,)),
        *(DisclosedSubject(entity, number, alone) for entity, number in others),
    )
