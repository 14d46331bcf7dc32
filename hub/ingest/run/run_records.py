"""Run records: begin, update and end the record of a run in `hub.run`. `hub.ingest.run.history` reads them."""

from dataclasses import asdict
from typing import Any

import orjson
from psycopg import Connection

from hub.ingest.run.outcome import StreamOutcome
from hub.sdk.manifest import Manifest
from hub.store.query import fetch_value


def begin_run(connection: Connection[Any], manifest: Manifest, mode: str) -> int:
    """Insert a run record, and close an earlier one that was left open. Returns its number.

    Look-ups and replays run beside other runs, so they close none.
    """
    if mode not in ("LOOKUP", "REPLAY"):
        close_interrupted(connection, manifest.name)
    return int(
        fetch_value(
            connection,
            "insert into hub.run (connector, connector_version, status, mode) values (%s, %s, 'RUNNING', %s) returning id",
            (manifest.name, manifest.version, mode),
        )
    )


def close_interrupted(connection: Connection[Any], connector: str) -> None:
    """Close a run record that was left open. Look-ups run beside other runs, for seconds."""
    connection.execute(
        "update hub.run set status = 'INTERRUPTED', ended_at = now() where connector = %s and status = 'RUNNING'"
        " and (mode is distinct from 'LOOKUP' or started_at < now() - interval '1 hour')",
        (connector,),
    )


def end_run(
    connection: Connection[Any], run_id: int, status: str, problems: list[str], outcomes: dict[str, StreamOutcome]
) -> None:
    """Complete a run record."""
    record_progress(connection, run_id, outcomes)
    connection.execute(
        "update hub.run set status = %s, reason = %s, ended_at = now() where id = %s",
        (status, "; ".join(problems) or None, run_id),
    )


def delete_run(connection: Connection[Any], run_id: int) -> None:
    """Delete the record of a run that wrote nothing."""
    connection.execute("delete from hub.run where id = %s", (run_id,))


def record_progress(connection: Connection[Any], run_id: int, outcomes: dict[str, StreamOutcome]) -> None:
    """Update a run record with what the run has done so far."""
    found = dict(outcomes)
    counts = [asdict(count) for outcome in found.values() for count in outcome.counts.values()]
    timings = {
        name: {"seconds": round(o.seconds, 3), "source_s": round(o.waited_s, 3), "store_s": round(o.stored_s, 3)}
        for name, o in found.items()
    }
    drift = [words for outcome in found.values() for words in outcome.drift]
    notes = [words for outcome in found.values() for words in outcome.notes]
    connection.execute(
        "update hub.run set counts = %s, timings = %s, drift = %s, notes = %s where id = %s",
        (*(orjson.dumps(x).decode() for x in (counts, timings, drift, notes)), run_id),
    )
