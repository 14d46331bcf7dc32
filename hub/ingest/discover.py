"""Discover: the connectors by name, each with its manifest held against the schema."""

import importlib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from hub.errors import HubMisconfigured
from hub.model.registry import Entity, registry
from hub.sdk.manifest import Manifest, load
from hub.sdk.mapping import Emit
from schema.values import CodeList

Transform = Callable[[str, pl.LazyFrame], pl.LazyFrame]


@cache
def folder() -> Path:
    """The folder of connectors. Raises HubMisconfigured where the package is not installed."""
    spec = find_spec("connectors")
    if spec is None or not spec.submodule_search_locations:
        raise HubMisconfigured("there is no package `connectors`", next_step="install the project, `make venv`")
    return Path(next(iter(spec.submodule_search_locations)))


@cache
def discover() -> Mapping[str, Manifest]:
    """Every connector by name. Raises HubMisconfigured."""
    found: dict[str, Manifest] = {}
    for path in sorted(folder().glob("*/manifest.toml")):
        manifest = load(path)
        if manifest.name != path.parent.name:
            raise HubMisconfigured(
                f"connectors/{path.parent.name}: its name is {manifest.name}",
                next_step="name the folder and the connector alike",
            )
        check(manifest)
        found[manifest.name] = manifest
    return found


def transform(manifest: Manifest) -> Transform | None:
    """The connector's own transform, where it has one."""
    if not (folder() / manifest.name / "transform.py").is_file():
        return None
    found: Transform = importlib.import_module(f"connectors.{manifest.name}.transform").transform
    return found


def transform_source(manifest: Manifest) -> bytes:
    """The text of the connector's own transform; empty where it has none."""
    path = folder() / manifest.name / "transform.py"
    return path.read_bytes() if path.is_file() else b""


def check(manifest: Manifest) -> None:
    """Hold a manifest against the schema. Raises HubMisconfigured naming entity and field."""
    known = registry().entities
    for name, stream in manifest.streams.items():
        for entity, emit in stream.emits.items():
            where = f"connectors/{manifest.name}/manifest.toml: streams.{name}.emits.{entity}"
            if entity not in known:
                raise HubMisconfigured(f"{where}: no such entity", next_step=f"use one of: {', '.join(known)}")
            _check_fields(where, known[entity], emit)


def _check_fields(where: str, entity: Entity, emit: Emit) -> None:
    columns = {column.name: column for column in entity.columns}
    unknown = [field for field in emit.fields if field not in columns]
    if unknown:
        raise HubMisconfigured(
            f"{where}: no such field: {', '.join(unknown)}",
            next_step=f"use fields of {entity.name}: {', '.join(columns)}",
        )
    listless = [
        n for n, m in emit.fields.items() if isinstance(m.codes, str) and not issubclass(columns[n].value, CodeList)
    ]
    if listless:
        raise HubMisconfigured(f"{where}: no code list behind {', '.join(listless)}", next_step="give codes as a table")
    missing = [name for name, column in columns.items() if not column.nullable and name not in emit.fields]
    if missing:
        raise HubMisconfigured(
            f"{where}: required fields are not mapped: {', '.join(missing)}",
            next_step="map them, or make them optional in schema/",
        )
