"""CDC: how long after its commit at the source a change can be read in the graph, while the hub follows the table."""

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

from hub.ingest.run.follow import FIRST_REST_S
from hub.store.server.embedded import EmbeddedServer
from tests.bench.cdc_writer import Change
from tests.bench.connectors import fill_table
from tests.bench.harness import ROOT, Bench, Row, Target
from tests.bench.manifests import TABLE
from tests.bench.people import People
from tests.bench.servers import HUB, Served, served
from tests.bench.stores import MOST_REFUSED, counted, store

HEADING = "Followed changes"
RATE = 200
"""Changes a second."""
POLL_S = 0.02
PATIENCE_S = 60.0
"""How long a change may take before the bench gives up."""
MOST_ASKED = 400
SETTINGS: Mapping[str, str] = {
    "wal_level": "logical",
    "max_wal_senders": "4",
    "max_replication_slots": "4",
    # A commit that is not yet on disk is not in the log for followers.
    "synchronous_commit": "on",
}
QUERY = (
    "query ($ids: [PersonalId!]!, $most: Int!) {"
    " citizens(filter: { personalId: { in: $ids } }, first: $most) { nodes { personalId residenceAddress } } }"
)


@dataclass(frozen=True)
class Sizes:
    """Rows of the table as it is first read, and changes made afterwards."""

    rows: int
    changes: int


def measure(bench: Bench, server: EmbeddedServer, folder: Path, sizes: Sizes) -> None:
    """Follow a table of a second server, change it, and ask the graph for the changes."""
    work = folder / "cdc"
    work.mkdir()
    path = People.make(work, sizes.rows).write(work)
    with (
        EmbeddedServer.start(folder / "cdc-source", durable=False, settings=SETTINGS) as other,
        store(server, "bench_hub") as url,
    ):
        source = _source(other, path)
        with _following(url, source, sizes.rows), served(HUB, url) as hub:
            changes = _plan(url, sizes)
            watch = Watch(hub, changes)
            seconds = watch.run(source, work)
    shutil.rmtree(work)
    bench.rows += _rows(sorted(watch.latencies()), sizes.changes / seconds)
    bench.method.append(_method(sizes))


def _source(server: EmbeddedServer, path: Path) -> str:
    """The URL of a database whose table is published. Its rows are older than the changes, whatever the clock says."""
    server.create_database("bench_source")
    source = server.url("bench_source")
    fill_table(source, path)
    with psycopg.connect(source, autocommit=True) as connection:
        connection.execute(f"update {TABLE} set cap_nhat_luc = now() - interval '1 day'")
        connection.execute(f"vacuum full analyze {TABLE}")
        connection.execute(f"create publication hub for table {TABLE}")
    return source


@contextmanager
def _following(url: str, source: str, rows: int) -> Iterator[None]:
    """The hub while it follows, from when its snapshot is stored; it is held to end in order."""
    command = [sys.executable, "-m", "tests.bench.cdc_follow", url, source]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=ROOT)
    assert process.stdin is not None
    try:
        deadline = time.monotonic() + PATIENCE_S
        while counted(url, "select count(*) from data.citizen") <= (1 - MOST_REFUSED) * rows:
            assert process.poll() is None, process.returncode
            assert time.monotonic() < deadline, "the snapshot is not there"
            time.sleep(0.1)
        # Between the snapshot and the changes it rests once.
        time.sleep(2 * FIRST_REST_S)
        yield
        process.stdin.close()
        assert process.wait(PATIENCE_S) == 0, process.returncode
    finally:
        process.kill()
        process.wait()


def _plan(url: str, sizes: Sizes) -> list[Change]:
    """Changes of people whom the hub holds: every other one moves, between them new ones come. Each is touched once."""
    with psycopg.connect(url) as connection:
        known = connection.execute(
            "select source_key::bigint, personal_id from data.citizen order by md5(source_key) limit %s",
            (sizes.changes,),
        ).fetchall()
    changes = []
    for number in range(sizes.changes):
        like, personal_id = known[number % len(known)]
        new = number % 2 == 1
        identifier = sizes.rows + number if new else like
        personal_id = f"022{identifier:09}" if new else personal_id
        changes.append(Change(identifier, like, personal_id, f"Số nhà {number + 1}, phường Hà Tu"))
    assert len({change.id for change in changes}) == len(changes)
    return changes


class Watch:
    """Asks the hub for every change that was made and is not to be seen yet, again and again."""

    def __init__(self, hub: Served, changes: list[Change]) -> None:
        self.hub = hub
        self.changes = changes
        self.made: dict[int, float] = {}
        """Number of a change → when it was made, by the source's clock, which is this machine's."""
        self.seen: dict[int, float] = {}

    def latencies(self) -> list[float]:
        """Seconds of each change, in the order of the plan."""
        return [self.seen[number] - self.made[number] for number in range(len(self.changes))]

    def run(self, source: str, folder: Path) -> float:
        """Make the changes and see all of them. Returns the seconds that the making took."""
        plan = folder / "plan.json"
        plan.write_text(json.dumps([asdict(change) for change in self.changes]), encoding="utf-8")
        command = [sys.executable, "-m", "tests.bench.cdc_writer", source, str(plan), str(RATE)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writer:
            listening = threading.Thread(target=self._listen, args=(writer,), daemon=True)
            listening.start()
            deadline = time.monotonic() + len(self.changes) / RATE + PATIENCE_S
            while len(self.seen) < len(self.changes):
                assert time.monotonic() < deadline, f"{len(self.made)} changes made, {len(self.seen)} seen"
                self._look()
                time.sleep(POLL_S)
            listening.join(PATIENCE_S)
        assert writer.returncode == 0, writer.returncode
        return self.made[len(self.changes) - 1] - self.made[0]

    def _listen(self, writer: "subprocess.Popen[str]") -> None:
        assert writer.stdout is not None
        for line in writer.stdout:
            number, at = line.split()
            self.made[int(number)] = float(at)

    def _look(self) -> None:
        asked = [number for number in list(self.made) if number not in self.seen][:MOST_ASKED]
        if not asked:
            return
        variables = {"ids": [self.changes[number].personal_id for number in asked], "most": MOST_ASKED}
        nodes = self.hub.ask("/graphql", {"query": QUERY, "variables": variables})["citizens"]["nodes"]
        now = time.time()
        addresses = {node["personalId"]: node["residenceAddress"] for node in nodes}
        for number in asked:
            change = self.changes[number]
            if addresses.get(change.personal_id) == change.address:
                self.seen[number] = now


def _rows(latencies: list[float], rate: float) -> list[Row]:
    def at(share: float) -> float:
        return latencies[min(len(latencies) - 1, int(share * len(latencies)))]

    note = f"{len(latencies):,} changes, the slowest after {latencies[-1]:.2f} s"
    name = "From the commit at the source to the graph"
    return [
        Row(HEADING, "Changes at the source meanwhile", "changes/s", rate, {}, (Target(0.95 * RATE),)),
        Row(HEADING, f"{name}, p50", "s", at(0.5), {}),
        Row(HEADING, f"{name}, p95", "s", at(0.95), {}, (Target(2, at_most=True),), note),
        Row(HEADING, f"{name}, p99", "s", at(0.99), {}),
    ]


def _method(sizes: Sizes) -> str:
    return (
        f"Followed changes: a table of {sizes.rows:,} people on a second PostgreSQL with wal_level = logical, without waits for"
        " the disk. The hub follows it as its worker does, in a process of its own which only does this; another serves the graph."
        f" After the snapshot a third makes {sizes.changes:,} changes, {RATE} a second, each a transaction of one row, updates and inserts in turn, with"
        " the source's clock in the row: the time counts from within the transaction, just before its commit. Until each is"
        f" seen, one query asks every {POLL_S * 1000:.0f} ms for all changes that are not, by their keys, and a change is seen"
        " when the answer that has its new value has come: every change is measured, and the wait for the next query is"
        " part of its time. All are held to be seen."
    )
