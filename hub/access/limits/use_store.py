"""Use of reading in the store, which all processes share: told by each every few seconds, and read back in the same statements.

The clock is the database's. If it goes back, counts stay and the window begins again: a limit that is met is neither lifted,
nor does it last longer than one more window.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import AsyncConnection, Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from hub.access.limits.rates import RateKind
from hub.access.limits.reading_use import SharedUse, Unsent
from hub.errors import OperationRefused, StoreUnavailable

MAX_LISTED = 500
ADD_COUNTS = """
insert into hub.reading_use as u (principal, period, minute_from, hour_from, reads, subjects, refusals, misses, met)
select d.principal, extract(epoch from now())::bigint, now(), now(), d.reads, 0, d.refusals, d.misses, '{}'
from unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[]) as d (principal, reads, refusals, misses)
order by d.principal
on conflict (principal) do update set
    period = case when now() >= u.hour_from + interval '1 hour' then greatest(u.period + 1, excluded.period) else u.period end,
    minute_from = case when now() >= u.minute_from + interval '1 minute' then now() else least(u.minute_from, now()) end,
    hour_from = case when now() >= u.hour_from + interval '1 hour' then now() else least(u.hour_from, now()) end,
    reads = case when now() >= u.minute_from + interval '1 minute' then 0 else u.reads end + excluded.reads,
    subjects = case when now() >= u.hour_from + interval '1 hour' then 0 else u.subjects end,
    refusals = case when now() >= u.hour_from + interval '1 hour' then 0 else u.refusals end + excluded.refusals,
    misses = case when now() >= u.hour_from + interval '1 hour' then 0 else u.misses end + excluded.misses,
    met = case when now() >= u.hour_from + interval '1 hour' then '{}' else u.met end"""
ADD_SUBJECTS = """
with added as (
    insert into hub.reading_subject (principal, period, entity, subject_id)
    select u.principal, u.period, d.entity, d.number
    from unnest(%s::text[], %s::text[], %s::bigint[]) as d (principal, entity, number)
    join hub.reading_use u on u.principal = d.principal
    order by u.principal, d.entity, d.number
    on conflict do nothing
    returning principal
), counted as (
    select principal, count(*) as people from added group by principal
)
update hub.reading_use u set subjects = u.subjects + c.people from counted c where c.principal = u.principal"""
READ_BACK = """
select principal, period, reads, subjects, refusals, misses,
    extract(epoch from minute_from + interval '1 minute' - now())::float8 as minute_left_s,
    extract(epoch from hour_from + interval '1 hour' - now())::float8 as hour_left_s
from hub.reading_use where principal = any(%s)"""
RAISE_ALARM = """
with noted as (
    update hub.reading_use set met = array_append(met, %(kind)s)
    where principal = %(principal)s and not %(kind)s = any(met)
    returning principal
)
insert into hub.alarm (kind, principal, details) select %(kind)s, principal, %(details)s from noted"""
DELETE_OLD = (
    "delete from hub.reading_use where hour_from < now() - interval '2 hours'",
    "delete from hub.reading_subject s using hub.reading_use u where u.principal = s.principal and s.period < u.period",
)
"""Who read whom is not kept: it serves the limits of an hour."""
LIST = f"""
select principal, met, hour_from, hour_from + interval '1 hour' as ends_at, reads, subjects, refusals, misses
from hub.reading_use
where now() < hour_from + interval '1 hour' and (%s or met <> '{{}}')
order by cardinality(met) desc, subjects desc, principal limit {MAX_LISTED}"""  # noqa: S608 a constant
LIFT = """
update hub.reading_use
set period = period + 1, hour_from = now(), minute_from = now(), reads = 0, subjects = 0, refusals = 0, misses = 0, met = '{}'
where principal = %s"""


@dataclass(frozen=True)
class ListedUse:
    """One principal's use in the present hour. `met` are the limits that it has met."""

    principal: str
    met: list[str]
    hour_from: Any
    ends_at: Any
    reads: int
    subjects: int
    refusals: int
    misses: int


class UseStore:
    """Tells the store the counts. Everything is in one transaction, principals in order, so that processes do not deadlock."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[Any]]) -> None:
        self.pool = pool

    async def add(self, told: Mapping[str, Unsent]) -> Sequence[SharedUse]:
        """Add the counts, by principal. Returns what the store holds then. Raises StoreUnavailable."""
        names = sorted(told)
        counts = (
            names,
            [told[name].reads for name in names],
            [told[name].refusals for name in names],
            [told[name].misses for name in names],
        )
        people = [(name, *subject) for name in names for subject in told[name].subjects]
        try:
            async with (
                self.pool.connection() as connection,
                connection.transaction(),
                connection.cursor(row_factory=class_row(SharedUse)) as cursor,
            ):
                await cursor.execute(ADD_COUNTS, counts)
                if people:
                    await cursor.execute(ADD_SUBJECTS, [list(column) for column in zip(*people, strict=True)])
                await cursor.execute(READ_BACK, (names,))
                return await cursor.fetchall()
        except (psycopg.OperationalError, PoolTimeout):
            raise _unavailable() from None

    async def raise_alarm(self, principal: str, kind: RateKind, limit: int) -> bool:
        """Raise an alarm, once in the principal's hour over all processes. Returns whether it was this one.

        Raises StoreUnavailable.
        """
        values = {"principal": principal, "kind": kind.value, "details": Jsonb({"limit": limit})}
        try:
            async with self.pool.connection() as connection:
                return (await connection.execute(RAISE_ALARM, values)).rowcount == 1
        except (psycopg.OperationalError, PoolTimeout):
            raise _unavailable() from None

    async def delete_old(self) -> None:
        """Delete the use of hours that are over. Raises StoreUnavailable."""
        try:
            async with self.pool.connection() as connection:
                for statement in DELETE_OLD:
                    await connection.execute(statement)
        except (psycopg.OperationalError, PoolTimeout):
            raise _unavailable() from None


def list_use(connection: Connection[Any], *, every: bool = False) -> list[ListedUse]:
    """Principals who have met a limit in their present hour, or all who have read in it; at most MAX_LISTED."""
    with connection.cursor(row_factory=class_row(ListedUse)) as cursor:
        return cursor.execute(LIST, (every,)).fetchall()


def lift_limits(connection: Connection[Any], principal: str) -> None:
    """Let a principal begin a new hour. Raises OperationRefused if nothing is counted of it."""
    if connection.execute(LIFT, (principal,)).rowcount != 1:
        raise OperationRefused(
            "nothing is counted of this principal",
            code="NO_PRINCIPAL",
            next_step="copy it from `hub limits list --all`",
        )


def _unavailable() -> StoreUnavailable:
    return StoreUnavailable(
        "the database does not answer, so it is not known how much the caller has read",
        next_step="try again in a few seconds",
    )
