"""The endpoint for one-stop systems: POST /dossiers, signed by a detached JWS in the header `x-jws-signature`."""

import asyncio
from functools import partial
from typing import Any

import orjson
from joserfc.jwk import Key
from psycopg import Connection
from starlette.requests import Request
from starlette.responses import Response

from hub.access.dossiers.dossier_push import (
    PushResult,
    SignatureRefused,
    find_closing,
    find_published_key,
    make_sender_principal,
    names_published_key,
    take_push,
    verify_push,
)
from hub.access.dossiers.dossier_senders import DossierSender, KeySetLocation
from hub.access.dossiers.sender_keys import SenderKeys
from hub.errors import HubError, OperationRefused, StoreUnavailable
from hub.graph.execution.execute import Executor
from hub.graph.procedures.snapshots import keep_at_pushed_closing
from hub.web.graphql_http.body import read_body
from hub.web.graphql_http.negotiate import JSON, HttpRefused

DOSSIERS_PATH = "/dossiers"
SIGNATURE_HEADER = "x-jws-signature"
MAX_BODY_BYTES = 64_000
CONFLICTS = frozenset(
    {"DOSSIER_EXISTS", "DOSSIER_VERSION_OLD", "DOSSIER_VERSION_CONFLICT", "DOSSIER_CHANGED", "DOSSIER_ENDED"}
)


class DossierEndpoint:
    """Takes dossiers of registered senders. This process forgets an ended dossier at once."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self.runner = executor.reviews
        self.keys = SenderKeys()

    async def take(self, request: Request) -> Response:
        """201 for a new version, 200 for one that is known. Raises HttpRefused."""
        signatures = request.headers.getlist(SIGNATURE_HEADER)
        if len(signatures) != 1:
            raise HttpRefused(
                401, "SIGNATURE_INVALID", f"send {SIGNATURE_HEADER} once: a detached JWS over the whole body"
            )
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != JSON:
            raise HttpRefused(415, "UNSUPPORTED_MEDIA_TYPE", "send the dossier as application/json")
        body = await read_body(request, MAX_BODY_BYTES)
        try:
            published = await self._find_published(signatures[0])
            result = await asyncio.shield(self._take_signed(body, signatures[0], published))
        except HubError as error:
            raise HttpRefused(_status(error), error.code, str(error)) from None
        self.executor.access.dossiers.forget(result.dossier.code)
        answer = {
            "status": "accepted" if result.is_new else "known",
            "code": result.dossier.code,
            "outcome": result.dossier.outcome,
            "purposeVersion": result.dossier.purpose_version,
        }
        return Response(orjson.dumps(answer), 201 if result.is_new else 200, media_type=JSON)

    async def _take_signed(
        self, body: bytes, signature: str, published: tuple[KeySetLocation, Key | None] | None
    ) -> PushResult:
        """Check the signature, keep a snapshot of a dossier that will be closed, and take the delivery. Raises as those do."""

        def verify(connection: Connection[Any]) -> tuple[DossierSender, str | None]:
            sender = verify_push(connection, body, signature, published=published)
            return sender, find_closing(connection, sender, body)

        sender, closing = await self.runner.run(verify)
        if closing is not None and self.executor.access.is_enforced:
            await keep_at_pushed_closing(self.executor, make_sender_principal(sender), closing)
        return await self.runner.run(lambda connection: take_push(connection, sender, body))

    async def _find_published(self, signature: str) -> tuple[KeySetLocation, Key | None] | None:
        """The key that the sender publishes and the signature names; None if its key is registered. No connection waits for it.

        Raises SignatureRefused, SenderKeysUnavailable.
        """
        if not names_published_key(signature):
            return None
        location, key_id = await self.runner.run(partial(_find_location, signature))
        return location, await self.keys.find(location.url, key_id, location.algorithm)

    async def close(self) -> None:
        """Close the connections to senders."""
        await self.keys.close()


def _find_location(signature: str, connection: Connection[Any]) -> tuple[KeySetLocation, str]:
    return find_published_key(connection, signature)


def _status(error: HubError) -> int:
    if isinstance(error, SignatureRefused):
        return 429 if error.code == "RATE_LIMITED" else 401
    if isinstance(error, StoreUnavailable):
        return 503
    if not isinstance(error, OperationRefused):
        return 500
    return 409 if error.code in CONFLICTS else 422
