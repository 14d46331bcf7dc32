"""The endpoint for systems that send: POST /push/<connector>/<stream>, signed as Standard Webhooks.

Source: the Standard Webhooks specification. The headers `webhook-id`, `webhook-timestamp` (seconds since 1970) and
`webhook-signature` (`v1,` and the base64 of an HMAC-SHA256 over `<id>.<timestamp>.<body>`; several by spaces while keys are
changed) are checked before anything is kept. A delivery is answered once it is committed to `hub.inbox`, so that the sender
may forget it; one whose id the connector has sent before is answered as known.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import logging
import re
import time
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hub.errors import HubMisconfigured
from hub.sdk.manifest import Manifest
from hub.sdk.sources import PushSource
from hub.settings import Settings
from hub.store.engine import make_write_pool
from hub.web.graphql_http.body import read_body
from hub.web.graphql_http.negotiate import JSON, HttpRefused

LOG = logging.getLogger("hub.web")
PUSH_PATH = "/push/{connector}/{stream}"
CONNECTIONS = 4
"""A delivery holds one for the time of a single insert."""
SHORTEST_KEY = 16
"""Bytes. Shorter keys can be guessed."""
GOOD_ID = re.compile(r"[\x21-\x7e]{1,200}")
GOOD_TIMESTAMP = re.compile(r"[0-9]{1,12}")

STORE = """
with t0 as (
    insert into hub.inbox (connector, stream, delivery, body) values (%s, %s, %s, %s)
    on conflict (connector, delivery) do nothing
    returning connector
)
select pg_notify('hub_inbox', connector) from t0"""
"""Of the same delivery twice at once, the second waits for the first and stores nothing. Readers are told at the commit."""

UNSIGNED = (
    "the delivery is not signed as it should be: webhook-id, webhook-timestamp, webhook-signature (Standard Webhooks)"
)


class PushEndpoint:
    """Takes deliveries for the streams of those connectors whose kind is push."""

    def __init__(self, connectors: Mapping[str, Manifest], settings: Settings, url: str) -> None:
        self.sources = {
            (name, stream): manifest.source
            for name, manifest in connectors.items()
            for stream in manifest.streams
            if isinstance(manifest.source, PushSource)
        }
        self.settings = settings
        self.url = url
        self.pool: AsyncConnectionPool[AsyncConnection[Any]] | None = None
        self.opening = asyncio.Lock()

    async def take(self, request: Request) -> Response:
        """Keep one delivery: 202, or 200 if it is known. Raises HttpRefused, and HTTPException if nobody pushes here."""
        connector, stream = request.path_params["connector"], request.path_params["stream"]
        source = self.sources.get((connector, stream))
        if source is None:
            raise HTTPException(404)
        _check_type(request)
        delivery, signed_at, signatures = _read_signature_headers(request)
        key = _key(source, connector)
        tolerance_s = source.tolerance.total_seconds()
        if abs(time.time() - int(signed_at)) > tolerance_s:
            raise HttpRefused(
                401,
                "TIMESTAMP_OUTSIDE_TOLERANCE",
                f"webhook-timestamp is more than {tolerance_s:g} s from the hub's clock; sign again, and check both clocks",
            )
        body = await read_body(request, source.max_body_bytes)
        if not _agrees(key, delivery, signed_at, body, signatures):
            raise HttpRefused(401, "SIGNATURE_INVALID", UNSIGNED)
        if await self._stored(connector, stream, delivery, body):
            return JSONResponse({"status": "accepted"}, 202)
        return JSONResponse({"status": "known"})

    async def close(self) -> None:
        """Close the connections, if there were any."""
        if self.pool is not None:
            await self.pool.close()

    async def _stored(self, connector: str, stream: str, delivery: str, body: bytes) -> bool:
        """Whether it was stored now: False if it was known. Raises HttpRefused while the database is away."""
        try:
            pool = await self._opened()
            async with pool.connection() as connection:
                cursor = await connection.execute(STORE, (connector, stream, delivery, body))
                return cursor.rowcount == 1
        except (psycopg.OperationalError, PoolTimeout):
            raise HttpRefused(
                503, "STORE_UNAVAILABLE", "the delivery was not kept; send it again later", {"retry-after": "10"}
            ) from None

    async def _opened(self) -> AsyncConnectionPool[AsyncConnection[Any]]:
        """The pool, made for the first delivery: most hubs never get one."""
        async with self.opening:
            if self.pool is None:
                timeout_s = self.settings.statement_timeout_s
                pool = make_write_pool(self.url, size=CONNECTIONS, statement_timeout_s=timeout_s)
                await pool.open()
                self.pool = pool
            return self.pool


def _check_type(request: Request) -> None:
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if content_type != JSON or request.headers.get("content-encoding", "identity") != "identity":
        raise HttpRefused(415, "UNSUPPORTED_MEDIA_TYPE", "send the delivery as application/json, not compressed")


def _read_signature_headers(request: Request) -> tuple[str, str, str]:
    """Id, timestamp and signatures as the headers have them."""
    delivery, signed_at, signatures = (
        request.headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    )
    if not GOOD_ID.fullmatch(delivery) or not GOOD_TIMESTAMP.fullmatch(signed_at) or not signatures:
        raise HttpRefused(401, "SIGNATURE_INVALID", UNSIGNED)
    return delivery, signed_at, signatures


def _key(source: PushSource, connector: str) -> bytes:
    """The secret's bytes, read each time: a secret that is mounted may change. The operator's mistakes are logged."""
    try:
        given = source.secret.value(connector).removeprefix("whsec_")
        try:
            key = base64.b64decode(given + "=" * (-len(given) % 4), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) < SHORTEST_KEY:
            raise HubMisconfigured(
                f"connector {connector}: {source.secret.shown} is not {SHORTEST_KEY} bytes or more in base64",
                next_step="take the secret as the sender shows it",
            )
    except HubMisconfigured as error:
        LOG.error("%s", error)
        raise HttpRefused(
            503, "MISCONFIGURED", "the hub cannot check signatures of this connector; its operator finds why in the log"
        ) from None
    return key


def _agrees(key: bytes, delivery: str, signed_at: str, body: bytes, signatures: str) -> bool:
    """Whether one of the signatures is ours. Each is compared in constant time."""
    expected = hmac.digest(key, b".".join((delivery.encode(), signed_at.encode(), body)), hashlib.sha256)
    ours = b"v1," + base64.b64encode(expected)
    return any(hmac.compare_digest(ours, given.encode("latin-1")) for given in signatures.split())
