"""How a sector system takes corrections: by its API, by files, or from the work queue in the hub."""

from typing import Annotated, Literal

from pydantic import Field

from hub.sdk.parts import ManifestPart
from hub.sdk.secret_references import Reference
from hub.sdk.sources import Auth


class CorrectionTerms(ManifestPart):
    """What every way of taking corrections has."""

    days: int | None = Field(
        None, ge=1, le=250, description="Working days that the source has; HUB_CORRECTION_DAYS if not given."
    )
    remind_every: int = Field(
        2, ge=1, le=60, description="Working days between reminders, from the deadline on.",
    )  # fmt: skip


class ApiCorrections(CorrectionTerms):
    """Each correction is sent to an HTTP API as a POST with a JSON body and an `Idempotency-Key`."""

    way: Literal["api"] = Field(description="Way of sending.")
    url: Reference = Field(description="Address that corrections are posted to.")
    auth: Auth | None = Field(None, description="How the hub authenticates; not at all if not given.")
    headers: dict[str, str] = Field({}, description="Headers that are not secret.")
    timeout_s: float = Field(30.0, gt=0, le=300, description="Longest wait for one answer, in seconds.")
    attempts: int = Field(
        3, ge=1, le=10, description="Attempts in a row; after that the correction waits and is tried again later."
    )


class FileCorrections(CorrectionTerms):
    """Each correction is a JSON file in a folder; the source puts a file with its answer into another folder."""

    way: Literal["file"] = Field(description="Way of sending.")
    outbox: Reference = Field(description="Folder that the hub writes to: a path, sftp://user@host/path, s3://bucket.")
    acknowledgements: Reference = Field(description="Folder that the hub reads answers from, written the same way.")
    options: dict[str, Reference] = Field(
        {}, description="File system options: password, key_filename, known_hosts; key, secret, endpoint_url."
    )
    timeout_s: float = Field(30.0, gt=0, le=300, description="Longest wait for one answer, in seconds.")
    attempts: int = Field(3, ge=1, le=10, description="Attempts per request.")


class QueuedCorrections(CorrectionTerms):
    """The sector's steward works through the queue in the hub. This is so without the key, too."""

    way: Literal["queue"] = Field(description="Way of sending.")


Corrections = Annotated[ApiCorrections | FileCorrections | QueuedCorrections, Field(discriminator="way")]
BY_QUEUE = QueuedCorrections(way="queue")
"""Of a source that declares nothing."""
