"""`hub doctor --sizing`: how large the parts of the store are, and what they will be in a year. And whether the catalogue is bloated."""

from dataclasses import asdict

from hub.cli.operate.doctor.doctor_report import DoctorFinding
from hub.cli.store import open_store_to_read
from hub.cli.terminal import OUT, show_json, show_table
from hub.settings import Settings
from hub.store.engine import connect_for_run, store_url
from hub.store.part_sizes import CatalogueSize, PartSize, StorePart, measure_parts

MAX_DEAD_ROWS = 200_000
"""A run leaves some thousand; autovacuum comes by long before there are so many."""
MAX_CATALOGUE_BYTES = 200_000_000
MAX_BYTES_A_ROW = 2_000
"""Whichever is more. Of a small store 11 MB are in use; a run every three seconds under autovacuum kept it at 45 to 68 MB (tests/bench/bloat.py)."""


def list_parts(settings: Settings) -> tuple[StorePart, ...]:
    """The parts that grow with time, each with the setting that says for how long its rows are kept."""
    snapshots = settings.keep_snapshots_days
    return (
        StorePart("history", ("history", "link_history"), None, "sys_to", None, "for @asOf; nothing is deleted"),
        StorePart("feed", ("hub",), ("change",), "at", 1, "one day"),
        StorePart("quarantine", ("hub",), ("quarantine",), "first_seen", None, "until corrected or dismissed"),
        StorePart("runs", ("hub",), ("run", "link_run"), "started_at", None, f"HUB_KEEP_RUNS_DAYS={settings.keep_runs_days}, if a run changed nothing"),
        StorePart("snapshots", ("hub",), ("prefill_snapshot",), "at", snapshots, f"HUB_KEEP_SNAPSHOTS_DAYS={snapshots}" if snapshots is not None else "retention_days of the procedure"),
        StorePart("ledger", ("ledger",), None, "at", settings.ledger_keep_days, f"HUB_LEDGER_KEEP_DAYS={settings.ledger_keep_days}"),
    )  # fmt: skip


def show_sizing(settings: Settings, *, json: bool) -> None:
    """Print the sizes."""
    with open_store_to_read(settings) as store, connect_for_run(store_url(store.engine)) as connection:
        sizes = measure_parts(connection, list_parts(settings))
    if json:
        show_json([asdict(size) for size in sizes])
        return
    columns = ("part", "size", "rows", "rows a day", "in a year", "kept")
    show_table("What grows with time", columns, [_row(size) for size in sizes], numbers=columns[1:5])
    if any(size.year_bytes is None for size in sizes):
        OUT.print("A part without a forecast has been observed for less than a day.")


def check_catalogue(found: CatalogueSize) -> DoctorFinding:
    """Whether what temporary tables leave behind is cleaned up."""
    told = f"{found.size_bytes / 1_000_000:,.0f} MB, {found.dead_rows:,} dead rows"
    if not found.is_vacuumed:
        return DoctorFinding("catalogue", False, f"{told}, and autovacuum is off", "set autovacuum = on in PostgreSQL")
    if found.dead_rows > max(MAX_DEAD_ROWS, found.live_rows):
        step = "end transactions that stay open (pg_stat_activity), then `vacuum pg_attribute, pg_class, pg_type, pg_depend`"
        return DoctorFinding("catalogue", False, told, step)
    if found.size_bytes > max(MAX_CATALOGUE_BYTES, found.live_rows * MAX_BYTES_A_ROW):
        step = "at a quiet hour, with workers stopped: `vacuum full pg_attribute, pg_depend, pg_class, pg_type, pg_statistic`"
        return DoctorFinding("catalogue", False, f"{told}: most of it is empty", step)
    return DoctorFinding("catalogue", True, told)


def _row(size: PartSize) -> list[str]:
    a_day = "" if size.rows_a_day is None else f"{size.rows_a_day:,.0f}"
    year = "" if size.year_bytes is None else f"{size.year_bytes / 1_000_000:,.1f} MB"
    return [size.name, f"{size.size_bytes / 1_000_000:,.1f} MB", f"{size.rows:,}", a_day, year, size.kept_by]
