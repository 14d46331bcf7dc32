"""Rows whose key another row has wait in quarantine by what they say, and no longer by numbers of the read that set them aside."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SAID = """
create temporary table said on commit drop as
select q.id, q.stream_id, q.entity, q.rule, q.payload_hash as old, q.resolved_at, q.first_seen, s.payload, md5(s.payload::text) as hash
from hub.quarantine q, lateral (
    select coalesce(jsonb_object_agg(e.key, e.value), '{}') as payload from jsonb_each(q.payload) e
    where e.key <> all ('{n,row_digest,id,stream_id,run_id,first_seen,sys_from}')
        and not (e.key like '%\\_key' and e.key <> 'source_key' and q.payload ? left(e.key, -4))) s
where q.rule in ('duplicate_key', 'duplicate_source_key')"""
"""The payloads of such rows, without columns of the tables that they were taken from, and without search keys."""


def upgrade() -> None:
    op.execute(SAID)
    # A dismissal is bound to the hash of its row. Of several of one row, the newest stands.
    op.execute("""
create temporary table bound on commit drop as
select distinct on (s.stream_id, s.entity, s.hash) c.id, s.hash
from said s join hub.correction c on (c.stream_id, c.entity, c.payload_hash) = (s.stream_id, s.entity, s.old)
order by s.stream_id, s.entity, s.hash, c.made_at desc, c.id desc""")
    op.execute("""
delete from hub.correction c using said s
where (c.stream_id, c.entity, c.payload_hash) = (s.stream_id, s.entity, s.old) and c.id not in (select id from bound)""")
    op.execute("update hub.correction c set payload_hash = b.hash from bound b where b.id = c.id")
    # The same row, set aside by several reads, waits once, since the first of them.
    op.execute("""
delete from hub.quarantine q using said s, said o
where s.id = q.id and s.resolved_at is null and o.resolved_at is null and o.id < s.id
    and (o.stream_id, o.entity, o.rule, o.hash) = (s.stream_id, s.entity, s.rule, s.hash)""")
    op.execute("""
update hub.quarantine q set payload = s.payload, payload_hash = s.hash,
    first_seen = case when q.resolved_at is null then (
        select min(o.first_seen) from said o
        where (o.stream_id, o.entity, o.rule, o.hash) = (s.stream_id, s.entity, s.rule, s.hash)) else q.first_seen end
from said s where s.id = q.id""")
    op.execute("""
update hub.quarantine q set resolved_at = now(), resolution = 'DISMISSED'
from hub.correction c
where (c.stream_id, c.entity, c.payload_hash) = (q.stream_id, q.entity, q.payload_hash) and c.changes = '{}'
    and q.resolved_at is null and q.rule in ('duplicate_key', 'duplicate_source_key')""")
