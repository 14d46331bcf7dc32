"""`hub ledger keys`: the keys that sign checkpoints. They are files outside of the database."""

from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from hub.cli.terminal import ERR, OUT
from hub.ledger.checkpoints.signing_keys import PUBLIC_SUFFIX, SigningKey, create_signing_key, load_signing_key

app = cyclopts.App(name="keys")
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


def _show(key: SigningKey, file: Path) -> None:
    ERR.print(
        f"Set HUB_LEDGER_SIGNING_KEY={file} for every `hub serve`, and give {file}{PUBLIC_SUFFIX} to whoever verifies."
    )
    OUT.print(key.id)
