"""Messages as Standard Webhooks has them: three headers and a JSON body, signed with Ed25519 (`v1a`).

webhook-id: 0b7c…            the same for every try of an event: receivers keep it, to take each event once
webhook-timestamp: 1795867200
webhook-signature: v1a,Kx3…  over "{id}.{timestamp}.{body}"
"""

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from hub.ledger.checkpoints.signing_keys import SigningKey

PUBLIC_KEY_PREFIX = "whpk_"
TEST_KIND = "test"


@dataclass(frozen=True)
class EventMessage:
    """An event as receivers get it. No personal data: codes, a state, an instant."""

    message_id: UUID
    kind: str
    at: datetime
    dossier_code: str | None = None
    procedure: str | None = None
    office: str | None = None
    state: str | None = None
    correction_id: int | None = None
    dependent: str | None = None

    def encode(self) -> bytes:
        """The body."""
        named: dict[str, Any] = {
            "dossier": self.dossier_code,
            "procedure": self.procedure,
            "office": self.office,
            "state": self.state,
            "correction": self.correction_id,
            "dependent": self.dependent,
        }
        data = {name: value for name, value in named.items() if value is not None}
        return orjson.dumps({"type": self.kind, "timestamp": self.at.isoformat(), "data": data})


def sign_headers(message_id: str, body: bytes, sent_at_s: int, key: SigningKey) -> dict[str, str]:
    """The headers of one try."""
    signed = b".".join((message_id.encode(), str(sent_at_s).encode(), body))
    signature = base64.b64encode(key.sign(signed)).decode()
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(sent_at_s),
        "webhook-signature": f"v1a,{signature}",
    }


def describe_public_key(key: SigningKey) -> str:
    """The public key as receivers configure it: `whpk_` and base64."""
    return PUBLIC_KEY_PREFIX + base64.b64encode(key.public).decode()
