"""How fast one citizen's log is read, among all records of a month: the statement of `myAccessLog`, as the auditor's login runs it."""

import random
import time

import psycopg

from hub.ledger.log.query import MONTHS, LogFilter, build_log_query, make_pseudonyms
from hub.ledger.months import LedgerMonth
from tests.bench.harness import Bench, Row, Target

TABLE = "Reading the ledger"
PEOPLE = 500
PAGE_ROWS = 50
TARGET_MS = 20


def measure(bench: Bench, url: str, records: int) -> None:
    """Read the newest page of the logs of people drawn at random from a ledger of so many records."""
    drawn, times = random.Random(14), []
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("analyze ledger.disclosure")
        rows = connection.execute(MONTHS).fetchall()
        months = [LedgerMonth(first_day, bytes(key)) for first_day, _, key in rows if key is not None]
        for number in drawn.sample(range(1, records), min(PEOPLE, records - 1)):
            begun = time.perf_counter()
            whose = make_pseudonyms(months, (("Citizen", number),), LogFilter())
            query = build_log_query(LogFilter(), rows=PAGE_ROWS, whose=whose)
            found = connection.execute(query.sql, query.parameters).fetchall()
            times.append((time.perf_counter() - begun) * 1_000)
            assert found, "everybody was read at least once"
    times.sort()
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        value = times[min(len(times) - 1, int(len(times) * share))]
        bench.rows.append(
            Row(
                TABLE,
                f"one citizen's log, {name}",
                "ms",
                value,
                {},
                (Target(TARGET_MS, at_most=True),) if name == "p99" else (),
            )
        )
    bench.method.append(
        f"The log of one citizen is the newest {PAGE_ROWS} entries of {len(times)} people drawn at random, among {records:,} records in memory."
    )
