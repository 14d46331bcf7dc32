"""How pages run operations: admitted by the gate and answered by the executor. Most are documents of a purpose themselves."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import orjson

from hub.access.purposes import find_purpose
from hub.errors import OperationRefused
from hub.graph.execution.execute import Executor
from hub.graph.execution.prepare import GraphQLRequest
from hub.graph.permission.callers import DOSSIER_HEADER, PURPOSE_HEADER, Caller, Gate, Headers


class GraphRefused(OperationRefused):
    """The graph answered with an error. `details` are its extensions."""

    def __init__(self, message: str, details: Mapping[str, Any]) -> None:
        super().__init__(message, code=str(details.get("code", "INTERNAL")))
        self.details = details

    @property
    def extensions(self) -> Mapping[str, Any]:
        """What the graph told of it."""
        return self.details


class ConsoleGraph:
    """The graph as a page uses it: admitted by the gate and answered by the executor, like a request over HTTP."""

    def __init__(self, executor: Executor, gate: Gate) -> None:
        self.executor = executor
        self.gate = gate

    async def admit(self, headers: Headers, *, purpose: str = "", dossier: str = "") -> Caller:
        """The caller, for a purpose or a dossier. Raises as `Gate.admit` does."""
        named = {PURPOSE_HEADER: purpose, DOSSIER_HEADER: dossier}
        others = {name: values for name, values in headers.items() if name not in named}
        return await self.gate.admit(others | {name: [text.encode()] for name, text in named.items() if text})

    async def run(
        self, caller: Caller, document: str, variables: Mapping[str, Any], operation: str | None = None
    ) -> dict[str, Any]:
        """The data of an operation. Raises GraphRefused, AuthenticationRefused."""
        request = GraphQLRequest(document, operation, variables, chars=len(document))
        answer = orjson.loads((await self.executor.respond(request, caller)).body)
        if answer.get("errors"):
            first = answer["errors"][0]
            raise GraphRefused(first["message"], first.get("extensions") or {})
        data: dict[str, Any] = answer["data"]
        return data

    async def run_purpose(
        self, headers: Headers, purpose: str, operation: str, variables: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The data of an operation that a document of the purpose has. Raises as `admit` and `run` do."""
        caller = await self.admit(headers, purpose=purpose)
        return await self.run(caller, find_document(purpose, operation), variables, operation)


@cache
def find_document(purpose: str, operation: str) -> str:
    """The document of a purpose that has the operation."""
    defined = re.compile(rf"^(query|mutation) {operation}\b", re.MULTILINE)
    (document,) = (one.text for one in find_purpose(purpose).documents if defined.search(one.text))
    return document
