"""Draw the month's sample of links, by a hash with a random seed that nobody chooses.

The sample has accepted links of runs, by linked field and band, and records in review. A run of linking fills the month's sample
up when it ends; a link that was withdrawn before anybody answered is void, and another takes its place. Beside what linking
found, reviewers are shown others that are alike, so that what they see does not tell what linking decided.
"""

import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any

from psycopg import Connection

from hub.link.field import Field, list_decidable_fields
from hub.link.profile import load_profile
from hub.link.quality.bands import BANDS, REVIEW, band_sql
from hub.link.quality.plan import Size, sample_sizes
from hub.link.rules.decided_links import BY_RUN
from hub.model.tables import ACCEPTED, OPEN
from hub.settings import load_settings
from hub.store.query import fetch_value

WINDOW_DAYS = 365
"""Answers of samples older than this count no more, and their links can be drawn again."""
SHOWN = 4
"""Rows shown with an accepted link, itself among them, as far as others are alike."""
MOST_OFFERED = 12
"""Candidates shown of a record in review: the best."""
LEAST_ROOM = 0.1
"""The sample is filled up once more than this share of it is missing: to count all links takes longer than a run of few changes."""


def fill_sample(connection: Connection[Any], *, most: int | None = None) -> int:
    """Fill the sample of this month up to `most` links, as the settings say if it is not given. Returns how many were added. One transaction; only a run of linking, which
    holds its lock, calls it."""
    most = load_settings().link_sample_monthly if most is None else most
    with connection.transaction():
        _void_gone(connection)
        month = _month(connection)
        room = most - _count(connection, "select count(*) from link.sample where month = %s and void_at is null", month)
        if room <= most * LEAST_ROOM:
            return 0
        strata = {
            (field, band): Size(links, BANDS[band].expected_wrong)
            for field in linked_fields()
            for band, links in _drawable(connection, field).items()
        }
        sizes = sample_sizes(strata, room)
        seed = _seed(connection, month)
        return sum(
            _draw(connection, field, band, {"month": month, "seed": seed, "size": size})
            for (field, band), size in sizes.items()
            if size
        )


def linked_fields() -> tuple[Field, ...]:
    """The fields whose links are sampled: every linked field. Merges are made by persons alone."""
    return tuple(field for field in list_decidable_fields().values() if not field.merges)


def count_populations(connection: Connection[Any], field: Field) -> dict[str, int]:
    """Band → accepted links of runs in it, and records in review."""
    rows = connection.execute(
        f"select {band_sql()}, count(*) from link.{field.table} l where l.{ACCEPTED} and {BY_RUN.format(l='l')} group by 1"
        f" union all select '{REVIEW.name}', count(distinct l.record_id) from link.{field.table} l where l.{OPEN}"
    ).fetchall()
    return {name: rows_of for name, rows_of in rows if rows_of}


def _void_gone(connection: Connection[Any]) -> None:
    """Void the questions that nobody has answered and whose link no longer stands as it was drawn: made by that rule or model."""
    for field in linked_fields():
        connection.execute(
            "update link.sample s set void_at = now() where s.field = %(field)s and s.void_at is null"
            " and not exists (select from link.sample_answer a where a.sample_id = s.id)"
            f" and not exists (select from link.{field.table} l where l.record_id = s.record_id and l.found_id = s.found_id"
            f" and l.method = s.method and (l.{OPEN}) = (s.band = '{REVIEW.name}') and {BY_RUN.format(l='l')})",
            {"field": field.name},
        )


def _month(connection: Connection[Any]) -> date:
    month: date = fetch_value(connection, "select date_trunc('month', now() at time zone 'UTC')::date")
    return month


def _seed(connection: Connection[Any], month: date) -> int:
    """The month's seed, made when it is first asked for."""
    connection.execute(
        "insert into link.sample_seed (month, seed) values (%s, %s) on conflict (month) do nothing",
        (month, secrets.randbits(62)),
    )
    return _count(connection, "select seed from link.sample_seed where month = %s", month)


def _drawable(connection: Connection[Any], field: Field) -> dict[str, int]:
    """Band → how many links of a field can be drawn, in the order of bands."""
    rows = connection.execute(f"select band, count(*) from ({_pool(field)}) p group by 1", _pool_values(field))
    counted = dict(rows.fetchall())
    return {band: counted[band] for band in BANDS if band in counted}


def _draw(connection: Connection[Any], field: Field, band: str, values: Mapping[str, Any]) -> int:
    """Draw one stratum."""
    offered = (
        "array[d.found_id]"
        if band != REVIEW.name
        else f"(select array_agg(o.found_id) from (select l.found_id from link.{field.table} l where l.record_id = d.record_id"
        f" and l.{OPEN} order by l.weight desc nulls last, l.found_id limit {MOST_OFFERED}) o)"
    )
    return connection.execute(
        f"with drawn as (select * from ({_pool(field)}) p where band = %(band)s"
        " order by hashint8extended(record_id, %(seed)s), record_id limit %(size)s),"
        f" found as (select d.*, {offered} as offered from drawn d)"
        " insert into link.sample (month, field, band, record_id, found_id, subject_kind, status, method, weight, evidence,"
        " offered, shown) select %(month)s, %(field)s, d.band, d.record_id, d.found_id, d.subject_kind, d.status, d.method,"
        f" d.weight, d.evidence, d.offered, {_shown(field)} from found d"
        " order by hashint8extended(d.record_id, %(seed)s)",
        {**values, **_pool_values(field), "band": band},
    ).rowcount


def _pool(field: Field) -> str:
    """Select of the links that can be drawn: what runs accepted, and of each record in review its best candidate."""
    columns = (
        "l.record_id, l.found_id, l.subject_id, l.subject_kind, l.status, l.method, l.weight, l.evidence, "
        f"{band_sql()} as band"
    )
    new = (
        "not exists (select from link.sample s where s.field = %(field)s and s.record_id = l.record_id"
        " and s.found_id = l.found_id and s.void_at is null and s.drawn_at > now() - make_interval(days => %(window)s))"
    )
    return (
        f"select {columns} from link.{field.table} l where l.{ACCEPTED} and {BY_RUN.format(l='l')} and {new}"
        f" union all (select distinct on (l.record_id) {columns} from link.{field.table} l where l.{OPEN} and {new}"
        " order by l.record_id, l.weight desc nulls last, l.found_id)"
    )


def _pool_values(field: Field) -> dict[str, Any]:
    return {"field": field.name, "window": WINDOW_DAYS}


def _shown(field: Field) -> str:
    """SQL of the rows that are shown with what linking found, in an order that tells nothing. A row that was merged with another
    is not shown as somebody else."""
    cases = " ".join(
        f"when '{kind}' then array(select a.id from ({load_profile().subjects[kind].alike}) a where a.id <> all (d.offered) and not exists (select"
        " from link.heir h where h.subject_id = a.id or h.heir_id = a.id)"
        f" order by a.unlike, a.id limit greatest({SHOWN} - cardinality(d.offered), 0))"
        for kind in field.kinds
    )
    return (
        "array(select x from unnest(d.offered || case d.subject_kind"
        f" {cases} else '{{}}'::bigint[] end) x order by hashint8extended(x, %(seed)s + d.record_id), x)"
    )


def _count(connection: Connection[Any], query: str, *values: Any) -> int:
    found: int = fetch_value(connection, query, values)
    return found
