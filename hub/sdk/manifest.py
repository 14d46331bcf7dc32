"""The manifest of a connector: what is true of a sector system without reading it, and how its rows become records.

A manifest is `connectors/<name>/manifest.toml`. Addresses and secrets are references, `{ env = "NAME" }` or
`{ file = "/run/secrets/name" }`, and are never printed. docs/manifest.md lists every key and is made from these models.
"""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

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


class Manifest(Part):
    """One connector."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="The name of its folder.")
    title: Bilingual
    sector: str
    owner: str = Field(description="Who answers for the data.")
    legal_basis: str = Field(description="Why they may be read.")
    version: str = Field(description="Kept with every row that waits in quarantine.")
    freshness: str = Field(description="How old data may be, as the source promises, in words.")
    schedule: str | None = Field(None, description='When it is read, as five fields of cron: "*/15 * * * *".')
    grade: Grade | None = Field(None, description="What `hub connector check` gives it: A, B or C.")
    source: Source
    streams: Mapping[str, Stream] = Field(min_length=1)

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

    source: SqlSource
    streams: Mapping[str, SqlStream] = Field(min_length=1)


class FilesManifest(Manifest):
    """A connector to files."""

    source: FilesSource
    streams: Mapping[str, FilesStream] = Field(min_length=1)


class RestManifest(Manifest):
    """A connector to an HTTP API."""

    source: RestSource
    streams: Mapping[str, RestStream] = Field(min_length=1)


class SoapManifest(Manifest):
    """A connector to a SOAP service."""

    source: SoapSource
    streams: Mapping[str, SoapStream] = Field(min_length=1)


class StreamManifest(Manifest):
    """A connector to a JetStream."""

    source: StreamSource
    streams: Mapping[str, EventStream] = Field(min_length=1)


class CdcManifest(Manifest):
    """A connector to the changes of a PostgreSQL database."""

    source: CdcSource
    streams: Mapping[str, CdcStream] = Field(min_length=1)


class PushManifest(Manifest):
    """A connector to a system that sends."""

    source: PushSource
    streams: Mapping[str, PushStream] = Field(min_length=1)


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


def load(path: Path) -> Manifest:
    """Read a manifest. Raises HubMisconfigured naming the file, and line, key and fault of each wrong key."""
    where = f"{path.parent.parent.name}/{path.parent.name}/{path.name}"
    try:
        text = path.read_text(encoding="utf-8")
        return parse(tomllib.loads(text))
    except OSError as error:
        raise HubMisconfigured(f"{where}: {error.strerror}", next_step="a connector has a manifest.toml") from None
    except UnicodeDecodeError:
        raise HubMisconfigured(f"{where}: is not UTF-8", next_step="save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise HubMisconfigured(f"{where}: {error}", next_step="correct the TOML there") from None
    except ValidationError as error:
        wrong = "; ".join(f"line {line_of(text, e['loc'])}: {_key(e['loc'])}: {e['msg']}" for e in error.errors())
        raise HubMisconfigured(
            f"{where}: {wrong}", next_step="correct these keys; docs/manifest.md explains each"
        ) from None


def _key(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location))


def _references(part: BaseModel) -> Iterator[Env | SecretFile]:
    for value in vars(part).values():
        if isinstance(value, Env | SecretFile):
            yield value
        elif isinstance(value, BaseModel):
            yield from _references(value)
        elif isinstance(value, dict):
            yield from (v for v in value.values() if isinstance(v, Env | SecretFile))
