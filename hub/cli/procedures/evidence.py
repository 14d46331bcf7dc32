"""`hub evidence`: signed statements of what a register said, made of kept snapshots, and checked offline.

A file that `export` writes has personal data, and is written down in the ledger as a read. Nothing of it is printed.
"""

from pathlib import Path
from typing import Annotated, Literal

import cyclopts
from cyclopts import Parameter

from hub.access.subjects.sealing import find_withheld
from hub.cli.shown_values import ShownValues, record_shown
from hub.cli.store import open_store_to_read
from hub.cli.terminal import OUT
from hub.errors import HubMisconfigured, OperationRefused
from hub.graph.procedures.snapshots import check_still_permitted
from hub.ledger.checkpoints.signing_keys import load_public_keys, load_signing_key
from hub.settings import load_settings
from hub.snapshots.evidence import (
    DEFAULT_ISSUER,
    EVIDENCE_PATH,
    MAX_EVIDENCE_BYTES,
    encode_credential,
    encode_json_evidence,
    make_evidence,
    refuse_evidence,
    verify_evidence,
)
from hub.snapshots.records import find_people_now, load_snapshot
from hub.store.engine import connect_for_run, store_url

app = cyclopts.App(name="evidence")


@app.command(name="export")
def export_command(
    snapshot: Annotated[int, Parameter(help="Number of the snapshot, as `hub snapshots list` shows it.")],
    requirement: Annotated[str, Parameter(help="Code of the requirement.")],
    *,
    to: Annotated[Path, Parameter(help="File to write; it must not exist.")],
    role: Annotated[str | None, Parameter(help="Role of the subject, if it is asked of several.")] = None,
    form: Annotated[Literal["json", "sd-jwt"], Parameter(help="JSON with a detached JWS, or an SD-JWT VC.")] = "json",
) -> None:
    """Write what registers said of a requirement when a snapshot was kept, signed. The file has personal data."""
    settings = load_settings()
    if settings.receipt_signing_key is None:
        raise HubMisconfigured(
            "evidence is signed, and HUB_RECEIPT_SIGNING_KEY is not set",
            next_step="make a key with `hub ledger keys new FILE`, and set HUB_RECEIPT_SIGNING_KEY=FILE",
        )
    key = load_signing_key(settings.receipt_signing_key)
    with open_store_to_read(settings) as store, connect_for_run(store_url(store.engine)) as connection:
        found = load_snapshot(connection, snapshot)
        check_still_permitted(found)
        content = make_evidence(found, requirement, role)
        people = find_people_now(connection, found.people or ())
        if find_withheld(connection, people):
            raise OperationRefused(
                "a person of the snapshot is sealed or restricted",
                code="EVIDENCE_REFUSED",
                next_step="nothing of the snapshot is handed on: ask who sealed or restricted it",
            )
        issuer = settings.public_url or DEFAULT_ISSUER
        text = encode_json_evidence(content, key) if form == "json" else encode_credential(content, key, issuer)
        record_shown(connection, ShownValues((*found.paths, EVIDENCE_PATH), tuple(people), purpose=found.procedure))
    _write_new(to, text)
    OUT.print(f"wrote {to}")


@app.command(name="verify")
def verify_command(
    file: Annotated[Path, Parameter(help="File of evidence.")],
    *,
    key: Annotated[tuple[Path, ...], Parameter(help="File of a public key that may have signed it. Repeat it.")],
) -> None:
    """Check evidence offline: who signed it, of which registers, and as of when. Prints no value."""
    try:
        with file.open("rb") as opened:
            text = opened.read(MAX_EVIDENCE_BYTES + 1)
    except OSError as error:
        raise refuse_evidence(f"{file} cannot be read: {error.strerror}") from None
    signer, content = verify_evidence(text, load_public_keys(key))
    OUT.print(f"signed by {signer}: {', '.join(content['registers'])} said {content['requirement']['code']}")
    OUT.print(f"as of {content['asOf']}; {len(content['values'])} values disclosed")


def _write_new(path: Path, text: bytes) -> None:
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(text)
    except OSError as error:
        raise OperationRefused(
            f"{path} cannot be made: {error.strerror}",
            next_step="name a file that does not exist, in a folder that does",
        ) from None
