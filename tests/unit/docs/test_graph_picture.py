"""The picture of the graph in the README is derived from `schema/`: `UPDATE_GOLDEN=1 pytest tests/unit/docs` rewrites it."""

import os
import re
from pathlib import Path

import pytest

from hub.model.registry import Entity, Registry, load_registry

ROOT = Path(__file__).parents[3]
BLOCK = re.compile(r"(?s)(<!-- graph.*?-->\n```mermaid\n)(.*?)(```\n)")
READMES = ("README.md", "README.vi.md")


def draw_graph(entities: Registry, language: str) -> str:
    """Draw the graph in Mermaid: a box for each entity, grouped by sector, and an arrow for each field that leads to another."""
    lines = ["flowchart LR"]
    for sector in entities.sectors:
        lines.append(f"  subgraph {sector}")
        for entity in (entity for entity in entities if entity.sector == sector):
            label = f"{entity.label.vi}<br>{entity.name}" if language == "vi" else entity.name
            lines.append(
                f'    {entity.name}(["{label}"])' if entity.kind == "subject" else f'    {entity.name}["{label}"]'
            )
        lines.append("  end")
    lines += [f"  {entity.name} -->|{names}| {target}" for entity in entities for target, names in arrows_of(entity)]
    return "\n".join(lines) + "\n"


def arrows_of(entity: Entity) -> list[tuple[str, str]]:
    """The entities that fields of this one lead to, each with the names of those fields."""
    fields: dict[str, list[str]] = {}
    for reference in entity.references:
        fields.setdefault(reference.target, []).append(reference.graphql)
    for linked in entity.linked:
        for kind in linked.kinds:
            fields.setdefault(kind, []).append(linked.graphql)
    return [(target, ", ".join(names)) for target, names in fields.items()]


@pytest.mark.parametrize("name", READMES)
def test_the_picture_shows_every_entity_and_link(name: str) -> None:
    page = ROOT / name
    text = page.read_text(encoding="utf-8")
    drawn = draw_graph(load_registry(), "vi" if ".vi." in name else "en")
    if os.environ.get("UPDATE_GOLDEN"):
        page.write_text(BLOCK.sub(lambda found: found[1] + drawn + found[3], text), encoding="utf-8")
        return
    found = BLOCK.search(text)
    assert found is not None
    assert found[2] == drawn
