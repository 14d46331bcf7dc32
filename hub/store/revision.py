"""The revision of a store, read without Alembic, which takes longer to import than most commands take to run.

Migrations form two branches: the hub's own tables (`hub/store/migrations`, 0001, 0002, …) and those of the vocabulary
(`schema/migrations`, v0001, v0002, …), so that a province with a vocabulary of its own takes new versions of the hub as they are.
"""

from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

import schema
from hub.errors import HubMisconfigured, StoreUnavailable
from hub.store.pooled_reads import UNSUPPORTED, make_pooler_error

MIGRATIONS_FOLDER = Path(__file__).parent / "migrations"
HUB_MIGRATIONS = MIGRATIONS_FOLDER / "versions"
VOCABULARY_MIGRATIONS = Path(schema.__path__[0]) / "migrations"
READ_REVISION = "select string_agg(version_num, ' ' order by version_num) from hub.alembic_version"
"""Gives a store's revision as `newest_revision` writes it; null for a store without tables."""


def newest_revision() -> str:
    """The newest revision this program knows: that of each branch, `0028 v0020`; each file's name begins with its number.

    A vocabulary without migrations has no second part: its tables are made otherwise.
    """
    return " ".join(filter(None, (_newest_in(HUB_MIGRATIONS, "[0-9]*"), _newest_in(VOCABULARY_MIGRATIONS, "v[0-9]*"))))


def _newest_in(folder: Path, pattern: str) -> str:
    return max((path.name.partition("_")[0] for path in folder.glob(f"{pattern}_*.py")), default="")


def missing_tables_error() -> HubMisconfigured:
    """The error for a store that was never migrated."""
    return HubMisconfigured("the database has no hub tables", next_step="run `hub migrate`, then `hub sync`")


def check_revision(engine: Engine) -> None:
    """Hold the database against this program's revision, and change nothing. Raises HubMisconfigured, StoreUnavailable."""
    try:
        with engine.connect() as connection:
            if connection.execute(text("select current_setting('search_path')")).scalar_one() != "pg_catalog":
                raise make_pooler_error("the database's URL")  # it took the settings of the session, and dropped them
            found = connection.execute(text("select to_regclass('hub.alembic_version') is not null")).scalar_one()
            stored = connection.execute(text(READ_REVISION)).scalar() if found else None
    except OperationalError as error:
        if UNSUPPORTED in str(error.orig):
            raise make_pooler_error("the database's URL") from None
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
