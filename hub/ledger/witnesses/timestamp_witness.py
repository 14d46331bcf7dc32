"""A timestamp service (RFC 3161) as witness: somebody else signs that a checkpoint existed at a time. Its token is kept in the database
and can be checked years later with the certificate of the service alone.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from hub.errors import HubMisconfigured
from hub.ledger.checkpoints.document import Checkpoint
from hub.ledger.witnesses.webhook_witness import post_content
from hub.ledger.witnesses.witness import WitnessUnavailable

MAX_TOKEN_BYTES = 100_000
CONTENT_TYPE = "application/timestamp-query"
GRANTED = 0


class TimestampWitness:
    """Asks a service for the time of the newest checkpoint."""

    name = "timestamp"
    newest_only = True

    def __init__(self, url: str, every_s: float) -> None:
        self._url = url
        self.every_s = every_s

    async def deliver(self, checkpoints: Sequence[Checkpoint]) -> Mapping[int, bytes]:
        """The token of the last one. It must be for this document and this request; whose it is, `hub ledger verify` checks."""
        newest = checkpoints[-1]
        request = TimestampRequestBuilder().data(newest.document).hash_algorithm(HashAlgorithm.SHA256).build()
        token = await post_content(self._url, request.as_bytes(), CONTENT_TYPE, max_answer_bytes=MAX_TOKEN_BYTES)
        try:
            answer = decode_timestamp_response(token)
            granted = answer.status == GRANTED
            same = granted and answer.tst_info.message_imprint.message == request.message_imprint.message
            same = same and answer.tst_info.nonce == request.nonce
        except ValueError as error:
            raise WitnessUnavailable(type(error).__name__) from None
        if not same:
            raise WitnessUnavailable("the answer is not granted, or is of another request")
        return {newest.number: token}


def load_roots(content: bytes) -> list[Certificate]:
    """Certificates in PEM. Raises HubMisconfigured if there are none."""
    try:
        return load_pem_x509_certificates(content)
    except ValueError:
        raise HubMisconfigured(
            "that is not a certificate in PEM", next_step="give the root certificate of the timestamp service"
        ) from None


def check_token(token: bytes, document: bytes, roots: Sequence[Certificate]) -> datetime | None:
    """When the service says that it saw the document; None if the token does not show it."""
    builder = VerifierBuilder()
    for root in roots:
        builder = builder.add_root_certificate(root)
    try:
        answer = decode_timestamp_response(token)
        builder.build().verify_message(answer, document)
    except (VerificationError, ValueError):
        return None
    return answer.tst_info.gen_time
