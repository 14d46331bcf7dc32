"""The meter of requests: how many there were, how they ended and how long they took, by names that are known at the start.

A caller chooses the name of an operation, and may write a person's number into it. So only names of trusted documents and of the purposes'
documents are counted under their own; every other one is OTHER. That also bounds the series, as Prometheus needs it.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from time import perf_counter

from graphql import OperationDefinitionNode, parse

from hub.access.purposes import read_purposes
from hub.histogram import Histogram

LOG = logging.getLogger("hub.request")
OTHER, NONE = "other", "none"
MAX_OPERATIONS, MAX_PURPOSES = 100, 50
"""Names that have series of their own; those beyond, in alphabetical order, are OTHER."""
MAX_SERIES = 2_000
"""Different combinations of operation, purpose and result; when there are so many, a new one is counted under OTHER."""
MAX_PARSED = 500
"""Documents whose operations' names are remembered."""
OK, REFUSED, FAILED = "ok", "refused", "failed"
FAILURES: Mapping[str, str] = {
    "INTERNAL": "internal",
    "LEDGER_UNAVAILABLE": "ledger",
    "OVERLOADED": "overload",
    "LEDGER_UNREADABLE": "ledger",
    "STORE_UNAVAILABLE": "store",
    "TIMEOUT": "timeout",
    "IDENTITY_PROVIDER_UNAVAILABLE": "identity_provider",
    "SOURCE_UNAVAILABLE": "source",
}
"""Codes of requests that failed though nothing was wrong with them, and why."""
LIMIT_CODES = frozenset(
    {
        *("RATE_LIMITED", "READING_PAUSED", "OPERATION_TOO_LARGE", "RESULT_TOO_LARGE", "BODY_TOO_LARGE"),
        *("TOO_MANY_SUBSCRIPTIONS", "SUBSCRIBER_TOO_SLOW", "TOO_MANY_CORRECTIONS", "REQUEST_TIMEOUT", "BAD_PAGE_SIZE"),
    }
)
CREDENTIAL_CODES = frozenset(
    {
        *("UNAUTHENTICATED", "CREDENTIALS_AMBIGUOUS", "CREDENTIALS_IN_URL", "TOKEN_EXPIRED", "TOKEN_INVALID"),
        *("KEY_INVALID", "SESSION_EXPIRED", "CSRF_TOKEN_INVALID"),
    }
)
PERMISSION_CODES = frozenset(
    {
        *(
            "UNKNOWN_PURPOSE",
            "PURPOSE_FORBIDDEN",
            "PURPOSE_MISMATCH",
            "NOT_A_SUBJECT",
            "SUBJECT_SEALED",
            "SUBJECT_RESTRICTED",
        ),
        *("DOSSIER_NEEDED", "DOSSIER_UNKNOWN", "DOSSIER_ENDED", "DOSSIER_EXPIRED", "OFFICE_FORBIDDEN"),
        *("EMERGENCY_UNCONFIRMED", "EMERGENCY_FORBIDDEN", "DOCUMENT_NOT_TRUSTED"),
    }
)
Result = tuple[str, str]
"""Outcome, and the class of the error's code; NONE if there was no error."""


def classify_result(code: str | None) -> Result:
    """How a request ended: `ok`, `refused` with why the caller was, or `failed` with what failed."""
    if code is None:
        return OK, NONE
    if code in FAILURES:
        return FAILED, FAILURES[code]
    if code in LIMIT_CODES:
        return REFUSED, "limit"
    if code in CREDENTIAL_CODES:
        return REFUSED, "credentials"
    if code in PERMISSION_CODES or code.startswith("FORBIDDEN"):
        return REFUSED, "permission"
    return REFUSED, "request"


class RequestMeter:
    """Counts the requests of one process. Used from one event loop; what it has counted may be read from any thread.

    `operations` are names that may be shown, `purposes` codes of purposes. With `logs`, each request is also a line of the log.
    """

    def __init__(self, operations: Iterable[str], purposes: Iterable[str], *, logs: bool = False) -> None:
        self.results: Counter[tuple[str, str, Result]] = Counter()
        """Requests by operation, purpose and result."""
        self.durations: dict[str, Histogram] = {OTHER: Histogram()}
        """Seconds from the arrival of the request's head to its answer, by operation."""
        self._operations = frozenset(sorted(operations)[:MAX_OPERATIONS])
        self._purposes = frozenset(sorted(purposes)[:MAX_PURPOSES])
        self._logs = logs

    def show_operation(self, name: str | None) -> str:
        """The name of an operation if it may be shown, or OTHER."""
        return name if name is not None and name in self._operations else OTHER

    def note(
        self,
        code: str | None,
        began: float,
        *,
        operation: str | None = None,
        purpose: str | None = None,
        size_bytes: int = 0,
    ) -> None:
        """Count a request that ended with this error code, or None. `began` is by `time.perf_counter`."""
        seconds = perf_counter() - began
        shown = self.show_operation(operation)
        under = NONE if purpose is None else purpose if purpose in self._purposes else OTHER
        result = classify_result(code)
        key = (shown, under, result)
        if key not in self.results and len(self.results) >= MAX_SERIES:
            key = (OTHER, OTHER, result)
        self.results[key] += 1
        histogram = self.durations.get(shown)
        if histogram is None:
            histogram = self.durations[shown] = Histogram()
        histogram.observe(seconds)
        if self._logs:
            fields = {
                "operation": shown,
                "purpose": under,
                "outcome": result[0],
                "code": code,
                "ms": round(seconds * 1000, 1),
                "bytes": size_bytes,
            }
            LOG.info("request", extra={"fields": fields})


def list_operation_names(documents: Iterable[str]) -> set[str]:
    """Names of the operations of valid documents, and of all purposes' documents."""
    texts = [*documents, *(document.text for purpose in read_purposes().values() for document in purpose.documents)]
    return {name for text in texts for name in _parse_operation_names(text)}


@lru_cache(maxsize=MAX_PARSED)
def _parse_operation_names(text: str) -> tuple[str, ...]:
    """Remembered, since every server of a process asks for the same documents."""
    return tuple(
        definition.name.value
        for definition in parse(text, no_location=True).definitions
        if isinstance(definition, OperationDefinitionNode) and definition.name is not None
    )
