"""`hub migrate`: bring the database to this program's revision."""

from hub.cli.shown import OUT
from hub.cli.store import open_store
from hub.settings import load
from hub.store.revision import head


def migrate() -> None:
    """Upgrade the database to this version of the hub."""
    with open_store(load()):
        OUT.print(f"the database is at revision {head()}")
