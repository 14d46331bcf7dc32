"""Connectors: find them by name, load their manifests and validate each against the schema.

A connector is a folder with a `manifest.toml`. Three locations are searched: the package `connectors` of this project,
every folder in HUB_CONNECTORS_PATH, and installed packages registered under the entry point group `hub.connectors`. A
connector with an invalid manifest is reported separately and does not stop the others.
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
from hub.ingest.values.parse_values import find_conflicting_formats, is_number
from hub.model.registry import Entity, load_registry
from hub.sdk.manifest import Location, Manifest, WrongManifest, build_faults, load_manifest, show_path
from hub.sdk.mapping import Emit
from hub.sdk.streams import Stream
from hub.settings import CONNECTORS_GROUP, MANIFEST_FILE
from hub.settings import load_settings as load_settings
from schema.values import CodeList

Transform = Callable[[str, pl.LazyFrame], pl.LazyFrame]


@dataclass(frozen=True)
class DiscoveredConnectors:
    """Valid manifests by connector name, and the error of every broken connector by name or folder."""

    manifests: Mapping[str, Manifest]
    broken: Mapping[str, HubError]


@cache
def project_connectors_folder() -> Path:
    """Return the folder of this project's own connectors. Raises HubMisconfigured if the package is not installed."""
    spec = find_spec("connectors")
    if spec is None or not spec.submodule_search_locations:
        raise HubMisconfigured(
            "the package `connectors` is not installed", next_step="install the project with `make venv`"
        )
    return Path(next(iter(spec.submodule_search_locations)))


def load_manifests() -> Mapping[str, Manifest]:
    """Return the manifest of every valid connector, by name."""
    return discover_connectors().manifests


def list_broken_connectors() -> Mapping[str, HubError]:
    """Return the error of every broken connector, by name, or by folder if the name is unknown."""
    return discover_connectors().broken


def discover_connectors(*more: Path) -> DiscoveredConnectors:
    """Search the three locations and any extra folders. The result is cached per list of folders."""
    given = [load_settings().connectors_path, *(str(folder) for folder in more)]
    return _discover_in_path(os.pathsep.join(part for part in given if part))


@cache
def _discover_in_path(path: str) -> DiscoveredConnectors:
    wrong: dict[str, HubError] = {}
    manifests: dict[str, Manifest] = {}
    for folder in _list_candidate_folders(path, wrong):
        try:
            manifest = load_connector(folder)
        except HubError as error:
            wrong[folder.name] = error
            continue
        other = manifests.get(manifest.name)
        if other is not None:
            wrong[manifest.name] = HubMisconfigured(
                f"two connectors are called {manifest.name}: {connector_folder(other)} and {folder}",
                next_step="rename one of them: its folder and the `name` in its manifest",
            )
        manifests[manifest.name] = manifest
    return DiscoveredConnectors({name: m for name, m in manifests.items() if name not in wrong}, wrong)


def _list_candidate_folders(path: str, wrong: dict[str, HubError]) -> Iterator[Path]:
    """Yield the folder of every connector candidate; within one location, sorted by name."""
    for place in (project_connectors_folder(), *(Path(part) for part in path.split(os.pathsep) if part)):
        if not place.is_dir():
            wrong[str(place)] = HubMisconfigured(
                f"the folder {place} does not exist", next_step="correct HUB_CONNECTORS_PATH, or create the folder"
            )
        yield from sorted(found.parent.absolute() for found in place.glob(f"*/{MANIFEST_FILE}"))
    for point in sorted(entry_points(group=CONNECTORS_GROUP), key=lambda point: point.name):
        package = _find_package_folder(point.value)
        if package is None:
            wrong[point.name] = HubMisconfigured(
                f"connector {point.name}: cannot import its package {point.value}",
                next_step=f"point its entry point in {CONNECTORS_GROUP} at a package whose folder contains {MANIFEST_FILE}",
            )
        else:
            yield package


def _find_package_folder(name: str) -> Path | None:
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def load_connector(home: Path) -> Manifest:
    """Load the manifest in a connector's folder and validate it against the schema. Raises WrongManifest,
    HubMisconfigured.
    """
    path = home / MANIFEST_FILE
    manifest = load_manifest(path)
    wrong = list(find_problems(manifest))
    if manifest.name != home.name:
        wrong.append((("name",), f"is {manifest.name}, but its folder is {home.name}: use the same name for both"))
    if wrong:
        raise WrongManifest(build_faults(show_path(path), path.read_text(encoding="utf-8"), wrong))
    return manifest


def connector_folder(manifest: Manifest) -> Path:
    """Return the connector's own folder."""
    return manifest.folder or project_connectors_folder() / manifest.name


def load_transform(manifest: Manifest) -> Transform | None:
    """Load the connector's transform, or return None if it has none. Raises HubMisconfigured if it cannot be loaded."""
    path = connector_folder(manifest) / "transform.py"
    return _import_transform(manifest.name, path) if path.is_file() else None


@cache
def _import_transform(name: str, path: Path) -> Transform:
    """Import the function of a transform.py by path, under a module name of its own: connectors need not be packages."""
    spec = importlib.util.spec_from_file_location(f"_hub_connector_{name}", path)
    assert spec is not None  # every .py file has a loader
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
        found: Transform = module.transform
    except Exception as error:
        # The code may raise anything, and its message may contain anything, so report only the exception type.
        raise HubMisconfigured(
            f"{name}/transform.py cannot be loaded: {type(error).__name__}",
            next_step="define transform(stream, frame) in it; `hub connector check` reports forbidden imports",
        ) from error
    return found


def read_transform_source(manifest: Manifest) -> bytes:
    """Return the source of the connector's transform; empty if it has none."""
    path = connector_folder(manifest) / "transform.py"
    return path.read_bytes() if path.is_file() else b""


def find_problems(manifest: Manifest) -> Iterator[tuple[Location, str]]:
    """Yield every location where a manifest contradicts the schema, with the reason."""
    known = load_registry().entities
    for name, stream in manifest.streams.items():
        mapped = {field for emit in stream.emits.values() for field in emit.fields}
        unknown = sorted(set(stream.volatile) - mapped)
        if unknown:
            yield ("streams", name, "volatile"), f"these fields are not mapped: {', '.join(unknown)}"
        for entity, emit in stream.emits.items():
            at: Location = ("streams", name, "emits", entity)
            if entity not in known:
                yield at, f"unknown entity; use one of: {', '.join(known)}"
            else:
                yield from _check_fields((*at, "fields"), known[entity], emit)
                yield from _check_item_key(at, known[entity], emit)
        yield from _check_notations(("streams", name), stream)


def _check_item_key(at: Location, entity: Entity, emit: Emit) -> Iterable[tuple[Location, str]]:
    if emit.explode and entity.kind == "subject" and not emit.item_key:
        yield (
            (*at, "explode"),
            f'other records link to {entity.name} by its id, so its items need a key, e.g. item_key = ["{emit.explode}.…"]',
        )


def _check_notations(at: Location, stream: Stream) -> Iterator[tuple[Location, str]]:
    """Yield columns declared with two number notations, or with a notation although they identify or order rows."""
    identity = {*stream.key, *stream.list_reading_columns(), stream.changed_at}
    declared: dict[str, str | None] = {}
    for entity, emit in stream.emits.items():
        for field, mapping in emit.fields.items():
            known = load_registry().entities.get(entity)
            column = next((c for c in known.columns if c.name == field), None) if known else None
            if mapping.column is None or column is None or not (mapping.number or is_number(column)):
                continue
            there = (*at, "emits", entity, "fields", field, "number")
            if mapping.number and mapping.column in identity:
                yield (
                    there,
                    f"{mapping.column} identifies or orders rows, so it is compared as the source writes it: remove `number`",
                )
            if declared.setdefault(mapping.column, mapping.number) != mapping.number:
                yield there, f"another field reads {mapping.column} in another notation: declare the same one in both"


def _check_fields(at: Location, entity: Entity, emit: Emit) -> Iterable[tuple[Location, str]]:
    columns = {column.name: column for column in entity.columns}
    for field, mapping in emit.fields.items():
        if field not in columns:
            yield (*at, field), f"unknown field; {entity.name} has: {', '.join(columns)}"
        elif (pair := find_conflicting_formats(mapping.formats)) is not None:
            yield (
                (*at, field, "formats"),
                f"{pair[0]} and {pair[1]} read the same text as different days: keep one of them",
            )
        elif isinstance(mapping.codes, str) and not issubclass(columns[field].value, CodeList):
            yield (*at, field), "the field has no code list: give codes as a table, e.g. codes = { nam = 'M' }"
    missing = [name for name, column in columns.items() if not column.nullable and name not in emit.fields]
    if missing:
        yield at, f"required fields are not mapped: {', '.join(missing)}"
