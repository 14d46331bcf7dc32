"""What a user can meet is written down: settings, error codes, commands, manifest keys, link rules; and links lead somewhere."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from cyclopts import App
from pydantic import BaseModel

from hub.cli import app
from hub.cli.ingest import drift, quarantine
from hub.ingest.drift.detect import DriftGrade, DriftKind
from hub.link.profile import load_profile
from hub.model.manifest_reference import EXAMPLES, render_manifest_page, render_manifest_schema
from hub.sdk.manifest import MANIFEST_CLASSES, parse_manifest
from hub.sdk.streams import DriftMode
from hub.settings import Settings, reference_page
from hub.store.meta import RUN
from tests.doc_blocks import PAGES, ROOT


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_setting_is_on_its_page() -> None:
    assert text("docs/reference/settings.md") == reference_page()
    assert all(field.description for field in Settings.model_fields.values())


def test_every_error_code_is_explained() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "hub").rglob("*.py")]
    codes = {
        code
        for source in sources
        for code in re.findall(r'(?:\bcode ?= ?|_coded\(error, |HttpRefused\(\s*\d+, )"([A-Z_]+)"', source)
    }
    assert len(codes) > 8
    assert [code for code in sorted(codes) if f"`{code}`" not in text("docs/reference/errors.md")] == []


def models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """A model of a manifest and every model that its keys are made of."""
    yield model
    inside = [field.annotation for field in model.model_fields.values()]
    while inside:
        kind = inside.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from models(kind)
        inside += get_args(kind)


def test_every_manifest_key_is_explained() -> None:
    assert text("docs/reference/manifest.md") == render_manifest_page()
    every = {model for manifest in MANIFEST_CLASSES.values() for model in models(manifest)}
    assert len(every) > 30
    assert [f"{m.__name__}.{n}" for m in every for n, f in m.model_fields.items() if not f.description] == []
    page = text("docs/reference/manifest.md")
    assert [n for model in every for n in model.model_fields if f"| `{n}` |" not in page] == []


def test_the_examples_of_every_kind_are_manifests() -> None:
    facts = {"name": "a", "title": {"vi": "a", "en": "a"}} | dict.fromkeys(
        ("sector", "owner", "legal_basis", "version", "freshness"), "-"
    )
    assert set(EXAMPLES) == set(MANIFEST_CLASSES)
    for kind in EXAMPLES.values():
        example = tomllib.loads(kind.example)
        for stream in example["streams"].values():
            stream["emits"] = {"Citizen": {"fields": {"full_name": "ten"}}}
        assert parse_manifest({**facts, **example}).kind in MANIFEST_CLASSES


def test_the_json_schema_of_manifests_says_what_the_models_say() -> None:
    document = json.loads(text("hub/sdk/manifest.schema.json"))
    assert text("hub/sdk/manifest.schema.json") == render_manifest_schema()
    assert [
        branch["if"]["properties"]["source"]["properties"]["kind"]["const"] for branch in document["allOf"]
    ] == list(MANIFEST_CLASSES)
    for manifest in MANIFEST_CLASSES.values():
        for model in models(manifest):
            described = document["$defs"][model.__name__]
            assert set(described["properties"]) - {"parties"} == set(model.model_fields)
            assert described["additionalProperties"] is False


def test_every_command_is_in_the_docs() -> None:
    pages = " ".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [c for c in commands(app) if not re.search(rf"hub {c.replace(' ', ' (.* )?')}", pages)] == []


def commands(app: App, before: str = "") -> list[str]:
    """Every command as it is typed, without `hub`."""
    found = []
    for name in app:
        if not name.startswith("-"):
            nested = [n for n in app[name] if not n.startswith("-")]
            found += commands(app[name], f"{before}{name} ") if nested else [f"{before}{name}"]
    return found


def test_every_status_of_a_run_is_explained() -> None:
    page = text("docs/reference/runs.md")
    statuses = re.findall("[A-Z]{6,}", str(RUN.c.status.comment))
    assert len(statuses) == 6
    assert [status for status in statuses if f"`{status}`" not in page] == []


def test_every_command_on_drift_and_quarantine_is_explained() -> None:
    commands = {
        f"hub {' '.join(app.name)} {name}" for app in (drift.app, quarantine.app) for name in app if name[0] != "-"
    }
    assert len(commands) > 8
    pages = text("docs/explanation/drift-and-quarantine.md") + text("docs/how-to/correct-rejected-rows.md")
    assert [command for command in sorted(commands) if not re.search(rf"{command}\b", pages)] == []


def test_every_kind_grade_and_mode_of_drift_is_explained() -> None:
    words = [*get_args(DriftKind), *get_args(DriftGrade), *(f"`{mode}`" for mode in get_args(DriftMode))]
    assert [word for word in words if f"| {word}" not in text("docs/explanation/drift-and-quarantine.md")] == []


def test_every_link_rule_is_explained() -> None:
    page = text("docs/reference/link-rules.md")
    assert [rule.name for rule in load_profile().rules if rule.name not in page] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Files exist, and a `#heading` is a heading of the page that it names."""
    for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8")):
        path = page.parent / target if target else page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), f"{target}#{anchor}"


def anchors(page: Path) -> set[str]:
    """The anchors GitHub gives to the headings of a page: lower case, no punctuation, spaces as hyphens."""
    headings = re.findall(r"(?m)^#+ (.*)$", re.sub(r"(?s)```.*?```", "", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_what_the_page_of_places_names_is_there() -> None:
    rows = re.findall(
        r"^\| .* \| \[`.*`\]\(\.\./\.\./(\S+)\) \| `(\w+)` \|", text("docs/explanation/where-is-what.md"), re.MULTILINE
    )
    assert len(rows) > 20
    assert [
        (file, name)
        for file, name in rows
        if not re.search(rf"^\s*(?:async )?(?:def {name}\(|class {name}\b|{name} = )", text(file), re.MULTILINE)
    ] == []
