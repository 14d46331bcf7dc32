"""What a run of linking costs after some citizens changed, beside a full run over the same store, in processor seconds.

    python -m tests.bench.linking_changes [--citizens 20000] [--shares 0.01 0.1]

tries it at a smaller size and prints the rows; nothing is recorded.
"""

import argparse
import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg

from hub.demo.province.generate import generate_province
from hub.demo.systems.sector_systems import start_systems
from hub.ingest.run.connector_run import sync_connectors
from hub.model.registry import load_registry
from hub.model.tables import stored_columns
from hub.store.engine import make_engine
from hub.store.server.embedded import EmbeddedServer
from tests.bench.harness import Bench, Row, Target, child, shown
from tests.bench.stores import store

TABLE = "Linking after citizens changed"
SHARES = (0.01, 0.05, 0.25)
ONE_PERCENT = 0.01
MOST_OF_ONE_PERCENT = 0.15
"""Of a full run's processor time, after 1 % of citizens changed. After any change a run costs no more than a full one."""
ABOUT_EQUAL = 1.05
"""Two full runs over one store differ by so much."""


def measure(bench: Bench, url: str, citizens: int, shares: Sequence[float] = SHARES) -> None:
    """Change some of the citizens of a linked store, link what changed, then everything, which must change nothing; repeat."""
    for turn, share in enumerate(shares):
        change_citizens(url, share, seed=turn)
        changes, full = _run(url), _run(url, "full")
        assert full["changed"] == 0, f"after {share:%} of citizens changed a full run changes {full['changed']} links"
        most = MOST_OF_ONE_PERCENT if share == ONE_PERCENT else ABOUT_EQUAL
        note = "the run chose to link everything" if changes["whole"] else f"{changes['changed']:,.0f} links changed"
        bench.rows.append(
            Row(TABLE, f"{share:.0%} of {citizens:,} citizens changed", "s", round(changes["cpu_s"], 2),
                {"full run": round(full["cpu_s"], 2)}, (Target(most, "full run", at_most=True),), note)
        )  # fmt: skip
    bench.method.append(
        "Linking after citizens changed: processor seconds of the run and of the database server, imports included. Of the"
        " citizens that change, 6 of 10 move to the address of another, 2 take another's name, 1 gets another number, 1 goes;"
        " and for every 10 one is new. The full run afterwards has to change nothing."
    )


def _run(url: str, *arguments: str) -> dict[str, float]:
    """A run of linking; `cpu_s` has that of the database server too."""
    before = _server_cpu_s(url)
    found = child("tests.bench.link_run", url, *arguments)
    return {**found, "cpu_s": found["cpu_s"] + _server_cpu_s(url) - before}


def _server_cpu_s(url: str) -> float:
    """Processor seconds of the database server and all its processes, those that have ended too."""
    with psycopg.connect(url) as connection:
        server = psutil.Process(connection.info.backend_pid).parent()
        assert server is not None  # the postmaster
        ended = server.cpu_times()
        running = []
        for process in server.children():
            with suppress(psutil.NoSuchProcess):  # it has ended since it was listed
                running.append(process.cpu_times())
    return float(ended.children_user + ended.children_system + sum(of.user + of.system for of in (ended, *running)))


def change_citizens(url: str, share: float, *, seed: int) -> None:
    """Change this share of the citizens, as ingest would: older versions go to history."""
    columns = stored_columns(load_registry()["Citizen"])
    listed, own = ", ".join(columns), ", ".join(f"t.{name}" for name in columns)
    same = [name for name in columns if name not in ("id", "source_key", "sys_from", "personal_id", "former_id", "full_name", "full_name_key")]  # fmt: skip
    statements = (
        "create temporary table chosen as select id, row_number() over (order by hashint8extended(id, %(seed)s)) as n"
        " from data.citizen order by n limit (select ceil(count(*) * %(share)s) from data.citizen)",
        f"insert into history.citizen ({listed}, sys_to) select {own}, clock_timestamp() from data.citizen t"
        " join chosen using (id) where n %% 10 <> 0",
        "update data.citizen t set residence_address = o.residence_address, residence_unit_code = o.residence_unit_code,"
        f" sys_from = clock_timestamp() {_other(1)} and c.n %% 10 between 1 and 6",
        "update data.citizen t set full_name = o.full_name, full_name_key = o.full_name_key, sys_from = clock_timestamp()"
        f" {_other(3)} and c.n %% 10 in (7, 8)",
        "update data.citizen t set personal_id = x.number, sys_from = clock_timestamp() from chosen c cross join lateral"
        f" (select {_number(500_007)} as number from data.citizen b where b.id = c.id) x where t.id = c.id and c.n %% 20 = 9"
        " and not exists (select from data.citizen k where k.personal_id = x.number)",
        "delete from data.citizen t using chosen c where t.id = c.id and c.n %% 20 = 19",
        f"insert into data.citizen (source_key, sys_from, personal_id, full_name, full_name_key, {', '.join(same)})"
        f" select b.source_key || '~' || %(seed)s, clock_timestamp(), {_number(250_003)}, o.full_name, o.full_name_key,"
        f" {', '.join(f'b.{name}' for name in same)} from chosen c join data.citizen b on b.id = c.id"
        " join chosen d on d.n = c.n + 5 join data.citizen o on o.id = d.id where c.n %% 10 = 0 on conflict do nothing",
    )
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement, {"seed": seed, "share": share})


def _other(distance: int) -> str:
    """The chosen citizen `c` that a row `t` is, beside `o`, another of those chosen."""
    return f"from chosen c join chosen d on d.n = c.n + {distance} join data.citizen o on o.id = d.id where t.id = c.id"


def _number(step: int) -> str:
    """Another identifier of the same province, sex and year as that of the citizen `b`."""
    return f"left(b.personal_id, 6) || lpad(((substr(b.personal_id, 7)::int + {step}) %% 1000000)::text, 6, '0')"


def main() -> None:
    """Try it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--citizens", type=int, default=20_000)
    parser.add_argument("--shares", type=float, nargs="+", default=SHARES)
    given = parser.parse_args()
    bench, folder = Bench(), Path(tempfile.mkdtemp(prefix="hub-bench-", dir="/dev/shm"))
    folder.chmod(0o711)
    try:
        with EmbeddedServer.start(folder / "postgresql", durable=False) as server:
            made = generate_province(folder / "province", given.citizens)
            with store(server, "bench_linking_changes") as url:
                with start_systems(Path(made.folder), server.url("postgres")) as systems:
                    os.environ.update(systems.environment)
                    opened = make_engine(url)
                    sync_connectors(opened)
                    opened.dispose()
                _run(url)
                measure(bench, url, given.citizens, given.shares)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for row in bench.rows:
        ratio = row.hub / row.peers["full run"]
        print(
            f"{row.name}: {shown(row.hub, row.unit)} s, {ratio:.2f} of a full run; {'met' if row.met else 'NOT MET'}; {row.note}"
        )


if __name__ == "__main__":
    main()
