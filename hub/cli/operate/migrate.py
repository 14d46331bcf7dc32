"""`hub migrate`: bring the database to this program's revision."""

from hub.cli.store import open_store
from hub.cli.terminal import OUT
from hub.settings import load_settings
from hub.store.revision import newest_revision


def migrate_command() -> None:
    """Upgrade the database to this version of the hub."""
    with open_store(load_settings()):
        OUT.print(f"the database is at revision {newest_revision()}")
