"""Signatures of webhook deliveries, as Standard Webhooks specifies them, and the public key that checks them."""

import base64

from hub.ledger.checkpoints.signing_keys import SigningKey
from hub.webhooks.messages import PUBLIC_KEY_PREFIX


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
