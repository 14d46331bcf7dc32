"""`hub ledger keys`: the keys that sign checkpoints. They are files outside of the database."""

import getpass
import re
from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from hub.cli.store import open_store
from hub.cli.terminal import ERR, OUT
from hub.errors import OperationRefused
from hub.ledger.checkpoints.signing_keys import PUBLIC_SUFFIX, SigningKey, create_signing_key, load_signing_key
from hub.ledger.keeper import load_configured_key
from hub.ledger.recovery import revoke_signing_key
from hub.settings import load_settings

app = cyclopts.App(name="keys")
FINGERPRINT = re.compile("[0-9a-f]{32}")
NewFile = Annotated[Path, Parameter(help="File to make. Beside it, the public key is written to FILE.pub.")]


@app.command(name="new")
def new_command(file: NewFile) -> None:
    """Make the first key that signs checkpoints, and print its fingerprint."""
    _show(create_signing_key(file), file)


@app.command(name="rotate")
def rotate_command(file: NewFile, *, old: Path) -> None:
    """Make the next key, which the old one endorses: who trusts the old key can trust the new one.

    Parameters
    ----------
    old
        File of the key that signs now.
    """
    _show(create_signing_key(file, endorsed_by=load_signing_key(old)), file)


@app.command(name="revoke")
def revoke_command(
    key: Annotated[str, Parameter(help="Fingerprint of the key, as `hub ledger keys new` printed it.")],
    *,
    after: int | None = None,
) -> None:
    """Write into the ledger that a signing key was stolen: `hub ledger verify` trusts none of its later checkpoints, whoever runs it.

    Parameters
    ----------
    after
        Number of the last checkpoint that you still trust, before the theft; the newest one if you leave it out.
    """
    if not FINGERPRINT.fullmatch(key):
        raise OperationRefused(
            "that is no fingerprint of a key", next_step="it has 32 hex digits, e.g. 0123456789abcdef0123456789abcdef"
        )
    settings = load_settings()
    with open_store(settings) as store:
        last = revoke_signing_key(store.url, key, after, load_configured_key(settings), f"local:{getpass.getuser()}")
    OUT.print(f"{key} is revoked: its signatures count up to checkpoint {last}")


def _show(key: SigningKey, file: Path) -> None:
    ERR.print(
        f"Set HUB_LEDGER_SIGNING_KEY={file} for every `hub serve`, and give {file}{PUBLIC_SUFFIX} to whoever verifies."
    )
    OUT.print(key.id)
