"""The types of a search: its hits, and the fields that a text can agree with."""

from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from hub.graph.schema_types.fields import (
    Namespace,
    RootField,
    StoredField,
    enum_type,
    make_argument,
    make_field,
    object_type,
)
from hub.model.registry import Registry
from hub.plan.building.search_nodes import DEFAULT_HITS, HIT, MAX_HITS, RESULT, SEARCH_FIELD
from hub.plan.sql.search_sql import MAX_CANDIDATES

AGREEING = "SearchField"


def add_search(registry: Registry, names: Namespace) -> None:
    """Add the types of a search to `names`."""
    searched: dict[str, str] = {}
    for entity in registry:
        for column in entity.searched:
            about = f"{entity.name}: {column.description}"
            before = searched.get(column.name.upper())
            searched[column.name.upper()] = f"{before} {about}" if before else about
    names[AGREEING] = enum_type(AGREEING, "A field that a search can find a row by.", searched)
    hit = {
        "node": ("Node", "The record found."),
        "matchedOn": (f"list[{AGREEING}]", "The fields that agree with the text."),
        "score": ("int", "How well it agrees; it orders the hits of one search and means nothing else."),
    }
    names[HIT] = object_type(HIT, "One row that a text found.", _make_stored_fields(hit, names))
    result = {
        "hits": (f"list[{HIT}]", "The results, the best first."),
        "hasMore": ("bool", "There are more. Add a word, a number or a birth date to the text."),
    }
    names[RESULT] = object_type(RESULT, "What a text found.", _make_stored_fields(result, names))


def search_field(registry: Registry, names: Namespace) -> StrawberryField:
    """The root field."""
    kinds = ", ".join(entity.plural.replace("_", " ") for entity in registry if entity.searched)
    about = (
        f"Find {kinds} by whatever is at hand: words of a name in any order, with or without marks; an identifier, a code or the number"
        " of a paper; a birth date as dd/mm/yyyy; or several of these. The best hits come first. Of a name that more than"
        f" {MAX_CANDIDATES} rows have, some are left out: add a birth date or a number."
    )
    text = StrawberryArgument(
        "text", "text", StrawberryAnnotation(str), description='For example "Nguyễn Văn An 12/03/1980".'
    )
    first = make_argument(
        "first", "int | None", names, f"At most so many hits, 1 to {MAX_HITS}; {DEFAULT_HITS} if not given."
    )
    return make_field(RootField, RESULT, names, graphql=SEARCH_FIELD, description=about, arguments=[text, first])


def _make_stored_fields(about: dict[str, tuple[str, str]], names: Namespace) -> dict[str, StrawberryField]:
    return {n: make_field(StoredField, kind, names, graphql=n, description=text) for n, (kind, text) in about.items()}
