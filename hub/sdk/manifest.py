"""The manifest of a connector: what is true of a sector system without reading it, and how its rows become records.

A manifest is `connectors/<name>/manifest.toml`. Addresses and secrets are references to the environment, `{ env = "NAME" }`,
and are never printed. docs/connectors.md explains every key by example.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hub.errors import HubMisconfigured

PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


class Part(BaseModel):
    """Base of every part: unknown keys are errors, values do not change."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Env(Part):
    """A value that the environment holds."""

    env: str

    def value(self, connector: str) -> str:
        """The value. Raises HubMisconfigured naming the variable."""
        found = os.environ.get(self.env)
        if not found:
            raise HubMisconfigured(
                f"connector {connector}: {self.env} is not set",
                next_step=f"set {self.env}, in the environment or .hub/hub.env",
            )
        return found


class Bilingual(Part):
    """A label in the two languages of the user interface."""

    vi: str
    en: str


class SqlSource(Part):
    """A database, by SQLAlchemy or postgresql:// URL."""

    kind: Literal["sql"]
    url: Env


class FilesSource(Part):
    """A folder of files: from the environment, or (`beside`) a path from the folder that holds `connectors/`."""

    kind: Literal["files"]
    folder: Env | None = None
    beside: str | None = None

    @model_validator(mode="after")
    def _one_place(self) -> "FilesSource":
        if (self.folder is None) == (self.beside is None):
            raise ValueError("give folder or beside")
        return self


class OAuth2(Part):
    """OAuth2 client credentials (RFC 6749, 4.4): the token is fetched from `token_path` and renewed when it ends."""

    kind: Literal["oauth2_client_credentials"]
    token_path: str
    client_id: Env
    client_secret: Env


class ApiKey(Part):
    """A key in a header."""

    kind: Literal["api_key"]
    header: str = "X-API-Key"
    key: Env


class RestSource(Part):
    """An HTTP API."""

    kind: Literal["rest"]
    base_url: Env
    auth: Annotated[OAuth2 | ApiKey, Field(discriminator="kind")] | None = None
    timeout_s: float = Field(30.0, gt=0)
    attempts: int = Field(4, ge=1, le=10)


class Pages(Part):
    """Numbered pages: the parameters that ask for one, and where a page says how many there are."""

    page: str = "page"
    size_parameter: str = "page_size"
    size: int = Field(1000, ge=1)
    total_pages: str


class FieldMapping(Part):
    """How one field is made. `column` (or a template of columns) gives the text, the rest turns it into what the schema wants.

    `formats` are tried in order (strptime; `%Y` alone gives the year); `codes` translates,
    or names the language whose labels of the code list the source writes; `number = "vi"` reads 1.250.000,5;
    `null` lists texts that mean nothing.
    """

    column: str | None = None
    template: str | None = None
    constant: str | None = None
    formats: tuple[str, ...] = ()
    codes: dict[str, str] | Literal["vi", "en"] = Field(default_factory=dict)
    number: Literal["vi"] | None = None
    null: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_origin(self) -> "FieldMapping":
        if sum(origin is not None for origin in (self.column, self.template, self.constant)) != 1:
            raise ValueError("give one of column, template, constant")
        return self

    def columns(self) -> Iterator[str]:
        """The source columns it reads."""
        if self.column is not None:
            yield self.column
        elif self.template is not None:
            yield from PLACEHOLDER.findall(self.template)


class Emit(Part):
    """One kind of record that a stream gives: fields by name, and the list that is unfolded to one row for each item."""

    explode: str | None = None
    fields: dict[str, FieldMapping]

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and isinstance(value.get("fields"), Mapping):
            fields = {n: {"column": m} if isinstance(m, str) else m for n, m in value["fields"].items()}
            return {**value, "fields": fields}
        return value


class Stream(Part):
    """One list of rows of the source: how to read it, its key, what it gives."""

    table: str | None = None
    path: str | None = None
    records: str | None = None
    pages: Pages | None = None
    files: str | None = None
    format: Literal["csv", "excel", "jsonl"] | None = None
    delimiter: str = ","
    encoding: Literal["utf-8"] = "utf-8"
    sheet: str | None = None
    key: tuple[str, ...] = Field(min_length=1)
    changed_at: str | None = None
    deletes: Literal["sweep", "none"] = "sweep"
    max_deleted: float = Field(0.2, ge=0, le=1)
    optional: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    emits: dict[str, Emit] = Field(min_length=1)

    def columns(self) -> set[str]:
        """Every source column that the stream reads."""
        read = {column for emit in self.emits.values() for m in emit.fields.values() for column in m.columns()}
        read |= {emit.explode for emit in self.emits.values() if emit.explode}
        return read | set(self.key) | ({self.changed_at} if self.changed_at else set())


class Manifest(Part):
    """One connector."""

    name: str
    title: Bilingual
    sector: str
    owner: str
    legal_basis: str
    version: str
    freshness: str = Field(description="How old data may be, as the source promises, in words.")
    source: Annotated[SqlSource | FilesSource | RestSource, Field(discriminator="kind")]
    streams: dict[str, Stream] = Field(min_length=1)

    def environment(self) -> list[str]:
        """The environment variables it needs."""
        return sorted(_env_names(self.source))


def load(path: Path) -> Manifest:
    """Read a manifest. Raises HubMisconfigured naming the file and each wrong key."""
    where = f"connectors/{path.parent.name}/{path.name}"
    try:
        return Manifest(**tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise HubMisconfigured(f"{where}: {error.strerror}", next_step="a connector has a manifest.toml") from None
    except tomllib.TOMLDecodeError as error:
        raise HubMisconfigured(f"{where}: {error}", next_step="correct the TOML there") from None
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise HubMisconfigured(
            f"{where}: {wrong}", next_step="correct these keys; docs/connectors.md explains each"
        ) from None


def _env_names(part: BaseModel) -> Iterator[str]:
    for value in vars(part).values():
        if isinstance(value, Env):
            yield value.env
        elif isinstance(value, BaseModel):
            yield from _env_names(value)
