"""The graph drawn: every entity as a box and every link as a line, in SVG coordinates. Pure.

Subjects stand in the middle, since several sectors know them; records on both sides, those of a sector together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.model.registry import Entity, Registry
from schema.core import Label

BOX_WIDTH, BOX_HEIGHT, BOX_GAP = 300, 44, 12
STEP = BOX_HEIGHT + BOX_GAP
LEFT, MIDDLE, RIGHT = 50, 480, 910
MARGIN = 10
WIDTH = RIGHT + BOX_WIDTH + LEFT
BULGE = 60
"""How far a line between two boxes of one column leaves it."""
SECTOR_WORDS = {
    "place": Label("Đơn vị hành chính", "Places"),
    "citizen": Label("Dân cư, hộ tịch", "Population"),
    "land": Label("Đất đai", "Land"),
    "finance": Label("Tài chính, thuế", "Finance"),
    "business": Label("Doanh nghiệp", "Business"),
    "insurance": Label("Bảo hiểm", "Insurance"),
}


@dataclass(frozen=True)
class EntityLink:
    """A link of an entity. If it `is_linked`, linking finds the subject, with a status and evidence; else it is an exact reference."""

    source: str
    field: str
    targets: tuple[str, ...]
    is_linked: bool


@dataclass(frozen=True)
class EntityBox:
    """An entity as a box."""

    name: str
    label: Label
    sector: str
    is_subject: bool
    x: int
    y: int
    links: tuple[EntityLink, ...]


@dataclass(frozen=True)
class LinkLine:
    """A link as a line. `path` is the `d` of an SVG path; `title` names its ends."""

    path: str
    title: str
    is_linked: bool


@dataclass(frozen=True)
class EntityGraph:
    """The drawing, and the entities in the order in which they are read out."""

    width: int
    height: int
    boxes: tuple[EntityBox, ...]
    lines: tuple[LinkLine, ...]
    sectors: tuple[tuple[str, Label], ...]


def draw_graph(registry: Registry) -> EntityGraph:
    """The drawing of every entity of the registry."""
    entities = list(registry)
    sides = _share_out([one for one in entities if one.kind == "record"])
    tallest = max(map(len, sides)) if entities else 0
    boxes = [
        *_stack([one for one in entities if one.kind == "subject"], MIDDLE, tallest),
        *_stack(sides[0], LEFT, tallest),
        *_stack(sides[1], RIGHT, tallest),
    ]
    placed = {box.name: box for box in boxes}
    lines = [
        LinkLine(
            _draw_line(placed[link.source], placed[target]), f"{link.source}.{link.field} → {target}", link.is_linked
        )
        for box in boxes
        for link in box.links
        for target in link.targets
    ]
    sectors = {box.sector: SECTOR_WORDS.get(box.sector, Label(box.sector, box.sector)) for box in boxes}
    height = 2 * MARGIN + max((box.y + BOX_HEIGHT for box in boxes), default=0)
    return EntityGraph(WIDTH, height, tuple(boxes), tuple(lines), tuple(sectors.items()))


def list_links(entity: Entity) -> tuple[EntityLink, ...]:
    """The links of an entity, in the order of its declaration."""
    return (
        *(EntityLink(entity.name, one.graphql, (one.target,), False) for one in entity.references),
        *(EntityLink(entity.name, one.graphql, one.kinds, True) for one in entity.linked),
    )


def _share_out(records: Sequence[Entity]) -> tuple[list[Entity], list[Entity]]:
    """The records on both sides: sectors stay together, and each goes where there is more room."""
    sides: tuple[list[Entity], list[Entity]] = ([], [])
    for sector in dict.fromkeys(one.sector for one in records):
        some = [one for one in records if one.sector == sector]
        min(sides, key=len).extend(some)
    return sides


def _stack(entities: Sequence[Entity], x: int, tallest: int) -> list[EntityBox]:
    """A column of boxes, spread over the height of the tallest one."""
    step = max(STEP, STEP * tallest // max(len(entities), 1))
    start = MARGIN + (step - STEP) // 2
    return [
        EntityBox(one.name, one.label, one.sector, one.kind == "subject", x, start + at * step, list_links(one))
        for at, one in enumerate(entities)
    ]


def _draw_line(start: EntityBox, end: EntityBox) -> str:
    """A curve between the facing sides of two boxes; within a column, an arc beside it."""
    from_y, to_y = start.y + BOX_HEIGHT // 2, end.y + BOX_HEIGHT // 2
    if start.x == end.x:
        is_right = start.x == RIGHT
        edge = start.x + BOX_WIDTH if is_right else start.x
        out = edge + BULGE if is_right else edge - BULGE
        from_y, to_y = (from_y - 8, to_y + 8) if start is end else (from_y, to_y)
        return f"M{edge} {from_y}C{out} {from_y} {out} {to_y} {edge} {to_y}"
    from_x, to_x = (start.x + BOX_WIDTH, end.x) if start.x < end.x else (start.x, end.x + BOX_WIDTH)
    middle = (from_x + to_x) // 2
    return f"M{from_x} {from_y}C{middle} {from_y} {middle} {to_y} {to_x} {to_y}"
