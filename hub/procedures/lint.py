"""Lint of procedures: the query fetches what the requirements use, all of it, and nothing else, since what it fetches may be read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode, parse

from hub.procedures.definition import Procedure, Requirement

LIST, LINK = "nodes", "Link"
PROVENANCE = ("source", "asOf")
"""What an answer tells of the nearest provenance."""


@dataclass(frozen=True)
class QueryFields:
    """The paths of a query, of leaves and of objects, by the names of fields."""

    leaves: dict[str, int] = field(default_factory=dict)
    """Path → line."""
    objects: frozenset[str] = frozenset()


def lint_procedure(procedure: Procedure) -> tuple[str, ...]:
    """What is wrong, each in a sentence with the line of query.graphql."""
    fetched = read_query(procedure.query)
    needed = set(_needed(procedure, fetched))
    used = needed | set(_allowed(procedure, fetched, needed))
    missing = [
        f"query.graphql: {path} is not fetched, and a requirement uses it"
        for path in sorted(needed - fetched.leaves.keys())
    ]
    unused = [
        f"query.graphql:{line}: {path} is fetched, and no requirement uses it"
        for path, line in fetched.leaves.items()
        if path not in used
    ]
    return (*missing, *unused)


def read_query(text: str) -> QueryFields:
    """The paths that a query fetches, fragments put in. An alias is the name that requirements use."""
    document = parse(text)
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    leaves: dict[str, int] = {}
    objects: set[str] = set()

    def walk(selections: SelectionSetNode, above: str) -> None:
        for node in selections.selections:
            if isinstance(node, FragmentSpreadNode):
                walk(fragments[node.name.value].selection_set, above)
            elif isinstance(node, InlineFragmentNode):
                walk(node.selection_set, above)
            elif isinstance(node, FieldNode):
                path = f"{above}.{(node.alias or node.name).value}".lstrip(".")
                if node.selection_set:
                    objects.add(path)
                    walk(node.selection_set, path)
                else:
                    leaves[path] = node.loc.start_token.line if node.loc else 0

    for operation in document.definitions:
        if not isinstance(operation, FragmentDefinitionNode):
            walk(operation.selection_set, "")  # type: ignore[attr-defined]  # executable: validated when loaded
    return QueryFields(leaves, frozenset(objects))


def _needed(procedure: Procedure, fetched: QueryFields) -> Iterator[str]:
    """The leaves that requirements cannot do without."""
    for requirement in procedure.requirements:
        for path in _paths(requirement):
            yield path
            yield from _sureness(procedure, path, fetched)
    yield from (block.value for block in procedure.blocks)
    if procedure.named:
        yield procedure.named


def _paths(requirement: Requirement) -> Sequence[str]:
    if requirement.asked_of:
        return ()
    own = (requirement.of, requirement.link)
    parts = (*requirement.value, *requirement.otherwise, *(part for part in own if part), *requirement.where)
    return [f"{requirement.rows}.{part}" for part in parts]


def _sureness(procedure: Procedure, path: str, fetched: QueryFields) -> Iterator[str]:
    """What says whether a value is sure: whether a page cut its list, and the status of each link on the way."""
    steps = path.split(".")
    for depth in range(1, len(steps)):
        here = ".".join(steps[:depth])
        if steps[depth - 1] == LIST:
            yield f"{here.rsplit('.', 1)[0]}.pageInfo.hasNextPage"
        if here in procedure.links:
            yield f"{here}.{procedure.links[here]}.status"
        if f"{here}{LINK}" in fetched.objects:
            yield f"{here}{LINK}.status"


def _allowed(procedure: Procedure, fetched: QueryFields, needed: set[str]) -> Iterator[str]:
    """The leaves that answers use if they are fetched: names that records give, and provenances of objects on the way."""
    on_the_way = {path[:end] for path in needed for end in _ends(path)}
    for here in on_the_way:
        yield from (f"{here}.provenance.{part}" for part in PROVENANCE)
    if procedure.named:
        yield from (f"{path}.{link}.recorded.name" for path, link in procedure.links.items())


def _ends(path: str) -> Iterator[int]:
    return (index for index, letter in enumerate(path) if letter == ".")
