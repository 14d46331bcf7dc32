"""Which kinds of data a record's paths are about, as far as they concern one person: their own, or what came along with another's.

A path begins at a person and stays with them through their records and what those refer to. It comes to somebody else where it
enters another person, or where it turns back from a shared thing (a parcel, a household) to its other records.

A path may begin at a record, as that of a search by a certificate does. Then the first person that it enters is whoever was found; and
where the record could be of a person or a business, what it reads of businesses is about no person.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from hub.model.registry import Column, Entity, Linked, Reference, Registry, load_registry
from schema.core import Label
from schema.data_categories import DATA_CATEGORIES

PAGES = frozenset({"nodes", "edges", "node"})
ALIKE = frozenset({"provenance", "id"})
"""Fields that every row has: they are told of with whatever else is read."""


@dataclass(frozen=True)
class PathConcern:
    """What one path is about: a field of an entity, and whether it is the own of the person it begins at.

    `own` is None of the first person on a path that begins at none: their own if they were asked for, and another's if they came along.
    """

    entity: str
    field: str
    own: bool | None


def find_categories(paths: Iterable[str], *, own: bool) -> tuple[Label, ...]:
    """The kinds of data that these paths read: of the person they begin at, or of the others."""
    concerns = [concern for path in paths if (concern := _follow(path)) is not None and concern.own in (own, None)]
    found = {_category_of(load_registry(), concern) for concern in concerns}
    included = {code for category in DATA_CATEGORIES if category.code in found for code in category.includes}
    declared = tuple(c.label for c in DATA_CATEGORIES if c.code in found and c.code not in included)
    others = sorted(found - {category.code for category in DATA_CATEGORIES})
    return declared + tuple(_plain_label(load_registry()[name]) for name in others)


def _category_of(known: Registry, concern: PathConcern) -> str:
    for name in (f"{concern.entity}.{concern.field}", concern.entity):
        for category in DATA_CATEGORIES:
            if name in category.covers:
                return category.code
    return concern.entity


def _plain_label(entity: Entity) -> Label:
    """An entity's label within a sentence."""
    return Label(*(text[:1].lower() + text[1:] for text in (entity.label.vi, entity.label.en)))


@lru_cache(maxsize=20_000)
def _follow(path: str) -> PathConcern | None:
    """What a path is about; None if it is about no stored row of a person."""
    known = load_registry()
    steps = list(_steps(path))
    name, on_type = steps[0]
    entity = known.entities.get(on_type) if on_type else _root_entity(known, name)
    if entity is None or entity.sector == "place":
        return None
    own: bool | None = True
    has_person, turned = entity.personal, False
    for name, on_type in steps[1:]:
        if name in PAGES or name in ALIKE:
            continue
        if name == "discrepancies":
            return PathConcern("Discrepancy", name, own)
        following = known.entities.get(on_type) if on_type else _next_entity(known, entity, name)
        if following is None:
            return PathConcern(entity.name, _field_name(entity, name), own)
        back = any(link.graphql == name for link in entity.backlinks)
        if not has_person and not following.personal and _may_be_person(known, entity, name):
            return None
        # The first list leads to a person's own records, one from there on to those of whoever shares a thing.
        turns = back and turned and bool(following.linked) and _has_people(known, following)
        if following.personal:
            own = None if own and not has_person else False
        elif own is not False and turns:
            own = False
        has_person = has_person or following.personal
        turned = turned or back
        entity = following
    return PathConcern(entity.name, "", own)


def _steps(path: str) -> Iterator[tuple[str, str]]:
    for step in path.split("."):
        name, _, on_type = step.rstrip("]").partition("[")
        yield name, on_type


def _root_entity(known: Registry, name: str) -> Entity | None:
    return next((e for e in known if name in (_camel(e.table), _camel(e.plural))), None)


def _next_entity(known: Registry, entity: Entity, name: str) -> Entity | None:
    for link in entity.backlinks:
        if link.graphql == name:
            return known[link.target]
    for reference in entity.references:
        if reference.graphql == name and known[reference.target].sector != "place":
            return known[reference.target]
    for linked in entity.linked:
        if linked.graphql == name:
            return known[linked.kinds[0]]
    return None


def _may_be_person(known: Registry, entity: Entity, name: str) -> bool:
    """Whether a linked field of an entity leads to persons or to others."""
    kinds = (linked.kinds for linked in entity.linked if linked.graphql == name)
    return any(known[kind].personal for of_field in kinds for kind in of_field)


def _has_people(known: Registry, entity: Entity) -> bool:
    return any(known[kind].personal for linked in entity.linked for kind in linked.kinds)


def _field_name(entity: Entity, graphql: str) -> str:
    named: list[Column | Reference | Linked] = [*entity.fields, *entity.references, *entity.linked]
    return next((one.name for one in named if one.graphql == graphql), graphql)


def _camel(snake: str) -> str:
    first, *rest = snake.split("_")
    return first + "".join(word.capitalize() for word in rest)
