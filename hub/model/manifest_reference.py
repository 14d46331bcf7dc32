"""The reference of manifests, made from the models in `hub.sdk`: docs/reference/manifest.md for people, a JSON Schema for editors."""

import inspect
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import models_json_schema
from pydantic_core import PydanticUndefined

from hub.model.type_words import BASIC_TYPE_WORDS, describe_type
from hub.sdk import corrections, mapping, paging, parts, secret_references, sources, streams
from hub.sdk.manifest import MANIFEST_CLASSES, Manifest

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TYPE_WORDS: Mapping[Any, str] = {
    **BASIC_TYPE_WORDS,
    timedelta: 'duration, `"15 min"`',
}
BOUND_WORDS: Mapping[str, str] = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
INTRODUCTION = """\
# Manifest

Every key of `connectors/<name>/manifest.toml`. Made from `hub/sdk/*.py` by `hub schema export`; the guide is
[Add a connector](../how-to/add-a-connector.md). A key without a default is required. Keys that are not listed here are errors.

An editor that knows TOML (Even Better TOML, taplo) completes and checks a manifest when its first line is

    #:schema ../../hub/sdk/manifest.schema.json

the path from the manifest to that file, or its whole path as `file:///…` for a connector elsewhere. `hub connector new` writes
the line. `hub connector check` says all that the editor does, and what only the schema of the hub knows, as `file:line: key`.
"""


@dataclass(frozen=True)
class SourceKindPage:
    """What the page says of one kind of source: its models and a short example."""

    source: type[BaseModel]
    stream: type[BaseModel]
    example: str


EXAMPLES: Mapping[str, SourceKindPage] = {
    "sql": SourceKindPage(
        sources.SqlSource,
        streams.SqlStream,
        """\
[source]
kind = "sql"
url = { env = "SCHOLARSHIPS_URL" }

[streams.awards]
table = "hoc_bong"
read = "incremental"
cursor = { column = "cap_nhat_luc" }
key = ["id"]
""",
    ),
    "files": SourceKindPage(
        sources.FilesSource,
        streams.FilesStream,
        """\
[source]
kind = "files"
url = { env = "TAX_DROP" }                     # sftp://hub@files.example/out
options = { password = { env = "TAX_DROP_PASSWORD" } }

[streams.payments]
files = "nop_tien_*.csv"
format = "csv"
delimiter = ";"
encoding = "cp1258"
key = ["so_bien_lai"]
""",
    ),
    "rest": SourceKindPage(
        sources.RestSource,
        streams.RestStream,
        """\
[source]
kind = "rest"
base_url = { env = "LAND_API_URL" }
auth = { kind = "api_key", key = { env = "LAND_API_KEY" } }
rate = "10/s"

[streams.parcels]
path = "/api/v1/thua-dat"
records = "du_lieu"
paging = { kind = "page", size = 500, total_pages = "so_trang" }
key = ["id"]
""",
    ),
    "soap": SourceKindPage(
        sources.SoapSource,
        streams.SoapStream,
        """\
[source]
kind = "soap"
wsdl = "registry.wsdl"                         # a file beside the manifest
endpoint = { env = "REGISTRY_URL" }

[streams.entries]
operation = "ListEntries"
records = "entries.entry"
key = ["number"]
""",
    ),
    "stream": SourceKindPage(
        sources.StreamSource,
        streams.EventStream,
        """\
[source]
kind = "stream"
url = { env = "EVENTS_URL" }                   # nats://events.example:4222
jetstream = "CIVIL"

[streams.marriages]
subject = "civil.marriage.*"
durable = "hub-marriages"
key = ["so"]
changed_at = "luc"
""",
    ),
    "cdc": SourceKindPage(
        sources.CdcSource,
        streams.CdcStream,
        """\
[source]
kind = "cdc"
url = { env = "REGISTRY_URL" }
publication = "hub"

[streams.citizens]
table = "dan_cu.cong_dan"
key = ["id"]
""",
    ),
    "push": SourceKindPage(
        sources.PushSource,
        streams.PushStream,
        """\
[source]
kind = "push"
secret = { env = "BENEFITS_SECRET" }

[streams.decisions]
records = "decisions"
key = ["so_quyet_dinh"]
deletes = "tombstone"
tombstone = { column = "trang_thai", values = ["HUY"] }
""",
    ),
}
"""Kind of source → what the page shows of it."""

PARTIES = (
    "parties",
    "table of tables",
    "",
    'Party → its parts, each made as a field: `parties.holder = { within = "chu", name = "ho_ten" }` is'
    ' `holder_name = "chu.ho_ten"`.',
)


def render_manifest_page() -> str:
    """docs/reference/manifest.md: every key with its type, default and meaning."""
    lines = [INTRODUCTION, *_section("The connector", Manifest, Manifest.model_fields)]
    lines += _section("`[source]`, of every kind", sources.Source, sources.Source.model_fields)
    lines += _section("`[streams.<name>]`, of every kind", streams.Stream, streams.Stream.model_fields)
    for name, kind in EXAMPLES.items():
        lines += [f"## kind = {name}", "", _summary(kind.source), "", _block(kind.example), ""]
        lines += ["`[source]`:", "", *_table(_own(kind.source, sources.Source)), ""]
        lines += [f"`[streams.<name>]`: {_summary(kind.stream)}", "", *_table(_own(kind.stream, streams.Stream)), ""]
    for model in TITLES:
        extra = [PARTIES] if model is mapping.Emit else []
        lines += _section(TITLES[model], model, model.model_fields, extra)
    return "\n".join(lines).rstrip("\n") + "\n"


def render_manifest_schema() -> str:
    """hub/sdk/manifest.schema.json: a JSON Schema (draft 2020-12) that says for each kind of source what may stand in it."""
    _, document = models_json_schema([(model, "validation") for model in MANIFEST_CLASSES.values()], by_alias=True)
    kind = {"type": "object", "required": ["kind"], "properties": {"kind": {"enum": list(MANIFEST_CLASSES)}}}
    schema = {
        "$schema": DIALECT,
        "title": "Manifest of a connector",
        "type": "object",
        "required": ["source"],
        "properties": {"source": kind},
        "allOf": [_when(name, model) for name, model in MANIFEST_CLASSES.items()],
        "$defs": document["$defs"],
    }
    return json.dumps(schema, indent=1, ensure_ascii=False, sort_keys=False) + "\n"


def _when(kind: str, model: type[Manifest]) -> dict[str, Any]:
    named = {"type": "object", "required": ["kind"], "properties": {"kind": {"const": kind}}}
    return {
        "if": {"required": ["source"], "properties": {"source": named}},
        "then": {"$ref": f"#/$defs/{model.__name__}"},
    }


def _section(
    title: str, model: type[BaseModel], fields: Mapping[str, FieldInfo], extra: Sequence[tuple[str, ...]] = ()
) -> list[str]:
    return [f"## {title}", "", _summary(model), "", *_table(fields, extra), ""]


def _table(fields: Mapping[str, FieldInfo], extra: Sequence[tuple[str, ...]] = ()) -> list[str]:
    rows = [(name, _type(f.annotation), _default(f), _meaning(f)) for name, f in fields.items()]
    lines = ["| key | what it is | default | meaning |", "|---|---|---|---|"]
    return lines + [
        f"| `{name}` | {kind} | {default} | {meaning} |" for name, kind, default, meaning in [*rows, *extra]
    ]


def _own(model: type[BaseModel], base: type[BaseModel]) -> dict[str, FieldInfo]:
    """What a kind adds to what every kind has, or has otherwise."""
    return {
        name: field
        for name, field in model.model_fields.items()
        if name not in base.model_fields or repr(field) != repr(base.model_fields[name])
    }


def _type(annotation: Any) -> str:
    return describe_type(annotation, TYPE_WORDS, _describe_model)


def _describe_model(annotation: Any) -> str:
    if inspect.isclass(annotation) and issubclass(
        annotation, secret_references.EnvReference | secret_references.FileReference
    ):
        return "[reference](#reference-env)"
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return f"[{TITLES[annotation]}](#{_anchor(annotation)})" if annotation in TITLES else "table"
    inside = get_args(annotation)
    return f"table of {_type(inside[1])}" if inside else "table"


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    if field.default is None or field.default in ((), {}, ""):
        return ""
    return f"`{json.dumps(field.default, ensure_ascii=False)}`"


def _meaning(field: FieldInfo) -> str:
    bounds = [
        f"{words} {getattr(m, name):,}"
        for m in field.metadata
        for name, words in BOUND_WORDS.items()
        if hasattr(m, name)
    ]
    said = (field.description or "").replace("|", "\\|")
    return f"{said} {', '.join(bounds).capitalize()}." if bounds else said


TITLES: Mapping[type[BaseModel], str] = {
    sources.OAuth2: "auth, oauth2_client_credentials",
    sources.ApiKeyAuth: "auth, api_key",
    sources.Basic: "auth, basic",
    sources.WsSecurity: "auth, ws_security",
    sources.XRoad: "xroad",
    streams.Cursor: "cursor",
    paging.PagePaging: "paging, page",
    paging.OffsetPaging: "paging, offset",
    paging.CursorPaging: "paging, cursor",
    paging.LinkPaging: "paging, link",
    paging.NextPaging: "paging, next",
    streams.Since: "since",
    streams.RestLookup: "lookup, rest",
    streams.SoapLookup: "lookup, soap",
    mapping.Emit: "emits",
    mapping.FieldMapping: "fields",
    mapping.Split: "split",
    mapping.Join: "join",
    mapping.Condition: "condition",
    mapping.Patch: "patches",
    corrections.ApiCorrections: "corrections, api",
    corrections.FileCorrections: "corrections, file",
    corrections.QueuedCorrections: "corrections, queue",
    parts.BilingualLabel: "title",
    secret_references.EnvReference: "reference, env",
    secret_references.FileReference: "reference, file",
}
"""Part → the heading of its section: the key that it stands under, and which of several."""


def _anchor(model: type[BaseModel]) -> str:
    return TITLES[model].replace(", ", "-")


def _summary(model: type[BaseModel]) -> str:
    return inspect.cleandoc(model.__doc__ or "").replace("\n", " ")


def _block(text: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in text.rstrip("\n").splitlines())
