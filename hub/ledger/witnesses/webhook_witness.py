"""A web service as witness: checkpoints are posted to it, as lines of JSON."""

from collections.abc import Mapping, Sequence

import httpx2

from hub.ledger.checkpoints.document import Checkpoint
from hub.ledger.witnesses.witness import WitnessUnavailable, encode_lines
from hub.trusted_certificates import load_trusted_certificates

TIMEOUT_S = 10.0
CONTENT_TYPE = "application/jsonl"


class WebhookWitness:
    """Posts to an address. Any answer from 200 to 299 means that the checkpoints are kept; the body is not read."""

    name = "webhook"
    newest_only = False
    every_s = 0.0

    def __init__(self, url: str) -> None:
        self._url = url

    async def deliver(self, checkpoints: Sequence[Checkpoint]) -> Mapping[int, bytes]:
        """Post the checkpoints. A witness may get one twice, if its answer was lost."""
        await post_content(self._url, encode_lines(checkpoints), CONTENT_TYPE, max_answer_bytes=0)
        return {}


async def post_content(url: str, content: bytes, content_type: str, *, max_answer_bytes: int) -> bytes:
    """The first bytes of the answer to a request. Raises WitnessUnavailable; the reason never has the address, which may be secret."""
    try:
        async with (
            httpx2.AsyncClient(
                verify=load_trusted_certificates(), timeout=TIMEOUT_S, follow_redirects=False, trust_env=False
            ) as client,
            client.stream("POST", url, content=content, headers={"content-type": content_type}) as response,
        ):
            if not response.is_success:
                raise WitnessUnavailable(f"HTTP {response.status_code}")
            answer = b""
            if max_answer_bytes:
                async for part in response.aiter_bytes():
                    answer += part
                    if len(answer) > max_answer_bytes:
                        raise WitnessUnavailable("the answer is too long")
            return answer
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise WitnessUnavailable(type(error).__name__) from None
