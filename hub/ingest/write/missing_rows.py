"""Missing rows: after a whole read that skipped rows known by digest, find the stored rows that are not accounted for.

A row exists if its digest was seen, or if its key arrived with other values. The second case is looked up for the few
keys that arrived, so a table of millions is scanned for missing rows only if some digests have no key that accounts for
them.
"""

from typing import Any

from psycopg import Connection

from hub.ingest.transform.row_digests import KnownDigests
from hub.ingest.write import stage
from hub.ingest.write.merge_sql import MergeTask
from hub.ingest.write.stage import StagingTables
from hub.model.names import quote_identifier


def record_unseen(connection: Connection[Any], work: MergeTask, known: KnownDigests) -> None:
    """Fill the temporary tables of unseen digests, of stored rows whose keys arrived, and of digests that may be
    missing.
    """
    names = StagingTables(work.entity)
    digests = known.list_unseen()
    stage.stage_unseen(connection, work.entity, digests)
    connection.execute(f"analyze {names.rows}")
    connection.execute(
        f"insert into {names.met} select t.source_key, t.row_digest, t.changed_at_source from data.{quote_identifier(work.entity.table)} t"
        f" join (select source_key from {names.rows} union all select source_key from {names.rejects}) came"
        f" on t.stream_id = {work.stream_id:d}::smallint and t.source_key = came.source_key"
    )
    connection.execute(f"analyze {names.met}")
    # If several rows share a digest, the key of one of them does not account for the others.
    if len(known.repeated):
        stage.stage_lost(connection, work.entity, digests.filter(digests.is_in(known.repeated.implode())))
    connection.execute(
        f"insert into {names.lost} select digest from {names.unseen} u"
        f" where not exists (select from {names.met} m where m.row_digest = u.digest)"
    )
