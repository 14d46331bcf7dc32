"""A new table for an empty one: filled while everybody reads the empty one, then put in its place.

To fill the table itself without its indexes is to lock it, for as long as the source is read: whoever reads the graph would wait for that. The
new table has the owner, privileges, columns, defaults, checks, settings and comments of the old one, and in the end its name, indexes and key. Only
the transaction that makes it sees it before that.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import Connection

from hub.store.query import fetch_row, fetch_value

REPLACE_WITHIN_S = 600.0
"""How long the end of a load waits for readers that do not end, such as a backup."""
LOCK_WITHIN_MS = 500
"""How long each attempt to get the locks keeps other readers waiting. Less than `deadlock_timeout`: readers of several tables are never ended for it."""
PAUSE_S = 0.2

IS_REPLACEABLE = """
select c.relkind = 'r' and c.relpersistence = 'p' and c.relreplident = 'd' and c.reltablespace = 0 and not c.relispartition and not c.relrowsecurity
    and not exists (select from pg_attribute a where a.attrelid = c.oid and (a.attacl is not null or a.attoptions is not null))
    and not exists (
        select from pg_depend d where d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and not coalesce(
            d.classid in ('pg_attrdef'::regclass, 'pg_type'::regclass)
            or d.classid = 'pg_class'::regclass and (select o.relkind in ('i', 't') from pg_class o where o.oid = d.objid)
            or d.classid = 'pg_constraint'::regclass
                and (select o.conrelid = c.oid and o.contype in ('c', 'n', 'p') from pg_constraint o where o.oid = d.objid), false))
    and not exists (
        select from pg_depend d join pg_type t on t.oid = d.refobjid
        where d.refclassid = 'pg_type'::regclass and t.oid in (c.reltype, (select r.typarray from pg_type r where r.oid = c.reltype))
            and d.classid <> 'pg_type'::regclass)
from pg_class c where c.oid = %s::regclass
"""
"""Whether nothing rests on a table but its own columns, indexes and checks. A view, a trigger, a policy, a publication or a grant on a column, which an
operator may have added, would have to be made anew with it."""
DESCRIBE = """
select c.oid::bigint, quote_ident(pg_get_userbyid(c.relowner)), array_to_string(c.reloptions, ', '), quote_literal(obj_description(c.oid, 'pg_class')),
    format('%%I.%%I', c.relnamespace::regnamespace::text, c.relname),
    (select quote_ident(k.conname) from pg_constraint k where k.conrelid = c.oid and k.contype = 'p')
from pg_class c where c.oid = %s::regclass
"""
PRIVILEGES = """
select case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end, a.is_grantable, string_agg(a.privilege_type, ', ')
from pg_class c cross join aclexplode(c.relacl) a where c.oid = %s::regclass and a.grantee <> c.relowner group by 1, 2 order by 1, 2
"""
INDEXES = """
select i.indexrelid::bigint, pg_get_indexdef(i.indexrelid), quote_ident(o.relname), i.indisunique
from pg_index i join pg_class o on o.oid = i.indexrelid
where i.indrelid = %s::regclass and not i.indisprimary order by not i.indisunique, i.indexrelid
"""


@dataclass(frozen=True)
class NewIndex:
    """An index to be made of the new table under a name of its own, and the name that it has in the end. Names are quoted."""

    definition: str
    own_name: str
    name: str
    is_unique: bool


class NewTable:
    """The table that takes the place of `old`, e.g. `data."citizen"`, whose primary key is the column `id`."""

    def __init__(self, connection: Connection[Any], old: str) -> None:
        self._connection = connection
        self.old = old
        self._schema, _, self._old_name = old.partition(".")
        number, owner, settings, comment, self._written, self._key_name = fetch_row(connection, DESCRIBE, (old,))
        self._own_name = f"new_{number}"
        self.name = f"{self._schema}.{self._own_name}"
        self._own_key_name = f"new_{number}_pkey"
        like = "including all excluding indexes"
        connection.execute(f"create table {self.name} (like {old} {like}){f' with ({settings})' if settings else ''}")
        if comment:
            connection.execute(f"comment on table {self.name} is {comment}")
        # Privileges by default, if an operator has set some, are not those of the old table.
        for grantee, _, _ in connection.execute(PRIVILEGES, (self.name,)).fetchall():
            connection.execute(f"revoke all on {self.name} from {grantee}")
        for grantee, is_grantable, privileges in connection.execute(PRIVILEGES, (old,)).fetchall():
            also = " with grant option" if is_grantable else ""
            connection.execute(f"grant {privileges} on {self.name} to {grantee}{also}")
        connection.execute(f"alter table {self.name} owner to {owner}")
        self.indexes = [self._make_index(*found) for found in connection.execute(INDEXES, (old,)).fetchall()]

    def _make_index(self, number: int, definition: str, name: str, is_unique: bool) -> NewIndex:
        # PostgreSQL quotes names only if they need it: data.citizen, data."order".
        own_name = f"new_{number}"
        own = definition.replace(f" INDEX {name} ON ", f" INDEX {own_name} ON ", 1)
        before, on, after = own.partition(f" ON {self._written} ")
        assert on, definition
        return NewIndex(f"{before} ON {self.name} {after}", own_name, name, is_unique)

    def add_key(self) -> None:
        """Make the primary key."""
        self._connection.execute(f"alter table {self.name} add constraint {self._own_key_name} primary key (id)")

    def take_place(self) -> None:
        """Drop the old table, which is locked, and take its name and those of its indexes."""
        statements = [f"drop table {self.old}", f"alter table {self.name} rename to {self._old_name}"]
        statements.append(f"alter table {self.old} rename constraint {self._own_key_name} to {self._key_name}")
        statements += [f"alter index {self._schema}.{one.own_name} rename to {one.name}" for one in self.indexes]
        self._connection.execute("; ".join(statements))


def is_replaceable(connection: Connection[Any], table: str) -> bool:
    """Whether a new table can take the place of this one without anything else noticing."""
    return bool(fetch_value(connection, IS_REPLACEABLE, (table,)))


def put_in_place(
    connection: Connection[Any], tables: Sequence[NewTable], *, within_s: float = REPLACE_WITHIN_S
) -> None:
    """Put each in the place of its old table, for which readers of any of these have to end; none that comes later waits for longer than an
    attempt. Raises LockNotAvailable."""
    if not tables:
        return
    until = time.monotonic() + within_s
    locked = ", ".join(sorted(table.old for table in tables))
    (before,) = fetch_row(connection, "select current_setting('lock_timeout')")
    while True:
        try:
            with connection.transaction():
                connection.execute(f"set local lock_timeout = {LOCK_WITHIN_MS}")
                connection.execute(f"lock table {locked} in access exclusive mode")
            break
        except psycopg.errors.LockNotAvailable:
            if time.monotonic() > until:
                raise
        time.sleep(PAUSE_S)
    connection.execute(f"set local lock_timeout = '{before}'")
    for table in tables:
        table.take_place()
