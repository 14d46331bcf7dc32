"""Statements about checkpoints, run as `hub_ledger`."""

from hub.store.advisory_locks import LockKey

TAKE_LOCK = f"select pg_try_advisory_lock({LockKey.MAKE_CHECKPOINTS})"
"""One process at a time makes checkpoints and gives them to the witnesses."""

LAST_CHECKPOINT = "select number, document, heads, signature from ledger.checkpoint order by number desc limit 1"
CHECKPOINTS_AFTER = """
select number, document, heads, signature from ledger.checkpoint where number > %s order by number limit %s"""
LAST_NUMBER = "select coalesce(max(number), -1) from ledger.checkpoint"
HEADS_AFTER = "select number, heads from ledger.checkpoint where number > %s order by number limit %s"
INSERT_CHECKPOINT = """
insert into ledger.checkpoint (number, at, document, heads, signature, closes) values (%s, %s, %s, %s, %s, %s)"""

IS_REVOKED = "select exists (select from ledger.revoked_key where key = %s)"

UNCOVERED_HEADS = """
select e.id, h.number, h.hash, e.ended_at is not null
from ledger.epoch e cross join lateral ledger.chain_head(e.id, e.month) h
where not e.covered and h.number is not null
order by e.id"""
"""Chains that are open, or that ended after the last checkpoint that has their head. As the index of chains says: whoever owns it can hide one."""
COVER_EPOCHS = "update ledger.epoch set covered = true where id = any(%s)"

MONTH_TO_CLOSE = """
select e.month from ledger.epoch e
where e.month < %s and not exists (select from ledger.checkpoint c where c.closes = e.month)
group by e.month having bool_and(e.covered) order by e.month limit 1"""
HEADS_OF_MONTH = """
select e.id, h.number, h.hash from ledger.epoch e cross join lateral ledger.chain_head(e.id, e.month) h
where e.month = %s and h.number is not null order by e.id"""

WITNESS_STATE = "select delivered, failing_since from ledger.witness where name = %s"
WITNESS_DELIVERED = """
insert into ledger.witness (name, delivered, delivered_at) values (%s, %s, now())
on conflict (name) do update set delivered = excluded.delivered, delivered_at = now(), failing_since = null, reason = null"""
WITNESS_FAILED = """
insert into ledger.witness (name, delivered, failing_since, reason) values (%s, -1, now(), %s)
on conflict (name) do update set failing_since = coalesce(ledger.witness.failing_since, now()), reason = excluded.reason
returning extract(epoch from now() - failing_since)::float8"""
INSERT_TOKEN = "insert into ledger.timestamp_token (number, token) values (%s, %s) on conflict do nothing"
RAISE_ALARM = "insert into hub.alarm (kind, details) values (%s, %s::jsonb)"
