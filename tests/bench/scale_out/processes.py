"""More processes of `hub serve` over one database: what a request costs then.

Each number of processes is loaded twice: by as many connections for each process, as when there are more callers; and by as many in all, as when the
same callers are spread over more processes. What a process does for several requests at once is shared by fewer then.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from hub.store.server.embedded import EmbeddedServer
from hub.store.server.server_process import server_pid
from tests.bench.failover import verify
from tests.bench.load import CONNECTIONS
from tests.bench.province import province
from tests.bench.scale_out.read_load import MODES, MORE_CONNECTIONS, Database, Variant, load_in_turn, prepare_reads

CITIZENS = 3_000
PROCESSES = (1, 2, 4)


def measure(folder: Path, *, seconds: int, rounds: int, citizens: int = CITIZENS, counts: Sequence[int] = PROCESSES) -> list[dict[str, object]]:  # fmt: skip
    """A row for each mode and number of processes. Raises AssertionError if the ledger is not whole afterwards."""
    variants = [
        Variant(str(count), ["--workers", str(count)], {}, sorted({CONNECTIONS * count, CONNECTIONS}))
        for count in counts
    ]
    rows: list[dict[str, object]] = []
    with EmbeddedServer.start(folder / "postgresql", durable=False, settings=MORE_CONNECTIONS) as server:
        pid = server_pid(server.data)
        assert pid is not None
        url = province(server, folder, citizens)
        with prepare_reads(server, folder, url) as bench:
            for mode in MODES:
                loads = load_in_turn(
                    bench, mode, variants, {"PostgreSQL": Database(pid, url)}, seconds=seconds, rounds=rounds
                )
                for (count, connections), loaded in loads.items():
                    rows.append(
                        {"mode": mode, "processes": int(count), "connections": connections, **loaded.describe()}
                    )
                    print(json.dumps(rows[-1], ensure_ascii=False), file=sys.stderr, flush=True)
            assert verify(folder, {"HUB_DATABASE_URL": url}) == 0, "the ledger is not whole"
    return rows
