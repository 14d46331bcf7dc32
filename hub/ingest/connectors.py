"""Discover: the connectors by name, each with its manifest held against the schema.

A connector is a folder with a `manifest.toml`. Three places are looked at: the package `connectors` of this project, every
folder of HUB_CONNECTORS_PATH, and installed packages that name themselves under the entry points `hub.connectors`. A connector
that does not hold is told apart from the others and does not keep them from running.
"""

import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from hub.errors import HubError, HubMisconfigured
from hub.ingest.values.parse_values import conflicting_formats, is_number
from hub.model.registry import Entity, registry
from hub.sdk.manifest import Location, Manifest, WrongManifest, faults, load, shown
from hub.sdk.mapping import Emit
from hub.sdk.streams import Stream
from hub.settings import CONNECTORS_GROUP, MANIFEST_FILE
from hub.settings import load_settings as load_settings
from schema.values import CodeList

Transform = Callable[[str, pl.LazyFrame], pl.LazyFrame]


@dataclass(frozen=True)
class Found:
    """The connectors by name, and by name or folder what keeps others from being one."""

    manifests: Mapping[str, Manifest]
    broken: Mapping[str, HubError]


@cache
def folder() -> Path:
    """The folder of this project's own connectors. Raises HubMisconfigured where the package is not installed."""
    spec = find_spec("connectors")
    if spec is None or not spec.submodule_search_locations:
        raise HubMisconfigured("there is no package `connectors`", next_step="install the project, `make venv`")
    return Path(next(iter(spec.submodule_search_locations)))


def discover() -> Mapping[str, Manifest]:
    """Every connector by name, but for the broken ones."""
    return found().manifests


def broken() -> Mapping[str, HubError]:
    """What should be a connector and is none, and why; by name, or by folder where that is not known."""
    return found().broken


def found(*more: Path) -> Found:
    """What is in the three places, and in more folders of connectors; looked at once for each list of folders."""
    given = [load_settings().connectors_path, *(str(folder) for folder in more)]
    return _found(os.pathsep.join(part for part in given if part))


@cache
def _found(path: str) -> Found:
    wrong: dict[str, HubError] = {}
    manifests: dict[str, Manifest] = {}
    for home_ in _homes(path, wrong):
        try:
            manifest = load_connector(home_)
        except HubError as error:
            wrong[home_.name] = error
            continue
        other = manifests.get(manifest.name)
        if other is not None:
            wrong[manifest.name] = HubMisconfigured(
                f"two connectors are called {manifest.name}: {home(other)} and {home_}",
                next_step="rename one of them, its folder and its name alike",
            )
        manifests[manifest.name] = manifest
    return Found({name: m for name, m in manifests.items() if name not in wrong}, wrong)


def _homes(path: str, wrong: dict[str, HubError]) -> Iterator[Path]:
    """The folders of all that should be connectors, those of one place by name."""
    for place in (folder(), *(Path(part) for part in path.split(os.pathsep) if part)):
        if not place.is_dir():
            wrong[str(place)] = HubMisconfigured(
                f"there is no folder {place}", next_step="correct HUB_CONNECTORS_PATH, or make the folder"
            )
        yield from sorted(found.parent.absolute() for found in place.glob(f"*/{MANIFEST_FILE}"))
    for point in sorted(entry_points(group=CONNECTORS_GROUP), key=lambda point: point.name):
        package = _package(point.value)
        if package is None:
            wrong[point.name] = HubMisconfigured(
                f"the package {point.value} that is to hold the connector {point.name} cannot be found",
                next_step=f"its entry point under {CONNECTORS_GROUP} names a package whose folder holds {MANIFEST_FILE}",
            )
        else:
            yield package


def _package(name: str) -> Path | None:
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def load_connector(home: Path) -> Manifest:
    """The manifest of the connector in a folder, held against the schema. Raises WrongManifest, HubMisconfigured."""
    path = home / MANIFEST_FILE
    manifest = load(path)
    wrong = list(problems(manifest))
    if manifest.name != home.name:
        wrong.append((("name",), f"is {manifest.name}, and its folder {home.name}: name them alike"))
    if wrong:
        raise WrongManifest(faults(shown(path), path.read_text(encoding="utf-8"), wrong))
    return manifest


def home(manifest: Manifest) -> Path:
    """The connector's own folder."""
    return manifest.folder or folder() / manifest.name


def transform(manifest: Manifest) -> Transform | None:
    """The connector's own transform, where it has one. Raises HubMisconfigured where it cannot be loaded."""
    path = home(manifest) / "transform.py"
    return _loaded(manifest.name, path) if path.is_file() else None


@cache
def _loaded(name: str, path: Path) -> Transform:
    """The function of a transform.py, by path and under a name of its own: connectors need not be packages."""
    spec = importlib.util.spec_from_file_location(f"_hub_connector_{name}", path)
    assert spec is not None  # a .py file has a loader
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
        found: Transform = module.transform
    except Exception as error:
        # Whatever its code raises: the message may be anything, so the kind alone is told.
        raise HubMisconfigured(
            f"{name}/transform.py cannot be loaded: {type(error).__name__}",
            next_step="it defines transform(stream, frame); `hub connector check` looks at its imports",
        ) from error
    return found


def transform_source(manifest: Manifest) -> bytes:
    """The text of the connector's own transform; empty where it has none."""
    path = home(manifest) / "transform.py"
    return path.read_bytes() if path.is_file() else b""


def problems(manifest: Manifest) -> Iterator[tuple[Location, str]]:
    """Where a manifest does not hold against the schema, and how."""
    known = registry().entities
    for name, stream in manifest.streams.items():
        mapped = {field for emit in stream.emits.values() for field in emit.fields}
        unknown = sorted(set(stream.volatile) - mapped)
        if unknown:
            yield ("streams", name, "volatile"), f"no such field is mapped: {', '.join(unknown)}"
        for entity, emit in stream.emits.items():
            at: Location = ("streams", name, "emits", entity)
            if entity not in known:
                yield at, f"no such entity; use one of: {', '.join(known)}"
            else:
                yield from _fields((*at, "fields"), known[entity], emit)
                yield from _item_key(at, known[entity], emit)
        yield from _notations(("streams", name), stream)


def _item_key(at: Location, entity: Entity, emit: Emit) -> Iterable[tuple[Location, str]]:
    if emit.explode and entity.kind == "subject" and not emit.item_key:
        yield (
            (*at, "explode"),
            f'other records link to {entity.name} by its id, so its items need a key: item_key = ["{emit.explode}.…"]',
        )


def _notations(at: Location, stream: Stream) -> Iterator[tuple[Location, str]]:
    """Columns whose numbers are read in two notations, or read so and yet identify or order rows."""
    identity = {*stream.key, *stream.read_by(), stream.changed_at}
    declared: dict[str, str | None] = {}
    for entity, emit in stream.emits.items():
        for field, mapping in emit.fields.items():
            known = registry().entities.get(entity)
            column = next((c for c in known.columns if c.name == field), None) if known else None
            if mapping.column is None or column is None or not (mapping.number or is_number(column)):
                continue
            there = (*at, "emits", entity, "fields", field, "number")
            if mapping.number and mapping.column in identity:
                yield there, f"{mapping.column} identifies or orders rows: it is compared as the source writes it"
            if declared.setdefault(mapping.column, mapping.number) != mapping.number:
                yield there, f"{mapping.column} is read in another notation by another field: read it one way"


def _fields(at: Location, entity: Entity, emit: Emit) -> Iterable[tuple[Location, str]]:
    columns = {column.name: column for column in entity.columns}
    for field, mapping in emit.fields.items():
        if field not in columns:
            yield (*at, field), f"no such field; use fields of {entity.name}: {', '.join(columns)}"
        elif (pair := conflicting_formats(mapping.formats)) is not None:
            yield (*at, field, "formats"), f"{pair[0]} and {pair[1]} read the same text as different days: keep one"
        elif isinstance(mapping.codes, str) and not issubclass(columns[field].value, CodeList):
            yield (*at, field), "no code list behind it: give codes as a table"
    missing = [name for name, column in columns.items() if not column.nullable and name not in emit.fields]
    if missing:
        yield at, f"required fields are not mapped: {', '.join(missing)}"
