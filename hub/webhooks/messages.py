"""Messages as Standard Webhooks has them: three headers and a JSON body, signed with Ed25519 (`v1a`).

webhook-id: 0b7c…            the same for every try of an event: receivers keep it, to take each event once
webhook-timestamp: 1795867200
webhook-signature: v1a,Kx3…  over "{id}.{timestamp}.{body}"
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

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
