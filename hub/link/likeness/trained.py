"""Models in the store: the active one of each specification, read and kept, and those that were refused."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
from psycopg import Connection
from psycopg.rows import class_row
from pydantic import TypeAdapter

from hub.errors import HubMisconfigured, OperationRefused
from hub.link.model.frozen import Model, from_bytes
from hub.link.model.spec import Spec
from hub.link.model.training.acceptance import CheckVerdict, ModelCheck, is_accepted
from hub.store.query import fetch_row

CHECKS = TypeAdapter(tuple[ModelCheck, ...])


class Origin(StrEnum):
    """Where a model is from."""

    TRAINED = "TRAINED"
    START = "START"
    """Shipped with the program, for the time until there is enough to learn from."""


@dataclass(frozen=True)
class Trained:
    """A model as the store has it: its id, and the name that links bear as their method."""

    id: int
    version: int
    model: Model
    origin: Origin = Origin.TRAINED

    @property
    def method(self) -> str:
        """`party:3`: the specification and the version of its training."""
        return f"{self.model.spec.name}:{self.version}"


@dataclass(frozen=True)
class Version:
    """One version of a model, without its parameters. `records` are those it was learned from, `verdict` ACCEPTED or REJECTED."""

    id: int
    spec: str
    version: int
    digest: str
    trained_at: datetime
    active: bool
    origin: str
    verdict: str
    trained_on: Mapping[str, Any]
    checks: tuple[ModelCheck, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "checks", CHECKS.validate_python(self.checks))

    @property
    def method(self) -> str:
        """As links name it."""
        return f"{self.spec}:{self.version}"

    @property
    def failed(self) -> tuple[ModelCheck, ...]:
        """The checks that it does not hold."""
        return tuple(one for one in self.checks if one.verdict is CheckVerdict.FAILED)


VERSIONS = (
    "select id, spec, version, digest, trained_at, active, origin, verdict, trained_on, checks from link.model"
    " where spec = %s order by version desc limit %s"
)
MOST_VERSIONS = 1_000


def list_model_versions(connection: Connection[Any], spec: str, *, most: int = MOST_VERSIONS) -> list[Version]:
    """The versions of a specification, the newest first."""
    with connection.cursor(row_factory=class_row(Version)) as cursor:
        return cursor.execute(VERSIONS, (spec, most)).fetchall()


def last_refused(known: Sequence[Version]) -> Version | None:
    """Of versions, the newest first: the last that was trained, if it was refused."""
    last = next((one for one in known if one.origin == Origin.TRAINED), None)
    return last if last and last.verdict == "REJECTED" else None


def read_model(connection: Connection[Any], spec: str, version: int | None = None) -> Trained:
    """A version of a model; the active one if none is named. Raises OperationRefused if there is none, HubMisconfigured if
    it is of an earlier form of models."""
    row = connection.execute(
        "select id, version, body, origin from link.model where spec = %(spec)s"
        " and case when %(version)s::int is null then active else version = %(version)s end",
        {"spec": spec, "version": version},
    ).fetchone()
    if row is None:
        raise OperationRefused(
            f"there is no version {version} of the linking model {spec}"
            if version
            else f"no model {spec} is active yet",
            next_step="see `hub link model list`",
        )
    return Trained(row[0], row[1], from_bytes(bytes(row[2])), Origin(row[3]))


def read_active_model(connection: Connection[Any], spec: Spec) -> Trained | None:
    """The active model of a specification; None if there is none, or only for an earlier form of the specification."""
    row = connection.execute(
        "select id, version, body, origin from link.model where spec = %s and active and digest = %s",
        (spec.name, spec.digest),
    ).fetchone()
    if row is None:
        return None
    try:
        return Trained(row[0], row[1], from_bytes(bytes(row[2])), Origin(row[3]))
    except HubMisconfigured:
        return None


def keep_model(
    connection: Connection[Any], model: Model, checks: tuple[ModelCheck, ...] = (), *, origin: Origin = Origin.TRAINED
) -> Trained:
    """Store a model as the next version of its specification, active from now on unless a check failed. Earlier versions stay,
    for what they decided."""
    spec, accepted = model.spec.name, is_accepted(checks)
    values = {
        "spec": spec,
        "digest": model.digest,
        "on": orjson.dumps(asdict(model.trained_on)).decode(),
        "body": model.to_bytes(),
        "active": accepted,
        "origin": origin.value,
        "verdict": "ACCEPTED" if accepted else "REJECTED",
        "checks": orjson.dumps([asdict(one) for one in checks]).decode(),
    }
    with connection.transaction():
        if accepted:
            connection.execute("update link.model set active = false where spec = %s and active", (spec,))
        row = fetch_row(
            connection,
            "insert into link.model (spec, version, digest, trained_on, body, active, origin, verdict, checks)"
            " select %(spec)s, coalesce(max(version), 0) + 1, %(digest)s, %(on)s, %(body)s, %(active)s, %(origin)s,"
            " %(verdict)s, %(checks)s from link.model where spec = %(spec)s returning id, version",
            values,
        )
    return Trained(row[0], row[1], model, origin)
