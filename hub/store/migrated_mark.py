"""Whether a store already is what `hub migrate` would make of it: a mark that the last migration left, and that no change survives.

Every command that writes brings the store to its program's revision first. Granting to six roles on 250 tables took 0.3 s of processor
time each time, and left as many dead rows in the catalogue.
"""

from hashlib import sha256

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from hub.store.revision import newest_revision, read_revision
from hub.store.roles import GRANTS, role_statements
from hub.store.sql_functions import list_function_statements

SCHEMAS = ("hub", "data", "history", "link", "link_history", "ledger", "staging")
LOOK_WITHIN_MS = 1_000
READ_MARK = "select obj_description(to_regclass('hub.id_seq'), 'pg_class')"
"""A comment: a dump carries it. Restored without its privileges, or with other functions, a store has another state than its mark says."""
READ_STATE = """
select string_agg(md5(part), '' order by part) from (
    select concat_ws(' ', 'schema', nspname, nspacl::text) as part from pg_namespace where nspname = any(:schemas)
    union all
    select concat_ws(' ', 'table', relnamespace::regnamespace::text, relname, relacl::text)
    from pg_class where relnamespace::regnamespace::text = any(:schemas) and relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    union all
    select concat_ws(' ', 'column', attrelid::regclass::text, attname, attacl::text)
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where attacl is not null and relnamespace::regnamespace::text = any(:schemas)
    union all
    select concat_ws(' ', 'function', pg_get_functiondef(oid), proacl::text)
    from pg_proc where pronamespace::regnamespace::text = any(:schemas) and prokind = 'f'
) parts
"""
"""Who may do what with which table, column and function, and what the functions are."""


def is_migrated(engine: Engine) -> bool:
    """Whether nothing is left to do, as far as can be seen at once. Changes nothing; False too if the database does not answer."""
    try:
        with engine.connect() as connection:
            # Whoever changes a table keeps it to themselves: to wait for that is the migration's part.
            connection.exec_driver_sql(f"set local lock_timeout = '{LOOK_WITHIN_MS}ms'")
            stored = read_revision(connection)
            if stored is None or stored.revision != newest_revision():
                return False
            mark = connection.exec_driver_sql(READ_MARK).scalar_one()
            return mark is not None and mark == _compute_mark(connection)
    except DBAPIError:
        return False


def mark_migrated(connection: Connection) -> None:
    """Note that the store is as this program would have it."""
    mark = _compute_mark(connection)
    # Each comment is a dead row in the catalogue.
    if connection.exec_driver_sql(READ_MARK).scalar_one() != mark:
        connection.exec_driver_sql(f"comment on sequence hub.id_seq is '{mark}'")


def _compute_mark(connection: Connection) -> str:
    wanted = (*SCHEMAS, *list_function_statements(), *(line for role in GRANTS for line in role_statements(role)))
    state = connection.execute(text(READ_STATE), {"schemas": list(SCHEMAS)}).scalar_one()
    return f"migrated: {sha256(chr(10).join((newest_revision(), *wanted, state or '')).encode()).hexdigest()}"
