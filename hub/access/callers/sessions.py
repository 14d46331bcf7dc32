"""Browser sessions: rows of the store that a cookie names, with an idle limit and an absolute limit."""

import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from hub.access.callers.principals import ClientKind, Principal, Role, SessionExpired
from hub.errors import StoreUnavailable

SECURE_COOKIE = "__Host-hub_session"
"""Browsers accept this name only over https, from this host itself, for every path."""
LOOPBACK_COOKIE = "hub_session"
COOKIE_BYTES = 32
SESSION_CACHED_S = 30.0
"""A session is looked up again after this time: so long can one that was ended elsewhere go on, and `seen_at` lag."""
MAX_SESSIONS_EACH = 20
"""Sessions of one person at once; the oldest ends when one more starts."""

START = """
insert into hub.web_session
    (digest, csrf_token, principal_id, display_name, client_kind, roles, offices, scopes, personal_ids, id_token,
    expires_at)
values (%(digest)s, %(csrf_token)s, %(principal_id)s, %(display_name)s, %(client_kind)s, %(roles)s, %(offices)s, %(scopes)s,
    %(personal_ids)s, %(id_token)s, %(expires_at)s)"""
CLEAN = """
delete from hub.web_session
where expires_at <= now()
    or seen_at <= now() - %(idle_s)s * interval '1 second'
    or digest in (
        select s.digest
        from hub.web_session s
        where s.principal_id = %(principal_id)s
        order by s.started_at desc, s.digest
        offset %(most)s
    )"""
TOUCH = """
update hub.web_session
set seen_at = now()
where digest = %(digest)s and expires_at > now() and seen_at > now() - %(idle_s)s * interval '1 second'
returning principal_id, display_name, client_kind, roles, offices, scopes, personal_ids, expires_at, csrf_token"""
END = """
delete from hub.web_session where digest = %s
returning id_token"""

END_ALL = """
delete from hub.web_session where principal_id = %s
returning digest"""


@dataclass(frozen=True, slots=True)
class NewSession:
    """What the browser gets."""

    cookie: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class WebSession:
    """A session that goes on."""

    principal: Principal
    csrf_token: str
    """Every form of the session's pages sends it back."""


class SessionStore:
    """Starts, finds and ends sessions."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[Any]], *, idle_s: int, longest_s: int) -> None:
        self.pool = pool
        self.idle_s = idle_s
        self.longest_s = longest_s

    async def start(self, principal: Principal, id_token: str | None) -> NewSession:
        """Start a session, and delete those that have ended. Raises StoreUnavailable."""
        cookie = secrets.token_urlsafe(COOKIE_BYTES)
        expires_at = datetime.now(UTC) + timedelta(seconds=self.longest_s)
        values = {
            "digest": cookie_digest(cookie.encode()),
            "csrf_token": secrets.token_urlsafe(COOKIE_BYTES),
            "principal_id": principal.id,
            "display_name": principal.display_name,
            "client_kind": principal.client_kind,
            "roles": sorted(principal.roles),
            "offices": sorted(principal.offices),
            "scopes": sorted(principal.scopes),
            "personal_ids": sorted(principal.personal_ids),
            "id_token": id_token,
            "expires_at": expires_at,
        }
        async with self._cursor() as cursor:
            await cursor.execute(START, values)
            await cursor.execute(
                CLEAN, {"idle_s": self.idle_s, "principal_id": principal.id, "most": MAX_SESSIONS_EACH}
            )
        return NewSession(cookie, expires_at)

    async def find(self, cookie: bytes) -> WebSession:
        """Return the session of a cookie, and note that it is in use. Raises SessionExpired, StoreUnavailable."""
        async with self._cursor() as cursor:
            await cursor.execute(TOUCH, {"digest": cookie_digest(cookie), "idle_s": self.idle_s})
            row = await cursor.fetchone()
        if row is None:
            raise SessionExpired(next_step="sign in again at /sign-in")
        return WebSession(_read_row(row), row["csrf_token"])

    async def end(self, cookie: bytes) -> str | None:
        """End a session. Returns the ID token that it began with. Raises StoreUnavailable."""
        async with self._cursor() as cursor:
            await cursor.execute(END, (cookie_digest(cookie),))
            row = await cursor.fetchone()
        return None if row is None else row["id_token"]

    async def end_all(self, principal_id: str) -> list[bytes]:
        """End every session of a person. Returns the digests of their cookies. Raises StoreUnavailable."""
        async with self._cursor() as cursor:
            await cursor.execute(END_ALL, (principal_id,))
            return [row["digest"] for row in await cursor.fetchall()]

    @asynccontextmanager
    async def _cursor(self) -> AsyncIterator[AsyncCursor[dict[str, Any]]]:
        try:
            async with self.pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
                yield cursor
        except (psycopg.OperationalError, PoolTimeout):
            raise StoreUnavailable(
                "the database does not answer, so the session cannot be checked", next_step="try again in a few seconds"
            ) from None


def cookie_digest(cookie: bytes) -> bytes:
    """Return the stored form of a cookie: who reads the table cannot take over a session."""
    return hashlib.sha256(cookie).digest()


def _read_row(row: dict[str, Any]) -> Principal:
    return Principal(
        id=row["principal_id"],
        display_name=row["display_name"],
        is_person=True,
        client_kind=None if row["client_kind"] is None else ClientKind(row["client_kind"]),
        roles=frozenset(Role(role) for role in row["roles"]),
        offices=frozenset(row["offices"]),
        acting_app=None,
        scopes=frozenset(row["scopes"]),
        expires_at=row["expires_at"],
        personal_ids=frozenset(row["personal_ids"]),
    )
