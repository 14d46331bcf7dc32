"""Models in the store: the active one of each specification, read and kept."""

from dataclasses import dataclass
from typing import Any

import orjson
from psycopg import Connection

from hub.errors import HubMisconfigured
from hub.link.model.frozen import Model, from_bytes
from hub.link.model.spec import Spec


@dataclass(frozen=True)
class Trained:
    """A model as the store has it: its id, and the name that links bear as their method."""

    id: int
    version: int
    model: Model

    @property
    def method(self) -> str:
        """`party:3`: the specification and the version of its training."""
        return f"{self.model.spec.name}:{self.version}"


def active(connection: Connection[Any], spec: Spec) -> Trained | None:
    """The active model of a specification; None where none was trained yet. Raises HubMisconfigured where it was trained for an
    earlier form of the specification."""
    row = connection.execute(
        "select id, version, body from link.model where spec = %s and active", (spec.name,)
    ).fetchone()
    if row is None:
        return None
    model = from_bytes(bytes(row[2]))
    if not model.serves(spec):
        raise HubMisconfigured(
            f"the active linking model {spec.name}:{row[1]} was trained for another form of its specification",
            next_step="run `hub link --train`, which trains a new version and links every record anew",
        )
    return Trained(row[0], row[1], model)


def keep(connection: Connection[Any], model: Model) -> Trained:
    """Store a model as the next version of its specification, active from now on. Earlier versions stay, for what they decided."""
    spec = model.spec.name
    learned = model.trained_on
    trained_on = {
        "left": learned.left,
        "right": learned.right,
        "matches": learned.matches,
        "seed": learned.seed,
        "skipped": list(learned.skipped),
        "versions": dict(learned.versions),
    }
    with connection.transaction():
        connection.execute("update link.model set active = false where spec = %s and active", (spec,))
        row = connection.execute(
            "insert into link.model (spec, version, digest, trained_on, body, active)"
            " select %(spec)s, coalesce(max(version), 0) + 1, %(digest)s, %(on)s, %(body)s, true from link.model"
            " where spec = %(spec)s returning id, version",
            {"spec": spec, "digest": model.digest, "on": orjson.dumps(trained_on).decode(), "body": model.to_bytes()},
        ).fetchone()
    assert row is not None  # the statement returns the row it made
    return Trained(row[0], row[1], model)
