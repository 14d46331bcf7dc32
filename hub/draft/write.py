"""Write: a drafted connector's folder, for a person to go on with: the manifest with its doubts, and samples of nobody."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.conform import samples
from hub.draft.probe import Probed
from hub.draft.propose import Columns, Proposal, changed_at, key_of, propose
from hub.draft.pseudonyms import Pseudonyms
from hub.errors import HubError, OperationRefused
from hub.ingest.discover import FILE, load_connector
from hub.ingest.read.json_rows import frame_of
from hub.model.registry import Entity

SCHEMA = Path(__file__).parents[1] / "sdk" / "manifest.schema.json"
BARE = re.compile(r"^[A-Za-z0-9_-]+$")


@dataclass(frozen=True)
class Facts:
    """What no source says of itself."""

    title_vi: str
    title_en: str
    owner: str
    legal_basis: str
    stream: str


@dataclass(frozen=True)
class Draft:
    """What was made: the folder, what it proposes, required fields that nothing was found for, what could not be mapped."""

    folder: Path
    entity: Entity
    proposals: Sequence[Proposal]
    missing: Sequence[str]
    unmapped: Sequence[str]
    problem: str | None = None


def columns_of(rows: Sequence[Mapping[str, Any]]) -> Columns:
    """Columns, those of nested objects by path, with the texts that were seen. Lists are left out."""
    if not rows:
        return {}
    frame = frame_of([dict(row) for row in rows])
    return {
        name: [str(value) for value in frame[name].drop_nulls().to_list()]
        for name in frame.columns
        if not frame[name].dtype.is_nested()
    }


def write(folder: Path, probed: Probed, entity: Entity, facts: Facts) -> Draft:
    """Write the connector. Raises OperationRefused where something is there already."""
    if (folder / FILE).exists():
        raise OperationRefused(f"{folder} has a manifest already", next_step="choose another name, or take it away")
    columns = columns_of(probed.rows)
    proposals = propose(columns, entity)
    key = list(probed.key) or key_of(columns, len(probed.rows)) or list(columns)[:1] or ["id"]
    changed = changed_at(columns)
    used = {*(proposal.column for proposal in proposals), *key, changed}
    unmapped = [name for name in columns if name not in used]
    missing = [c.name for c in entity.columns if not c.nullable and c.name not in {p.field for p in proposals}]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(_manifest(probed, entity, facts, proposals, (key, changed, missing, unmapped)), "utf-8")
    kept = [name for name in (changed,) if name]
    path = folder / samples.FOLDER / f"{facts.stream}.jsonl"
    samples.write(path, Pseudonyms(entity, proposals, keys=key, kept=kept).rows(probed.rows))
    problem = None
    try:
        samples.accept(load_connector(folder))
    except HubError as error:
        problem = str(error)
    return Draft(folder, entity, proposals, missing, unmapped, problem)


def _manifest(
    probed: Probed,
    entity: Entity,
    facts: Facts,
    proposals: Sequence[Proposal],
    found: tuple[Sequence[str], str | None, Sequence[str], Sequence[str]],
) -> str:
    key, changed, missing, unmapped = found
    wanted = probed.wanted
    lines = [
        f"#:schema {SCHEMA.as_uri()}",
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
        "",
        f"[streams.{_key(facts.stream)}]",
        *(f"{name} = {_toml(value)}" for name, value in wanted.stream.items()),
        f"key = {_toml(list(key))}",
        *([f"changed_at = {_toml(changed)}"] if changed else []),
        *(["# These columns are not mapped. Map them, or ignore them, or each run tells of them:"] if unmapped else []),
        *([f"ignore = {_toml(list(unmapped))}"] if unmapped else []),
        "",
        f"[streams.{_key(facts.stream)}.emits.{entity.name}.fields]",
        *(f'# {name} is required, and nothing was found for it: {name} = "column"' for name in missing),
        *(_mapping(proposal) for proposal in proposals),
    ]
    return "\n".join(lines) + "\n"


def _mapping(proposal: Proposal) -> str:
    value: object = {"column": proposal.column, **proposal.keys} if proposal.keys else proposal.column
    return f"{proposal.field} = {_toml(value)}  # {proposal.confidence:.0%}: {proposal.evidence}"


def _key(name: str) -> str:
    return name if BARE.match(name) else json.dumps(name, ensure_ascii=False)


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(name)} = {_toml(inner)}" for name, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    # A JSON text, number or truth is one of TOML.
    return json.dumps(value, ensure_ascii=False)
