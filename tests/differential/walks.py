"""Walks: a connection drawn with its order and filter, read page by page to its end with the cursors of each lane."""

from base64 import b64decode
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from hub.model.names import to_camel_case
from hub.model.registry import load_registry
from tests.differential.arguments import INSTANTS_ASKED
from tests.differential.lanes import Data, Lane
from tests.differential.values import Draft, Pool, Tree, literal

MOST_PAGES = 80
PAGE = "{ totalCount edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }"


@dataclass(frozen=True)
class Walk:
    """One connection, of the query or of one row, in one order, forward or backward."""

    document: str
    backward: bool

    def pages(self, lane: Lane) -> list[Data]:
        """Every page, in the order of reading; of a row that is not there, none."""
        found: list[Data] = []
        cursor = None
        while len(found) < MOST_PAGES:
            data = lane.ask(f"{self.document} {lane.extra} }}", {"c": cursor})
            page = (data["n"] or {}).get("x") if "n" in data else data["x"]
            if page is None:
                return found
            found.append(page)
            info = page["pageInfo"]
            if not info["hasPreviousPage" if self.backward else "hasNextPage"]:
                return found
            cursor = info["startCursor" if self.backward else "endCursor"]
        raise AssertionError("the pages have no end")

    def ids(self, pages: list[Data]) -> list[str]:
        """The rows of all pages, in the order of the connection."""
        return [edge["node"]["id"] for page in (pages[::-1] if self.backward else pages) for edge in page["edges"]]


@st.composite
def walks(draw: Any, pool: Pool) -> Walk:
    """A walk over a connection of this world."""
    drawing = Draft(draw, pool)
    backlinks = [(entity.name, back.graphql, back.target) for entity in load_registry() for back in entity.backlinks]
    roots = [("Query", to_camel_case(entity.plural), entity.name) for entity in load_registry()]
    owner, field, target = drawing.one_of(roots * 4 + backlinks)
    backward = drawing.chance(40)
    arguments: dict[str, Tree] = {
        ("last" if backward else "first"): draw(st.integers(1, 5)),
        ("before" if backward else "after"): "$c",
    }
    types = pool.schema.type_map
    if drawing.chance(30):
        arguments["filter"] = drawing.value(types[f"{target}Filter"], None, 2, inside=True)  # type: ignore[arg-type]  # an input
    if drawing.chance(75):
        term = types[f"{target}Order"]
        arguments["orderBy"] = [drawing.value(term, None, 0, inside=True) for _ in range(draw(st.integers(1, 2)))]  # type: ignore[arg-type]  # an input
    written = ", ".join(f"{n}: {t if t == '$c' else literal(t)}" for n, t in arguments.items())
    selected = f"x: {field}({written}) {PAGE}"
    if owner != "Query":
        owned = [global_id for global_id in pool.ids if b64decode(global_id).decode().startswith(f"{owner}:")]
        selected = f'n: node(id: "{drawing.one_of(owned)}") {{ ... on {owner} {{ {selected} }} }}'
    instant = f' @asOf(instant: "{drawing.one_of(INSTANTS_ASKED)}")' if drawing.chance(20) else ""
    return Walk(f"query($c: String){instant} {{ {selected} ", backward)
