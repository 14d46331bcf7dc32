"""`hub ledger months`, `destroy-key`, `destroy-due`, `drop` and `resume`: what operators do to the ledger itself. Each is written down in it."""

import getpass
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, NoReturn

from cyclopts import Parameter

from hub.cli.ledger.verify import parse_head
from hub.cli.options import Json
from hub.cli.store import open_store, open_store_to_read
from hub.cli.terminal import OUT, show_json, show_table
from hub.errors import OperationRefused
from hub.ledger.checkpoints.document import LastCheckpoint
from hub.ledger.keeper import load_configured_key
from hub.ledger.month_upkeep import destroy_due_keys, destroy_month_key, drop_month, list_months
from hub.ledger.recovery import resume_after_restore
from hub.ledger.witnesses.file_witness import read_last_line
from hub.settings import load_settings
from hub.store.engine import connect_for_run

COLUMNS = ("month", "chains", "records", "people", "key", "closed by", "forget from", "keep until", "dropped")
MonthName = Annotated[str, Parameter(help="The month, e.g. 2026-11.")]


def months_command(*, json: Json = False) -> None:
    """List the months of the ledger: size, key, closing checkpoint, from when people may be unlinked, and until when records are kept."""
    settings = load_settings()
    with open_store_to_read(settings) as store, connect_for_run(store.url) as connection:
        found = list_months(connection)
    keep = settings.ledger_keep_days
    if json:
        days = settings.ledger_people_days
        show_json([asdict(m) | {"forget_from": m.find_due_day(days), "keep_until": m.keep_until(keep)} for m in found])
        return
    rows = [
        (
            f"{month.first_day:%Y-%m}",
            month.chains,
            _size(month.record_bytes),
            _size(month.disclosure_bytes),
            "yes" if month.has_key else "destroyed",
            month.closing,
            month.find_due_day(settings.ledger_people_days),
            month.keep_until(keep),
            f"{month.dropped_at:%Y-%m-%d}" if month.dropped_at else None,
        )
        for month in found
    ]
    show_table("Months of the ledger", COLUMNS, rows)


def destroy_key(*, month: MonthName, confirm: str) -> None:
    """Destroy a month's key for good when the retentions of its purposes are over: nobody can be linked to its records any more.

    All hashes still hold.

    Parameters
    ----------
    confirm
        The month once more.
    """
    day, settings = _parse_month(month, confirm), load_settings()
    with open_store(settings) as store:
        destroy_month_key(store.url, day, f"local:{getpass.getuser()}", least_days=settings.ledger_people_days)
    OUT.print(f"the key of {month} is destroyed; backups made before still have it")


def destroy_due() -> None:
    """Destroy the keys of all months whose retention is over, for good. Run it from a timer, e.g. each night."""
    settings = load_settings()
    with open_store(settings) as store:
        done = destroy_due_keys(store.url, f"local:{getpass.getuser()}", least_days=settings.ledger_people_days)
    months = ", ".join(f"{month:%Y-%m}" for month in done)
    OUT.print(f"the keys of {months} are destroyed; backups made before still have them" if done else "no month is due")


def drop_command(*, month: MonthName, confirm: str) -> None:
    """Drop the records of a month whose retention is over. Its closing checkpoint is kept.

    Parameters
    ----------
    confirm
        The month once more.
    """
    day, settings = _parse_month(month, confirm), load_settings()
    with open_store(settings) as store:
        drop_month(
            store.url,
            day,
            f"local:{getpass.getuser()}",
            keep_days=settings.ledger_keep_days,
            least_days=settings.ledger_people_days,
        )
    OUT.print(f"the records of {month} are dropped")


def resume_command(*, after_restore: Annotated[bool, Parameter(negative=())], head: str | None = None) -> None:
    """Continue a ledger after a backup was restored. Entries written since the backup are lost, and the ledger says so.

    Parameters
    ----------
    after_restore
        Say that a backup was restored.
    head
        What a witness has: its file, or NUMBER:HASH of its last checkpoint; HUB_LEDGER_WITNESS_FILE if you leave it out.
    """
    settings = load_settings()
    if not after_restore:
        _refuse("nothing else is resumed", "add --after-restore")
    witness = head or settings.ledger_witness_file
    if witness is None:
        _refuse("it is not known how far the ledger was", "add --head with the last checkpoint of a witness")
    given = parse_head(str(witness))
    if given is not None:
        outside = LastCheckpoint(*given)
    else:
        last = read_last_line(Path(witness))
        if last is None:
            _refuse("the witness has no checkpoint", "add --head with the last checkpoint of a witness")
        outside = LastCheckpoint(last.number, last.hash)
    with open_store(settings) as store:
        made = resume_after_restore(store.url, outside, load_configured_key(settings), f"local:{getpass.getuser()}")
    OUT.print(f"the ledger goes on with checkpoint {made.number}; start the hub again")


def _parse_month(month: str, confirm: str) -> date:
    if confirm != month:
        _refuse("--confirm is not the month", f"to go on, add --confirm {month}")
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError:
        _refuse(f"{month} is not a month", "e.g. --month 2026-11")


def _size(size: int | None) -> str | None:
    return None if size is None else f"{size / 1_000_000:,.1f} MB"


def _refuse(what: str, next_step: str) -> NoReturn:
    raise OperationRefused(what, next_step=next_step)
