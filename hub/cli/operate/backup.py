"""`hub backup`: make a backup, check it, restore it."""

import getpass
from pathlib import Path

import cyclopts

from hub.cli.store import open_store_to_read
from hub.cli.terminal import OUT
from hub.errors import HubMisconfigured
from hub.ledger.checkpoints.document import LastCheckpoint
from hub.ledger.keeper import load_configured_key
from hub.ledger.recovery import resume_after_restore
from hub.ledger.verify.database_source import DatabaseSource
from hub.ledger.verify.findings import LedgerVerdict
from hub.ledger.verify.verify import VerifyOptions, verify_ledger
from hub.ledger.witnesses.file_witness import read_last_line
from hub.settings import Settings, load_settings
from hub.store.backup.archive import BackupBroken, BackupManifest
from hub.store.backup.dump import check_backup, create_backup, restore_backup
from hub.store.engine import make_engine
from hub.store.migrate import migrate_store
from hub.store.revision import newest_revision

app = cyclopts.App(name="backup", help="Back up the database, check a backup, and restore it.")


@app.command(name="create")
def create_command(folder: Path, /, *, jobs: int = 2) -> None:
    """Back up the database into a new folder, while the hub goes on. The folder has personal data: encrypt it.

    Parameters
    ----------
    folder
        Folder to make. Until the backup is complete, its name ends in `.partial`.
    jobs
        Tables dumped at once, each with a connection of its own.
    """
    with open_store_to_read(load_settings()) as store:
        manifest = create_backup(store.url, folder, jobs=_check_jobs(jobs))
    OUT.print(f"{folder}: {_describe(manifest)}")


@app.command(name="check")
def check_command(folder: Path, /) -> None:
    """Check that every file of a backup is as it was made. No database is needed. Exits with 65 if one is not.

    Parameters
    ----------
    folder
        Folder of the backup.
    """
    manifest = check_backup(folder)
    OUT.print(f"{folder} is whole: {_describe(manifest)}")


@app.command(name="restore")
def restore_command(folder: Path, /, *, jobs: int = 2) -> None:
    """Restore a backup into the empty database of HUB_DATABASE_URL: compare the rows of every table, migrate, and verify the ledger.

    If HUB_LEDGER_WITNESS_FILE has more of the ledger than the backup, a record in the ledger says that a backup was restored.

    Parameters
    ----------
    folder
        Folder of the backup.
    jobs
        Tables restored at once.
    """
    settings = load_settings()
    if settings.database_url is None:
        raise HubMisconfigured(
            "HUB_DATABASE_URL is not set: a backup is restored into a new, empty database",
            next_step="create one, and set HUB_DATABASE_URL to it",
        )
    url = settings.database_url.get_secret_value()
    manifest = restore_backup(folder, url, jobs=_check_jobs(jobs))
    OUT.print(f"restored, and the rows of {len(manifest.rows)} tables compared: {_describe(manifest)}")
    engine = make_engine(url)
    try:
        migrate_store(engine)
    finally:
        engine.dispose()
    OUT.print(f"the database is at revision {newest_revision()}")
    _check_ledger(settings, url, manifest)


def _check_ledger(settings: Settings, url: str, manifest: BackupManifest) -> None:
    outside = {manifest.checkpoint: bytes.fromhex(manifest.checkpoint_hash)} if manifest.checkpoint else {}
    source = DatabaseSource(url)
    try:
        report = verify_ledger(source, VerifyOptions(outside=outside))
    finally:
        source.close()
    OUT.print(f"ledger: {report.records:,} records, integrity {report.integrity}, completeness {report.completeness}")
    if LedgerVerdict.BROKEN in (report.integrity, report.completeness):
        raise BackupBroken(
            "the ledger of the restored database does not hold",
            next_step="`hub ledger verify` lists the faults; restore an older backup",
        )
    last = read_last_line(settings.ledger_witness_file) if settings.ledger_witness_file else None
    if last is not None and last.number > manifest.checkpoint:
        head = LastCheckpoint(last.number, last.hash)
        made = resume_after_restore(url, head, load_configured_key(settings), f"local:{getpass.getuser()}")
        OUT.print(f"the ledger says that a backup was restored, and goes on with checkpoint {made.number}")


def _check_jobs(jobs: int) -> int:
    if not 1 <= jobs <= 32:
        raise HubMisconfigured(f"--jobs {jobs}: must be from 1 to 32", next_step="take the number of processor cores")
    return jobs


def _describe(manifest: BackupManifest) -> str:
    rows = sum(manifest.rows.values())
    return f"{rows:,} rows in {len(manifest.rows)} tables, revision {manifest.revision}, of {manifest.made_at}"
