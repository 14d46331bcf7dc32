"""Unseen: after a whole read that passed over what it knew by digest, which rows of the store are still to be accounted for.

A row is there if its digest was seen, or if its key came with other values. The second is looked up for the few keys that came,
so that a table of millions is read for missing rows only where there are digests that no key accounts for.
"""

from typing import Any

from psycopg import Connection

from hub.ingest.transform.row_digests import Known
from hub.ingest.write import stage
from hub.ingest.write.merge_sql import Merge
from hub.ingest.write.stage import Staged
from hub.model.names import quote_identifier


def note(connection: Connection[Any], work: Merge, known: Known) -> None:
    """Fill the temporary tables of what was not seen, what the store has under the keys that came, and what may be lost."""
    names = Staged(work.entity)
    digests = known.unseen()
    stage.unseen(connection, work.entity, digests)
    connection.execute(f"analyze {names.rows}")
    connection.execute(
        f"insert into {names.met} select t.source_key, t.row_digest, t.changed_at_source from data.{quote_identifier(work.entity.table)} t"
        f" join (select source_key from {names.rows} union all select source_key from {names.rejects}) came"
        f" on t.stream_id = {work.stream_id:d}::smallint and t.source_key = came.source_key"
    )
    connection.execute(f"analyze {names.met}")
    # Where several rows have one digest, the key of one of them does not account for the others.
    stage.lost(connection, work.entity, digests.filter(digests.is_in(known.repeated.implode())))
    connection.execute(
        f"insert into {names.lost} select digest from {names.unseen} u"
        f" where not exists (select from {names.met} m where m.row_digest = u.digest)"
    )
