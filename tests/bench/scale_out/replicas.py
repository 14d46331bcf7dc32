"""Reads from streaming replicas: which server answers how much, and what a request still costs the primary."""

import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from hub.store.server.embedded import EmbeddedServer
from hub.store.server.server_process import server_pid
from tests.bench.failover import verify
from tests.bench.failover_cluster import find_port
from tests.bench.province import province
from tests.bench.scale_out.read_load import MODES, OFF, Database, Variant, load_in_turn, prepare_reads
from tests.system.servers.streaming_replica import STREAMS, on_server, start_replica

CITIZENS = 3_000
REPLICAS = (0, 1, 2)
READ_FROM = {**STREAMS, "max_standby_streaming_delay": "2s", "hot_standby_feedback": "on"}
"""As docs/how-to/read-from-replicas.md says."""


def measure(folder: Path, *, seconds: int, rounds: int, citizens: int = CITIZENS, counts: Sequence[int] = REPLICAS) -> list[dict[str, object]]:  # fmt: skip
    """A row for each mode and number of replicas. Raises AssertionError if the ledger is not whole afterwards."""
    rows: list[dict[str, object]] = []
    with ExitStack() as stack:
        primary = stack.enter_context(EmbeddedServer.start(folder / "primary", durable=False, settings=STREAMS))
        url = province(primary, folder, citizens)
        bench = stack.enter_context(prepare_reads(primary, folder, url))
        numbers = range(1, max(counts) + 1)
        replicas = [stack.enter_context(start_replica(primary, folder / f"replica-{n}", READ_FROM)) for n in numbers]
        servers = [primary, *replicas]
        databases = {}
        for number, server in enumerate(servers):
            pid = server_pid(server.data)
            assert pid is not None
            databases[f"replica {number}" if number else "primary"] = Database(pid, on_server(server, url))
        for mode in MODES:
            login = url if mode == OFF else bench.logins["HUB_DATABASE_URL"]
            variants = []
            for count in counts:
                port, urls = find_port(), [on_server(server, login) for server in servers[1 : count + 1]]
                environment = {"HUB_METRICS_PORT": port} | ({"HUB_REPLICA_URLS": ",".join(urls)} if urls else {})
                variants.append(Variant(str(count), ["--workers", "2"], environment, metrics_port=port))
            loads = load_in_turn(bench, mode, variants, databases, seconds=seconds, rounds=rounds)
            for (count, _), loaded in loads.items():
                rows.append({"mode": mode, "replicas": int(count), **loaded.describe()})
                print(json.dumps(rows[-1], ensure_ascii=False), file=sys.stderr, flush=True)
        assert verify(folder, {"HUB_DATABASE_URL": url}) == 0, "the ledger is not whole"
    return rows
