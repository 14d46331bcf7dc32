"""Who could run an operation, and why not: what each purpose says to it, and what the gate says to one caller."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.access.callers.principals import Principal
from hub.access.purposes import Purpose, read_purposes
from hub.errors import OperationRefused
from hub.graph.execution.documents import Documents
from hub.graph.execution.execute import Executor
from hub.graph.execution.prepare import (
    GraphQLRequest,
    PreparedRequest,
    Preparer,
    RequestRejected,
    find_operation,
    limits_of,
)
from hub.graph.permission.access import check_rows
from hub.graph.permission.callers import LOCAL, Caller, Gate
from hub.graph.permission.permissions import PUBLIC, Permissions, checks_itself, is_about_schema
from hub.graph.schema import get_core_schema, load_schema
from hub.model.registry import load_registry
from hub.plan.permission.compile import compile_purposes
from hub.plan.permission.verdicts import AllowingDocument, PurposeVerdict, Refused, judge_purpose
from hub.plan.planner import Planner
from hub.settings import Settings

EVERYBODY = "everybody, without signing in: it asks for the schema alone"
SIGNED_IN = "everybody who is signed in, without a purpose: it reads public data alone"
OPENERS = "whoever the mutation itself allows: it checks office and purpose of a dossier, and who may read, or owns, the value of a correction"
"""Who may run an operation that needs no purpose."""
EVERYTHING_MASKED = AllowingDocument("everything stored, masked", ())


@dataclass(frozen=True)
class Judged:
    """What the purposes say to an operation. `open_to` says who needs none, or is empty."""

    open_to: str
    verdicts: tuple[PurposeVerdict, ...]


@dataclass(frozen=True)
class CallerDecision:
    """What the hub would answer to one caller: `refused` is empty if the operation would be run."""

    purpose: str | None
    refused: tuple[Refused, ...]


class FixedAuthenticator:
    """Takes every request for that of one principal: to see what the hub would say to it."""

    def __init__(self, principal: Principal) -> None:
        self._principal = principal

    async def authenticate(self, headers: Mapping[bytes, list[bytes]], query_string: bytes) -> Principal:
        """Return the principal."""
        return self._principal

    def recall_principal(self, authorization: bytes) -> None:
        """None: nobody is remembered."""


@dataclass(frozen=True)
class PurposeJudge:
    """Says what every purpose says to an operation, by the checks that requests go through."""

    preparer: Preparer
    permissions: Permissions

    def judge(self, request: GraphQLRequest) -> Judged:
        """The verdicts. Without variables nothing is said of their values.

        Raises RequestRejected for a document or variables that do not fit the schema, OperationRefused beyond its limits.
        """
        checked = self.preparer.checked(self.preparer.documents.text(request.query, request.document_id))
        operation = find_operation(checked.document, request.operation_name)
        if is_about_schema(operation):
            return Judged(EVERYBODY, ())
        if checks_itself(operation):
            return Judged(OPENERS, ())
        read = PreparedRequest(checked, operation, {}, {}, None)
        if request.variables is not None or not operation.variable_definitions:
            read = self.preparer.ready(request)
            verdicts = [self._with_values(request, read, purpose) for purpose in read_purposes().values()]
        else:
            verdicts = [self._without_values(read, purpose) for purpose in read_purposes().values()]
        is_public = any(verdict.purpose == PUBLIC and verdict.is_allowed for verdict in verdicts)
        return Judged(SIGNED_IN, ()) if is_public else Judged("", tuple(verdicts))

    def _without_values(self, read: PreparedRequest, purpose: Purpose) -> PurposeVerdict:
        if purpose.declaration.masked:
            return PurposeVerdict(purpose.code, ())
        compiled = self.permissions.compiled[purpose.code]
        return judge_purpose(compiled, self.permissions.analyse(read, compiled), None)

    def _with_values(self, request: GraphQLRequest, read: PreparedRequest, purpose: Purpose) -> PurposeVerdict:
        caller = Caller(LOCAL.principal, purpose)
        try:
            if purpose.declaration.masked:
                read = self.preparer.ready(request, disclosure=caller.disclosure)
                self.permissions.check(read, caller)
                verdict = PurposeVerdict(purpose.code, (EVERYTHING_MASKED,))
            else:
                compiled = self.permissions.compiled[purpose.code]
                verdict = judge_purpose(compiled, self.permissions.analyse(read, compiled), read.variables)
            if verdict.is_allowed and read.plan is not None:
                check_rows(caller, read.plan, read.variables)
        except OperationRefused as error:
            return PurposeVerdict(purpose.code, (), list_reasons(error))
        return verdict


def make_judge(settings: Settings) -> PurposeJudge:
    """A judge by the declared schema and purposes; it needs no store. Raises HubMisconfigured for a purpose that does not compile."""
    graphql_schema = get_core_schema(load_schema())
    planner = Planner(load_registry(), graphql_schema, limits_of(settings))
    preparer = Preparer(graphql_schema, planner, Documents({}, trusted_only=False), settings)
    compiled = compile_purposes(read_purposes().values(), graphql_schema)
    return PurposeJudge(preparer, Permissions(graphql_schema, compiled, planner.catalog))


async def decide_access(
    request: GraphQLRequest, executor: Executor, gate: Gate, headers: Mapping[bytes, list[bytes]]
) -> CallerDecision:
    """What the hub would answer to a request with these headers, before any statement of it is run. Raises StoreUnavailable."""
    purpose = None
    try:
        caller = await gate.admit(headers)
        purpose = caller.purpose.code if caller.purpose else None
        executor.access.check(executor.preparer.ready(request, disclosure=caller.disclosure), caller)
    except OperationRefused as error:
        return CallerDecision(purpose, list_reasons(error))
    return CallerDecision(purpose, ())


def list_reasons(error: OperationRefused) -> tuple[Refused, ...]:
    """Every reason of a refusal: a document can have several errors."""
    if not isinstance(error, RequestRejected):
        return (Refused(error.code, ".".join(error.path), str(error)),)
    return tuple(
        Refused(str((one.extensions or {}).get("code", error.code)), ".".join(map(str, one.path or ())), one.message)
        for one in error.errors
    )
