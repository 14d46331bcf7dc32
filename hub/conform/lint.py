"""Lint: what can be said of a connector without running it. The manifest itself is held against its model before."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, get_args

from hub.conform.rows import samples
from hub.errors import HubError
from hub.ingest.connectors import connector_folder
from hub.sdk.manifest import Manifest
from hub.settings import MANIFEST_FILE
from schema.core import SectorName

MIN_SAMPLE_ROWS = 3
"""Fewest sample rows of a stream: one to hold back, one to damage, one that stays."""
ALLOWED_PACKAGES = frozenset({"polars", "schema"})
"""What a transform may import beside the standard library and hub.sdk."""
SECRET_KEY = re.compile(r"password|secret|token$|api_?key|credential|passwd|pwd", re.IGNORECASE)
SECRET_VALUE = re.compile(
    r"[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s@]+@"  # an address with a password in it
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\bAKIA[0-9A-Z]{16}\b|\bwhsec_[A-Za-z0-9+/=]{16,}|\beyJ[A-Za-z0-9_-]{20,}\.",
)


def lint_connector(manifest: Manifest) -> list[str]:
    """List the faults of a connector's folder in words; empty if there are none."""
    return list(
        chain(
            _check_facts(manifest),
            _check_secrets(manifest),
            _check_samples(manifest),
            check_imports(connector_folder(manifest)),
        )
    )


def _check_facts(manifest: Manifest) -> Iterator[str]:
    if manifest.sector not in get_args(SectorName):
        yield f"sector: is {manifest.sector}; use one of: {', '.join(get_args(SectorName))}"
    for key in ("owner", "legal_basis", "version", "freshness"):
        if not getattr(manifest, key).strip():
            yield f"{key}: says nothing"
    for language in ("vi", "en"):
        if not getattr(manifest.title, language).strip():
            yield f"title.{language}: says nothing"
    if manifest.grade is None:
        yield "grade: is not stated; state what `hub connector check` gives"


def _check_secrets(manifest: Manifest) -> Iterator[str]:
    """Values that look like secrets, and keys that are to hold one and hold a text. The values are never shown."""
    document = tomllib.loads((connector_folder(manifest) / MANIFEST_FILE).read_text(encoding="utf-8"))
    for path, value in _texts(document):
        key = path[-1]
        # Below `streams`, keys such as "secret" are columns of the source.
        named = path[0] == "source" and bool(SECRET_KEY.search(key)) and "env" not in path and "file" not in path
        if (named and not key.endswith(("_path", "_parameter"))) or SECRET_VALUE.search(value):
            yield f'{".".join(path)}: looks like a secret; write {{ env = "NAME" }} and set NAME where the hub runs'


def _texts(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, (*path, key))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, path)


def _check_samples(manifest: Manifest) -> Iterator[str]:
    for stream in manifest.streams:
        path = samples.path_of(manifest, stream)
        try:
            rows = samples.read_samples(path)
            samples.read_samples(samples.path_of(manifest, stream, expected=True))
        except HubError as error:
            yield error.message
            continue
        if len(rows) < MIN_SAMPLE_ROWS:
            yield f"samples/{path.name}: has {len(rows)} rows; give {MIN_SAMPLE_ROWS} or more"


def check_imports(folder: Path) -> Iterator[str]:
    """Imports of transform.py, and of what lies beside it, that a connector may not have."""
    if not (folder / "transform.py").is_file():
        return
    for path in sorted(folder.glob("*.py")):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError) as error:
            yield f"{path.name}: is no Python: {type(error).__name__}"
            continue
        for node in ast.walk(tree):
            for name in _list_imported(node):
                if not _may_import(name):
                    yield f"{path.name}:{getattr(node, 'lineno', 0)}: imports {name}; {IMPORT_RULE}"


IMPORT_RULE = "a connector imports schema, hub.sdk, polars and the standard library"


def _list_imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        if node.level:
            return ["." * node.level + (node.module or "")]
        return [f"{node.module}.{alias.name}" if node.module == "hub" else str(node.module) for alias in node.names]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "__import__":
        return ["__import__"]
    return []


def _may_import(name: str) -> bool:
    if name == "hub.sdk" or name.startswith("hub.sdk."):
        return True
    top = name.partition(".")[0]
    return top in ALLOWED_PACKAGES or (top in sys.stdlib_module_names and top != "importlib")
