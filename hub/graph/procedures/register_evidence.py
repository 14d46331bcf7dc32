"""The root field `registerEvidence`: what registers said of one requirement of the dossier when a snapshot was kept, signed to hand on."""

import enum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from psycopg import Connection
from strawberry.types import Info

from hub.errors import OperationRefused
from hub.graph.procedures.receipts import require_snapshot
from hub.graph.procedures.snapshots import find_dossier, read_snapshot
from hub.graph.schema_types.fields import Namespace, ValueField, make_field, object_type
from hub.ledger.checkpoints.signing_keys import SigningKey, load_signing_key
from hub.plan.binds import global_id, read_global_id
from hub.settings import Settings
from hub.snapshots.evidence import (
    DEFAULT_ISSUER,
    EVIDENCE_PATH,
    encode_credential,
    encode_json_evidence,
    make_evidence,
)
from hub.snapshots.records import SNAPSHOT_TYPE, UNKNOWN, load_newest_snapshot

if TYPE_CHECKING:
    from hub.graph.execution.execute import Executor

NOT_SIGNED = OperationRefused(
    "the hub signs no evidence: it has no key for it",
    code="EVIDENCE_REFUSED",
    next_step="the operator sets HUB_RECEIPT_SIGNING_KEY",
)
FIELDS = {
    "text": ("str", "The statement: give it on as it is. `hub evidence verify` checks it offline."),
    "mediaType": ("str", "application/json or application/dc+sd-jwt."),
    "keyId": ("str", "Fingerprint of the public key that checks it."),
    "registers": ("list[str]", "The sector systems whose statement it is."),
    "asOf": ("DateTime", "The oldest instant for which they confirmed a value."),
    "snapshotId": ("ID", "The snapshot that it was made of."),
}


@strawberry.enum(name="EvidenceForm", description="How evidence is written.")
class EvidenceForm(enum.Enum):
    JWS = strawberry.enum_value("JWS", description="JSON with a detached JWS over its canonical bytes (RFC 8785).")
    SD_JWT_VC = strawberry.enum_value(
        "SD_JWT_VC", description="An SD-JWT VC: whoever holds it can leave out values one by one."
    )


MEDIA_TYPES = {EvidenceForm.JWS: "application/json", EvidenceForm.SD_JWT_VC: "application/dc+sd-jwt"}


def register_evidence_field(names: Namespace) -> Any:
    """The field, for the schema; `names` are the derived types."""
    values = {
        n: make_field(ValueField, kind, names, graphql=n, description=about) for n, (kind, about) in FIELDS.items()
    }
    signed = object_type("RegisterEvidence", "A signed statement of what registers said of one requirement.", values)

    async def register_evidence(
        info: Info[Any, Any],
        requirement: Annotated[str, strawberry.argument(description="Code of the requirement, e.g. transferor_name.")],
        role: Annotated[
            str | None, strawberry.argument(description="Role of the subject, if it is asked of several.")
        ] = None,
        form: Annotated[EvidenceForm, strawberry.argument(description="How it is written.")] = EvidenceForm.JWS,
        snapshot: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Id of the snapshot; by default the dossier's newest."),
        ] = None,
    ) -> Any:
        context, dossier = info.context, find_dossier(info.context.caller)
        key, settings = find_key(context.executor.preparer.settings), context.executor.preparer.settings
        number = await _find_number(context.executor, snapshot, dossier.id)
        found = await read_snapshot(context.executor, context.reading, number, dossier)
        content = make_evidence(found, requirement, role)
        context.reading.paths.add(EVIDENCE_PATH)
        if form is EvidenceForm.JWS:
            text = encode_json_evidence(content, key)
        else:
            text = encode_credential(content, key, settings.public_url or DEFAULT_ISSUER)
        return {
            "text": text.decode(),
            "mediaType": MEDIA_TYPES[form],
            "keyId": key.id,
            "registers": content["registers"],
            "asOf": content["asOf"],
            "snapshotId": global_id(SNAPSHOT_TYPE, found.id),
        }

    register_evidence.__annotations__["return"] = signed
    return strawberry.field(
        resolver=register_evidence,
        name="registerEvidence",
        description="What registers said of a requirement of the dossier when a snapshot was kept, signed to hand on; only of answers that were held, and of confirmed links.",
    )


def find_key(settings: Settings) -> SigningKey:
    """The key of receipts and evidence. Raises OperationRefused with EVIDENCE_REFUSED if there is none."""
    if settings.receipt_signing_key is None:
        raise NOT_SIGNED
    return _load_key(settings.receipt_signing_key)


@lru_cache(maxsize=4)
def _load_key(path: Path) -> SigningKey:
    """The key, read once: a server reads it at its start, too."""
    return load_signing_key(path)


async def _find_number(executor: "Executor", given: strawberry.ID | None, dossier_id: int) -> int:
    """The number of the snapshot that is meant. Raises OperationRefused with SNAPSHOT_UNKNOWN or SNAPSHOT_NEEDED."""
    if given is not None:
        kind, number = read_global_id(str(given))
        if kind != SNAPSHOT_TYPE or number is None:
            raise UNKNOWN
        return number

    def load(connection: Connection[Any]) -> int:
        return require_snapshot(load_newest_snapshot(connection, dossier_id)).id

    found: int = await executor.reviews.run(load)
    return found
