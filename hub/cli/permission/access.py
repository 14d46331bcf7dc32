"""`hub access`: who could run an operation, and why a caller was refused."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import asdict

import cyclopts

from hub.access.callers.authenticator import LAST_EXPIRY
from hub.access.callers.principals import ClientKind, Principal, Role
from hub.access.purposes import find_purpose
from hub.cli.graph.operations import parse_variables, read_document
from hub.cli.options import Json
from hub.cli.store import open_store_to_read
from hub.cli.terminal import OUT, mark_text, show_json
from hub.errors import OperationRefused
from hub.graph.execution.prepare import GraphQLRequest
from hub.graph.permission.callers import DOSSIER_HEADER, PURPOSE_HEADER
from hub.graph.permission.explain_access import CallerDecision, FixedAuthenticator, Judged, decide_access, make_judge
from hub.graph.service import make_executor, make_gate, make_pool
from hub.plan.permission.verdicts import PurposeVerdict, Refused, describe_users
from hub.settings import Settings, load_settings

app = cyclopts.App(name="access")
Headers = Mapping[bytes, list[bytes]]


@app.command(name="explain")
def explain_command(
    query: str,
    *,
    variables: str | None = None,
    operation: str | None = None,
    role: tuple[Role, ...] = (),
    client: ClientKind | None = None,
    office: tuple[str, ...] = (),
    scope: tuple[str, ...] = (),
    purpose: str | None = None,
    dossier: str | None = None,
    json: Json = False,
) -> None:
    """Say for every purpose whether it allows an operation, who may use it, and what it refuses. Nothing is executed.

    With --role or --client, say also whether that caller could run it, by the headers that --purpose and --dossier stand for. This
    reads the dossier from the store. Exits with 64 if the caller is refused.

    Parameters
    ----------
    query
        The document; the path of a .graphql file; or - for standard input.
    variables
        Variables, as a JSON object. Without them nothing is said of values.
    operation
        Name of the operation, if the document has several.
    role
        A role of the caller; may be repeated.
    client
        The kind of client, for a caller that is software.
    office
        Code of an office of the caller, e.g. 06820@2025-07-01; may be repeated.
    scope
        A scope of the caller, e.g. source:land; may be repeated.
    purpose
        What the caller sends as X-Hub-Purpose.
    dossier
        What the caller sends as X-Hub-Dossier.
    """
    given = None if variables is None else parse_variables(variables)
    request, settings = GraphQLRequest(read_document(query), operation, given), load_settings()
    if (purpose or dossier) and not role and client is None:
        raise OperationRefused(
            "--purpose and --dossier are about a caller, and none is given",
            next_step="say who it is, e.g. --role officer --office 06820@2025-07-01",
        )
    decision = None
    if role or client is not None:
        caller = _principal(frozenset(role), client, frozenset(office), frozenset(scope))
        decision = _decide(settings, request, caller, _headers(purpose, dossier))
    judged = make_judge(settings).judge(request)
    if json:
        show_json(_as_json(judged, decision))
    else:
        _show(judged, decision)
    if decision is not None and decision.refused:
        raise SystemExit(OperationRefused.exit_code)


def _principal(
    roles: frozenset[Role], client: ClientKind | None, offices: frozenset[str], scopes: frozenset[str]
) -> Principal:
    return Principal(
        id="local|explained",
        display_name="the caller",
        is_person=client is not ClientKind.APP,
        client_kind=client,
        roles=roles,
        offices=offices,
        acting_app=None,
        scopes=scopes,
        expires_at=LAST_EXPIRY,
    )


def _headers(purpose: str | None, dossier: str | None) -> Headers:
    given = ((PURPOSE_HEADER, purpose), (DOSSIER_HEADER, dossier))
    return {name: [value.encode()] for name, value in given if value is not None}


def _decide(settings: Settings, request: GraphQLRequest, caller: Principal, headers: Headers) -> CallerDecision:
    async def run(url: str) -> CallerDecision:
        pool = make_pool(settings, url)
        await pool.open()
        try:
            executor = make_executor(settings, pool, enforced=True, keeps_ledger=False)
            gate = make_gate(settings, executor, FixedAuthenticator(caller))
            return await decide_access(request, executor, gate, headers)
        finally:
            await pool.close()

    with open_store_to_read(settings) as store:
        return asyncio.run(run(store.url))


def _as_json(judged: Judged, decision: CallerDecision | None) -> dict[str, object]:
    verdicts = [
        {
            **asdict(verdict),
            "allowed": verdict.is_allowed if verdict.is_judged else None,
            "users": describe_users(find_purpose(verdict.purpose)),
            "dossier": find_purpose(verdict.purpose).declaration.dossier,
        }
        for verdict in judged.verdicts
    ]
    told = None if decision is None else {**asdict(decision), "allowed": not decision.refused}
    return {"open_to": judged.open_to or None, "purposes": verdicts, "caller": told}


def _show(judged: Judged, decision: CallerDecision | None) -> None:
    if decision is not None:
        answer = "is refused" if decision.refused else f"may run it{_under(decision.purpose)}"
        OUT.print(mark_text("bold", f"this caller {answer}"))
        for refused in decision.refused:
            OUT.print(f"  {_reason(refused)}")
        OUT.print("")
    if judged.open_to:
        OUT.print(f"open to {judged.open_to}")
        return
    for verdict in sorted(judged.verdicts, key=lambda verdict: not verdict.is_allowed):
        for line in _lines(verdict):
            OUT.print(line)


def _lines(verdict: PurposeVerdict) -> Iterator[str]:
    purpose = find_purpose(verdict.purpose)
    dossier = ", on a dossier" if purpose.declaration.dossier else ""
    if not verdict.is_judged:
        yield f"{verdict.purpose}: not judged without --variables, for {describe_users(purpose)}"
        return
    yield f"{verdict.purpose}: {'allowed' if verdict.is_allowed else 'refused'} for {describe_users(purpose)}{dossier}"
    for way in verdict.allowed_by:
        needed = "; ".join(way.conditions)
        yield f"  by {way.document}{f', if {needed}' if needed else ''}"
    for refused in verdict.refused:
        yield f"  {_reason(refused)}"


def _reason(refused: Refused) -> str:
    return f"{refused.code}{f' at {refused.path}' if refused.path else ''}: {refused.message}"


def _under(purpose: str | None) -> str:
    return f" under the purpose {purpose}" if purpose else " without a purpose"
