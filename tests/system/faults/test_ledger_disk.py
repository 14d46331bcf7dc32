"""The ledger on a full disk: reads are refused until there is room, and none is answered without a record."""

import asyncio
import shutil
from pathlib import Path

import psycopg
import pytest

from hub.ledger.unavailable import LedgerUnavailable
from hub.ledger.writing.writer import LedgerWriter
from hub.store.engine import make_engine
from hub.store.migrate import migrate_store
from hub.store.roles import LEDGER
from hub.store.server.embedded import EmbeddedServer
from tests.system.ledger.test_ledger_faults import entry

BATCH = 500
MAX_BATCHES = 400
"""Records of 500 times 400 requests take more than the room that is left."""


async def commit_until(url: str, *, full: bool) -> set[str]:
    """Commit batches until one is refused, or until one is not. Returns the names of those that were answered."""
    answered: set[str] = set()
    writer = LedgerWriter(url, "test")
    try:
        for n in range(MAX_BATCHES):
            names = [f"{'full' if full else 'free'}-{n:04d}-{m:04d}" for m in range(BATCH)]
            results = await asyncio.gather(*(writer.commit(entry(name)) for name in names), return_exceptions=True)
            refused = [isinstance(result, LedgerUnavailable) for result in results]
            assert all(result is None or was for result, was in zip(results, refused, strict=True))
            answered.update(name for name, was in zip(names, refused, strict=True) if not was)
            if any(refused) is full:
                return answered
            if not full:
                await asyncio.sleep(0.2)
        raise AssertionError("never refused" if full else "refused for good")
    finally:
        await writer.close()


def test_a_full_disk_refuses_reads_and_loses_no_record(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.ledger.writing.writer.RETRY_AFTER_S", 0.0)
    settings = {"min_wal_size": "32MB", "max_wal_size": "48MB", "shared_buffers": "16MB"}
    ballast = small_disk / "ballast"
    with EmbeddedServer.start(small_disk / "pg", durable=True, settings=settings) as server:
        server.create_database("small")
        made = make_engine(server.url("small"))
        migrate_store(made)
        made.dispose()
        url = server.login_url(LEDGER, "small")
        with ballast.open("wb") as out:
            out.write(b"\0" * (shutil.disk_usage(small_disk).free - 6_000_000))
        answered = asyncio.run(commit_until(url, full=True))
        assert answered
        ballast.unlink()
        server.keep_running()  # a full disk may have ended it
        answered |= asyncio.run(commit_until(url, full=False))
        with psycopg.connect(server.url("small")) as connection:
            (stored,) = connection.execute(
                "select array_agg(convert_from(substring(record from 41), 'UTF8')::json ->> 'request') from ledger.record"
            ).fetchone() or ((),)
    assert answered <= set(stored)
