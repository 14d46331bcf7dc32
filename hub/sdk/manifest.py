"""The manifest of a connector: what is true of a sector system without reading it, and how its rows become records.

A manifest is `connectors/<name>/manifest.toml`. Addresses and secrets are references, `{ env = "NAME" }` or
`{ file = "/run/secrets/name" }`, and are never printed. docs/reference/manifest.md lists every key and is made from these models.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, PrivateAttr, ValidationError

from hub.errors import HubMisconfigured
from hub.sdk.located import line_of
from hub.sdk.parts import Bilingual, Env, Part, SecretFile
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

Grade = Literal["A", "B", "C"]
Location = tuple[int | str, ...]
"""Where a key is: the keys and positions that lead to it."""
SOURCE = "Where the sector system is, and how gently it is treated."
STREAMS = "Name → one list of rows."


class Manifest(Part):
    """One connector."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="The name of its folder.")
    title: Bilingual = Field(description="What people call it.")
    sector: str = Field(description="Sector that it is of: place, citizen, land, finance, business.")
    owner: str = Field(description="Who answers for the data.")
    legal_basis: str = Field(description="Why they may be read.")
    version: str = Field(description="Kept with every row that waits in quarantine.")
    freshness: str = Field(description="How old data may be, as the source promises, in words.")
    schedule: str | None = Field(None, description='When it is read, as five fields of cron: "*/15 * * * *".')
    grade: Grade | None = Field(None, description="What `hub connector check` gives it: A, B or C.")
    source: Source = Field(description=SOURCE)
    streams: Mapping[str, Stream] = Field(min_length=1, description=STREAMS)

    _folder: Path | None = PrivateAttr(default=None)

    @property
    def folder(self) -> Path | None:
        """The folder it was read from; none where it was made otherwise."""
        return self._folder

    def placed(self, folder: Path) -> "Manifest":
        """The same manifest, as if it were read from this folder."""
        made = self.model_copy()
        made._folder = folder
        return made

    @property
    def kind(self) -> str:
        """The kind of its source: `sql`, `rest` …"""
        return str(getattr(self.source, "kind", ""))

    @property
    def follows(self) -> bool:
        """Whether it is followed as it changes, rather than read now and then."""
        return self.kind in ("stream", "cdc", "push")

    def environment(self) -> list[str]:
        """The environment variables it needs."""
        return sorted(r.env for r in _references(self.source) if isinstance(r, Env))


class SqlManifest(Manifest):
    """A connector to a database."""

    source: SqlSource = Field(description=SOURCE)
    streams: Mapping[str, SqlStream] = Field(min_length=1, description=STREAMS)


class FilesManifest(Manifest):
    """A connector to files."""

    source: FilesSource = Field(description=SOURCE)
    streams: Mapping[str, FilesStream] = Field(min_length=1, description=STREAMS)


class RestManifest(Manifest):
    """A connector to an HTTP API."""

    source: RestSource = Field(description=SOURCE)
    streams: Mapping[str, RestStream] = Field(min_length=1, description=STREAMS)


class SoapManifest(Manifest):
    """A connector to a SOAP service."""

    source: SoapSource = Field(description=SOURCE)
    streams: Mapping[str, SoapStream] = Field(min_length=1, description=STREAMS)


class StreamManifest(Manifest):
    """A connector to a JetStream."""

    source: StreamSource = Field(description=SOURCE)
    streams: Mapping[str, EventStream] = Field(min_length=1, description=STREAMS)


class CdcManifest(Manifest):
    """A connector to the changes of a PostgreSQL database."""

    source: CdcSource = Field(description=SOURCE)
    streams: Mapping[str, CdcStream] = Field(min_length=1, description=STREAMS)


class PushManifest(Manifest):
    """A connector to a system that sends."""

    source: PushSource = Field(description=SOURCE)
    streams: Mapping[str, PushStream] = Field(min_length=1, description=STREAMS)


KINDS: Mapping[str, type[Manifest]] = {
    "sql": SqlManifest,
    "files": FilesManifest,
    "rest": RestManifest,
    "soap": SoapManifest,
    "stream": StreamManifest,
    "cdc": CdcManifest,
    "push": PushManifest,
}
"""Kind of source → the manifest of such a connector."""


def parse(document: Mapping[str, Any]) -> Manifest:
    """A manifest of a document. Raises pydantic's ValidationError; a kind that nobody knows is one, too."""
    source = document.get("source")
    kind = source.get("kind") if isinstance(source, Mapping) else None
    return KINDS.get(str(kind), _AnyKind).model_validate(document)


class _AnyKind(Manifest):
    """Refuses a source whose kind is none of KINDS, in words that name them."""

    class _NoSource(Source):
        kind: Literal["sql", "files", "rest", "soap", "stream", "cdc", "push"]

    source: _NoSource


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a manifest: the file as people know it, the line, the key, and what about it."""

    file: str
    line: int
    key: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key}: {self.what}"


class WrongManifest(HubMisconfigured):
    """A manifest does not hold."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(
            "; ".join(map(str, faults)), next_step="correct these keys; docs/reference/manifest.md explains each"
        )


def shown(path: Path) -> str:
    """How messages name a manifest: the folder that holds the connector's, the connector's, the file."""
    return "/".join(path.parts[-3:])


def load(path: Path) -> Manifest:
    """Read a manifest, which then knows its folder. Raises WrongManifest, HubMisconfigured."""
    where = shown(path)
    try:
        text = path.read_text(encoding="utf-8")
        manifest = parse(tomllib.loads(text))
    except OSError as error:
        raise HubMisconfigured(f"{where}: {error.strerror}", next_step="a connector has a manifest.toml") from None
    except UnicodeDecodeError:
        raise HubMisconfigured(f"{where}: is not UTF-8", next_step="save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise HubMisconfigured(f"{where}: {error}", next_step="correct the TOML there") from None
    except ValidationError as error:
        raise WrongManifest(faults(where, text, [(e["loc"], e["msg"]) for e in error.errors()])) from None
    manifest._folder = path.parent
    return manifest


def faults(where: str, text: str, wrong: Iterable[tuple[Location, str]]) -> list[Fault]:
    """Faults at locations of a manifest's text, by line; one for each key that is no reference, whatever it could be."""
    found: dict[Location, Fault] = {}
    for location, what in wrong:
        place, words = _plain(location, what)
        found.setdefault(place, Fault(where, line_of(text, place), ".".join(map(str, place)), words))
    return sorted(found.values(), key=lambda fault: fault.line)


def _plain(location: Location, what: str) -> tuple[Location, str]:
    """The same fault in the words of a manifest, not of its models."""
    named = [at for at, part in enumerate(location) if part in (Env.__name__, SecretFile.__name__)]
    if named:
        return location[: named[0]], 'is a reference: { env = "NAME" } or { file = "/run/secrets/name" }'
    return location, what.removeprefix("Value error, ")


def _references(part: BaseModel) -> Iterator[Env | SecretFile]:
    for value in vars(part).values():
        if isinstance(value, Env | SecretFile):
            yield value
        elif isinstance(value, BaseModel):
            yield from _references(value)
        elif isinstance(value, dict):
            yield from (v for v in value.values() if isinstance(v, Env | SecretFile))
