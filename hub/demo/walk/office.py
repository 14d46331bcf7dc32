"""Offices of the demonstration: their requests are admitted, checked, answered and written down as those that come over HTTP."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from hub.access.oidc.local_issuer import LocalIssuer
from hub.demo.identities import BUSINESS_OFFICE, LAND_OFFICE, make_local_issuer
from hub.errors import OperationRefused
from hub.graph.execution.prepare import GraphQLRequest
from hub.graph.permission.callers import DOSSIER_HEADER, PURPOSE_HEADER, Caller
from hub.graph.procedures.receipts import Render, read_receipt
from hub.ingest.connectors import load_manifests
from hub.settings import Settings
from hub.store.connections.logins import Logins
from hub.store.server.embedded import EmbeddedServer
from hub.web.services import WebServices, make_services


@dataclass(frozen=True)
class Officer:
    """An officer of the demonstration, and the unit of the office."""

    identity: str
    unit: str


LAND_OFFICER = Officer("land-officer", LAND_OFFICE)
BUSINESS_OFFICER = Officer("business-officer", BUSINESS_OFFICE)


@dataclass(frozen=True)
class DemoOffices:
    """Sends requests of officers to the services of a hub that run."""

    services: WebServices
    issuer: LocalIssuer

    async def ask(
        self, officer: Officer, query: str, variables: Mapping[str, Any] | None = None, *, dossier: str = ""
    ) -> Any:
        """The one root field of an answer. Raises OperationRefused with the code of the answer's error."""
        return await self.ask_as(officer.identity, query, variables, dossier=dossier)

    async def ask_as(
        self,
        identity: str,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        dossier: str = "",
        purpose: str = "",
    ) -> Any:
        """As `ask`, for anybody who can sign in, on a dossier or under a purpose."""
        caller = await self._admit(identity, dossier, purpose)
        response = await self.services.executor.respond(GraphQLRequest(query, variables=variables), caller)
        body = orjson.loads(response.body)
        for error in body.get("errors", ()):
            raise OperationRefused(error["message"], code=error["extensions"]["code"], next_step="run `hub doctor`")
        (found,) = body["data"].values()
        return found

    async def fetch_receipt(self, officer: Officer, render: Render, dossier: str) -> bytes:
        """The file of a receipt. Raises as `read_receipt` does."""
        return await read_receipt(self.services.executor, render, await self._admit(officer.identity), dossier)

    async def _admit(self, identity: str, dossier: str = "", purpose: str = "") -> Caller:
        known = self.issuer.find_identity(identity)
        assert known is not None  # the issuer is the demonstration's
        headers = {b"authorization": [f"Bearer {self.issuer.sign_token(known)}".encode()]}
        if dossier:
            headers[DOSSIER_HEADER] = [dossier.encode()]
        if purpose:
            headers[PURPOSE_HEADER] = [purpose.encode()]
        return await self.services.gate.admit(headers)


@asynccontextmanager
async def open_offices(
    settings: Settings, server: EmbeddedServer, database: str, *, citizen: str | None = None
) -> AsyncIterator[DemoOffices]:
    """The offices while the services of a hub run, with access and the ledger on; and the citizen of this identifier, if one is given.

    Nobody looks up single rows: no worker runs, so a source that stops stays stopped.
    """
    settings = settings.model_copy(update={"access": "on", "lookup_timeout_s": 0.0})
    issuer = make_local_issuer(settings.host, citizen)
    services = make_services(
        settings,
        Logins.by_role(lambda role: server.login_url(role, database)).with_timeouts(),
        connectors=load_manifests(),
        local_issuer=issuer,
        keeps_ledger=True,
    )
    async with services.running():
        yield DemoOffices(services, issuer)
