"""`hub doctor` on the replicas of HUB_REPLICA_URLS: a line for each, by its number, since its URL holds a password."""

import asyncio
import time
from collections.abc import Iterator

import psycopg

from hub.cli.operate.doctor.doctor_report import DoctorFinding
from hub.errors import HubMisconfigured
from hub.settings import Settings
from hub.store.connections.replica_positions import PrimaryPositions, ReplicaFault, ReplicaState, read_replica_urls
from hub.store.connections.replicas import AskedServer


def check_replicas(settings: Settings, primary_url: str) -> Iterator[DoctorFinding]:
    """Whether rows can be read from each replica; nothing if there are none."""
    try:
        urls = read_replica_urls(settings)
    except HubMisconfigured as error:
        yield DoctorFinding("replicas", False, error.message, error.next_step)
        return
    for number, url in enumerate(urls, 1):
        state = asyncio.run(ask_state(url, primary_url, settings.replica_max_lag_s))
        if state.fault is None:
            yield DoctorFinding(f"replica {number}", True, f"can be read from, {state.lag_s or 0:.1f} s behind")
        else:
            step = "see docs/how-to/read-from-replicas.md; meanwhile its reads go to the others, or to the primary"
            yield DoctorFinding(f"replica {number}", False, f"left out: {state.describe_fault()}", step)


async def ask_state(url: str, primary_url: str, max_lag_s: float) -> ReplicaState:
    """The state of a replica now."""
    replica, primary, positions = AskedServer(url), AskedServer(primary_url), PrimaryPositions()
    fault = ReplicaFault.AWAY
    try:
        before = await replica.read_position()
        answered_at, fault = time.monotonic(), ReplicaFault.NO_PRIMARY
        positions.add(time.monotonic(), await primary.read_position())
        fault = ReplicaFault.AWAY
        asked_at = time.monotonic()
        now = await replica.read_position()
        return positions.judge(now, asked_at, before=(answered_at, before), max_lag_s=max_lag_s)
    except (psycopg.Error, OSError):
        return ReplicaState(fault, time.monotonic())
    finally:
        await replica.close()
        await primary.close()
