"""Merging rows of a register and taking them apart: `link.heir` and every link row that follows from it.

`link.heir` is derived from the confirmed rows of `link.<entity>_duplicate`, and `subject_id` of every link from `found_id` and
`link.heir`. So both directions are the same work: derive again, for the rows of the clusters that a pair touches.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

from hub.link.clusters import heirs
from hub.link.field import Field, leading_to
from hub.link.kept import look_again, move, tell
from hub.link.stake import requeue


def heir_of(connection: Connection[Any], row: int) -> int:
    """What a row stands for: the oldest of its cluster, or itself."""
    found = connection.execute("select heir_id from link.heir where subject_id = %s", (row,)).fetchone()
    return found[0] if found else row


def cluster(connection: Connection[Any], row: int) -> list[int]:
    """Every row of the cluster that a row is in, itself among them."""
    heir = heir_of(connection, row)
    members = connection.execute("select subject_id from link.heir where heir_id = %s", (heir,)).fetchall()
    return [heir, *(member for (member,) in members)]


def regroup(connection: Connection[Any], field: Field, members: Sequence[int], younger: int, at: datetime) -> None:
    """Bring heirs and links of whole clusters to what the confirmed pairs among them now say.

    `younger` is the record of the pair that was decided: the feed is told of it too, once.
    """
    pairs = connection.execute(
        f"select record_id, found_id from link.{field.table} where status = 'CONFIRMED' and record_id = any(%s)",
        (list(members),),
    ).fetchall()
    wanted = heirs(pairs)
    _keep_heirs(connection, field, members, wanted, at)
    standing = {member: wanted.get(member, member) for member in members}
    for reached in leading_to(field.entity.name):
        records = {*move(connection, reached.table, standing, at), *([younger] if reached == field else ())}
        if records:
            tell(connection, reached, records, at)
            # As one subject, two candidates of a record may be enough to accept: the next run looks.
            look_again(connection, records)
            # What is asked of other rows of the cluster may be answered now, or open again.
            requeue(connection, reached, {*records, *members} if reached == field else records)


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
