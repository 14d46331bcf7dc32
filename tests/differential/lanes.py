"""The three executors, and what of their answers is compared."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.graph.execution.prepare import GraphQLRequest
from hub.graph.permission.callers import LOCAL
from tests.differential.arguments import Probe
from tests.differential.operations import EXTRA, Operation
from tests.differential.reference import Cursor, ReferenceExecutor
from tests.system.graph import Graph

SLOW_LANE = f"{EXTRA}: __schema {{ queryType {{ name }} }}"
Data = Any


@dataclass(frozen=True)
class Lane:
    """One way to answer: a document and variables in, data out. Raises Refused where there are errors."""

    name: str
    answer: Callable[[str, Mapping[str, Any]], Data]
    extra: str = ""

    def run(self, operation: Operation) -> Data:
        """The data of an operation, without what was added to it."""
        cursors = {name: self.cursor(probe) for name, probe in operation.probes.items()}
        return self.ask(operation.document(self.extra), {**operation.variables, **cursors})

    def ask(self, document: str, variables: Mapping[str, Any]) -> Data:
        """The data of a document that has this lane's extra root field."""
        data = self.answer(document, variables)
        assert not self.extra or data.pop(EXTRA) == {"queryType": {"name": "Query"}}
        return data

    def cursor(self, probe: Probe) -> str | None:
        """The cursor that a probe takes, of this lane's own; None where the connection is empty."""
        edges = self.answer(probe.document, {})["x"]["edges"]
        return edges[probe.index % len(edges)]["cursor"] if edges else None


class Refused(AssertionError):
    """An answer with errors: every drawn operation is one that has to be answered."""


def lanes(graph: Graph, reference: ReferenceExecutor) -> tuple[Lane, Lane, Lane]:
    """The fast lane, the graph lane, the reference."""

    def ask(text: str, variables: Mapping[str, Any]) -> Data:
        response = graph.run(graph.executor.respond(GraphQLRequest(text, variables=variables), LOCAL))
        answer = json.loads(response.body, object_pairs_hook=once)
        if "errors" in answer:
            raise Refused(answer["errors"])
        return answer["data"]

    def refer(text: str, variables: Mapping[str, Any]) -> Data:
        result = reference.execute(text, variables)
        if result.errors:
            raise Refused(result.errors) from result.errors[0].original_error
        return result.data

    return Lane("fast", ask), Lane("graph", ask, SLOW_LANE), Lane("reference", refer)


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, in which no key may stand twice."""
    found = dict(pairs)
    assert len(found) == len(pairs), [key for key, _ in pairs]
    return found


def comparable(data: Data, reference: Data) -> str:
    """Data as text: keys in their order, numbers by value, cursors by the order in which they first appear.

    Cursors are where the reference has them.
    """
    seen: dict[str, str] = {}

    def shown(value: Any, like: Any) -> Any:
        if isinstance(value, dict):
            beside = like if isinstance(like, dict) else {}
            return {key: shown(part, beside.get(key)) for key, part in value.items()}
        if isinstance(value, list):
            others = like if isinstance(like, list) and len(like) == len(value) else [None] * len(value)
            return [shown(part, other) for part, other in zip(value, others, strict=True)]
        if isinstance(like, Cursor) and isinstance(value, str):
            return seen.setdefault(value, f"cursor {len(seen)}")
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    return json.dumps(shown(data, reference), ensure_ascii=False, indent=1)
