"""What is at stake in each open question, kept in `link.review` so that the queue is read in its order from an index.

A question is a record with candidates, or a younger row of a register with proposed merges. The queue is in order of

    value    = (1 + procedures) × (1 + waiting)        the greater first
    distance = least(|w1|, w1 − w2)                    the lesser first

`procedures` is how many procedures read data over the field (for a merge: over any field that leads to the kind). `waiting` is
how many rows hang on the answer: those that refer to the record, as payments do to a tax obligation; for a merge, the accepted
links of the younger row, which would move. `w1` and `w2` are the weights of the best candidate and the next, in bits; a rule
gives none, which counts as 0: nothing is less decided. Where there is one candidate there is no `w2`.

Kept, since counting what hangs on 65,000 questions took 4 s, and a page is read in milliseconds. A decision counts its own
records again; a run of linking takes itself in when it ends (`refresh`), and one that was cut off before is taken in by who reads
the queue next.
"""

import hashlib
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from psycopg import Connection

import schema
from hub import model
from hub.link.field import Field, field_named, leading_to, list_decidable_fields
from hub.model.registry import load_registry
from hub.model.tables import ACCEPTED, OPEN
from hub.store.advisory_locks import LockKey

KEPT = ("kinds", "candidates", "weight", "distance", "waiting", "value")


@cache
def procedures_over(name: str) -> tuple[str, ...]:
    """Codes of the procedures that read data over a field: over the recorded columns that a link is made from."""
    # Here, since the library that reads the procedures' queries takes as long to load as a twentieth of a run of changes.
    from hub.model.procedure_columns import map_procedures_by_column

    field = field_named(name)
    over = (field,) if field.linked else leading_to(field.entity.name)
    codes = {
        code
        for each in over
        for part in (each.linked.recorded if each.linked else ())
        for code in map_procedures_by_column().get((each.entity.name, part.column.name), ())
    }
    return tuple(sorted(codes))


COUNTS = "procedures over fields"
"""The name under which `link.reading` has how many procedures read data over each field."""


def load_procedure_counts(connection: Connection[Any]) -> Mapping[str, int]:
    """Field → how many procedures read data over it: as it was stored when the same files were read last, or else read now and stored."""
    basis = _digest_procedures()
    row = connection.execute("select body from link.reading where kind = %s and basis = %s", (COUNTS, basis)).fetchone()
    if row is not None:
        return dict(orjson.loads(row[0]))
    counts = _count_procedures()
    connection.execute(
        "insert into link.reading (kind, basis, body) values (%s, %s, %s)"
        " on conflict (kind) do update set basis = excluded.basis, body = excluded.body",
        (COUNTS, basis, orjson.dumps(counts)),
    )
    return counts


def _count_procedures() -> dict[str, int]:
    return {name: len(procedures_over(name)) for name in list_decidable_fields()}


@cache
def _digest_procedures() -> str:
    """A digest of all that the counts rest on: entities, procedures, and the code that reads them."""
    digest = hashlib.sha256()
    folder = Path(schema.__file__).parent
    files = (*folder.rglob("*.py"), *folder.glob("procedures/*/*.toml"), *folder.glob("procedures/*/*.graphql"))
    for file in (*sorted(files), *sorted(Path(model.__file__).parent.glob("*.py")), Path(__file__)):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def refresh_review_queue(connection: Connection[Any], procedures: Mapping[str, int] | None = None) -> None:
    """Take everything in: what to call when a run has ended. One transaction. `procedures` are the counts of fields, if they are known."""
    counts = _count_procedures() if procedures is None else procedures
    with connection.transaction():
        # First, so that a run that ends meanwhile is left for the next.
        connection.execute("update hub.link_run set queued = true where ended_at is not null and not queued")
        for field in list_decidable_fields().values():
            connection.execute(_refresh_sql(field, counts[field.name], few=False))


def requeue_records(connection: Connection[Any], field: Field, records: Collection[int]) -> None:
    """Count these records of a field again."""
    connection.execute(_refresh_sql(field, len(procedures_over(field.name)), few=True), {"records": list(records)})


def take_in(connection: Connection[Any]) -> None:
    """Take in runs that have ended since the queue was last read. Nothing if there are none, if a run is under way, or
    where the connection may only read: then the queue is as it was."""
    stale = "select exists (select from hub.link_run where ended_at is not null and not queued)"
    writable = "current_setting('transaction_read_only') = 'off'"
    with connection.transaction():
        row = connection.execute(f"select case when {writable} then ({stale}) else false end").fetchone()
        if row == (True,):
            held = connection.execute("select pg_try_advisory_xact_lock(%s)", (LockKey.LINK_WRITE,)).fetchone()
            if held == (True,):
                refresh_review_queue(connection)


def _refresh_sql(field: Field, procedures: int, *, few: bool) -> str:
    """The statement that brings a field's rows, or those of %(records)s, to what the link table says."""
    only = " and q.record_id = any(%(records)s)" if few else ""
    assigned = ", ".join(f"{name} = excluded.{name}" for name in KEPT)
    before, after = (", ".join(f"{of}.{name}" for name in KEPT) for of in ("q", "excluded"))
    return (
        f"with wanted as materialized ({_wanted_sql(field, procedures, few=few)}), gone as ("
        f"delete from link.review q where q.field = '{field.name}'{only}"
        " and not exists (select from wanted w where w.record_id = q.record_id))"
        f" insert into link.review as q (field, record_id, {', '.join(KEPT)})"
        f" select '{field.name}', record_id, {', '.join(KEPT)} from wanted"
        f" on conflict (field, record_id) do update set {assigned} where ({before}) is distinct from ({after})"
    )


def _wanted_sql(field: Field, procedures: int, *, few: bool) -> str:
    # A proposed merge of rows that are one already, through others, asks nothing.
    joined, apart = "", ""
    if field.merges:
        joined = " left join link.heir h on h.subject_id = l.record_id"
        apart = " and l.subject_id <> coalesce(h.heir_id, l.record_id)"
    only = " and l.record_id = any(%(records)s)" if few else ""
    open_records = (
        "select l.record_id, array_agg(distinct l.subject_kind order by l.subject_kind) as kinds, count(*) as candidates,"
        " max(l.weight)::float8 as weight,"
        " (array_agg(coalesce(l.weight, 0)::float8 order by coalesce(l.weight, 0) desc))[1:2] as best"
        f" from link.{field.table} l{joined} where l.{OPEN}{apart}{only} group by l.record_id"
    )
    return (
        "select c.record_id, c.kinds, c.candidates, c.weight, least(abs(c.best[1]), c.best[1] - c.best[2]) as distance,"
        f" w.waiting, {1 + procedures} * (1 + w.waiting) as value"
        f" from ({open_records}) c join data.{field.entity.table} r on r.id = c.record_id"
        f" cross join lateral (select {_waiting_sql(field)} as waiting offset 0) w"
    )


def _waiting_sql(field: Field) -> str:
    if field.merges:
        counts = [
            f"(select count(*) from link.{other.table} w where w.found_id = c.record_id and w.{ACCEPTED})"
            for other in leading_to(field.entity.name)
            if not other.merges
        ]
    else:
        counts = [
            f"(select count(*) from data.{entity.table} w where w.{reference.column.name} = r.{reference.target_column})"
            for entity in load_registry()
            for reference in entity.references
            if reference.target == field.entity.name
        ]
    return " + ".join(counts) or "0::bigint"
