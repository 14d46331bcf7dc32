"""A register over HTTP whose rows are looked up by key, and the manifest of its connector."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from hub.sdk.manifest import Manifest, parse_manifest

Row = dict[str, Any]
Behaviour = Callable[[Request], Awaitable[Response | None]]
"""Answers a look-up in place of the register, or None to let it answer."""
ADDRESS = "REGISTER_URL"
"""Variable with the register's address."""
FIELDS = {"personal_id": "so", "full_name": "ten", "birth_date": "sinh", "residence_unit_code": {"constant": "06820@2020-01-01"}}  # fmt: skip


@dataclass
class Register:
    """The register: `/rows?ids=1,2`. `asked` are the keys of each request; `behave` answers in its place."""

    rows: dict[str, Row] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    behave: Behaviour | None = None

    def put(self, key: str, name: str, number: int | None = None) -> None:
        so = f"{number if number is not None else int(key):012d}"
        self.rows[key] = {"id": key, "so": so, "ten": name, "sinh": "1980"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            response = await self._answer(Request(scope, receive))
            await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        ids = request.query_params.get("ids")
        if ids is not None:
            self.asked.append(ids)
            if self.behave and (answer := await self.behave(request)) is not None:
                return answer
        keys = list(self.rows) if ids is None else [key for key in ids.split(",") if key in self.rows]
        if ids is not None and ids in self.rows:
            keys = [ids]
        return JSONResponse({"data": [self.rows[key] for key in keys]})


def register_manifest(source: Mapping[str, Any] = {}, **stream: Any) -> Manifest:
    """The register's connector; `lookup=None` takes its promise away."""
    rows = {
        "path": "/rows",
        "records": "data",
        "key": ["id"],
        "emits": {"Citizen": {"fields": FIELDS}},
        "lookup": {"path": "/rows", "parameter": "ids"},
        **stream,
    }
    label = {"vi": "Thử", "en": "Test"}
    given = {"kind": "rest", "base_url": {"env": ADDRESS}, **source}
    facts = {"title": label, "sector": "citizen", "owner": "-", "legal_basis": "-", "version": "1", "freshness": "-"}
    streams = {"people": {key: value for key, value in rows.items() if value is not None}}
    return parse_manifest({"name": "register", "source": given, "streams": streams, **facts})
