"""Every library that is imported is declared: in the base, or in the extra that `hub.extras` names."""

import ast
import re
import sys
import tomllib
from collections.abc import Mapping
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

from hub.extras import EXTRA_OF_MODULE

ROOT = Path(__file__).parents[2]
OURS = {"hub", "schema", "connectors"}
BROUGHT = {"graphql": "graphql-core", "pydantic_core": "pydantic", "psycopg_pool": "psycopg", "_typeshed": ""}
"""Import names whose distribution is declared under another: an extra of one, or a part that it cannot be without."""


def load_project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return found


def distribution_names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~; ]", requirement)[0].lower().replace("_", "-") for requirement in requirements}


def imported_packages() -> dict[str, set[str]]:
    """Top-level packages that the product imports, each with the files that do."""
    found: dict[str, set[str]] = {}
    for folder in sorted(OURS):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                    names = [node.module]
                for name in names:
                    found.setdefault(name.partition(".")[0], set()).add(str(path.relative_to(ROOT)))
    return {name: files for name, files in found.items() if name not in sys.stdlib_module_names | OURS}


def distributions_of(package: str, installed: Mapping[str, list[str]]) -> set[str]:
    if package in BROUGHT:
        return {BROUGHT[package]}
    return {name.lower().replace("_", "-") for name in installed.get(package, ())}


def test_every_import_is_declared() -> None:
    project = load_project()
    base = distribution_names(project["dependencies"]) | {""}
    extras = {name: distribution_names(listed) for name, listed in project["optional-dependencies"].items()}
    undeclared, installed = {}, packages_distributions()
    for package, files in imported_packages().items():
        wanted = distributions_of(package, installed)
        declared = extras[EXTRA_OF_MODULE[package]] if package in EXTRA_OF_MODULE else base
        if not wanted & declared:
            undeclared[package] = sorted(files)[:3]
    assert not undeclared


def test_each_extra_has_a_module_that_names_it() -> None:
    extras = load_project()["optional-dependencies"].keys()
    assert set(EXTRA_OF_MODULE.values()) == extras - {"demo", "all"}
    assert not EXTRA_OF_MODULE.keys() & {"polars", "psycopg", "strawberry"}
