"""Senders of dossiers: one-stop systems, by the public key that they sign with. Made and revoked on the command line.

A sender's id goes into `kid` of its signatures: `one-stop-k3x7q2mn`. The key says which algorithm is accepted, and no other is.
A sender may publish its keys at an address instead (JWKS). Then `kid` has the key's id too: `one-stop-k3x7q2mn/2026-11`, and the algorithm
is the one that was registered.
"""

import re
import secrets
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key
from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from hub.access.dossiers.offices import covers_office, parse_office
from hub.access.oidc.provider import is_provider_url
from hub.errors import OperationRefused

LONGEST_DAYS = 730
MAX_NAME_CHARS, MAX_OFFICES, MAX_KEY_CHARS, MAX_URL_CHARS = 100, 500, 10_000, 500
SHORTEST_RSA_BITS = 2_048
KEY_SET_MEMBER = "jwks_uri"
"""Stands in place of a JWK where a sender publishes its keys."""
ID = re.compile(r"one-stop-[a-z2-7]{8}")
KEY_TYPES: Mapping[str, tuple[type[Key], str]] = {
    "OKP": (OKPKey, "Ed25519"),
    "EC": (ECKey, "ES256"),
    "RSA": (RSAKey, "RS256"),
}
"""Type of key → the one algorithm that it is used with here."""
INSERT = """
insert into hub.dossier_sender (id, name, algorithm, public_key, offices, expires_at)
values (%(id)s, %(name)s, %(algorithm)s, %(public_key)s, %(offices)s, %(expires_at)s)"""
SELECT = """
select id, name, algorithm, public_key, offices, created_at, expires_at, revoked_at from hub.dossier_sender"""
REVOKE = "update hub.dossier_sender set revoked_at = coalesce(revoked_at, now()) where id = %s"


@dataclass(frozen=True)
class DossierSender:
    """A sender as it is stored. `offices` are canonical unit codes: whose dossiers it may send."""

    id: str
    name: str
    algorithm: str
    public_key: dict[str, Any]
    offices: list[str]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    @property
    def key_set_url(self) -> str | None:
        """The address of its keys; None if its key is registered here."""
        url = self.public_key.get(KEY_SET_MEMBER)
        return None if url is None else str(url)

    def is_usable(self, now: datetime) -> bool:
        """Whether the sender is neither revoked nor expired."""
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True)
class KeySetLocation:
    """Where a sender publishes its keys, and the one algorithm that its signatures have."""

    url: str
    algorithm: str


def create_sender(
    connection: Connection[Any], name: str, key: str | KeySetLocation, offices: tuple[str, ...], days: int
) -> str:
    """Register a sender. `key` is its public key as PEM, or where it publishes its keys. Returns its id. Raises OperationRefused."""
    if not (0 < len(name) <= MAX_NAME_CHARS and name.isprintable()):
        raise OperationRefused(
            f"the name must have 1 to {MAX_NAME_CHARS} printable characters", next_step="name the system"
        )
    if not 0 < len(offices) <= MAX_OFFICES:
        raise OperationRefused(
            f"a sender needs 1 to {MAX_OFFICES} offices", next_step="give --office, e.g. 06820@2025-07-01"
        )
    if not 0 < days <= LONGEST_DAYS:
        raise OperationRefused(
            f"a sender must end within {LONGEST_DAYS} days", next_step="give --days between 1 and 730"
        )
    algorithm, public_key = read_key_set_location(key) if isinstance(key, KeySetLocation) else read_public_key(key)
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    values = {
        "id": "one-stop-" + "".join(secrets.choice(alphabet) for _ in range(8)),
        "name": name,
        "algorithm": algorithm,
        "public_key": Jsonb(public_key),
        "offices": [parse_office(office) for office in offices],
        "expires_at": datetime.now(UTC) + timedelta(days=days),
    }
    connection.execute(INSERT, values)
    return str(values["id"])


def read_public_key(pem: str) -> tuple[str, dict[str, Any]]:
    """The algorithm and the JWK of a public key in PEM. Raises OperationRefused."""
    step = "give the public key as PEM: Ed25519, P-256, or RSA of at least 2,048 bits"
    if "PRIVATE KEY" in pem:
        raise OperationRefused("that is a private key: it must not leave the sender", next_step=step)
    for key_type, (kind, algorithm) in KEY_TYPES.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of weak keys, which are refused below
                key = import_key(pem[:MAX_KEY_CHARS], key_type)  # type: ignore[call-overload]  # a key of KEY_TYPES, which are joserfc's own names
        except (JoseError, ValueError, TypeError):
            continue
        if isinstance(key, kind) and _is_strong(key):
            return algorithm, dict(key.as_dict(private=False))
    raise OperationRefused("the key cannot be used", next_step=step)


def read_key_set_location(location: KeySetLocation) -> tuple[str, dict[str, Any]]:
    """The algorithm, and the stored form of the JWK. Raises OperationRefused."""
    known = [algorithm for _, algorithm in KEY_TYPES.values()]
    if location.algorithm not in known:
        raise OperationRefused("the algorithm cannot be used", next_step=f"give --algorithm, one of {', '.join(known)}")
    if len(location.url) > MAX_URL_CHARS or not is_provider_url(location.url):
        raise OperationRefused(
            "the address of the keys must be https, without a user name",
            next_step="e.g. https://one-stop.example.gov.vn/jwks.json; plain http is accepted on this machine only",
        )
    return location.algorithm, {KEY_SET_MEMBER: location.url}


def _is_strong(key: Key) -> bool:
    if isinstance(key, RSAKey):
        return bool(key.raw_value.key_size >= SHORTEST_RSA_BITS)
    return getattr(key, "curve_name", None) in ("Ed25519", "P-256")


def find_sender(connection: Connection[Any], identifier: str) -> DossierSender | None:
    """The sender of this id that can be used; None if there is none."""
    if not ID.fullmatch(identifier):
        return None
    with connection.cursor(row_factory=class_row(DossierSender)) as cursor:
        found = cursor.execute(f"{SELECT} where id = %s", (identifier,)).fetchone()
    return found if found is not None and found.is_usable(datetime.now(UTC)) else None


def list_senders(connection: Connection[Any], *, every: bool = False) -> list[DossierSender]:
    """The senders that can be used, newest first; `every` includes expired and revoked ones."""
    only = "" if every else " where revoked_at is null and expires_at > now()"
    with connection.cursor(row_factory=class_row(DossierSender)) as cursor:
        return cursor.execute(f"{SELECT}{only} order by created_at desc, id").fetchall()


def revoke_sender(connection: Connection[Any], identifier: str) -> None:
    """Revoke a sender for good. Raises OperationRefused if there is none of this id."""
    if connection.execute(REVOKE, (identifier,)).rowcount != 1:
        raise OperationRefused("there is no such sender", code="NO_SENDER", next_step="see `hub senders list --all`")


def refuse_pushed_office(connection: Connection[Any], office: str) -> None:
    """Raises OperationRefused with DOSSIER_PUSHED_ONLY if a one-stop system sends the dossiers of this office."""
    if any(covers_office(sender.offices, office) for sender in list_senders(connection)):
        raise OperationRefused(
            "dossiers of this office come from its one-stop system, and are opened, changed and ended there only",
            code="DOSSIER_PUSHED_ONLY",
            next_step="register the dossier in the one-stop system; if it cannot wait, use requestEmergencyAccess",
        )
