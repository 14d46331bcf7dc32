"""Dossiers that a one-stop system sends: checked by its signature, and opened, extended or ended.

The signature is a detached JWS (RFC 7515, appendix F) over the whole body. Its protected header has `alg`, `kid` (the sender), `iat`
(seconds since 1970) and `jti` (never used before), and nothing else.
"""

import hashlib
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key, import_key
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode
from psycopg import Connection
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from hub.access.callers.principals import ClientKind, Principal
from hub.access.dossiers.dossier_rules import (
    OPEN_SCOPE,
    FoundSubject,
    check_code,
    check_in_force,
    check_level,
    check_life,
    check_subjects,
    make_refusal,
)
from hub.access.dossiers.dossier_senders import DossierSender, KeySetLocation, find_sender
from hub.access.dossiers.dossier_store import (
    Dossier,
    NamedSubject,
    alarm_if_withheld,
    find_subjects,
    insert_dossier,
    insert_subjects,
    load_dossier,
    lock_dossier,
    write_end,
)
from hub.access.dossiers.offices import covers_office, parse_office
from hub.access.purposes import Purpose, find_purpose
from hub.errors import OperationRefused
from hub.store.event_outbox import record_dossier_change

MAX_SIGNATURE_CHARS = 2_000
TOLERANCE_S = 300
"""How far `iat` may be from the hub's clock. Signatures are remembered for twice as long, so none is used twice."""
MAX_REMEMBERED = 20_000
"""Signatures of one sender that are remembered at once: above it, it sends faster than 33 dossiers a second."""
KEY_SEPARATOR = "/"
"""Stands in `kid` between a sender who publishes keys and the key."""
HEADER_NAMES = frozenset({"alg", "kid", "iat", "jti", "typ"})
JTI = re.compile(r"[\x21-\x7e]{1,100}")
FORGET = "delete from hub.dossier_push where at < now() - interval '10 minutes' and sender = %s"
COUNT = "select count(*) from hub.dossier_push where sender = %s"
REMEMBER = "insert into hub.dossier_push (sender, jti) values (%s, %s) on conflict do nothing"
LOCK = "select pg_advisory_xact_lock(hashtextextended(%s, 7022))"
PUSHED = "select pushed_version, pushed_digest from hub.dossier where code = %s"
MARK = """
update hub.dossier set sender = %s, pushed_version = %s, pushed_digest = %s, expires_at = coalesce(%s, expires_at)
where code = %s"""


class SignatureRefused(OperationRefused):
    """The delivery is not signed by a registered sender, or was signed too long ago or already used."""

    code = "SIGNATURE_INVALID"


class PushedSubject(BaseModel):
    """A subject: its role, kind, and one key of it, e.g. Citizen by personal_id."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    role: Annotated[str, Field(max_length=60)]
    kind: Annotated[str, Field(max_length=60)]
    field: Annotated[str, Field(max_length=60)]
    value: Annotated[str, Field(min_length=1, max_length=100)]


class PushedDossier(BaseModel):
    """What a one-stop system says of a dossier. A later version of the same dossier has a higher `version`."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)
    code: Annotated[str, Field(max_length=60)]
    version: Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
    state: Literal["OPEN", "CLOSED", "WITHDRAWN"]
    purpose: Annotated[str, Field(max_length=60)]
    purpose_version: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    office: Annotated[str, Field(max_length=40)]
    subjects: Annotated[list[PushedSubject], Field(max_length=50)] = []
    expires_at: AwareDatetime | None = None
    reason: Annotated[str, Field(max_length=500)] = ""


@dataclass(frozen=True)
class PushResult:
    """The dossier as it is now; `is_new` is False if this version was known."""

    dossier: Dossier
    is_new: bool


def names_published_key(signature: str) -> bool:
    """Whether a signature names a key that its sender publishes. Raises SignatureRefused."""
    return KEY_SEPARATOR in _read_header(signature)["kid"]


def find_published_key(connection: Connection[Any], signature: str) -> tuple[KeySetLocation, str]:
    """Where the sender publishes the key that a signature names, and its id. Raises SignatureRefused."""
    header = _read_header(signature)
    identifier, _, key_id = header["kid"].partition(KEY_SEPARATOR)
    sender = find_sender(connection, identifier)
    if sender is None or sender.key_set_url is None or header["alg"] != sender.algorithm or not key_id:
        raise _refuse_signature()
    return KeySetLocation(sender.key_set_url, sender.algorithm), key_id


def verify_push(
    connection: Connection[Any],
    body: bytes,
    signature: str,
    *,
    published: tuple[KeySetLocation, Key | None] | None = None,
    now_s: float | None = None,
) -> DossierSender:
    """The sender who signed this body. Uses the signature up. Raises SignatureRefused.

    `published` is the key that `find_published_key` led to, and where it was.
    """
    header = _read_header(signature)
    sender = find_sender(connection, header["kid"].partition(KEY_SEPARATOR)[0] if published else header["kid"])
    if sender is None or header["alg"] != sender.algorithm:
        raise _refuse_signature()
    location, key = published or (None, None)
    if sender.key_set_url != (location.url if location else None) or (location and key is None):
        raise _refuse_signature()
    try:
        registry = JWSRegistry(algorithms=[sender.algorithm], strict_check_header=False)
        jws.deserialize_compact(signature, key or import_key(sender.public_key), registry=registry, payload=body)
    except (JoseError, ValueError):
        raise _refuse_signature() from None
    if abs((time.time() if now_s is None else now_s) - header["iat"]) > TOLERANCE_S:
        raise SignatureRefused(
            f"iat is more than {TOLERANCE_S} s from the hub's clock",
            code="TIMESTAMP_OUTSIDE_TOLERANCE",
            next_step="sign again, and check both clocks",
        )
    connection.execute(FORGET, (sender.id,))
    row = connection.execute(COUNT, (sender.id,)).fetchone()
    if row is not None and row[0] >= MAX_REMEMBERED:
        raise SignatureRefused("the sender sends too fast", code="RATE_LIMITED", next_step="wait some minutes")
    if connection.execute(REMEMBER, (sender.id, header["jti"])).rowcount != 1:
        raise SignatureRefused(
            "this signature was used before",
            code="SIGNATURE_REPLAYED",
            next_step="sign each delivery anew, with its own jti",
        )
    return sender


def find_closing(connection: Connection[Any], sender: DossierSender, body: bytes) -> str | None:
    """The code of the dossier that this delivery of a verified sender will close; None if it closes none, or not now.

    Changes nothing, so that a snapshot can be kept before. Raises OperationRefused as `take_push` does.
    """
    sent = parse_push(body)
    if sent.state != "CLOSED":
        return None
    code, office = check_code(sent.code, datetime.now(UTC).date()), parse_office(sent.office)
    purpose = find_purpose(sent.purpose)
    _check_sender(sender, sent, office, purpose)
    known = load_dossier(connection, code)
    if known is None or known.outcome is not None or _is_known(connection, known, sent, _digest(sent)):
        return None
    _check_same(known, office, purpose)
    return code


def take_push(connection: Connection[Any], sender: DossierSender, body: bytes) -> PushResult:
    """Open, extend or end the dossier that a verified sender sent. The same version again changes nothing.

    Raises OperationRefused as `open_dossier` does, and with BAD_USER_INPUT, PURPOSE_VERSION_OTHER, DOSSIER_UNKNOWN, DOSSIER_EXISTS,
    DOSSIER_VERSION_OLD, DOSSIER_VERSION_CONFLICT, DOSSIER_CHANGED.
    """
    now = datetime.now(UTC)
    sent, principal = parse_push(body), make_sender_principal(sender)
    code, office, purpose = check_code(sent.code, now.date()), parse_office(sent.office), find_purpose(sent.purpose)
    _check_sender(sender, sent, office, purpose)
    found = find_subjects(connection, [NamedSubject(s.role, s.kind, s.field, s.value) for s in sent.subjects])
    alarm_if_withheld(connection, found, principal)
    digest = _digest(sent)
    with connection.transaction():
        connection.execute(LOCK, (code,))  # two versions of one dossier at once are taken one after the other
        lock_dossier(connection, code)  # an officer of the office may be adding somebody
        known = load_dossier(connection, code)
        if known is not None and _is_known(connection, known, sent, digest):
            return PushResult(known, is_new=False)
        if known is None:
            _open(connection, sent, code, office, purpose, found, principal)
        else:
            _change(connection, known, sent, office, purpose, found, principal)
        expires_at = check_life(sent.expires_at, now) if sent.expires_at and sent.state == "OPEN" else None
        connection.execute(MARK, (sender.id, sent.version, digest, expires_at, code))
    made = load_dossier(connection, code)
    assert made is not None  # dossiers are never deleted
    return PushResult(made, is_new=True)


def parse_push(body: bytes) -> PushedDossier:
    """What a body says. Raises OperationRefused that names the keys, and no value."""
    try:
        return PushedDossier.model_validate_json(body)
    except ValidationError as error:
        wrong = sorted({".".join(map(str, one["loc"])) or "the body" for one in error.errors()})[:10]
        raise make_refusal(
            f"not as expected: {', '.join(wrong)}", "BAD_USER_INPUT", "see docs/how-to/push-dossiers.md for each key"
        ) from None


def _read_header(signature: str) -> dict[str, Any]:
    """The protected header of a detached JWS, which is not verified yet. Raises SignatureRefused."""
    parts = signature.split(".")
    if len(signature) > MAX_SIGNATURE_CHARS or len(parts) != 3 or parts[1] or not parts[0]:
        raise _refuse_signature()
    try:
        header = json.loads(urlsafe_b64decode(parts[0].encode()))
    except ValueError:
        raise _refuse_signature() from None
    if not isinstance(header, dict) or not header.keys() <= HEADER_NAMES:
        raise _refuse_signature()
    issued_at, number = header.get("iat"), header.get("jti")
    texts = isinstance(header.get("kid"), str) and isinstance(header.get("alg"), str)
    if not texts or type(issued_at) is not int or not isinstance(number, str) or not JTI.fullmatch(number):
        raise _refuse_signature()
    return header


def _check_sender(sender: DossierSender, sent: PushedDossier, office: str, purpose: Purpose) -> None:
    if not covers_office(sender.offices, office):
        raise make_refusal("the sender is not registered for this office", "OFFICE_FORBIDDEN", "see `hub senders list`")
    if not purpose.declaration.dossier:
        raise make_refusal(f"the purpose {purpose.code} has no dossiers", "FORBIDDEN", "send the code of a procedure")
    check_level(purpose.declaration, office)
    if sent.purpose_version is not None and sent.purpose_version != purpose.version:
        raise make_refusal(
            f"the hub has another version of {purpose.code}: {purpose.version}",
            "PURPOSE_VERSION_OTHER",
            "check the changes (`hub purposes diff`), and send that version, or none",
        )


def _is_known(connection: Connection[Any], known: Dossier, sent: PushedDossier, digest: bytes) -> bool:
    held = connection.execute(PUSHED, (known.code,)).fetchone()
    if known.opened_via != "PUSH" or held is None:
        raise make_refusal(
            "a dossier of this code was opened here", "DOSSIER_EXISTS", "check the code; each dossier has its own"
        )
    version, content = held
    if sent.version < version:
        raise make_refusal(
            f"version {version} of this dossier is here already", "DOSSIER_VERSION_OLD", "send newer versions only"
        )
    if sent.version == version and bytes(content) != digest:
        raise make_refusal(
            f"version {version} of this dossier is here with other content",
            "DOSSIER_VERSION_CONFLICT",
            "give each change a version of its own",
        )
    return bool(sent.version == version)


def _open(
    connection: Connection[Any],
    sent: PushedDossier,
    code: str,
    office: str,
    purpose: Purpose,
    found: Sequence[FoundSubject],
    principal: Principal,
) -> None:
    if sent.state != "OPEN":
        raise make_refusal("a dossier that is not here cannot be ended", "DOSSIER_UNKNOWN", "send it as OPEN first")
    now = datetime.now(UTC)
    check_in_force(purpose.declaration, now.date())
    check_subjects(purpose.declaration, found, now.date())
    row = {
        "code": code,
        "purpose": purpose.code,
        "purpose_version": purpose.version,
        "office": office,
        "opened_by": principal.id,
        "acting_app": None,
        "opened_via": "PUSH",
        "now": now,
        "expires_at": check_life(sent.expires_at, now),
        "emergency_reason": None,
    }
    insert_dossier(connection, row, found, principal)


def _change(
    connection: Connection[Any],
    known: Dossier,
    sent: PushedDossier,
    office: str,
    purpose: Purpose,
    found: Sequence[FoundSubject],
    principal: Principal,
) -> None:
    """End a dossier, or add subjects. A read for a subject cannot be taken back, so none is removed."""
    _check_same(known, office, purpose)
    if known.outcome is not None:
        raise make_refusal(f"the dossier is {known.outcome}", "DOSSIER_ENDED", "send new work under a new code")
    if sent.state != "OPEN":
        reason = sent.reason.strip() or "ended by the one-stop system"
        write_end(connection, known, sent.state, reason, principal)
        return
    present = {(s.role, s.entity, s.field, s.value) for s in known.subjects}
    wanted = {(s.role, s.entity, s.field, s.value) for s in found}
    if present - wanted:
        raise make_refusal(
            "a subject of the dossier is missing in this version",
            "DOSSIER_CHANGED",
            "send every subject again; to remove one, withdraw the dossier, and send it under a new code",
        )
    check_subjects(purpose.declaration, found, datetime.now(UTC).date())
    new = [s for s in found if (s.role, s.entity, s.field, s.value) not in present]
    insert_subjects(connection, known.id, new, principal)
    if new:
        record_dossier_change(connection, known.id)


def _check_same(known: Dossier, office: str, purpose: Purpose) -> None:
    if (known.office, known.purpose) != (office, purpose.code):
        raise make_refusal(
            "the dossier has another office or procedure here",
            "DOSSIER_CHANGED",
            "withdraw it, and send it under a new code",
        )


def _digest(sent: PushedDossier) -> bytes:
    return hashlib.sha256(sent.model_dump_json().encode()).digest()


def make_sender_principal(sender: DossierSender) -> Principal:
    """The principal on whose behalf a sender's deliveries are carried out. It is answered with no value."""
    return Principal(
        id=f"sender:{sender.id}",
        display_name=sender.name,
        is_person=False,
        client_kind=ClientKind.APP,
        roles=frozenset(),
        offices=frozenset(sender.offices),
        acting_app=None,
        scopes=frozenset({OPEN_SCOPE}),
        expires_at=sender.expires_at,
    )


def _refuse_signature() -> SignatureRefused:
    return SignatureRefused(
        "the delivery is not signed by a registered sender",
        next_step="send a detached JWS over the whole body; docs/how-to/push-dossiers.md has an example",
    )
