"""Merging rows of a register and taking them apart: `link.heir` and every link row that follows from it.

`link.heir` is derived from what persons said is the same and from which rows the register still has; `subject_id` of every link
from `found_id` and `link.heir`. So every direction is the same work: derive again, for the rows of the clusters that are touched.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

from hub.link.decisions.clusters import find_heirs
from hub.link.decisions.link_rows import announce_links, look_again, move_links_to_heirs
from hub.link.decisions.verdicts import BINDING
from hub.link.field import Field, leading_to, list_decidable_fields
from hub.link.lock import PATIENCE_S, hold_link_lock
from hub.link.review.review_priority import requeue_records


def heir_of(connection: Connection[Any], row: int) -> int:
    """What a row stands for: the oldest of its cluster, or itself."""
    found = connection.execute("select heir_id from link.heir where subject_id = %s", (row,)).fetchone()
    return found[0] if found else row


def list_cluster_rows(connection: Connection[Any], row: int) -> list[int]:
    """Every row of the cluster that a row is in, itself among them."""
    heir = heir_of(connection, row)
    members = connection.execute("select subject_id from link.heir where heir_id = %s", (heir,)).fetchall()
    return [heir, *(member for (member,) in members)]


def mend_clusters(connection: Connection[Any]) -> None:
    """Give the clusters whose heir has gone from the register another one, so that the rows merged into it are not lost with it."""
    for field in list_decidable_fields().values():
        if not field.merges:
            continue
        with connection.transaction():
            heirless = connection.execute(
                "select distinct h.heir_id from link.heir h where h.subject_kind = %s"
                f" and not exists (select from data.{field.entity.table} t where t.id = h.heir_id)",
                (field.entity.name,),
            ).fetchall()
            if not heirless:
                continue
            at = hold_link_lock(connection, wait_s=PATIENCE_S)
            for (heir,) in heirless:
                regroup_clusters(connection, field, list_cluster_rows(connection, heir), None, at)


def regroup_clusters(
    connection: Connection[Any], field: Field, members: Sequence[int], younger: int | None, at: datetime
) -> None:
    """Update heirs and links of whole clusters to the decisions on them and to their remaining rows.

    `younger` is the record of the pair that was decided, if one was: the feed is told of it too, once.
    """
    pairs = connection.execute(
        "select d.record_id, d.subject_id from link.decision d where d.field = %(field)s and d.verdict = 'SAME'"
        f" and {BINDING} and (d.record_id = any(%(members)s) or d.subject_id = any(%(members)s))",
        {"field": field.name, "members": list(members)},
    ).fetchall()
    members = sorted({*members, *(row for pair in pairs for row in pair)})
    there = connection.execute(
        f"select id from data.{field.entity.table} where id = any(%s)", (list(members),)
    ).fetchall()
    gone = {*members} - {row for (row,) in there}
    wanted = find_heirs(pairs, gone)
    _keep_heirs(connection, field, members, wanted, at)
    standing = {member: wanted.get(member, member) for member in members}
    for reached in leading_to(field.entity.name):
        records = {
            *move_links_to_heirs(connection, reached.table, standing, at),
            *([younger] if younger and reached == field else ()),
        }
        # As one subject, two candidates of a record may be enough to accept, or be refused: the next run looks.
        look_again(connection, [*records, *_resting(connection, reached, members)])
        if records:
            announce_links(connection, reached, records, at)
            # Questions about other rows of the cluster may be answered now, or open again.
            requeue_records(connection, reached, {*records, *members} if reached == field else records)


def _resting(connection: Connection[Any], field: Field, members: Sequence[int]) -> list[int]:
    """The records of a field with a row for one of these, or of which a person said that they are none of them."""
    found = connection.execute(
        f"select l.record_id from link.{field.table} l where l.subject_id = any(%(members)s) union"
        " select d.record_id from link.decision d where d.field = %(field)s and d.verdict = 'DIFFERENT'"
        f" and {BINDING} and d.subject_id = any(%(members)s)",
        {"field": field.name, "members": list(members)},
    ).fetchall()
    return [record for (record,) in found]


def _keep_heirs(
    connection: Connection[Any], field: Field, members: Sequence[int], wanted: dict[int, int], at: datetime
) -> None:
    held: dict[int, int] = dict(
        connection.execute(
            "select subject_id, heir_id from link.heir where subject_id = any(%s)", (list(members),)
        ).fetchall()
    )
    wrong = [row for row, heir in held.items() if wanted.get(row) != heir]
    connection.execute(
        "with gone as (delete from link.heir where subject_id = any(%s) returning *)"
        " insert into link_history.heir (subject_id, heir_id, subject_kind, sys_from, sys_to)"
        " select subject_id, heir_id, subject_kind, sys_from, %s from gone",
        (wrong, at),
    )
    new = {row: heir for row, heir in wanted.items() if held.get(row) != heir}
    connection.execute(
        "insert into link.heir (subject_id, heir_id, subject_kind, sys_from)"
        " select id, heir, %s, %s from unnest(%s::bigint[], %s::bigint[]) as n (id, heir)",
        (field.entity.name, at, list(new), list(new.values())),
    )
