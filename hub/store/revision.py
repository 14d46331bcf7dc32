"""The revision of a store, read without Alembic, which takes longer to import than most commands take to run.

Migrations form two branches: the hub's own tables (`hub/store/migrations`, 0001, 0002, …) and those of the vocabulary
(`schema/migrations`, v0001, v0002, …), so that a province with a vocabulary of its own takes new versions of the hub as they are.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

import schema
from hub.errors import HubMisconfigured, StoreUnavailable
from hub.store.connections.pooled_reads import UNSUPPORTED, make_pooler_error

MIGRATIONS_FOLDER = Path(__file__).parent / "migrations"
HUB_MIGRATIONS = MIGRATIONS_FOLDER / "versions"
VOCABULARY_MIGRATIONS = Path(schema.__path__[0]) / "migrations"
READ_REVISION = "select string_agg(version_num, ' ' order by version_num) from hub.alembic_version"
"""Gives a store's revision as `newest_revision` writes it; null for a store without tables."""
READ_STORED_REVISION = f"""select json_build_object(
    'revision', ({READ_REVISION}),
    'comment', obj_description('hub.alembic_version'::regclass, 'pg_class')
)::text"""
"""Gives what `StoreRevision.parse` takes."""
COMMENT = "programs from {} on can read this store"
"""Of the table of revisions: `migrate_store` writes there which earlier programs its migrations left able to read. A comment, since
every store has room for it, every login may read it, and a dump carries it."""
COMMENT_FORM = re.compile(COMMENT.format("((?:v?[0-9]{4} ?)+)"))


@dataclass(frozen=True)
class StoreRevision:
    """Where a store is. Both are as `newest_revision` writes them."""

    revision: str
    oldest_program: str
    """Programs from this revision on can read the store, though they know less than it has; the same as `revision` where nobody said."""

    @classmethod
    def parse(cls, found: str | None) -> "StoreRevision | None":
        """What READ_STORED_REVISION gives; None for a store without tables."""
        stored = json.loads(found) if found else {"revision": None}
        if stored["revision"] is None:
            return None
        said = COMMENT_FORM.fullmatch(stored["comment"] or "")
        return cls(stored["revision"], said[1] if said else stored["revision"])

    def is_read_by(self, program: str) -> bool:
        """Whether a program of this revision can read the store: it is the same, or older and not too old. A newer one lacks columns."""
        own, stored, oldest = (split_revision(each) for each in (program, self.revision, self.oldest_program))
        return own.keys() == stored.keys() and all(
            oldest.get(branch, stored[branch]) <= number <= stored[branch] for branch, number in own.items()
        )


def split_revision(revision: str) -> dict[str, str]:
    """`0028 v0020` → branch → number: {'': '0028', 'v': '0020'}. Numbers of one branch compare as text, having four digits each."""
    return {part.rstrip("0123456789"): part.lstrip("v") for part in revision.split()}


def join_revision(numbers: dict[str, str]) -> str:
    """The opposite of `split_revision`."""
    return " ".join(branch + numbers[branch] for branch in sorted(numbers))


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


def read_revision(connection: Connection) -> StoreRevision | None:
    """Where a store is; None if it has no tables."""
    exists = connection.execute(text("select to_regclass('hub.alembic_version') is not null")).scalar_one()
    return StoreRevision.parse(connection.exec_driver_sql(READ_STORED_REVISION).scalar()) if exists else None


def check_revision(engine: Engine) -> StoreRevision:
    """Hold the database against this program's revision, and change nothing. Raises HubMisconfigured, StoreUnavailable."""
    try:
        with engine.connect() as connection:
            if connection.execute(text("select current_setting('search_path')")).scalar_one() != "pg_catalog":
                raise make_pooler_error("the database's URL")  # it took the settings of the session, and dropped them
            stored = read_revision(connection)
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
    if not stored.is_read_by(newest_revision()):
        raise HubMisconfigured(
            f"the database is at revision {stored.revision}, and this program needs {newest_revision()}",
            next_step="run `hub migrate`; if the database is newer, run the newer program",
        )
    return stored
