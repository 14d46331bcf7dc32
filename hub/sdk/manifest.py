"""The manifest of a connector: facts about a sector system that are true without reading it, and how its rows become
records.

A manifest is `connectors/<name>/manifest.toml`. Addresses and secrets are references, `{ env = "NAME" }` or `{ file =
"/run/secrets/name" }`, and are never printed. docs/reference/manifest.md lists every key and is generated from these
models.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, PrivateAttr, ValidationError

from hub.errors import HubMisconfigured
from hub.sdk.corrections import Corrections
from hub.sdk.key_faults import describe_key_fault
from hub.sdk.parts import BilingualLabel, ManifestPart
from hub.sdk.secret_references import EnvReference, FileReference
from hub.sdk.sources import (
    CdcSource,
    FilesSource,
    PushSource,
    RestSource,
    SoapSource,
    Source,
    SqlSource,
    StreamSource,
)
from hub.sdk.streams import CdcStream, EventStream, FilesStream, PushStream, RestStream, SoapStream, SqlStream, Stream
from hub.sdk.toml_lines import find_line

GradeLetter = Literal["A", "B", "C"]
Location = tuple[int | str, ...]
"""Location of a key: the keys and positions that lead to it."""
SOURCE_DESCRIPTION = "Where the sector system is, and how gently it is treated."
STREAMS_DESCRIPTION = "Stream name → one list of rows."


class Manifest(ManifestPart):
    """One connector."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Name of the connector's folder.")
    title: BilingualLabel = Field(description="Name shown to people.")
    sector: str = Field(description="Sector of the data: place, citizen, land, finance or business.")
    owner: str = Field(description="Organisation responsible for the data.")
    legal_basis: str = Field(description="Legal basis for reading the data.")
    version: str = Field(description="Version of the connector; stored with every quarantined row.")
    freshness: str = Field(description="How old the data may be, as promised by the source, in words.")
    max_age_hours: float | None = Field(
        None,
        gt=0,
        description="How old the data may be at most, in hours: `/healthz?deep` and an alert say if it is older. No limit if not given.",
    )
    schedule: str | None = Field(
        None, description='When it is synced, as a cron expression with five fields: "*/15 * * * *".'
    )
    grade: GradeLetter | None = Field(None, description="Grade given by `hub connector check`: A, B or C.")
    corrections: Corrections | None = Field(
        None, description="How the source takes corrections of its data; from the work queue in the hub if not given."
    )
    source: Source = Field(description=SOURCE_DESCRIPTION)
    streams: Mapping[str, Stream] = Field(min_length=1, description=STREAMS_DESCRIPTION)

    _folder: Path | None = PrivateAttr(default=None)

    @property
    def folder(self) -> Path | None:
        """The folder that the manifest was read from; None if it was built otherwise."""
        return self._folder

    def move_to(self, folder: Path) -> "Manifest":
        """Return the same manifest as if it were read from this folder."""
        made = self.model_copy()
        made._folder = folder
        return made

    @property
    def kind(self) -> str:
        """The kind of its source: `sql`, `rest` …"""
        return str(getattr(self.source, "kind", ""))

    @property
    def follows(self) -> bool:
        """Whether changes are followed continuously instead of read on a schedule."""
        return self.kind in ("stream", "cdc", "push")

    def list_variables(self) -> list[str]:
        """Return the environment variables that it needs."""
        parts = (self.source, self.corrections) if self.corrections else (self.source,)
        return sorted({r.env for part in parts for r in _list_references(part) if isinstance(r, EnvReference)})


class SqlManifest(Manifest):
    """A connector to a database."""

    source: SqlSource = Field(description=SOURCE_DESCRIPTION)
    streams: Mapping[str, SqlStream] = Field(min_length=1, description=STREAMS_DESCRIPTION)


class FilesManifest(Manifest):
    """A connector to files."""

    source: FilesSource = Field(description=SOURCE_DESCRIPTION)
    streams: Mapping[str, FilesStream] = Field(min_length=1, description=STREAMS_DESCRIPTION)


class RestManifest(Manifest):
    """A connector to an HTTP API."""

    source: RestSource = Field(description=SOURCE_DESCRIPTION)
    streams: Mapping[str, RestStream] = Field(min_length=1, description=STREAMS_DESCRIPTION)


class SoapManifest(Manifest):
    """A connector to a SOAP service."""

    source: SoapSource = Field(description=SOURCE_DESCRIPTION)
    streams: Mapping[str, SoapStream] = Field(min_length=1, description=STREAMS_DESCRIPTION)


class StreamManifest(Manifest):
    """A connector to a NATS JetStream."""

    source: StreamSource = Field(description=SOURCE_DESCRIPTION)
    streams: Mapping[str, EventStream] = Field(min_length=1, description=STREAMS_DESCRIPTION)


class CdcManifest(Manifest):
    """A connector to the changes of a PostgreSQL database."""

    source: CdcSource = Field(description=SOURCE_DESCRIPTION)
    streams: Mapping[str, CdcStream] = Field(min_length=1, description=STREAMS_DESCRIPTION)


class PushManifest(Manifest):
    """A connector to a system that pushes deliveries."""

    source: PushSource = Field(description=SOURCE_DESCRIPTION)
    streams: Mapping[str, PushStream] = Field(min_length=1, description=STREAMS_DESCRIPTION)


MANIFEST_CLASSES: Mapping[str, type[Manifest]] = {
    "sql": SqlManifest,
    "files": FilesManifest,
    "rest": RestManifest,
    "soap": SoapManifest,
    "stream": StreamManifest,
    "cdc": CdcManifest,
    "push": PushManifest,
}
"""Kind of source → the manifest class of its connectors."""


def parse_manifest(document: Mapping[str, Any]) -> Manifest:
    """Validate a document as a manifest. Raises pydantic's ValidationError, also for an unknown kind."""
    source = document.get("source")
    kind = source.get("kind") if isinstance(source, Mapping) else None
    return MANIFEST_CLASSES.get(str(kind), _AnyKind).model_validate(document)


class _AnyKind(Manifest):
    """Rejects a source of unknown kind, with a message that names the known ones."""

    class _NoSource(Source):
        kind: Literal["sql", "files", "rest", "soap", "stream", "cdc", "push"]

    source: _NoSource


@dataclass(frozen=True)
class ManifestFault:
    """One error in a manifest: the file as people know it, the line, the key, and the fault."""

    file: str
    line: int
    key: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key}: {self.what}"


class WrongManifest(HubMisconfigured):
    """The manifest is not valid."""

    def __init__(self, faults: Sequence[ManifestFault]) -> None:
        self.faults = tuple(faults)
        super().__init__(
            "; ".join(map(str, faults)), next_step="correct these keys; docs/reference/manifest.md explains each"
        )


def show_path(path: Path) -> str:
    """Return the name of a manifest in messages: the last two folders and the file."""
    return "/".join(path.parts[-3:])


def load_manifest(path: Path) -> Manifest:
    """Read a manifest and remember its folder. Raises WrongManifest, HubMisconfigured."""
    where = show_path(path)
    try:
        text = path.read_text(encoding="utf-8")
        manifest = parse_manifest(tomllib.loads(text))
    except OSError as error:
        raise HubMisconfigured(
            f"{where}: {error.strerror}", next_step="every connector needs a manifest.toml"
        ) from None
    except UnicodeDecodeError:
        raise HubMisconfigured(f"{where}: is not UTF-8", next_step="save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise HubMisconfigured(f"{where}: {error}", next_step="correct the TOML at this position") from None
    except ValidationError as error:
        raise WrongManifest(
            build_faults(where, text, [(e["loc"], describe_key_fault(e)) for e in error.errors()])
        ) from None
    manifest._folder = path.parent
    return manifest


def build_faults(where: str, text: str, wrong: Iterable[tuple[Location, str]]) -> list[ManifestFault]:
    """Build the errors at locations of a manifest's text, by line: one per key, whatever forms its value could have
    taken.
    """
    found: dict[Location, ManifestFault] = {}
    for location, what in wrong:
        place, words = _reword(location, what)
        found.setdefault(place, ManifestFault(where, find_line(text, place), ".".join(map(str, place)), words))
    return sorted(found.values(), key=lambda fault: fault.line)


def _reword(location: Location, what: str) -> tuple[Location, str]:
    """Reword an error in terms of the manifest instead of its models."""
    named = [at for at, part in enumerate(location) if part in (EnvReference.__name__, FileReference.__name__)]
    if named:
        return location[: named[0]], 'must be a reference: { env = "NAME" } or { file = "/run/secrets/name" }'
    return location, what


def _list_references(part: BaseModel) -> Iterator[EnvReference | FileReference]:
    for value in vars(part).values():
        if isinstance(value, EnvReference | FileReference):
            yield value
        elif isinstance(value, BaseModel):
            yield from _list_references(value)
        elif isinstance(value, dict):
            yield from (v for v in value.values() if isinstance(v, EnvReference | FileReference))
