"""Rows of lists that wait in quarantine are known without their position, as items of lists now are."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STRIPPED = "md5((q.payload - '#')::text)"


def upgrade() -> None:
    # A correction is bound to the hash of its row: the same row, without the position, keeps it. Of two that become one, the newer.
    op.execute(f"""
create temporary table moved on commit drop as
select distinct on (q.stream_id, q.entity, {STRIPPED}) c.id, q.stream_id, q.entity, {STRIPPED} as payload_hash
from hub.quarantine q join hub.correction c
    on (c.stream_id, c.entity, c.payload_hash) = (q.stream_id, q.entity, q.payload_hash)
where q.payload ? '#'
order by q.stream_id, q.entity, {STRIPPED}, c.made_at desc, c.id desc""")
    op.execute("""
delete from hub.correction c using hub.quarantine q
where q.payload ? '#' and (c.stream_id, c.entity, c.payload_hash) = (q.stream_id, q.entity, q.payload_hash)
    and c.id not in (select id from moved)""")
    op.execute("update hub.correction c set payload_hash = m.payload_hash from moved m where m.id = c.id")
    op.execute(f"""
delete from hub.quarantine q using hub.quarantine o
where q.payload ? '#' and o.payload ? '#' and q.resolved_at is null and o.resolved_at is null and o.id < q.id
    and (o.stream_id, o.entity, o.rule) = (q.stream_id, q.entity, q.rule)
    and {STRIPPED} = {STRIPPED.replace("q.", "o.")}""")
    op.execute(f"update hub.quarantine q set payload = payload - '#', payload_hash = {STRIPPED} where payload ? '#'")
