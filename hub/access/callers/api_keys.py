"""API keys of apps: made and revoked on the command line, checked by their SHA-256.

A key is `hub_`, a prefix of 8 characters that names it in lists and logs, `_`, and 32 random bytes in base64url:
`hub_k3x7q2mn_…`. A hash without salt and stretching is enough because nobody can guess 32 random bytes.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import AsyncConnection, Connection
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from hub.access.callers.principals import SOURCE_SCOPE, ClientKind, KeyInvalid, Principal
from hub.access.dossiers.dossier_rules import OPEN_SCOPE
from hub.access.dossiers.offices import find_unit
from hub.access.oidc.claims import OFFICE_CODE
from hub.errors import OperationRefused, StoreUnavailable

KEY_START = b"hub_"
KEY = re.compile(rb"hub_([a-z2-7]{8})_([A-Za-z0-9_-]{43})")
PREFIX_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
PREFIX_CHARS = 8
SECRET_BYTES = 32
KEY_CACHED_S = 30.0
"""A key is looked up again after this time, so a revoked one stops within it (and the 10 s that a look-up may take)."""
LONGEST_DAYS = 730
SCOPE = re.compile(r"[a-z][a-z0-9:._-]{0,63}")
MAX_NAME_CHARS = 100
MAX_ITEMS = 50
"""Offices or scopes of one key."""

INSERT = """
insert into hub.api_key (prefix, digest, name, client_kind, offices, scopes, expires_at)
values (%(prefix)s, %(digest)s, %(name)s, %(client_kind)s, %(offices)s, %(scopes)s, %(expires_at)s)"""
SELECT = """
select prefix, name, client_kind, offices, scopes, created_at, expires_at, revoked_at
from hub.api_key"""
FIND = """
select prefix, name, client_kind, offices, scopes, created_at, expires_at, revoked_at, digest
from hub.api_key
where prefix = %s"""
REVOKE = """
update hub.api_key set revoked_at = coalesce(revoked_at, now()) where prefix = %s
returning prefix, name, client_kind, offices, scopes, created_at, expires_at, revoked_at"""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is stored: its secret part is not."""

    prefix: str
    name: str
    client_kind: str
    offices: list[str]
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    def is_usable(self, now: datetime) -> bool:
        """Whether the key is neither revoked nor expired."""
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class _StoredKey(ApiKey):
    digest: bytes


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """What a new key is for. Raises OperationRefused if a value is malformed."""

    name: str
    client_kind: ClientKind
    offices: tuple[str, ...]
    scopes: tuple[str, ...]
    expires_at: datetime

    def __post_init__(self) -> None:
        now = datetime.now(UTC)
        checks: Iterable[tuple[bool, str, str]] = (
            (
                0 < len(self.name) <= MAX_NAME_CHARS and self.name.isprintable(),
                f"the name must have 1 to {MAX_NAME_CHARS} printable characters",
                'name the app and the office, such as "one-stop portal, land office"',
            ),
            (
                all(OFFICE_CODE.fullmatch(code) for code in self.offices) and len(self.offices) <= MAX_ITEMS,
                f"an office must be the code of an administrative unit, at most {MAX_ITEMS} of them",
                "give codes such as 26737",
            ),
            (
                not (unknown := [code for code in self.offices if find_unit(code) is None]),
                f"no administrative unit has the code {', '.join(unknown)}",
                "give a code of today, such as 26737, or one with a day on which it was in force, such as 06820@2025-07-01",
            ),
            (
                all(SCOPE.fullmatch(scope) for scope in self.scopes) and len(self.scopes) <= MAX_ITEMS,
                f"a scope must be lower-case letters, digits and ':._-', at most {MAX_ITEMS} of them",
                "give scopes such as dossier:open",
            ),
            (
                not (others := [scope for scope in self.scopes if not is_known_scope(scope)]),
                f"the hub has no scope {', '.join(others)}",
                f"use {OPEN_SCOPE} to open dossiers, or {SOURCE_SCOPE}<connector> to reconcile the copies of one source, such as {SOURCE_SCOPE}land",
            ),
            (
                0 < (self.expires_at - now).total_seconds() <= LONGEST_DAYS * 86_400,
                f"a key must end within {LONGEST_DAYS} days from now",
                "give --days between 1 and 730, and make a new key before it ends",
            ),
        )
        for holds, message, step in checks:
            if not holds:
                raise OperationRefused(message, next_step=step)


def is_known_scope(scope: str) -> bool:
    """Whether a scope is one that the hub looks at. Whether there is such a source is not looked up."""
    return scope == OPEN_SCOPE or (len(scope) > len(SOURCE_SCOPE) and scope.startswith(SOURCE_SCOPE))


def create_key(connection: Connection[Any], new: NewApiKey) -> str:
    """Store a new key. Returns it in full: it cannot be shown again."""
    prefix = "".join(secrets.choice(PREFIX_ALPHABET) for _ in range(PREFIX_CHARS))
    key = f"hub_{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    values = {
        "prefix": prefix,
        "digest": hashlib.sha256(key.encode()).digest(),
        "name": new.name,
        "client_kind": new.client_kind.value,
        "offices": list(new.offices),
        "scopes": list(new.scopes),
        "expires_at": new.expires_at,
    }
    connection.execute(INSERT, values)
    return key


def list_keys(connection: Connection[Any], *, every: bool = False) -> list[ApiKey]:
    """Return the usable keys, newest first; `every` includes expired and revoked ones."""
    only = "" if every else " where revoked_at is null and expires_at > now()"
    with connection.cursor(row_factory=class_row(ApiKey)) as cursor:
        return cursor.execute(f"{SELECT}{only} order by created_at desc, prefix").fetchall()


def revoke_key(connection: Connection[Any], prefix: str) -> ApiKey:
    """Revoke a key for good. Raises OperationRefused if there is none with this prefix."""
    with connection.cursor(row_factory=class_row(ApiKey)) as cursor:
        found = cursor.execute(REVOKE, (prefix,)).fetchone()
    if found is None:
        raise OperationRefused(
            "there is no key with this prefix",
            next_step="give the 8 characters that `hub keys list` shows",
            code="NO_KEY",
        )
    return found


class ApiKeyChecker:
    """Finds out whose key a request has."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[Any]]) -> None:
        self.pool = pool

    async def principal(self, key: bytes) -> Principal:
        """Return the app that a key belongs to. Raises KeyInvalid, StoreUnavailable."""
        parts = KEY.fullmatch(key)
        if parts is None:
            raise KeyInvalid(
                "the API key is malformed", next_step="send it in full: hub_<8 characters>_<43 characters>"
            )
        found = await self._find(parts[1].decode())
        if found is None or not hmac.compare_digest(found.digest, hashlib.sha256(key).digest()):
            raise KeyInvalid("the API key is unknown", next_step="ask the operator for a key (`hub keys new`)")
        if not found.is_usable(datetime.now(UTC)):
            raise KeyInvalid("the API key has expired or was revoked", next_step="ask the operator for a new key")
        return Principal(
            id=f"key:{found.prefix}",
            display_name=found.name,
            is_person=False,
            client_kind=ClientKind(found.client_kind),
            roles=frozenset(),
            offices=frozenset(found.offices),
            acting_app=None,
            scopes=frozenset(found.scopes),
            expires_at=found.expires_at,
        )

    async def _find(self, prefix: str) -> _StoredKey | None:
        try:
            async with (
                self.pool.connection() as connection,
                connection.cursor(row_factory=class_row(_StoredKey)) as cursor,
            ):
                await cursor.execute(FIND, (prefix,))
                return await cursor.fetchone()
        except (psycopg.OperationalError, PoolTimeout):
            raise StoreUnavailable(
                "the database does not answer, so the API key cannot be checked", next_step="try again in a few seconds"
            ) from None
