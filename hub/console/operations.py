"""The operations that pages run. Those that find a person are the documents of the purpose `identify` themselves."""

from collections.abc import Mapping
from typing import Any

import orjson

from hub.access.purposes import find_purpose
from hub.errors import OperationRefused
from hub.graph.execution.execute import Executor
from hub.graph.execution.prepare import GraphQLRequest
from hub.graph.permission.callers import DOSSIER_HEADER, PURPOSE_HEADER, Caller, Gate, Headers

IDENTIFY = "identify"
SHEET = """
query ConsoleSheet($procedure: String!, $choices: [PrefillChoiceInput!]) {
  prefill(procedure: $procedure, choices: $choices) {
    procedure { name { vi en } }
    dossier
    at
    subjects { role id merged }
    blockedBy { label { vi en } role sure }
    answers {
      requirement { code label { vi en } kind holder askedOf evidence { vi en } }
      role
      items { requirement key }
      status
      reasons
      values {
        __typename
        recordId
        field
        display { vi en }
        source
        asOf
        linkStatus
        losingValues { text kind source }
        corrections { words { vi en } }
        ... on TextAnswer { text }
        ... on DateAnswer { date }
        ... on CodeAnswer { code }
        ... on NumberAnswer { number }
        ... on MoneyAnswer { amount }
      }
      none { label { vi en } source asOf }
    }
  }
}
"""
OPEN_DOSSIER = """
mutation ConsoleOpenDossier($input: OpenDossierInput!) { openDossier(input: $input) { dossier { code } } }
"""
END_DOSSIER = """
mutation ConsoleEndDossier($input: EndDossierInput!) { endDossier(input: $input) { dossier { code } } }
"""
KEEP_PREFILL = """
mutation ConsoleKeepPrefill($input: KeepPrefillInput!) { keepPrefill(input: $input) { snapshot { id } } }
"""
OPEN_CORRECTION = """
mutation ConsoleOpenCorrection($input: OpenCorrectionInput!) { openCorrection(input: $input) { correction { id } } }
"""


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

    async def identify(self, headers: Headers, operation: str, variables: Mapping[str, str]) -> dict[str, Any]:
        """Find people under the purpose `identify`, by an operation of its document. Raises as `admit` and `run` do."""
        caller = await self.admit(headers, purpose=IDENTIFY)
        (document,) = (one for one in find_purpose(IDENTIFY).documents if f"query {operation}(" in one.text)
        return await self.run(caller, document.text, variables, operation)
