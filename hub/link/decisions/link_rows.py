"""Link tables as decisions change them: a few rows at a time, the old versions kept, the feed of changes told.

Every statement of one decision bears one instant, `at`; so what a decision took away is what history says ended then.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from psycopg import Connection

from hub.link.field import COLUMNS, Field, list_decidable_fields
from hub.link.lock import PATIENCE_S, hold_link_lock
from hub.link.rules.decided_links import BY_RUN
from hub.link.rules.sql import render_announced
from hub.store.change_feed import announce_changes


def take_links(connection: Connection[Any], table: str, where: str, values: Mapping[str, Any]) -> int:
    """Take rows out of a link table, and keep them in its history. `where` is of `l`; `values` has `at`. Returns how many."""
    return connection.execute(
        f"with gone as (delete from link.{table} l where {where} returning l.*)"
        f" insert into link_history.{table} ({COLUMNS}, sys_from, sys_to) select {COLUMNS}, sys_from, %(at)s from gone",
        values,
    ).rowcount


def release_gone_subjects(connection: Connection[Any]) -> None:
    """Withdraw what persons said of subjects that have gone from their register, so that the run finds what else the records mean."""
    # From the decisions, which are few: to look through all links took a fourteenth of a run of changes.
    decided = connection.execute("select distinct field from link.decision order by field").fetchall()
    for field in (list_decidable_fields()[name] for (name,) in decided if name in list_decidable_fields()):
        gone = " or ".join(
            f"(l.subject_kind = '{kind}' and not exists (select from data.{table} s where s.id = l.found_id))"
            for kind, table in field.tables
        )
        where = f"not {BY_RUN.format(l='l')} and ({gone})"
        rows = connection.execute(
            f"select distinct l.record_id from link.decision d join link.{field.table} l on l.record_id = d.record_id"
            f" where d.field = %s and {where}",
            (field.name,),
        ).fetchall()
        if not rows:
            continue
        records = [record for (record,) in rows]
        with connection.transaction():
            at = hold_link_lock(connection, wait_s=PATIENCE_S)
            take_links(
                connection, field.table, f"l.record_id = any(%(records)s) and {where}", {"at": at, "records": records}
            )
            look_again(connection, records)
            announce_links(connection, field, records, at)


def move_links_to_heirs(connection: Connection[Any], table: str, heirs: Mapping[int, int], at: datetime) -> list[int]:
    """Let the rows that found one of these stand for its heir. Returns the records of those that did not already."""
    moved = connection.execute(
        "with heirs as (select * from unnest(%(ids)s::bigint[], %(heirs)s::bigint[]) as h (id, heir)), kept as ("
        f"insert into link_history.{table} ({COLUMNS}, sys_from, sys_to) select {COLUMNS}, l.sys_from, %(at)s"
        f" from link.{table} l join heirs h on h.id = l.found_id where l.subject_id <> h.heir)"
        f" update link.{table} l set subject_id = h.heir, sys_from = %(at)s from heirs h"
        " where h.id = l.found_id and l.subject_id <> h.heir returning l.record_id",
        {"ids": list(heirs), "heirs": list(heirs.values()), "at": at},
    ).fetchall()
    return [record for (record,) in moved]


def announce_links(connection: Connection[Any], field: Field, records: Collection[int], at: datetime) -> None:
    """Tell the feed which accepted links of these records were made and which withdrawn at this instant."""
    announce_changes(connection, render_announced(field, chosen=True), {"records": list(records), "at": at})


def look_again(connection: Connection[Any], rows: Collection[int]) -> None:
    """Let the next run take these rows for changed: what follows from a decision for other candidates is a run's to find."""
    connection.execute("update link.considered set sys_from = '-infinity' where record_id = any(%s)", (list(rows),))
