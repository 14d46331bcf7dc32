"""A backup on disk: a folder with the dump, and `backup.json`, which lists its contents and has a digest of each file."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hub.errors import HubError, OperationRefused

MANIFEST_FILE, DUMP_FOLDER = "backup.json", "dump"
MAX_MANIFEST_BYTES = 50_000_000


class BackupBroken(HubError):
    """The backup is not as it was made."""

    exit_code = 65
    code = "BACKUP_BROKEN"


@dataclass(frozen=True)
class BackupManifest:
    """What a backup has. `rows` are the rows of each table, `checkpoint` and `checkpoint_hash` the ledger's last, all as of the dump's instant."""

    made_at: str
    hub_version: str
    revision: str
    server_major: int
    rows: Mapping[str, int]
    checkpoint: int
    checkpoint_hash: str
    files: Mapping[str, str]


def digest_files(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a dump, by name."""
    return {str(path.relative_to(folder)): _digest(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def write_manifest(folder: Path, manifest: BackupManifest) -> None:
    """Write it, and wait until it is on disk."""
    with (folder / MANIFEST_FILE).open("x") as file:
        json.dump(asdict(manifest), file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def read_manifest(folder: Path) -> BackupManifest:
    """The manifest of a backup. Raises OperationRefused if there is none, BackupBroken if it is malformed."""
    path = folder / MANIFEST_FILE
    if not path.is_file():
        raise OperationRefused(
            f"{folder} is no backup: it has no {MANIFEST_FILE}", next_step="name a folder that `hub backup create` made"
        )
    try:
        with path.open() as file:
            given: dict[str, Any] = json.loads(file.read(MAX_MANIFEST_BYTES))
        return BackupManifest(**given)
    except (ValueError, TypeError):
        raise BackupBroken(f"{path} is malformed", next_step="use an older backup") from None


def check_files(folder: Path) -> BackupManifest:
    """Compare every file of a backup with its digest. Raises BackupBroken, naming the files."""
    manifest = read_manifest(folder)
    found = digest_files(folder / DUMP_FOLDER)
    wrong = sorted(name for name in manifest.files.keys() | found.keys() if manifest.files.get(name) != found.get(name))
    if wrong:
        shown = ", ".join(wrong[:5]) + (f" and {len(wrong) - 5} more" if len(wrong) > 5 else "")
        raise BackupBroken(
            f"{len(wrong)} of {len(manifest.files)} files were changed, are missing or were added: {shown}",
            next_step="use an older backup, and look at the disk",
        )
    return manifest


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
