"""Dossiers as reads need them: open or not, and by which identifiers each subject may be asked for.

A dossier is kept in memory, so a read costs no second statement. What this process ends or adds to is forgotten at once. What another
process does, and who was merged with whom, is seen within KEPT_S seconds: then all dossiers in use are compared with the store by one
statement, and those that differ are read again.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from heapq import nlargest
from typing import Any

import orjson

from hub.access.callers.principals import Principal
from hub.access.dossiers.dossier_rules import make_refusal
from hub.access.dossiers.dossier_store import EMERGENCY, NOT_FOUND, check_open
from hub.access.dossiers.offices import covers_office
from hub.graph.execution.bounded_cache import BoundedCache
from hub.graph.execution.reads import Reads
from hub.model.names import quote_identifier
from hub.model.registry import Entity, Registry
from hub.plan.binds import read_global_id
from hub.plan.data_subjects import DataSubject

KEPT_S = 5.0
AHEAD_S = 1.0
"""A dossier in use is compared this long before it has to be, while requests go on with the kept one."""
IN_USE_S = 60.0
"""How long after a read a dossier is compared together with others, so that the next read does not wait: people click, they do not stream."""
MOST_COMPARED = 500
"""Dossiers of one comparison, those read last."""
COMPARED_AT_ONCE = 50
"""Dossiers of one statement, which takes PostgreSQL some 2 ms. In one statement for all, other reads waited for it: it was their slowest hundredth."""
CACHE_DOSSIERS = 2_000
CACHE_BYTES = 8_000_000
LONGEST_CODE = 60
UNCONFIRMED = make_refusal(
    "the emergency access is not confirmed yet",
    "EMERGENCY_UNCONFIRMED",
    "another officer of your office confirms it with confirmEmergencyAccess",
)
STATE = "hashtextextended(b.said::text, 0)::text"
"""Of 64 bits, so that one change in 10¹⁹ goes unseen."""
ROOT = "coalesce((select h.heir_id from link.heir h where h.subject_id = s.subject_id), s.subject_id)"
"""The row that stands for the subject now."""


@dataclass(frozen=True)
class ReadingDossier:
    """A dossier that a read names.

    `bindings`: role → the values by which its subjects may be asked for, that is every key and global id of their rows.
    `reader` is the id of the one principal who may read under it: of emergency access who requested it, otherwise None.
    `is_confirmed` is False while emergency access waits for a second officer.
    """

    id: int
    code: str
    purpose: str
    office: str
    expires_at: datetime
    outcome: str | None
    bindings: Mapping[str, frozenset[str]]
    reader: str | None = None
    is_confirmed: bool = True
    opened_on: date | None = None
    """The day by which its procedure has to be in force; None: today."""

    @cached_property
    def roles(self) -> Mapping[DataSubject, tuple[str, ...]]:
        """The roles of its subjects, by the rows that are theirs."""
        found: dict[DataSubject, tuple[str, ...]] = {}
        for role, values in self.bindings.items():
            for entity, number in map(read_global_id, values):
                if entity is not None and number is not None:
                    found[entity, number] = (*found.get((entity, number), ()), role)
        return found


@dataclass(slots=True)
class KeptDossier:
    """A dossier in memory. `state` is the hash of all that the store says of it, by which a change is noticed."""

    dossier: ReadingDossier
    state: str
    checked_until: float
    used_at: float
    reader: Principal | None = None
    """Who was found last to be of its office: one officer reads the same dossier again and again."""


class DossierReads:
    """Finds dossiers by code, over the read pool."""

    def __init__(self, reads: Reads, registry: Registry, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._reads = reads
        self._select_dossier, self._select_states = select_dossier(registry), select_states(registry)
        self._clock = clock
        self._kept: BoundedCache[str, KeptDossier] = BoundedCache(CACHE_DOSSIERS, most_size=CACHE_BYTES)
        self._checking: asyncio.Task[None] | None = None

    async def find(self, code: str, principal: Principal) -> ReadingDossier:
        """The dossier, open and of an office of the principal.

        Raises OperationRefused with DOSSIER_UNKNOWN, DOSSIER_ENDED, DOSSIER_EXPIRED or EMERGENCY_UNCONFIRMED, StoreUnavailable.
        """
        dossier = await self.find_any(code, principal)
        check_open(dossier, datetime.now(UTC))
        if not dossier.is_confirmed:
            raise UNCONFIRMED
        return dossier

    async def find_any(self, code: str, principal: Principal) -> ReadingDossier:
        """The dossier, open or ended, of an office of the principal. Under one that has ended no value may be read.

        Raises OperationRefused with DOSSIER_UNKNOWN, StoreUnavailable.
        """
        code = code.strip().upper()
        kept = await self._find_kept(code)
        if kept is None:
            found = await self._load(code)
            if not _may_read(principal, found):
                raise NOT_FOUND
            return found
        if kept.reader is not principal:
            if not _may_read(principal, kept.dossier):
                await self._load(code)  # a code that nobody has costs a statement too: the time must not tell them
                raise NOT_FOUND
            kept.reader = principal
        return kept.dossier

    def recall_dossier(self, code: str) -> KeptDossier | None:
        """The kept dossier of this code; None if there is none."""
        return self._kept.get(code.strip().upper())

    def is_current(self, kept: KeptDossier) -> bool:
        """Whether one who was given this dossier by `find` would be given it again, without anything to be read or begun."""
        now = self._clock()
        if kept.checked_until < now + AHEAD_S or kept.dossier.expires_at <= datetime.now(UTC):
            return False
        kept.used_at = now
        return True

    def forget(self, code: str) -> None:
        """Read the dossier afresh when it is asked for again."""
        self._drop(code)

    def _drop(self, code: str) -> None:
        kept = self._kept.get(code)
        if kept is not None:
            kept.checked_until = float("-inf")  # for those who hold it
            self._kept.drop(code)

    def _keep(self, code: str, kept: KeptDossier, size: int) -> None:
        self._drop(code)
        self._kept.put(code, kept, size)

    async def _find_kept(self, code: str) -> KeptDossier | None:
        kept, now = self._kept.get(code), self._clock()
        if kept is None:
            return None
        kept.used_at = now
        if kept.checked_until - now < AHEAD_S and self._checking is None:
            self._checking = asyncio.create_task(self._compare_used())
            self._checking.add_done_callback(self._forget_check)
        if kept.checked_until > now:
            return kept
        assert self._checking is not None  # begun above, or by another request
        await asyncio.shield(self._checking)
        kept = self._kept.get(code)
        return kept if kept is not None and kept.checked_until > self._clock() else None

    async def _compare_used(self) -> None:
        """Compare the dossiers in use with the store, some at a time, and forget those that differ."""
        since = self._clock() - IN_USE_S
        in_use = [(code, kept) for code, (kept, _) in self._kept.entries.items() if kept.used_at > since]
        chosen = nlargest(MOST_COMPARED, in_use, key=lambda item: item[1].used_at)
        for first in range(0, len(chosen), COMPARED_AT_ONCE):
            began = self._clock()
            await self._compare(dict(chosen[first : first + COMPARED_AT_ONCE]))
            if first + COMPARED_AT_ONCE < len(chosen):
                # As long as that took, so that in between the database answers others only.
                await asyncio.sleep(self._clock() - began)

    async def _compare(self, compared: Mapping[str, KeptDossier]) -> None:
        """Compare these dossiers, by code, with the store, and forget those that differ."""
        asked_at = self._clock()
        states = orjson.loads(await self._reads.json(self._select_states, (list(compared),)))
        for code, kept in compared.items():
            held = self._kept.entries.get(code)
            if held is None or held[0] is not kept:
                continue  # forgotten meanwhile, and the answer may be older than the change
            if states.get(code) == kept.state:
                kept.checked_until = asked_at + KEPT_S
            else:
                self._drop(code)

    def _forget_check(self, task: "asyncio.Task[None]") -> None:
        self._checking = None
        if not task.cancelled():
            task.exception()  # everyone who waited may have gone

    async def _load(self, code: str) -> ReadingDossier:
        kept, size = await self._read(code)
        self._keep(code, kept, size)
        return kept.dossier

    async def _read(self, code: str) -> tuple[KeptDossier, int]:
        if not code or len(code) > LONGEST_CODE:
            raise NOT_FOUND
        asked_at = self._clock()
        text = await self._reads.json(self._select_dossier, (code,))
        found = orjson.loads(text)
        if found is None:
            raise NOT_FOUND
        kept = KeptDossier(self._dossier(found["dossier"]), found["state"], asked_at + KEPT_S, asked_at)
        return kept, 1_000 + 3 * len(text)

    def _dossier(self, row: Mapping[str, Any]) -> ReadingDossier:
        bindings: dict[str, frozenset[str]] = {}
        for subject in row["subjects"]:
            known = {subject["value"], *subject["identifiers"]} - {None}
            bindings[subject["role"]] = bindings.get(subject["role"], frozenset()) | known
        return ReadingDossier(
            id=row["id"],
            code=row["code"],
            purpose=row["purpose"],
            office=row["office"],
            expires_at=datetime.fromisoformat(row["expires_at"]),
            outcome=row["outcome"],
            bindings=bindings,
            reader=row["opened_by"] if row["opened_via"] == EMERGENCY else None,
            is_confirmed=row["opened_via"] != EMERGENCY or row["confirmed_at"] is not None,
            opened_on=datetime.fromisoformat(row["opened_at"]).astimezone(UTC).date(),
        )


def _may_read(principal: Principal, dossier: ReadingDossier) -> bool:
    return covers_office(principal.offices, dossier.office) and dossier.reader in (None, principal.id)


def select_dossier(registry: Registry) -> str:
    """A statement that gives a dossier by its code as JSON, with the identifiers of its subjects and the hash of all that; `null` if there
    is none."""
    found = f"json_build_object('dossier', b.said, 'state', {STATE})::text from {_render_described_dossiers(registry)}"
    return f"select coalesce((select {found} where d.code = $1::text), 'null')"


def select_states(registry: Registry) -> str:
    """A statement that gives the hashes of dossiers by their codes, as one JSON object."""
    hashes = f"coalesce(json_object_agg(d.code, {STATE}), '{{}}')::text"
    return f"select {hashes} from {_render_described_dossiers(registry)} where d.code = any($1::text[])"  # noqa: S608 constants and quoted identifiers


def _render_described_dossiers(registry: Registry) -> str:
    """Dossiers `d`, each with all that a read depends on as JSON: `b.said`."""
    cases = " ".join(
        f"when '{entity.name}' then {_identifiers(entity)}" for entity in registry if entity.kind == "subject"
    )
    subjects = f"""
        select coalesce(json_agg(json_build_object(
            'role', s.role, 'value', s.value, 'identifiers', coalesce(case s.entity {cases} end, '[]'::json)
        ) order by s.id), '[]'::json)
        from hub.dossier_subject s
        where s.dossier_id = d.id"""  # noqa: S608 constants and quoted identifiers
    # `offset 0` keeps PostgreSQL from evaluating this once for each use.
    return f"""hub.dossier d cross join lateral (
        select json_build_object(
            'id', d.id, 'code', d.code, 'purpose', d.purpose, 'office', d.office, 'outcome', d.outcome,
            'expires_at', d.expires_at, 'opened_at', d.opened_at, 'opened_via', d.opened_via, 'opened_by', d.opened_by,
            'confirmed_at', d.confirmed_at, 'subjects', ({subjects})
        ) as said offset 0
    ) b"""


def _identifiers(entity: Entity) -> str:
    """All keys and global ids of the rows that are this subject: its own, and those that were merged into it."""
    keys = ", ".join([f"t.{key.sql}::text" for key in entity.keys] + [f"hub.global_id('{entity.name}', t.id)"])
    rows = f"select {ROOT}"
    if entity.duplicates:
        rows += f" union all select m.subject_id from link.heir m where m.heir_id = {ROOT}"  # noqa: S608 constants
    # As an array, so that the primary key is used: with `or` the whole table would be read.
    return f"""(
            select json_agg(v order by v) from data.{quote_identifier(entity.table)} t cross join lateral unnest(array[{keys}]) v
            where v is not null and t.id = any(array({rows})))"""  # noqa: S608 constants and quoted identifiers
