"""PostgreSQL's programs: found, and run with the connection in variables, so that no password is among the arguments."""

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg.pq import Conninfo

from hub.errors import HubError, HubMisconfigured, StoreUnavailable
from hub.store.server.server_location import PROGRAMS_FOLDER, WHEEL_PACKAGE

WITHIN_S = 24 * 3600.0
VERSION_WITHIN_S = 30.0
CAUSES = (
    (re.compile("server version mismatch|unsupported version"), "the program is older than the server or the archive"),
    (re.compile("[Nn]o space left"), "the disk is full"),
    (re.compile("permission denied"), "the role lacks a privilege"),
    (re.compile("lock timeout"), "a table stayed locked, perhaps by a migration"),
    (re.compile('role "[a-z_]+" does not exist'), "a role does not exist"),
    (re.compile("connection to server|could not connect|server closed"), "the server does not answer, or went away"),
)
"""What of PostgreSQL's messages can be repeated. The rest may quote a row."""


def find_program(name: str, least_major: int) -> str:
    """The path of a program of this version of PostgreSQL or a newer one: on the PATH, or of the embedded server. Raises HubMisconfigured."""
    spec = find_spec(WHEEL_PACKAGE)
    embedded = (
        [Path(place) / PROGRAMS_FOLDER / name for place in (spec.submodule_search_locations or ()) if spec]
        if spec
        else []
    )
    found = [path for path in (shutil.which(name), *(str(one) for one in embedded if one.exists())) if path]
    for path in found:
        if _major(path) >= least_major:
            return path
    raise HubMisconfigured(
        f"there is no {name} of PostgreSQL {least_major} or newer" + (f", only {', '.join(found)}" if found else ""),
        next_step="install PostgreSQL's client programs, e.g. postgresql-client, or put their folder on the PATH",
    )


def run_program(path: str, arguments: list[str], url: str) -> None:
    """Run a program against the database at `url`. Raises HubError, without what the program said: it may quote rows."""
    environment = {**os.environ, **list_variables(url)}
    try:
        done = subprocess.run(
            [path, *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=WITHIN_S
        )
    except subprocess.TimeoutExpired:
        raise HubError(f"{Path(path).name} took longer than {WITHIN_S / 3600:.0f} h", code="BACKUP_FAILED") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace")
        cause = next((words for pattern, words in CAUSES if pattern.search(said)), "run it by hand to see why")
        raise HubError(f"{Path(path).name} ended with {done.returncode}: {cause}", code="BACKUP_FAILED")


def list_variables(url: str) -> dict[str, str]:
    """The parts of a URL as the variables that libpq reads. Raises HubMisconfigured."""
    try:
        options = Conninfo.parse(url.encode())
    except psycopg.Error:
        raise HubMisconfigured(
            "the address of the database is malformed", next_step="e.g. postgresql://user:password@host/hub"
        ) from None
    return {one.envvar.decode(): one.val.decode() for one in options if one.envvar and one.val}


def read_server_major(url: str) -> int:
    """The major version of the server. Raises StoreUnavailable."""
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            return connection.info.server_version // 10_000
    except psycopg.OperationalError:
        raise StoreUnavailable(next_step="check HUB_DATABASE_URL, and that the database exists") from None


def _major(path: str) -> int:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=VERSION_WITHIN_S).stdout
    found = re.search(r"\s(\d+)", said)
    return int(found[1]) if found else 0
