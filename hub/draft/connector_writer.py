"""Write: a drafted connector's folder, for a person to go on with: the manifest with its doubts, and samples of nobody."""

import json
import re
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from hub.conform.rows import samples
from hub.draft.field_proposals import Columns, FieldProposal, find_changed_at, find_key, propose_fields
from hub.draft.pseudonyms import Pseudonyms
from hub.draft.source_probe import ProbeResult
from hub.errors import HubError, OperationRefused
from hub.ingest.connectors import load_connector
from hub.ingest.read.json_rows import build_frame
from hub.ingest.values.vietnamese_codecs import repair_text, vietnamese_share
from hub.model.registry import Entity
from hub.sdk.manifest import parse_manifest
from hub.settings import MANIFEST_FILE

SCHEMA_FILE = Path(__file__).parents[1] / "sdk" / "manifest.schema.json"
OLD_SHARE = 0.6
"""Share of words with marks that are Vietnamese syllables only when read as an old encoding."""
BARE_KEY = re.compile(r"^[A-Za-z0-9_-]+$")


@dataclass(frozen=True)
class ConnectorFacts:
    """What no source says of itself."""

    title_vi: str
    title_en: str
    owner: str
    legal_basis: str
    stream: str


@dataclass(frozen=True)
class ConnectorDraft:
    """The draft: the folder, what it proposes, required fields that nothing was found for, what could not be mapped."""

    folder: Path
    entity: Entity
    proposals: Sequence[FieldProposal]
    missing: Sequence[str]
    unmapped: Sequence[str]
    problem: str | None = None


def columns_of(rows: Sequence[Mapping[str, Any]]) -> Columns:
    """Columns, those of nested objects by path, with the texts that were seen. Lists are left out."""
    if not rows:
        return {}
    frame = build_frame([dict(row) for row in rows])
    return {
        name: [str(value) for value in frame[name].drop_nulls().to_list()]
        for name in frame.columns
        if not frame[name].dtype.is_nested()
    }


def text_encoding_of(columns: Columns) -> Literal["tcvn3", "vni"] | None:
    """The old encoding that the texts really are of; None if they are Unicode, or nothing can be told."""
    text = " ".join(value for values in columns.values() for value in values)
    shares: dict[Literal["tcvn3", "vni"], float] = {"tcvn3": 0.0, "vni": 0.0}
    for name in shares:
        shares[name] = vietnamese_share(" ".join(repair_text(word, name) for word in text.split()))
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] >= OLD_SHARE and shares[best] > 2 * vietnamese_share(text) else None


def write_connector(
    folder: Path, probed: ProbeResult, entity: Entity, facts: ConnectorFacts, files: Sequence[Path] = ()
) -> ConnectorDraft:
    """Write the connector, and copies of the files that its manifest names. Raises OperationRefused if there is one."""
    if (folder / MANIFEST_FILE).exists():
        raise OperationRefused(
            f"{folder} already has a manifest",
            next_step="add a stream to it with --add-stream, choose another name, or remove the folder",
        )
    made = _StreamProposal.of(probed, entity)
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copyfile(file, folder / file.name)
    text = "\n".join([*_render_head(probed, entity, facts), "", *_render_stream(made, facts)]) + "\n"
    (folder / MANIFEST_FILE).write_text(text, "utf-8")
    return _write_samples(folder, made, facts)


def add_stream(folder: Path, probed: ProbeResult, entity: Entity, facts: ConnectorFacts) -> ConnectorDraft:
    """Add a stream to the connector's manifest, which stays as it is otherwise. Raises OperationRefused, WrongManifest."""
    declared = load_connector(folder)
    if facts.stream in declared.streams:
        raise OperationRefused(
            f"{folder} has a stream {facts.stream} already",
            next_step=f"choose another name: --stream; it has {', '.join(declared.streams)}",
        )
    made = _StreamProposal.of(probed, entity)
    before = (folder / MANIFEST_FILE).read_text("utf-8")
    text = before.rstrip("\n") + "\n\n" + "\n".join(_render_stream(made, facts)) + "\n"
    try:
        parse_manifest(tomllib.loads(text))
    except ValueError as error:
        raise OperationRefused(
            f"a stream cannot be added to {folder / MANIFEST_FILE} as it stands: {type(error).__name__}",
            next_step="write [streams.<name>] as tables of their own, or add it by hand",
        ) from None
    written = folder / f"{MANIFEST_FILE}.new"
    written.write_text(text, "utf-8")
    written.replace(folder / MANIFEST_FILE)
    return _write_samples(folder, made, facts)


@dataclass(frozen=True)
class _StreamProposal:
    """The proposals for a stream."""

    probed: ProbeResult
    entity: Entity
    proposals: Sequence[FieldProposal]
    key: Sequence[str]
    changed: str | None
    missing: Sequence[str]
    unmapped: Sequence[str]

    @classmethod
    def of(cls, probed: ProbeResult, entity: Entity) -> "_StreamProposal":
        columns = columns_of(probed.rows)
        encoding = text_encoding_of(columns)
        if encoding is not None:
            stream = {**probed.wanted.stream, "text_encoding": encoding}
            probed = replace(probed, wanted=replace(probed.wanted, stream=stream))
            columns = {name: [repair_text(text, encoding) for text in texts] for name, texts in columns.items()}
        proposals = propose_fields(columns, entity)
        key = list(probed.key) or find_key(columns, len(probed.rows)) or list(columns)[:1] or ["id"]
        changed = find_changed_at(columns)
        used = {*(proposal.column for proposal in proposals), *key, changed}
        unmapped = [name for name in columns if name not in used]
        missing = [c.name for c in entity.columns if not c.nullable and c.name not in {p.field for p in proposals}]
        return cls(probed, entity, proposals, key, changed, missing, unmapped)


def _write_samples(folder: Path, made: _StreamProposal, facts: ConnectorFacts) -> ConnectorDraft:
    """Write the samples of a stream, and the records made from them as the expected ones."""
    kept = [made.changed] if made.changed else []
    path = folder / samples.SAMPLES_FOLDER / f"{facts.stream}.jsonl"
    rows = Pseudonyms(made.entity, made.proposals, keys=made.key, kept=kept).rows(made.probed.rows)
    samples.write_samples(path, rows)
    problem = None
    try:
        declared = load_connector(folder)
        expected = samples.map_samples(declared, facts.stream, samples.read_samples(path))
        samples.write_samples(samples.path_of(declared, facts.stream, expected=True), expected)
    except HubError as error:
        problem = str(error)
    return ConnectorDraft(folder, made.entity, made.proposals, made.missing, made.unmapped, problem)


def _render_head(probed: ProbeResult, entity: Entity, facts: ConnectorFacts) -> list[str]:
    wanted = probed.wanted
    return [
        f"#:schema {SCHEMA_FILE.as_uri()}",
        "# Drafted by `hub connector new`. Every mapping is a proposal: read it, correct it, take its remark away.",
        f"name = {_toml(wanted.name)}",
        f"title = {_toml({'vi': facts.title_vi, 'en': facts.title_en})}",
        f"sector = {_toml(entity.sector)}",
        f"owner = {_toml(facts.owner)}",
        f"legal_basis = {_toml(facts.legal_basis)}",
        'version = "1"',
        'freshness = "one day"',
        'grade = "A"',
        "",
        "[source]",
        f"kind = {_toml(wanted.kind)}",
        *(f"{name} = {_toml(value)}" for name, value in wanted.source.items()),
    ]


def _render_stream(made: _StreamProposal, facts: ConnectorFacts) -> list[str]:
    unmapped = made.unmapped
    return [
        f"[streams.{_key(facts.stream)}]",
        *(f"{name} = {_toml(value)}" for name, value in made.probed.wanted.stream.items()),
        f"key = {_toml(list(made.key))}",
        *([f"changed_at = {_toml(made.changed)}"] if made.changed else []),
        *(["# These columns are not mapped. Map them, or ignore them, or each run tells of them:"] if unmapped else []),
        *([f"ignore = {_toml(list(unmapped))}"] if unmapped else []),
        "",
        f"[streams.{_key(facts.stream)}.emits.{made.entity.name}.fields]",
        *(f'# {name} is required, and nothing was found for it: {name} = "column"' for name in made.missing),
        *(_render_mapping(proposal) for proposal in made.proposals),
    ]


def _render_mapping(proposal: FieldProposal) -> str:
    value: object = {"column": proposal.column, **proposal.keys} if proposal.keys else proposal.column
    return f"{proposal.field} = {_toml(value)}  # {proposal.confidence:.0%}: {proposal.evidence}"


def _key(name: str) -> str:
    return name if BARE_KEY.match(name) else json.dumps(name, ensure_ascii=False)


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(name)} = {_toml(inner)}" for name, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    # A JSON text, number or truth is one of TOML.
    return json.dumps(value, ensure_ascii=False)
