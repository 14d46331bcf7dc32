"""The revision of a store, read without Alembic, which takes longer to import than most commands take to run."""

from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from hub.errors import HubMisconfigured, StoreUnavailable

MIGRATIONS_FOLDER = Path(__file__).parent / "migrations"


def newest_revision() -> str:
    """The newest revision this program knows: migrations form one line, and each file's name begins with its number."""
    return max(
        (path.name.partition("_")[0] for path in (MIGRATIONS_FOLDER / "versions").glob("[0-9]*_*.py")), default=""
    )


def missing_tables_error() -> HubMisconfigured:
    """The error for a store that was never migrated."""
    return HubMisconfigured("the database has no hub tables", next_step="run `hub migrate`, then `hub sync`")


def check_revision(engine: Engine) -> None:
    """Hold the database against this program's revision, and change nothing. Raises HubMisconfigured, StoreUnavailable."""
    try:
        with engine.connect() as connection:
            found = connection.execute(text("select to_regclass('hub.alembic_version') is not null")).scalar_one()
            stored = connection.execute(text("select version_num from hub.alembic_version")).scalar() if found else None
    except OperationalError as error:
        if "does not exist" not in str(error.orig):
            raise StoreUnavailable(
                "the database does not answer",
                next_step="check HUB_DATABASE_URL and that PostgreSQL runs; `hub doctor` tells more",
            ) from None
        stored = None
    if stored is None:
        raise missing_tables_error()
    if stored != newest_revision():
        raise HubMisconfigured(
            f"the database is at revision {stored}, and this program needs {newest_revision()}",
            next_step="run `hub migrate`; if the database is newer, run the newer program",
        )
