"""The feed of changes: a row for each record that a merge or a link run changed, written in the transaction that changed it.

Readers are woken by a notification and read the feed from where they stood, so that changes announced while a reader was
away is not lost. The first fill of an empty table is not told row by row.
"""

from typing import Any, Literal

from psycopg import Connection

CHANNEL = "hub_changes"
FEED_RETENTION = "1 day"
"""A reader that was away for longer has to read the graph again."""

Action = Literal["ADDED", "CHANGED", "DELETED", "LINKED", "UNLINKED"]
ACTIONS: tuple[Action, ...] = ("ADDED", "CHANGED", "DELETED", "LINKED", "UNLINKED")


def announce_changes(connection: Connection[Any], rows: str, parameters: Any = None) -> int:
    """Add rows to the feed: `rows` selects entity, record_id, action, subject_id, stream_id, at. Returns how many.

    Readers hear of them when the transaction commits.
    """
    added = connection.execute(
        f"insert into hub.change (entity, record_id, action, subject_id, stream_id, at) {rows}", parameters
    ).rowcount
    if added:
        connection.execute("select pg_notify(%s, '')", (CHANNEL,))
        connection.execute("delete from hub.change where at < now() - %s::interval", (FEED_RETENTION,))
    return added
