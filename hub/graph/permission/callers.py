"""Callers: who sent a request, under which purpose, on which dossier. Found before anything of the request is planned."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple, Protocol

from hub.access.argument_rules import Bindings
from hub.access.callers.authenticator import OTHER_HEADERS, OpenAuthenticator
from hub.access.callers.principals import SOURCE_SCOPE, Authenticator, NoCredentials, Principal, Role
from hub.access.dossiers.offices import is_at_level
from hub.access.limits.limiter import ReadingLimiter
from hub.access.purposes import Purpose, find_purpose, read_purposes
from hub.errors import OperationRefused
from hub.graph.execution.bounded_cache import BoundedCache
from hub.graph.execution.request_trace import TRACE_HEADER, RequestTrace, make_trace, read_trace
from hub.graph.permission.dossier_reads import DossierReads, KeptDossier, ReadingDossier
from hub.plan.masks import FULL, Disclosure
from hub.tracing.spans import is_tracing, open_span

DOSSIER_HEADER, PURPOSE_HEADER = b"x-hub-dossier", b"x-hub-purpose"
LONGEST_HEADER = 200
MAX_ADMITTED = 5_000
"""Pairs of principal and dossier whose purpose and bindings are remembered."""
ADMITTED_BYTES = 1_500
Headers = Mapping[bytes, list[bytes]]
"""Lower-case names, and every value of each, in order."""


class Caller(NamedTuple):
    """Who asks, and for what. Under no purpose only public types can be read.

    `principal` is None for a request without credentials, which may ask for the schema and nothing else.
    """

    principal: Principal | None
    purpose: Purpose | None = None
    dossier: ReadingDossier | None = None
    bindings: Bindings = MappingProxyType({})
    trace: RequestTrace = RequestTrace()

    @property
    def is_operator(self) -> bool:
        """Whether an operator asks."""
        return self.principal is not None and Role.OPERATOR in self.principal.roles

    @property
    def disclosure(self) -> Disclosure:
        """What of an answer the purpose shows: masked values; counts rounded down to multiples of the smallest cell."""
        if self.purpose is None:
            return FULL
        declared = self.purpose.declaration
        return _make_disclosure(declared.limits.smallest_cell or 1, declared.masked)

    @property
    def known(self) -> Principal:
        """The principal. Raises NoCredentials if the request has no credentials."""
        if self.principal is None:
            raise NoCredentials(next_step="send `Authorization: Bearer <access token or API key>`, or sign in")
        return self.principal


@lru_cache(maxsize=1_000)
def _make_disclosure(smallest_cell: int, masked: bool) -> Disclosure:
    """The same object for the same values: each read looks for its plan by it, and an object is equal to itself without a comparison."""
    return Disclosure(smallest_cell, masked)


class KnownCaller(NamedTuple):
    """A caller who was admitted, with the kept dossier: None without one."""

    caller: Caller
    dossier: KeptDossier | None


KnownKey = tuple[int, bytes | None, bytes | None]
"""The id of a principal, whom the entry holds, and the headers that name dossier and purpose."""
ANONYMOUS = Caller(None)
LOCAL = Caller(OpenAuthenticator().everyone)
"""Whoever runs a command on this machine with the database's own credentials."""


def collect_headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[bytes, list[bytes]]:
    """Header pairs by name, as ASGI gives them: names are in lower case already."""
    found: dict[bytes, list[bytes]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


class RefusalLedger(Protocol):
    """Where it is written down that somebody was refused."""

    async def record_refusal(self, caller: Caller, code: str, *, dossier: str | None = None) -> None:
        """Return when it is on disk."""
        ...


class Gate:
    """Admits requests: authenticates them and finds purpose and dossier.

    `enforced` is False with HUB_ACCESS=off: then every request is one of the principal that the authenticator makes up, and
    nothing is refused. `explorers` is whether a masked purpose may be used. The purposes are those of the start.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        dossiers: DossierReads,
        *,
        enforced: bool,
        explorers: bool = False,
        ledger: RefusalLedger | None = None,
        limiter: ReadingLimiter | None = None,
    ) -> None:
        self.authenticator = authenticator
        self.limiter = limiter
        self.explorers = explorers
        self.dossiers = dossiers
        self.enforced = enforced
        self.ledger = ledger
        self._purposes = read_purposes()
        self._known: BoundedCache[KnownKey, KnownCaller] = BoundedCache(
            MAX_ADMITTED, most_size=MAX_ADMITTED * ADMITTED_BYTES
        )
        self._admitted: BoundedCache[tuple[int, int, str], Caller] = BoundedCache(
            MAX_ADMITTED, most_size=MAX_ADMITTED * ADMITTED_BYTES
        )

    def find_known(self, headers: Mapping[bytes, bytes], query_string: bytes) -> Caller | None:
        """The caller of a request like one that was admitted a moment ago: same credential, dossier and purpose. It is counted.

        None if there was none, or if anything is to be looked at that `admit` looks at: then nothing is counted. `headers` has names that were sent once.
        """
        authorization = headers.get(b"authorization")
        if authorization is None or self.limiter is None or query_string or is_tracing():
            return None
        if b"cookie" in headers or not OTHER_HEADERS.isdisjoint(headers):
            return None
        principal = self.authenticator.recall_principal(authorization)
        if principal is None:
            return None
        known = self._known.get((id(principal), headers.get(DOSSIER_HEADER), headers.get(PURPOSE_HEADER)))
        if known is None or known.caller.principal is not principal:
            return None
        if known.dossier is not None and not self.dossiers.is_current(known.dossier):
            return None
        if not self.limiter.admit_known(principal):
            return None
        _, purpose, dossier, bindings, _ = known.caller
        return Caller(principal, purpose, dossier, bindings, make_trace(headers.get(TRACE_HEADER)))

    def _remember(self, headers: Headers, caller: Caller) -> None:
        """Let the next request like this one be known."""
        codes, purposes = headers.get(DOSSIER_HEADER, [None]), headers.get(PURPOSE_HEADER, [None])
        dossier = self.dossiers.recall_dossier(caller.dossier.code) if caller.dossier is not None else None
        if caller.dossier is not None and (dossier is None or dossier.dossier is not caller.dossier):
            return
        self._known.put((id(caller.principal), codes[0], purposes[0]), KnownCaller(caller, dossier), ADMITTED_BYTES)

    async def admit(self, headers: Headers, query_string: bytes = b"", *, is_request: bool = True) -> Caller:
        """The caller of a request. `is_request` is False for an event of a subscription, which is not counted as one.

        Raises AuthenticationRefused, RateLimited, ReadingPaused, and OperationRefused with UNKNOWN_PURPOSE, PURPOSE_FORBIDDEN,
        PURPOSE_MISMATCH, DOSSIER_NEEDED, DOSSIER_UNKNOWN, DOSSIER_ENDED, DOSSIER_EXPIRED or BAD_USER_INPUT. A principal who is
        refused is written down first, and LedgerUnavailable is raised if that cannot be done; who has met a limit is not, since
        that would fill the ledger.
        """
        with open_span("admit"):
            return await self._admit(headers, query_string, is_request=is_request)

    async def _admit(self, headers: Headers, query_string: bytes, *, is_request: bool) -> Caller:
        code, wanted = read_header(headers, DOSSIER_HEADER), read_header(headers, PURPOSE_HEADER)
        try:
            principal = await self.authenticator.authenticate(headers, query_string)
        except NoCredentials:
            if code or wanted:
                raise
            return ANONYMOUS
        trace = read_trace(headers)
        if not self.enforced:
            return Caller(principal, trace=trace)
        if self.limiter is not None:
            await self.limiter.admit(principal, is_request=is_request)
        try:
            caller = await self._find_purpose(principal, code, wanted, trace)
            self._remember(headers, caller)
            return caller
        except OperationRefused as error:
            if self.limiter is not None:
                self.limiter.count_refusal(principal, error.code)
            if self.ledger is not None and error.code != "TIMEOUT":
                asked = find_asked_purpose(self.dossiers, code, wanted, self._purposes)
                await self.ledger.record_refusal(Caller(principal, asked, trace=trace), error.code, dossier=code)
            raise

    async def _find_purpose(self, principal: Principal, code: str, wanted: str, trace: RequestTrace) -> Caller:
        dossier = await self.dossiers.find(code, principal) if code else None
        if dossier is None and not wanted:
            return Caller(principal, trace=trace)
        # Both stay the same objects until a token or a dossier is read again. The cache holds a reference to them, so that their ids are not reused.
        place = id(principal), id(dossier), wanted
        kept = self._admitted.get(place)
        if kept is None:
            kept = self._check_purpose(principal, dossier, wanted)
            self._admitted.put(place, kept, ADMITTED_BYTES)
        return Caller(principal, kept.purpose, dossier, kept.bindings, trace)

    def _check_purpose(self, principal: Principal, dossier: ReadingDossier | None, wanted: str) -> Caller:
        purpose = find_purpose(dossier.purpose if dossier else wanted, self._purposes)
        if purpose.declaration.masked and not self.explorers:
            raise OperationRefused(
                f"the purpose {purpose.code} is turned off",
                code="PURPOSE_FORBIDDEN",
                next_step="the operator sets HUB_EXPLORERS=masked; `hub demo` has people of nobody to explore",
            )
        check_purpose(purpose, principal, wanted, has_dossier=dossier is not None)
        bindings = {**(dossier.bindings if dossier else {}), **caller_attributes(principal)}
        return Caller(principal, purpose, dossier, bindings)


def find_asked_purpose(dossiers: DossierReads, code: str, wanted: str, known: Mapping[str, Purpose]) -> Purpose | None:
    """The purpose that a refused request asked for: the one that it names, otherwise that of its dossier. None if there is no such purpose.

    The dossier may be another office's: its purpose goes into the ledger, and the caller is not told.
    """
    if wanted:
        return known.get(wanted)
    kept = dossiers.recall_dossier(code) if code else None
    return None if kept is None else known.get(kept.dossier.purpose)


def check_purpose(purpose: Purpose, principal: Principal, wanted: str, *, has_dossier: bool) -> None:
    """Raises OperationRefused if the principal may not use the purpose, or not in this way."""
    declared = purpose.declaration
    if wanted and wanted != purpose.code:
        raise OperationRefused(
            f"X-Hub-Purpose is not the purpose of the dossier, which is {purpose.code}",
            code="PURPOSE_MISMATCH",
            next_step="leave X-Hub-Purpose out, or leave out X-Hub-Dossier",
        )
    if declared.dossier and not has_dossier:
        raise OperationRefused(
            f"the purpose {purpose.code} needs a dossier",
            code="DOSSIER_NEEDED",
            next_step="open one with openDossier, and send its code as X-Hub-Dossier",
        )
    users = declared.users
    is_user = may_use(purpose, principal)
    # A dossier is of an office of a right level already: that was checked when it was opened.
    is_placed = has_dossier or not users.offices or is_at_level(principal.offices, users.offices)
    if is_user and is_placed:
        return
    names = ", ".join(sorted([*users.roles, *users.clients]))
    levels = f" of {' and '.join(sorted(users.offices))} offices" if users.offices else ""
    raise OperationRefused(
        f"you may not use the purpose {purpose.code}",
        code="PURPOSE_FORBIDDEN",
        next_step=f"it is for {names}{levels}; `hub purposes list` shows the others",
    )


def may_use(purpose: Purpose, principal: Principal) -> bool:
    """Whether a purpose is for principals of this kind, wherever they work."""
    users = purpose.declaration.users
    return bool(users.roles & principal.roles) or principal.client_kind in users.clients


def list_usable_purposes(principal: Principal) -> list[str]:
    """The codes of the purposes that are for principals of this kind."""
    return sorted(code for code, purpose in read_purposes().items() if may_use(purpose, principal))


def caller_attributes(principal: Principal) -> dict[str, frozenset[str]]:
    """What a purpose can bind a variable to beside subjects: `caller.sources`, `caller.personal_ids` and so on.

    The sources of a sector are scopes of its app: `source:land` lets it reconcile the copies of the connector `land`.
    """
    sources = frozenset(s.removeprefix(SOURCE_SCOPE) for s in principal.scopes if s.startswith(SOURCE_SCOPE))
    return {
        "caller.id": frozenset({principal.id}),
        "caller.offices": principal.offices,
        "caller.personal_ids": principal.personal_ids,
        "caller.sources": sources,
    }


def read_header(headers: Headers, name: bytes) -> str:
    """The one value of a header, or the empty string. Raises OperationRefused if there are several."""
    values = headers.get(name)
    if values is None:
        return ""
    if len(values) > 1 or len(values[0]) > LONGEST_HEADER:
        raise OperationRefused(
            f"the request has {name.decode()} more than once, or longer than {LONGEST_HEADER} characters",
            code="BAD_USER_INPUT",
            next_step="send it once",
        )
    return values[0].decode("latin-1").strip()
